"""The errors of a forecaster on the last part of the series, which it has not learned from."""

import numpy as np
from sklearn.isotonic import isotonic_regression

from ..outputs import Conformal

# So many errors say as much about quantiles as all of them.
MOST_ERRORS = 10_001
# So many independent forecasts show a bias, or a skewness; fewer are taken for symmetric about 0.
ENOUGH_FORECASTS = 20


def conformal_of(windows, outputs, difference):
    """The `Conformal` of outputs for windows whose future is known; None if there is nothing to measure.

    Parameters
    ----------
    windows : LagWindows
        Of series that were differenced so many times:
    outputs : ndarray of shape (n, horizon)
    difference : int
    """
    read = windows.read(slice(None))
    known = read.factor[:, 0] > 0
    if not known.any():
        return None
    targets = windows.targets(slice(None), read)[known]
    unit = windows.lags.unit * windows.lags.remainder
    errors = (targets - outputs[known].astype(np.float64)) * unit
    for _ in range(difference):  # errors of differences add up
        errors = np.cumsum(errors, axis=1)
    spread = np.sqrt(isotonic_regression(np.square(errors).mean(axis=0)))
    standardized = (errors / np.where(spread > 0, spread, 1.0)).ravel()
    n = windows.n_independent(known)
    if n < ENOUGH_FORECASTS:
        standardized = np.concatenate([standardized, -standardized])
    standardized.sort()
    if len(standardized) > MOST_ERRORS:
        standardized = np.quantile(standardized, np.linspace(0, 1, MOST_ERRORS))
    return Conformal(spread, standardized, n)
