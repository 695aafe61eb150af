"""Vectors of words from text files."""

import gzip
import io
import os

import numpy as np
import pytest
from gruc.preprocessing import TextSequencer, _word_vectors, load_word_vectors

GLOVE = "good 1 0.5\nbad -1 0.5\n电影 0 -4e-1\n"


def of(text, *args, **settings):
    return load_word_vectors(io.BytesIO(text.encode()), *args, **settings)


@pytest.mark.parametrize("header", ["", "3 2\n"])
@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_formats(tmp_path, header, end, pack):
    (tmp_path / "vectors").write_bytes(pack((header + GLOVE).replace("\n", end).encode()))
    for path in (tmp_path / "vectors", str(tmp_path / "vectors")):
        vocabulary, vectors = load_word_vectors(path)
        assert vocabulary == {"<unk>": 0, "good": 1, "bad": 2, "电影": 3}
        assert vectors.dtype == np.float32
        expected = np.array([[0, 0.2], [1, 0.5], [-1, 0.5], [0, -0.4]], "float32")
        np.testing.assert_allclose(vectors, expected, atol=1e-7)
    assert load_word_vectors(path, dtype="float64")[1][3, 1] == -0.4


def test_special_tokens():
    vocabulary, vectors = of(GLOVE, add_start=True, add_end=True)
    assert list(vocabulary)[:4] == ["<unk>", "<s>", "</s>", "good"]
    np.testing.assert_allclose(vectors[:3], [[0, 0.2]] * 3, atol=1e-7)
    # where the file has vectors for them, they are taken
    vocabulary, vectors = of("</s> 3 3\na 1 1\n<unk> 2 8\n")
    assert vocabulary == {"<unk>": 0, "</s>": 1, "a": 2}
    assert vectors.tolist() == [[2, 8], [3, 3], [1, 1]]
    vocabulary, vectors = of("a 1 1\n<unk> 2 8\n</s> 3 3\n", add_end=True)
    assert vocabulary == {"<unk>": 0, "</s>": 1, "a": 2}
    assert vectors.tolist() == [[2, 8], [3, 3], [1, 1]]


def test_words_that_are_wanted():
    vocabulary, vectors = of(GLOVE, ["电影", "missing", "good"])
    assert vocabulary == {"<unk>": 0, "电影": 1, "missing": 2, "good": 3}
    np.testing.assert_allclose(vectors, [[0.5, 0.05], [0, -0.4], [0.5, 0.05], [1, 0.5]], atol=1e-7)
    with pytest.raises(ValueError, match="BytesIO has none of the 2 terms"):
        of(GLOVE, ["other"])
    with pytest.raises(ValueError, match="without the special token '<unk>'"):
        of(GLOVE, {"good": 0})


@pytest.mark.parametrize("settings", [{}, {"add_start": True}, {"add_start": True, "add_end": True}])
def test_rows_are_those_of_the_tokens(settings):
    """By the vocabulary of the file, and by that of the texts, whatever is missing on either side."""
    texts = ["good 电影", "bad unheard", ""]
    by_word = {"good": [1, 0.5], "bad": [-1, 0.5], "电影": [0, -0.4]}
    fitted = TextSequencer(**settings).fit(texts)
    of_texts = of(GLOVE, fitted.vocabulary_)
    of_file = of(GLOVE, **settings)
    assert of_texts[0] == fitted.vocabulary_
    for sequencer, (vocabulary, vectors) in [
        (fitted, of_texts),
        (TextSequencer(vocabulary=of_texts[0], **settings), of_texts),
        (TextSequencer(vocabulary=of_file[0], **settings), of_file),
    ]:
        assert len(vectors) == len(vocabulary) == len(sequencer.get_feature_names_out())
        for tokens, terms in zip(
            sequencer.transform(texts),
            sequencer.inverse_transform(sequencer.transform(texts)),
            strict=True,
        ):
            assert len(tokens) == len(terms) > 0
            for token, term in zip(tokens, terms, strict=True):
                np.testing.assert_allclose(vectors[token], by_word.get(term, [0, 0.2]), atol=1e-7)


def test_words_of_any_kind():
    """Words with spaces, numbers, and separators of lines that are not that of the file."""
    vocabulary, vectors = of("the 1 2\nNew York 3 4\n1990 5 6\n\u2028 7 8\n\x85 9 10\n. . . 11 12\n")
    assert list(vocabulary)[1:] == ["the", "New York", "1990", "\u2028", "\x85", ". . ."]
    assert vectors[1:].ravel().tolist() == list(range(1, 13))
    assert of("New York 3 4\n")[1].shape == (2, 2)


