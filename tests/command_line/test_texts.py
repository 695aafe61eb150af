"""Texts and tokens on the command line."""

import csv
import io
import json
import sys

import gruc
import numpy as np
import pytest
from command_line_tables import predicted, write
from gruc import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger
from gruc.__main__ import main
from gruc.preprocessing import SequenceScaler, TextSequencer
from problems import vowels
from safetensors.numpy import load_file
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
TEXTS = ["good", "very, very\ngood", "", "不好 \N{THUMBS DOWN SIGN}", 'he said "no"', "x" * 200_000]
LABELS = ["yes", "yes", "no", "no", "no", "yes"]


@pytest.fixture(scope="module")
def model():
    pipeline = make_pipeline(TextSequencer(analyzer="char"), GRUClassifier(embedding_dim=3, **FAST))
    return pipeline.fit(TEXTS[:5] * 2, LABELS[:5] * 2)


@pytest.fixture
def here(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gruc.save(model, "t.gruc")
    with open("texts.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows((f"n{i}", text) for i, text in enumerate(TEXTS))
    return tmp_path


def test_texts_in_a_column(here, model, capsys):
    rows, _ = predicted(capsys, ["predict", "t.gruc", "texts.csv", "--sequence", "id"])
    assert rows == [[f"n{i}", label] for i, label in enumerate(model.predict(TEXTS))]
    rows, _ = predicted(capsys, ["predict", "t.gruc", "texts.csv", "--text", "text", "--proba"])
    assert [row[0] for row in rows] == list("012345")
    np.testing.assert_allclose(
        [[float(cell) for cell in row[1:]] for row in rows], model.predict_proba(TEXTS), rtol=1e-6
    )


def test_other_forms_of_the_csv(here, model, capsys, monkeypatch):
    expected = model.predict(["good", "a;b"]).tolist()
    (here / "one.csv").write_text("\ufeffreview\ngood\na;b\n", encoding="utf-8")
    assert [
        row[1] for row in predicted(capsys, ["predict", "t.gruc", "one.csv", "--text", "review"])[0]
    ] == expected
    (here / "semi.csv").write_text('sequence;words\nA;good\nB;"a;b"\n')
    rows, _ = predicted(capsys, ["predict", "t.gruc", "semi.csv", "--separator", ";", "--text", "words"])
    assert rows == [["A", expected[0]], ["B", expected[1]]]
    monkeypatch.setattr(sys, "stdin", io.StringIO('text\n""\n'))
    assert predicted(capsys, ["predict", "t.gruc", "-"])[0] == [["0", model.predict([""])[0]]]


@pytest.mark.parametrize(
    "content, options, message",
    [
        ("id,review\n1,good\n", [], "texts2.csv has no column text; name the one with the texts by --text. Its first line is 'id,review'"),
        ("id,review\n1,good\n", ["--text", "txt"], "has no column 'txt' of texts; it has 'id,review'"),
        ("id,review\n1,good\n", ["--sequence", "no"], "has no column 'no'"),
        ("id,id\n1,good\n", ["--text", "id"], "has the column 'id' twice"),
        ("text\n", [], "texts2.csv contains no texts"),
        ("", [], "name the one with the texts"),
        ("good film\nbad film\n", [], "Its first line is 'good film', which must be the names of columns"),
        ('text\ngood\n"bad\nfilm\n', [], "after line 4: unexpected end of data"),
        ("sequence,text\nS1,a\nS1,b\n", [], "line 3: sequence S1 occurs twice"),
        ("text,n\ngood\n", [], "line 2: 1 fields, the header has 2"),
    ],
)  # fmt: skip
def test_csv_that_is_refused(here, capsys, content, options, message):
    (here / "texts2.csv").write_text(content)
    assert main(["predict", "t.gruc", "texts2.csv", *options]) == 1
    assert message in capsys.readouterr().err


def test_blank_lines_are_empty_texts(here, model, capsys):
    (here / "one.csv").write_text("text\ngood\n\nbad\n")
    rows, _ = predicted(capsys, ["predict", "t.gruc", "one.csv"])
    assert [row[1] for row in rows] == model.predict(["good", "", "bad"]).tolist()


def test_bytes_that_are_not_utf8(here, capsys):
    (here / "latin.csv").write_bytes(b"text\ngood\nfa\xe7ade\n")
    assert main(["predict", "t.gruc", "latin.csv"]) == 1
    assert "latin.csv, line 3: it is not UTF-8 (" in capsys.readouterr().err


def test_other_files_and_options(here, capsys):
    np.save("x.npy", np.zeros((2, 3)))
    assert main(["predict", "t.gruc", "x.npy"]) == 1
    assert "t.gruc reads texts: give a CSV with a column of them" in capsys.readouterr().err
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, y).save("c.gruc")
    assert main(["predict", "c.gruc", "x.npy", "--text", "a"]) == 1
    assert "--text is for models that read texts; c.gruc does not" in capsys.readouterr().err
    pipeline = make_pipeline(TextSequencer(analyzer=None), GRUClassifier(embedding_dim=2, **FAST))
    gruc.save(pipeline.fit([["a"], ["b"]], [0, 1]), "n.gruc")
    assert main(["predict", "n.gruc", "texts.csv"]) == 1
    assert "reads sequences of str tokens, which no file here can hold" in capsys.readouterr().err
    gruc.save(
        make_pipeline(TextSequencer(), GRURegressor(embedding_dim=2, **FAST)).fit(["a", "b"], [0, 1]),
        "r.gruc",
    )
    assert main(["predict", "r.gruc", "texts.csv", "--proba"]) == 1
    assert "--proba is for classifiers; r.gruc is a regressor" in capsys.readouterr().err


@pytest.mark.parametrize("to", ["onnx", "torch"])
def test_pipelines_are_not_exported(here, capsys, to):
    assert main(["export", "t.gruc", "out", "--to", to]) == 1
    assert "t.gruc holds a pipeline, and only --to c takes texts: save its last" in capsys.readouterr().err
    assert not (here / "out").exists()


def test_texts_in_c(here, capsys):
    model = make_pipeline(TextSequencer(analyzer="char"), GRUClassifier(embedding_dim=2, **FAST))
    gruc.save(model.fit(["ab", "ba"], ["x", "y"]), "chars.gruc")
    assert main(["export", "chars.gruc", "m.h", "--to", "c"]) == 0
    gruc.to_c(model, "expected.h")
    assert (here / "m.h").read_bytes() == (here / "expected.h").read_bytes()
    assert "model_token(uint32_t character)" in (here / "m.h").read_text()
    words = make_pipeline(TextSequencer(), GRUClassifier(embedding_dim=2, **FAST))
    gruc.save(words.fit(["a b", "b"], ["x", "y"]), "words.gruc")
    assert main(["export", "words.gruc", "words.h", "--to", "c"]) == 1
    assert "which analyzer of the TextSequencer changes" in capsys.readouterr().err
    assert not (here / "words.h").exists()


def test_pipelines_of_numbers(here, capsys):
    X, y = vowels()
    pipeline = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, y)
    gruc.save(pipeline, "s.gruc")
    rows = [(f"s{i}", t, *row) for i, x in enumerate(X) for t, row in enumerate(x.tolist())]
    write(here / "x.csv", [("sequence", "step", *[f"c{i}" for i in range(12)]), *rows])
    got, _ = predicted(capsys, ["predict", "s.gruc", "x.csv"])
    assert [int(row[1]) for row in got] == pipeline.predict(X).tolist()
    table_X = np.stack([x[:4, 0] for x in X])
    pipeline = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(table_X, y)
    gruc.save(pipeline, "w.gruc")
    write(here / "wide.csv", [list("abcd"), *table_X.tolist()])
    got, _ = predicted(capsys, ["predict", "w.gruc", "wide.csv"])
    assert [int(row[1]) for row in got] == pipeline.predict(table_X).tolist()


