"""The linear path of a forecaster, beside its network: what weighted sums of a window say.

Several simple forecasts are measured at origins within the series: the seasonal mean alone; with the drift
of the window; with what the last season within a season, as a day within a week, differed by, and the level
since; and ridge regressions of what comes on the rows of the whole window, or of its last part. The
linear path is their mean, weighted by how well they forecast. The weights of past seasons are found in the
same way.
"""

from typing import NamedTuple

import numpy as np

from ..sequences import inner_season_of, origins_of

# Weights of past seasons fall by one of these from each to the one before.
DECAYS = (0.0, 0.5, 0.8)
# Past seasons that are read, at most.
MOST_SEASONS = 3
# Parts of the window, its last, that regressions read.
PARTS = (0.25, 0.5, 1.0)
# Columns that they read, at most: what is further back is left to the network.
MOST_COLUMNS = 384
# As if the coefficients had been found to be 0 in so many windows before.
PENALTY = 30.0
# A forecast that errs half as much as another has 2 ** SHARPNESS times its weight.
SHARPNESS = 6
# Rounds of forecasts that are measured, each of a later part of the series than the next,
N_FOLDS = 2
# of such a share of each series, but at most four horizons and a season.
FOLD = 0.2
# Windows that are enough to learn from, and to measure by.
MOST_LEARNED, MOST_MEASURED = 1 << 13, 1 << 10
# Mean errors below this, of the usual difference from the seasonal forecast, are alike.
LEAST_ERROR = 1e-6


class Known(NamedTuple):
    """What may be read of series.

    Parameters
    ----------
    windows_of : callable
        ``windows_of(lags, of, origins)`` gives `LagWindows`.
    starts : ndarray of shape (n,), intp
        Places of their first values.
    lengths : ndarray of shape (n,), intp
        Values known.
    """

    windows_of: object
    starts: np.ndarray
    lengths: np.ndarray

    def windows(self, lags, first, last, most):
        """At most so many windows with so many values before their origins, in unit 1; or None."""
        of, origins = origins_of(self.lengths, self.starts, first, last)
        if not len(of):
            return None
        n = min(len(of), most)
        some = np.arange(n) * len(of) // n
        return self.windows_of(lags._replace(unit=1.0, remainder=1.0), of[some], origins[some])

    def inner_season(self, lags):
        """The season within the season."""
        nowhere = np.zeros(0, np.intp)
        values = self.windows_of(lags, nowhere, nowhere).series.values
        places = zip(self.starts, self.lengths, strict=True)
        return inner_season_of([values[start : start + n] for start, n in places], lags.season_length)

    def learned(self, lags, lengths):
        """Windows to learn from, of the first so many values of each series; or None."""
        first = np.full(len(lengths), lags.context)
        return self.windows(lags, first, lengths - lags.horizon, MOST_LEARNED)


def find_linear_path(known, lags):
    """Lags with weights of seasons and their units, and the matrix `linear`; see `LagWindows`.

    Parameters
    ----------
    known : Known
        Of which there are windows to learn from.
    lags : Lags
        With as many weights of seasons as are to be found.
    """
    n_seasons, inner = len(lags.season_weights), known.inner_season(lags)
    if n_seasons > 1:
        choices = [lags._replace(season_weights=_falling(decay, n_seasons)) for decay in DECAYS]
        errors = [_errors(known, choice, inner) for choice in choices]
        shares = None if errors[0] is None else _shares(np.array([error.min() for error in errors]))
        weights = _mean([choice.season_weights for choice in choices], shares)
        lags = lags._replace(season_weights=tuple(weights.tolist()))
    errors = _errors(known, lags, inner)
    rows, targets, unit = _table(known.learned(lags, known.lengths))
    linear = _mean(_candidates(rows, targets, lags, inner), None if errors is None else _shares(errors))
    size = np.sqrt(np.square(targets - rows @ linear).mean())
    return lags._replace(unit=unit, remainder=float(size) if size > LEAST_ERROR else 1.0), linear


def _falling(decay, n):
    weights = np.power(decay, np.arange(n))
    return tuple((weights / weights.sum()).tolist())


def _shares(errors):
    """Weights of forecasts with these mean errors; their sum is 1."""
    errors = np.maximum(errors, LEAST_ERROR)
    shares = (errors.min() / errors) ** SHARPNESS
    return shares / shares.sum()


def _mean(arrays, shares):
    return np.average(np.array(arrays), axis=0, weights=shares)


def _errors(known, lags, inner):
    """Mean absolute errors of candidates that were learned from what is before; or None."""
    horizon = lags.horizon
    size = np.minimum((FOLD * known.lengths).astype(np.intp), 4 * horizon + lags.season_length)
    size = np.maximum(size, horizon)
    rounds = []
    for fold in range(N_FOLDS):
        last = known.lengths - fold * size
        learned = known.learned(lags, last - size)
        measured = known.windows(lags, np.maximum(last - size, lags.context), last - horizon, MOST_MEASURED)
        if learned is None or measured is None:
            break
        rows, targets, unit = _table(learned)
        candidates = _candidates(rows, targets, lags, inner)
        rows, targets, _ = _table(measured, unit)
        rounds.append([np.abs(targets - rows @ linear).mean() for linear in candidates])
    return np.mean(rounds, axis=0) if rounds else None


def _table(windows, unit=None):
    """Rows (n, columns) and targets (n, horizon) of windows, and the unit of both; None: it is found."""
    rows, targets = [], []
    for indices in np.array_split(np.arange(len(windows)), -(-len(windows) // 256)):
        read = windows.read(indices)
        rows.append(read.rows)
        targets.append(windows.targets(indices, read))
    rows, targets = np.concatenate(rows), np.concatenate(targets)
    if unit is None:
        known = targets.any(axis=1)
        unit = float(np.sqrt(np.square(targets[known]).mean())) if known.any() else 1.0
    rows[:, :, 1] /= unit
    return rows.reshape(len(rows), -1), targets / unit, unit


def _candidates(rows, targets, lags, inner):
    """Matrices (columns, horizon) of forecasts: of the seasonal mean, drift, inner season, regressions."""
    n_columns = rows.shape[1]
    width = n_columns // lags.lags
    none = np.zeros((n_columns, lags.horizon))
    candidates = [none, _drift(none, lags, width)]
    if 1 < inner < lags.lags:
        candidates.append(_like_inner_season(none, lags, width, inner))
    most = max(1, min(lags.lags, MOST_COLUMNS // width))
    read = rows[:, n_columns - most * width :]
    gram, products = read.T @ read, read.T @ targets
    for part in PARTS:
        first = (most - max(1, round(part * most))) * width
        matrix = gram[first:, first:] + PENALTY * np.eye(len(gram) - first)
        linear = none.copy()
        linear[n_columns - len(matrix) :] = np.linalg.solve(matrix, products[first:])
        candidates.append(linear)
    return candidates


def _drift(none, lags, width):
    """The mean difference from the season, once more for each season that has passed since."""
    age = np.dot(lags.season_weights, np.arange(1, len(lags.season_weights) + 1))
    linear = none.copy()
    linear[1::width] = (np.arange(lags.horizon) // lags.season_length + age) / (age * lags.lags)
    return linear


def _like_inner_season(none, lags, width, inner):
    """The difference at the same place in the last inner season, and how the last step differs from that."""
    linear, ahead = none.copy(), np.arange(lags.horizon)
    linear[(lags.lags - 1) * width + 1] += 1
    linear[(lags.lags - 1 - inner) * width + 1] -= 1
    linear[(lags.lags - inner + ahead % inner) * width + 1, ahead] += 1
    return linear
