"""Tokens of texts as integers."""

import numpy as np
import pytest
from gruc.sequences.analyzers import Analyzer
from gruc.sequences.vocabulary import (
    BLOCK,
    FEW,
    MISSING,
    TextEncoder,
    TokenRules,
    counted,
    selected,
    terms_in_order,
)

TEXTS = ["to be or not", "", "be be not", "or"]
WORDS, CHARACTERS = Analyzer(), Analyzer(analyzer="char")


@pytest.mark.parametrize("analyzer", [WORDS, CHARACTERS, Analyzer(analyzer="char", ngram_range=(1, 2))])
@pytest.mark.parametrize("texts", [TEXTS, [""], TEXTS * (BLOCK // 2 + 1)])
def test_counts_are_sorted_terms_and_places(analyzer, texts):
    terms, flat, lengths = counted(analyzer, TokenRules(), texts)
    expected = [analyzer(text) for text in texts]
    assert terms == sorted({token for tokens in expected for token in tokens})
    assert lengths == list(map(len, expected))
    assert [terms[place] for place in flat] == [token for tokens in expected for token in tokens]
    assert flat.dtype == np.int32


def test_surrogates_and_the_last_code_point():
    texts = ["a\ud800", "\U0010ffff"]
    terms, flat, lengths = counted(CHARACTERS, TokenRules(), texts)
    assert (terms, flat.tolist(), lengths) == (["a", "\ud800", "\U0010ffff"], [0, 1, 2], [2, 1])


def test_selected_terms():
    terms, flat, lengths = counted(WORDS, TokenRules(), TEXTS)
    assert terms == ["be", "not", "or", "to"]
    pick = {"limits": (1, 4), "max_features": None}
    assert selected(flat, lengths, 4, **pick).tolist() == [True] * 4
    assert selected(flat, lengths, 4, (2, 4), None).tolist() == [True, True, True, False]
    assert selected(flat, lengths, 4, (1, 1), None).tolist() == [False, False, False, True]
    assert selected(flat, lengths, 4, (1, 4), 1).tolist() == [True, False, False, False]
    # of equally frequent terms the first
    assert selected(flat, lengths, 4, (1, 4), 2).tolist() == [True, True, False, False]
    assert selected(flat, lengths, 4, (1, 1), 1).tolist() == [False, False, False, True]
    assert selected(flat, lengths, 4, (1.5, 3.9), 9).tolist() == [True, True, True, False]


INDEX = {"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3, "b": 4}


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, [[3, 4, 0], [0], [0]]),
        ({"unknown": "skip"}, [[3, 4], [0], [0]]),
        ({"add_start": True}, [[1, 3, 4, 0], [1], [1, 0]]),
        ({"add_start": True, "add_end": True, "unknown": "skip"}, [[1, 3, 4, 2], [1, 2], [1, 2]]),
        ({"max_length": 2}, [[3, 4], [0], [0]]),
        ({"max_length": 2, "truncation": "left"}, [[4, 0], [0], [0]]),
        ({"max_length": 2, "add_end": True, "truncation": "left"}, [[0, 2], [2], [0, 2]]),
    ],
)
@pytest.mark.parametrize("analyzer", [CHARACTERS, Analyzer(token_pattern="."), Analyzer(analyzer=None)])
def test_sequences(settings, expected, analyzer):
    texts = ["abc", "", "c"]
    texts = list(map(list, texts)) if analyzer.analyzer is None else texts
    found = TextEncoder(analyzer, TokenRules(**settings), INDEX).encode(texts)
    assert [tokens.tolist() for tokens in found] == expected
    assert {tokens.dtype for tokens in found} == {np.dtype("int32")}


def test_max_length_has_room_for_a_token():
    TokenRules(max_length=2, add_end=True).check()
    with pytest.raises(ValueError, match="max_length=2 leaves no room for tokens of a text: it counts the 2"):
        TokenRules(max_length=2, add_start=True, add_end=True).check()


@pytest.mark.parametrize("dtype", ["int16", "uint8", "int64"])
def test_integer_types(dtype):
    (tokens,) = TextEncoder(CHARACTERS, TokenRules(), INDEX, dtype).encode(["abz"])
    assert (tokens.dtype, tokens.tolist()) == (np.dtype(dtype), [3, 4, 0])


@pytest.mark.parametrize("n", [1, 2, FEW, FEW + 1, 10 * FEW])
def test_short_and_long_texts(n):
    (tokens,) = TextEncoder(CHARACTERS, TokenRules(), INDEX).encode(["ab\U0001f600" * n])
    assert tokens.tolist() == [3, 4, 0] * n


def test_blocks_follow_one_another():
    texts = ["ab"[i % 2] * (i % 3) for i in range(BLOCK + 5)]
    found = TextEncoder(CHARACTERS, TokenRules(), INDEX).encode(texts)
    assert [tokens.tolist() for tokens in found] == [[INDEX[c] for c in text] or [0] for text in texts]


@pytest.mark.parametrize("tokens", [["a", 1], ["a", b"b"], ["a", None]])
@pytest.mark.parametrize("kind", [None, list])
def test_tokens_are_str(tokens, kind):
    if kind is None:
        analyzer, document = Analyzer(analyzer=None), tokens
    else:
        analyzer, document = Analyzer(analyzer=lambda text: tokens), "x"
    for call in (
        lambda: counted(analyzer, TokenRules(), [document]),
        lambda: TextEncoder(analyzer, TokenRules(), INDEX).encode([document]),
    ):
        with pytest.raises(ValueError, match=r"X\[0\] has a token that is not a str: .* at 1"):
            call()


@pytest.mark.parametrize("analyzer", [CHARACTERS, WORDS, Analyzer(analyzer=None)])
def test_errors_name_the_document_in_any_block(analyzer):
    texts = ["a"] * (BLOCK + 3) + [None]
    texts = [[text] for text in texts] if analyzer.analyzer is None else texts
    for call in (
        lambda: counted(analyzer, TokenRules(), texts),
        lambda: TextEncoder(analyzer, TokenRules(), INDEX).encode(texts),
    ):
        with pytest.raises(
            ValueError, match=rf"X\[{BLOCK + 3}\] (is None|has a token that is not a str: None)"
        ):
            call()


def test_terms_by_integer():
    assert terms_in_order({"b": 1, "a": 2, "c": 0}) == ["c", "b", "a"]
    assert MISSING < 0