def test_tokens(here, capsys):
    X = [np.array([0, 2, 1]), np.array([3]), np.array([1, 1])]
    model = GRUClassifier(embedding_dim=2, **FAST).fit(X, [0, 1, 0])
    model.save("k.gruc")
    rows = [(i, t, token) for i, x in enumerate(X) for t, token in enumerate(x)]
    write(here / "k.csv", [("sequence", "step", "token"), *rows])
    got, _ = predicted(capsys, ["predict", "k.gruc", "k.csv"])
    assert [int(row[1]) for row in got] == model.predict(X).tolist()
    for cell, message in [
        ("0.5", "sequence 1 has 0.5; tokens are whole numbers below"),
        ("9", "token 9 at step 0"),
        ("1e30", "sequence 1 has 1e+30; tokens are whole"),
    ]:
        write(here / "bad.csv", [("sequence", "step", "token"), (0, 0, 1), (1, 0, cell)])
        assert main(["predict", "k.gruc", "bad.csv"]) == 1
        assert message in capsys.readouterr().err
    assert main(["export", "k.gruc", "k.safetensors", "--to", "torch"]) == 0
    table = load_file("k.safetensors")["embedding.weight"]
    assert np.array_equal(table, model.weights_["embedding.weight"])
    assert main(["export", "k.gruc", "k.h", "--to", "c"]) == 0
    assert "#define MODEL_N_TOKENS 4 " in (here / "k.h").read_text()
    capsys.readouterr()
    write(here / "two.csv", [("sequence", "step", "a", "b"), (0, 0, 1, 2)])
    assert main(["predict", "k.gruc", "two.csv"]) == 1
    assert "two.csv has 2 features; the model reads one, tokens" in capsys.readouterr().err


