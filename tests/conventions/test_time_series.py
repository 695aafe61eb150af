"""Containers of time series: what is read from them, and forecasts in the same form."""

import numpy as np
import pytest
from gruc.conventions.horizons import as_steps
from gruc.conventions.time_series import TimeSeries, as_time_series

pd = pytest.importorskip("pandas")

DAYS = pd.date_range("2024-01-01", periods=6, freq="D", name="day")
LATER = DAYS.shift(6)
A, B = np.arange(6.0), 10 + np.arange(6.0)
AHEAD = np.array([[1.0, 2.0], [3.0, 4.0]])
STEPS = np.array([1, 2])


def long(lengths=(6, 4), keys=("b", "a")):
    """A frame with a (series, time) index."""
    parts = [pd.DataFrame({"v": values[:n]}, DAYS[:n]) for values, n in zip((A, B), lengths, strict=True)]
    return pd.concat(dict(zip(keys, parts, strict=True)), names=["id", "day"])


def test_series():
    y = pd.Series(A, DAYS, name="load")
    series = as_time_series(y)
    assert np.shares_memory(series.values[0], y.to_numpy())
    expected = pd.Series([1.0, 2.0], LATER[:2], name="load")
    pd.testing.assert_series_equal(series.wrap(AHEAD[:1], STEPS), expected)
    assert series.cutoff() == DAYS[-1]


def test_columns_are_series():
    y = pd.DataFrame({"x": A, "y": B}, DAYS).rename_axis(columns="station")
    series = as_time_series(y)
    assert [v.tolist() for v in series.values] == [A.tolist(), B.tolist()]
    pd.testing.assert_frame_equal(
        series.wrap(AHEAD, STEPS),
        pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}, LATER[:2]).rename_axis(columns="station"),
    )


def test_columns_of_two_levels():
    columns = pd.MultiIndex.from_tuples([("n", 1), ("n", 2)], names=["side", "number"])
    y = pd.DataFrame(np.stack([A, B], axis=1), DAYS, columns)
    forecasts = as_time_series(y).wrap(AHEAD, STEPS)
    pd.testing.assert_index_equal(forecasts.columns, columns)


@pytest.mark.parametrize("as_series", [False, True])
def test_long_frame(as_series):
    y = long()
    expected = pd.concat(
        {
            "b": pd.DataFrame({"v": [1.0, 2.0]}, DAYS.shift(6)[:2]),
            "a": pd.DataFrame({"v": [3.0, 4.0]}, DAYS.shift(4)[:2]),
        },
        names=["id", "day"],
    )
    series = as_time_series(y["v"] if as_series else y)
    assert [v.tolist() for v in series.values] == [A.tolist(), B[:4].tolist()]
    forecasts = series.wrap(AHEAD, STEPS)
    if as_series:
        pd.testing.assert_series_equal(forecasts, expected["v"])
    else:
        pd.testing.assert_frame_equal(forecasts, expected)
    assert series.cutoff() == [DAYS[5], DAYS[3]]


def test_rows_of_a_long_frame_may_be_mixed():
    y = long().iloc[[6, 0, 1, 7, 8, 2, 3, 9, 4, 5]]
    series = as_time_series(y)
    assert series.names == ["a", "b"]
    assert [v.tolist() for v in series.values] == [B[:4].tolist(), A.tolist()]


def test_long_frame_of_three_levels():
    y = pd.concat({"north": long(), "south": long()}, names=["side"])
    forecasts = as_time_series(y).wrap(np.arange(8.0).reshape(4, 2), STEPS)
    assert forecasts.index.names == ["side", "id", "day"]
    assert forecasts.loc["south", "a", DAYS.shift(4)[1]].item() == 7.0


def test_arrays():
    assert as_time_series(A).wrap(AHEAD[:1], STEPS).tolist() == [1.0, 2.0]
    rows = as_time_series(np.stack([A, B]))
    assert rows.values[1].tolist() == B.tolist()
    assert rows.wrap(AHEAD, STEPS) is AHEAD
    ragged = as_time_series([A, B[:3].astype(np.float32)])
    assert [part.tolist() for part in ragged.wrap(AHEAD, STEPS)] == AHEAD.tolist()
    assert ragged.values[1].dtype == np.float64
    assert ragged.cutoff() == [5, 2]
    assert as_time_series([1, 2, 3]).values[0].tolist() == [1.0, 2.0, 3.0]


