"""Quantiles of any level by those of a few: the normal scores of levels, mapped piecewise linearly.

A network answers quantiles v_q of the levels q. The map takes the normal score z_q of each to v_q, is linear
between them, and goes on beyond the outermost as between these and the one that forecasts go by. It rises
everywhere, so that each value has a score, too.
"""

import numpy as np


def normal_scores(levels):
    """Quantiles (k,) of the standard normal distribution."""
    from statistics import NormalDist  # which takes a while, and predictions without quantiles do without

    return np.array([NormalDist().inv_cdf(level) for level in levels])


def nearest_to_median(levels):
    """The place of the level that forecasts go by; 0 without levels, of a single answer."""
    return int(np.argmin(np.abs(np.asarray(levels) - 0.5))) if len(levels) else 0


def accumulated(offsets):
    """Offsets (B, n, Q) of quantiles after the errors of n steps, independent of each other, were added."""
    return np.sign(offsets) * np.sqrt(np.cumsum(np.square(offsets), axis=1))


class QuantileMaps:
    """Maps of B x n distributions.

    Parameters
    ----------
    offsets : ndarray of shape (B, n, Q)
        Quantiles less the one that forecasts go by, rising.
    levels : sequence of float, rising
        Q > 1 of them.
    least : float
        Least slope.
    """

    def __init__(self, offsets, levels, least):
        self.z, point = normal_scores(levels), nearest_to_median(levels)
        widths = np.diff(self.z)
        slopes = np.maximum(np.diff(offsets, axis=2) / widths, least)
        values = np.concatenate(
            [np.zeros_like(offsets[:, :, :1]), np.cumsum(slopes * widths, axis=2)], axis=2
        )
        whole = (values[:, :, -1] - values[:, :, 0]) / (self.z[-1] - self.z[0])
        self.values = values - values[:, :, [point]]
        self.slopes = np.stack(
            [
                self._outer(0, point, whole),
                *np.moveaxis(slopes, 2, 0),
                self._outer(-1, point, whole),
            ],
            axis=2,
        )

    def _outer(self, end, point, whole):
        """Slope beyond an end."""
        distance = self.z[end] - self.z[point]
        return whole if distance == 0 else self.values[:, :, end] / distance

    def values_at(self, scores):
        """Values (B, n, k) at scores (n, k)."""
        part = np.searchsorted(self.z, scores)  # 0 is below the lowest
        knot = np.maximum(part - 1, 0)
        steps = np.arange(len(scores))[:, np.newaxis]
        return self.values[:, steps, knot] + self.slopes[:, steps, part] * (scores - self.z[knot])

    def scores_of(self, values):
        """Scores (B, n) of values (B, n)."""
        part = (values[:, :, np.newaxis] > self.values).sum(axis=2)[:, :, np.newaxis]
        knot = np.maximum(part - 1, 0)
        value, slope = (
            np.take_along_axis(array, place, axis=2)[:, :, 0]
            for array, place in ((self.values, knot), (self.slopes, part))
        )
        return self.z[knot[:, :, 0]] + (values - value) / slope
