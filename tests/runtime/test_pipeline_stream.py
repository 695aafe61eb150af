"""Pipelines that read a sequence piece by piece."""

import io

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTagger
from gruc.preprocessing import SequenceScaler, TextSequencer
from problems import vowels
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(5,), max_iter=2, random_state=0)
TEXTS = ["Good, bad", "bad good!", "ABC"] * 3


def predictor_of(model=None, **settings):
    model = GRUClassifier(embedding_dim=3, **FAST) if model is None else model
    file = io.BytesIO()
    gruc.save(make_pipeline(TextSequencer(**settings), model).fit(TEXTS, [0, 1, 2] * 3), file)
    return gruc.runtime.load(file.getvalue())


@pytest.mark.parametrize("settings", [{}, {"add_start": True}, {"unknown": "skip"}])
def test_characters(settings):
    predictor = predictor_of(analyzer="char", **settings)
    stream, text = predictor.stream(), "bad Zgood"
    for end, character in enumerate(text, 1):
        result = stream.step(character)
        np.testing.assert_array_equal(result, predictor.predict_proba([text[:end]])[0])
    stream.reset()
    np.testing.assert_array_equal(stream.step(text), predictor.predict_proba([text])[0])
    stream.reset()
    every = stream.step(text, every=True)
    skipped = settings.get("unknown") == "skip"
    assert len(every) == len(text) - skipped
    np.testing.assert_array_equal(every[-1], predictor.predict_proba([text])[0])
    np.testing.assert_array_equal(stream.step(""), every[-1])
    if skipped:
        np.testing.assert_array_equal(stream.step("Z"), every[-1])


def test_answers_of_each_character():
    text, labels = "bad, \u00e9 A", [[character.isalpha() for character in text] for text in TEXTS]
    model = make_pipeline(TextSequencer(analyzer="char"), GRUTagger(embedding_dim=3, **FAST))
    file = io.BytesIO()
    gruc.save(model.fit(TEXTS, labels), file)
    predictor = gruc.runtime.load(file.getvalue())
    (expected,) = predictor.predict_proba([text])
    stream = predictor.stream()
    np.testing.assert_array_equal([stream.step(character) for character in text], expected)
    stream.reset()
    np.testing.assert_array_equal(stream.step(text, every=True), expected)


def test_words():
    predictor = predictor_of(model=GRURegressor(embedding_dim=2, **FAST))
    stream = predictor.stream()
    for piece in ["good", " ,", "bad new"]:
        result = stream.step(piece)
    assert result == predictor.predict(["good , bad new"])[0]
    stream.reset()
    with pytest.raises(ValueError, match="x has no tokens"):
        stream.step(" ")
    with pytest.raises(ValueError, match=r"X\[0\] is None"):
        stream.step(None)


def test_states_go_on():
    predictor = predictor_of(analyzer="char")
    one, other = predictor.stream(), predictor.stream()
    one.step("good")
    other.stream.restore(one.stream.snapshot())
    np.testing.assert_array_equal(other.step("bad"), one.step("bad"))
    started = predictor.stream(initial_state=np.full((1, 5), 0.25))
    np.testing.assert_array_equal(
        started.step("bad"), predictor.predict_proba(["bad"], initial_state=np.full((1, 5), 0.25))[0]
    )


@pytest.mark.parametrize(
    "name, settings",
    [
        ("max_length", {"max_length": 5}),
        ("add_end", {"add_end": True}),
        ("ngram_range", {"ngram_range": (1, 2)}),
    ],
)
def test_settings_that_pieces_do_not_allow(name, settings):
    with pytest.raises(ValueError, match=f"piece by piece, which {name} of the TextSequencer does not allow"):
        predictor_of(**settings).stream()


def test_other_streams_that_are_refused():
    with pytest.raises(ValueError, match="A stream of texts is one text; make one stream for each of 2"):
        predictor_of().stream(2)
    both = predictor_of(model=GRUClassifier(embedding_dim=2, bidirectional=True, **FAST))
    with pytest.raises(ValueError, match="bidirectional"):
        both.stream()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaled_sequences(dtype):
    X, y = vowels()
    X = [x.astype(dtype) for x in X]
    file = io.BytesIO()
    gruc.save(make_pipeline(SequenceScaler(), GRUClassifier(frame_length=1, **FAST)).fit(X, y), file)
    predictor = gruc.runtime.load(file.getvalue())
    stream = predictor.stream()
    for x in X[0]:
        result = stream.step(x)
    np.testing.assert_array_equal(result, predictor.predict_proba(X[:1])[0])
    stream.reset()
    np.testing.assert_array_equal(stream.step(X[0], every=True)[-1], result)
    two = predictor.stream(2)
    blocks = np.stack([X[0][:5], X[1][:5]])
    np.testing.assert_array_equal(two.step(blocks), predictor.predict_proba(blocks))
