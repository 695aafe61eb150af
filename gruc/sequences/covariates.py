"""Covariates: what a network reads of them, batch by batch.

The row of step t, behind the columns of the series itself (`lag_windows`), has

    x[t]                  every column
    x[t + r]              columns known ahead, and
    x[t + r] - x[t + r - n m]    their difference to the place that the seasonal naive forecast takes

for the reaches r = H, H - L, H - 2 L, ... above 0, where L is the number of lags, H the horizon and m > 1 a
season: with L >= H rows the whole horizon is seen once, with fewer each row has several of its steps. Then
come the columns of the series that never change. Each column is centred and scaled by what is learned from;
one that is constant there is not read.
"""

from typing import NamedTuple

import numpy as np

from .scaling import Moments

# Scaled columns are clipped to this range, so that a network can compute with whatever is given later.
FARTHEST = 1e6


class Table(NamedTuple):
    """Columns with a row for each step. Series may share rows.

    Parameters
    ----------
    values : ndarray of shape (M, k)
    first : ndarray of shape (n,), intp
        The row of the first step of each series.
    ahead : ndarray of shape (k,), bool
        Which columns are known ahead.
    mean, factor : ndarray of shape (k,)
        Columns are read as ``(x - mean) * factor``.
    """

    values: np.ndarray
    first: np.ndarray
    ahead: np.ndarray
    mean: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, values, first, ahead=None):
        """Columns that are read as they are."""
        k = values.shape[1]
        ahead = np.ones(k, bool) if ahead is None else np.asarray(ahead)
        return cls(values, np.asarray(first, np.intp), ahead, np.zeros(k), np.ones(k))

    def scaled(self, lengths):
        """The same, scaled by the mean and standard deviation of the first steps (n,) of each series."""
        moments = Moments(self.values.shape[1])
        for start, stop in _merged(self.first, self.first + lengths):
            for begin in range(start, stop, 1 << 14):
                part = self.values[begin : min(begin + (1 << 14), stop)]
                moments.add(np.ascontiguousarray(part))  # sums whose order is that of rows
        scaling = moments.scaling()
        return self._replace(mean=scaling.mean, factor=np.where(_varies(moments), 1 / scaling.scale, 0.0))

    def moved(self, n):
        """The table of the same series from their step n (int, or one for each) on."""
        return self._replace(first=self.first + n)

    def parts(self, starts, stops):
        """Rows of the steps from `starts` to `stops` (n,) of each series alone, in a table of its own."""
        return self.followed_by(starts, stops, self, 0)

    def followed_by(self, starts, stops, later, n_later):
        """Steps from `starts` to `stops` (n,), and `n_later` steps of another table of the same series.

        Rows that series share are there once.
        """
        n = len(self.first)
        spans = [self.first + starts, self.first + stops, later.first, np.broadcast_to(n_later, n)]
        different, which = np.unique(np.stack(spans, axis=1), axis=0, return_inverse=True)
        parts = []
        for start, stop, begin, more in different:
            parts.append(self.values[start:stop])
            if more:
                parts.append(later.values[begin : begin + more])
        lengths = different[:, 1] - different[:, 0] + different[:, 3]
        first = (np.cumsum(lengths) - lengths)[which.reshape(-1)]
        return self._replace(values=np.concatenate(parts), first=first)

    def lengthened(self, n_known, n):
        """`n` steps of each series: the first `n_known`, the last of which stands for those that follow."""
        first, which = np.unique(self.first, return_inverse=True)
        rows = first[:, np.newaxis] + np.minimum(np.arange(n), n_known - 1)
        return self._replace(values=self.values[rows.reshape(-1)], first=which.reshape(-1) * n)

    def describe(self, name):
        """The arrays in a model file, by name."""
        parts = self._replace(first=self.first.astype(np.int64), ahead=self.ahead.astype(np.uint8))
        return {f"{name}.{part}": array for part, array in parts._asdict().items()}

    @classmethod
    def described(cls, fields, arrays, name, lengths):
        """The table that `describe` described, with `lengths` steps of each series; its arrays are popped.

        `fields` are `files.fields.Fields`, for errors.
        """
        values, first, ahead, mean, factor = (arrays.pop(f"{name}.{part}", None) for part in cls._fields)
        if values is None or values.dtype != np.float64 or values.ndim != 2:
            fields.refuse(f"{name} is no table of float64")
        if first is None or first.dtype != np.int64 or first.shape != lengths.shape or first.min() < 0:
            fields.refuse(f"{name} does not begin for each series")
        if (first > len(values)).any() or (first + lengths > len(values)).any():
            fields.refuse(f"{name} does not have all steps of the series")
        for part, dtype in ((ahead, np.uint8), (mean, np.float64), (factor, np.float64)):
            if part is None or part.dtype != dtype or part.shape != values.shape[1:]:
                fields.refuse(f"{name} has no scales of its columns")
        return cls(np.array(values), first.astype(np.intp), ahead > 0, np.array(mean), np.array(factor))

    def width(self, lags):
        """Columns of a row."""
        n_ahead = np.count_nonzero(self.ahead)
        return len(self.ahead) + n_ahead * len(reaches(lags)) * (2 if lags.season_length > 1 else 1)

    def read(self, of, begin, lags, n_rows):
        """Columns (B, n_rows, width) of rows from step `begin` (B,) on, of the series `of` (B,).

        Columns that are not known ahead are 0 from row ``lags.lags`` on.
        """
        m = lags.season_length if lags.season_length > 1 and self.ahead.any() else 0
        steps = np.arange(-m, n_rows + self._reach(lags))
        span = self.values[(self.first[of] + begin)[:, np.newaxis] + steps]
        span = np.clip((span - self.mean) * self.factor, -FARTHEST, FARTHEST)
        now = span[:, m : m + n_rows]
        if n_rows > lags.lags:
            now = now.copy()
            now[:, lags.lags :, ~self.ahead] = 0
        columns = [now]
        known = span if self.ahead.all() else span[:, :, self.ahead]
        for reach in reaches(lags) if self.ahead.any() else ():
            columns.append(known[:, m + reach : m + reach + n_rows])
            if m:
                before = (reach - 1) % m + 1  # the same place in the last season that is known
                columns.append(columns[-1] - known[:, before : before + n_rows])
        return np.concatenate(columns, axis=2)

    def _reach(self, lags):
        """Steps behind a window whose rows are read."""
        return lags.horizon if self.ahead.any() else 0


