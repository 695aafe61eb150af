"""Sequences of integer tokens: words, characters or other symbols by their numbers.

===========================================  ==========================
X                                            meaning
===========================================  ==========================
2-D array (n, t), DataFrame                  equal lengths
list, tuple, object array of 1-D arrays or   ragged
lists of int
Series with a MultiIndex, groupby of pandas  ragged
===========================================  ==========================

Arrays are read where they are, whatever their integer type; floats are refused even where they are whole.
"""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

import numpy as np

from .. import kernels
from .base import Sequences, is_native
from .dense import DenseSequences
from .groups import as_groups
from .numeric import in_memory, is_lazy, refuse_masked
from .packing import ONE_STEP, PackedBatch
from .ragged import RaggedSequences

# tokens are below this number, and so is the number of rows of a table
MOST_TOKENS = 2**31 - 1


@dataclass(frozen=True)
class Tokens:
    """Sequences of integer tokens, each of which is a row of the network's table.

    Parameters
    ----------
    n_tokens : int
        Rows of the table.
    """

    n_tokens: int

    # what `Numbers` may vary is the same for all tokens
    n_features: ClassVar = 1
    width: ClassVar = 1
    scaling: ClassVar = None
    framing: ClassVar = ONE_STEP

    def check(self, X, dtype):
        """`Sequences` of X, whose tokens all are rows of the table."""
        sequences = as_tokens(X)
        self.check_range(sequences, dtype, "X")
        return sequences

    def check_range(self, sequences, dtype, name):
        """Refuse tokens that are not rows of the table."""
        if sequences.highest[0] < self.n_tokens:
            return
        for i in range(len(sequences)):
            tokens = sequences.tokens(i)
            if (wrong := np.flatnonzero(tokens >= self.n_tokens)).size:
                raise ValueError(
                    f"{name}[{i}] has token {tokens[wrong[0]]} at step {wrong[0]}, but the model has vectors "
                    f"of tokens 0 to {self.n_tokens - 1} only. Give such tokens the number of a token that "
                    "stands for unknown ones, or fit with n_tokens set to the size of the vocabulary."
                )

    def lengths(self, sequences):
        """Rows of each of the sequences, (n,)."""
        return sequences.lengths

    def gather(self, sequences, indices, dtype):
        """The `PackedBatch` of the sequences at `indices`; its values are tokens (N, 1) of int32."""
        return gathered(*sequences.source(indices), self.n_tokens)

    def occurring(self, sequences, places):
        """Which tokens occur in the sequences at `places`, an index; in rising order."""
        occurs = np.zeros(self.n_tokens, bool)
        for i in np.arange(len(sequences))[places]:
            occurs[sequences.tokens(i)] = True
        return np.flatnonzero(occurs)

    def place_of_largest(self, sequences):
        """The first sequence and step where the last token of the table occurs."""
        for i in range(len(sequences)):
            steps = np.flatnonzero(sequences.tokens(i) == self.n_tokens - 1)
            if steps.size:
                return i, int(steps[0])
        raise LookupError(self.n_tokens - 1)

    def describe(self):
        """The description in a model file: that of the network says all."""
        return {}, {}

    def state(self):
        """Plain values for a pickle: those of the network say all."""
        return {}


def gathered(source, indices, n_tokens):
    """The `PackedBatch` of sequences of a source, its values tokens (N, 1) of int32 below `n_tokens`."""
    n_rows, n_steps = source.extent(indices)
    values = np.empty(n_rows, np.int32)
    order, lengths = np.empty_like(indices), np.empty_like(indices)
    offsets = np.empty(n_steps + 1, np.intp)
    kernels.inference.gather_tokens(values, order, lengths, offsets, source, indices, n_tokens)
    return PackedBatch(values[:, np.newaxis], offsets, lengths, order)


