"""Tokens of texts as strings."""

import pickle
import sys
import unicodedata
from io import BytesIO, StringIO

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from gruc.sequences.analyzers import (
    Analyzer,
    analyzed,
    as_ascii,
    as_documents,
    lowercased,
    ngrams_in_order,
    ngrams_within_words,
    without_accents,
)
from gruc.sequences.vocabulary import TokenRules, counted

FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"


def tokens(text, **settings):
    return Analyzer(**settings)(text)


def test_lower_case_keeps_the_length_of_every_character():
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        lower = lowercased(character)
        assert len(lower) == 1
        if code not in (0x130, 0x3A3):
            assert lower == character.lower()
    assert lowercased("\u0130STANBUL") == "istanbul"
    assert lowercased("ΟΔΟΣ ΣΑΣ") == "οδοσ σασ"  # wherever they are in a word
    assert "".join(map(lowercased, "ΟΔΟΣ Σς")) == lowercased("ΟΔΟΣ Σς")


@pytest.mark.parametrize(
    "text, plain",
    [
        ("àáâãäåçèéêë ìíîïñòóôõöùúûüý", "aaaaaaceeee iiiinooooouuuuy"),
        ("\u0625", "\u0627"),  # alef with hamza below
        ("this is à test", "this is a test"),
        ("o\u0308", "o"),
        ("\u0300\u0301\u0302\u0303", ""),
        ("o\u0308\u0304", "o"),
        ("plain", "plain"),
    ],
)
def test_accents(text, plain):
    assert without_accents(text) == plain


def test_ascii():
    assert as_ascii("àáâãäåçèéêë ìíîïñòóôõöùúûüý") == "aaaaaaceeee iiiinooooouuuuy"
    assert as_ascii("\u0625") == ""
    assert as_ascii("this is à test") == "this is a test"


@pytest.mark.parametrize("lengths", [(1, 1), (1, 2), (2, 2), (1, 4), (2, 3), (3, 6), (5, 5), (7, 9)])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 9])
def test_ngrams_end_where_the_next_begin_to(lengths, size):
    units = "abcdefghi"[:size]
    expected = [
        units[end - n : end]
        for end in range(1, size + 1)
        for n in range(lengths[0], lengths[1] + 1)
        if n <= end
    ]
    assert ngrams_in_order(units, lengths) == expected
    assert ngrams_in_order(list(units), lengths, "".join) == expected
    assert ngrams_in_order(units, (lengths[0], 2**40)) == ngrams_in_order(units, (lengths[0], 100))


def test_ngrams_within_words():
    assert ngrams_within_words("ab \n c", (2, 3)) == [" a", "ab", " ab", "b ", "ab ", " c", "c ", " c "]
    assert ngrams_within_words("a bcd", (4, 4)) == [" a ", " bcd", "bcd "]
    assert ngrams_within_words(" \t", (1, 2)) == []


@pytest.mark.parametrize(
    "text, words, characters",
    [
        ("I am. A", ["i", "am", ".", "a"], list("i am. a")),
        ("a  b\n", ["a", "b"], ["a", " ", " ", "b", "\n"]),
        ("电影很好看!", ["电影很好看", "!"], list("电影很好看!")),
        (f"so {FAMILY}", ["so", *FAMILY], ["s", "o", " ", *FAMILY]),
        ("שלום, עולם", ["שלום", ",", "עולם"], list("שלום, עולם")),
        ("o\u0302to\u0302", ["o", "\u0302", "to", "\u0302"], list("o\u0302to\u0302")),
        ("don't_stop 3.5", ["don", "'", "t_stop", "3", ".", "5"], list("don't_stop 3.5")),
        ("", [], []),
    ],
)
def test_any_language(text, words, characters):
    assert tokens(text) == words
    assert tokens(text, analyzer="char") == characters


def test_a_pattern_for_letters_with_marks():
    pattern = r"(?:\w[\u0300-\u036f]*)+|[^\w\s]"
    assert tokens("e\u0301te\u0301!", token_pattern=pattern) == ["e\u0301te\u0301", "!"]
    composed = Analyzer(preprocessor=lambda text: unicodedata.normalize("NFC", text))
    assert composed("e\u0301te\u0301!") == ["été", "!"]


def test_groups_of_a_pattern():
    assert tokens("#one two #three", token_pattern=r"#(\w+)") == ["one", "three"]
    with pytest.raises(ValueError, match="More than 1 capturing group"):
        tokens("a", token_pattern=r"(a)(b)")


def test_order_of_preparation():
    both = Analyzer(strip_accents="unicode", analyzer="char")
    assert both("É\u0130") == ["e", "i"]
    assert Analyzer(lowercase=False, strip_accents="ascii", analyzer="char")("Éß") == ["E"]
    assert Analyzer(preprocessor=str.upper, strip_accents="ascii", analyzer="char")("é") == ["É"]
    assert Analyzer(strip_accents=lambda text: text.replace("x", ""), analyzer="char")("xAx") == ["a"]


def test_stop_words_go_before_ngrams():
    analyzer = Analyzer(stop_words=frozenset({"the", "of"}), ngram_range=(1, 2))
    assert analyzer("The end of days") == ["end", "days", "end days"]
    assert Analyzer(tokenizer=str.split, stop_words=frozenset({"a"}))("a b, c") == ["b,", "c"]


