"""The linear path of a forecaster, beside its network: what weighted sums of a window say.

Several forecasts are measured at origins within the series: those of `simple_forecasts`, and ridge
regressions of what comes on the rows of the whole window, or of its last part. The linear path is their mean,
weighted by how well they forecast. The weights of past seasons are found in the same way.
"""

from typing import NamedTuple

import numpy as np

from ..sequences import inner_season_of, origins_of
from .simple_forecasts import simple_forecasts

# Weights of past seasons fall by one of these from each to the one before.
DECAYS = (0.0, 0.5, 0.8, 0.95)
# Past seasons that are read, at most.
MOST_SEASONS = 8
# Parts of the window, its last, that regressions read.
PARTS = (0.25, 0.5, 1.0)
# Columns that they read, at most: what is further back is left to the network.
MOST_COLUMNS = 384
# As if the coefficients had been found to be 0 in so many windows before.
PENALTY = 15.0
# A forecast that errs half as much as another has 2 ** SHARPNESS times its weight.
SHARPNESS = 10
# Rounds of forecasts that are measured, each of a later part of the series than the next,
N_FOLDS = 3
# of such a share of each series; the round before counts for so much less, as less was learned by then.
FOLD, OF_EARLIER = 0.2, 0.5
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
        first = np.full(len(lengths), lags.least_context)
        return self.windows(lags, first, lengths - lags.horizon, MOST_LEARNED)


class Round(NamedTuple):
    """Forecasts of a part of the series, learned from what is before it."""

    candidates: list  # of matrices
    rows: np.ndarray  # (n, columns), of windows that are measured
    targets: np.ndarray  # (n, horizon), in `unit`
    changing: np.ndarray  # (n, horizon), bool: whether forecasts may differ from the season
    unit: float
    windows: object  # LagWindows

    def left(self, linear):
        """Errors (n, horizon) of a matrix, in `unit`."""
        return _left(self.rows, self.targets, self.changing, linear)

    def errors(self):
        """Mean absolute errors of candidates."""
        return [np.abs(self.left(linear)).mean() for linear in self.candidates]


class PastErrors(NamedTuple):
    """Errors of the linear path where it was learned from what is before.

    Parameters
    ----------
    errors : ndarray of shape (n, horizon)
        In units of the scale of each window; NaN of constant windows.
    of, origins : ndarray of shape (n,), intp
        See `LagWindows`.
    """

    errors: np.ndarray
    of: np.ndarray
    origins: np.ndarray

    @classmethod
    def of_rounds(cls, rounds, shares):
        """Errors of the mean of candidates; None without rounds."""
        if not rounds:
            return None
        errors = []
        for each in rounds:
            left = each.unit * each.left(_mean(each.candidates, shares))
            varies = each.windows.read(slice(None)).scale > 0
            errors.append(np.where(varies, left, np.nan))
        windows = [each.windows for each in rounds]
        of, origins = (np.concatenate([getattr(w, name) for w in windows]) for name in ("of", "origins"))
        return cls(np.concatenate(errors), of, origins)


def find_linear_path(known, lags):
    """Lags with weights of seasons and their units, the matrix `linear` of `LagWindows`, and `PastErrors`.

    Parameters
    ----------
    known : Known
        Of which there are windows to learn from.
    lags : Lags
        With as many weights of seasons as are to be found.

    Returns
    -------
    lags : Lags
    linear : ndarray of shape (columns, horizon)
    past_errors : PastErrors or None
        None where the series are too short to measure forecasts.
    """
    n_seasons, inner = len(lags.season_weights), known.inner_season(lags)
    if n_seasons > 1:
        choices = [lags._replace(season_weights=_falling(decay, n_seasons)) for decay in DECAYS]
        errors = [_mean_errors(_rounds(known, choice, inner)) for choice in choices]
        shares = None if errors[0] is None else _shares(np.array([error.min() for error in errors]))
        weights = _mean([choice.season_weights for choice in choices], shares)
        lags = lags._replace(season_weights=tuple(weights.tolist()))
    rounds = _rounds(known, lags, inner)
    errors = _mean_errors(rounds)
    shares = None if errors is None else _shares(errors)
    rows, targets, changing, unit = _table(known.learned(lags, known.lengths))
    linear = _mean(_candidates(rows, targets, lags, inner), shares)
    size = np.sqrt(np.square(_left(rows, targets, changing, linear)).mean())
    lags = lags._replace(unit=unit, remainder=float(size) if size > LEAST_ERROR else 1.0)
    return lags, linear, PastErrors.of_rounds(rounds, shares)


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


def _rounds(known, lags, inner):
    """A list of `Round`, the latest first; empty where series are too short."""
    horizon = lags.horizon
    size = np.maximum((FOLD * known.lengths).astype(np.intp), horizon)
    rounds = []
    for fold in range(N_FOLDS):
        last = known.lengths - fold * size
        learned = known.learned(lags, last - size)
        first = np.maximum(last - size, lags.least_context)
        measured = known.windows(lags, first, last - horizon, MOST_MEASURED)
        if learned is None or measured is None:
            break
        rows, targets, _, unit = _table(learned)
        candidates = _candidates(rows, targets, lags, inner)
        rounds.append(Round(candidates, *_table(measured, unit), measured))
    return rounds


def _mean_errors(rounds):
    """Mean absolute errors of candidates, or None."""
    weights = OF_EARLIER ** np.arange(len(rounds))
    return np.average([each.errors() for each in rounds], axis=0, weights=weights) if rounds else None


def _left(rows, targets, changing, linear):
    """What a matrix leaves of targets."""
    return targets - np.where(changing, rows @ linear, 0.0)


def _table(windows, unit=None):
    """Rows (n, columns), targets and whether answers count (n, horizon), and the unit; None: it is found."""
    rows, targets, changing = [], [], []
    for indices in np.array_split(np.arange(len(windows)), -(-len(windows) // 256)):
        read = windows.read(indices)
        rows.append(read.rows)
        targets.append(windows.targets(indices, read))
        changing.append(np.broadcast_to(read.changing > 0, targets[-1].shape))
    rows, targets, changing = np.concatenate(rows), np.concatenate(targets), np.concatenate(changing)
    if unit is None:
        known = targets.any(axis=1)
        unit = float(np.sqrt(np.square(targets[known]).mean())) if known.any() else 1.0
    rows[:, :, 1] /= unit
    return rows.reshape(len(rows), -1), targets / unit, changing, unit


def _candidates(rows, targets, lags, inner):
    """Matrices (columns, horizon) of forecasts: simple ones, then regressions of targets on rows."""
    n_columns = rows.shape[1]
    candidates = simple_forecasts(lags, n_columns, inner)
    width = n_columns // lags.lags
    most = max(1, min(lags.lags, MOST_COLUMNS // width))
    read = rows[:, n_columns - most * width :]
    gram, products = read.T @ read, read.T @ targets
    for part in PARTS:
        first = (most - max(1, round(part * most))) * width
        matrix = gram[first:, first:] + PENALTY * np.eye(len(gram) - first)
        linear = np.zeros((n_columns, lags.horizon))
        linear[n_columns - len(matrix) :] = np.linalg.solve(matrix, products[first:])
        candidates.append(linear)
    return candidates
