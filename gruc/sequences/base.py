"""What all forms of X have in common: sequences that are read in batches and blocks."""

import numpy as np

from .. import kernels
from .packing import ONE_STEP, pack

# rows are checked, and statistics computed, in blocks of about this many elements
BLOCK_SIZE = 1 << 16


class Sequences:
    """n sequences of `n_features` features; see `DenseSequences`, `RaggedSequences`, `DenseTokens`.

    Attributes
    ----------
    n_features : int
    lengths : ndarray of shape (n,), intp
    lowest, highest : ndarray of shape (n_features,)
        Range of each feature over all sequences and steps.
    float_type : dtype
        float32 if all values are, else float64.
    names : list or None
        Names of the features, if the sequences are DataFrames.
    """

    names = None
    ragged = True  # a list of arrays, else one array
    holds_tokens = False  # integers, else real numbers
    is_2d = False  # an array without an axis of features
    _source = None  # that of the last framing: (framing, Source)

    def __len__(self):
        return len(self.lengths)

    def gather(self, indices, scaling, dtype, framing=ONE_STEP):
        """The sequences at `indices`, packed: `packing.pack`."""
        return pack(*self.source(indices, framing), scaling, dtype)

    def source(self, indices, framing=ONE_STEP):
        """A `Source` for the kernels, and the indices in it of the sequences at `indices`."""
        if not self._is_native():
            arrays = self._converted(indices)
            return kernels.inference.Source(arrays, *framing, self.holds_tokens), np.arange(len(indices))
        if self._source is None or self._source[0] != framing:
            source = kernels.inference.Source(self._arrays(), *framing, self.holds_tokens)
            self._source = framing, source
        return self._source[1], indices

    def windows(self, indices, starts, stops, framing=ONE_STEP):
        """A `Source` for the kernels of the rows `starts` to `stops` of the sequences at `indices`."""
        first = np.asarray(starts) * framing.hop
        last = (np.asarray(stops) - 1) * framing.hop + framing.length  # may lie beyond the end
        arrays = [self._steps(i, slice(a, b)) for i, a, b in zip(indices, first, last, strict=True)]
        tokens = self.holds_tokens
        if not all(is_native(array, tokens) and array.dtype == arrays[0].dtype for array in arrays):
            arrays = [array.astype(np.int64 if tokens else np.float64) for array in arrays]
        return kernels.inference.Source(arrays, *framing, tokens)

    def subset(self, indices):
        """A view of the sequences at `indices`, to be read batch by batch."""
        return SubsetOfSequences(self, indices)

    def blocks(self):
        """Slices of sequences with about BLOCK_SIZE elements each, at least one sequence."""
        ends = np.cumsum(self.lengths * self.n_features)
        start = 0
        while start < len(self):
            begin = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, begin + BLOCK_SIZE, side="right")))
            yield slice(start, stop)
            start = stop


class SubsetOfSequences(Sequences):
    """A view of some of other sequences; `lowest` and `highest` are those of all of them."""

    def __init__(self, sequences, indices):
        self._all, self._indices = sequences, indices
        self.lengths = sequences.lengths[indices]
        self.n_features, self.names = sequences.n_features, sequences.names
        self.lowest, self.highest = sequences.lowest, sequences.highest
        self.holds_tokens = sequences.holds_tokens
        self.float_type = sequences.float_type

    def source(self, indices, framing=ONE_STEP):
        """A `Source` for the kernels, and the indices in it of the sequences at `indices`."""
        return self._all.source(self._indices[indices], framing)

    def _steps(self, index, steps):
        return self._all._steps(self._indices[index], steps)


def value_range(array):
    """Minimum and maximum of each feature of array (..., d), and whether all elements are finite."""
    if not (is_native(array) and array.flags.c_contiguous):
        # min and max propagate NaN: no temporary of the size of X
        axes = tuple(range(array.ndim - 1))
        lowest, highest = array.min(axis=axes), array.max(axis=axes)
        return lowest, highest, bool(np.isfinite(lowest).all() and np.isfinite(highest).all())
    lowest, highest = np.empty((2, array.shape[-1]), array.dtype)
    lowest.fill(np.inf)
    highest.fill(-np.inf)
    finite = kernels.inference.widen_range(lowest, highest, array.reshape(-1))
    return lowest, highest, finite


def is_native(array, tokens=False):
    """Whether the kernels can read an array of real numbers, or of tokens, as it is."""
    types = "ilq" if tokens else "fd"
    return array.dtype.char in types and array.dtype.isnative and array.flags.aligned


def common_float_type(arrays):
    """float32 if all arrays are, else float64."""
    return np.dtype(np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64)


def check_finite(sequence, i, name):
    """Raise a ValueError for the first element of name[i] that is not finite."""
    finite = np.isfinite(sequence)
    if not finite.all():
        where = np.argwhere(~finite)[0]
        value = sequence[tuple(where)]
        raise ValueError(
            f"{name}[{i}] contains {'NaN' if np.isnan(value) else 'infinity (inf)'} at step {where[0]}. "
            "Impute or remove such steps; for sequences padded with NaN see gruc.sequences.from_padded."
        )
