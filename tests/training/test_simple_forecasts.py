"""Simple forecasts as matrices: each does what its name says to a series."""

import numpy as np
import pytest
from gruc.sequences import Lags, LagWindows, Series
from gruc.training import simple_forecasts as simple


def forecast(y, lags, matrix):
    """From the end of a series."""
    series, everything = Series.of([y], [lags.moments(y)]), np.zeros(1, int)
    windows = LagWindows(series, lags, everything, np.array([len(y)]), linear=matrix)
    return windows.forecasts(np.zeros((1, lags.horizon)), windows.read(slice(None)))[0]


@pytest.mark.parametrize("season, weights", [(1, (1.0,)), (4, (1.0,)), (4, (0.5, 0.3, 0.2))])
def test_drift_continues_a_straight_line(season, weights):
    y = 3.0 + 0.5 * np.arange(80)
    lags = Lags(8, season, 6, season_weights=weights)
    matrix = simple.drift(lags, 8 * lags.width)
    np.testing.assert_allclose(forecast(y, lags, matrix), 3.0 + 0.5 * np.arange(80, 86), rtol=1e-12)


def test_a_level_fades():
    """The last season was higher by 2, in the last step by 4; of their weighted mean a share is left."""
    season = np.random.default_rng(0).standard_normal(4)
    y = np.tile(season, 10)
    y[-4:] += [2, 2, 2, 4]
    lags = Lags(4, 4, 4)
    matrix = simple.level(lags, 4 * lags.width, np.array([0.1, 0.2, 0.3, 0.4]), 0.5)
    expected = y[-4:] + 2.8 * 0.5 ** np.arange(1, 5)
    np.testing.assert_allclose(forecast(y, lags, matrix), expected, rtol=1e-12)


def test_a_trend_fades():
    """Without a season: the mean of the last two steps is gone on with, ever less."""
    y = np.r_[np.zeros(20), 1.0, 4.0]
    lags = Lags(2, 1, 3)
    matrix = simple.level(lags, 2 * lags.width, np.array([0.5, 0.5]), 0.5)
    np.testing.assert_allclose(forecast(y, lags, matrix), 4 + 2 * np.array([0.5, 0.75, 0.875]), rtol=1e-12)


def test_smoothing_is_the_recursion():
    y = np.random.default_rng(0).standard_normal(60)
    lags = Lags(40, 1, 3)
    smoothed = y[-41]
    for value in y[-40:]:
        smoothed += 0.2 * (value - smoothed)
    matrix = simple.smoothed(lags, 40 * lags.width, 0.2)
    np.testing.assert_allclose(forecast(y, lags, matrix), np.full(3, smoothed), rtol=1e-10)


def test_inner_season_is_repeated_at_the_last_level():
    """Days of the last week differ from those of the week before by a pattern; the level rises at the end."""
    rng = np.random.default_rng(0)
    week, pattern = rng.standard_normal(28), rng.standard_normal(4)
    y = np.tile(week, 4)
    y[84:] += np.tile(pattern, 7)
    y[111] += 2
    lags = Lags(6, 28, 5)
    matrix = simple.inner_seasons(lags, 18, 4, 1)
    expected = y[84:89] + pattern[[0, 1, 2, 3, 0]] + [2, 2, 2, 4, 2]  # the last step is at the fourth place
    np.testing.assert_allclose(forecast(y, lags, matrix), expected, rtol=1e-12)


def test_inner_seasons_are_averaged():
    """Days were higher by 0, 1 and 4: to the last step the mean rise of a day is added, later rises first."""
    y = np.tile(np.arange(28.0), 3)
    y[-8:-4] += 1
    y[-4:] += 4
    lags = Lags(9, 28, 4)
    matrix = simple.inner_seasons(lags, 9 * lags.width, 4, 2)
    np.testing.assert_allclose(
        forecast(y, lags, matrix), np.arange(4.0) + 4 + (3 + 0.7 * 1) / 1.7, rtol=1e-12
    )


def test_as_many_inner_seasons_as_a_window_has():
    without = len(simple.simple_forecasts(Lags(12, 28, 5), 36, 1))
    for n_lags, n_more in ((4, 0), (6, 1), (12, 2), (30, 2)):
        found = simple.simple_forecasts(Lags(n_lags, 28, 5), 3 * n_lags, 4)
        assert len(found) == without + n_more
