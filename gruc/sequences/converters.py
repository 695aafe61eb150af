"""Conversion of other libraries' layouts of sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .groups import groups_of_multiindex
from .numeric import columns_of, is_list_of_arrays, is_missing, numeric_array

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray


def from_channels_first(X: Any) -> NDArray[Any] | list[NDArray[Any]]:
    """Convert channels-first sequences to gruc's steps-first layout.

    aeon and sktime hold sequences as ``(n, d, t)`` arrays, or as lists of
    ``(d, t_i)`` arrays if lengths differ.

    Parameters
    ----------
    X : array (n_sequences, n_features, n_steps) or list of arrays (n_features, n_steps_i)
        Channels-first sequences.

    Returns
    -------
    array (n_sequences, n_steps, n_features) or list of arrays (n_steps_i, n_features)
        Views of the input arrays, not copies.

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


def from_long(
    df: Any, by: Any = None, columns: Any = None, order: Any = None, *, return_keys: bool = False
) -> Any:
    """Split a frame in long form, whose rows are steps, into sequences.

    Parameters
    ----------
    df : DataFrame of pandas or polars, Table of pyarrow
        Each row is a step of the sequence that `by` names.
    by : column name or list of them, default=None
        Columns that identify the sequence of a row. None: all levels of a pandas MultiIndex
        except the last, which is time.
    columns : list of column names, default=None
        The features, in this order; by default all columns except those of `by` and `order`.
    order : column name, default=None
        Column by which the rows of a sequence are sorted, for instance a time, without
        duplicates in a sequence. By default rows keep their order.
    return_keys : bool, default=False
        Whether to return the sequences' keys as well.

    Returns
    -------
    X : list of ndarray of shape (n_steps_i, n_features)
        Sequences in the order of their first rows.
    keys : list
        The value of `by` of each sequence, a tuple if there are several columns; only with
        ``return_keys=True``.

    Raises
    ------
    ValueError
        A column does not exist, a key is missing, or a value is not a number.
    TypeError
        `df` is not a frame.

    Examples
    --------
    >>> import pandas as pd
    >>> from gruc.sequences import from_long
    >>> df = pd.DataFrame({"id": ["b", "b", "a"], "t": [1, 0, 0], "u": [1.0, 2.0, 3.0]})
    >>> X, keys = from_long(df, by="id", order="t", return_keys=True)
    >>> X
    [array([[2.],
           [1.]]), array([[3.]])]
    >>> keys
    ['b', 'a']
    >>> y = pd.Series({"a": 0, "b": 1})  # labels by key, in the order of X
    >>> y.loc[keys].tolist()
    [1, 0]
    """
    names = columns_of(df)
    if names is None:
        raise TypeError(f"df is a {type(df).__name__}; expected a DataFrame, whose rows are steps.")
    if by is None:
        if getattr(getattr(df, "index", None), "nlevels", 1) < 2:
            raise ValueError(
                "by is None, which requires a DataFrame with a MultiIndex; give the column of keys."
            )
        keys_of = [df.index.get_level_values(level) for level in range(df.index.nlevels - 1)]
        by_names = []
    else:
        by_names = list(by) if isinstance(by, list) else [by]
        _check_names(by_names, names, "by")
        keys_of = [df[name] for name in by_names]
    if order is not None:
        _check_names([order], names, "order")
    if columns is None:
        columns = [name for name in names if name not in by_names and name != order]
    columns = [columns] if isinstance(columns, str) else list(columns)
    _check_names(columns, names, "columns")
    if not columns:
        raise ValueError("df has no columns of features besides by and order.")
    if by is None and order is None:
        groups = groups_of_multiindex(df[columns], "df")
        return (list(groups), list(groups.keys)) if return_keys else list(groups)
    rows_by_key: dict[Any, list[int]] = {}
    lists = [_values(column) for column in keys_of]
    for row, key in enumerate(zip(*lists, strict=True) if len(lists) > 1 else lists[0]):
        if any(is_missing(part) for part in (key if len(lists) > 1 else [key])):
            raise ValueError(f"by: row {row} of df has no key.")
        rows_by_key.setdefault(key, []).append(row)
    table = np.stack([numeric_array(df[name], f"df[{name!r}]") for name in columns], axis=1)
    steps = None if order is None else np.asarray(df[order])
    if steps is not None and (
        missing := [i for i, step in enumerate(_values(df[order])) if is_missing(step)]
    ):
        raise ValueError(f"order: row {missing[0]} of df has no {order!r}, so that its place is unknown.")
    X = []
    for key, rows_of_key in rows_by_key.items():
        rows = np.array(rows_of_key)
        if steps is not None:
            rows = rows[np.argsort(steps[rows], kind="stable")]
            ordered = steps[rows]
            again = np.flatnonzero(ordered[1:] == ordered[:-1])
            if len(again):
                raise ValueError(f"order: {ordered[again[0]]} occurs twice in sequence {key!r}.")
        X.append(table[rows])
    return (X, list(rows_by_key)) if return_keys else X