def test_words_that_occur_twice():
    with pytest.warns(UserWarning, match="BytesIO: 2 words repeated; the first vector of each is taken"):
        vocabulary, vectors = of("5 1\na 1\nb 2\na 3\nb 4\nc 5\n")
    assert (vocabulary, vectors[1:, 0].tolist()) == ({"<unk>": 0, "a": 1, "b": 2, "c": 3}, [1, 2, 5])


@pytest.mark.parametrize(
    "text, message",
    [
        ("a 1 2\nb 3\n", "line 2: 1 numbers after the word, expected 2; it begins with 'b 3'"),
        ("a 1 2\nb 3 x\n", "line 2: 0 numbers after the word, expected 2"),
        ("a 1 2\n\nb 3 4\n", "line 2: it is empty"),
        ("a 1 2\n 3 4\n", "line 2: 2 numbers after the word, expected 2; it begins with ' 3 4'"),
        ("a 1 2\nb 3 nan\n", "line 2: it has a number that is infinite, NaN or too large"),
        ("2 2\na 1 2\nb 3 1e39\n", "line 3: it has a number that is infinite"),
        ("3 2\na 1 2\nb 3 4\n", "has 2 vectors, which does not match its header, 3: it is not complete"),
        ("1 2\na 1 2\nb 3 4\n", "has 2 vectors, which does not match its header, 1"),
        ("a 1 2\nb 1_0 2\n", "line 2: 1 numbers after the word, expected 2"),
        ("5 999999999\na 1\n", "line 2: 1 numbers after the word, expected 999999999"),
        ("5 99999999999\na 1\n", "line 2: 1 numbers after the word, expected 99999999999"),
        ("word\n", "line 1: expected a word and its numbers, separated by spaces"),
        ("a b c\n", "line 1: expected a word and its numbers"),
        ("", "BytesIO has no vectors"),
        ("3 2\n", "BytesIO has no vectors"),
    ],
)
def test_damaged_lines_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        of(text)


def test_large_numbers_have_a_mean():
    vectors = of("a 1e308 2\nb 1e308 4\n", dtype="float64")[1]
    assert vectors.tolist() == [[1e308, 3], [1e308, 2], [1e308, 4]]


def test_spaces_and_byte_order_marks():
    assert list(of("\ufeffa  1 2\nb\u00a0 3 4\n")[0]) == ["<unk>", "a", "b\u00a0"]


def test_pipes():
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as file:
        os.write(writing, GLOVE.encode())
        os.close(writing)
        assert len(load_word_vectors(file)[0]) == 4
        assert not file.closed


def test_bytes_that_are_no_text():
    data = b"2 1\n\xff\x80 1\nb 2\n"
    with pytest.raises(
        ValueError, match="line 2: the word is not utf-8 .invalid start byte.; see decode_error"
    ):
        load_word_vectors(io.BytesIO(data))
    assert len(load_word_vectors(io.BytesIO(data), decode_error="replace")[0]) == 3
    assert "ÿ\x80" in load_word_vectors(io.BytesIO(data), encoding="latin-1")[0]
    binary = b"2 2\n" + b"a " + np.float32([1, 2]).tobytes() + b"b " + np.float32([1, 2]).tobytes()
    with pytest.raises(ValueError, match="line 2: "):
        load_word_vectors(io.BytesIO(binary))


def test_a_file_that_was_cut(tmp_path):
    data = gzip.compress(b"".join(b"w%d %d\n" % (i, i) for i in range(10_000)))
    (tmp_path / "vectors.gz").write_bytes(data[:-2000])
    with pytest.raises(ValueError, match=r"vectors.gz, after line \d+: "):
        load_word_vectors(tmp_path / "vectors.gz")


def test_arguments(tmp_path):
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64'; got 'int8'"):
        of(GLOVE, dtype="int8")
    for encoding in ("utf-16", "utf-32-le", "none"):
        with pytest.raises(ValueError, match=f"spaces and numbers are ASCII; got '{encoding}'"):
            of(GLOVE, encoding=encoding)
    with pytest.raises(TypeError, match="path must be a path or a binary file object; got 3"):
        load_word_vectors(3)
    with pytest.raises(TypeError, match="in text mode"):
        load_word_vectors(io.StringIO(GLOVE))
    with pytest.raises(FileNotFoundError):
        load_word_vectors(tmp_path / "missing")


def test_progress(capsys, monkeypatch):
    monkeypatch.setattr(_word_vectors, "LINES_PER_MESSAGE", 2)
    of(GLOVE, verbose=True)
    assert capsys.readouterr().out == "2 lines of BytesIO\n3 lines of BytesIO: all\n"
    of(GLOVE)
    assert capsys.readouterr().out == ""
