"""Columns of the calendar: what hour, day of the week, month or holiday a time is."""

import contextlib
from functools import lru_cache

import numpy as np

from ..sequences import CALENDAR_FEATURES as FEATURES
from ..sequences import Calendar, Holidays, Table, Times
from ..sequences import calendar_columns as columns_of_times

DAY = 86400.0
# A model stores the holidays of this many years before the last time of the series, and after it.
YEARS_BEFORE, YEARS_AHEAD = 1, 20
# "auto" takes a cycle that the series cover at least this many times
FEWEST_CYCLES = 2


def calendar_of(calendar, holidays, series):
    """The features that the parameters `calendar` and `holidays` ask for, checked.

    Parameters
    ----------
    calendar : None, "auto" or sequence of str
    holidays : str or None
        A country's code.
    series : TimeSeries

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        Features that there are not, or that do not go with `holidays` or the index of y.
    """
    has_dates = all(axis.kind in ("datetime", "period") for axis in series.axes)
    if calendar == "auto":
        if not has_dates:
            _refuse_useless(holidays, "y has no index of dates")
            return ()
        return _features_by_frequency(series, holidays)
    names = () if calendar is None else (calendar,) if isinstance(calendar, str) else tuple(calendar)
    unknown = [name for name in names if name not in FEATURES]
    if unknown:
        raise ValueError(f"calendar contains {unknown[0]!r}; it is None, 'auto' or some of {FEATURES}.")
    if len(set(names)) < len(names):
        raise ValueError(f"calendar contains a feature twice: {names!r}.")
    if "holidays" in names and holidays is None:
        raise ValueError("calendar contains 'holidays': say of which country, such as holidays='DE'.")
    if "holidays" not in names:
        _refuse_useless(holidays, f"calendar is {calendar!r}, without 'holidays'")
    if names and not has_dates:
        raise ValueError(
            f"calendar={calendar!r} needs times, and y has no DatetimeIndex or PeriodIndex. Give y as a "
            "Series or DataFrame with one, or set calendar=None."
        )
    return names


def _refuse_useless(holidays, why):
    if holidays is not None:
        raise ValueError(f"holidays={holidays!r} is given, but {why}. Set holidays=None.")


def _features_by_frequency(series, holidays):
    """What "auto" is: cycles longer than a step of which the longest series has seen two."""
    axis = series.axis(0)
    times = axis.after(np.arange(1, 9))
    times = times.to_timestamp() if axis.kind == "period" else times
    step = float(np.diff(times).min() / np.timedelta64(1, "s"))  # without the weekend of business days
    span = step * max(map(len, series.values))
    names = []
    if step < DAY and span >= FEWEST_CYCLES * DAY:
        names.append("hour")
    if step <= DAY and span >= FEWEST_CYCLES * 7 * DAY:
        names.append("weekday")
    if step < 100 * DAY and span >= FEWEST_CYCLES * 365 * DAY:
        names.append("month")
    if holidays is not None:
        if step > DAY:
            _refuse_useless(holidays, "a step of y is longer than a day")
        names.append("holidays")
    return tuple(names)


def calendar_columns(index, names, country=None):
    """Columns (n, k) of the times of an index, as `gruc.sequences.calendar_columns` makes them.

    Parameters
    ----------
    index : DatetimeIndex or PeriodIndex
        Of a period its start. Times with a zone are local.
    names : sequence of str
        Some of `FEATURES`.
    country : str or None
        Of the holidays; "US-CA" is a part of a country.
    """
    times = index.to_timestamp() if hasattr(index, "to_timestamp") else index
    days = None
    if "holidays" in names:
        days = holidays_of(country, int(times.year.min()), int(times.year.max())).days
    return columns_of_times(np.asarray(times.tz_localize(None)), names, days)


@lru_cache(maxsize=64)
def holidays_of(country, first, last):
    """`Holidays` of a country, or a part of it, in the years from `first` to `last`.

    Raises
    ------
    ImportError
        The package holidays is not installed.
    ValueError
        It does not know the country.
    """
    try:
        import holidays
    except ImportError:
        raise ImportError(
            "calendar with 'holidays' needs the package holidays: pip install holidays. Or give a column of "
            "holidays in X."
        ) from None
    name, _, part = country.partition("-")
    try:
        days = holidays.country_holidays(name, subdiv=part or None, years=range(first, last + 1))
    except NotImplementedError as error:
        raise ValueError(
            f"holidays={country!r} is not a country of the package holidays ({error}). Give a code such as "
            "'DE', or 'US-CA' for a part."
        ) from None
    return Holidays(first, last, np.array(sorted(days), "datetime64[D]"))


def calendar_alone(columns, axes, known=None):
    """The `Calendar` of axes that goes on without pandas, or None where none is read.

    Parameters
    ----------
    columns : Columns
    axes : list of TimeAxis
        Of each series.
    known : Holidays or None
        Holidays to be taken where the package holidays is not installed.
    """
    if not columns.calendar:
        return None
    times = tuple(Times(axis.kind, axis.last, axis.step, axis.unit, _zone_of(axis)) for axis in axes)
    holidays = known
    if "holidays" in columns.calendar:
        years = [axis.last_time().year for axis in set(axes)]
        with contextlib.suppress(ImportError):
            holidays = holidays_of(columns.country, min(years) - YEARS_BEFORE, max(years) + YEARS_AHEAD)
    return Calendar(columns.calendar, times, holidays)


def _zone_of(axis):
    return None if axis.tz is None else str(axis.tz)


def calendar_table(axes, n_before, n_after, names, country):
    """The `Table` of the last `n_before` (n,) times of each series and the `n_after` that follow.

    Series of the same frequency share rows.
    """
    lengths = dict.fromkeys(axes, 0)
    for axis, n in zip(axes, n_before, strict=True):
        lengths[axis] = max(lengths[axis], int(n))
    begins, parts, n_rows = {}, [], 0
    left = list(lengths)
    while left:
        like_first = [axis for axis in left if axis._replace(last=left[0].last) == left[0]]
        spans = {axis: _span(axis, lengths[axis], n_after) for axis in like_first}
        index = _index_over(spans, max(like_first, key=lambda axis: axis.last), lengths, n_after)
        places = _places(spans, index)
        begins |= {axis: n_rows + place for axis, place in places.items()}
        parts.append(calendar_columns(index, names, country))
        n_rows += len(index)
        left = [axis for axis in left if axis not in places]
    ends = np.array([begins[axis] + lengths[axis] for axis in axes], np.intp)
    return Table.of(np.concatenate(parts), ends - np.asarray(n_before))


def _span(axis, n_before, n_after):
    """(first time, last time, number of times)."""
    first = axis.until(n_before)[0] if n_before else axis.after(np.array([1]))[0]
    last = axis.after(np.array([n_after]))[0] if n_after else axis.last_time()
    return first, last, n_before + n_after


def _index_over(spans, axis, lengths, n_after):
    """The times of this axis from the first of all on."""
    first = min(span[0] for span in spans.values())
    n = max(lengths[axis], 1)
    index = axis.until(n)
    while index[0] > first:
        n *= 2
        index = axis.until(n)
    index = index[index >= first]
    return index.append(axis.after(np.arange(1, n_after + 1))) if n_after else index


def _places(spans, index):
    """Where the times of each axis begin in an index, for those that it has."""
    firsts = index.get_indexer([span[0] for span in spans.values()])
    lasts = index.get_indexer([span[1] for span in spans.values()])
    return {
        axis: int(begin)
        for (axis, span), begin, end in zip(spans.items(), firsts, lasts, strict=True)
        if begin >= 0 and end - begin == span[2] - 1
    }
