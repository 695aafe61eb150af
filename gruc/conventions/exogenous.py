"""X of a forecaster: covariates, in the user's containers.

===================================================  =======================================================
y                                                    X
===================================================  =======================================================
with an index                                        a frame with the times of y, whose columns are the same
                                                     for all series
(series, time) index, or columns                     a frame with a (series, time) index
1-D array (n_steps,)                                 array (n_steps, k) or (n_steps,)
2-D array (n_series, n_steps)                        array (n_series, n_steps, k), or (n_steps, k) for all
list                                                 a list of such, one for each series
===================================================  =======================================================

X may have other times too: those of the steps that are asked for are looked up.
"""

from typing import NamedTuple

import numpy as np

from ..sequences import LARGEST, Table, columns_of, is_list_of_arrays, numeric_array


class Steps(NamedTuple):
    """Which steps X is to have: those of series, or those after them.

    Parameters
    ----------
    series : TimeSeries
    n_ahead : int or None
        So many steps after the series; None: all their own.
    """

    series: object
    n_ahead: int | None = None

    def counts(self):
        """How many of each series, (n,)."""
        if self.n_ahead is None:
            return np.array([len(values) for values in self.series.values], np.intp)
        return np.full(self.n_series, self.n_ahead, np.intp)

    @property
    def n_series(self):
        """Number of series."""
        return self.series.n_series

    def times(self, i):
        """The index of those of series i."""
        axis = self.series.axis(i)
        if self.n_ahead is None:
            return axis.until(len(self.series.values[i]))
        return axis.after(np.arange(1, self.n_ahead + 1))

    def kind(self):
        """What they are, in messages."""
        return "the times of y" if self.n_ahead is None else f"all {self.n_ahead} steps after y"


def columns_at(X, steps, names=None):
    """The columns of X at these steps.

    Parameters
    ----------
    X : frame, array or list
        See the table at the top of this module.
    steps : Steps
    names : list or None
        Columns that X is to have, in this order; others are refused. None: all it has.

    Returns
    -------
    values : ndarray of shape (M, k), float64
    first : ndarray of shape (n_series,), intp
        Row of the first step of each series.
    names : list
        Of the columns; of arrays their numbers.

    Raises
    ------
    TypeError
        X is in another form than y.
    ValueError
        X lacks steps or columns, has others, or values that are missing or infinite.
    """
    series = steps.series
    if is_list_of_arrays(X):
        return _of_list(X, steps, names)
    if hasattr(X, "iloc"):
        if X.index.nlevels > 1:
            return _of_long(X, steps, names)
        X, names = _chosen(X, names, "X")
        if not series.is_pandas:
            return *_of_array(X, steps, "X"), names
        rows, first = _rows_shared(X.index, steps, "X")
        values = _numbers(X.iloc[rows], "X")
        return values, first, names
    if series.is_pandas:
        raise TypeError(
            f"X is a {type(X).__name__}, but y has an index. Give X as a DataFrame with the times of y, such "
            "as pandas.DataFrame(X, y.index)."
        )
    values, first = _of_array(X, steps, "X")
    return values, first, _check_width(values.shape[1], names, "X")


def _chosen(X, names, where):
    """X as a frame of the columns `names`, and these."""
    if not hasattr(X, "columns"):
        X = X.to_frame(0 if X.name is None else X.name)
    found = columns_of(X)
    if len(set(found)) < len(found):
        raise ValueError(f"{where} has two columns with the same name: {found}. Rename one of them.")
    return X, _check_names(found, names, where)


def _check_names(found, names, where):
    if names is not None and found != names:
        raise ValueError(f"{where} has the columns {found}, but {names} are expected. Give {where}[{names}].")
    if not found:
        raise ValueError(f"{where} has no columns. Leave it out.")
    return found


def _check_width(found, names, where):
    """Names of the columns of an array: their numbers."""
    if names is not None and found != len(names):
        raise ValueError(f"{where} has {found} columns, but {len(names)} are expected: {names}.")
    return list(range(found)) if names is None else names


def _numbers(X, where):
    """Numbers (m, k) in float64, finite."""
    values = numeric_array(X, where).astype(np.float64, copy=False)
    if values.ndim == 1:
        values = values[:, np.newaxis]
    # sums of rows are not finite if one value is not: there is no temporary of the size of X
    wrong = ~(
        np.isfinite(values.sum(axis=0)) & (np.abs(values).max(axis=0, initial=0) <= LARGEST[values.dtype])
    )
    if wrong.any():
        column = int(np.argmax(wrong))
        name = columns_of(X)[column] if hasattr(X, "columns") else column
        limit = LARGEST[values.dtype]
        bad = ~(np.abs(values[:, column]) <= limit)
        if bad.any():
            row = int(np.argmax(bad))
            when = f" at {X.index[row]}" if hasattr(X, "index") else f" at step {row}"
            value = values[row, column]
            what = "NaN" if np.isnan(value) else f"{value:.3g}"
            raise ValueError(
                f"{where} contains {what} in column {name!r}{when}. Fill such values, for example with "
                f"{where}.ffill() or {where}.interpolate(), or leave the column out."
            )
    return values


