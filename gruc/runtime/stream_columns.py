"""What a forecaster's stream reads beside its series: columns of X, times and what never changes."""

import numpy as np

from ..sequences import Times, numeric_array
from .forecast_input import LIMIT, table_ahead


class StreamColumns:
    """Columns beside n series that go on value by value.

    Parameters
    ----------
    predictor : ForecastPredictor
    context : int
        Steps of X that are kept of each series.
    rows : ndarray of shape (n, context, n_columns) or None
        The last of these; None of a model that reads no X.
    calendar : Calendar or None
        With the times where the series end.
    static : ndarray of shape (n, s) or None
    """

    def __init__(self, predictor, context, rows, calendar, static):
        self.columns, self.covariates = predictor.columns, predictor.covariates
        self.strategy, self.context = predictor.strategy, context
        self.rows, self.calendar, self.static = rows, calendar, static
        self.first = rows, calendar

    @classmethod
    def going_on(cls, predictor, lengths):
        """Of the series of a predictor, which knows `lengths` (n,) steps of them; None without columns."""
        covariates, context = predictor.covariates, predictor.lags.context
        if covariates is None:
            return None
        rows = None
        if predictor.columns.names is not None:
            table = covariates.tables[0]
            rows = table.values[(table.first + lengths)[:, np.newaxis] + np.arange(-context, 0)]
        return cls(predictor, context, rows, predictor.calendar, covariates.static)

    @classmethod
    def of_new(cls, predictor, n, static, begin):
        """Of n new series, `begin` being the times of their first values; None if there are no columns."""
        columns, covariates, rows, calendar = predictor.columns, predictor.covariates, None, None
        context = predictor.lags.context
        for name, value, needed in (("static", static, columns.static), ("begin", begin, columns.calendar)):
            if (value is not None) != bool(needed):
                raise ValueError(_REFUSED[name, bool(needed)])
        if covariates is None:
            return None
        if columns.names is not None:
            rows = np.zeros((n, context, len(columns.names)))
        if columns.static:
            static = _static(static, n, covariates.static.shape[1])
        if columns.calendar:
            calendar = _calendar(predictor.calendar, n, begin)
        return cls(predictor, context, rows, calendar, static)

    def read(self, chosen, X, X_ahead, k, n_windows, n_ahead, n_read):
        """`Covariates` of the last windows of the series, and what is known of the columns after k steps.

        Parameters
        ----------
        chosen : index
        X : array of shape (k, n_columns) or (m, k, n_columns), or None
        X_ahead : array or list, or None
            Rows after the last of these steps.
        k : int
        n_windows : int
            Of each series: they end after its last steps, of which there are k.
        n_ahead, n_read : int
            Steps ahead that are asked for, and that are read.

        Raises
        ------
        ValueError
            X or X_ahead is missing, or not of these steps; nothing has changed.
        """
        m = len(self._of(chosen))
        tables, rows, calendar = [], self.rows, self.calendar
        ahead = table_ahead(self.columns, X_ahead, np.full(m, n_ahead), n_read, "X_ahead")
        windows = np.arange(k - n_windows + 1, k + 1)
        if rows is not None:
            later = self._checked(X, m, k)
            ahead = ahead.values[ahead.first[:, np.newaxis] + np.arange(n_read)]
            rows = np.concatenate([rows[chosen], later, ahead], axis=1)
            first = np.arange(m)[:, np.newaxis] * rows.shape[1] + windows
            tables.append((rows.reshape(-1, rows.shape[2]), first))
            rows = rows[:, k : k + self.context]
        elif X is not None:
            raise ValueError("X is given, but the model reads no columns of X. Leave it out.")
        if calendar is not None:
            times = np.array(calendar.times, object)[chosen]
            calendar = calendar._replace(times=tuple(Times(*each) for each in times))
            table = calendar.table(self.context, k + n_read)
            tables.append((table.values, table.first[:, np.newaxis] + windows))
            calendar = calendar.moved(np.full(m, k))
        return self._covariates(tables, chosen, n_windows), (rows, calendar)

    def _covariates(self, tables, chosen, n_windows):
        """`Covariates` of windows, with the scales of the model."""
        known = self.covariates
        tables = tuple(
            table._replace(values=values, first=first.reshape(-1).astype(np.intp))
            for table, (values, first) in zip(known.tables, tables, strict=True)
        )
        static = None if self.static is None else np.repeat(self.static[chosen], n_windows, axis=0)
        return known._replace(tables=tables, static=static)

    def move(self, chosen, known):
        """Take what `read` found to be known of the series."""
        rows, calendar = known
        if rows is not None:
            self.rows = self.rows.copy()
            self.rows[chosen] = rows
        if calendar is not None:
            times = np.array(self.calendar.times, object)
            times[chosen] = np.array(calendar.times, object)
            self.calendar = calendar._replace(times=tuple(Times(*each) for each in times))

    def reset(self, chosen):
        """Go back to where series began."""
        rows, calendar = self.first
        times = None
        if calendar is not None:
            times = np.array(calendar.times, object)[chosen]
            calendar = calendar._replace(times=tuple(Times(*each) for each in times))
        self.move(chosen, (None if rows is None else rows[chosen], calendar))

    def now(self):
        """`Covariates` of the steps that are kept of each series."""
        tables, everything = [], slice(None)
        if self.rows is not None:
            n, context, _ = self.rows.shape
            tables.append((self.rows.reshape(n * context, -1), np.arange(n) * context))
        if self.calendar is not None:
            table = self.calendar.table(self.context, 0)
            tables.append((table.values, table.first))
        return self._covariates(tables, everything, 1)

    def _of(self, chosen):
        """Something of each of the series that are meant."""
        if self.rows is not None:
            return self.rows[chosen]
        return np.empty(len(self.calendar.times if self.static is None else self.static))[chosen]

    def _checked(self, X, m, k):
        """X of k steps as (m, k, n_columns)."""
        names = self.columns.names
        if X is None:
            raise ValueError(f"X is missing: the model reads the columns {names}, at the steps of x.")
        array = numeric_array([X] if np.ndim(X) == 0 else X, "X").astype(np.float64, copy=False)
        if array.size != m * k * len(names) or array.ndim > 3:
            raise ValueError(
                f"X has the shape {np.shape(X)}; expected the columns {names}, in this order, at each of the "
                f"steps of x: ({m}, {k}, {len(names)})."
            )
        wrong = ~(np.abs(array) <= LIMIT)  # NaN too
        if wrong.any():
            raise ValueError(f"X contains {array[wrong][0]:g}. Fill it.")
        return array.reshape(m, k, len(names))

    def numbers(self):
        """What is kept of X, (n, ...), for a snapshot."""
        return None if self.rows is None else self.rows.reshape(len(self.rows), -1)

    def lasts(self):
        """The last time of each series, as integers, for a snapshot."""
        times = () if self.calendar is None else self.calendar.times
        return np.array([each.last for each in times], np.int64)

    def restored(self, numbers, lasts):
        """A copy with what a snapshot has."""
        rows, calendar = self.rows, self.calendar
        if rows is not None:
            rows = numbers.reshape(rows.shape).copy()
        if calendar is not None:
            each = zip(calendar.times, lasts.tolist(), strict=True)
            calendar = calendar._replace(times=tuple(times._replace(last=last) for times, last in each))
        return self.with_state(rows, calendar)

    def with_state(self, rows, calendar):
        """A copy in this state."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), rows=rows, calendar=calendar)
        return other

    def copied(self):
        """An independent copy."""
        return self.with_state(self.rows, self.calendar)  # arrays are replaced, never written to


_REFUSED = {
    ("static", True): "static is missing: the model reads columns of each series that never change. Give "
    "those of the new series: stream(n, static=...), (n, n_columns).",
    ("static", False): "static is given, but the model reads no static columns. Leave it out.",
    ("begin", True): "begin is missing: the model reads a calendar. Give the time of the first value of the "
    "new series: stream(n, begin=...), a datetime64, or one for each.",
    ("begin", False): "begin is given, but the model reads no calendar. Leave it out.",
}


def _static(static, n, n_columns):
    """Columns (n, s) of new series."""
    array = np.array(numeric_array(static, "static"), np.float64)
    if array.shape != (n, n_columns):
        raise ValueError(
            f"static has the shape {array.shape}; expected {(n, n_columns)}, one row per series."
        )
    if not (np.abs(array) <= LIMIT).all():
        raise ValueError("static contains values that are missing or too large. Fill them.")
    return array


def _calendar(calendar, n, begin):
    """The `Calendar` of n new series, whose first values are at `begin`."""
    steps = {times._replace(last=0) for times in calendar.times}
    if len(steps) > 1:
        raise ValueError(
            f"The series of the model have the frequencies {sorted(times.step for times in steps)}, so that "
            "that of new series is not known. Continue the series of the fit: stream()."
        )
    (times,) = steps
    try:
        begins = np.broadcast_to(np.asarray(begin, "M8"), (n,))
    except (TypeError, ValueError):
        raise ValueError(
            f"begin is {begin!r:.60}; expected a datetime64, or one for each of {n} series."
        ) from None
    if np.isnat(begins).any():
        raise ValueError("begin contains NaT. Give the time of the first value of each series.")
    return calendar._replace(times=tuple(times.starting_at(each).moved(-1) for each in begins))