def test_list_of_series():
    y = [pd.Series(A, DAYS, name="a"), pd.Series(B[:3], pd.RangeIndex(3))]
    first, second = as_time_series(y).wrap(AHEAD, STEPS)
    pd.testing.assert_series_equal(first, pd.Series([1.0, 2.0], LATER[:2], name="a"))
    pd.testing.assert_series_equal(second, pd.Series([3.0, 4.0], pd.RangeIndex(3, 5)))


def with_nan(y, where=2):
    y = y.copy()
    y.iloc[where] = np.nan
    return y


WRONG = {
    "NaN": (with_nan(pd.Series(A, DAYS)), ValueError, r"y contains NaN at step 2.*interpolate"),
    "NaN in a column": (
        with_nan(pd.DataFrame({"p": B, "q": A}, DAYS), (0, 1)),
        ValueError,
        r"series 'q', contains NaN at step 0.*different beginnings",
    ),
    "NaN in long": (with_nan(long(), 7), ValueError, "series 'a', contains NaN at step 1"),
    "inf": (np.array([1.0, np.inf]), ValueError, r"infinity \(inf\) at step 1"),
    "column": (A[:, None], ValueError, r"6 series of one value each.*y\.ravel\(\)"),
    "3-D": (np.zeros((2, 3, 4)), ValueError, "3 dimensions"),
    "2-D in a list": ([A, np.stack([A, B])], ValueError, r"y\[1\] has 2 dimensions"),
    "no values": ([A, A[:0]], ValueError, r"y\[1\] has no values"),
    "no rows": (pd.Series([], dtype=float), ValueError, "no rows"),
    "nothing": (A[:0], ValueError, "no values"),
    "two columns": (long().assign(w=1.0), ValueError, r"2 columns.*Choose it"),
    "long unsorted": (long().iloc[[1, 0, 2, 3, 4, 5]], ValueError, r"series 'b', is not sorted.*sort_index"),
    "equal columns": (pd.DataFrame(np.stack([A, B], 1), DAYS, ["p", "p"]), ValueError, "two columns 'p'"),
    "text": (pd.Series(list("abc")), ValueError, "not numbers|holds"),
    "a dict": ({"a": A}, TypeError, "dict"),
    "a number": (3.0, TypeError, "float"),
    "mixed list": (
        [pd.Series(A, DAYS), pd.DataFrame({"p": A}, DAYS)],
        TypeError,
        r"y\[1\] is not one series",
    ),
}


@pytest.mark.parametrize("y, error, message", WRONG.values(), ids=WRONG)
def test_bad_series(y, error, message):
    with pytest.raises(error, match=message):
        as_time_series(y)


def test_plain_form_and_back():
    series = as_time_series(long()).without_values()
    assert TimeSeries.of_plain(series.as_plain()) == series
    assert all(type(axis) is tuple for axis in series.as_plain()[2])


def test_horizons():
    series = as_time_series(pd.Series(A, DAYS))
    assert as_steps(3, series).tolist() == [3]
    assert as_steps(np.int32(3), series).tolist() == [3]
    assert as_steps(range(1, 4), series).tolist() == [1, 2, 3]
    assert as_steps([3, 1], series).tolist() == [1, 3]
    assert as_steps(pd.RangeIndex(1, 3), series).tolist() == [1, 2]
    assert as_steps(LATER[[0, 4]], series).tolist() == [1, 5]


@pytest.mark.parametrize(
    "fh, error, message",
    [
        (0, ValueError, r"fh contains 0: steps of y itself \(fh <= 0\) are not forecast"),
        ([-2, 1], ValueError, "fh contains -2"),
        ([1, 1], ValueError, "step 1 twice"),
        ([], ValueError, "fh is nothing"),
        ([1.5], TypeError, "list of float64"),
        ("next", TypeError, "Expected integers"),
        ([[1, 2]], TypeError, "Expected integers"),
        (DAYS[-2:], ValueError, "not after the last time"),
    ],
)
def test_bad_horizons(fh, error, message):
    with pytest.raises(error, match=message):
        as_steps(fh, as_time_series(pd.Series(A, DAYS)))


def test_times_as_horizon_need_one_end():
    with pytest.raises(ValueError, match="end at different times"):
        as_steps(LATER, as_time_series(long()))
    assert as_steps(LATER[:1], as_time_series(long((6, 6)))).tolist() == [1]
    with pytest.raises(TypeError, match="y has no index"):
        as_steps(LATER, as_time_series(A))
