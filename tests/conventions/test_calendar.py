"""Columns of the calendar against pandas' and the package holidays' own answers."""

import sys

import numpy as np
import pytest
from gruc.conventions.calendar import calendar_columns, calendar_of, calendar_table
from gruc.conventions.time_series import as_time_series

pd = pytest.importorskip("pandas")


def series(freq, n, start="2019-03-01 05:00", **kwargs):
    return as_time_series(
        pd.Series(np.arange(float(n)), pd.date_range(start, periods=n, freq=freq, **kwargs))
    )


def angle(pair):
    """Share of the cycle that sine and cosine mean."""
    return np.arctan2(pair[:, 0], pair[:, 1]) / (2 * np.pi) % 1


def test_sine_and_cosine_of_each_cycle():
    times = pd.DatetimeIndex(["2024-01-01 00:00", "2024-01-06 06:30", "2024-02-15 18:00", "2024-12-31 23:59"])
    columns = calendar_columns(times, ("hour", "weekday", "month"))
    np.testing.assert_allclose(np.square(columns).reshape(4, 3, 2).sum(axis=2), 1)
    np.testing.assert_allclose(angle(columns[:, :2]), [0, 6.5 / 24, 0.75, (23 + 59 / 60) / 24], atol=1e-12)
    np.testing.assert_allclose(angle(columns[:, 2:4]), [0, 5 / 7, 3 / 7, 1 / 7], atol=1e-12)
    expected = [0, 5 / 31 / 12, (1 + 14 / 29) / 12, (11 + 30 / 31) / 12]
    np.testing.assert_allclose(angle(columns[:, 4:]), expected, atol=1e-12)


def test_local_time_and_periods():
    local = pd.date_range("2024-07-01 12:00", periods=2, freq="h", tz="Europe/Berlin")
    assert angle(calendar_columns(local, ("hour",))).tolist() == pytest.approx([12 / 24, 13 / 24])
    months = pd.period_range("2024-02", periods=3, freq="M")
    assert angle(calendar_columns(months, ("month",))).tolist() == pytest.approx([1 / 12, 2 / 12, 3 / 12])


def test_holidays_of_a_country_and_of_a_part():
    holidays = pytest.importorskip("holidays")
    times = pd.date_range("2022-12-20", "2023-01-10", freq="12h", tz="Europe/Berlin")
    for code, days in (
        ("DE", holidays.country_holidays("DE", years=(2022, 2023))),
        ("DE-BY", holidays.country_holidays("DE", subdiv="BY", years=(2022, 2023))),
    ):
        found = calendar_columns(times, ("holidays",), code)[:, 0]
        assert found.tolist() == [float(time.date() in days) for time in times]
    with pytest.raises(ValueError, match="holidays='XX' is not a country"):
        calendar_columns(times, ("holidays",), "XX")


def test_holidays_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ImportError, match="pip install holidays"):
        calendar_columns(pd.date_range("2022", periods=2), ("holidays",), "DE")


@pytest.mark.parametrize(
    "freq, n, country, expected",
    [
        ("h", 24 * 30, None, ("hour", "weekday")),
        ("30min", 48 * 3, None, ("hour",)),
        ("h", 24 * 800, "DE", ("hour", "weekday", "month", "holidays")),
        ("D", 100, None, ("weekday",)),
        ("D", 800, None, ("weekday", "month")),
        ("B", 20, None, ("weekday",)),
        ("W", 120, None, ("month",)),
        ("MS", 36, None, ("month",)),
        ("MS", 12, None, ()),
        ("YS", 50, None, ()),
    ],
)
def test_auto_by_frequency_and_length(freq, n, country, expected):
    assert calendar_of("auto", country, series(freq, n)) == expected


def test_auto_without_dates_is_nothing():
    assert calendar_of("auto", None, as_time_series(np.arange(50.0))) == ()
    assert calendar_of(None, None, as_time_series(np.arange(50.0))) == ()
    assert calendar_of(("month", "hour"), None, series("h", 9)) == ("month", "hour")


@pytest.mark.parametrize(
    "calendar, country, y, message",
    [
        (("day",), None, series("h", 9), "'day'; it is None, 'auto' or some of"),
        (("hour", "hour"), None, series("h", 9), "twice"),
        (("holidays",), None, series("h", 9), "of which country"),
        (("hour",), "DE", series("h", 9), "without 'holidays'"),
        (None, "DE", series("h", 9), "Set holidays=None"),
        ("auto", "DE", as_time_series(np.arange(9.0)), "no index of dates"),
        ("auto", "DE", series("W", 9), "longer than a day"),
        (("hour",), None, as_time_series(np.arange(9.0)), "needs times"),
    ],
)
def test_refused(calendar, country, y, message):
    with pytest.raises(ValueError, match=message):
        calendar_of(calendar, country, y)


@pytest.mark.parametrize("freq", ["h", "D", "MS", "B"])
@pytest.mark.parametrize("kind", ["datetime", "period"])
def test_series_share_a_table(freq, kind):
    """Of different beginnings and ends, and one on another grid; each reads its own times."""
    if kind == "period" and freq in ("MS", "B"):
        freq = {"MS": "M", "B": "W"}[freq]
    make = pd.date_range if kind == "datetime" else pd.period_range
    whole = make("2020-01-01", periods=60, freq=freq)
    indices = [whole[3:20], whole[10:45], whole[3:20], whole[40:50]]
    if freq == "h" and kind == "datetime":
        indices.append(pd.date_range("2020-01-01 00:30", periods=15, freq="h"))
    axes = [as_time_series(pd.Series(0.0, index)).axes[0] for index in indices]
    lengths = [17, 20, 9, 10, 15][: len(axes)]
    table = calendar_table(axes, lengths, 6, ("hour", "weekday", "month"), None)
    assert len(table.values) <= 60 + 30
    for axis, n, first, index in zip(axes, lengths, table.first, indices, strict=True):
        times = index[-n:].append(axis.after(np.arange(1, 7)))
        expected = calendar_columns(times, ("hour", "weekday", "month"))
        np.testing.assert_array_equal(table.values[first : first + n + 6], expected)
    ahead = calendar_table(axes, [0] * len(axes), 6, ("month",), None)
    for axis, first in zip(axes, ahead.first, strict=True):
        expected = calendar_columns(axis.after(np.arange(1, 7)), ("month",))
        np.testing.assert_array_equal(ahead.values[first : first + 6], expected)
