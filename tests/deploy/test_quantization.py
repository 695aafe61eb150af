"""Reports of what weights in fewer bits cost, against the files themselves."""

import io

import gruc
import numpy as np
import pytest
from gruc.deploy import quantization_report
from gruc.preprocessing import TextSequencer
from problems import vowels
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(12,), max_iter=3, random_state=0)
TEXTS = ["abab", "ba", "bbaab", "a"] * 8
NARROW = ["float16", "bfloat16", "int8"]


def stored(model, weights):
    file = io.BytesIO()
    gruc.save(model, file, weights=weights)
    return gruc.load(file.getvalue()), len(file.getvalue())


def test_a_classifier(tmp_path):
    X, y = vowels()
    model = gruc.GRUClassifier(**FAST).fit(X, y)
    report = quantization_report(model, X, y)
    assert [row.weights for row in report] == ["float32", *NARROW]
    assert report["float32"].largest_change == report["float32"].changed == 0
    before = model.predict_proba(X)
    for row in report:
        loaded, size = stored(model, row.weights)
        assert row.file_bytes == size
        assert row.score == loaded.score(X, y)
        assert row.largest_change == np.abs(loaded.predict_proba(X) - before).max()
        assert row.changed == np.mean(loaded.predict(X) != model.predict(X))
        assert row.c_bytes == gruc.to_c(model, tmp_path / "m.h", storage=row.weights).constant_bytes
    changes = [row.largest_change for row in report]
    assert changes == sorted(changes)
    assert 0.25 < report["int8"].c_bytes / report["float32"].c_bytes < 0.45
    lines = str(report).splitlines()
    assert lines[0].split() == [
        "weights",
        "score",
        "file,",
        "bytes",
        "C,",
        "bytes",
        "largest",
        "change",
        "changed",
    ]
    assert lines[4].split()[:2] == ["int8", f"{report['int8'].score:.4f}"]
    assert quantization_report(model, X)["int8"].score is None
    with pytest.raises(KeyError):
        report["int4"]
    with pytest.raises(ValueError, match="X is None: give sequences"):
        quantization_report(model)


def test_values_in_float64():
    X, y = vowels()
    model = gruc.GRURegressor(**FAST, dtype="float64").fit(X, y)
    report = quantization_report(model, X, y)
    assert [row.weights for row in report] == ["float64", "float32", *NARROW]
    for row in report:
        loaded, _ = stored(model, None if row.weights == "float64" else row.weights)
        assert row.largest_change == np.abs(loaded.predict(X) - model.predict(X)).max()
        assert (row.score, row.changed) == (loaded.score(X, y), None)
    assert 0 < report["float32"].largest_change < 1e-5 < report["int8"].largest_change


def test_labels_of_steps_and_pipelines():
    X, _ = vowels()
    y = [np.arange(len(x)) % 2 for x in X]
    model = gruc.GRUTagger(**FAST).fit(X, y)
    row, (loaded, _) = quantization_report(model, X, y)["int8"], stored(model, "int8")
    pairs = zip(loaded.predict(X), model.predict(X), strict=True)
    assert row.changed == np.mean(np.concatenate([a != b for a, b in pairs]))
    assert row.score == loaded.score(X, y)
    labels = [len(text) > 2 for text in TEXTS]
    pipeline = make_pipeline(TextSequencer(analyzer="char"), gruc.GRUClassifier(**FAST, embedding_dim=9))
    row = quantization_report(pipeline.fit(TEXTS, labels), TEXTS, labels)["bfloat16"]
    assert row.score == stored(pipeline, "bfloat16")[0].score(TEXTS, labels)
    assert row.c_bytes > 0


def test_texts():
    text = "hello world " * 20
    model = gruc.GRULanguageModel(**FAST, embedding_dim=12, tie_weights=True).fit(text)
    row, (loaded, _) = quantization_report(model, text)["int8"], stored(model, "int8")
    assert row.score == loaded.score(text) != model.score(text)
    assert 0 < row.largest_change < 0.1
    backwards = [text[::-1] for text in TEXTS]
    translator = gruc.GRUSeq2Seq(**FAST, embedding_dim=8).fit(TEXTS, backwards)
    row, (loaded, _) = quantization_report(translator, TEXTS, backwards)["int8"], stored(translator, "int8")
    assert row.score == loaded.score(TEXTS, backwards)
    assert (row.c_bytes, row.largest_change) == (None, None)  # there is no C of these
    assert row.changed == np.mean(np.array(loaded.predict(TEXTS)) != np.array(translator.predict(TEXTS)))


def test_forecasts():
    y = 100 + 10 * np.sin(2 * np.pi * np.arange(150) / 12) + np.random.default_rng(0).standard_normal(150)
    model = gruc.GRUForecaster(**FAST, season_length=12, horizon=6, early_stopping=False).fit(y[:120])
    row, (loaded, _) = quantization_report(model, None, y[120:126])["int8"], stored(model, "int8")
    assert row.score == pytest.approx(-np.abs(loaded.predict() - y[120:126]).mean())
    assert row.largest_change == np.abs(loaded.predict() - model.predict()).max() > 0
    assert quantization_report(model)["int8"].score is None
    with pytest.raises(ValueError, match=r"y has 4 values, and predict\(X=X\) forecasts 6"):
        quantization_report(model, None, y[120:124])
