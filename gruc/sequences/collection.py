"""The user's X behind one face, whatever its form, without a copy of it as a whole.

==================================================  ==========================
X                                                   meaning
==================================================  ==========================
3-D array (n, t, d)                                 equal lengths
list, tuple, object array of 2-D arrays (t_i, d)    ragged
list, tuple, object array of 1-D arrays (t_i,)      ragged, one feature
2-D array (n, t), DataFrame, nested lists           equal lengths, one feature
DataFrame with a (series, time) MultiIndex          ragged, a series a sequence
groupby of pandas                                   ragged, a group a sequence
==================================================  ==========================

The layout is read off the type and the number of dimensions, never guessed from
the values.
"""

import numpy as np

from .. import kernels
from .groups import Groups, as_groups
from .numeric import columns_of, in_memory, is_lazy, is_list_of_arrays, numeric_array
from .packing import ONE_STEP, pack

# Rows are looked at, and statistics taken, in blocks of about this many numbers.
BLOCK_SIZE = 1 << 16

# Beyond these, sums of products or of squares may overflow: the root of the largest number,
# with room for the length of the sums.
LARGEST = {np.dtype(np.float32): 1e18, np.dtype(np.float64): 1e150}


def as_sequences(X, name="X"):
    """Check X and put it behind the face of `Sequences`.

    Parameters
    ----------
    X : array, list of arrays or Sequences
        As the table at the head of this module has it.
    name : str
        What to call X in errors.

    Returns
    -------
    Sequences

    Raises
    ------
    TypeError
        X is sparse or not a collection of numbers.
    ValueError
        X has the wrong number of dimensions, is empty, holds NaN, infinity,
        complex numbers or text, or sequences that do not fit together.
    """
    if isinstance(X, Sequences):
        return X
    X = as_groups(X, name)
    if is_list_of_arrays(X):
        return RaggedSequences(X, name)
    if is_lazy(X) and len(X.shape) == 3:
        return LazySequences(X, name)
    return DenseSequences(X, name)


class Sequences:
    """n sequences of `n_features` features; see `DenseSequences`, `RaggedSequences`.

    Attributes
    ----------
    n_features : int
    lengths : ndarray of shape (n,), intp
    lowest, highest : ndarray of shape (n_features,)
        Range of each feature over all sequences and steps.
    float_type : dtype
        float32 where all numbers are, else float64.
    names : list or None
        Names of the features, where the sequences are DataFrames.
    """

    names = None
    ragged = True  # a list of arrays, else one array
    is_2d = False  # an array without an axis of features
    _source = None  # of the last framing asked for: (framing, Source)

    def __len__(self):
        return len(self.lengths)

    def gather(self, indices, scaling, dtype, framing=ONE_STEP):
        """The sequences at `indices`, packed: `packing.pack`."""
        return pack(*self.source(indices, framing), scaling, dtype)

    def source(self, indices, framing=ONE_STEP):
        """Where the kernels find the sequences at `indices`, and the places of these there."""
        if not self._kernels_read():
            return kernels.inference.Source(self._converted(indices), *framing), np.arange(len(indices))
        if self._source is None or self._source[0] != framing:
            self._source = framing, kernels.inference.Source(self._as_given(), *framing)
        return self._source[1], indices

    def windows(self, indices, starts, stops, framing=ONE_STEP):
        """Where the kernels find the rows `starts` to `stops` of the sequences at `indices`."""
        first = np.asarray(starts) * framing.hop
        last = (
            np.asarray(stops) - 1
        ) * framing.hop + framing.length  # beyond the end where the end is reached
        arrays = [self._steps(i, slice(a, b)) for i, a, b in zip(indices, first, last, strict=True)]
        if not all(_kernels_read(array) and array.dtype == arrays[0].dtype for array in arrays):
            arrays = [array.astype(np.float64) for array in arrays]
        return kernels.inference.Source(arrays, *framing)

    def subset(self, indices):
        """The sequences at `indices`, without a copy, for reading batch by batch."""
        return SubsetOfSequences(self, indices)

    def blocks(self):
        """Slices of sequences that hold about BLOCK_SIZE numbers each, one at least."""
        ends = np.cumsum(self.lengths * self.n_features)
        start = 0
        while start < len(self):
            begin = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, begin + BLOCK_SIZE, side="right")))
            yield slice(start, stop)
            start = stop


