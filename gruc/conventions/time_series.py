"""Time series in the user's containers, and forecasts in the same containers.

==================================================  ==============================
y                                                   forecast
==================================================  ==============================
Series                                              Series, index continued
DataFrame, columns are series                       DataFrame, index continued
DataFrame or Series with a (series, time) index     the same, each series continued
1-D array                                           1-D array
2-D array (n_series, n_steps)                       2-D array (n_series, n_ahead)
list of 1-D arrays                                  list of 1-D arrays
==================================================  ==============================
"""

from typing import Any, NamedTuple

import numpy as np

from ..sequences import is_list_of_arrays, numeric_array
from .time_axis import TimeAxis


class TimeSeries(NamedTuple):
    """Checked series, and what is needed to give forecasts the form they have.

    Parameters
    ----------
    values : list of ndarray of shape (t_i,), float64
        Views of the user's data where that is float64.
    form : {"series", "columns", "long", "array", "rows", "list"}
    axes : list of TimeAxis
        Of each series; of "series", "columns" and "rows" one for all. Arrays have positions for times.
    names : list
        Of "series" the name, of "columns" the columns, of "long" the keys of the series, of "rows" their
        numbers, of a list of Series their names.
    labels : tuple
        Of "columns" the name of the columns; of "long" names of the levels, and name of the column, or
        None for a Series.
    """

    values: list
    form: str
    axes: list
    names: Any = None
    labels: tuple = ()

    @property
    def is_pandas(self):
        """Whether y has an index."""
        return self.form in ("series", "columns", "long") or (self.form == "list" and self.names is not None)

    @property
    def n_series(self):
        """Number of series."""
        return len(self.names) if self.form in ("columns", "rows") else len(self.axes)

    def name_of(self, i, name="y"):
        """The name of series i in messages."""
        if self.form in ("columns", "long"):
            return f"{name}, series {self.names[i]!r},"
        return name if self.form in ("series", "array") else f"{name}[{i}]"

    def axis(self, i):
        """The TimeAxis of series i."""
        return self.axes[i] if len(self.axes) > 1 else self.axes[0]

    def without_values(self):
        """The form alone."""
        return self._replace(values=[])

    def as_plain(self):
        """The form as plain values, for a pickle."""
        return tuple(self._replace(values=[], axes=[tuple(axis) for axis in self.axes]))

    @classmethod
    def of_plain(cls, plain):
        """The form whose `as_plain` this is."""
        form = cls(*plain)
        return form._replace(axes=[TimeAxis(*axis) for axis in form.axes])

    def cutoff(self):
        """The last time, of arrays the last position; a list where it is not the same for all series."""
        times = {axis: axis.last_time() for axis in self.axes}
        last = [times[axis] for axis in self.axes]
        return last[0] if all(time == last[0] for time in last) else last

    def wrap(self, forecasts, steps):
        """Forecasts in the container of y.

        Parameters
        ----------
        forecasts : ndarray of shape (n_series, n_ahead)
        steps : ndarray of shape (n_ahead,), rising
            How many steps after the last value they are.
        """
        if self.form == "array":
            return forecasts[0]
        if self.form == "rows":
            return forecasts
        if self.form == "list":
            if not self.is_pandas:
                return list(forecasts)
            import pandas as pd

            parts = zip(forecasts, self.axes, self.names, strict=True)
            return [pd.Series(row, axis.after(steps), name=name) for row, axis, name in parts]
        import pandas as pd

        if self.form == "series":
            return pd.Series(forecasts[0], self.axes[0].after(steps), name=self.names)
        if self.form == "columns":
            columns = pd.Index(self.names, name=self.labels[0])
            if columns.nlevels > 1:
                columns = columns.set_names(self.labels[1])
            return pd.DataFrame(forecasts.T.copy(), self.axes[0].after(steps), columns)
        return self._long(forecasts, steps)

    def _long(self, forecasts, steps):
        import pandas as pd

        column, values = self.labels[1], forecasts.reshape(-1)
        if isinstance(column, list):
            return pd.DataFrame({column[0]: values}, self._long_index(steps))
        return pd.Series(values, self._long_index(steps), name=column)

    def _long_index(self, steps):
        """The (series, time) index of these steps of all series, of "long" and "list"."""
        import pandas as pd

        level_names = self.labels[0] if self.form == "long" else ["series", "time"]
        later = {}
        for axis in self.axes:
            if axis not in later:
                later[axis] = axis.after(steps)
        times = later[self.axes[0]].append([later[axis] for axis in self.axes[1:]])
        keys = pd.Index(self.names if self.form == "long" else range(len(self.axes)))
        levels = [keys.get_level_values(level).repeat(len(steps)) for level in range(keys.nlevels)]
        return pd.MultiIndex.from_arrays([*levels, times], names=level_names)

    def wrap_columns(self, values, steps, labels):
        """Several values of each forecast in a DataFrame whose columns are (variable, *label), as sktime's.

        Parameters
        ----------
        values : ndarray of shape (n_series, n_ahead, k)
        steps : ndarray of shape (n_ahead,), rising
        labels : list of tuple
            Of each of the k values.
        """
        import pandas as pd

        n_series, n_ahead, k = values.shape
        if self.form in ("long", "list"):
            column = self.labels[1] if self.form == "long" else None
            variables = [column[0] if isinstance(column, list) else column]
            table, index = values.reshape(-1, k), self._long_index(steps)
        else:
            variables = self.names if self.form in ("rows", "columns") else [self.names]
            table = values.transpose(1, 0, 2).reshape(n_ahead, -1)
            index = self.axes[0].after(steps)
        variables = [0 if name is None else name for name in variables]
        return pd.DataFrame(
            table,
            index,
            pd.MultiIndex.from_tuples([(name, *label) for name in variables for label in labels]),
        )


