"""Encoder-decoders on the command line."""

import csv
import io
import json

import gruc
import numpy as np
import pytest
from command_line_tables import predicted
from gruc import GRUSeq2Seq
from gruc.__main__ import main
from gruc.preprocessing import TextSequencer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), embedding_dim=6, max_iter=3, random_state=0)
TEXTS = ["ab", "ba", "a, b\nb", "bb"]
WORDS = [["b", "a"], ["a", "b"], ["b"], ["b", "b"]]
NUMBERS = [[1, 2], [2, 1], [0], [2, 2]]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open("texts.csv", "w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *((f"n{i}", text) for i, text in enumerate(TEXTS))])
    return tmp_path


def test_predictions_of_texts(here, capsys):
    words = GRUSeq2Seq(**FAST, target=TextSequencer(add_end=True)).fit(TEXTS * 9, ["b a", "a", "=b", "b"] * 9)
    words.save("w.gruc")
    for y in (TEXTS, WORDS, NUMBERS):
        model = GRUSeq2Seq(**FAST).fit(TEXTS * 9, y * 9)
        model.save("m.gruc")
        rows, _ = predicted(capsys, ["predict", "m.gruc", "texts.csv", "--sequence", "id"])
        expected = model.predict(TEXTS)
        if y is not TEXTS:
            expected = [" ".join(map(str, answer)) for answer in expected]
        assert rows == [[f"n{i}", answer] for i, answer in enumerate(expected)]
    (here / "one.csv").write_text("text\nab\n\n")
    assert main(["predict", "w.gruc", "one.csv"]) == 1
    assert "one.csv: sequence 1 is empty; there is nothing to read" in capsys.readouterr().err


def test_predictions_of_tokens(here, capsys):
    model = GRUSeq2Seq(**FAST).fit(NUMBERS * 9, TEXTS * 9)
    model.save("m.gruc")
    lines = [("sequence", "step", "token")]
    lines += [(f"s{i}", t, token) for i, tokens in enumerate(NUMBERS) for t, token in enumerate(tokens)]
    with open("tokens.csv", "w", newline="") as file:
        csv.writer(file).writerows(lines)
    np.savez("tokens.npz", **{f"s{i}": tokens for i, tokens in enumerate(NUMBERS)})
    for data in ("tokens.csv", "tokens.npz"):
        rows, _ = predicted(capsys, ["predict", "m.gruc", data])
        assert rows == [[f"s{i}", answer] for i, answer in enumerate(model.predict(NUMBERS))]


def test_what_is_refused(here, capsys):
    GRUSeq2Seq(**FAST).fit(TEXTS * 9, TEXTS * 9).save("m.gruc")
    GRUSeq2Seq(**FAST).fit(WORDS * 9, TEXTS * 9).save("w.gruc")
    GRUSeq2Seq(**FAST).fit(NUMBERS * 9, TEXTS * 9).save("n.gruc")
    for command, message in (
        ("predict m.gruc", "data is missing"),
        ("predict m.gruc texts.csv --proba", "--proba is for classifiers; m.gruc predicts sequences"),
        ("predict m.gruc texts.csv --steps 2", "m.gruc is not a forecaster"),
        ("predict m.gruc x.npy", "m.gruc reads texts: give a CSV"),
        ("predict w.gruc texts.csv", "w.gruc reads sequences of str tokens, which no file here can hold"),
        ("predict n.gruc texts.csv --text text", "--text is for models that read texts; n.gruc does not"),
        ("export m.gruc m.h --to c", "m.gruc holds an encoder-decoder, which only --to onnx exports"),
        ("export m.gruc m.pt --to torch", "m.gruc holds an encoder-decoder, which only --to onnx exports"),
        ("export m.gruc - --to onnx", "m.gruc holds an encoder-decoder, whose two graphs need files"),
    ):
        assert main(command.split()) == 1
        assert message in capsys.readouterr().err, command


def test_info(here, capsys):
    GRUSeq2Seq(**FAST, bidirectional_encoder=True).fit(TEXTS * 9, NUMBERS * 9).save("m.gruc")
    assert main(["info", "m.gruc"]) == 0
    facts = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert facts["kind"] == "GRUSeq2Seq"
    assert facts["reads"] == "char, 7 tokens"
    assert facts["writes"] == "integer tokens, 4 tokens"
    assert facts["layers"] == "8, the encoder in both directions"
    assert facts["longest"] == "3 tokens"
    assert facts["epochs"] == "3"
    GRUSeq2Seq(**FAST, cell="fio", attention=None).fit(WORDS * 9, TEXTS * 9).save("m.gruc")
    assert main(["info", "m.gruc", "--json"]) == 0
    facts = json.load(io.StringIO(capsys.readouterr().out))
    assert (facts["reads"], facts["cell"], facts["attention"]) == ("tokens as given, 4 tokens", "fio", None)


def test_export(here):
    onnx = pytest.importorskip("onnx")
    model = GRUSeq2Seq(**FAST).fit(TEXTS * 9, TEXTS * 9)
    model.save("m.gruc")
    assert main(["export", "m.gruc", "m.onnx", "--to", "onnx"]) == 0
    graphs = [onnx.load(here / f"m.{part}.onnx") for part in ("encoder", "step")]
    assert graphs == list(gruc.to_onnx(model))
