"""CSV for the command line: steps in any order, timestamps, other columns, and what is wrong."""

import gruc
import numpy as np
import pytest
from command_line_tables import predicted, table, univariate, write
from gruc import GRUClassifier
from gruc.__main__ import main
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


BAD_CSV = {
    "no header": ("1,2,3\n", "the header is '1,2,3'; expected sequence,step and the features"),
    "no features": ("sequence,step\n", "the header is"),
    "nothing": ("", "the header is ''"),
    "no rows": ("sequence,step,a\n", "contains no sequences"),
    "a field too few": ("sequence,step,a,b\ns,0,1\n", "line 2: 3 fields, the header has 4"),
    "text": ("sequence,step,a\ns,0,1\ns,1,x\n", "line 3: could not convert string to float: 'x'"),
    "a step twice": ("sequence,step,a\ns,0,1\ns,1,1\ns,0,2\n", "line 4: step 0 of sequence s occurs twice"),
    "other features": ("sequence,step,a\ns,0,1\n", "X has 1 features per step, but the model was fitted with 12"),
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
    assert "bad.csv, line 1: it is not UTF-8 (" in capsys.readouterr().err
    assert main(["predict", "c.gruc", "x.csv"]) == 0
    expected = capsys.readouterr().out
    (here / "bom.csv").write_bytes(
        b"\xef\xbb\xbf" + (here / "x.csv").read_bytes()
    )  # as spreadsheets write it
    assert main(["predict", "c.gruc", "bom.csv"]) == 0
    assert capsys.readouterr().out == expected


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
    got, errors = predicted(capsys, ["predict", "u.gruc", "s.csv", "--proba"])
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
        (["2024-01-01", "2024-01-01T00:00:00"], "line 3: step 2024-01-01T00:00:00 of sequence a occurs twice"),
        (["2024-01-01T01:00+01:00", "2024-01-01T00:00Z"], "line 3: step 2024-01-01T00:00:00+00:00 of sequence a occurs twice"),
        (["2024-13-01", "1"], "line 2: step '2024-13-01' is neither"),
    ],
)  # fmt: skip
def test_invalid_timestamps(here, steps, message, capsys):
    univariate("u.gruc")
    write(here / "s.csv", [("sequence", "step", "v"), *[("a", step, 1) for step in steps]])
    assert main(["predict", "u.gruc", "s.csv"]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "steps, gap",
    [
        ([0, 1, 2, 4], "4 follows 2"),
        ([4, 0, 2, 1], "4 follows 2"),
        ([0, 2, 4, 10, 12], "10 follows 4"),
        ([0.5, 1.0, 1.5, 2.5], "2.5 follows 1.5"),
        (["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00", "2024-01-01T05:00"], "2024-01-01T05:00:00 follows 2024-01-01T02:00:00"),
        ([1700000000, 1700000060, 1700000120, 1700000240], "1700000240 follows 1700000120"),
        ([0, 1, 2, 3], None),
        ([7, 8], None),
        ([0, 10, 20], None),
        ([0.1, 0.2, 0.3, 0.4], None),
        ([0.1, 0.35, 0.4, 0.9], None),
        (["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"], None),
    ],
)  # fmt: skip
def test_missing_steps_are_reported(here, steps, gap, capsys):
    univariate("u.gruc")
    rows = [(name, step, 0.5) for name in "ab" for step in steps]
    write(here / "s.csv", [("sequence", "step", "v"), *rows])
    got, errors = predicted(capsys, ["predict", "u.gruc", "s.csv"])
    assert len(got) == 2
    if gap is None:
        assert errors == ""
    else:
        assert errors == (
            f"gruc: s.csv: steps seem to be missing from sequence a: {gap}, and from 1 more; rows are treated "
            "as consecutive steps.\n"
        )


def wide_models(here):
    """A model that was fitted on a DataFrame, one on its array, the frame, and its probabilities."""
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
            got, errors = predicted(capsys, ["predict", f"{model}.gruc", name, "--proba", *options])
            assert [row[0] for row in got] == names
            assert np.array_equal(np.array([row[1:] for row in got], "float32"), expected)
            assert errors == ""


def test_a_wide_csv_of_one_column(here, capsys):
    with pytest.warns(UserWarning, match="6 sequences of one step"):
        model = GRUClassifier(**FAST).fit(np.arange(6.0)[:, None], np.arange(6) % 2)
    model.save("one.gruc")
    write(here / "one.csv", [["v"], *[[i] for i in range(6)]])
    got, _ = predicted(capsys, ["predict", "one.gruc", "one.csv"])
    assert [int(row[1]) for row in got] == model.predict(np.arange(6.0)[:, None]).tolist()


def test_bad_wide_csv(here, capsys):
    frame, _ = wide_models(here)
    for model, text, message in [
        ("frame", "t0,t1,t2,t3,t5\n1,2,3,4,5\n", "w.csv has the columns ['t0', 't1', 't2', 't3', 't5']; the model was fitted on ['t0', 't1', 't2', 't3', 't4']"),
        ("array", "t0,t1\n1,2\n", "the header is 't0,t1'; expected sequence,step and the features, or 5 columns of steps"),
        ("array", "0.5,1,2,3,4\n1,2,3,4,5\n", "the first line is numbers, 0.5,1,2,3,4; expected column names"),
        ("array", "a,b,c,d,e\n1,2,3,4\n", "line 2: 4 fields, the header has 5"),
        ("array", "a,b,c,d,e\n1,2,3,4,x\n", "line 2: could not convert string to float: 'x'"),
        ("array", "a,b,c,d,e\n1,2,3,4,nan\n", "w.csv: sequence 0 contains NaN at step 4"),
        ("array", "a,b,c,d,e\n", "w.csv contains no sequences"),
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
    expected, _ = predicted(capsys, ["predict", "c.gruc", "x.csv", "--proba"])
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
        moved, _ = predicted(capsys, ["predict", "c.gruc", "s.csv", *options])
        if places == [*range(14)]:
            assert moved == expected
        else:
            X, _ = vowels()
            columns = [i - 2 for i in places if i > 1]
            again = gruc.load("c.gruc").predict_proba([x[:, columns] for x in X])
            assert np.array_equal(np.array([row[1:] for row in moved], "float32"), again)


def test_errors_about_other_columns(here, capsys):
    for text, options, message in [
        ("id,time,a\ns,0,1\n", [], "the header is 'id,time,a'; expected sequence,step and the features. Other columns are given by --sequence and --step, another separator by --separator."),
        ("sequence;step;a\ns;0;1\n", [], "Is it --separator ';'?"),
        ("sequence\tstep\ta\ns\t0\t1\n", [], "Is it --separator tab?"),
        ("id,time,a\ns,0,1\n", ["--sequence", "id"], "expected id,step and the features"),
        ("sequence,step,a,a\ns,0,1,2\n", [], "the header has the column 'a' twice"),
        ("", ["--separator", ";;"], "--separator must be one character"),
        ("", ["--separator", '"'], "--separator must be one character"),
        ("", ["--separator", ""], "--separator must be one character"),
        ("", ["--decimal", ","], "but not a quotation mark, a line break or --decimal; got ','"),
    ]:  # fmt: skip
        (here / "s.csv").write_text(text)
        assert main(["predict", "c.gruc", "s.csv", *options]) == 1
        assert message in capsys.readouterr().err
