"""Sequences of any length in a list of arrays."""

import numpy as np

from .base import Sequences, check_finite, common_float_type, is_native, value_range
from .groups import Groups
from .numeric import columns_of, in_memory, is_lazy, numeric_array


class RaggedSequences(Sequences):
    """Sequences of any length in a list of arrays (t_i, d) or (t_i,).

    Sequences that are not in memory (`numeric.is_lazy`) are read whenever they are needed.
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
                    "bring them into the same order."
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
        self._native = None
        self.float_type = common_float_type(self.arrays)
        self.lengths = np.array([array.shape[0] for array in self.arrays], np.intp)
        self.lowest = np.full(self.n_features, np.inf)
        self.highest = np.full(self.n_features, -np.inf)
        for block in self.blocks():
            lowest, highest, finite = value_range(self.stack(block))
            if not finite:
                for i in range(*block.indices(len(self))):
                    check_finite(in_memory(self.arrays[i]), i, name)
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

    def _is_native(self):
        if self._native is None:  # determined when first needed
            dtype = self.arrays[0].dtype
            self._native = not self._lazy and all(
                array.dtype == dtype and is_native(array) for array in self.arrays
            )
        return self._native

    def _arrays(self):
        return self.arrays

    def _converted(self, indices):
        return [in_memory(self.arrays[i]).astype(np.float64) for i in indices]

    def map(self, function):
        """function(array (..., d)) over all steps, in the form of X."""
        arrays = [
            function(in_memory(sequence).reshape(-1, self.n_features))
            .astype(self.float_type, copy=False)
            .reshape(sequence.shape)
            for sequence in self.arrays
        ]
        return arrays if self._groups is None else self._groups.with_arrays(arrays)


def _advice_on_channels_first(X, name):
    """Advice for sequences whose numbers of features differ, but whose numbers of steps do not."""
    shapes = [np.shape(sequence) for sequence in X]
    if any(len(shape) != 2 or shape[0] != shapes[0][0] for shape in shapes):
        return ""
    return (
        f" For arrays (n_features, n_steps_i), as in aeon and sktime, use "
        f"gruc.sequences.from_channels_first({name})."
    )