def check_range(lowest, highest, scaling, dtype, name):
    """Refuse numbers too large to compute with in `dtype`, once scaled.

    Parameters
    ----------
    lowest, highest : ndarray of shape (n_features,)
        Range of each feature.
    scaling : Scaling or None
        What will be applied to them.
    dtype : {"float32", "float64"}
    name : str
        What to call them in errors.
    """
    largest = np.maximum(-lowest.astype(np.float64), highest)
    if scaling is not None:
        with np.errstate(over="ignore"):  # infinity is too large as well
            largest = (largest + np.abs(scaling.mean)) / scaling.scale
    limit = LARGEST[np.dtype(dtype)]
    if largest.max() > limit:
        feature = int(np.argmax(largest))
        raise ValueError(
            f"{name} holds values too large to compute with in {np.dtype(dtype).name}: "
            f"column {feature} reaches {largest[feature]:.3g}"
            f"{' after standardization' if scaling is not None else ''}, the limit is {limit:.0e}. "
            f"Rescale them{'' if dtype == 'float64' else ', or use dtype float64'}."
        )


def refuse_column(sequences, name):
    """Refuse a 2-D array of one column where a model takes sequences of features.

    By its layout each row is a sequence of one step; most often it is one sequence given alone.
    """
    if sequences.is_2d and sequences.lengths[0] == 1 and len(sequences) > 1:
        n = len(sequences)
        raise ValueError(
            f"{name} of shape ({n}, 1) says {n} sequences of one step. Give one sequence of {n} steps as "
            f"[{name}], or {n} sequences of one step as {name}[:, :, None]."
        )


class DenseSequences(Sequences):
    """Sequences of equal length in one array (n, t, d) or (n, t)."""

    ragged = False

    def __init__(self, X, name="X"):
        self._check_shape(X := numeric_array(X, name), name)
        self.is_2d = X.ndim == 2
        self.array = X[:, :, np.newaxis] if self.is_2d else X
        self.lowest, self.highest, finite = _range(self.array)
        if not finite:
            self._raise_not_finite(name)

    def _check_shape(self, X, name):
        """Refuse other numbers of dimensions, and none of anything; set what the shape tells."""
        if X.shape == (0,):
            raise ValueError(f"{name} has no sequences: it is empty.")
        if len(X.shape) == 1:
            raise ValueError(
                f"{name} is one-dimensional. Expected 2D array (n_sequences, n_steps), 3D array "
                "(n_sequences, n_steps, n_features) or a list of arrays. Reshape your data, a single series "
                f"with {name}.reshape(1, -1)."
            )
        if len(X.shape) not in (2, 3):
            raise ValueError(
                f"{name} has {len(X.shape)} dimensions. Expected (n_sequences, n_steps, n_features) or "
                "(n_sequences, n_steps)."
            )
        for axis, what in enumerate(("sequences", "steps", "features")[: len(X.shape)]):
            if X.shape[axis] == 0:
                raise ValueError(f"{name} has no {what}: its shape is {X.shape}.")
        self.float_type = _float_type([X])
        n, n_steps, self.n_features = X.shape if len(X.shape) == 3 else (*X.shape, 1)
        # one number seen n times; np.broadcast_to would take longer than a small prediction
        self.lengths = np.ndarray((n,), np.intp, np.array([n_steps], np.intp), strides=(0,))

    def stack(self, block):
        """Rows of a slice of sequences, end to end: (rows, d)."""
        return self.array[block].reshape(-1, self.n_features)

    def _steps(self, index, steps):
        return self.array[index, steps]

    def _kernels_read(self):
        return _kernels_read(self.array)

    def _as_given(self):
        return self.array

    def _converted(self, indices):
        return self.array[indices].astype(np.float64)

    def map(self, function):
        """function(array (..., d)) over all steps, in the form of the X given."""
        out = function(self.array).astype(self.float_type, copy=False)
        return out[:, :, 0] if self.is_2d else out

    def _raise_not_finite(self, name):
        for i, sequence in enumerate(self.array):
            _check_finite(sequence, i, name)


