"""How X, as the user gives it, becomes the rows that a network reads."""

from typing import NamedTuple

import numpy as np

from .. import kernels
from .base import is_native
from .collection import LARGEST, as_sequences, check_range, refuse_column
from .dense import DenseSequences
from .packing import ONE_STEP, Framing
from .scaling import Scaling


class Numbers(NamedTuple):
    """Sequences of steps of real-valued features.

    Parameters
    ----------
    n_features : int
        Features of a step.
    scaling : Scaling or None
        Of features.
    framing : Framing
        How many steps are one input of the network.
    """

    n_features: int
    scaling: Scaling | None = None
    framing: Framing = ONE_STEP

    @property
    def width(self):
        """Elements of one input of the network."""
        return self.n_features * self.framing.length

    def check(self, X, dtype):
        """`Sequences` of X, which a network of `dtype` can read."""
        sequences = as_sequences(X)
        if sequences.n_features != self.n_features:
            hint = (
                " A 2-D X is univariate sequences; give one sequence alone as [X]." if sequences.is_2d else ""
            )
            raise ValueError(
                f"X has {sequences.n_features} features per step, but the model was fitted with "
                f"{self.n_features}.{hint}"
            )
        if sequences is not X:  # estimators have looked already
            refuse_column(sequences, "X")
        self.check_range(sequences, dtype, "X")
        return sequences

    def check_range(self, sequences, dtype, name):
        """Refuse values that a network of `dtype` cannot compute with once they are scaled."""
        check_range(sequences.lowest, sequences.highest, self.scaling, dtype, name)

    def array_of(self, X):
        """The array of sequences in X, if `array_task` can read it as it is, else None."""
        array = X.array if type(X) is DenseSequences else X
        fits = (
            type(array) is np.ndarray
            and array.ndim == 3
            and array.shape[2] == self.n_features
            and array.size > 0
            and array.flags.c_contiguous
            and is_native(array)
        )
        return array if fits else None

    def n_rows(self, array):
        """Rows of all sequences of an array."""
        return len(array) * int(self.framing.count(np.intp(array.shape[1])))

    def array_task(self, weights, value, array, n_chunks, n_threads):
        """The `ArrayTask` of a value of the weights' program for what `array_of` gives.

        Its sequences are divided into `n_chunks`, of which `n_threads` may run at once. None where
        `check` raises.
        """
        mean, scale = self.scaling or (None, None)
        task = kernels.inference.ArrayTask(
            weights, array, value, *self.framing, mean, scale, n_chunks, n_threads
        )
        return task if task.fits(LARGEST[weights.dtype]) else None

    def lengths(self, sequences):
        """Rows of each of the sequences, (n,)."""
        return self.framing.count(sequences.lengths)

    def gather(self, sequences, indices, dtype):
        """The `PackedBatch` of the sequences at `indices`."""
        return sequences.gather(indices, self.scaling, dtype, self.framing)

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        arrays = {} if self.scaling is None else self.scaling.arrays("scaling")
        return {"framing": list(self.framing)}, arrays

    @classmethod
    def described(cls, fields, arrays, width):
        """The inputs that `describe` described, of a network that reads rows of `width` elements.

        `fields` are `files.fields.Fields`; arrays that belong to the inputs are taken out of `arrays`.
        """
        framing = Framing(*fields.take_counts("framing", 2))
        n_features, rest = divmod(width, framing.length)
        if rest:
            fields.refuse("frames do not fit the network")
        return cls(n_features, Scaling.described(fields, arrays, "scaling", n_features), framing)

    def state(self):
        """Plain values for a pickle, which `of_state` takes."""
        return {
            "scaling": None if self.scaling is None else tuple(self.scaling),
            "framing": tuple(self.framing),
        }

    @classmethod
    def of_state(cls, state, width):
        """The inputs whose `state` this is, of a network that reads rows of `width` elements."""
        scaling, framing = state["scaling"], Framing(*state["framing"])
        return cls(width // framing.length, None if scaling is None else Scaling(*scaling), framing)
