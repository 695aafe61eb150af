"""Indexes of time: how they continue, and what is wrong with those that cannot."""

import numpy as np
import pytest

pd = pytest.importorskip("pandas")

from gruc.conventions.time_axis import TimeAxis  # noqa: E402

INDEXES = {
    "days": pd.date_range("2024-02-25", periods=9, freq="D", name="day"),
    "hours over the change of clocks": pd.date_range(
        "2024-03-30 20:00", periods=9, freq="h", tz="Europe/Berlin"
    ),
    "days over the change of clocks": pd.date_range("2024-03-25", periods=9, freq="D", tz="Europe/Berlin"),
    "month ends": pd.date_range("2024-01-31", periods=9, freq="ME"),
    "quarters": pd.date_range("2020-02-01", periods=9, freq="QS-FEB"),
    "business days": pd.date_range("2024-01-01", periods=9, freq="B"),
    "half hours in seconds": pd.date_range("2024-01-01", periods=9, freq="30min", unit="s"),
    "months": pd.period_range("2020-01", periods=9, freq="M", name="month"),
    "every second day as periods": pd.period_range("2020-01-01", periods=9, freq="2D"),
    "quarters as periods": pd.period_range("2020Q1", periods=9, freq="Q-JAN"),
    "seconds": pd.timedelta_range("1s", periods=9, freq="s"),
    "rows": pd.RangeIndex(9),
    "every third row": pd.RangeIndex(5, 32, 3, name="row"),
    "years as integers": pd.Index(np.arange(1990, 1999)),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_continues_as_pandas_does(index):
    axis = TimeAxis.of_index(index[:5], "y")
    pd.testing.assert_index_equal(axis.after(np.arange(1, 5)), index[5:], exact="equiv")
    pd.testing.assert_index_equal(axis.after(np.array([2, 4])), index[[6, 8]], exact="equiv")
    assert axis.last_time() == index[4]
    assert axis.steps_to(index[[5, 8]]).tolist() == [1, 4]


@pytest.mark.parametrize("index", [INDEXES["days"], INDEXES["month ends"], INDEXES["business days"]])
def test_a_frequency_that_is_not_said_is_inferred(index):
    unsaid = pd.DatetimeIndex(index[:7].to_numpy(), name=index.name)
    assert unsaid.freq is None
    pd.testing.assert_index_equal(TimeAxis.of_index(unsaid, "y").after(np.array([1, 2])), index[7:])


DAYS = INDEXES["days"]
WRONG = {
    "gap": (DAYS[[0, 1, 2, 4, 5, 6]], ValueError, r"2024-02-29 .* follows 2024-02-27 .*asfreq.*interpolate"),
    "twice": (DAYS[[0, 1, 1, 2]], ValueError, r"2024-02-26 00:00:00 twice\..*groupby"),
    "unsorted": (DAYS[[0, 2, 1]], ValueError, r"not sorted: 2024-02-26 .* follows 2024-02-27 .*sort_index"),
    "backwards": (INDEXES["rows"][::-1], ValueError, "sort_index"),
    "NaT": (DAYS[:3].append(pd.DatetimeIndex([pd.NaT])), ValueError, "missing time"),
    "too few": (pd.DatetimeIndex(["2024-01-01"]), ValueError, r"1 times, too few .*asfreq\('D'\)"),
    "gap of periods": (
        INDEXES["months"][[0, 1, 3]],
        ValueError,
        "2020-04 follows 2020-02, and the frequency is 'M'",
    ),
    "gap of integers": (pd.Index([1, 2, 4]), ValueError, "4 follows 2"),
    "text": (pd.Index(["a", "b"]), TypeError, r"expected a DatetimeIndex.*to_datetime.*reset_index"),
    "floats": (pd.Index([0.5, 1.5]), TypeError, "float64"),
}


@pytest.mark.parametrize("index, error, message", WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_an_index(index, error, message):
    with pytest.raises(error, match=message):
        TimeAxis.of_index(index, "y")


def test_times_that_are_none_of_the_future():
    axis = TimeAxis.of_index(DAYS[:5], "y")
    with pytest.raises(ValueError, match=r"2024-02-29 00:00:00, which is not after the last time of y"):
        axis.steps_to(DAYS[4:6])
    with pytest.raises(ValueError, match=r"2024-03-01 12:00:00, which is not a time of y's frequency 'D'"):
        axis.steps_to(pd.DatetimeIndex(["2024-03-01 12:00"]))
    with pytest.raises(TypeError, match="fh is a PeriodIndex, but the index of y is of the kind 'datetime'"):
        axis.steps_to(INDEXES["months"])


@pytest.mark.parametrize("freq", ["MS", "ME", "B", "W-MON", "YS-JAN", "30min"])
@pytest.mark.parametrize("missing", [[7], [150], [1, 50, 90]])
def test_missing_times_are_told_at_the_frequency_of_the_others(freq, missing):
    index = pd.date_range("2000-01-03", periods=200, freq=freq)
    before, after = index[missing[0] - 1], index[missing[0] + 1]
    message = rf"lacks times: {after} follows {before}, and the frequency is '{freq}'.*asfreq\('{freq}'\)"
    with pytest.raises(ValueError, match=message):
        TimeAxis.of_index(index.delete(missing), "y")


def test_irregular_times_are_to_be_aggregated():
    index = pd.DatetimeIndex(["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00", "2024-01-01 04:10"])
    with pytest.raises(ValueError, match=r"for example y\.resample\('h'\)\.mean\(\)\.interpolate\(\)"):
        TimeAxis.of_index(index, "y")


def test_advice_for_one_series_of_a_frame_is_code():
    index = pd.date_range("2024-01-01", periods=9)[::-1]
    with pytest.raises(ValueError, match=r"Use y\.loc\['a'\]\.sort_index\(\)"):
        TimeAxis.of_index(index, "y, series 'a',")


def test_times_of_another_time_zone_are_refused():
    axis = TimeAxis.of_index(pd.date_range("2024-01-01", periods=9, tz="UTC"), "y")
    with pytest.raises(TypeError, match="fh has the time zone None, and the index of y UTC"):
        axis.steps_to(pd.date_range("2024-01-10", periods=2))