class LazySequences(DenseSequences):
    """Sequences of equal length in an array (n, t, d) that lies elsewhere, and is read by slices.

    Each pass over the sequences reads them anew, so that memory holds no more than a batch, or
    about BLOCK_SIZE numbers where there is no batch.
    """

    def __init__(self, X, name="X"):
        self._check_shape(X, name)
        self._X = X
        self.lowest, self.highest = np.full((2, self.n_features), np.inf)
        self.highest = -self.highest
        for block in self.blocks():
            array = np.asarray(X[block])
            lowest, highest, finite = _range(array)
            if not finite:
                for i, sequence in enumerate(array, block.start):
                    _check_finite(sequence, i, name)
            np.minimum(self.lowest, lowest, out=self.lowest)
            np.maximum(self.highest, highest, out=self.highest)

    def stack(self, block):
        """Rows of a slice of sequences, end to end: (rows, d)."""
        return np.asarray(self._X[block]).reshape(-1, self.n_features)

    def _steps(self, index, steps):
        return np.asarray(self._X[int(index)])[steps]

    def _kernels_read(self):
        return False

    def _converted(self, indices):
        order = np.argsort(indices, kind="stable")
        rising = indices[order]
        out = np.empty((len(indices), *self._X.shape[1:]))
        if hasattr(self._X, "compute"):  # of dask, which does better with all at once
            out[order] = np.asarray(self._X[rising])
            return out
        for run in np.split(np.arange(len(rising)), np.flatnonzero(np.diff(rising) != 1) + 1):
            out[order[run]] = self._X[slice(int(rising[run[0]]), int(rising[run[-1]]) + 1)]
        return out

    def map(self, function):
        """function(array (..., d)) over all steps, as one array in memory."""
        parts = [function(np.asarray(self._X[block])) for block in self.blocks()]
        return np.concatenate(parts).astype(self.float_type, copy=False)


class RaggedSequences(Sequences):
    """Sequences of any length in a list of arrays (t_i, d) or (t_i,).

    Those that lie elsewhere (`numeric.is_lazy`) are read whenever they are needed.
    """

    def __init__(self, X, name="X"):
        arrays = []
        self._lazy = False
        self._groups = X if isinstance(X, Groups) else None
        self.names = X.names if isinstance(X, Groups) else columns_of(X[0])
        for i, sequence in enumerate(X):
            if self.names and (columns_of(sequence) or self.names) != self.names:
                raise ValueError(
                    f"{name}[{i}] has columns {columns_of(sequence)}, but {name}[0] has {self.names}; "
                    "bring them into one order."
                )
            if not isinstance(sequence, np.ndarray) and is_lazy(sequence):
                self._lazy = True
            else:
                sequence = numeric_array(sequence, f"{name}[{i}]")
            shape = sequence.shape
            if len(shape) not in (1, 2):
                raise ValueError(
                    f"{name}[{i}] has {len(shape)} dimensions; a sequence is an array (n_steps, "
                    "n_features) or (n_steps,)."
                )
            if shape[0] == 0:
                raise ValueError(f"{name}[{i}] is an empty sequence; remove it, or give it a step.")
            if i == 0:
                ndim = len(shape)
                self.n_features = 1 if ndim == 1 else shape[1]
                if self.n_features == 0:
                    raise ValueError(f"{name}[0] has no features: its shape is {shape}.")
            elif len(shape) != ndim:
                raise ValueError(
                    f"{name}[{i}] has {len(shape)} dimensions, but {name}[0] has {ndim}; "
                    "give all sequences as (n_steps, n_features), or all as (n_steps,)."
                )
            elif ndim == 2 and shape[1] != self.n_features:
                raise ValueError(
                    f"{name}[{i}] has {shape[1]} features, but {name}[0] has "
                    f"{self.n_features}; a sequence is an array (n_steps, n_features)."
                    f"{_advice_on_channels_first(X, name)}"
                )
            arrays.append(sequence)
        self.arrays = tuple(arrays)
        del arrays
        self._typed = None
        self.float_type = _float_type(self.arrays)
        self.lengths = np.array([array.shape[0] for array in self.arrays], np.intp)
        self.lowest = np.full(self.n_features, np.inf)
        self.highest = np.full(self.n_features, -np.inf)
        for block in self.blocks():
            lowest, highest, finite = _range(self.stack(block))
            if not finite:
                for i in range(*block.indices(len(self))):
                    _check_finite(in_memory(self.arrays[i]), i, name)
            np.minimum(self.lowest, lowest, out=self.lowest)
            np.maximum(self.highest, highest, out=self.highest)

    def stack(self, block):
        """Rows of a slice of sequences, end to end: (rows, d)."""
        arrays = self.arrays[block]
        if self._lazy:
            arrays = list(map(in_memory, arrays))
        return np.concatenate(arrays).reshape(-1, self.n_features)

    def _steps(self, index, steps):
        return in_memory(self.arrays[index])[steps]

    def _kernels_read(self):
        if self._typed is None:  # found when first asked for
            given = self.arrays[0].dtype
            self._typed = not self._lazy and all(
                array.dtype == given and _kernels_read(array) for array in self.arrays
            )
        return self._typed

    def _as_given(self):
        return self.arrays

    def _converted(self, indices):
        return [in_memory(self.arrays[i]).astype(np.float64) for i in indices]

    def map(self, function):
        """function(array (..., d)) over all steps, in the form of the X given."""
        arrays = [
            function(in_memory(sequence).reshape(-1, self.n_features))
            .astype(self.float_type, copy=False)
            .reshape(sequence.shape)
            for sequence in self.arrays
        ]
        return arrays if self._groups is None else self._groups.with_arrays(arrays)


