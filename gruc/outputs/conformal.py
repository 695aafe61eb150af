"""Quantiles of forecasts, by the errors of forecasts whose truth is known.

Errors are in units of the scale of each window (split conformal prediction), or, where the network answers
quantiles, in scores of the distribution that these mean (conformalized quantile regression of all levels at
once). "adaptive" calibration moves levels with coverage, step by step of the horizon (Gibbs and Candes 2021),
and adds new errors to those of the fit, until they take the place of the oldest.
"""

from typing import NamedTuple

import numpy as np

from .quantile_maps import QuantileMaps, accumulated

# The levels whose coverage is tracked; levels in between move with their neighbours.
FOLLOWED = np.array([0.005, 0.025, 0.05, *np.arange(1, 10) / 10, 0.95, 0.975, 0.995])
# Step size by which a level moves for each forecast whose true value becomes known.
RATE = 0.02
# Levels may move this far beyond 0 and 1, where a quantile lies outside all errors.
BEYOND = 0.25
# Each such step beyond 0 or 1 doubles the distance of the quantile from the median.
DOUBLING = 0.05
# Adaptive calibration keeps the errors of the last MOST_RECENT forecasts, or as many as the fit left if more.
MOST_RECENT = 500
# Errors within a forecast are correlated: one forecast is worth this many independent errors.
ERRORS_OF_FORECAST = 1.6
# With fewer independent forecasts than this, errors are taken to be symmetric about 0.
ENOUGH_FORECASTS = 20


class Conformal(NamedTuple):
    """What errors of forecasts were like.

    Parameters
    ----------
    spread : ndarray of shape (horizon,)
        Root mean square of the errors 1, 2, ... steps ahead; without `levels` it never falls.
    errors : ndarray of shape (m,)
        Errors of all steps, each divided by its spread, rising.
    n : float
        Number of independent forecasts that say as much about the spread.
    levels : tuple of float
        Of the quantiles that the network answers, in whose scores errors are; () for one or none.
    least : float
        Least slope of their maps.
    recent : ndarray of shape (m', horizon) or None
        Of adaptive calibration: the last errors divided by their spread, in order of time.
    moved : ndarray of shape (len(FOLLOWED), horizon) or None
        Where the levels `FOLLOWED` have moved; at most `BEYOND` below 0 or above 1.
    """

    spread: np.ndarray
    errors: np.ndarray
    n: float
    levels: tuple = ()
    least: float = 0.0
    recent: np.ndarray | None = None
    moved: np.ndarray | None = None

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        arrays = {"conformal.spread": self.spread, "conformal.errors": self.errors}
        if self.recent is not None:
            arrays |= {"conformal.recent": self.recent, "conformal.moved": self.moved}
        return {"n": float(self.n), "levels": list(self.levels), "least": float(self.least)}, arrays

    @classmethod
    def described(cls, fields, arrays, horizon):
        """What `describe` described, of forecasts of `horizon` steps; its arrays are popped."""
        n = fields.take("n", lambda v: type(v) in (int, float) and 0 < v < 2**63)
        levels = tuple(fields.take("levels", are_levels))
        least = float(fields.take("least", lambda v: type(v) in (int, float) and 0 <= v < 1e300))
        fields.end()
        if levels and not (least > 0 and len(levels) > 1):
            fields.refuse("its levels have no least slope, or there is one alone")
        spread, errors = (arrays.pop(f"conformal.{name}", None) for name in ("spread", "errors"))
        for name, array in (("spread", spread), ("errors", errors)):
            if array is None or array.dtype != np.float64 or array.ndim != 1 or not len(array):
                fields.refuse(f"{name} is no array of float64")
            if (np.diff(array) < 0).any() and not (levels and name == "spread"):
                fields.refuse(f"{name} do not rise")
        if len(spread) != horizon or spread.min() < 0:
            fields.refuse(f"its spread is not that of {horizon} steps")
        recent, moved = (arrays.pop(f"conformal.{name}", None) for name in ("recent", "moved"))
        if recent is None and moved is None:
            return cls(np.array(spread), np.array(errors), float(n), levels, least)
        for array, n_rows in ((recent, None), (moved, len(FOLLOWED))):
            fits = array is not None and array.dtype == np.float64 and array.ndim == 2
            if not fits or array.shape != (n_rows or max(1, len(array)), horizon):
                fields.refuse(f"its adaptive calibration is not that of {horizon} steps")
        if not ((moved >= -BEYOND) & (moved <= 1 + BEYOND)).all():
            fields.refuse("its levels have moved too far beyond 0 or 1")
        parts = (np.array(part) for part in (spread, errors, recent, moved))
        spread, errors, recent, moved = parts
        return cls(spread, errors, float(n), levels, least, recent, moved)

    def quantiles(self, levels, steps, forecasts, scales, heads=None):
        """Quantiles (B, n_ahead, k).

        Beyond the horizon, where forecasts go on from forecasts, the squares of spreads are added up.

        Parameters
        ----------
        levels : ndarray of shape (k,), rising
            Between 0 and 1.
        steps : ndarray of shape (n_ahead,)
            1 is the first step after the last value.
        forecasts : ndarray of shape (B, n_ahead)
        scales : ndarray of shape (B, 1)
            What errors are in proportion to.
        heads : ndarray of shape (B, n_ahead, Q) or None
            Quantiles of the network less the forecasts; with `levels` of the calibration.
        """
        scales = scales[:, :, np.newaxis]
        if not self.levels:
            return forecasts[:, :, np.newaxis] + scales * self.offsets(levels, steps)
        maps = QuantileMaps(heads / np.where(scales > 0, scales, 1.0), self.levels, self.least)
        return forecasts[:, :, np.newaxis] + scales * maps.values_at(self.offsets(levels, steps))

    def offsets(self, levels, steps):
        """How far quantiles (n_ahead, k) are from the forecast, in units of scales or in scores."""
        blocks, places = np.divmod(np.asarray(steps) - 1, len(self.spread))
        if self.levels:  # quantiles of the network spread themselves
            spread = self.spread[np.where(blocks > 0, -1, places)]
        else:
            spread = np.sqrt(blocks * self.spread[-1] ** 2 + self.spread[places] ** 2)
        levels = np.asarray(levels)
        if self.moved is None:
            quantiles = np.quantile(self.errors, levels)
        else:
            places = np.where(blocks > 0, len(self.spread) - 1, places)
            quantiles = quantiles_beyond(self.errors, self._moved_levels(levels)[places])
        # further out than the median by as much as a spread that is estimated from n values is uncertain
        widening = [student_over_normal(level, self.n) for level in levels]
        median = np.quantile(self.errors, 0.5)
        quantiles = median + (quantiles - median) * widening
        if self.moved is not None:  # each by itself
            rising = np.argsort(levels)
            quantiles[:, rising] = np.maximum.accumulate(quantiles[:, rising], axis=1)
        return spread[:, np.newaxis] * quantiles

    def _moved_levels(self, levels):
        """Where levels (k,) have moved, (horizon, k); those further out than `FOLLOWED` as the last."""
        moves = self.moved - FOLLOWED[:, np.newaxis]
        moved = [levels + np.interp(levels, FOLLOWED, move) for move in moves.T]
        return np.clip(moved, -BEYOND, 1 + BEYOND)

    def in_units(self, errors, heads):
        """Errors (B, horizon) in units of scales as `spread` has them: in scores, if there are `levels`.

        `heads` (B, horizon, Q) are quantiles of the network less the forecasts, in units of scales.
        """
        return QuantileMaps(heads, self.levels, self.least).scores_of(errors) if self.levels else errors

    def adapted(self, rounds):
        """The calibration after later errors, one array (n_series, horizon) for each origin in order of time.

        Errors are in units of scales or in scores, as in `spread`; of each step those of all series move its
        levels by what share of them was below the quantiles that were given then. Where the fit left few
        errors, they become more, and so do the independent forecasts `n`.
        """
        conformal, horizon = self, len(self.spread)
        spread, most = np.where(self.spread > 0, self.spread, 1.0), max(MOST_RECENT, len(self.recent))
        for errors in rounds:
            bounds = conformal.offsets(FOLLOWED, np.arange(1, horizon + 1)).T
            below = (errors[:, np.newaxis] <= bounds).mean(axis=0)
            moved = conformal.moved + RATE * (FOLLOWED[:, np.newaxis] - below)
            recent = np.concatenate([conformal.recent, errors / spread])[-most:]
            # later origins overlap, as in `LagWindows.n_independent`
            n = conformal.n + ERRORS_OF_FORECAST * (len(recent) - len(conformal.recent)) / horizon
            conformal = conformal._replace(
                recent=recent,
                moved=np.clip(moved, -BEYOND, 1 + BEYOND),
                n=n,
                errors=np.sort(symmetric(recent, n)),
            )
        return conformal

    def adaptive(self, recent):
        """The same, which will be `adapted`; `recent` (m', horizon) are errors divided by their spread."""
        moved = np.repeat(FOLLOWED[:, np.newaxis], len(self.spread), axis=1)
        return self._replace(recent=recent, moved=moved)