def as_time_series(y, name="y", known=None):
    """Check y and return it as `TimeSeries`.

    Parameters
    ----------
    y : Series, DataFrame, array or list of arrays
        One of the forms in the table at the top of this module.
    name : str
        Name of y in errors.
    known : TimeSeries or None
        What y is to continue: the same series in the same form, of which some may have no further values:
        an empty array in a list, no rows in a long frame. The values are then those of y, the axes those of
        both.

    Returns
    -------
    TimeSeries

    Raises
    ------
    TypeError
        y is in another form, or its index is not of times or integers.
    ValueError
        There is no value, a value is NaN or infinite, an index has gaps, repetitions or no order, or y does
        not continue what is known.
    """
    if hasattr(y, "iloc"):
        series = _of_pandas(y, name, known)
    elif is_list_of_arrays(y):
        series = _of_list(y, name, known)
    else:
        series = _of_array(y, name, known)
    if known is not None:
        if series.form == known.form == "long":
            series = _in_order(series, known)
        _check_same(series, known, name)
        series = series._replace(names=known.names)
        if not series.is_pandas:
            lengths = [len(series.values[i]) for i in range(len(known.axes))]
            series = series._replace(
                axes=[axis.moved(n) for axis, n in zip(known.axes, lengths, strict=True)]
            )
    goes_on = known is not None and any(map(len, series.values))
    for i, values in enumerate(series.values):
        if len(values) or not goes_on:
            _check_values(values, i, series, name)
    return series


def _in_order(series, known):
    """Series in the order of those known; those that do not go on have no values."""
    at = {key: i for i, key in enumerate(series.names)}
    if not at.keys() <= set(known.names):
        return series
    values = [series.values[at[key]] if key in at else np.empty(0) for key in known.names]
    axes = [
        series.axes[at[key]] if key in at else axis for key, axis in zip(known.names, known.axes, strict=True)
    ]
    return series._replace(values=values, axes=axes, names=known.names)


def _positions(n):
    """The axis of an array of n values."""
    return TimeAxis("integer", n - 1, 1)


def _check_same(series, known, name):
    """Refuse series that are not those known."""
    if series.form != known.form or series.is_pandas != known.is_pandas:
        raise TypeError(
            f"{name} is not in the form that the series had in fit, {known.form!r}. Give it in that form."
        )
    if series.form == "series" and (series.names is None or known.names is None):
        return  # a Series without a name can be no other
    if series.names != known.names or len(series.axes) != len(known.axes):
        raise ValueError(
            f"{name} has the series {series.names or len(series.values)}, but the forecaster was fitted on "
            f"{known.names or len(known.axes)}. Give the same series, in the same order."
        )


def _axis(index, name, known_axis):
    return TimeAxis.of_index(index, name) if known_axis is None else known_axis.continued_by(index, name)


def _of_array(y, name, known):
    array = numeric_array(y, name).astype(np.float64, copy=False)
    if array.ndim == 1:
        return TimeSeries([array], "array", [_positions(len(array))])
    if array.ndim != 2:
        raise ValueError(
            f"{name} has {array.ndim} dimensions. Expected a series (n_steps,), or series of equal length "
            "(n_series, n_steps)."
        )
    if len(array) == 0:
        raise ValueError(f"{name} has no series: it is empty.")
    if array.shape[1] == 1 and len(array) > 1 and (known is None or known.form != "rows"):
        raise ValueError(
            f"{name} of shape {array.shape} is {len(array)} series of one value each: rows are series. "
            f"Give one series as {name}.ravel()."
        )
    return TimeSeries(list(array), "rows", [_positions(array.shape[1])], list(range(len(array))))