def test_info(here, capsys):
    assert main(["info", "t.gruc", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["steps"], facts["analyzer"]) == ("GRUClassifier", "TextSequencer", "char")
    assert facts["tokens"] == len(set("".join(TEXTS[:5]).lower())) + 1
    assert facts["classes"] == ["no", "yes"]
    assert main(["info", "t.gruc"]) == 0
    assert "steps         TextSequencer\n" in capsys.readouterr().out


def test_answers_for_each_step(here, capsys):
    texts = ["aB a", "b"]
    labels = [["low" if c.islower() else "other" for c in text] for text in texts]
    pipeline = make_pipeline(TextSequencer(analyzer="char"), GRUTagger(embedding_dim=3, **FAST))
    gruc.save(pipeline.fit(texts * 3, labels * 3), "tag.gruc")
    (here / "t.csv").write_text("sequence,text\nA,aB a\nB,b\n")
    rows, _ = predicted(capsys, ["predict", "tag.gruc", "t.csv"])
    expected = pipeline.predict(texts)
    assert rows == [
        [name, str(t), label]
        for name, tags in zip("AB", expected, strict=True)
        for t, label in enumerate(tags)
    ]
    assert main(["predict", "tag.gruc", "t.csv", "--proba"]) == 0
    assert capsys.readouterr().out.startswith("sequence,step,low,other\nA,0,0.")
    cube = np.random.default_rng(0).normal(size=(3, 4, 2))
    GRUStepRegressor(**FAST).fit(cube, cube).save("step.gruc")
    np.save("cube.npy", cube)
    assert main(["predict", "step.gruc", "cube.npy"]) == 0
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["sequence", "step", "prediction_0", "prediction_1"]
    got = np.array(rows, float)[:, 2:].reshape(3, 4, 2)
    np.testing.assert_allclose(got, gruc.load("step.gruc").predict(cube))
    assert main(["info", "step.gruc"]) == 0
    assert "none, one prediction for each step" in capsys.readouterr().out
