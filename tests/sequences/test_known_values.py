"""The last values of series, differenced and put together again."""

import numpy as np
import pytest
from gruc.sequences import KnownValues


@pytest.mark.parametrize("order", [0, 1, 2])
def test_differences_of_pieces_are_those_of_the_whole(order):
    rng = np.random.default_rng(0)
    series = [rng.integers(-99, 99, n).astype(float) for n in (12, 9)]  # whose differences are exact
    whole = KnownValues.of(series, order)
    pieces = KnownValues.of([array[:5] for array in series], order)
    pieces = pieces.followed_by([array[5:6] for array in series]).followed_by([a[6:] for a in series])
    for i, array in enumerate(series):
        assert whole.recent[i].tolist() == pieces.recent[i].tolist() == np.diff(array, order).tolist()
        assert whole.ends[i].tolist() == [np.diff(array, k)[-1] for k in range(order)]
    assert whole.ends.tolist() == pieces.ends.tolist()
    assert whole.order == order
    assert whole.stacked(4).tolist() == [np.diff(array, order)[-4:].tolist() for array in series]
    assert [len(array) for array in whole.last(8).recent] == [8, min(8, 9 - order)]


@pytest.mark.parametrize("order", [0, 1, 2])
def test_forecasts_of_differences_continue_the_series(order):
    rng = np.random.default_rng(0)
    series = rng.integers(-99, 99, (2, 15)).astype(float)
    known = KnownValues.of(list(series[:, :10]), order)
    later = np.diff(series, order)[:, 10 - order :]
    assert known.undifferenced(later).tolist() == series[:, 10:].tolist()
