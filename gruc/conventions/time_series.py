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
    axes : list of TimeAxis or None
        Of each series; of "series" and "columns" one for all. None: series without times.
    names : list
        Of "series" the name, of "columns" the columns, of "long" the keys of the series.
    labels : tuple
        Of "columns" the name of the columns; of "long" names of the levels, and name of the column, or
        None for a Series.
    """

    values: list
    form: str
    axes: list | None = None
    names: Any = None
    labels: tuple = ()

    def name_of(self, i, name="y"):
        """The name of series i in messages."""
        if self.form in ("columns", "long"):
            return f"{name}, series {self.names[i]!r},"
        return name if self.form in ("series", "array") else f"{name}[{i}]"

    def axis(self, i):
        """The TimeAxis of series i, or None."""
        if self.axes is None:
            return None
        return self.axes[i if self.form in ("long", "list") else 0]

    def without_values(self):
        """The form alone."""
        return self._replace(values=[])

    def as_plain(self):
        """The form as plain values, for a pickle."""
        axes = None if self.axes is None else [tuple(axis) for axis in self.axes]
        return tuple(self._replace(values=[], axes=axes))

    @classmethod
    def of_plain(cls, plain):
        """The form whose `as_plain` this is."""
        form = cls(*plain)
        return form if form.axes is None else form._replace(axes=[TimeAxis(*axis) for axis in form.axes])

    def cutoff(self):
        """The last time, of arrays the number of values; a list where it is not the same for all series."""
        if self.axes is None:
            last = [len(values) for values in self.values]
        else:
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
            if self.axes is None:
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

        level_names, column = self.labels
        later = {}
        for axis in self.axes:
            if axis not in later:
                later[axis] = axis.after(steps)
        times = later[self.axes[0]].append([later[axis] for axis in self.axes[1:]])
        keys = pd.Index(self.names)
        levels = [keys.get_level_values(level).repeat(len(steps)) for level in range(keys.nlevels)]
        index = pd.MultiIndex.from_arrays([*levels, times], names=level_names)
        values = forecasts.reshape(-1)
        if isinstance(column, list):
            return pd.DataFrame({column[0]: values}, index)
        return pd.Series(values, index, name=column)


def as_time_series(y, name="y"):
    """Check y and return it as `TimeSeries`.

    Parameters
    ----------
    y : Series, DataFrame, array or list of arrays
        One of the forms in the table at the top of this module.
    name : str
        Name of y in errors.

    Returns
    -------
    TimeSeries

    Raises
    ------
    TypeError
        y is in another form, or its index is not of times or integers.
    ValueError
        There is no value, a value is NaN or infinite, or an index has gaps, repetitions or no order.
    """
    if hasattr(y, "iloc"):
        series = _of_pandas(y, name)
    elif is_list_of_arrays(y):
        series = _of_list(y, name)
    else:
        series = _of_array(y, name)
    if not series.values:
        raise ValueError(f"{name} has no series: it is empty.")
    for i, values in enumerate(series.values):
        _check_values(values, i, series, name)
    return series


def _of_array(y, name):
    array = numeric_array(y, name).astype(np.float64, copy=False)
    if array.ndim == 1:
        return TimeSeries([array], "array")
    if array.ndim != 2:
        raise ValueError(
            f"{name} has {array.ndim} dimensions. Expected a series (n_steps,), or series of equal length "
            "(n_series, n_steps)."
        )
    if array.shape[1] == 1 and len(array) > 1:
        raise ValueError(
            f"{name} of shape {array.shape} is {len(array)} series of one value each: rows are series. "
            f"Give one series as {name}.ravel()."
        )
    return TimeSeries(list(array), "rows")


def _of_list(y, name):
    if all(hasattr(part, "iloc") for part in y):
        parts = [_of_pandas(part, f"{name}[{i}]") for i, part in enumerate(y)]
        for i, part in enumerate(parts):
            if part.form != "series":
                raise TypeError(f"{name}[{i}] is not one series. Give a list of Series, or one DataFrame.")
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
    return TimeSeries(arrays, "list")


def _of_pandas(y, name):
    if len(y) == 0:
        raise ValueError(f"{name} has no rows.")
    if y.index.nlevels > 1:
        return _of_long(y, name)
    axes = [TimeAxis.of_index(y.index, name)]
    array = numeric_array(y, name).astype(np.float64, copy=False)
    if array.ndim == 1:
        return TimeSeries([array], "series", axes, y.name)
    columns = y.columns
    if not columns.is_unique:
        raise ValueError(f"{name} has two columns {columns[columns.duplicated()][0]!r}. Rename one of them.")
    labels = (columns.name, list(columns.names))
    return TimeSeries(list(array.T), "columns", axes, list(columns), labels)


def _of_long(y, name):
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
    axes, last = [], None
    for key, start, stop in zip(keys, stops - np.diff(stops, prepend=0), stops, strict=True):
        part = times[start:stop]
        if last is None or not part.equals(last):  # panels often share their times
            last, axis = part, TimeAxis.of_index(part, f"{name}, series {key!r},")
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
    axis = series.axis(i)
    advice = "Fill or remove such steps"
    if axis is not None:
        advice += f", for example with {name}.interpolate()"
    if np.isnan(values).all() or (series.form == "columns" and not finite[0]):
        advice += f"; for series of different beginnings give a list of arrays, or {name}.stack() by series"
    raise ValueError(f"{where} contains {what} at step {step}. {advice}.")
