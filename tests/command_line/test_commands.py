"""The command line: what its commands print, write and return."""

import csv
import json
import subprocess
import sys

import gruc
import numpy as np
import pytest
from command_line_tables import Terminal, predicted, table, univariate
from gruc import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger
from gruc.__main__ import main
from problems import tagged_vowels, vowels
from safetensors.numpy import load_file

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def test_info(here, capsys):
    assert main(["info", "c.gruc"]) == 0
    text = capsys.readouterr().out
    assert "kind          GRUClassifier" in text
    assert "classes       ['ann', 'bob', 'c,y']" in text
    assert main(["info", "r.gruc", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    model = gruc.load("r.gruc")
    assert facts["epochs"] == 2
    assert facts["loss"] == model.loss_
    assert facts["weights"] == sum(w.size for w in model.weights_.values())
    assert facts["stored as"] is None
    model.save("small.gruc", weights="int8")
    assert main(["info", "small.gruc"]) == 0
    assert "stored as     int8" in capsys.readouterr().out


def test_info_of_several_networks(here, capsys):
    X, y = vowels()
    for settings, resets in (({}, "after the product"), ({"reset_after": False}, "before the product")):
        GRUClassifier(**FAST, **settings, n_estimators=2).fit(X, y).save("two.gruc")
        assert main(["info", "two.gruc", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["networks"], facts["reset"]) == (2, resets)


@pytest.mark.parametrize("data", ["x.csv", "x.npz"])
def test_predictions(here, data, capsys):
    X, _ = vowels()
    for name in ("c.gruc", "r.gruc"):
        assert main(["predict", name, data]) == 0
        header, rows = table(capsys.readouterr().out)
        assert header == ["sequence", "prediction"]
        assert [row[0] for row in rows] == [f"s{i}" for i in range(24)]
        expected = gruc.load(name).predict(X)
        assert [type(expected[0].item())(row[1]) for row in rows] == expected.tolist()


def test_probabilities_to_a_file(here, capsys):
    X, _ = vowels()
    assert main(["predict", "c.gruc", "x.npz", "--proba", "--output", "p.csv"]) == 0
    assert capsys.readouterr().out == ""
    header, rows = table((here / "p.csv").read_text())
    assert header == ["sequence", "ann", "bob", "c,y"]
    got = np.array([row[1:] for row in rows], "float32")
    assert np.array_equal(got, gruc.load("c.gruc").predict_proba(X))


def test_a_line_for_each_step(here, capsys):
    """Of models that answer each step."""
    X, y = tagged_vowels()
    model = GRUTagger(**FAST).fit(X, [np.array(["a", "=b", "c"])[labels] for labels in y])
    model.save("tagger.gruc")
    assert main(["predict", "tagger.gruc", "x.csv"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert header == ["sequence", "step", "prediction"]
    keys = [[f"s{i}", str(t)] for i, x in enumerate(X) for t in range(len(x))]
    assert [row[:2] for row in rows] == keys
    predicted = np.concatenate(list(model.predict(X)))
    assert [row[2] for row in rows] == ["'=b" if label == "=b" else label for label in predicted]
    assert main(["predict", "tagger.gruc", "cube.npz", "--proba"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert header == ["sequence", "step", "'=b", "a", "c"]
    proba = model.predict_proba(np.stack([x[:7] for x in X])).reshape(-1, 3)
    assert np.array_equal(np.array([row[2:] for row in rows], "float32"), proba)
    values = GRUStepRegressor(**FAST).fit(X, [x[:, :2] for x in X])
    values.save("values.gruc")
    assert main(["predict", "values.gruc", "x.csv"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert header == ["sequence", "step", "prediction_0", "prediction_1"]
    assert np.array_equal(
        np.array([row[2:] for row in rows], "float64"), np.concatenate(list(values.predict(X)))
    )


def test_one_array(here, capsys):
    assert main(["predict", "c.gruc", "cube.npz"]) == 0
    assert [row[0] for row in table(capsys.readouterr().out)[1]] == [str(i) for i in range(24)]


def test_as_a_program_in_a_pipe(here):
    """From standard input, without scikit-learn, and into a reader that stops after a line."""
    text = (here / "x.csv").read_bytes()
    program = "import sys; sys.modules['sklearn'] = sys.modules['scipy'] = None; sys.argv[0] = 'gruc'; import runpy; runpy.run_module('gruc', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", program, "predict", "c.gruc", "-"], input=text, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 25
    command = f"{sys.executable} -m gruc predict c.gruc x.csv --proba | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout.startswith("sequence,ann")
    assert done.stderr == ""


def test_torchs_names(here):
    assert main(["export", "c.gruc", "t.safetensors", "--to", "torch"]) == 0
    state = load_file("t.safetensors")
    gru_state, head_state = gruc.to_torch(gruc.load("c.gruc"))
    assert set(state) == {f"gru.{k}" for k in gru_state} | {f"head.{k}" for k in head_state}
    assert np.array_equal(state["head.weight"], head_state["weight"])


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_torchs_names_of_convolutions_and_tokens(n_estimators, here):
    X, y = vowels()
    tokens = [np.abs(5 * x[:, 0]).astype(int) for x in X]
    settings = dict(embedding_dim=3, conv_channels=(2,), n_estimators=n_estimators)
    model = GRUClassifier(**FAST, **settings).fit(tokens, y)
    model.save("several.gruc")
    assert main(["export", "several.gruc", "several.safetensors", "--to", "torch"]) == 0
    expected = {}
    of_networks = gruc.to_torch(model)
    for k, states in enumerate(of_networks if n_estimators > 1 else [of_networks]):
        first = f"estimators.{k}." if n_estimators > 1 else ""
        for part, weights in zip(("gru.", "head.", "embedding.", ""), states, strict=True):
            expected |= {first + part + name: weight for name, weight in weights.items()}
    state = load_file("several.safetensors")
    assert state.keys() == expected.keys()
    assert all(np.array_equal(state[name], expected[name]) for name in state)


def test_a_graph(here):
    onnx = pytest.importorskip("onnx")
    assert main(["export", "c.gruc", "c.onnx", "--to", "onnx"]) == 0
    assert onnx.load("c.onnx") == gruc.to_onnx(gruc.load("c.gruc"))


def test_a_header(here, capsys):
    for options, settings in (
        ([], {}),
        (["--prefix", "vowels", "--float16"], dict(prefix="vowels", storage="float16")),
        (["--storage", "int8"], dict(storage="int8")),
    ):
        assert main(["export", "c.gruc", "c.h", "--to", "c", *options]) == 0
        report = gruc.to_c(gruc.load("c.gruc"), "expected.h", **settings)
        assert (here / "c.h").read_text() == (here / "expected.h").read_text()
        expected = (
            f"{report.constant_bytes} bytes of constants, {report.state_bytes} of memory for a stream\n"
        )
        assert capsys.readouterr().out == expected


def test_many_sequences(here, capsys, monkeypatch):
    X, _ = vowels()
    many = [X[i % 24] for i in range(600)]
    with open("many.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sequence", "step", *[f"c{i}" for i in range(12)]])
        writer.writerows([f"s{i}", t, *row] for i, x in enumerate(many) for t, row in enumerate(x.tolist()))
    monkeypatch.setattr("gruc.command_line.tables.LINES_PER_MESSAGE", 5000)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["predict", "c.gruc", "many.csv", "--proba"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert [row[0] for row in rows] == [f"s{i}" for i in range(600)]
    got = np.array([row[1:] for row in rows], "float32")
    assert np.array_equal(got, gruc.load("c.gruc").predict_proba(many))
    errors = sys.stderr.getvalue()
    assert errors.startswith("\r5000 lines read ")
    assert errors.endswith("\r256 of 600 sequences \r512 of 600 sequences \r600 of 600 sequences\n")

    # what is wrong late leaves an old file as it was, and is called by its name
    (here / "p.csv").write_text("old")
    text = (here / "many.csv").read_text().splitlines()
    (here / "many.csv").write_text("\n".join([*text[:-1], text[-1].rsplit(",", 1)[0] + ",nan"]))
    assert main(["predict", "c.gruc", "many.csv", "--output", "p.csv"]) == 1
    assert "many.csv: sequence s599 contains NaN" in sys.stderr.getvalue()
    assert (here / "p.csv").read_text() == "old"


def test_features_by_name(here, capsys):
    import pandas

    X, y = vowels()
    frames = [pandas.DataFrame(x[:, :2], columns=["a", "b"]) for x in X]
    model = GRUClassifier(**FAST).fit(frames, y)
    model.save("named.gruc")
    for columns in (["a", "b"], ["b", "a"]):
        rows = ["sequence,step," + ",".join(columns)]
        rows += [
            f"{i},{t},{row[columns[0]]},{row[columns[1]]}"
            for i in range(3)
            for t, row in frames[i].iterrows()
        ]
        (here / "n.csv").write_text("\n".join(rows))
        assert main(["predict", "named.gruc", "n.csv", "--proba"]) == 0
        got = np.array([row[1:] for row in table(capsys.readouterr().out)[1]], "float32")
        assert np.array_equal(got, model.predict_proba(frames[:3]))
    (here / "n.csv").write_text("sequence,step,a,c\ns,0,1,2\n")
    assert main(["predict", "named.gruc", "n.csv"]) == 1
    assert "n.csv has the features ['a', 'c']; the model was fitted on ['a', 'b']" in capsys.readouterr().err


def test_titles(here, capsys):
    X, y = vowels()
    GRURegressor(**FAST).fit(X, np.stack([y, 2 * y], axis=1)).save("two.gruc")
    GRUClassifier(**FAST).fit(X, np.stack([y == 0, y > 0], axis=1).astype(int)).save("labels.gruc")
    for name, titles in ("two.gruc", ["prediction_0", "prediction_1"]), ("labels.gruc", ["0", "1"]):
        assert main(["predict", name, "x.csv"]) == 0
        header, rows = table(capsys.readouterr().out)
        assert header == ["sequence", *titles]
        assert np.array_equal(np.array([row[1:] for row in rows], float), gruc.load(name).predict(X))


def test_errors(here, capsys):
    (here / "junk").write_bytes(b"junk")
    (here / "junk.npz").write_bytes(b"junk")
    np.savez("objects.npz", X=np.array([{}]))
    np.save("array.npy", np.zeros((2, 3, 12)))
    (here / "array.npy").rename("array.npz")
    GRUClassifier(**FAST, reset_after=False).fit(*vowels()).save("before.gruc")
    for arguments, message in [
        (["info", "nowhere.gruc"], "No such file"),
        (["info", "junk"], "is not a gruc model, or is damaged"),
        (["predict", "c.gruc", "nowhere.csv"], "No such file"),
        (["predict", "c.gruc", "junk.npz"], "junk.npz is not an .npz file of numeric arrays"),
        (["predict", "c.gruc", "objects.npz"], "objects.npz is not an .npz file of numeric arrays"),
        (["predict", "r.gruc", "x.csv", "--proba"], "--proba is for classifiers"),
        (["export", "before.gruc", "out", "--to", "torch"], "cannot hold a model with reset_after=False"),
        (["export", "c.gruc", "nowhere/out", "--to", "torch"], "No such folder: 'nowhere/out'"),
        (["export", "c.gruc", "./c.gruc", "--to", "torch"], "is the model itself"),
        (["predict", "c.gruc", "array.npz"], "it is a single array, an .npy"),
        (["export", "c.gruc", "out", "--to", "c", "--prefix", "a b"], "prefix must be a C identifier"),
        (["export", "c.gruc", "out", "--to", "torch", "--float16"], "--float16 are for --to c, not torch"),
        (["export", "c.gruc", "out", "--to", "onnx", "--storage", "int8"], "are for --to c, not onnx"),
        (["export", "c.gruc", "out", "--to", "c", "--float16", "--storage", "int8"], "contradict each other"),
    ]:
        assert main(arguments) == 1
        assert message in capsys.readouterr().err
    assert not (here / "out").exists()
    for arguments in ([], ["predict"], ["export", "c.gruc", "o", "--to", "java"]):
        with pytest.raises(SystemExit) as info:
            main(arguments)
        assert info.value.code == 2


def test_arrays_of_numpy(here, capsys):
    X, _ = vowels()
    cube = np.stack([x[:7] for x in X])
    np.save("cube.npy", cube)
    expected, _ = predicted(capsys, ["predict", "c.gruc", "cube.npz"])
    assert predicted(capsys, ["predict", "c.gruc", "cube.npy"]) == (expected, "")
    values = univariate("u.gruc")
    np.save("flat.npy", values.astype("float32"))
    got, _ = predicted(capsys, ["predict", "u.gruc", "flat.npy"])
    assert [int(row[1]) for row in got] == gruc.load("u.gruc").predict(values.astype("float32")).tolist()
    np.save("objects.npy", np.array([{}]))
    np.save("one.npy", X[0])
    np.save("number.npy", np.float64(3))
    (here / "junk.npy").write_bytes(b"junk")
    for name, message in [
        ("objects.npy", "objects.npy is not an .npy file of numeric arrays: Object arrays cannot be loaded"),
        ("junk.npy", "junk.npy is not an .npy file of numeric arrays"),
        ("number.npy", "number.npy: X is a single number"),
        ("one.npy", "X has 1 features per step, but the model was fitted with 12. A 2-D X is univariate sequences; give one sequence alone as [X]."),
    ]:  # fmt: skip
        assert main(["predict", "c.gruc", name]) == 1
        assert message in capsys.readouterr().err
