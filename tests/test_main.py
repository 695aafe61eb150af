"""The command line: what it prints, writes and returns."""

import csv
import io
import json
import os
import shutil
import stat
import subprocess
import sys

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.__main__ import main
from problems import vowels
from safetensors.numpy import load_file

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A directory with a classifier, a regressor and data."""
    made = tmp_path_factory.mktemp("made")
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, np.array(["ann", "bob", "c,y"])[y]).save(made / "c.gruc")
    GRURegressor(**FAST).fit(X, y * 1.5).save(made / "r.gruc")
    with open(made / "x.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sequence", "step", *[f"c{i}" for i in range(12)]])
        rows = [(f"s{i}", t, *row) for i, x in enumerate(X) for t, row in enumerate(x.tolist())]
        first = rows[: len(X[0])]
        np.random.default_rng(0).shuffle(first)  # steps in any order
        assert first != rows[: len(X[0])]
        writer.writerows(first + rows[len(X[0]) :])
    np.savez(made / "x.npz", **{f"s{i}": x for i, x in enumerate(X)})
    np.savez(made / "cube.npz", X=np.stack([x[:7] for x in X]))
    return made


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of that directory, in which the test runs."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(text):
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


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


def test_one_array(here, capsys):
    assert main(["predict", "c.gruc", "cube.npz"]) == 0
    assert [row[0] for row in table(capsys.readouterr().out)[1]] == [str(i) for i in range(24)]


def test_as_a_program_in_a_pipe(here):
    """From standard input, without scikit-learn, and with a reader who has enough after a line."""
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


def test_a_graph(here):
    onnx = pytest.importorskip("onnx")
    assert main(["export", "c.gruc", "c.onnx", "--to", "onnx"]) == 0
    assert onnx.load("c.onnx") == gruc.to_onnx(gruc.load("c.gruc"))


def test_a_header(here, capsys):
    for options, settings in (
        ([], {}),
        (["--prefix", "vowels", "--float16"], dict(prefix="vowels", storage="float16")),
    ):
        assert main(["export", "c.gruc", "c.h", "--to", "c", *options]) == 0
        report = gruc.to_c(gruc.load("c.gruc"), "expected.h", **settings)
        assert (here / "c.h").read_text() == (here / "expected.h").read_text()
        expected = (
            f"{report.constant_bytes} bytes of constants, {report.state_bytes} of memory for a stream\n"
        )
        assert capsys.readouterr().out == expected


BAD_CSV = {
    "no header": ("1,2,3\n", "the header is '1,2,3'; expected sequence,step and the features"),
    "no features": ("sequence,step\n", "the header is"),
    "nothing": ("", "the header is ''"),
    "no rows": ("sequence,step,a\n", "holds no sequences"),
    "a field too few": ("sequence,step,a,b\ns,0,1\n", "line 2: 3 fields, the header has 4"),
    "text": ("sequence,step,a\ns,0,1\ns,1,x\n", "line 3: could not convert string to float: 'x'"),
    "a step twice": ("sequence,step,a\ns,0,1\ns,1,1\ns,0,2\n", "line 4: step 0 of sequence s stands twice"),
    "other features": ("sequence,step,a\ns,0,1\n", "X has 1 features a step, but the model was fitted with 12"),
    "NaN": ("sequence,step," + ",".join("abcdefghijkl") + "\ns,0" + ",1" * 11 + ",nan\n", "sequence s contains NaN at step 0"),
    "a step that is none": ("sequence,step,a\ns,nan,1\n", "line 2: step is nan"),
    "an open quote": ("sequence,step,a\ns,0,\"1\n" + "s,1,2\n" * 50_000, "field larger than field limit"),
}  # fmt: skip


@pytest.mark.parametrize("text, message", BAD_CSV.values(), ids=BAD_CSV)
def test_bad_data(here, text, message, capsys):
    (here / "bad.csv").write_text(text)
    assert main(["predict", "c.gruc", "bad.csv"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("gruc: ")
    assert message in error


def test_text_of_other_encodings(here, capsys):
    (here / "bad.csv").write_bytes("sequence,step,ä\n".encode("latin1"))
    assert main(["predict", "c.gruc", "bad.csv"]) == 1
    assert "bad.csv, after line 0: 'utf-8' codec can't decode" in capsys.readouterr().err
    assert main(["predict", "c.gruc", "x.csv"]) == 0
    expected = capsys.readouterr().out
    (here / "bom.csv").write_bytes(
        b"\xef\xbb\xbf" + (here / "x.csv").read_bytes()
    )  # as spreadsheets write it
    assert main(["predict", "c.gruc", "bom.csv"]) == 0
    assert capsys.readouterr().out == expected


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_many_sequences(here, capsys, monkeypatch):
    X, _ = vowels()
    many = [X[i % 24] for i in range(600)]
    with open("many.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sequence", "step", *[f"c{i}" for i in range(12)]])
        writer.writerows([f"s{i}", t, *row] for i, x in enumerate(many) for t, row in enumerate(x.tolist()))
    monkeypatch.setattr("gruc.__main__.LINES_A_WORD", 5000)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["predict", "c.gruc", "many.csv", "--proba"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert [row[0] for row in rows] == [f"s{i}" for i in range(600)]
    got = np.array([row[1:] for row in rows], "float32")
    assert np.array_equal(got, gruc.load("c.gruc").predict_proba(many))
    said = sys.stderr.getvalue()
    assert said.startswith("\r5000 lines read ")
    assert said.endswith("\r256 of 600 sequences \r512 of 600 sequences \r600 of 600 sequences\n")

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
        (["info", "junk"], "no model of gruc's, or damaged"),
        (["predict", "c.gruc", "nowhere.csv"], "No such file"),
        (["predict", "c.gruc", "junk.npz"], "junk.npz is no .npz of arrays of numbers"),
        (["predict", "c.gruc", "objects.npz"], "objects.npz is no .npz of arrays of numbers"),
        (["predict", "r.gruc", "x.csv", "--proba"], "--proba is for classifiers"),
        (["export", "before.gruc", "out", "--to", "torch"], "cannot hold a model with reset_after=False"),
        (["export", "c.gruc", "nowhere/out", "--to", "torch"], "No such folder: 'nowhere/out'"),
        (["export", "c.gruc", "./c.gruc", "--to", "torch"], "is the model itself"),
        (["predict", "c.gruc", "array.npz"], "it is a single array, an .npy"),
        (["export", "c.gruc", "out", "--to", "c", "--prefix", "a b"], "prefix must be a name of C"),
        (["export", "c.gruc", "out", "--to", "torch", "--float16"], "--float16 are for --to c, not torch"),
    ]:
        assert main(arguments) == 1
        assert message in capsys.readouterr().err
    assert not (here / "out").exists()
    for arguments in ([], ["predict", "c.gruc"], ["export", "c.gruc", "o", "--to", "java"]):
        with pytest.raises(SystemExit) as info:
            main(arguments)
        assert info.value.code == 2


def write(path, rows, separator=","):
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n")


def told(capsys, arguments):
    """Rows of predictions, and what was said besides."""
    code = main(arguments)
    said = capsys.readouterr()
    assert code == 0, said.err
    return table(said.out)[1], said.err


def univariate(path, n_steps=9):
    """A classifier of one feature, and the sequences that it was fitted on."""
    X = np.random.default_rng(0).random((6, n_steps))
    GRUClassifier(**FAST).fit(X[:, :, None], np.arange(6) % 2).save(path)
    return X


STAMPS = {
    "without a zone": lambda t: f"2024-02-2{t}T00:00:00",
    "dates": lambda t: f"2024-02-2{t}",
    "in UTC": lambda t: f"2024-02-20 23:00:0{t}Z",
    "in zones": lambda t: f"2024-02-20T{t + t // 3:02}:00:00.5+0{t // 3}:00",
    "microseconds": lambda t: f"2024-02-20T00:00:00.00000{t}",
}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_timestamps_order_steps(here, stamp, capsys):
    X = univariate("u.gruc")
    order = np.random.default_rng(1).permutation(9)
    rows = [("t", stamp(t), X[i, t]) for i in range(2) for t in order]
    write(
        here / "s.csv", [("sequence", "step", "v"), *[(f"s{n // 9}", *row[1:]) for n, row in enumerate(rows)]]
    )
    got, said = told(capsys, ["predict", "u.gruc", "s.csv", "--proba"])
    expected = gruc.load("u.gruc").predict_proba(X[:2, :, None])
    assert np.array_equal(np.array([row[1:] for row in got], "float32"), expected)
    assert [row[0] for row in got] == ["s0", "s1"]


@pytest.mark.parametrize(
    "steps, message",
    [
        (["2024-01-01", "x"], "line 3: step 'x' is neither a number nor a timestamp like 2026-01-31T12:00:00"),
        (["2024-01-01", "1"], "line 3: step '1' is neither"),
        (["1", "2024-01-01"], "line 3: could not convert string to float: '2024-01-01'"),
        (["2024-01-01T00:00", "2024-01-01T00:00Z"], "line 3: step '2024-01-01T00:00Z' has a time zone, unlike those before"),
        (["2024-01-01T00:00Z", "2024-01-02"], "line 3: step '2024-01-02' has no time zone, unlike those before"),
        (["2024-01-01", "2024-01-01T00:00:00"], "line 3: step 2024-01-01T00:00:00 of sequence a stands twice"),
        (["2024-01-01T01:00+01:00", "2024-01-01T00:00Z"], "line 3: step 2024-01-01T00:00:00+00:00 of sequence a stands twice"),
        (["2024-13-01", "1"], "line 2: step '2024-13-01' is neither"),
    ],
)  # fmt: skip
def test_timestamps_that_are_none(here, steps, message, capsys):
    univariate("u.gruc")
    write(here / "s.csv", [("sequence", "step", "v"), *[("a", step, 1) for step in steps]])
    assert main(["predict", "u.gruc", "s.csv"]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "steps, gap",
    [
        ([0, 1, 2, 4], "after 2 comes 4"),
        ([4, 0, 2, 1], "after 2 comes 4"),
        ([0, 2, 4, 10, 12], "after 4 comes 10"),
        ([0.5, 1.0, 1.5, 2.5], "after 1.5 comes 2.5"),
        (["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00", "2024-01-01T05:00"], "after 2024-01-01T02:00:00 comes 2024-01-01T05:00:00"),
        ([1700000000, 1700000060, 1700000120, 1700000240], "after 1700000120 comes 1700000240"),
        ([0, 1, 2, 3], None),
        ([7, 8], None),
        ([0, 10, 20], None),
        ([0.1, 0.2, 0.3, 0.4], None),
        ([0.1, 0.35, 0.4, 0.9], None),
        (["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"], None),
    ],
)  # fmt: skip
def test_missing_steps_are_said(here, steps, gap, capsys):
    univariate("u.gruc")
    rows = [(name, step, 0.5) for name in "ab" for step in steps]
    write(here / "s.csv", [("sequence", "step", "v"), *rows])
    got, said = told(capsys, ["predict", "u.gruc", "s.csv"])
    assert len(got) == 2
    if gap is None:
        assert said == ""
    else:
        assert said == (
            f"gruc: s.csv: steps seem to be missing of sequence a: {gap}, and of 1 more; rows are taken as if "
            "each followed the one before.\n"
        )


def test_arrays_of_numpy(here, capsys):
    X, _ = vowels()
    cube = np.stack([x[:7] for x in X])
    np.save("cube.npy", cube)
    expected, _ = told(capsys, ["predict", "c.gruc", "cube.npz"])
    assert told(capsys, ["predict", "c.gruc", "cube.npy"]) == (expected, "")
    values = univariate("u.gruc")
    np.save("flat.npy", values.astype("float32"))
    got, _ = told(capsys, ["predict", "u.gruc", "flat.npy"])
    assert [int(row[1]) for row in got] == gruc.load("u.gruc").predict(values.astype("float32")).tolist()
    np.save("objects.npy", np.array([{}]))
    np.save("one.npy", X[0])
    np.save("number.npy", np.float64(3))
    (here / "junk.npy").write_bytes(b"junk")
    for name, message in [
        ("objects.npy", "objects.npy is no .npy of arrays of numbers: Object arrays cannot be loaded"),
        ("junk.npy", "junk.npy is no .npy of arrays of numbers"),
        ("number.npy", "number.npy: X is a single number"),
        ("one.npy", "X has 1 features a step, but the model was fitted with 12. A 2-D X is univariate sequences; give one sequence alone as [X]."),
    ]:  # fmt: skip
        assert main(["predict", "c.gruc", name]) == 1
        assert message in capsys.readouterr().err


def wide_models(here):
    """A model that was fitted on a DataFrame, one on its array, the frame, and what they say."""
    import pandas

    frame = pandas.DataFrame(np.random.default_rng(0).random((6, 5)), columns=[f"t{i}" for i in range(5)])
    model = GRUClassifier(**FAST).fit(frame, np.arange(6) % 2)
    model.save("frame.gruc")
    GRUClassifier(**FAST).fit(frame.to_numpy(), np.arange(6) % 2).save("array.gruc")
    return frame, model.predict_proba(frame)


def test_a_wide_csv(here, capsys):
    frame, expected = wide_models(here)
    frame.to_csv("plain.csv", index=False)
    frame.set_axis(list("abcdef")).to_csv("index.csv")
    frame.set_axis([f"s{i}" for i in range(6)]).rename_axis("sequence").to_csv("named.csv")
    frame.rename_axis("who").to_csv("who.csv")
    frame[frame.columns[::-1]].to_csv("order.csv", index=False)
    counted = frame.set_axis(range(5), axis=1)
    counted.to_csv("counted.csv", index=False)
    for name, names, models in [
        ("plain.csv", list("012345"), ["frame", "array"]),
        ("index.csv", list("abcdef"), ["frame", "array"]),
        ("named.csv", [f"s{i}" for i in range(6)], ["frame", "array"]),
        ("order.csv", list("012345"), ["frame"]),
        ("counted.csv", list("012345"), ["array"]),
        ("who.csv", list("012345"), ["frame", "array"]),
    ]:
        for model in models:
            options = ["--sequence", "who"] if name == "who.csv" else []
            got, said = told(capsys, ["predict", f"{model}.gruc", name, "--proba", *options])
            assert [row[0] for row in got] == names
            assert np.array_equal(np.array([row[1:] for row in got], "float32"), expected)
            assert said == ""


def test_a_wide_csv_of_one_column(here, capsys):
    with pytest.warns(UserWarning, match="6 sequences of one step"):
        model = GRUClassifier(**FAST).fit(np.arange(6.0)[:, None], np.arange(6) % 2)
    model.save("one.gruc")
    write(here / "one.csv", [["v"], *[[i] for i in range(6)]])
    got, _ = told(capsys, ["predict", "one.gruc", "one.csv"])
    assert [int(row[1]) for row in got] == model.predict(np.arange(6.0)[:, None]).tolist()


def test_bad_wide_csv(here, capsys):
    frame, _ = wide_models(here)
    for model, text, message in [
        ("frame", "t0,t1,t2,t3,t5\n1,2,3,4,5\n", "w.csv has the columns ['t0', 't1', 't2', 't3', 't5']; the model was fitted on ['t0', 't1', 't2', 't3', 't4']"),
        ("array", "t0,t1\n1,2\n", "the header is 't0,t1'; expected sequence,step and the features, or 5 columns of steps"),
        ("array", "0.5,1,2,3,4\n1,2,3,4,5\n", "the first line is numbers, 0.5,1,2,3,4; expected names of columns"),
        ("array", "a,b,c,d,e\n1,2,3,4\n", "line 2: 4 fields, the header has 5"),
        ("array", "a,b,c,d,e\n1,2,3,4,x\n", "line 2: could not convert string to float: 'x'"),
        ("array", "a,b,c,d,e\n1,2,3,4,nan\n", "w.csv: sequence 0 contains NaN at step 4"),
        ("array", "a,b,c,d,e\n", "w.csv holds no sequences"),
        ("array", "a,b,c,d,a\n1,2,3,4,5\n", "the header has the column 'a' twice"),
        ("c", "a,b,c,d,e\n1,2,3,4,5\n", "the header is 'a,b,c,d,e'; expected sequence,step and the features."),
    ]:  # fmt: skip
        (here / "w.csv").write_text(text)
        assert main(["predict", f"{model}.gruc", "w.csv"]) == 1
        assert message in capsys.readouterr().err
    assert main(["predict", "array.gruc", "w.csv", "--sequence", "id"]) == 1
    assert "w.csv has no column 'id'; its header is 'a,b,c,d,e'" in capsys.readouterr().err


@pytest.mark.parametrize("separator, option", [(";", ";"), ("\t", "tab"), ("\t", "\t"), ("|", "|")])
def test_columns_and_separators(here, separator, option, capsys):
    expected, _ = told(capsys, ["predict", "c.gruc", "x.csv", "--proba"])
    header, rows = table((here / "x.csv").read_text())
    for places, decimal in (
        ([*range(14)], "."),
        ([3, 1, *range(4, 14), 0, 2], ","),
    ):  # features stay in order
        names = ["id" if name == "sequence" else "time" if name == "step" else name for name in header]
        written = [[names[i] for i in places]]
        written += [[row[i].replace(".", decimal) if i else row[i] for i in places] for row in rows]
        write(here / "s.csv", written, separator)
        options = [
            "--sequence",
            "id",
            "--step",
            "time",
            "--separator",
            option,
            "--decimal",
            decimal,
            "--proba",
        ]
        moved, _ = told(capsys, ["predict", "c.gruc", "s.csv", *options])
        if places == [*range(14)]:
            assert moved == expected
        else:
            X, _ = vowels()
            columns = [i - 2 for i in places if i > 1]
            again = gruc.load("c.gruc").predict_proba([x[:, columns] for x in X])
            assert np.array_equal(np.array([row[1:] for row in moved], "float32"), again)


def test_what_to_say_of_other_columns(here, capsys):
    for text, options, message in [
        ("id,time,a\ns,0,1\n", [], "the header is 'id,time,a'; expected sequence,step and the features. Name other columns by --sequence and --step, and what is between cells by --separator."),
        ("sequence;step;a\ns;0;1\n", [], "Is it --separator ';'?"),
        ("sequence\tstep\ta\ns\t0\t1\n", [], "Is it --separator tab?"),
        ("id,time,a\ns,0,1\n", ["--sequence", "id"], "expected id,step and the features"),
        ("sequence,step,a,a\ns,0,1,2\n", [], "the header has the column 'a' twice"),
        ("", ["--separator", ";;"], "--separator must be one character"),
        ("", ["--separator", '"'], "--separator must be one character"),
        ("", ["--separator", ""], "--separator must be one character"),
        ("", ["--decimal", ","], "none of the quotation mark, ends of lines and --decimal; got ','"),
    ]:  # fmt: skip
        (here / "s.csv").write_text(text)
        assert main(["predict", "c.gruc", "s.csv", *options]) == 1
        assert message in capsys.readouterr().err


CLEAR = "\x1b[2J\x9b31m\u202e"
SHOWN = r"\x1b[2J\x9b31m\u202e"


def test_control_characters_do_not_reach_a_terminal(here, capsys, monkeypatch):
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, np.array(["a" + CLEAR, "b", "c"])[y]).save("e.gruc")
    write(
        here / "s.csv",
        [("sequence", "step", *range(12)), ("s" + CLEAR, 0, *[1] * 12), ("s" + CLEAR, 0, *[1] * 12)],
    )
    assert main(["predict", "c.gruc", "s.csv"]) == 1
    assert f"step 0 of sequence s{SHOWN} stands twice" in capsys.readouterr().err
    (here / "s.csv").write_text(f"id{CLEAR}\n")
    assert main(["predict", "c.gruc", "s.csv"]) == 1
    assert CLEAR[0] not in capsys.readouterr().err
    assert main(["info", "e.gruc"]) == 0
    assert CLEAR[0] not in capsys.readouterr().out

    rows = [("sequence", "step", *range(12)), *[("s" + CLEAR, step, *[1] * 12) for step in (0, 1, 3)]]
    write(here / "s.csv", rows)
    in_a_pipe, said = told(capsys, ["predict", "e.gruc", "s.csv", "--proba"])
    assert in_a_pipe[0][0] == "s" + CLEAR  # as it is, for programs
    assert f"missing of sequence s{SHOWN}: after 1 comes 3" in said
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert main(["predict", "e.gruc", "s.csv", "--proba"]) == 0
    header, [row] = table(sys.stdout.getvalue())
    assert header == ["sequence", "a" + SHOWN, "b", "c"]
    assert row == ["s" + SHOWN, *in_a_pipe[0][1:]]


def test_formulas_are_text(here, capsys):
    X, y = vowels()
    labels = np.array(["-5", "=1+1", "@SUM(A1)"])
    GRUClassifier(**FAST).fit(X, labels[y]).save("f.gruc")
    names = ['=HYPERLINK("x")', "+cmd|x", "-3.5", "-", "plain", "\ttab"]
    np.savez("f.npz", **{name: X[i] for i, name in enumerate(names)})
    assert main(["predict", "f.gruc", "f.npz", "--proba"]) == 0
    header, rows = table(capsys.readouterr().out)
    assert header == ["sequence", "-5", "'=1+1", "'@SUM(A1)"]
    assert [row[0] for row in rows] == ['\'=HYPERLINK("x")', "'+cmd|x", "-3.5", "-", "plain", "'\ttab"]
    assert main(["predict", "f.gruc", "f.npz", "--output", "f.csv"]) == 0
    expected = gruc.load("f.gruc").predict(X[:6])
    got = [row[1] for row in table((here / "f.csv").read_text())[1]]
    assert got == [label if label == "-5" else "'" + label for label in expected]
    # numbers are as they were
    got, _ = told(capsys, ["predict", "r.gruc", "x.npz"])
    assert [float(row[1]) for row in got] == gruc.load("r.gruc").predict(X).tolist()


def test_an_output_is_none_of_the_inputs(here, capsys):
    (here / "folder").mkdir()
    os.symlink(here / "c.gruc", "link")
    os.link("c.gruc", "hard")
    os.link("x.csv", "data")
    before = {name: (here / name).read_bytes() for name in ("c.gruc", "x.csv")}
    for output in ("c.gruc", "./c.gruc", "folder/../c.gruc", "link", "hard", str(here / "c.gruc")):
        assert main(["predict", "c.gruc", "x.csv", "--output", output]) == 1
        assert f"{output} is the model itself" in capsys.readouterr().err
        for kind in ("c", "onnx", "torch"):
            assert main(["export", "c.gruc", output, "--to", kind]) == 1
            assert f"{output} is the model itself" in capsys.readouterr().err
    for output in ("x.csv", "data"):
        assert main(["predict", "c.gruc", "x.csv", "--output", output]) == 1
        assert f"{output} is the data itself" in capsys.readouterr().err
    assert before == {name: (here / name).read_bytes() for name in before}
    assert os.path.islink("link")


def test_standard_input_and_output(here):
    def run(*arguments, data=None):
        done = subprocess.run([sys.executable, "-m", "gruc", *arguments], input=data, capture_output=True)
        return done.returncode, done.stdout, done.stderr

    model = (here / "c.gruc").read_bytes()
    plain = run("predict", "c.gruc", "x.csv")
    assert plain[0] == 0
    assert run("predict", "-", "x.csv", "--output", "-", data=model) == plain
    code, _, error = run("predict", "-", "-", data=model)
    assert code == 1
    assert b"Only one of model and data" in error
    assert run("export", "c.gruc", "m.h", "--to", "c") == (
        0,
        run("export", "c.gruc", "m.h", "--to", "c")[1],
        b"",
    )
    code, header, report = run("export", "-", "-", "--to", "c", data=model)
    assert (code, header) == (0, (here / "m.h").read_bytes())
    assert b"bytes of constants" in report
    if os.name == "posix":
        assert run("export", "c.gruc", "/dev/stdout", "--to", "c")[1] == header


@pytest.mark.skipif(os.name != "posix", reason="FIFOs of POSIX")
def test_an_output_that_is_a_fifo(here):
    os.mkfifo("fifo")
    with subprocess.Popen(["cat", "fifo"], stdout=subprocess.PIPE) as reader:
        assert main(["predict", "c.gruc", "x.csv", "--output", "fifo"]) == 0
        assert reader.stdout.read().startswith(b"sequence,prediction\n")
    assert stat.S_ISFIFO(os.stat("fifo").st_mode)
