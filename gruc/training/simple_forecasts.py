"""Forecasts that need no fit, as matrices of a linear path; see `gruc.sequences.lag_windows`.

Each is a matrix (columns of a window, horizon), of which ``rows @ matrix`` is added to what the season says.
They read the second number of each row, by how much the value differs from its season.
"""

import numpy as np

# Weights of the steps of a window fall by these shares from each to the one before,
FORGETTING = (0.2, 0.5)
# and what they show by these factors from each step ahead to the next.
DAMPING = (1.0, 0.95, 0.8, 0.5)
# How many inner seasons are averaged; their weights fall by a factor.
INNER_SEASONS, FALLING = (1, 7), 0.7


def simple_forecasts(lags, n_columns, inner):
    """A list of matrices (n_columns, horizon).

    Parameters
    ----------
    lags : Lags
    n_columns : int
        Numbers of a window, those of covariates among them.
    inner : int
        The season within a season; 1 for none.
    """
    steps = np.arange(lags.lags)[::-1]
    found = [seasonal(lags, n_columns), drift(lags, n_columns)]
    for forgetting in FORGETTING:
        weights = (1 - forgetting) ** steps
        found += [level(lags, n_columns, weights / weights.sum(), damping) for damping in DAMPING]
        if lags.season_length == 1:
            found.append(smoothed(lags, n_columns, forgetting))
    if 1 < inner < lags.lags:
        most = (lags.lags - 1) // inner
        counts = sorted({min(n, most) for n in INNER_SEASONS})
        found += [inner_seasons(lags, n_columns, inner, n) for n in counts]
    return found


def seasonal(lags, n_columns):
    """What the season says, without a season the last value."""
    return np.zeros((n_columns, lags.horizon))


def drift(lags, n_columns):
    """The mean difference from the season, once more for each season that has passed since."""
    weights, ahead = lags.season_weights, np.arange(lags.horizon)
    age = np.dot(weights, np.arange(1, len(weights) + 1))
    matrix = seasonal(lags, n_columns)
    matrix[_differences(lags, n_columns)] = (ahead // lags.season_length + age) / (age * lags.lags)
    return matrix


def level(lags, n_columns, weights, damping):
    """The weighted mean difference from the season, which fades; without a season a trend that fades."""
    fading = damping ** np.arange(1, lags.horizon + 1)
    if lags.season_length == 1:
        fading = np.cumsum(fading)
    matrix = seasonal(lags, n_columns)
    matrix[_differences(lags, n_columns)] = np.outer(weights, fading)
    return matrix


def smoothed(lags, n_columns, forgetting):
    """Simple exponential smoothing of a series without a season, of which rows have the differences."""
    matrix = seasonal(lags, n_columns)
    steps = np.arange(lags.lags)[::-1, np.newaxis]
    matrix[_differences(lags, n_columns)] = -((1 - forgetting) ** (steps + 1))
    return matrix


def inner_seasons(lags, n_columns, inner, n):
    """The weighted mean of the last inner seasons, and how the last step differs from its place in that."""
    matrix, ahead = seasonal(lags, n_columns), np.arange(lags.horizon)
    rows = np.arange(n_columns)[_differences(lags, n_columns)]
    weights = FALLING ** np.arange(n)
    matrix[rows[-1]] += 1
    for k, weight in enumerate(weights / weights.sum(), 1):
        matrix[rows[-1 - k * inner]] -= weight
        np.add.at(matrix, (rows[lags.lags - k * inner + ahead % inner], ahead), weight)
    return matrix


def _differences(lags, n_columns):
    """Where the rows of a window have the difference from the season."""
    return slice(1, None, n_columns // lags.lags)