def _check_names(asked, names, argument):
    for name in asked:
        if name not in names:
            raise ValueError(f"{argument}: df has no column {name!r}; its columns are {names}.")


def _values(column):
    """Elements of a column of pandas, polars or pyarrow, as hashable Python objects."""
    to_list = getattr(column, "to_pylist", None) or getattr(column, "to_list", None)
    return list(column) if to_list is None else to_list()


def from_nested(X: Any, columns: Any = None) -> list[NDArray[Any]]:
    """Convert cells that contain sequences to a list of arrays.

    Examples are sktime's nested frames, whose cells are Series, list columns of polars and
    pyarrow, object columns of lists or arrays, and lists of lists.

    Parameters
    ----------
    X : DataFrame, Series, array or list
        In a frame each row is a sequence and each column a feature, whose cells have one number
        per step. In a single column, or a list, each element is a sequence: numbers (n_steps_i,)
        or rows of numbers (n_steps_i, n_features).
    columns : list of column names, default=None
        Columns of the frame that are features; by default all.

    Returns
    -------
    list of ndarray of shape (n_steps_i, n_features) or (n_steps_i,)

    Raises
    ------
    ValueError
        Cells of a row differ in length, or are not sequences of numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from gruc.sequences import from_nested
    >>> df = pd.DataFrame({"u": [[1.0, 2.0], [5.0]], "v": [[3.0, 4.0], [6.0]]})
    >>> from_nested(df)
    [array([[1., 3.],
           [2., 4.]]), array([[5., 6.]])]
    >>> from_nested([[1, 2, 3], [4]])
    [array([1, 2, 3]), array([4])]
    """
    names = columns_of(X)
    if names is None:
        if columns is not None:
            raise ValueError(f"columns are given, but X is a {type(X).__name__} and has none.")
        return [_cell(cell, f"X[{i}]", (1, 2)) for i, cell in enumerate(_values(X))]
    columns = names if columns is None else [columns] if isinstance(columns, str) else list(columns)
    _check_names(columns, names, "columns")
    if not columns:
        raise ValueError("X has no columns.")
    sequences = []
    for i, row in enumerate(zip(*(_values(X[name]) for name in columns), strict=True)):
        cells = [_cell(c, f"X, row {i}, column {name!r}", (1,)) for c, name in zip(row, columns, strict=True)]
        lengths = list(map(len, cells))
        if len(set(lengths)) > 1:
            raise ValueError(
                f"X, row {i}: the cells of a sequence must have the same length; {columns} have {lengths}."
            )
        sequences.append(np.stack(cells, axis=1))
    return sequences


def _cell(cell, name, dimensions):
    """The array of numbers in a cell."""
    if not hasattr(cell, "__len__") or isinstance(cell, (str, bytes, dict)):
        raise ValueError(
            f"{name} is {cell!r}, not a sequence of numbers. Name the columns of a frame that are "
            "features: columns=[...]. For a long frame, whose rows are steps, use gruc.sequences.from_long."
        )
    array = numeric_array(cell, name)
    if array.ndim not in dimensions:
        raise ValueError(f"{name} has {array.ndim} dimensions; expected {' or '.join(map(str, dimensions))}.")
    return array


def from_padded(X: Any, lengths: Any = None) -> list[NDArray[Any]]:
    """Remove the padding of sequences.

    Parameters
    ----------
    X : array of shape (n_sequences, n_steps, n_features) or (n_sequences, n_steps)
        Sequences padded at their ends to a common length.
    lengths : array of int of shape (n_sequences,), default=None
        Number of steps of each sequence. Without it, trailing steps in which every feature
        is NaN are dropped, the padding of tslearn. Zeros are never taken for padding, since
        they may be data.

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
                f"lengths must be {len(X)} integers, one for each sequence; got {lengths.dtype} of shape "
                f"{lengths.shape}."
            )
        if lengths.max() > n_steps:
            i = int(np.argmax(lengths))
            raise ValueError(f"lengths[{i}] is {lengths[i]}, but the sequences have {n_steps} steps.")
    if lengths.min() < 1:
        i = int(np.argmin(lengths))
        raise ValueError(f"X[{i}] has no steps: its length is {lengths[i]}. Remove it first.")
    return [sequence[:length] for sequence, length in zip(X, lengths, strict=True)]