def test_documents_of_all_kinds(tmp_path):
    text, settings = "Größe 大", {"analyzer": "char"}
    expected = list("größe 大")
    assert tokens(text.encode(), **settings) == expected
    assert tokens(bytearray(text, "utf-16"), encoding="utf-16", **settings) == expected
    assert tokens(StringIO(text), input="file", **settings) == expected
    assert tokens(BytesIO(text.encode()), input="file", **settings) == expected
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert tokens(str(tmp_path / "a.txt"), input="filename", **settings) == expected
    assert tokens(b"a\xffb", decode_error="ignore", **settings) == ["a", "b"]
    assert tokens(b"a\xffb", decode_error="replace", **settings) == ["a", "\N{REPLACEMENT CHARACTER}", "b"]


@pytest.mark.parametrize("X", [("a", "b"), {"a": 0, "b": 0}.keys(), np.array(["a", "b"]), iter("ab")])
def test_collections_of_documents(X):
    assert as_documents(X) == ["a", "b"]


def test_columns_of_frames():
    frame = pd.DataFrame({"text": ["a", "b"], "n": 0})
    for column in (
        frame["text"],
        frame["text"].astype("string[pyarrow]"),
        pl.Series(["a", "b"]),
        pa.array(["a", "b"]),
    ):
        assert as_documents(column) == ["a", "b"]
    with pytest.raises(ValueError, match=r"X is a DataFrame; give its column of texts alone, as X\['text'\]"):
        as_documents(frame)


@pytest.mark.parametrize(
    "X, error, message",
    [
        ("a text", ValueError, r"string object received; give a single text as \[X\]"),
        (b"a text", ValueError, "string object received"),
        ({"a": 1}, TypeError, "X is a dict"),
        (3, TypeError, "X is 3; expected a list of texts"),
        (None, TypeError, "X is None"),
        (np.array("a"), TypeError, "expected a list of texts"),
        ([], ValueError, "X contains no texts"),
    ],
)
def test_no_collections_of_documents(X, error, message):
    with pytest.raises(error, match=message):
        as_documents(X)


@pytest.mark.parametrize(
    "document, settings, message",
    [
        (None, {}, r"X\[1\] is None, a text that is missing"),
        (np.nan, {}, r"X\[1\] is NaN, a text that is missing"),
        (pd.NA, {}, r"X\[1\] is <NA>, a text that is missing"),
        (7, {}, r"X\[1\] is 7 of type int, expected str or bytes"),
        (["a"], {}, r"X\[1\] is of type list, expected str or bytes. Sequences of str tokens are for analy"),
        ("a", {"analyzer": None}, r"X\[1\] is 'a', but with analyzer=None each element is a sequence"),
        (5, {"analyzer": None}, r"X\[1\] is 5, but with analyzer=None"),
        ("a", {"input": "file"}, r"X\[1\] is 'a', which has no read\(\)"),
    ],
)
def test_documents_are_named(document, settings, message):
    good = {"file": StringIO("a")}.get(settings.get("input"), ["a"] if "analyzer" in settings else "a")
    with pytest.raises(ValueError, match=message):
        list(analyzed(Analyzer(**settings), [good, document]))


def test_what_cannot_be_decoded_is_named():
    with pytest.raises(UnicodeDecodeError, match=r"position 1: invalid start byte, in X\[1\]; give its enc"):
        list(analyzed(Analyzer(), ["a", b"a\xff"]))


def test_errors_of_functions_are_theirs():
    def fails(text):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="^mine$"):
        list(analyzed(Analyzer(analyzer=fails), ["a"]))


def test_functions_that_return_iterators():
    for settings in (
        {"analyzer": lambda text: iter(text.split())},
        {"tokenizer": lambda text: iter(text.split())},
    ):
        texts = ["a b", "b"]
        terms, flat, lengths = counted(Analyzer(**settings), TokenRules(), texts)
        assert (terms, flat.tolist(), lengths) == (["a", "b"], [0, 1, 1], [2, 1])


def test_preprocessors_that_return_no_text():
    for kind in ("word", "char", "char_wb"):
        analyzer = Analyzer(analyzer=kind, preprocessor={"a": "a"}.get)
        with pytest.raises(ValueError, match=r"X\[1\] is not a str after preprocessor, but None"):
            counted(analyzer, TokenRules(), ["a", "b"])


def test_pickles():
    analyzer = Analyzer(strip_accents="ascii", ngram_range=(1, 2))
    assert analyzer("É b") == ["e", "b", "e b"]
    again = pickle.loads(pickle.dumps(analyzer))
    assert again("É b") == ["e", "b", "e b"]
    assert again.options() == analyzer.options()
    with pytest.raises(TypeError, match="'ngrams'"):
        Analyzer(ngrams=2)


def test_which_parameter_is_a_function():
    assert Analyzer(strip_accents="ascii").custom() is None
    assert Analyzer(tokenizer=str.split).custom() == "tokenizer"
    assert Analyzer(analyzer=str.split, tokenizer=str.split).custom() == "analyzer"