def as_tokens(X, name="X"):
    """Check X and return it as `Sequences` of tokens.

    Parameters
    ----------
    X : array, list of arrays or Sequences
        One of the forms in the table at the top of this module.
    name : str
        Name of X in errors.

    Returns
    -------
    Sequences

    Raises
    ------
    TypeError
        X is not a collection of integers.
    ValueError
        X has the wrong number of dimensions, is empty, or contains negative numbers, floats,
        booleans or text.
    """
    if isinstance(X, Sequences):
        if not X.holds_tokens:
            raise ValueError(f"{name} contains real numbers, but the model reads tokens, which are integers.")
        return X
    X = as_groups(X, name)
    if isinstance(X, (str, bytes)):
        raise TypeError(f"{name} is a {type(X).__name__}; expected integer tokens. {TEXT_TO_TOKENS}")
    if isinstance(X, dict) or not hasattr(X, "__len__"):
        raise TypeError(
            f"{name} is a {type(X).__name__}; expected a list of 1-D arrays of tokens, or a 2-D array."
        )
    refuse_masked(X, name)
    if is_lazy(X) or not isinstance(X, (np.ndarray, list, tuple)):  # a tensor, or a frame
        X = in_memory(X) if is_lazy(X) else np.asarray(X)
    is_array = isinstance(X, np.ndarray) and (X.dtype != object or X.ndim != 1)
    return DenseTokens(X, name) if is_array else RaggedTokens(X, name)


TEXT_TO_TOKENS = "Texts become tokens by gruc.preprocessing.TextSequencer."


class DenseTokens(DenseSequences):
    """Sequences of equal length in one array (n, t) of integers."""

    holds_tokens = True

    def __init__(self, X, name="X"):
        X = integer_array(X, name)
        if X.ndim == 3:
            raise ValueError(
                f"{name} has 3 dimensions; tokens are 2-D, (n_sequences, n_steps). If the last axis is one "
                f"token, give {name}[:, :, 0]."
            )
        if X.ndim == 1 and len(X):
            raise ValueError(
                f"{name} is one-dimensional; expected a list of 1-D arrays of tokens, or a 2-D array "
                f"(n_sequences, n_steps). Give a single sequence as [{name}]."
            )
        self._check_shape(X, name)
        self.is_2d = True
        self.array = X[:, :, np.newaxis]
        self.lowest, self.highest = _range([X], [slice(0, 1)], name)

    def tokens(self, i):
        """Tokens of sequence i."""
        return self.array[i, :, 0]

    def _is_native(self):
        return is_native(self.array, tokens=True)

    def _converted(self, indices):
        return self.array[indices].astype(np.int64)


class RaggedTokens(RaggedSequences):
    """Sequences of any length in a list of 1-D arrays of integers."""

    holds_tokens = True

    def __init__(self, X, name="X"):
        if len(X) == 0:
            raise ValueError(f"{name} has no sequences: it is empty.")
        self._lazy, self._groups, self._native = False, None, None
        self.n_features = 1
        self.arrays = tuple(_sequence(sequence, i, name) for i, sequence in enumerate(X))
        self.lengths = np.array([len(array) for array in self.arrays], np.intp)
        self.lowest, self.highest = _range(self.arrays, self.blocks(), name)
        self.float_type = np.dtype(np.float64)

    def tokens(self, i):
        """Tokens of sequence i."""
        return self.arrays[i]

    def _is_native(self):
        if self._native is None:
            dtype = self.arrays[0].dtype
            self._native = all(
                array.dtype == dtype and is_native(array, tokens=True) for array in self.arrays
            )
        return self._native

    def _converted(self, indices):
        return [self.arrays[i].astype(np.int64) for i in indices]


