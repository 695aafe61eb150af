"""What the command line writes to terminals, files, pipes and spreadsheets."""

import os
import stat
import subprocess
import sys

import gruc
import numpy as np
import pytest
from command_line_tables import Terminal, predicted, table, write
from gruc import GRUClassifier
from gruc.__main__ import main
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


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
    assert f"step 0 of sequence s{SHOWN} occurs twice" in capsys.readouterr().err
    (here / "s.csv").write_text(f"id{CLEAR}\n")
    assert main(["predict", "c.gruc", "s.csv"]) == 1
    assert CLEAR[0] not in capsys.readouterr().err
    assert main(["info", "e.gruc"]) == 0
    assert CLEAR[0] not in capsys.readouterr().out

    rows = [("sequence", "step", *range(12)), *[("s" + CLEAR, step, *[1] * 12) for step in (0, 1, 3)]]
    write(here / "s.csv", rows)
    in_a_pipe, errors = predicted(capsys, ["predict", "e.gruc", "s.csv", "--proba"])
    assert in_a_pipe[0][0] == "s" + CLEAR  # as it is, for programs
    assert f"missing from sequence s{SHOWN}: 3 follows 1" in errors
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
    got, _ = predicted(capsys, ["predict", "r.gruc", "x.npz"])
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
    code, report_of_file, error = run("export", "c.gruc", "m.h", "--to", "c")
    assert (code, error) == (0, b"")
    code, header, report = run("export", "-", "-", "--to", "c", data=model)
    assert (code, header) == (0, (here / "m.h").read_bytes())
    assert b"bytes of constants" in report
    assert report == report_of_file
    if os.name == "posix":
        assert run("export", "c.gruc", "/dev/stdout", "--to", "c")[1] == header


@pytest.mark.skipif(os.name != "posix", reason="FIFOs of POSIX")
def test_an_output_that_is_a_fifo(here):
    os.mkfifo("fifo")
    with subprocess.Popen(["cat", "fifo"], stdout=subprocess.PIPE) as reader:
        assert main(["predict", "c.gruc", "x.csv", "--output", "fifo"]) == 0
        assert reader.stdout.read().startswith(b"sequence,prediction\n")
    assert stat.S_ISFIFO(os.stat("fifo").st_mode)