class SubsetOfSequences(Sequences):
    """Some of other sequences; `lowest` and `highest` are of all of these."""

    def __init__(self, sequences, indices):
        self._all, self._indices = sequences, indices
        self.lengths = sequences.lengths[indices]
        self.n_features, self.names = sequences.n_features, sequences.names
        self.lowest, self.highest = sequences.lowest, sequences.highest
        self.float_type = sequences.float_type

    def source(self, indices, framing=ONE_STEP):
        """Where the kernels find the sequences at `indices`, and the places of these there."""
        return self._all.source(self._indices[indices], framing)

    def _steps(self, index, steps):
        return self._all._steps(self._indices[index], steps)


def _range(array):
    """Lowest and highest of each feature of array (..., d), and whether it is finite all over."""
    if not (_kernels_read(array) and array.flags.c_contiguous):
        # min and max carry NaN along: no temporary of the size of X
        axes = tuple(range(array.ndim - 1))
        lowest, highest = array.min(axis=axes), array.max(axis=axes)
        return lowest, highest, bool(np.isfinite(lowest).all() and np.isfinite(highest).all())
    lowest = np.full(array.shape[-1], np.inf, array.dtype)
    highest = np.full(array.shape[-1], -np.inf, array.dtype)
    finite = kernels.inference.widen_range(lowest, highest, array.reshape(-1))
    return lowest, highest, finite


def _kernels_read(array):
    return array.dtype.char in "fd" and array.dtype.isnative and array.flags.aligned


def _advice_on_channels_first(X, name):
    """What to say of numbers of features that differ, where numbers of steps do not."""
    shapes = [np.shape(sequence) for sequence in X]
    if any(len(shape) != 2 or shape[0] != shapes[0][0] for shape in shapes):
        return ""
    return (
        f" If {name} is arrays (n_features, n_steps_i), as aeon and sktime have them, give "
        f"gruc.sequences.from_channels_first({name})."
    )


def _float_type(arrays):
    return np.dtype(np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64)


def _check_finite(sequence, i, name):
    finite = np.isfinite(sequence)
    if not finite.all():
        where = np.argwhere(~finite)[0]
        value = sequence[tuple(where)]
        raise ValueError(
            f"{name}[{i}] contains {'NaN' if np.isnan(value) else 'infinity (inf)'} at step {where[0]}. "
            "Impute or remove such steps; for sequences padded with NaN see gruc.sequences.from_padded."
        )
