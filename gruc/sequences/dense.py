"""Sequences of equal length in one array."""

import numpy as np

from .base import Sequences, check_finite, common_float_type, is_native, value_range
from .numeric import numeric_array


class DenseSequences(Sequences):
    """Sequences of equal length in one array (n, t, d) or (n, t)."""

    ragged = False

    def __init__(self, X, name="X"):
        self._check_shape(X := numeric_array(X, name), name)
        self.is_2d = X.ndim == 2
        self.array = X[:, :, np.newaxis] if self.is_2d else X
        self.lowest, self.highest, finite = value_range(self.array)
        if not finite:
            self._raise_not_finite(name)

    def _check_shape(self, X, name):
        """Refuse other numbers of dimensions and empty axes; set what follows from the shape."""
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
        self.float_type = common_float_type([X])
        n, n_steps, self.n_features = X.shape if len(X.shape) == 3 else (*X.shape, 1)
        # a broadcast of one element; np.broadcast_to would take longer than a small prediction
        self.lengths = np.ndarray((n,), np.intp, np.array([n_steps], np.intp), strides=(0,))

    def stack(self, block):
        """Rows of a slice of sequences, end to end: (rows, d)."""
        return self.array[block].reshape(-1, self.n_features)

    def _steps(self, index, steps):
        return self.array[index, steps]

    def _is_native(self):
        return is_native(self.array)

    def _arrays(self):
        return self.array

    def _converted(self, indices):
        return self.array[indices].astype(np.float64)

    def map(self, function):
        """function(array (..., d)) over all steps, in the form of X."""
        out = function(self.array).astype(self.float_type, copy=False)
        return out[:, :, 0] if self.is_2d else out

    def _raise_not_finite(self, name):
        for i, sequence in enumerate(self.array):
            check_finite(sequence, i, name)


class LazySequences(DenseSequences):
    """Sequences of equal length in an array (n, t, d) that is not in memory and is read by slices.

    Each pass over the sequences reads them again, so that no more than a batch, or about BLOCK_SIZE
    elements, is in memory.
    """

    def __init__(self, X, name="X"):
        self._check_shape(X, name)
        self._X = X
        self.lowest, self.highest = np.full((2, self.n_features), np.inf)
        self.highest = -self.highest
        for block in self.blocks():
            array = np.asarray(X[block])
            lowest, highest, finite = value_range(array)
            if not finite:
                for i, sequence in enumerate(array, block.start):
                    check_finite(sequence, i, name)
            np.minimum(self.lowest, lowest, out=self.lowest)
            np.maximum(self.highest, highest, out=self.highest)

    def stack(self, block):
        """Rows of a slice of sequences, end to end: (rows, d)."""
        return np.asarray(self._X[block]).reshape(-1, self.n_features)

    def _steps(self, index, steps):
        return np.asarray(self._X[int(index)])[steps]

    def _is_native(self):
        return False

    def _converted(self, indices):
        order = np.argsort(indices, kind="stable")
        rising = indices[order]
        out = np.empty((len(indices), *self._X.shape[1:]))
        if hasattr(self._X, "compute"):  # dask, which is faster with all at once
            out[order] = np.asarray(self._X[rising])
            return out
        for run in np.split(np.arange(len(rising)), np.flatnonzero(np.diff(rising) != 1) + 1):
            out[order[run]] = self._X[slice(int(rising[run[0]]), int(rising[run[-1]]) + 1)]
        return out

    def map(self, function):
        """function(array (..., d)) over all steps, as one array in memory."""
        parts = [function(np.asarray(self._X[block])) for block in self.blocks()]
        return np.concatenate(parts).astype(self.float_type, copy=False)
