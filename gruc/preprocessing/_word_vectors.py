"""Vectors of words from the text files of word2vec, GloVe and fastText."""

import codecs
import gzip
import io
import os
from array import array
from collections.abc import Iterable
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..conventions.user_warnings import warn_user
from ..sequences.vocabulary import TokenRules
from ._vocabularies import as_index

# lines between two messages of progress
LINES_PER_MESSAGE = 50_000

# rows that are averaged at a time
ROWS_PER_BLOCK = 1 << 16

GZIP = b"\x1f\x8b"


def load_word_vectors(
    path: Any,
    terms: Iterable[str] | None = None,
    *,
    add_start: bool = False,
    add_end: bool = False,
    dtype: Literal["float32", "float64"] = "float32",
    encoding: str = "utf-8",
    decode_error: Literal["strict", "ignore", "replace"] = "strict",
    verbose: bool = False,
) -> tuple[dict[str, int], NDArray[Any]]:
    r"""Read word vectors from a text file of word2vec, GloVe or fastText.

    Both results belong together: the row of `vectors` for a term is the term's integer in
    `vocabulary`, special tokens included.

    Parameters
    ----------
    path : str, path-like or binary file object
        A line for each word: the word and its numbers, separated by spaces. A first line with the
        number of words and of numbers, as word2vec and fastText write it, may be there. Compressed by
        gzip or not.
    terms : iterable of str or None, default=None
        The terms wanted, in this order, or a mapping from terms to integers: usually the
        `vocabulary_` of a `TextSequencer` that was fitted on the texts. Terms that are not in the file
        have the mean of the others as their vector. None: all words of the file in its order, after
        the special tokens.
    add_start, add_end : bool, default=False
        Whether there are rows for "<s>" and "</s>", as `TextSequencer` with the same parameters
        needs them. For "<unk>" there is one always. Their vectors are the mean of all others, where
        the file has none for them.
    dtype : {"float32", "float64"}, default="float32"
        Of `vectors`.
    encoding, decode_error : str
        Of the words, as in `bytes.decode`.
    verbose : bool, default=False
        Whether to print how far the file has been read.

    Returns
    -------
    vocabulary : dict of str to int
        For ``TextSequencer(vocabulary=vocabulary)``.
    vectors : ndarray of shape (n_tokens, n_dimensions)
        For ``GRUClassifier(embedding_dim=vectors.shape[1], embedding_weights=vectors)``.

    Raises
    ------
    ValueError
        A line is damaged, or the file ends too early; the message has the number of the line.
        Or none of the terms is in the file.
    OSError
        The file cannot be read.

    Warns
    -----
    UserWarning
        Words occur twice. The first line of each is taken.

    Examples
    --------
    >>> import io
    >>> from gruc.preprocessing import TextSequencer, load_word_vectors
    >>> file = io.BytesIO(b"good 1 0\nbad -1 0\nfilm 0 3\n")
    >>> vocabulary, vectors = load_word_vectors(file)
    >>> vocabulary
    {'<unk>': 0, 'good': 1, 'bad': 2, 'film': 3}
    >>> vectors[0]
    array([0., 1.], dtype=float32)
    >>> tokens = TextSequencer(vocabulary=vocabulary).transform(["A bad film"])
    >>> vectors[tokens[0]]
    array([[ 0.,  1.],
           [-1.,  0.],
           [ 0.,  3.]], dtype=float32)
    """
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64'; got {dtype!r}.")
    try:
        separates = " 1\n".encode(encoding) == b" 1\n"
    except LookupError:
        separates = False
    if not separates:
        raise ValueError(f"encoding must be one in which spaces and numbers are ASCII; got {encoding!r}.")
    special = TokenRules(add_start=add_start, add_end=add_end).special
    table = _Table(special, None if terms is None else as_index(terms, special), dtype)
    where = os.fsdecode(path) if isinstance(path, str | os.PathLike) else type(path).__name__
    with _opened(path) as file:
        table.read(_Lines(file, where, verbose), encoding, decode_error)
    return table.vocabulary, table.finished(where)


@contextmanager
def _opened(path):
    """The file's lines as bytes, decompressed."""
    if not isinstance(path, str | os.PathLike) and not hasattr(path, "read"):
        raise TypeError(f"path must be a path or a binary file object; got {path!r:.60}.")
    if hasattr(path, "read") and isinstance(path.read(0), str):
        raise TypeError("path is a file object in text mode; open it in binary mode: open(..., 'rb').")
    with nullcontext(path) if hasattr(path, "read") else open(path, "rb") as file:
        # pipes, too, can be looked into
        buffered = file if hasattr(file, "peek") else io.BufferedReader(file)
        try:
            if buffered.peek(2)[:2] == GZIP:
                with gzip.open(buffered) as unpacked:
                    yield unpacked
            else:
                yield buffered
        finally:
            if buffered is not file:
                buffered.detach()  # else the user's file would be closed


