"""What language models read and write: texts, or sequences of integer tokens."""

from collections.abc import Iterable
from numbers import Integral
from typing import NamedTuple

import numpy as np

from ..files.fields import Fields
from ..sequences import as_tokens, integer_array, is_missing
from ..sequences.analyzers import as_documents
from ..sequences.vocabulary import END, UNKNOWN, terms_in_order
from .steps import TextStep
from .symbols import refuse_marks

TEXTS, STR_TOKENS, INTEGERS = "texts", "sequences of str tokens", "integer tokens"


class Documents(NamedTuple):
    """X of a language model.

    Parameters
    ----------
    texts : list
        Documents as they are given: str or bytes, sequences of str, or 1-D arrays of integer tokens.
    kind : {TEXTS, STR_TOKENS, INTEGERS}
    several : bool
        Whether X is a collection of them, else one.
    """

    texts: list
    kind: str
    several: bool

    @classmethod
    def of(cls, X, name="X"):
        """The documents of X: a text, a collection of texts or of sequences of str, or integer tokens.

        Raises
        ------
        TypeError, ValueError
            X is none of these, or empty.
        """
        if isinstance(X, (str, bytes)):
            return cls([X], TEXTS, False)
        if isinstance(X, np.ndarray) and X.dtype.kind in "iu":
            return cls._of_integers(X, name)
        if not isinstance(X, Iterable):
            several = "" if name == "prefix" else " a list of texts,"
            raise TypeError(f"{name} is {X!r:.60}; expected a text,{several} or integer tokens.")
        elements = as_documents(X, name)
        are_texts = [isinstance(element, (str, bytes)) for element in elements]
        if any(are_texts):
            if any(map(_is_of_str, elements)):
                i, j = are_texts.index(False), are_texts.index(True)
                raise ValueError(
                    f"{name}[{i}] is a {type(elements[i]).__name__}, but {name}[{j}] is a text; give texts "
                    "only, or sequences of str tokens only."
                )
            return cls(elements, TEXTS, True)
        if any(map(_is_of_str, elements)):
            return cls(elements, STR_TOKENS, True)
        if is_missing(elements[0]):
            raise ValueError(f"{name}[0] is {elements[0]}, which is no text. Leave it out, or give ''.")
        return cls._of_integers(X if isinstance(X, np.ndarray) else elements, name)

    @classmethod
    def _of_integers(cls, X, name):
        is_one = X.ndim == 1 if isinstance(X, np.ndarray) else isinstance(X[0], Integral)
        if is_one and not (isinstance(X, np.ndarray) and X.dtype == object):
            X = [integer_array(X, name)]
        sequences = as_tokens(X, name)
        return cls([sequences.tokens(i) for i in range(len(sequences))], INTEGERS, not is_one)

    @property
    def n_characters(self):
        """Characters of all texts as they are given."""
        return sum(map(len, self.texts))


def _is_of_str(element):
    """Whether this is a sequence of str tokens; of an empty one that cannot be said."""
    return isinstance(element, (list, tuple, np.ndarray)) and len(element) > 0 and isinstance(element[0], str)


class Vocabulary:
    """Tokens of a language model, and what they stand for.

    Parameters
    ----------
    n_tokens : int
        All tokens, with that of the end of a text.
    encoder : TextEncoder or None
        Turns texts into tokens; None: the model reads integer tokens, and the last one is the end.
    several : bool
        Whether the model was fitted on several texts, so that they have ends.
    """

    def __init__(self, n_tokens, encoder=None, several=False):
        self.n_tokens, self.encoder, self.several = n_tokens, encoder, several
        self.end = n_tokens - 1 if encoder is None else encoder.index[END]
        self.unknown = None if encoder is None else encoder.index[UNKNOWN]
        self.kind = (
            INTEGERS if encoder is None else STR_TOKENS if encoder.analyzer.analyzer is None else TEXTS
        )

    def state(self):
        """Plain values and arrays for a pickle."""
        of_text = None if self.encoder is None else TextStep(self.encoder).describe()
        return {"n_tokens": self.n_tokens, "text": of_text, "several": self.several}

    @classmethod
    def of_state(cls, state):
        """The vocabulary whose `state` this is."""
        encoder = None
        if state["text"] is not None:
            description, arrays = state["text"]
            encoder = TextStep.described(Fields(description, "the pickle"), dict(arrays)).encoder
        return cls(state["n_tokens"], encoder, state["several"])

    def without_ends(self, X, name="X"):
        """`Documents` of X, and their tokens, a list of int32 arrays."""
        documents = Documents.of(X, name)
        if documents.kind != self.kind:
            raise ValueError(f"{name} is {documents.kind}, but the model was fitted on {self.kind}.")
        if self.encoder is not None:
            found = [
                np.asarray(self.encoder.encode_part(text, i), np.int32)
                for i, text in enumerate(documents.texts)
            ]
            for i, tokens in enumerate(found):
                refuse_marks(tokens, {END: self.end}, name if name == "prefix" else f"{name}[{i}]")
            return documents, found
        for i, tokens in enumerate(documents.texts):
            if (wrong := np.flatnonzero(tokens >= self.end)).size:
                where = f"{name}[{i}]" if documents.several else name
                raise ValueError(
                    f"{where} has token {tokens[wrong[0]]} at step {wrong[0]}, but the model knows tokens "
                    f"0 to {self.end - 1} only. Fit with n_tokens set to the size of the vocabulary."
                )
        return documents, [tokens.astype(np.int32) for tokens in documents.texts]

    def of_one(self, X, name):
        """Tokens of one document, int32, without its end."""
        if self.kind == STR_TOKENS and not isinstance(X, (str, bytes)):
            return self.without_ends([X], name)[1][0]
        documents, tokens = self.without_ends(X, name)
        if documents.several:
            raise ValueError(f"{name} is a list of texts; give one.")
        return tokens[0]

    def joined(self, X, name="X"):
        """`Documents` of X, and one array of all tokens, where an end follows each of several documents."""
        documents, tokens = self.without_ends(X, name)
        if documents.several:
            end = np.array([self.end], np.int32)
            tokens = [part for one in tokens for part in (one, end)]
        tokens = np.concatenate(tokens)
        if not len(tokens):
            raise ValueError(f"{name} is a text without tokens.")
        return documents, tokens

    def text_of(self, tokens):
        """What tokens stand for: a str, of words with spaces between them; a list of str; or the tokens."""
        if self.encoder is None:
            return tokens
        terms = terms_in_order(self.encoder.index)
        if self.kind == STR_TOKENS:
            return [terms[token] for token in tokens]
        separator = "" if self.encoder.analyzer.is_by_character else " "
        return separator.join(terms[token] for token in tokens)
