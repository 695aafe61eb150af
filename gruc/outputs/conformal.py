"""Quantiles of forecasts, by the errors of forecasts whose truth is known (split conformal prediction)."""

from typing import NamedTuple

import numpy as np


class Conformal(NamedTuple):
    """What errors of forecasts were like, in units of the scale of each window.

    Parameters
    ----------
    spread : ndarray of shape (horizon,)
        Root mean square of the errors 1, 2, ... steps ahead; it never falls.
    errors : ndarray of shape (m,)
        Errors of all steps, each divided by its spread, rising.
    n : float
        Number of independent forecasts that say as much about the spread.
    """

    spread: np.ndarray
    errors: np.ndarray
    n: float

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        return {"n": float(self.n)}, {"conformal.spread": self.spread, "conformal.errors": self.errors}

    @classmethod
    def described(cls, fields, arrays, horizon):
        """What `describe` described, of forecasts of so many steps; its arrays are popped."""
        n = fields.take("n", lambda v: type(v) in (int, float) and 0 < v < 2**63)
        fields.end()
        spread, errors = (arrays.pop(f"conformal.{name}", None) for name in ("spread", "errors"))
        for name, array in (("spread", spread), ("errors", errors)):
            if array is None or array.dtype != np.float64 or array.ndim != 1 or not len(array):
                fields.refuse(f"{name} is no array of float64")
            if (np.diff(array) < 0).any():
                fields.refuse(f"{name} do not rise")
        if len(spread) != horizon or spread[0] < 0:
            fields.refuse(f"its spread is not that of {horizon} steps")
        return cls(np.array(spread), np.array(errors), float(n))

    def offsets(self, levels, steps):
        """How far quantiles are from the forecast.

        Beyond the horizon, where forecasts go on from forecasts, the squares of spreads are added up.

        Parameters
        ----------
        levels : ndarray of shape (k,)
            Between 0 and 1.
        steps : ndarray of shape (n_ahead,)
            1 is the first step after the last value.

        Returns
        -------
        ndarray of shape (n_ahead, k)
            To be multiplied by the scale of a window; rising with the level.
        """
        blocks, places = np.divmod(np.asarray(steps) - 1, len(self.spread))
        spread = np.sqrt(blocks * self.spread[-1] ** 2 + self.spread[places] ** 2)
        quantiles = np.quantile(self.errors, levels)
        # further out than the median by as much as a spread that is estimated from n values is uncertain
        widening = [student_over_normal(level, self.n) for level in levels]
        median = np.quantile(self.errors, 0.5)
        return spread[:, np.newaxis] * (median + (quantiles - median) * widening)


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