class Covariates(NamedTuple):
    """All that is known beside series.

    Parameters
    ----------
    tables : tuple of Table
    static : ndarray of shape (n, s) or None
        Columns that never change.
    mean, factor : ndarray of shape (s,) or None
        As of `Table`.
    """

    tables: tuple = ()
    static: np.ndarray | None = None
    mean: np.ndarray | None = None
    factor: np.ndarray | None = None

    def describe(self):
        """The arrays in a model file, by name."""
        arrays = {}
        for i, table in enumerate(self.tables):
            arrays |= table.describe(f"covariates.{i}")
        if self.static is not None:
            arrays |= {
                "covariates.static": self.static,
                "covariates.mean": self.mean,
                "covariates.factor": self.factor,
            }
        return arrays

    @classmethod
    def described(cls, fields, arrays, n_tables, has_static, lengths):
        """The covariates that `describe` described, with `lengths` steps a series; their arrays are popped.

        `fields` are `files.fields.Fields`, for errors.
        """
        tables = tuple(Table.described(fields, arrays, f"covariates.{i}", lengths) for i in range(n_tables))
        if not has_static:
            return cls(tables)
        static, mean, factor = (
            arrays.pop(f"covariates.{part}", None) for part in ("static", "mean", "factor")
        )
        if static is None or static.dtype != np.float64 or static.ndim != 2 or len(static) != len(lengths):
            fields.refuse("covariates.static are no numbers of each series")
        for part in (mean, factor):
            if part is None or part.dtype != np.float64 or part.shape != static.shape[1:]:
                fields.refuse("covariates.static has no scales of its columns")
        return cls(tables, np.array(static), np.array(mean), np.array(factor))

    def scaled(self, lengths, chosen=slice(None)):
        """Scaled by the first steps (n,) of each series, static ones by the series `chosen`."""
        tables = tuple(table.scaled(lengths) for table in self.tables)
        if self.static is None:
            return self._replace(tables=tables)
        moments = Moments(self.static.shape[1])
        moments.add(self.static[chosen])
        scaling = moments.scaling()
        factor = np.where(_varies(moments), 1 / scaling.scale, 0.0)
        return self._replace(tables=tables, mean=scaling.mean, factor=factor)

    def scaled_as(self, other):
        """The same columns, scaled as those of `other`."""
        tables = tuple(
            table._replace(mean=known.mean, factor=known.factor)
            for table, known in zip(self.tables, other.tables, strict=True)
        )
        return self._replace(tables=tables, mean=other.mean, factor=other.factor)

    def moved(self, n):
        """From step n (int, or one for each series) on."""
        return self._replace(tables=tuple(table.moved(n) for table in self.tables))

    def of_series(self, of, steps):
        """Those of B windows as of series of their own, which begin at `steps` (B,) of the series `of`."""
        tables = tuple(table._replace(first=table.first[of] + steps) for table in self.tables)
        return self._replace(tables=tables, static=None if self.static is None else self.static[of])

    def parts(self, starts, stops):
        """Those of the steps from `starts` to `stops` (n,) of each series alone."""
        return self._replace(tables=tuple(table.parts(starts, stops) for table in self.tables))

    def followed_by(self, starts, stops, later, n_later):
        """Steps from `starts` to `stops` (n,), and `n_later` steps of `later`; see `Table.followed_by`."""
        tables = zip(self.tables, later.tables, strict=True)
        return self._replace(
            tables=tuple(table.followed_by(starts, stops, other, n_later) for table, other in tables)
        )

    def width(self, lags):
        """Columns of a row."""
        return sum(table.width(lags) for table in self.tables) + (
            0 if self.static is None else self.static.shape[1]
        )

    def read(self, of, begin, lags, n_rows):
        """Columns (B, n_rows, width) of rows from step `begin` (B,) on, of the series `of` (B,)."""
        columns = [table.read(of, begin, lags, n_rows) for table in self.tables]
        if self.static is not None:
            static = (self.static[of] - self.mean) * self.factor
            columns.append(np.broadcast_to(static[:, np.newaxis], (len(of), n_rows, static.shape[1])))
        return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=2)

    def as_plain(self):
        """Plain values and arrays, for `of_plain`."""
        return (tuple(tuple(table) for table in self.tables), *self[1:])

    @classmethod
    def of_plain(cls, plain):
        """The covariates whose `as_plain` this is."""
        tables, *static = plain
        return cls(tuple(Table(*table) for table in tables), *static)


def reaches(lags):
    """How far ahead of a row columns known ahead are read."""
    return range(lags.horizon, 0, -lags.lags)


def _varies(moments):
    """Which columns are not constant."""
    noise = (10 * np.finfo(np.float64).eps * moments.mean) ** 2
    return moments.variance > noise


def _merged(starts, stops):
    """Spans of rows as spans that do not overlap, in order."""
    merged = []
    for i in np.argsort(starts, kind="stable"):
        if merged and starts[i] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], int(stops[i]))
        else:
            merged.append([int(starts[i]), int(stops[i])])
    return merged
