"""One interface to the user's X, whatever its form, without a copy of all of it.

==================================================  ==========================
X                                                   meaning
==================================================  ==========================
3-D array (n, t, d)                                 equal lengths
list, tuple, object array of 2-D arrays (t_i, d)    ragged
list, tuple, object array of 1-D arrays (t_i,)      ragged, one feature
2-D array (n, t), DataFrame, nested lists           equal lengths, one feature
DataFrame with a (series, time) MultiIndex          ragged, one sequence per series
groupby of pandas                                   ragged, one sequence per group
==================================================  ==========================

The layout follows from the type and the number of dimensions, never from the values.
"""

import numpy as np

from .base import Sequences
from .dense import DenseSequences, LazySequences
from .groups import as_groups
from .numeric import is_lazy, is_list_of_arrays
from .ragged import RaggedSequences

# Beyond these, sums of products or of squares may overflow: the root of the largest number,
# with a margin for the length of the sums.
LARGEST = {np.dtype(np.float32): 1e18, np.dtype(np.float64): 1e150}


def as_sequences(X, name="X"):
    """Check X and return it as `Sequences`.

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
        X is sparse or not a collection of numbers.
    ValueError
        X has the wrong number of dimensions, is empty, contains NaN, infinity,
        complex numbers or text, or its sequences are inconsistent.
    """
    if isinstance(X, Sequences):
        return X
    X = as_groups(X, name)
    if is_list_of_arrays(X):
        return RaggedSequences(X, name)
    if is_lazy(X) and len(X.shape) == 3:
        return LazySequences(X, name)
    return DenseSequences(X, name)


def check_range(lowest, highest, scaling, dtype, name):
    """Raise a ValueError for values too large to compute with in `dtype`, once scaled.

    Parameters
    ----------
    lowest, highest : ndarray of shape (n_features,)
        Range of each feature.
    scaling : Scaling or None
        The scaling of the features.
    dtype : {"float32", "float64"}
    name : str
        Their name in errors.
    """
    largest = np.maximum(-lowest.astype(np.float64), highest)
    if scaling is not None:
        with np.errstate(over="ignore"):  # infinity is too large as well
            largest = (largest + np.abs(scaling.mean)) / scaling.scale
    limit = LARGEST[np.dtype(dtype)]
    if largest.max() > limit:
        feature = int(np.argmax(largest))
        raise ValueError(
            f"{name} contains values too large to compute with in {np.dtype(dtype).name}: "
            f"column {feature} reaches {largest[feature]:.3g}"
            f"{' after standardization' if scaling is not None else ''}, the limit is {limit:.0e}. "
            f"Rescale them{'' if dtype == 'float64' else ', or use dtype float64'}."
        )


def refuse_column(sequences, name):
    """Raise a ValueError for a 2-D array of one column.

    By its layout each row is a sequence of one step; most often a single sequence was meant.
    """
    if sequences.is_2d and sequences.lengths[0] == 1 and len(sequences) > 1:
        n = len(sequences)
        raise ValueError(
            f"{name} of shape ({n}, 1) is {n} sequences of one step. Give one sequence of {n} steps as "
            f"[{name}], or {n} sequences of one step as {name}[:, :, None]."
        )
