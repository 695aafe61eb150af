"""The command line with forecasters: known series, later values, new series."""

import json

import gruc
import numpy as np
import pytest
from command_line_tables import table
from gruc import GRUForecaster
from gruc.__main__ import main

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, season_length=12, horizon=4)


def wave(n, seed=0):
    noise = np.random.default_rng(seed).standard_normal(n)
    return 100 + 0.1 * np.arange(n) + 10 * np.sin(2 * np.pi * np.arange(n) / 12) + noise


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with a forecaster of one series and one of two."""
    monkeypatch.chdir(tmp_path)
    GRUForecaster(**FAST, difference=1).fit(wave(80)).save("one.gruc")
    pd = pytest.importorskip("pandas")
    days = pd.date_range("2020-01-01", periods=90, name="day")
    frame = pd.DataFrame({"=a": wave(90), "b": wave(90, 1)}, days)
    GRUForecaster(**FAST).fit(frame[:80]).save("two.gruc")
    frame[80:].iloc[::-1].to_csv("two.csv")
    return tmp_path


def values(rows):
    return np.array(rows, float)


def test_forecasts_of_what_is_known(here, capsys):
    assert main(["predict", "one.gruc"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert header == ["step", "prediction"]
    model = gruc.load("one.gruc")
    assert np.array_equal(values(rows), np.stack([np.arange(1, 5), model.predict()], axis=1))
    assert main(["predict", "one.gruc", "--steps", "9", "--coverage", "0.8", "--output", "f.csv"]) == 0
    header, rows = table((here / "f.csv").read_text())
    assert header == ["step", "prediction", "lower", "upper"]
    predictor = gruc.runtime.load("one.gruc")
    bounds = predictor.predict_interval(range(1, 10), coverage=0.8)
    assert np.array_equal(values(rows)[:, 1], predictor.predict(range(1, 10)))
    assert np.array_equal(values(rows)[:, 2:], bounds)


def test_later_values(here, capsys):
    later = wave(85)[80:]
    (here / "y.csv").write_text("load\n" + "".join(f"{value!r}\n" for value in later.tolist()))
    assert main(["predict", "one.gruc", "y.csv"]) == 0
    _, rows = table(capsys.readouterr().out)
    expected = gruc.runtime.load("one.gruc").update(later).predict()
    assert np.array_equal(values(rows)[:, 1], expected)
    # steps in any order, columns by name, and long form
    assert main(["predict", "two.gruc", "two.csv", "--step", "day", "--coverage", "0.9"]) == 0
    out = capsys.readouterr().out
    header, rows = table(out)
    assert header == ["series", "step", "prediction", "lower", "upper"]
    assert [row[:2] for row in rows] == [[name, str(k)] for name in ("'=a", "b") for k in range(1, 5)]
    predictor = gruc.runtime.load("two.gruc").update([wave(90)[80:], wave(90, 1)[80:]])
    assert np.array_equal(values([row[2] for row in rows]), predictor.predict().ravel())
    assert np.array_equal(values([row[3:] for row in rows]), predictor.predict_interval().reshape(8, 2))
    lines = [
        f"{name},{k},{float(wave(90, seed)[80 + k])!r}\n"
        for k in range(10)
        for name, seed in (("b", 1), ("=a", 0))
    ]
    (here / "long.csv").write_text("shop,hour,sales\n" + "".join(lines))
    arguments = ["two.gruc", "long.csv", "--step", "hour", "--sequence", "shop", "--coverage", "0.9"]
    assert main(["predict", *arguments]) == 0
    assert capsys.readouterr().out == out


def test_new_series(here, capsys):
    y = np.stack([wave(90, 5), 7 * wave(90, 6)])
    (here / "new.csv").write_text("x,z\n" + "".join(f"{a!r},{b!r}\n" for a, b in y.T.tolist()))
    assert main(["predict", "one.gruc", "new.csv", "--new"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert header == ["series", "step", "prediction"]
    assert [row[0] for row in rows] == ["x"] * 4 + ["z"] * 4
    expected = gruc.runtime.load("one.gruc").stream(2).step(y)
    assert np.array_equal(values([row[2] for row in rows]), expected.ravel())


BAD = {
    "NaN": ("y\n1\nnan\n", [], "y.csv: y contains nan at step 1"),
    "a missing value": ("y\n1\n\n2\n", [], "y.csv, line 3: could not convert string to float"),
    "text": ("y\nx\n", [], "line 2: could not convert string to float: 'x'"),
    "nothing": ("", [], "expected a column for each series"),
    "no rows": ("y\n", [], "contains no values"),
    "other series": ("y,z\n1,2\n", [], "has the series ['y', 'z']; the model knows ['0']"),
    "no such step": ("y\n1\n", ["--step", "day"], "has no column 'day'"),
    "a step twice": ("step,y\n1,2\n1,3\n", [], "line 3: step 1 of sequence of all occurs twice"),
    "short": ("y\n1\n2\n", ["--new"], "series y has 2 values, and a forecast needs "),
    "no sequence": ("y\n1\n", ["--sequence", "shop"], "expected shop,step"),
    "two columns": ("sequence,step,y,z\na,1,2,3\n", [], "a series has one column of values"),
    "no steps": ("y\n1\n", ["--steps", "0"], "--steps must be 1 or more"),
    "coverage": ("y\n1\n", ["--coverage", "90"], "coverage must be between 0 and 1"),
    "probabilities": ("y\n1\n", ["--proba"], "--proba and --text are not for forecasters"),
}


@pytest.mark.parametrize("text, options, message", BAD.values(), ids=BAD)
def test_bad_data(here, text, options, message, capsys):
    (here / "y.csv").write_text(text)
    assert main(["predict", "one.gruc", "y.csv", *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("gruc: ")
    assert message in error


def test_options_of_other_models(here, capsys):
    X = np.random.default_rng(0).standard_normal((6, 5, 1))
    gruc.GRURegressor((3,), max_iter=1).fit(X, X[:, 0, 0]).save("r.gruc")
    np.save("x.npy", X)
    assert main(["predict", "r.gruc", "x.npy", "--steps", "3"]) == 1
    assert "--steps, --coverage and --new are for forecasters" in capsys.readouterr().err
    assert main(["predict", "r.gruc"]) == 1
    assert "data is missing" in capsys.readouterr().err
    assert main(["predict", "one.gruc", "--new"]) == 1
    assert "there is none: name it" in capsys.readouterr().err
    assert main(["predict", "one.gruc", "x.npy"]) == 1
    assert "as CSV, a column each" in capsys.readouterr().err


def test_info(here, capsys):
    assert main(["info", "two.gruc"]) == 0
    text = capsys.readouterr().out
    for line in (
        "series        2",
        "frequency     D",
        "last time     2020-03-20",
        "lags",
        "intervals     True",
    ):
        assert line in text
    assert "frames" not in text
    assert main(["info", "one.gruc", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    model = gruc.load("one.gruc")
    assert facts["last time"] == 79
    assert [facts[name] for name in ("season", "lags", "horizon", "differenced")] == [12, model.lags_, 4, 1]
    assert facts["weights"] == sum(w.size for w in model.weights_.values())


def test_export(here, capsys):
    assert main(["export", "one.gruc", "one.h", "--to", "c", "--prefix", "one"]) == 0
    assert "bytes of constants" in capsys.readouterr().out
    assert "one_forecast(" in (here / "one.h").read_text()
    assert main(["export", "two.gruc", "two.safetensors", "--to", "torch"]) == 1
    assert "which only to_onnx and to_c can export" in capsys.readouterr().err
    onnx = pytest.importorskip("onnx")
    assert main(["export", "two.gruc", "two.onnx", "--to", "onnx"]) == 0
    assert [node.name for node in onnx.load("two.onnx").graph.input] == ["y", "series"]


def test_export_of_quantiles(here, capsys):
    levels = ["--alpha", "0.1", "0.5", "0.9"]
    assert main(["export", "one.gruc", "one.h", "--to", "c", *levels]) == 0
    assert "#define MODEL_N_LEVELS 3" in (here / "one.h").read_text()
    assert main(["export", "one.gruc", "one.h", "--to", "c", "--alpha", "1.5"]) == 1
    assert "alpha" in capsys.readouterr().err
    assert main(["export", "one.gruc", "one.safetensors", "--to", "torch", *levels]) == 1
    assert "--alpha is for --to c and onnx, not torch" in capsys.readouterr().err
    onnx = pytest.importorskip("onnx")
    assert main(["export", "two.gruc", "two.onnx", "--to", "onnx", *levels]) == 0
    assert [node.name for node in onnx.load("two.onnx").graph.output] == ["forecasts", "quantiles"]
