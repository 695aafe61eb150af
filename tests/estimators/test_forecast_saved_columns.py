"""Forecasters that read covariates, in model files and with arrays alone."""

import subprocess
import sys

import gruc
import numpy as np
import pytest
from gruc import GRUForecaster, ModelFileError
from gruc.runtime import ForecastPredictor
from model_files import joined, refuses, split

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, season_length=6, horizon=4, lags=8)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 90, 3))
Y = 50 + 5 * np.sin(2 * np.pi * np.arange(90) / 6) + 3 * X[:, :, 0] + 0.3 * RNG.standard_normal((2, 90))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.gruc"


@pytest.mark.parametrize("strategy", ["direct", "recursive", "decoder"])
def test_several_series(strategy, path):
    past_only = () if strategy == "recursive" else (1,)
    model = GRUForecaster(**FAST, strategy=strategy, past_only=past_only, difference=1)
    model.fit(Y[:, :70], X[:, :70], static=np.array([[1.0], [3.0]])).save(path)
    loaded, predictor = gruc.load(path), gruc.runtime.load(path)
    ahead = X[:, :, [0, 2]] if past_only else X
    fh = range(1, 5 if strategy == "direct" else 10)
    for stop in (70, 80):
        if stop == 80:
            model.update(Y[:, 70:80], X[:, 70:80], update_params=False)
            loaded.update(Y[:, 70:80], X[:, 70:80], update_params=False)
            predictor.update(Y[:, 70:80], X[:, 70:80])
        later = ahead[:, stop : stop + 9]
        expected = model.predict(fh, later)
        assert expected.std() > 1
        assert loaded.predict(fh, later).tolist() == expected.tolist()
        assert predictor.predict(fh, later).tolist() == expected.tolist()
        assert predictor.predict(fh, list(later)).tolist() == expected.tolist()
        every_column = X[:, stop : stop + 9]  # those of past_only are not read
        assert predictor.predict(fh, every_column).tolist() == expected.tolist()
        bounds = model._predictor.predict_interval(2, later)
        assert predictor.predict_interval(2, later).tolist() == bounds.tolist()
        assert predictor.predict_quantiles(2, later, alpha=0.3).shape == (2, 1, 1)
    learned = loaded.update(Y[:, 80:], X[:, 80:])
    assert learned.predict(1, ahead[:, :1]).tolist() != model.predict(1, ahead[:, :1]).tolist()
    again = loaded.set_params(warm_start=True).fit(Y, X, static=np.array([[1.0], [3.0]]))
    assert again.n_series_ == 2


@pytest.mark.parametrize("with_x", [False, True])
@pytest.mark.parametrize(
    "loss, calibration", [("squared_error", "adaptive"), ("quantile", "split"), ("quantile", "adaptive")]
)
@pytest.mark.parametrize("strategy", ["direct", "recursive", "decoder"])
def test_quantiles_go_on_as_those_of_the_model(strategy, loss, calibration, with_x, path):
    """Before and after values that calibration learns from."""
    pytest.importorskip("pandas")
    model = GRUForecaster(**FAST, strategy=strategy, loss=loss, calibration=calibration)
    model.fit(Y[:, :70], X[:, :70] if with_x else None).save(path)
    loaded, predictor = gruc.load(path), gruc.runtime.load(path)
    for stop in (70, 76):
        if stop == 76:
            later = (Y[:, 70:76], X[:, 70:76]) if with_x else (Y[:, 70:76],)
            model.update(*later, update_params=False)
            loaded.update(*later, update_params=False)
            predictor.update(*later)
        ahead = X[:, stop : stop + 6] if with_x else None
        expected = model.predict_quantiles(range(1, 7), ahead, [0.1, 0.7])
        assert loaded.predict_quantiles(range(1, 7), ahead, [0.1, 0.7]).equals(expected)
        values = expected.to_numpy().reshape(6, 2, 2).transpose(1, 0, 2)
        assert np.array_equal(predictor.predict_quantiles(range(1, 7), ahead, [0.1, 0.7]), values)
        assert np.array_equal(predictor.predict(range(1, 7), ahead), model.predict(range(1, 7), ahead))


def test_one_series_and_rows_for_all(path):
    model = GRUForecaster(**FAST).fit(Y[0, :70], X[0, :70, 0])
    model.save(path)
    predictor = gruc.runtime.load(path)
    assert predictor.predict(None, X[0, 70:75, 0]).tolist() == model.predict(None, X[0, 70:75, 0]).tolist()
    shared = GRUForecaster(**FAST).fit(Y[:, :70], X[0, :70])
    shared.save(path)
    predictor = gruc.runtime.load(path).update(Y[:, 70:80], X[0, 70:80])
    shared.update(Y[:, 70:80], X[0, 70:80], update_params=False)
    assert (
        predictor.predict(range(1, 9), X[0, 80:]).tolist() == shared.predict(range(1, 9), X[0, 80:]).tolist()
    )
    # more rows than steps that are asked for are read as far as the network reads
    assert predictor.predict(2, X[0, 80:82]).tolist() == shared.predict(2, X[0, 80:82]).tolist()
    assert predictor.predict(2, X[0, 80:84]).tolist() == shared.predict(2, X[0, 80:84]).tolist()


