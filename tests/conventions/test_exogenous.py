"""X in the user's containers: which rows are those of the steps of y, and after y."""

import numpy as np
import pytest
from gruc.conventions.exogenous import Steps, columns_at, n_steps_given, static_columns
from gruc.conventions.time_series import as_time_series

pd = pytest.importorskip("pandas")

INDEX = pd.period_range("2020-01", periods=20, freq="M")
VALUES = np.arange(40.0).reshape(20, 2)
FRAME = pd.DataFrame(VALUES, INDEX, ["u", "v"])
SERIES = as_time_series(pd.Series(np.arange(6.0), INDEX[4:10]))


def rows(values, first, n):
    return [values[begin : begin + n].tolist() for begin in first]


def test_rows_are_looked_up_by_time():
    """Whatever comes before and after."""
    values, first, names = columns_at(FRAME, Steps(SERIES))
    assert names == ["u", "v"]
    assert rows(values, first, 6) == [VALUES[4:10].tolist()]
    assert len(values) == 6
    values, first, _ = columns_at(FRAME, Steps(SERIES, 3))
    assert rows(values, first, 3) == [VALUES[10:13].tolist()]
    assert [n_steps_given(FRAME, SERIES, most) for most in (5, 30)] == [5, 10]
    assert n_steps_given(FRAME.drop(INDEX[12]), SERIES, 30) == 2
    one = columns_at(FRAME["v"], Steps(SERIES, 2))
    assert one[2] == ["v"]
    assert one[0].tolist() == VALUES[10:12, 1:].tolist()


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2020-01-31 03:00", periods=20, freq="h", tz="Asia/Tokyo"),
        pd.timedelta_range("1h", periods=20, freq="30min"),
        pd.RangeIndex(100, 160, 3),
    ],
)
def test_every_kind_of_index(index):
    series = as_time_series(pd.Series(np.arange(6.0), index[4:10]))
    for steps, expected in ((Steps(series), VALUES[4:10]), (Steps(series, 4), VALUES[10:14])):
        values, first, _ = columns_at(pd.DataFrame(VALUES, index), steps)
        assert rows(values, first, len(expected)) == [expected.tolist()]


def test_series_of_different_times_share_a_frame():
    series = as_time_series([pd.Series(np.arange(n), INDEX[a : a + n]) for a, n in ((4, 6), (7, 8))])
    values, first, _ = columns_at(FRAME, Steps(series))
    assert len(values) == 11
    assert rows(values, first, 6) == [VALUES[4:10].tolist(), VALUES[7:13].tolist()]
    values, first, _ = columns_at(FRAME, Steps(series, 2))
    assert rows(values, first, 2) == [VALUES[10:12].tolist(), VALUES[15:17].tolist()]


def test_long_frames_in_any_order_of_series():
    keys = ["b", "a"]
    index = pd.MultiIndex.from_product([keys, INDEX[:6]])
    series = as_time_series(pd.Series(np.arange(12.0), index))
    table = pd.DataFrame(
        {"u": np.arange(40.0)}, pd.MultiIndex.from_product([["a", "b"], INDEX])
    )  # a has 0 to 19, b the others
    by_time = table.swaplevel().sort_index().swaplevel()
    for given in (table, by_time):
        for n_ahead, first_row in ((None, 0), (3, 6)):
            values, first, _ = columns_at(given, Steps(series, n_ahead))
            n = n_ahead or 6
            found = [np.ravel(part).tolist() for part in rows(values, first, n)]
            assert found == [list(range(start + first_row, start + first_row + n)) for start in (20, 0)]


def test_arrays():
    one, many = as_time_series(np.arange(5.0)), as_time_series(np.ones((3, 5)))
    x = np.arange(30.0).reshape(3, 5, 2)
    values, first, names = columns_at(x, Steps(many))
    assert names == [0, 1]
    assert rows(values, first, 5) == x.tolist()
    values, first, _ = columns_at(x, Steps(many, 2))
    assert rows(values, first, 2) == x[:, :2].tolist()
    values, first, _ = columns_at(x[0], Steps(many))
    assert first.tolist() == [0, 0, 0]
    assert columns_at(np.arange(5), Steps(one))[0].tolist() == [[0], [1], [2], [3], [4]]
    ragged = as_time_series([np.ones(4), np.ones(2)])
    values, first, _ = columns_at([x[0, :4], x[1, :2]], Steps(ragged))
    assert [part for part, n in zip(rows(values, first, 2), (4, 2), strict=True)] == x[:2, :2].tolist()
    assert n_steps_given(x, many, 9) == 5


def test_static_rows_by_name():
    series = as_time_series(pd.DataFrame(np.ones((6, 2)), INDEX[:6], ["a", "b"]))
    assert static_columns(pd.DataFrame({"s": [1, 2, 3]}, ["b", "c", "a"]), series).tolist() == [[3], [1]]
    with pytest.raises(ValueError, match="two rows for 'a'"):
        static_columns(pd.DataFrame({"s": [1, 2, 3]}, ["b", "a", "a"]), series)
    assert static_columns(np.array([1.0, 2]), series).tolist() == [[1], [2]]
