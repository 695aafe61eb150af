"""The errors of a forecaster on the last part of the series, which it has not learned from."""

import numpy as np
from sklearn.isotonic import isotonic_regression

from ..outputs import ERRORS_OF_FORECAST, Conformal, normal_scores, symmetric

# More errors than this are reduced to as many quantiles of them, which is accurate enough.
MOST_ERRORS = 10_001
# Lower bound of the slope of a map of quantiles, relative to its median slope.
LEAST_SLOPE = 0.05


def conformal_of(errors, heads, levels, windows, adaptive):
    """The `Conformal` of errors of forecasts; None if there are none.

    Parameters
    ----------
    errors : ndarray of shape (n, horizon)
        In units of the scale of each window; NaN of constant windows.
    heads : ndarray of shape (n, horizon, Q)
        Quantiles that the network answers less the forecasts, in the same units.
    levels : tuple of float
        Of these.
    windows : LagWindows
        Before the forecasts.
    adaptive : bool
        Whether levels will move with coverage.
    """
    known = np.isfinite(errors).all(axis=1)
    if not len(known):
        return None
    if not known.any():
        return _of_constants(errors.shape[1], adaptive)
    errors, heads = errors[known], heads[known]
    n = ERRORS_OF_FORECAST * windows.n_independent(known)
    plain = Conformal(np.ones(errors.shape[1]), errors, n)
    slope = 0.0
    if len(levels) > 1:
        z = normal_scores(levels)
        slope = float(np.median((heads[:, :, -1] - heads[:, :, 0]) / (z[-1] - z[0])))
    if slope > 0:
        plain = plain._replace(levels=tuple(levels), least=LEAST_SLOPE * slope)
        errors = plain.in_units(errors, heads)
        spread = np.sqrt(np.square(errors).mean(axis=0))
    else:
        spread = np.sqrt(isotonic_regression(np.square(errors).mean(axis=0)))
    if not spread.any():  # forecasts without errors; later ones are in units of scales, or scores
        spread = np.ones_like(spread)
    standardized = errors / np.where(spread > 0, spread, 1.0)
    flat = np.sort(symmetric(standardized, n))
    if len(flat) > MOST_ERRORS:
        flat = np.quantile(flat, np.linspace(0, 1, MOST_ERRORS))
    conformal = plain._replace(spread=spread, errors=flat)
    if not adaptive:
        return conformal
    # in order of time, where series end at the same time
    ends = np.append(windows.series.starts[1:], len(windows.series.values))[windows.of[known]]
    standardized = standardized[np.argsort(windows.origins[known] - ends, kind="stable")]
    most = max(1, MOST_ERRORS // errors.shape[1])
    return conformal.adaptive(standardized[:: -(-len(standardized) // most)])


def _of_constants(horizon, adaptive):
    """The `Conformal` where all windows were constant: forecasts without errors, which count as one."""
    conformal = Conformal(np.ones(horizon), np.zeros(1), ERRORS_OF_FORECAST)
    return conformal.adaptive(np.zeros((1, horizon))) if adaptive else conformal
