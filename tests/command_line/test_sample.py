"""gruc sample, and what the other commands do with language models."""

import json
from pathlib import Path

import gruc
import pytest
from gruc import GRUClassifier, GRULanguageModel
from gruc.__main__ import main
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = GRULanguageModel(**FAST).fit("a text, and one more; " * 20)
    model.save("m.gruc")
    return model


def test_sample(model, capsys):
    command = ["sample", "m.gruc", "--length", "30", "--prefix", "a te", "--seed", "3"]
    assert main([*command, "--temperature", "0.5", "--top-k", "4", "--top-p", "0.9"]) == 0
    settings = dict(prefix="a te", temperature=0.5, top_k=4, top_p=0.9, random_state=3)
    assert capsys.readouterr().out == model.sample(30, **settings) + "\n"


def test_str_tokens_have_spaces_between_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = GRULanguageModel(**FAST).fit([["c1", "e1", "g1"], ["g1", "e1"]] * 20)
    model.save("notes.gruc")
    assert main(["sample", "notes.gruc", "--length", "30", "--prefix", "c1 e1", "--seed", "3"]) == 0
    expected = model.sample(30, prefix=["c1", "e1"], random_state=3)
    assert capsys.readouterr().out == " ".join(expected) + "\n"


def test_info(model, capsys):
    assert main(["info", "m.gruc", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "GRULanguageModel"
    assert (facts["analyzer"], facts["tokens"], facts["classes"]) == ("char", model.n_tokens_, None)


def test_export(model, capsys):
    assert main(["export", "m.gruc", "m.h", "--to", "c", "--prefix", "m"]) == 0
    gruc.to_c(model, "other.h", prefix="m")
    assert Path("m.h").read_text() == Path("other.h").read_text()


def test_refused(model, capsys):
    assert main(["predict", "m.gruc", "texts.csv"]) == 1
    assert "m.gruc is a language model: gruc sample" in capsys.readouterr().err
    assert main(["sample", "m.gruc", "--temperature", "-1"]) == 1
    assert "temperature must be 0 or larger" in capsys.readouterr().err
    GRUClassifier(**FAST).fit(*vowels()).save("c.gruc")
    assert main(["sample", "c.gruc"]) == 1
    assert "c.gruc is a GRUClassifier; texts are written by a GRULanguageModel" in capsys.readouterr().err
    GRULanguageModel(**FAST).fit([0, 1, 2] * 30).save("t.gruc")
    assert main(["sample", "t.gruc"]) == 1
    assert "was fitted on integer tokens" in capsys.readouterr().err
