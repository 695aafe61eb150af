"""Times by NumPy alone, against pandas."""

import numpy as np
import pytest
from gruc.conventions.time_axis import TimeAxis
from gruc.sequences import Calendar, Holidays, Times, calendar_columns

pd = pytest.importorskip("pandas")
STEPS = np.arange(-40, 120)
DATETIMES = "h 3h 90min 15min s 250ms D 2D W-SUN 2W-WED MS ME 5MS QS-OCT QE-DEC YS-JAN YE-JUN B 3B"
PERIODS = "h 2h 30min D 3D W-SUN 2W-WED W-THU W-SAT M 2M Q-DEC Q-JAN 2Q-FEB Y-DEC Y-JUN B"
BEGIN = "2023-09-20 09:30"


def times_of(axis):
    zone = None if axis.tz is None else str(axis.tz)
    return Times(axis.kind, axis.last, axis.step, axis.unit, zone)


def local(index):
    index = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index
    return index.tz_localize(None).to_numpy()


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "America/St_Johns", "UTC+05:30"])
@pytest.mark.parametrize("freq", DATETIMES.split())
def test_datetimes(freq, zone):
    """Across changes of the clocks, which count hours on and keep days at their time."""
    index = pd.date_range(BEGIN, periods=200, freq=freq, tz=zone)
    axis = TimeAxis.of_index(index[:60], "y")
    times = times_of(axis)
    assert np.array_equal(times.local(STEPS[1:]), local(index[20:179]))
    assert np.array_equal(times.local(np.arange(1, 5)), local(axis.after(np.arange(1, 5))))
    for n in (1, 37, 100):
        assert times.moved(n) == times_of(axis.moved(n))


@pytest.mark.parametrize("freq", PERIODS.split())
@pytest.mark.filterwarnings("ignore:Period with BDay:FutureWarning")
@pytest.mark.filterwarnings("ignore:PeriodDtype.B:FutureWarning")
def test_periods(freq):
    index = pd.period_range("1969-11-20", periods=200, freq=freq)
    axis = TimeAxis.of_index(index[:60], "y")
    assert np.array_equal(times_of(axis).local(STEPS[1:]), local(index[20:179]))
    assert times_of(axis).moved(50) == times_of(axis.moved(50))


@pytest.mark.parametrize("step", ["BME", "WOM-3TUE", "2SMS", "h-XY", "DateOffset"])
def test_frequencies_that_need_pandas(step):
    times = Times("datetime", 0, step, "s")
    with pytest.raises(ValueError, match=f"the frequency '{step}' needs pandas: predict .* gruc.load"):
        times.local(np.arange(1, 3))
    with pytest.raises(ValueError, match="the time zone 'Mars/Olympus', which is not among"):
        Times("datetime", 0, "h", "s", "Mars/Olympus").local(np.arange(2))


def test_columns_by_hand():
    times = np.array(["2024-02-29T18:00", "2024-03-03T06:30"], "M8[m]")
    features = ("hour", "weekday", "month", "holidays")
    got = calendar_columns(times, features, np.array(["2024-03-03"], "M8[D]"))
    hour, weekday, month = np.array([18, 6.5]) / 24, np.array([3, 6]) / 7, (1 + 28 / 29) / 12
    assert np.allclose(got[:, 0], np.sin(2 * np.pi * hour), atol=1e-15)
    assert np.allclose(got[:, 3], np.cos(2 * np.pi * weekday), atol=1e-15)
    assert got[0, 4] == pytest.approx(np.sin(2 * np.pi * month))
    assert got[:, 6].tolist() == [0, 1]


def test_tables_share_rows():
    one, other = Times("datetime", 10, "D", "D"), Times("datetime", 12, "D", "D")
    calendar = Calendar(("weekday",), (one, other, one))
    table = calendar.table([2, 2, 2], 3)
    assert table.first.tolist() == [0, 5, 0]
    assert len(table.values) == 10
    assert np.array_equal(table.values[2:5], table.values[5:8])  # 2 days later
    moved = calendar.moved([2, 0, 0])
    assert moved.times == (other, other, one)


def test_holidays():
    holidays = Holidays.of(["2023-12-25", "2025-01-01", "2023-12-25"])
    assert holidays[:2] == (2023, 2025)
    calendar = Calendar(("holidays",), (), holidays)
    days = np.array(["2023-12-25", "2024-12-25", "2025-01-01"], "M8[D]")
    assert calendar.columns(days)[:, 0].tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="of 2023 to 2025, and times reach .*with_holidays"):
        calendar.columns(days + 365)
    with pytest.raises(ValueError, match="its file has none"):
        calendar._replace(holidays=None).columns(days)
    for bad in ([], ["NaT"]):
        with pytest.raises(ValueError, match="dates are the days of holidays"):
            Holidays.of(bad)
