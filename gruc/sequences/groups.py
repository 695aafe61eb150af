"""Sequences that are groups of rows of one frame: a (series, time) MultiIndex, or a groupby.

pandas is not imported: its objects are recognised by their attributes.
"""

import numpy as np

from .numeric import columns_of, numeric_array


class Groups(list):
    """Arrays (t_i, d) or (t_i,), one for each group of rows of a frame.

    Attributes
    ----------
    keys : sequence
        Keys of the groups, hashable.
    names : list or None
        Names of the features.
    index : pandas.Index
        That of the frame.
    order : ndarray of shape (n_rows,)
        Where the groups' rows are in the frame, group after group.
    n_rows : int
        Number of rows of all groups.
    """

    def __init__(self, arrays, keys, names, index, order):
        super().__init__(arrays)
        self.keys, self.names = keys, names
        self.index, self.order = index, order
        self.n_rows = sum(map(len, arrays))

    def with_arrays(self, arrays):
        """The same groups with other arrays."""
        return Groups(arrays, self.keys, self.names, self.index, self.order)

    def aligned(self, values, name, learner):
        """`values`, one for each group, in the order of the groups.

        A Series or DataFrame is reordered by its index, which must contain the groups' keys;
        anything else is assumed to be in order.

        Parameters
        ----------
        values : array-like or None
        name : str
            Their name in errors.
        learner : str
            Name of the estimator, for errors.
        """
        n = len(values) if hasattr(values, "__len__") else -1
        if n == self.n_rows != len(self):
            raise ValueError(
                f"{name} has {n} elements, one for each row of X; X is {len(self)} sequences, and "
                f"{learner} needs one for each sequence, such as {name}.groupby(level=0).first() if {name} "
                "has the index of X. If each row of X is a sequence by itself, give X.reset_index(drop=True)."
            )
        index = getattr(values, "index", None)
        if n != len(self) or not hasattr(index, "get_indexer"):
            return values
        order = index.get_indexer(self.keys) if index.is_unique else np.array([-1])
        if (order < 0).any():
            raise ValueError(
                f"The index of {name} does not contain the keys of the groups of X, which are "
                f"{_first(self.keys)}; it contains {_first(index)}. Index {name} by them, or, if it is in "
                f"the order of the groups, give {name}.to_numpy()."
            )
        return values.iloc[order]

    def split(self, values, name):
        """`values`, one for each row of the frame, as a list of one array for each group.

        A Series or DataFrame is reordered by its index, which must contain the frame's; anything else is
        assumed to be in order. Values that are one for each group are returned as they are.
        """
        index = getattr(values, "index", None)
        has_index = hasattr(index, "get_indexer")
        by_row = hasattr(values, "__len__") and len(values) == self.n_rows
        if not by_row or (self.n_rows == len(self) and not (has_index and index.equals(self.index))):
            return values
        if has_index and not index.equals(self.index):
            places = index.get_indexer(self.index) if index.is_unique else np.array([-1])
            if (places < 0).any():
                raise ValueError(
                    f"The index of {name} is not that of the rows of X, which begins {_first(self.index)}; "
                    f"it begins {_first(index)}. Index {name} as X, or, if it is in the order of X, "
                    f"give {name}.to_numpy()."
                )
            values = values.iloc[places]
        ends = np.cumsum([len(array) for array in self])
        return np.split(np.asarray(values)[self.order], ends[:-1])


def as_groups(X, name="X"):
    """`Groups` of a frame or Series with a MultiIndex, or of a groupby of pandas; else X itself.

    The last level of a MultiIndex is time, which must increase within a series; the others
    identify the series, and series are in the order of their first rows. The groups of a groupby
    are in its own order.

    Raises
    ------
    ValueError
        Rows without a key, unsorted series, or values that are not numbers.
    TypeError
        X is a group_by of polars.
    """
    if isinstance(X, (np.ndarray, list, tuple)):
        return X
    kind = type(X).__name__
    if kind in ("DataFrameGroupBy", "SeriesGroupBy"):
        return _groups_of_groupby(X, name)
    if kind.endswith("GroupBy") and type(X).__module__.startswith("polars"):
        raise TypeError(
            f"{name} is a group_by of polars, whose groups may be in any order. Give the DataFrame's "
            "sequences, as gruc.sequences.from_long(frame, by='id')."
        )
    index = getattr(X, "index", None)
    if getattr(index, "nlevels", 1) > 1 and hasattr(index, "droplevel"):
        return groups_of_multiindex(X, name)
    return X


def groups_of_multiindex(X, name):
    """`Groups` of a frame or Series whose index is (series, ..., time)."""
    codes, keys = X.index.droplevel(-1).factorize()
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise ValueError(f"{name} has a row without a series: row {row} has the index {X.index[row]}.")
    table = numeric_array(X, name)
    times = X.index.get_level_values(-1)
    try:
        ranks = times.factorize(sort=True)[0]
    except TypeError:  # types without an order
        ranks = None
    order = np.argsort(codes, kind="stable")
    if ranks is not None:
        if (ranks < 0).any():
            row = int(np.argmax(ranks < 0))
            raise ValueError(f"{name} has a row without a time: row {row} has the index {X.index[row]}.")
        within = np.diff(codes[order]) == 0
        wrong = np.flatnonzero(within & (np.diff(ranks[order]) <= 0))
        if len(wrong):
            row, before = order[wrong[0] + 1], order[wrong[0]]
            twice, (series,) = ranks[row] == ranks[before], keys[[codes[row]]].tolist()
            raise ValueError(
                f"{name} is not sorted by time: in series {series!r} "
                f"{times[row]} {'occurs twice' if twice else f'follows {times[before]}'}. "
                + ("Keep one row for each time." if twice else f"Use {name}.sort_index().")
            )
    ends = np.cumsum(np.bincount(codes, minlength=len(keys)))
    arrays = np.split(table[order], ends[:-1]) if len(keys) else []
    return Groups(arrays, keys, columns_of(X), X.index, order)


def _groups_of_groupby(X, name):
    keys, arrays, names = [], [], None
    excluded = getattr(X, "exclusions", ())  # the columns of the keys
    for key, part in X:
        if hasattr(part, "columns"):
            names = [column for column in part.columns if column not in excluded]
            if len(names) < len(part.columns):
                part = part[names]
        keys.append(key[0] if isinstance(key, tuple) and len(key) == 1 else key)
        arrays.append(numeric_array(part, f"{name}[{len(arrays)}]"))
    order = np.argsort(X.ngroup().to_numpy(), kind="stable")
    groups = Groups(arrays, keys, names, X.obj.index, order)
    if groups.n_rows < len(X.obj):
        raise ValueError(
            f"{name} leaves out {len(X.obj) - groups.n_rows} of {len(X.obj)} rows, whose key is "
            "missing. Remove them, or group with dropna=False."
        )
    return groups


def _first(keys):
    """The first few keys, for a message."""
    shown = ", ".join(repr(key) for key in list(keys[:3]))
    return shown if len(keys) <= 3 else f"{shown}, ..."