def _rows_shared(index, steps, where):
    """Rows of X, a slice or an array, that all series share, and among them that of each first step."""
    axes = [steps.series.axis(i) for i in range(steps.n_series)]
    counts, of_span = steps.counts(), {}
    for i, span in enumerate(zip(axes, counts.tolist(), strict=True)):
        if span not in of_span:
            of_span[span] = _start_of(index, steps.times(i), steps, where, steps.series.name_of(i))
    starts = np.array([of_span[span] for span in zip(axes, counts.tolist(), strict=True)], np.intp)
    begin, end = int(starts.min()), int((starts + counts).max())
    return slice(begin, end), starts - begin


def _start_of(index, times, steps, where, name):
    """The row of the first of these times in an index that has them one after the other."""
    n = len(times)
    if len(index) and len(index) >= n:
        begin = int(index.searchsorted(times[0])) if type(index) is type(times) and _is_rising(index) else 0
        if index[begin : begin + n].equals(times):
            return begin
    missing = times[~times.isin(index)]
    if len(missing):
        kind = ""
        if type(index).__name__ != type(times).__name__ and len(missing) == n:
            kind = f" The index of {where} is a {type(index).__name__}, that of y a {type(times).__name__}."
        raise ValueError(
            f"{where} has no row for {missing[0]} ({name.rstrip(',')}): it must have {steps.kind()}, from "
            f"{times[0]} to {times[-1]}.{kind} Add the missing rows, or leave X out of fit."
        )
    raise ValueError(
        f"The index of {where} has the times of {name.rstrip(',')} not once each and in order, "
        f"or others between them. Use {where}.sort_index(), and keep one row for each time."
    )


def _is_rising(index):
    return index.is_monotonic_increasing and index.is_unique


def _of_long(X, steps, names):
    """Of a frame with a (series, time) index."""
    series = steps.series
    if series.form not in ("long", "columns"):
        raise TypeError(
            "X has a (series, time) index, but y has none, and no columns that are series. Give X in the "
            "form of y."
        )
    X, names = _chosen(X, names, "X")
    codes, keys = X.index.droplevel(-1).factorize()
    places = dict(zip(keys, range(len(keys)), strict=True))
    counts = steps.counts()
    lost = [key for key, n in zip(series.names, counts, strict=True) if n and key not in places]
    if lost:
        raise ValueError(
            f"X has no rows for the series {lost[0]!r}. Give X for every series of y, or with an index of "
            "times alone if it is the same for all."
        )
    times = X.index.get_level_values(-1)
    order = None
    if (np.diff(codes) < 0).any():
        order = np.argsort(codes, kind="stable")
        codes, times = codes[order], times[order]
    bounds = np.searchsorted(codes, np.arange(len(keys) + 1))
    first, times_of, known = [], {}, None
    for i, key in enumerate(series.names):
        if not counts[i]:
            first.append(0)
            continue
        begin, end = bounds[places[key]], bounds[places[key] + 1]
        span = (series.axis(i), int(counts[i]))
        if span not in times_of:
            times_of[span] = steps.times(i)
        part = times[begin:end]
        # panels often share their times
        if known is None or known[0] != span or len(part) != len(known[1]) or not part.equals(known[1]):
            start = _start_of(part, times_of[span], steps, "X", series.name_of(i))
            known = span, part, start
        first.append(begin + known[2])
    first = np.array(first, np.intp)
    if len(X) == counts.sum():  # every row is read
        return _numbers(X if order is None else X.iloc[order], "X"), first, names
    rows = np.concatenate([np.arange(a, a + n) for a, n in zip(first, counts, strict=True)])
    values = _numbers(X.iloc[rows if order is None else order[rows]], "X")
    return values, np.cumsum(counts) - counts, names


