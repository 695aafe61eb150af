"""The linear path of forecasts: its candidates by their equations, and which of them are believed."""

import functools

import numpy as np
import pytest
from gruc.sequences import Lags, LagWindows, Series
from gruc.training import Known, find_linear_path, linear_path


def known_of(arrays, lags):
    series = Series.of(arrays, [lags.moments(array) for array in arrays])
    lengths = np.array([len(array) for array in arrays])
    return Known(functools.partial(LagWindows, series), series.starts, lengths)


def forecast(known, lags, linear):
    """From the end of the first series."""
    windows = known.windows_of(lags, np.zeros(1, int), known.lengths[:1], linear=linear)
    return windows.forecasts(np.zeros((1, lags.horizon)), windows.read(slice(None)))[0]


def test_regressions_solve_their_equations():
    """On the last quarter, half and whole of the window; with the penalty as so many more windows."""
    rng = np.random.default_rng(0)
    lags = Lags(8, 4, 3)
    rows, targets = rng.standard_normal((50, 24)), rng.standard_normal((50, 3))
    candidates = linear_path._candidates(rows, targets, lags, 1)
    assert (candidates[0] == 0).all()
    for matrix, n_steps in zip(candidates[2:], (2, 4, 8), strict=True):
        read = rows[:, -3 * n_steps :]
        more = np.sqrt(linear_path.PENALTY) * np.eye(3 * n_steps)
        expected = np.linalg.lstsq(
            np.concatenate([read, more]), np.concatenate([targets, np.zeros((3 * n_steps, 3))]), rcond=None
        )[0]
        np.testing.assert_allclose(matrix[-3 * n_steps :], expected, rtol=1e-9, atol=1e-12)
        assert (matrix[: -3 * n_steps] == 0).all()


@pytest.mark.parametrize("season, weights", [(1, (1.0,)), (4, (1.0,)), (4, (0.5, 0.3, 0.2))])
def test_drift_continues_a_straight_line(season, weights):
    y = 3.0 + 0.5 * np.arange(80)
    lags = Lags(8, season, 6, season_weights=weights)
    known = known_of([y], lags)
    width = lags.width
    linear = linear_path._drift(np.zeros((8 * width, 6)), lags, width)
    np.testing.assert_allclose(forecast(known, lags, linear), 3.0 + 0.5 * np.arange(80, 86), rtol=1e-12)


def test_inner_season_is_repeated_at_the_last_level():
    """Days of the last week differ from those of the week before by a pattern; the level rises at the end."""
    rng = np.random.default_rng(0)
    week, pattern = rng.standard_normal(28), rng.standard_normal(4)
    y = np.tile(week, 4)
    y[84:] += np.tile(pattern, 7)
    y[111] += 2
    lags = Lags(6, 28, 5)
    linear = linear_path._like_inner_season(np.zeros((18, 5)), lags, 3, 4)
    expected = y[84:89] + pattern[[0, 1, 2, 3, 0]] + [2, 2, 2, 4, 2]  # the last step is at the fourth place
    np.testing.assert_allclose(forecast(known_of([y], lags), lags, linear), expected, rtol=1e-12)


def test_what_forecasts_better_has_more_weight():
    shares = linear_path._shares(np.array([1.0, 2.0, 1.0]))
    np.testing.assert_allclose(shares, np.array([64, 1, 64]) / 129)
    assert linear_path._shares(np.zeros(3)).tolist() == [1 / 3] * 3


def test_weights_of_seasons_are_by_their_errors(monkeypatch):
    """Each way in which weights fall has a share by the best of its forecasts."""
    lags = Lags(4, 12, 12, season_weights=(1.0, 0.0, 0.0))
    known = known_of([np.random.default_rng(0).standard_normal(240)], lags)
    errors = {1.0: [3.0, 2.0], 0.571: [1.0, 4.0], 0.41: [5.0, 2.0]}

    def errors_of(known, lags, inner):
        return np.array([*errors.get(round(lags.season_weights[0], 3), [1.0, 1.0]), 9.0, 9.0, 9.0])

    monkeypatch.setattr(linear_path, "_errors", errors_of)
    found, _ = find_linear_path(known, lags)
    shares = np.array([1, 64, 1]) / 66
    falling = np.array([[1, 0, 0], np.array([1, 0.5, 0.25]) / 1.75, np.array([1, 0.8, 0.64]) / 2.44])
    np.testing.assert_allclose(found.season_weights, shares @ falling)


def test_units_are_root_mean_squares():
    """Of differences from the season, and of what the linear path leaves."""
    rng = np.random.default_rng(0)
    y = 10 * np.sin(2 * np.pi * np.arange(150) / 12) + rng.standard_normal(150)
    lags = Lags(12, 12, 5)
    known = known_of([y], lags)
    found, linear = find_linear_path(known, lags)
    for path, unit in ((None, found.unit), (linear, found.unit * found.remainder)):
        origins = np.arange(lags.context, 146)
        windows = known.windows_of(found, np.zeros(len(origins), int), origins, linear=path)
        read = windows.read(slice(None))
        scale = read.divisor / (found.unit * found.remainder)
        targets = (windows.targets(slice(None), read) * read.divisor) / scale
        assert unit == pytest.approx(np.sqrt(np.square(targets).mean()))


def test_an_autoregression_is_found():
    """Of x[t] = 0.9 x[t - 1] + noise: forecasts fall towards the mean, which the last value does not."""
    rng = np.random.default_rng(0)
    y = np.zeros(600)
    for t in range(1, 600):
        y[t] = 0.9 * y[t - 1] + rng.standard_normal()
    lags = Lags(8, 1, 8, scale="series")
    known = known_of([y[:500]], lags)
    lags, linear = find_linear_path(known, lags)
    errors, of_naive, best = [], [], []
    for origin in range(500, 592):
        truth = y[origin : origin + 8]
        windows = known_of([y[:origin]], lags)._replace(starts=np.zeros(1, int))
        errors.append(forecast(windows, lags, linear) - truth)
        of_naive.append(y[origin - 1] - truth)
        best.append(0.9 ** np.arange(1, 9) * y[origin - 1] - truth)
    size = [np.sqrt(np.square(e).mean()) for e in (errors, of_naive, best)]
    assert size[2] < size[0] < size[2] + 0.5 * (size[1] - size[2])
