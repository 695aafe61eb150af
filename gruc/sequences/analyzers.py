"""From texts to their tokens as strings, in order: what `TextSequencer` shares with predictors of files."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from .numeric import is_missing, shown_missing

# words, and every other character but whitespace
TOKEN_PATTERN = r"\w+|[^\w\s]"


def lowercased(text):
    """Lower case of a text, each character by itself.

    In `str.lower` LATIN CAPITAL LETTER I WITH DOT ABOVE becomes two characters, an "i" and a combining dot,
    and GREEK CAPITAL LETTER SIGMA depends on what follows. Here they become "i" and a small sigma, their
    simple mappings in the Unicode standard; all other mappings are of one character to one.
    """
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


def without_accents(text):
    """A text without combining marks, letters with an accent replaced by those without."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def as_ascii(text):
    """A text with letters replaced by those of ASCII; characters that have none there are left out."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


STRIP_ACCENTS: dict[Any, Callable[[str], str]] = {"unicode": without_accents, "ascii": as_ascii}


class NotADocument(ValueError):
    """An element of X that is not a text; the message continues "X[i] is"."""


def ngrams_in_order(units, lengths, join=None):
    """N-grams of a str or list: at each position those that end there, the shortest first.

    Parameters
    ----------
    units : str or list of str
    lengths : tuple of int
        Of the shortest and the longest n-grams.
    join : callable or None
        Makes a string of a slice of `units`; None: the slice is one.
    """
    shortest, longest = lengths[0], min(lengths[1], len(units))
    if longest < shortest:
        return []
    head = [units[end - n : end] for end in range(shortest, longest) for n in range(shortest, end + 1)]
    # where n-grams of all lengths end: a list of each length, read in turn
    ends = range(longest, len(units) + 1)
    columns = [[units[end - n : end] for end in ends] for n in range(shortest, longest + 1)]
    found = chain(head, chain.from_iterable(zip(*columns, strict=True)))
    return list(found if join is None else map(join, found))


def ngrams_within_words(text, lengths):
    """N-grams of characters within words, which have a space before and after them.

    A word shorter than the n-grams is one itself.
    """
    shortest, _ = lengths
    found = []
    for word in text.split():
        word = f" {word} "
        found += ngrams_in_order(word, lengths) if len(word) >= shortest else [word]
    return found


# parameters of an `Analyzer`
DEFAULTS = {
    "analyzer": "word",
    "input": "content",
    "encoding": "utf-8",
    "decode_error": "strict",
    "strip_accents": None,
    "lowercase": True,
    "preprocessor": None,
    "tokenizer": None,
    "stop_words": None,
    "token_pattern": TOKEN_PATTERN,
    "ngram_range": (1, 1),
}


class Analyzer:
    """Makes of each text its tokens as strings, in order.

    Parameters
    ----------
    **parameters : dict
        Those of `DEFAULTS`, as in `TextSequencer`; `stop_words` is a frozenset or None, `lowercase` is
        True or False.
    """

    def __init__(self, **parameters):
        unknown = set(parameters) - set(DEFAULTS)
        if unknown:
            raise TypeError(f"unknown parameters of an analyzer: {sorted(unknown)}")
        vars(self).update(DEFAULTS | parameters)

    def __getstate__(self):
        return {name: getattr(self, name) for name in DEFAULTS}  # functions made of them are not pickled

    def __call__(self, document):
        """The tokens of a document, a list of str."""
        return self._tokens(document) if self.analyzer is None else self._split(self.decode(document))

    @property
    def is_by_character(self):
        """Whether the tokens are the characters of `prepare`."""
        return self.analyzer == "char" and tuple(self.ngram_range) == (1, 1)

    def decode(self, document):
        """The text of a document."""
        if self.input == "filename":
            with open(document, "rb") as file:
                document = file.read()
        elif self.input == "file":
            if not hasattr(document, "read"):
                raise NotADocument(f'{document!r:.60}, which has no read() as input="file" needs.')
            document = document.read()
        if isinstance(document, (bytes, bytearray)):
            document = bytes(document).decode(self.encoding, self.decode_error)
        if isinstance(document, str):
            return document
        raise NotADocument(_not_a_text(document))

    @cached_property
    def prepare(self):
        """The function that changes texts before they are split."""
        if self.preprocessor is not None:
            return self.preprocessor if self.tokenizer is not None else self._preprocessed
        strip = STRIP_ACCENTS.get(self.strip_accents, self.strip_accents)
        if strip is None:
            return lowercased if self.lowercase else str
        return (lambda text: strip(lowercased(text))) if self.lowercase else strip

    def _preprocessed(self, text):
        """What the user's function makes of a text."""
        text = self.preprocessor(text)
        if not isinstance(text, str):
            raise NotADocument(f"not a str after preprocessor, but {text!r:.60}.")
        return text

    @cached_property
    def _split(self):
        """The function from text to tokens."""
        kind, lengths, prepare = self.analyzer, tuple(self.ngram_range), self.prepare
        if callable(kind):
            return kind
        if kind == "char":
            if lengths == (1, 1):
                return lambda text: list(prepare(text))
            return lambda text: ngrams_in_order(prepare(text), lengths)
        if kind == "char_wb":
            return lambda text: ngrams_within_words(prepare(text), lengths)
        words, stop_words = self.tokenizer or self.words, self.stop_words

        def split(text):
            tokens = words(prepare(text))
            if stop_words is not None:
                tokens = [token for token in tokens if token not in stop_words]
            return tokens if lengths == (1, 1) else ngrams_in_order(list(tokens), lengths, " ".join)

        return split

    @cached_property
    def words(self):
        """The function from text to words by `token_pattern`."""
        try:
            pattern = re.compile(self.token_pattern)
        except re.error as error:
            raise ValueError(
                f"token_pattern={self.token_pattern!r} is not a regular expression: {error}."
            ) from None
        if pattern.groups > 1:
            raise ValueError(
                f"More than 1 capturing group in token pattern {self.token_pattern!r}: only a single group "
                "should be captured; write the others as (?:...)."
            )
        return pattern.findall

    @staticmethod
    def _tokens(document):
        """A document that is a sequence of tokens, as a list."""
        if isinstance(document, (str, bytes)) or not isinstance(document, Iterable):
            raise NotADocument(
                f"{document!r:.60}, but with analyzer=None each element is a sequence of str tokens. For "
                'texts, give analyzer="word" or "char".'
            )
        return list(document)

    def custom(self):
        """Name of the first parameter that is a function of the user's; None if there is none."""
        names = ("analyzer", "preprocessor", "tokenizer", "strip_accents")
        return next((name for name in names if callable(getattr(self, name))), None)

    def options(self):
        """Dict of all parameters but `stop_words`, plain values, if none is a function."""
        options = self.__getstate__() | {"ngram_range": list(self.ngram_range)}
        del options["stop_words"]
        return options


