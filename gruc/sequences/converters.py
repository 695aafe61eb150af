"""Other libraries' layouts of sequences, as gruc takes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .collection import is_list_of_arrays, numeric_array


def from_channels_first(X: Any) -> NDArray[Any] | list[NDArray[Any]]:
    """Turn channels-first sequences into gruc's steps-first ones.

    aeon and sktime hold sequences as ``(n, d, t)`` arrays, or as lists of
    ``(d, t_i)`` arrays where lengths differ.

    Parameters
    ----------
    X : array of shape (n_sequences, n_features, n_steps) or list of arrays \
            of shape (n_features, n_steps_i)
        Channels-first sequences.

    Returns
    -------
    array of shape (n_sequences, n_steps, n_features) or list of arrays of \
            shape (n_steps_i, n_features)
        Views of the arrays given, not copies.

    Raises
    ------
    ValueError
        X is neither 3-D nor a list of 2-D arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from gruc.sequences import from_channels_first
    >>> from_channels_first(np.zeros((10, 6, 100))).shape
    (10, 100, 6)
    >>> [x.shape for x in from_channels_first([np.zeros((2, 5)), np.zeros((2, 3))])]
    [(5, 2), (3, 2)]
    """
    if is_list_of_arrays(X):
        for i, sequence in enumerate(X):
            if np.ndim(sequence) != 2:
                raise ValueError(
                    f"X[{i}] has {np.ndim(sequence)} dimensions; expected 2, (n_features, n_steps)."
                )
        return [np.asarray(sequence).T for sequence in X]
    X = numeric_array(X, "X")
    if X.ndim != 3:
        raise ValueError(
            f"X has {X.ndim} dimensions; expected 3, (n_sequences, n_features, n_steps), or a list of "
            "2-D arrays (n_features, n_steps_i)."
        )
    return X.transpose(0, 2, 1)


def from_padded(X: Any, lengths: Any = None) -> list[NDArray[Any]]:
    """Cut padded sequences to their own lengths.

    Parameters
    ----------
    X : array of shape (n_sequences, n_steps, n_features) or (n_sequences, n_steps)
        Sequences padded at their ends to a common length.
    lengths : array of int of shape (n_sequences,), default=None
        Steps to keep of each sequence. Without it, trailing steps of which every
        feature is NaN are dropped, as tslearn pads. Zeros are never taken for
        padding: they may be data.

    Returns
    -------
    list of arrays of shape (n_steps_i, n_features) or (n_steps_i,)
        Views of X, not copies.

    Raises
    ------
    ValueError
        X has another shape, `lengths` does not fit it, or a sequence has no steps.

    Examples
    --------
    >>> import numpy as np
    >>> from gruc.sequences import from_padded
    >>> X = np.array([[1.0, 2.0, np.nan], [3.0, 4.0, 5.0]])
    >>> from_padded(X)
    [array([1., 2.]), array([3., 4., 5.])]
    >>> from_padded(X, lengths=[1, 2])
    [array([1.]), array([3., 4.])]
    """
    if isinstance(X, np.ma.MaskedArray) and X.dtype.kind == "f":
        X = X.filled(np.nan)
    X = numeric_array(X, "X")
    if X.ndim not in (2, 3):
        raise ValueError(
            f"X has {X.ndim} dimensions; expected (n_sequences, n_steps, n_features) or "
            "(n_sequences, n_steps)."
        )
    if 0 in X.shape:
        raise ValueError(f"X is empty: its shape is {X.shape}.")
    n_steps = X.shape[1]
    if lengths is None:
        if X.dtype.kind != "f":
            raise ValueError(f"X of dtype {X.dtype} cannot hold NaN as padding; give lengths.")
        lengths = np.empty(len(X), np.intp)
        for i, sequence in enumerate(X):
            present = ~np.isnan(sequence.reshape(n_steps, -1)).all(axis=1)
            lengths[i] = np.flatnonzero(present)[-1] + 1 if present.any() else 0
    else:
        lengths = np.asarray(lengths)
        if lengths.shape != (len(X),) or lengths.dtype.kind not in "iu":
            raise ValueError(
                f"lengths must be {len(X)} integers, one a sequence; got {lengths.dtype} of shape "
                f"{lengths.shape}."
            )
        if lengths.max() > n_steps:
            i = int(np.argmax(lengths))
            raise ValueError(f"lengths[{i}] is {lengths[i]}, but the sequences have {n_steps} steps.")
    if lengths.min() < 1:
        i = int(np.argmin(lengths))
        raise ValueError(f"X[{i}] has no steps: its length is {lengths[i]}. Remove it first.")
    return [sequence[:length] for sequence, length in zip(X, lengths, strict=True)]
