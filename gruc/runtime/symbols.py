"""The two sides of a translation: sequences as the user has them, and their integer tokens."""

from collections.abc import Iterable

import numpy as np

from ..files.fields import is_count
from ..sequences.analyzers import as_documents
from ..sequences.tokens import as_tokens
from ..sequences.vocabulary import END, START, UNKNOWN, terms_in_order
from .steps import TextStep


def refuse_marks(tokens, marks, where):
    """Raise a ValueError if a sequence contains a token that marks where sequences begin or end.

    Parameters
    ----------
    tokens : ndarray of shape (n,)
    marks : dict of str to int
        START and END, or one of them, and their tokens.
    where : str
        What the sequence is called in the message.
    """
    for term, token in marks.items():
        found = np.flatnonzero(tokens == token)
        if found.size:
            raise ValueError(
                f"{where} contains {term!r} at position {found[0]}, the token that the model adds at the "
                f"{'start' if term == START else 'end'} of a sequence. Leave it out there, and give it "
                "another name elsewhere."
            )


class TextSymbols:
    """Texts, or sequences of str tokens, by the vocabulary of a fitted `TextSequencer`.

    Parameters
    ----------
    encoder : TextEncoder
    """

    kind = "texts"

    def __init__(self, encoder):
        self.encoder = encoder
        self._terms = np.array(terms_in_order(encoder.index), dtype=object)
        # the token that ends a sequence, and the one that a decoder begins after: the start, if there is one
        self.end = encoder.index[END] if encoder.rules.add_end else None
        self.start = encoder.index[START] if encoder.rules.add_start else self.end
        # which tokens an answer may hold, and its end, (n_tokens,)
        self.allowed = np.ones(self.n_tokens, np.uint8)
        self.allowed[[encoder.index[name] for name in (UNKNOWN, START) if name in encoder.index]] = 0

    @property
    def n_tokens(self):
        """Size of the vocabulary, special tokens included."""
        return len(self._terms)

    def encode(self, X, name):
        """Tokens of each sequence as an encoder reads them, a list of int32 arrays.

        Raises
        ------
        ValueError
            A sequence is empty, or no text.
        """
        documents = as_documents(X, name)
        for i, document in enumerate(documents):
            if isinstance(document, (str, bytes, list, tuple, np.ndarray)) and len(document) == 0:
                raise ValueError(f"{name}[{i}] is empty; there is nothing to read. Leave it out.")
        try:
            return self._encoded(documents, name)
        except ValueError as error:  # an empty text may be an answer, but nothing to be answered
            raise ValueError(str(error).replace(", or give the empty text ''", "")) from None

    def encode_answers(self, y, name):
        """Tokens of each answer without start and end, a list of int32 arrays; answers may be empty.

        Raises
        ------
        ValueError
            An answer is no text, or contains the start or end token.
        """
        first = int(self.encoder.rules.add_start)
        answers = [tokens[first:-1] for tokens in self._encoded(as_documents(y, name), name)]
        marks = {END: self.end, START: self.start} if first else {END: self.end}
        for i, tokens in enumerate(answers):
            refuse_marks(tokens, marks, f"{name}[{i}]")
        return answers

    def _encoded(self, documents, name):
        try:
            found = self.encoder.encode(documents)
        except ValueError as error:
            raise ValueError(str(error).replace("X[", f"{name}[", 1)) from None
        return [np.ascontiguousarray(tokens, np.int32) for tokens in found]

    def decode(self, answers):
        """Answers as the user has them, a 1-D object array of str, or of lists of str."""
        analyzer = self.encoder.analyzer
        out = np.empty(len(answers), dtype=object)
        for i, tokens in enumerate(answers):
            out[i] = self._terms[tokens].tolist()
            if analyzer.analyzer == "char":
                out[i] = "".join(out[i])
            elif analyzer.analyzer == "word":
                out[i] = " ".join(out[i])
        return out

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        description, arrays = TextStep(self.encoder).describe()
        return {"kind": self.kind, **description}, arrays

    @classmethod
    def described(cls, fields, arrays):
        """The symbols that `describe` described, `kind` taken; their arrays are popped."""
        return cls(TextStep.described(fields, arrays).encoder)


class IntegerSymbols:
    """Sequences of integer tokens; an end, the last token, is added.

    Parameters
    ----------
    n_given : int
        Tokens of the user are below this number.
    """

    kind = "integers"
    allowed = None  # an answer may hold all tokens

    def __init__(self, n_given):
        self.n_given = n_given

    @property
    def n_tokens(self):
        """Number of tokens, the end included."""
        return self.n_given + 1

    @property
    def end(self):
        """The token that ends a sequence."""
        return self.n_given

    start = end

    def encode(self, X, name):
        """Tokens of each sequence and the end, a list of int32 arrays."""
        end = np.array([self.end], np.int32)
        return [np.concatenate([tokens, end]) for tokens in self._checked(X, name)]

    def encode_answers(self, y, name):
        """Tokens of each answer, a list of int32 arrays; answers may be empty."""
        y = list(y) if isinstance(y, Iterable) and not isinstance(y, (str, bytes)) else y
        if not isinstance(y, list) or not y:
            as_tokens(y, name)  # raises
        kept = [i for i, tokens in enumerate(y) if not hasattr(tokens, "__len__") or len(tokens)]
        found = [np.zeros(0, np.int32)] * len(y)
        if kept:
            for i, tokens in zip(kept, self._checked([y[i] for i in kept], name), strict=True):
                found[i] = tokens
        return found

    def _checked(self, X, name):
        sequences = as_tokens(X, name)
        found = [np.asarray(sequences.tokens(i)) for i in range(len(sequences))]
        if sequences.highest[0] >= self.n_given:
            for i, tokens in enumerate(found):
                wrong = np.flatnonzero(tokens >= self.n_given)
                if wrong.size:
                    raise ValueError(
                        f"{name}[{i}] has token {tokens[wrong[0]]} at step {wrong[0]}, but the model knows "
                        f"tokens 0 to {self.n_given - 1} only, those of its first fit."
                    )
        return [np.ascontiguousarray(tokens, np.int32) for tokens in found]

    def decode(self, answers):
        """Answers as a 1-D object array of integer arrays."""
        out = np.empty(len(answers), dtype=object)
        for i, tokens in enumerate(answers):
            out[i] = tokens.astype(np.int64)
        return out

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        return {"kind": self.kind, "n_given": self.n_given}, {}

    @classmethod
    def described(cls, fields, arrays):
        """The symbols that `describe` described, `kind` taken."""
        n_given = fields.take("n_given", is_count)
        fields.end()
        return cls(n_given)


KINDS = {kind.kind: kind for kind in (TextSymbols, IntegerSymbols)}