def _sequence(sequence, i, name):
    """A sequence of tokens as a 1-D array of integers."""
    if type(sequence) is not np.ndarray or sequence.dtype.kind not in "iu" or sequence.ndim != 1:
        where = f"{name}[{i}]"
        if isinstance(sequence, Integral):
            raise ValueError(
                f"{where} is a single number; a sequence of tokens is a 1-D array. Give one sequence "
                f"alone as [{name}]."
            )
        sequence = integer_array(sequence, where)
        if sequence.ndim != 1 and sequence.size:
            raise ValueError(
                f"{where} has {sequence.ndim} dimensions; a sequence of tokens is a 1-D array (n_steps,)."
            )
    if sequence.size == 0:
        raise ValueError(
            f"{name}[{i}] is an empty sequence; remove it, or give it a token that stands for no text."
        )
    return sequence


def integer_array(X, name):
    """X as an array of integers."""
    if X is None or isinstance(X, (str, bytes)):
        what, advice = ("None", "") if X is None else ("text", f" {TEXT_TO_TOKENS}")
        raise ValueError(f"{name} is {what}, not a sequence of integer tokens.{advice}")
    refuse_masked(X, name)
    try:
        array = in_memory(X) if is_lazy(X) else np.asarray(X)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} cannot be read as an array of integer tokens ({error}).") from None
    if array.dtype.kind in "iu":
        return array
    if array.size == 0:  # an empty list is an array of floats
        return array.astype(np.int64)
    if array.dtype == object and array.ndim == 0:
        raise ValueError(f"{name} is a {type(X).__name__}, not a sequence of integer tokens.")
    if array.dtype == object:
        return _of_objects(array, name)
    if array.dtype.kind == "b":
        raise ValueError(f"{name} holds booleans, and tokens are integers; convert them with astype(int).")
    if array.dtype.kind in "US":
        raise ValueError(f"{name} holds text, and tokens are integers. {TEXT_TO_TOKENS}")
    if array.dtype.kind == "f" and (missing := np.argwhere(np.isnan(array))).size:
        *sequence, step = missing[0]
        where = "".join(f"[{i}]" for i in sequence)
        raise ValueError(f"{name}{where} has NaN at step {step}, which is not an integer token.")
    raise ValueError(
        f"{name} holds {array.dtype}, and tokens are integers: with embedding_dim each step is the number "
        "of a row in a table of vectors. Convert whole numbers with astype(int), or leave embedding_dim None "
        "for real-valued features."
    )


def _of_objects(array, name):
    """An array of Python's integers, as pandas has them beside missing values, in int64."""
    for (*sequence, step), element in np.ndenumerate(array):
        is_integer = isinstance(element, Integral) and not isinstance(element, bool)
        if is_integer and 0 <= element < MOST_TOKENS:
            continue
        where = "".join(f"[{i}]" for i in sequence)
        if is_integer:
            _refuse_token(f"{name}{where} has token {element} at step {step}", element)
        advice = f" {TEXT_TO_TOKENS}" if isinstance(element, str) else ""
        raise ValueError(
            f"{name}{where} has {element!r} at step {step}, which is not an integer token.{advice}"
        )
    return array.astype(np.int64)


def _range(arrays, blocks, name):
    """The smallest and the largest token, (1,) each, of arrays that are read block by block."""
    lowest, highest = MOST_TOKENS, -1
    alike = all(array.dtype == arrays[0].dtype for array in arrays)
    for block in blocks:
        of_block = arrays[block]
        for part in [np.concatenate(of_block)] if alike and len(of_block) > 1 else of_block:
            lowest, highest = min(lowest, int(part.min())), max(highest, int(part.max()))
    if lowest < 0 or highest >= MOST_TOKENS:
        for i, sequence in enumerate(arrays if arrays[0].ndim == 1 else arrays[0]):
            wrong = np.flatnonzero((sequence < 0) | (sequence >= MOST_TOKENS))
            if wrong.size:
                token = sequence[wrong[0]]
                _refuse_token(f"{name}[{i}] has token {token} at step {wrong[0]}", token)
    return np.array([lowest]), np.array([highest])


def _refuse_token(what, token):
    if token < 0:
        raise ValueError(f"{what}; tokens are not negative, the first row of the table is that of token 0.")
    raise ValueError(f"{what}; the largest there can be is {MOST_TOKENS - 1}.")