def test_columns_of_pandas(path):
    pd = pytest.importorskip("pandas")
    days = pd.date_range("2021-01-01", periods=90)
    frame = pd.DataFrame(X[0], days, ["price", "rain", ("a", 1)])
    y = pd.Series(Y[0], days, name="sales")
    model = GRUForecaster(**FAST, past_only=["rain"], calendar=["weekday", "month"]).fit(y[:70], frame[:70])
    model.save(path)
    loaded = gruc.load(path)
    ahead = frame[70:].drop(columns="rain")
    pd.testing.assert_series_equal(loaded.predict(None, ahead), model.predict(None, ahead), check_exact=True)
    assert loaded.calendar_ == ("weekday", "month")
    later, first = (y[70:80], frame[70:80]), model.predict(None, ahead[:4])
    expected = model.update(*later, update_params=False).predict(None, ahead[10:])
    got = loaded.update(*later, update_params=False).predict(None, ahead[10:])
    pd.testing.assert_series_equal(got, expected, check_exact=True)
    predictor = gruc.runtime.load(path)
    assert predictor.predict(None, X[0, 70:74][:, [0, 2]]).tolist() == first.tolist()
    predictor.update(Y[0, 70:80], X[0, 70:80])
    assert predictor.predict(None, X[0, 80:84][:, [0, 2]]).tolist() == expected.tolist()
    dated = frame.set_axis([days[0], "b", "c"], axis=1)
    with pytest.raises(TypeError, match="the name of a column of X is a Timestamp. Rename the columns"):
        GRUForecaster(**FAST).fit(y, dated).save(path)


def test_with_numpy_alone(path):
    model = GRUForecaster(**FAST).fit(Y[:, :70], X[:, :70])
    model.save(path)
    code = f"""if True:
        import sys, gruc.runtime, numpy as np
        predictor = gruc.runtime.load({str(path)!r})
        print(predictor.predict(3, np.array({X[:, 70:73].tolist()})).tolist())
        print(sorted({{"pandas", "sklearn", "scipy"}} & set(sys.modules)))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    forecasts, imported = map(eval, done.stdout.splitlines())
    assert forecasts == model.predict(3, X[:, 70:73]).tolist()
    assert imported == []


def test_x_that_is_refused(path):
    model = GRUForecaster(**FAST, past_only=(1,)).fit(Y[:, :70], X[:, :70])
    predictor = model._predictor
    for method, arguments, message in (
        ("predict", (1,), r"X is missing: the model reads the columns \[0, 2\]"),
        ("predict", (2, X[:, 70:71]), r"X has 1 steps; expected 2"),
        ("predict", (1, X[:, 70:71, :1]), r"X has the shape \(2, 1, 1\); expected the columns \[0, 2\]"),
        ("predict", (1, np.stack([X[0, 70:71]] * 3)), "X is of 3 series, and there are 2"),
        ("predict", (1, X[:, 70:71] * np.nan), "X contains nan at step 0"),
        ("predict", (5, X[:, 70:80]), "fh reaches 5, beyond horizon_=4"),
        ("update", (Y[:, 70:72],), r"X is missing: the model reads the columns \[0, 1, 2\]"),
        ("update", (Y[:, 70:72], X[:, 70:73]), "X has 3 steps; expected 2"),
        ("update", (Y[:, 70:72], X[:, 70:72, :2]), "expected the columns"),
    ):
        with pytest.raises(ValueError, match=message):
            getattr(predictor, method)(*arguments)
    plain = GRUForecaster(**FAST).fit(Y)._predictor
    for method, arguments in (("predict", (1, X[:, :1])), ("update", (Y[:, :2], X[:, :2]))):
        with pytest.raises(ValueError, match="X is given, but the model reads no columns"):
            getattr(plain, method)(*arguments)
    assert isinstance(predictor, ForecastPredictor)


DAMAGED = [
    (lambda d, t: d.update(names=[0, 1]), "they do not fit their values"),
    (lambda d, t: d.update(names=[0, 1, 1]), "no names of columns, each once"),
    (lambda d, t: d.update(past_only=[5]), "past_only are no columns of X"),
    (lambda d, t: d.update(past_only=[0]), "past_only does not fit its values"),
    (lambda d, t: d.update(calendar=["noon"]), "calendar is"),
    (lambda d, t: d.update(calendar=["hour"]), "covariates.1 is no table of float64"),
    (lambda d, t: d.update(country=3), "country is 3"),
    (lambda d, t: d.update(static=False), "too many"),
    (lambda d, t: d.update(more=False), "does not know"),
    (lambda d, t: t.pop("covariates.0.first"), "does not begin for each series"),
    (lambda d, t: t["covariates.0.first"].fill(2**62), "does not have all steps"),
    (lambda d, t: t["covariates.0.first"].fill(-1), "does not begin for each series"),
    (lambda d, t: t.pop("covariates.0.mean"), "has no scales of its columns"),
    (lambda d, t: t.update({"covariates.static": np.ones((3, 1))}), "no numbers of each series"),
    (lambda d, t: t.pop("covariates.factor"), "covariates.static has no scales"),
    (lambda d, t: t.update({"linear": np.ones((3, 4))}), "linear path does not read its windows"),
]


@pytest.mark.parametrize("change, message", DAMAGED, ids=[str(i) for i in range(len(DAMAGED))])
def test_files_that_are_refused(path, change, message):
    model = GRUForecaster(**FAST, past_only=(1,)).fit(Y[:, :70], X[:, :70], static=np.ones((2, 1)))
    model.save(path)
    description, tensors = split(path.read_bytes())
    tensors = {name: array.copy() for name, array in tensors.items()}
    change(description["predictor"]["columns"], tensors)
    refuses(path, joined(description, tensors), message)
    description["predictor"]["columns"] = None
    with pytest.raises(ModelFileError):
        gruc.load(joined(description, tensors))