def scaled_errors(truth, walked, point, scales, order):
    """Errors (B, horizon), and quantiles less the forecast (B, horizon, Q), in units of scales (B, 1).

    Parameters
    ----------
    truth : ndarray of shape (B, horizon)
    walked : ndarray of shape (B, horizon, Q)
        Quantiles, of which the one at `point` is the forecast.
    point : int
    scales : ndarray of shape (B, 1)
        Positive.
    order : int
        How many times the series are differenced: errors of differences add up.
    """
    errors = (truth - walked[:, :, point]) / scales
    heads = (walked - walked[:, :, [point]]) / scales[:, :, np.newaxis]
    for _ in range(order):
        errors, heads = np.cumsum(errors, axis=1), accumulated(heads)
    return errors, heads


def quantiles_beyond(errors, levels):
    """Quantiles of errors at levels of any shape, which may be below 0 or above 1.

    Beyond all errors they go on exponentially: infinite ones, as in the literature, would tell users nothing.
    """
    inner = np.quantile(errors, np.clip(levels, 0.0, 1.0))
    beyond = np.maximum(np.maximum(levels - 1.0, -levels), 0.0)
    median = np.quantile(errors, 0.5)
    return median + (inner - median) * 2.0 ** (beyond / DOUBLING)


def symmetric(standardized, n):
    """Errors as a flat array; of few forecasts with their negatives."""
    errors = np.ravel(standardized)
    return np.concatenate([errors, -errors]) if n < ENOUGH_FORECASTS else errors


def are_levels(values):
    """Whether a value of a description is a list of rising levels."""
    return (
        type(values) is list
        and all(type(value) is float and 0 < value < 1 for value in values)
        and all(a < b for a, b in zip(values, values[1:], strict=False))
    )


def student_over_normal(level, n):
    """Quantile of Student's t with n degrees of freedom over that of the normal distribution.

    Fisher's expansion, to the third order in 1 / n.
    """
    from statistics import NormalDist  # which takes a while, and predictions without quantiles do without

    z2 = NormalDist().inv_cdf(level) ** 2
    first = (z2 + 1) / 4
    second = (5 * z2**2 + 16 * z2 + 3) / 96
    third = (3 * z2**3 + 19 * z2**2 + 17 * z2 - 15) / 384
    return 1 + first / n + second / n**2 + third / n**3