def _of_array(X, steps, where):
    """Of an array without an index."""
    series, counts = steps.series, steps.counts()
    array = numeric_array(X, where)
    n_series = steps.n_series
    if array.ndim == 3 and series.form == "rows":
        if len(array) != n_series:
            raise ValueError(
                f"{where} is of {len(array)} series, and y of {n_series}. Give X for each of them."
            )
        _check_count(array.shape[1], counts[0], steps, where)
        array = array[:, : counts[0]]
        return _numbers(array.reshape(-1, array.shape[2]), where), np.arange(n_series) * counts[0]
    if array.ndim == 1 and series.form in ("array", "list"):
        array = array[:, np.newaxis]
    if array.ndim != 2:
        expected = {
            "array": "(n_steps, n_columns)",
            "rows": "(n_series, n_steps, n_columns), or (n_steps, n_columns) for all series",
        }.get(series.form, "a list of arrays (n_steps, n_columns)")
        raise ValueError(f"{where} has the shape {array.shape}; expected {expected}.")
    if series.form == "list" and where == "X":
        raise TypeError("X is one array, and y a list. Give a list of arrays (n_steps, n_columns).")
    for n in np.unique(counts):
        _check_count(len(array), n, steps, where)
    return _numbers(array[: counts.max()], where), np.zeros(n_series, np.intp)


def _check_count(found, n, steps, where):
    if found < n or (steps.n_ahead is None and found > n):
        raise ValueError(
            f"{where} has {found} steps; expected {steps.kind()}, {n}. Give a row for each of them."
        )


def _of_list(X, steps, names):
    """Of a list of frames or arrays, one for each series."""
    series = steps.series
    if series.form != "list":
        raise TypeError("X is a list, and y is not. Give X in the form of y.")
    if len(X) != steps.n_series:
        raise ValueError(f"X has {len(X)} elements, and y {steps.n_series}. Give one for each series.")
    counts, parts = steps.counts(), []
    for i, part in enumerate(X):
        where = f"X[{i}]"
        if series.is_pandas:
            if not hasattr(part, "iloc"):
                raise TypeError(
                    f"{where} is a {type(part).__name__}, but y[{i}] has an index. Give a DataFrame."
                )
            part, names = _chosen(part, names, where)
            begin = _start_of(part.index, steps.times(i), steps, where, series.name_of(i))
            values = _numbers(part.iloc[begin : begin + counts[i]], where)
        else:
            one = Steps(
                series._replace(values=series.values[i : i + 1], axes=series.axes[i : i + 1]), steps.n_ahead
            )
            values, _ = _of_array(part, one, where)
            names = _check_width(values.shape[1], names, where)
        parts.append(values)
    values = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return values, np.cumsum(counts) - counts, names


def n_steps_given(X, form, most):
    """How many of the steps after the series X has, from the first on, `most` at most."""
    if is_list_of_arrays(X):
        return min((n_steps_given(part, form, most) for part in X), default=0)
    if not form.is_pandas:
        array = np.asarray(X)
        return min(array.shape[1] if array.ndim == 3 else len(array), most)
    if not hasattr(X, "iloc"):
        return 0
    index = X.index.get_level_values(-1)
    given = most
    for axis in set(form.axes):
        is_there = axis.after(np.arange(1, given + 1)).isin(index)
        given = given if is_there.all() else int(np.argmin(is_there))
        if not given:
            break
    return given


def static_columns(static, series):
    """Columns that never change, (n_series, s) in float64.

    Parameters
    ----------
    static : frame indexed by the names of the series, or array of shape (n_series, s)
        Of arrays, and of one Series, a frame has a row for each series, in their order.
    series : TimeSeries

    Raises
    ------
    ValueError
        Series are missing, values are missing or not numbers.
    """
    n = Steps(series).n_series
    if hasattr(static, "iloc"):
        frame, _ = _chosen(static, None, "static")
        if series.form in ("columns", "long") or (series.form == "list" and series.is_pandas):
            keys = list(series.names)
            lost = [key for key in keys if key not in frame.index]
            if lost:
                raise ValueError(
                    f"static has no row for the series {lost[0]!r}. Its index is the names of the series."
                )
            if not frame.index.is_unique:
                twice = frame.index[frame.index.duplicated()][0]
                raise ValueError(f"static has two rows for {twice!r}. Give one for each series.")
            frame = frame.loc[keys]
        static = frame
    values = np.array(_numbers(static, "static"))  # a copy: the user's array may change
    if values.ndim != 2 or len(values) != n:
        raise ValueError(f"static has {len(values)} rows, and y {n} series. Give a row for each series.")
    return values


def table_of(X, steps, past_only=(), names=None):
    """The `Table` of X at these steps of fit, and the names of its columns; see `columns_at`."""
    values, first, names = columns_at(X, steps, names)
    lost = [name for name in past_only if name not in names]
    if lost:
        raise ValueError(f"past_only has {lost[0]!r}, which is not a column of X: {names}.")
    return Table.of(values, first, [name not in past_only for name in names]), names