class _Lines:
    """Lines of a file as bytes, with the number of the last one, for errors."""

    def __init__(self, file, where, verbose):
        self.file, self.where, self.verbose = file, where, verbose
        self.number = 0

    def __iter__(self):
        blank = False
        try:
            for line in self.file:
                self.number += 1
                if blank:
                    self.number -= 1
                    self.refuse("it is empty")
                line = line.rstrip(b" \r\n")
                if self.number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                blank = not line
                if not blank:
                    yield line
                if self.verbose and self.number % LINES_PER_MESSAGE == 0:
                    print(f"{self.number} lines of {self.where}", flush=True)
        except (EOFError, gzip.BadGzipFile) as error:
            raise ValueError(f"{self.where}, after line {self.number}: {error}") from None
        if self.verbose:
            print(f"{self.number} lines of {self.where}: all", flush=True)

    def refuse(self, problem):
        """Raise an error for the last line."""
        raise ValueError(f"{self.where}, line {self.number}: {problem}.")


class _Table:
    """A vocabulary and its vectors, which are read from a file.

    Parameters
    ----------
    special : list of str
        Terms that are in the vocabulary in any case.
    wanted : dict of str to int or None
        The vocabulary; None: what the file has.
    dtype : {"float32", "float64"}
    """

    def __init__(self, special, wanted, dtype):
        self.wanted = wanted
        self.vocabulary = {term: i for i, term in enumerate(special)} if wanted is None else wanted
        self.code = {"float32": "f", "float64": "d"}[dtype]
        self.found = {}  # rows that the file has, and their lines
        self.n_again = 0

    def read(self, lines, encoding, decode_error):
        """Read all lines."""
        n_announced, size, n_read = None, None, 0
        for line in lines:
            if lines.number == 1:
                n_announced, size = _header(line)
                if n_announced is not None:
                    continue
            if size is None:
                size = _n_numbers(line)
                if not size:
                    lines.refuse("expected a word and its numbers, separated by spaces")
            word, *numbers = line.rsplit(b" ", size)
            word = word.rstrip(b" ")
            if len(numbers) < size or not word or b"_" in line and any(b"_" in field for field in numbers):
                lines.refuse(_odd_line(line, size))
            if not n_read:  # not before: a header may announce anything
                self._begin(size)
            n_read += 1
            try:
                term = word.decode(encoding, decode_error)
            except UnicodeDecodeError as error:
                hint = ". Binary files of word2vec are not read" if b"\0" in line else ""
                lines.refuse(f"the word is not {encoding} ({error.reason}); see decode_error{hint}")
            try:
                self._add(term, numbers, lines.number)
            except ValueError:
                lines.refuse(_odd_line(line, size))
        if size is None or not n_read:
            raise ValueError(f"{lines.where} has no vectors.")
        if n_announced is not None and n_announced != n_read:
            raise ValueError(
                f"{lines.where} has {n_read} vectors, which does not match its header, {n_announced}: it is "
                "not complete, or damaged."
            )
        if self.n_again:
            words = f"{self.n_again} word{'s' * (self.n_again > 1)}"
            warn_user(f"{lines.where}: {words} repeated; the first vector of each is taken.")

    def _begin(self, size):
        self.size = size
        self.numbers = array(self.code, [0.0]) * (size * len(self.vocabulary))

    def _add(self, term, numbers, line):
        row = self.vocabulary.get(term)
        if row is None and self.wanted is not None:
            return
        if row in self.found:
            self.n_again += 1
            return
        if row is None:
            row = self.vocabulary[term] = len(self.vocabulary)
            self.numbers.extend(map(float, numbers))
        else:
            self.numbers[row * self.size : (row + 1) * self.size] = array(self.code, map(float, numbers))
        self.found[row] = line

    def finished(self, where):
        """Vectors of all terms, (n_tokens, size), once the file has been read."""
        vectors = np.frombuffer(self.numbers, self.code).reshape(-1, self.size)
        if not self.found:
            raise ValueError(f"{where} has none of the {len(self.vocabulary)} terms.")
        mean = np.zeros(self.size)
        for start in range(0, len(vectors), ROWS_PER_BLOCK):  # rows that are not in the file are zeros yet
            block = vectors[start : start + ROWS_PER_BLOCK]
            finite = np.isfinite(block).all(axis=1)
            if not finite.all():
                line = self.found[start + int(np.argmin(finite))]
                raise ValueError(f"{where}, line {line}: it has a number that is infinite, NaN or too large.")
            mean += (block / np.float64(len(self.found))).sum(axis=0)
        missing = np.ones(len(vectors), bool)
        missing[np.fromiter(self.found, np.intp, len(self.found))] = False
        vectors[missing] = mean
        return vectors


def _header(line):
    """The number of words and of numbers that a first line announces; None, None if it is a vector."""
    fields = line.split()
    if len(fields) == 2 and all(field.isdigit() and len(field) < 12 for field in fields) and int(fields[1]):
        return int(fields[0]), int(fields[1])
    return None, None


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return b"_" not in field  # which Python reads, and no other program writes


def _n_numbers(line):
    """How many numbers a line ends with, after a word."""
    numbers = 0
    for field in reversed(line.split(b" ")[1:]):
        if not _is_number(field):
            break
        numbers += 1
    return numbers


def _odd_line(line, size):
    """What is wrong with a line that is not a word and `size` numbers."""
    numbers = _n_numbers(line)
    shown = line[:40].decode(errors="replace")
    return f"{numbers} numbers after the word, expected {size}; it begins with {shown!r}"