def _not_a_text(document):
    """What to say of a document that is neither str nor bytes."""
    if is_missing(document):
        return f"{shown_missing(document)}, a text that is missing. Leave it out, or give the empty text ''."
    if isinstance(document, Iterable):
        return (
            f"of type {type(document).__name__}, expected str or bytes. Sequences of str tokens are for "
            "analyzer=None."
        )
    return f"{document!r:.60} of type {type(document).__name__}, expected str or bytes."


def as_documents(X, name="X"):
    """X as a list of documents.

    Raises
    ------
    ValueError, TypeError
        X is a single text, a table or a mapping, no collection at all, or empty.
    """
    if isinstance(X, (str, bytes)):
        raise ValueError(
            "Iterable over raw text documents expected, string object received; give a single text as "
            f"[{name}]."
        )
    if hasattr(X, "to_pylist"):  # pyarrow, whose elements are no str
        X = X.to_pylist()
    if hasattr(X, "columns"):
        columns = list(X.columns)
        example = f", as {name}[{columns[0]!r}]" if columns else ""
        raise ValueError(f"{name} is a DataFrame; give its column of texts alone{example}.")
    if isinstance(X, Mapping):
        raise TypeError(f"{name} is a {type(X).__name__}; give its texts alone, as a list.")
    if not isinstance(X, Iterable) or getattr(X, "ndim", 1) == 0:
        raise TypeError(f"{name} is {X!r:.60}; expected a list of texts.")
    documents = X.tolist() if isinstance(X, np.ndarray) else list(X)
    if not documents:
        raise ValueError(f"{name} contains no texts.")
    return documents


def analyzed(function, documents, first=0):
    """Yield function(document) for each; an error says which of X it was, the first being X[first]."""
    for i, document in enumerate(documents, first):
        try:
            result = function(document)
        except UnicodeDecodeError as error:
            error.reason += f", in X[{i}]; give its encoding, or decode_error"
            raise
        except NotADocument as error:
            raise ValueError(f"X[{i}] is {error}") from None
        yield result