def _of_list(y, name, known):
    if all(hasattr(part, "iloc") for part in y):
        parts = []
        for i, part in enumerate(y):
            if hasattr(part, "columns") or part.index.nlevels > 1:
                raise TypeError(f"{name}[{i}] is not one series. Give a list of Series, or one DataFrame.")
            fits = known is not None and known.form == "list" and i < len(known.axes)
            parts.append(
                _of_pandas(part, f"{name}[{i}]", known._replace(axes=known.axes[i:]) if fits else None)
            )
        axes = [part.axes[0] for part in parts]
        return TimeSeries([part.values[0] for part in parts], "list", axes, [part.names for part in parts])
    arrays = []
    for i, part in enumerate(y):
        array = numeric_array(part, f"{name}[{i}]").astype(np.float64, copy=False)
        if array.ndim != 1:
            raise ValueError(
                f"{name}[{i}] has {array.ndim} dimensions; a series is an array (n_steps,), and several "
                "variables are several series."
            )
        arrays.append(array)
    return TimeSeries(arrays, "list", [_positions(len(array)) for array in arrays])


def _of_pandas(y, name, known):
    if len(y) == 0:
        raise ValueError(f"{name} has no rows.")
    if y.index.nlevels > 1:
        return _of_long(y, name, known)
    axes = [_axis(y.index, name, None if known is None else known.axes[0])]
    array = numeric_array(y, name).astype(np.float64, copy=False)
    if array.ndim == 1:
        return TimeSeries([array], "series", axes, y.name)
    columns = y.columns
    if not columns.is_unique:
        raise ValueError(f"{name} has two columns {columns[columns.duplicated()][0]!r}. Rename one of them.")
    labels = (columns.name, list(columns.names))
    return TimeSeries(list(array.T), "columns", axes, list(columns), labels)


def _of_long(y, name, known):
    """Series of a frame whose index is (series, ..., time), in the order of their first rows."""
    is_frame = hasattr(y, "columns")
    if is_frame and y.shape[1] != 1:
        raise ValueError(
            f"{name} has {y.shape[1]} columns {list(y.columns)}; with a (series, time) index it has one, the "
            f"values of the series. Choose it: {name}[[column]]."
        )
    codes, keys = y.index.droplevel(-1).factorize()
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise ValueError(f"{name} has a row without a series: row {row} has the index {y.index[row]}.")
    order = np.argsort(codes, kind="stable")
    table = numeric_array(y, name).astype(np.float64, copy=False).reshape(-1)
    times = y.index.get_level_values(-1)
    if (np.diff(order) != 1).any():
        table, times = table[order], times[order]
    stops = np.cumsum(np.bincount(codes, minlength=len(keys)))
    known_axes = {}
    if known is not None and known.form == "long":
        known_axes = dict(zip(known.names, known.axes, strict=True))
    axes, last = [], None
    for key, start, stop in zip(keys, stops - np.diff(stops, prepend=0), stops, strict=True):
        part, known_axis = times[start:stop], known_axes.get(key)
        if (
            last is None or known_axis != last[1] or not part.equals(last[0])
        ):  # panels often share their times
            last, axis = (part, known_axis), _axis(part, f"{name}, series {key!r},", known_axis)
        axes.append(axis)
    column = list(y.columns) if is_frame else y.name
    labels = (list(y.index.names), column)
    return TimeSeries(np.split(table, stops[:-1]), "long", axes, list(keys), labels)


def _check_values(values, i, series, name):
    where = series.name_of(i, name)
    if len(values) == 0:
        raise ValueError(f"{where} has no values; remove it.")
    finite = np.isfinite(values)
    if finite.all():
        return
    step = int(np.argmin(finite))
    what = "NaN" if np.isnan(values[step]) else "infinity (inf)"
    advice = "Fill or remove such steps"
    if series.is_pandas:
        advice += f", for example with {name}.interpolate()"
    if np.isnan(values).all() or (series.form == "columns" and not finite[0]):
        advice += f"; for series of different beginnings give a list of arrays, or {name}.stack() by series"
    raise ValueError(f"{where} contains {what} at step {step}. {advice}.")
