"""Texts whose tokens are coloured by their attributions, as HTML and for terminals."""

import re

import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier
from gruc.inspection import AttributionDisplay, attributions
from gruc.inspection._texts import as_ansi, as_html, colour, pieces_of
from gruc.preprocessing import TextSequencer
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def pieces(sequencer, text, values=None):
    sequencer = sequencer.fit(["This film is good, and not bad", text])
    (tokens,) = sequencer.transform([text])
    values = np.arange(1.0, len(tokens) + 1) if values is None else values
    return pieces_of(sequencer._encoder(), text, values)


def test_words_in_their_text():
    text = "This Film,  is\ngood"
    expected = [("This", 1.0), (" ", None), ("Film", 2.0), (",", 3.0), ("  ", None), ("is", 4.0)]
    assert pieces(TextSequencer(), text) == [*expected, ("\n", None), ("good", 5.0)]


@pytest.mark.parametrize(
    "settings, text",
    [
        ({}, "Not bad,  is it?"),
        ({"analyzer": "char"}, "Not bad!"),
        ({"analyzer": "char", "ngram_range": (1, 2)}, "Not bad!"),
        ({"ngram_range": (1, 3)}, "not a bad film"),
        ({"lowercase": False}, "Not BAD"),
        ({"strip_accents": "unicode"}, "un café noir"),
        ({"analyzer": "char", "max_length": 3}, "Not bad!"),
        ({"max_length": 2, "truncation": "left"}, "not a bad film"),
        ({"stop_words": "english"}, "it is not a bad film"),
        ({"unknown": "skip", "max_features": 3}, "this film is quite good"),
    ],
)
def test_pieces_are_the_text_and_their_numbers_add_up(settings, text):
    made = pieces(TextSequencer(**settings), text)
    assert "".join(piece for piece, _ in made) == text
    sequencer = TextSequencer(**settings).fit(["This film is good, and not bad", text])
    n_tokens = len(sequencer.transform([text])[0])
    total = sum(value for _, value in made if value is not None)
    assert total == pytest.approx(n_tokens * (n_tokens + 1) / 2)


def test_an_ngram_is_shared_by_its_characters():
    made = pieces(TextSequencer(analyzer="char", ngram_range=(1, 2)), "abc")  # a, b, ab, c, bc
    assert made == [("a", 1 + 1.5), ("b", 2 + 1.5 + 2.5), ("c", 4 + 2.5)]


def test_special_tokens():
    made = pieces(TextSequencer(add_start=True, add_end=True), "good film")
    assert made == [("<s>", 1.0), ("good", 2.0), (" ", None), ("film", 3.0), ("</s>", 4.0)]
    assert pieces(TextSequencer(), "", [5.0]) == [("<unk>", 5.0)]


def test_tokens_that_are_given():
    made = pieces_of(
        TextSequencer(analyzer=None).fit([["a", "b"]])._encoder(), ["b", "c"], np.array([1.0, -2.0])
    )
    assert made == [("b", 1.0), (" ", None), ("c", -2.0)]


def test_colours():
    assert colour(0.0, 3.0) == colour(0.0, 0.0) == (255, 255, 255)
    red, blue = colour(3.0, 3.0), colour(-3.0, 3.0)
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    middle = colour(1.5, 3.0)
    assert all(min(a, 255) < c < 255 or a == c for a, c in zip(red, middle, strict=True))


def test_html_escapes_the_text():
    made = as_html([("<b>", 1.0), (" & ", None), ("x", -2.0)], 'a "title" <i>')
    assert "&lt;b&gt;" in made
    assert " &amp; " in made
    assert "<i>" not in made
    assert 'title="+1"' in made
    assert "-2 to +2" in made


def test_ansi_without_its_codes_is_the_text():
    made = as_ansi([("ab", 1.0), (" ", None), ("c", -2.0)])
    assert re.sub("\x1b\\[[0-9;]*m", "", made) == "ab c"
    red, green, blue = colour(-2.0, 2.0)
    assert f"\x1b[30;48;2;{red};{green};{blue}mc\x1b[0m" in made


def test_display_of_a_text():
    X, y = ["good film", "bad film", "good", "bad"] * 5, ["yes", "no", "yes", "no"] * 5
    network = GRUClassifier((6,), embedding_dim=4, max_iter=30, random_state=0)
    model = make_pipeline(TextSequencer(), network).fit(X, y)
    text = "a Bad film"
    display = AttributionDisplay.from_estimator(model, pd.Series([text]), target=0)
    shown = display._repr_html_()
    assert "attributions to class no" in shown
    assert re.sub("\x1b\\[[0-9;]*m", "", str(display)) == text
    values = attributions(model, [text], target=0)[0]
    assert [value for _, value in display.pieces if value is not None] == values.tolist()
    assert np.argmax(values) == 1
    tokens = AttributionDisplay.from_estimator(model[-1], model[:-1].transform([text]), target=0)
    assert [value for _, value in tokens.pieces] == values.tolist()
    assert tokens.pieces[1][0].strip() == str(model[0].vocabulary_["bad"])


def test_a_series_has_no_text():
    display = AttributionDisplay(np.zeros((3, 2)), np.zeros((3, 2)))
    assert display._repr_html_() is None
    assert str(display) == repr(display)
