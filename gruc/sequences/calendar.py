"""Columns of the calendar: what hour, day of the week, month or holiday a time is."""

from typing import NamedTuple

import numpy as np

from .covariates import Table
from .times import Times

FEATURES = ("hour", "weekday", "month", "holidays")


class Holidays(NamedTuple):
    """Holidays of some years, both inclusive.

    Parameters
    ----------
    first, last : int
        Years.
    days : ndarray of datetime64[D]
    """

    first: int
    last: int
    days: np.ndarray

    @classmethod
    def of(cls, dates):
        """Those of the years of some dates."""
        days = np.unique(np.asarray(dates, "M8[D]"))
        if not days.size or np.isnat(days).any():
            raise ValueError("dates are the days of holidays, one or more, none of them missing.")
        first, last = _years(days[[0, -1]]).tolist()
        return cls(first, last, days)

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        days = {"covariates.holidays": self.days.astype(np.int64)}
        return {"years": [int(self.first), int(self.last)]}, days

    @classmethod
    def described(cls, fields, arrays):
        """What `describe` described, or None where it is not there; its array is popped."""
        if "years" not in fields:
            return None
        years = fields.take("years", _are_years)
        days = arrays.pop("covariates.holidays", None)
        if days is None or days.dtype != np.int64 or days.ndim != 1:
            fields.refuse("its holidays are no days")
        days = days.astype("M8[D]")
        if len(days) and not (years[0] <= _years(days).min() and _years(days).max() <= years[1]):
            fields.refuse("its holidays are not of their years")
        return cls(*years, days)


def _years(times):
    return times.astype("M8[Y]").astype(np.int64) + 1970


def _are_years(value):
    fits = type(value) is list and len(value) == 2 and all(type(year) is int for year in value)
    return fits and 0 < value[0] <= value[1] < 10000


class Calendar(NamedTuple):
    """What is read of the times of series.

    Parameters
    ----------
    features : tuple of str
        Some of `FEATURES`.
    times : tuple of Times
        Of each series.
    holidays : Holidays or None
        None where they are not known.
    """

    features: tuple
    times: tuple
    holidays: Holidays | None = None

    def table(self, n_before, n_after):
        """The `Table` of the last `n_before` (n,) times of each series and the `n_after` that follow.

        Series whose times are the same share rows.
        """
        before = np.broadcast_to(n_before, len(self.times)).tolist()
        begins, parts, n_rows = {}, [], 0
        for span in zip(self.times, before, strict=True):
            if span not in begins:
                times, n = span
                parts.append(self.columns(times.local(np.arange(1 - n, n_after + 1))))
                begins[span] = n_rows
                n_rows += len(parts[-1])
        first = [begins[span] for span in zip(self.times, before, strict=True)]
        return Table.of(np.concatenate(parts), first)

    def columns(self, times):
        """Columns (n, k) of local times, datetime64 without a zone.

        Raises
        ------
        ValueError
            Holidays of these times are not known.
        """
        days = None
        if "holidays" in self.features:
            days = self._days_known(times)
        return calendar_columns(times, self.features, days)

    def _days_known(self, times):
        if self.holidays is None:
            raise ValueError(
                "The model reads holidays, and its file has none, since the package holidays was not "
                "installed where it was written. Give them: predictor.with_holidays(dates)."
            )
        first, last, days = self.holidays
        years = _years(times)
        if years.min() < first or years.max() > last:
            raise ValueError(
                f"The holidays that are known are those of {first} to {last}, and times reach from "
                f"{times.min()} to {times.max()}. Give those of all years: predictor.with_holidays(dates)."
            )
        return days

    def moved(self, counts):
        """The same, `counts` (n,) times later."""
        known, moved = {}, []
        for span in zip(self.times, np.asarray(counts).tolist(), strict=True):
            if span not in known:
                times, n = span
                known[span] = times.moved(n) if n else times
            moved.append(known[span])
        return self._replace(times=tuple(moved))

    def as_plain(self):
        """Plain values and arrays, for `of_plain`."""
        holidays = None if self.holidays is None else tuple(self.holidays)
        return self.features, tuple(map(tuple, self.times)), holidays

    @classmethod
    def of_plain(cls, plain):
        """The calendar whose `as_plain` this is."""
        features, times, holidays = plain
        times = tuple(Times(*values) for values in times)
        return cls(features, times, None if holidays is None else Holidays(*holidays))


def calendar_columns(times, features, days=None):
    """Columns (n, k) of times: sine and cosine of cycles, and 1 on holidays.

    Parameters
    ----------
    times : ndarray of shape (n,), datetime64
        Local.
    features : sequence of str
        Some of `FEATURES`.
    days : ndarray of datetime64[D] or None
        Holidays.
    """
    dates, columns = times.astype("M8[D]"), []
    for name in features:
        if name == "holidays":
            columns.append(np.isin(dates, days).astype(np.float64))
            continue
        if name == "hour":
            seconds = (times - dates).astype("m8[s]").astype(np.int64)
            share = (seconds // 3600 + seconds % 3600 // 60 / 60 + seconds % 60 / 3600) / 24
        elif name == "weekday":
            share = (dates.astype(np.int64) + 3) % 7 / 7  # 1970 began on a Thursday
        else:
            months = times.astype("M8[M]")
            start = months.astype("M8[D]")
            n_days = ((months + 1).astype("M8[D]") - start).astype(np.int64)
            share = (months.astype(np.int64) % 12 + (dates - start).astype(np.int64) / n_days) / 12
        angle = 2 * np.pi * share
        columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, axis=1)
