"""The linear path of forecasts: its candidates by their equations, and which of them are believed."""

import functools

import numpy as np
import pytest
from gruc.sequences import Lags, LagWindows, Series
from gruc.training import Known, find_linear_path, linear_path
from gruc.training.simple_forecasts import drift, simple_forecasts


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
    for matrix, n_steps in zip(candidates[-3:], (2, 4, 8), strict=True):
        read = rows[:, -3 * n_steps :]
        more = np.sqrt(linear_path.PENALTY) * np.eye(3 * n_steps)
        expected = np.linalg.lstsq(
            np.concatenate([read, more]), np.concatenate([targets, np.zeros((3 * n_steps, 3))]), rcond=None
        )[0]
        np.testing.assert_allclose(matrix[-3 * n_steps :], expected, rtol=1e-9, atol=1e-12)
        assert (matrix[: -3 * n_steps] == 0).all()


def test_what_forecasts_better_has_more_weight():
    shares = linear_path._shares(np.array([1.0, 2.0, 1.0]))
    np.testing.assert_allclose(shares, np.array([1024, 1, 1024]) / 2049)
    assert linear_path._shares(np.zeros(3)).tolist() == [1 / 3] * 3


def test_weights_of_seasons_are_by_their_errors(monkeypatch):
    """Each way in which weights fall has a share by the best of its forecasts."""
    lags = Lags(4, 12, 12, season_weights=(1.0, 0.0, 0.0))
    known = known_of([np.random.default_rng(0).standard_normal(240)], lags)
    errors = {1.0: [3.0, 2.0], 0.571: [1.0, 4.0], 0.41: [5.0, 2.0], 0.351: [2.0, 2.0]}
    n_forecasts = len(simple_forecasts(lags, 8, 1)) + len(linear_path.PARTS)

    def errors_of(known, lags, inner):
        """Mean errors, in place of rounds."""
        found = errors.get(round(lags.season_weights[0], 3), [1.0, 1.0])
        return np.array(found + [9.0] * (n_forecasts - 2))

    monkeypatch.setattr(linear_path, "_rounds", errors_of)
    monkeypatch.setattr(linear_path, "_mean_errors", lambda errors: errors)
    monkeypatch.setattr(linear_path.PastErrors, "of_rounds", lambda errors, shares: None)
    found, _, _ = find_linear_path(known, lags)
    shares = np.array([1, 1024, 1, 1]) / 1027
    falling = np.array([decay ** np.arange(3) for decay in (0.0, 0.5, 0.8, 0.95)])
    falling /= falling.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.season_weights, shares @ falling)


def test_later_rounds_count_more():
    """Of a series that becomes a line late, for which drift is best, and what the season says is not."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal(200)
    y[120:] = 0.5 * np.arange(80)
    lags = Lags(8, 1, 4)
    errors = linear_path._mean_errors(linear_path._rounds(known_of([y], lags), lags, 1))
    names = simple_forecasts(lags, 16, 1)
    straight = next(i for i, matrix in enumerate(names) if (matrix == drift(lags, 16)).all())
    assert errors[straight] < 0.5 * errors[0]


def test_units_are_root_mean_squares():
    """Of differences from the season, and of what the linear path leaves."""
    rng = np.random.default_rng(0)
    y = 10 * np.sin(2 * np.pi * np.arange(150) / 12) + rng.standard_normal(150)
    lags = Lags(12, 12, 5)
    known = known_of([y], lags)
    found, linear, _ = find_linear_path(known, lags)
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
    lags, linear, _ = find_linear_path(known, lags)
    errors, of_naive, best = [], [], []
    for origin in range(500, 592):
        truth = y[origin : origin + 8]
        windows = known_of([y[:origin]], lags)._replace(starts=np.zeros(1, int))
        errors.append(forecast(windows, lags, linear) - truth)
        of_naive.append(y[origin - 1] - truth)
        best.append(0.9 ** np.arange(1, 9) * y[origin - 1] - truth)
    size = [np.sqrt(np.square(e).mean()) for e in (errors, of_naive, best)]
    assert size[2] < size[0] < size[2] + 0.5 * (size[1] - size[2])


def test_past_errors_are_those_of_forecasts_by_what_was_before():
    """The first of a round do not change with what comes after their horizon."""
    y = np.random.default_rng(0).standard_normal(150).cumsum()
    lags, found = Lags(8, 1, 4), []
    for last in (0.0, 1.0):
        changed = y.copy()
        changed[-1] += last
        rounds = linear_path._rounds(known_of([changed], lags), lags, 1)
        found.append(linear_path.PastErrors.of_rounds(rounds, None))
    before, after = found
    assert before.errors.shape == (len(before.origins), 4)
    is_known = before.origins < 146
    np.testing.assert_array_equal(before.errors[is_known], after.errors[is_known])
    assert (before.errors[~is_known] != after.errors[~is_known])[:, 3].all()
