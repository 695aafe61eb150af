"""Centring and scaling of features by their weighted mean and standard deviation."""

from typing import NamedTuple

import numpy as np


class Scaling(NamedTuple):
    """x -> (x - mean) / scale, feature by feature, in float64."""

    mean: np.ndarray  # (D,)
    scale: np.ndarray  # (D,), all positive

    @classmethod
    def of_sequences(cls, sequences, weights=None):
        """Scaling by the statistics of all steps of all sequences.

        Parameters
        ----------
        sequences : Sequences
        weights : ndarray of shape (n,) or None
            Weight of each sequence, and so of each of its steps.
        """
        return Moments.of_sequences(sequences, weights).scaling()

    @classmethod
    def of_rows(cls, rows, weights=None):
        """Scaling by the statistics of rows (m, D) with weights (m,)."""
        moments = Moments(rows.shape[1], rows.min(axis=0), rows.max(axis=0))
        moments.add(rows, weights)
        return moments.scaling()

    @classmethod
    def robust(cls, rows, weights=None):
        """Scaling by median and interquartile range of rows (m, D) with weights (m,).

        Outliers affect neither. The range is divided by that of the standard normal distribution, so
        that for normal rows the scale is their standard deviation. If half of the rows or more are
        equal, a wider range is used; if all but outliers are equal, the standard deviation.
        Constant columns are centred only.
        """
        scaling = cls.of_rows(rows, weights)
        centre = _quantile(rows, 0.5, weights)
        scale = np.zeros(rows.shape[1])
        for share, normal_width in CENTRAL_RANGES:
            width = _quantile(rows, (1 + share) / 2, weights) - _quantile(rows, (1 - share) / 2, weights)
            scale = np.where(scale > 0, scale, width / normal_width)
        return cls(centre, np.where(scale > 0, scale, scaling.scale))

    def arrays(self, name):
        """The arrays of a model file's scaling `name`, by name."""
        return {f"{name}.mean": self.mean, f"{name}.scale": self.scale}

    @classmethod
    def described(cls, fields, arrays, name, size):
        """The scaling `name` of a model file, of `size` features, or None; `arrays` are popped.

        `fields` are `files.fields.Fields`.
        """
        mean, scale = arrays.pop(f"{name}.mean", None), arrays.pop(f"{name}.scale", None)
        if mean is None and scale is None:
            return None
        for array in (mean, scale):
            if array is None or array.dtype != np.float64 or array.shape != (size,):
                fields.refuse(f"{name} is not two arrays of {size} float64")
        if (scale <= 0).any():
            fields.refuse(f"{name} is not positive")
        return cls(np.array(mean, np.float64), np.array(scale, np.float64))

    def apply(self, values, dtype):
        """Scaled copy of `values` (..., D) in `dtype`."""
        centred = np.subtract(values, self.mean, dtype=np.float64)
        return np.divide(centred, self.scale, out=np.empty(centred.shape, dtype), casting="same_kind")

    def undo(self, values):
        """The inverse, in float64."""
        return values * self.scale + self.mean


# central shares of rows, and the width of their range in the standard normal distribution
CENTRAL_RANGES = ((0.5, 1.3489795), (0.8, 2.5631031), (0.9, 3.2897073), (0.98, 4.6526957))


def _quantile(rows, level, weights):
    return np.quantile(rows, level, axis=0, weights=weights, method="inverted_cdf")


class Moments:
    """Weighted mean and variance of rows that are added in parts (Chan, Golub and LeVeque 1983).

    Three vectors, whatever the number of rows. Means are computed of differences from the
    first row of a part: a large mean costs no precision, and a constant feature has a
    variance of exactly 0. Features whose squares would underflow or overflow are multiplied by
    a power of 2 first, which is exact.

    Parameters
    ----------
    n_features : int
    lowest, highest : ndarray of shape (n_features,)
        Range of the rows to be added; None if their squares are known not to underflow.
    """

    def __init__(self, n_features, lowest=None, highest=None):
        self.exponents = None
        if lowest is not None:
            widths = np.asarray(highest, np.float64) / 2 - np.asarray(lowest, np.float64) / 2
            extreme = (widths > 0) & ~((widths > 1e-100) & (widths < 1e100))
            if extreme.any():
                self.exponents = np.where(extreme, np.frexp(widths)[1], 0)
        self.weight = 0.0
        self.mean = np.zeros(n_features)
        self.squares = np.zeros(n_features)  # sum of weight * (x - mean)^2

    @classmethod
    def of_sequences(cls, sequences, weights=None):
        """Moments of all steps of sequences; see `Scaling.of_sequences`."""
        moments = cls(sequences.n_features, sequences.lowest, sequences.highest)
        for block in sequences.blocks():
            step_weights = None
            if weights is not None:
                step_weights = np.repeat(weights[block], sequences.lengths[block])
            moments.add(sequences.stack(block), step_weights)
        return moments

    def state(self):
        """Plain values for a pickle, for `of_state`."""
        return self.weight, self.mean, self.squares, self.exponents

    @classmethod
    def of_state(cls, state):
        """The moments with this `state`."""
        moments = cls(len(state[1]))
        moments.weight, moments.mean, moments.squares, moments.exponents = state
        return moments

    def times(self, factor):
        """Moments of the same rows with weights multiplied by `factor`."""
        scaled = Moments.of_state(self.state())
        scaled.weight, scaled.squares = self.weight * factor, self.squares * factor
        return scaled

    def combined(self, other):
        """Moments of the rows of both, as new moments."""
        both = Moments(len(self.mean))
        one, two = self.exponents, other.exponents
        if one is not None or two is not None:
            one, two = (np.zeros(len(self.mean), int) if e is None else e for e in (one, two))
            both.exponents = np.maximum(one, two)
            one, two = one - both.exponents, two - both.exponents
        parts = [
            (part.weight, part.mean, part.squares)
            if shift is None
            else (part.weight, np.ldexp(part.mean, shift), np.ldexp(part.squares, 2 * shift))
            for part, shift in ((self, one), (other, two))
        ]
        (weight, mean, squares), (more, its_mean, its_squares) = parts
        both.weight = weight + more
        if both.weight == 0:
            return both
        shift, share = its_mean - mean, more / both.weight
        both.mean = mean + shift * share
        both.squares = squares + its_squares + np.square(shift) * (weight * share)
        return both

    def add(self, rows, weights=None):
        """Add rows (m, D) with their weights (m,), all 1 by default."""
        rows = np.asarray(rows, np.float64)
        if self.exponents is not None:
            rows = np.ldexp(rows, -self.exponents)
        weight = float(len(rows)) if weights is None else float(weights.sum())
        if weight == 0:
            return
        distances = rows - rows[0]
        offset = distances.mean(axis=0) if weights is None else weights @ distances / weight
        deviations = np.square(distances - offset)
        squares = deviations.sum(axis=0) if weights is None else weights @ deviations
        shift = rows[0] + offset - self.mean
        total = self.weight + weight
        self.squares += squares + np.square(shift) * (weight * (self.weight / total))
        self.mean += shift * (weight / total)
        self.weight = total

    @property
    def variance(self):
        """Weighted variance of each feature, (D,)."""
        return self.squares / self.weight

    def scaling(self):
        """`Scaling` by these moments; constant features are centred only."""
        # differences that are rounding errors of decimals do not count as variation
        noise = (10 * np.finfo(np.float64).eps * self.mean) ** 2
        varies = self.variance > noise
        mean, scale = self.mean.copy(), np.sqrt(np.where(varies, self.variance, 1.0))
        if self.exponents is not None:
            mean = np.ldexp(mean, self.exponents)
            scale = np.where(varies, np.ldexp(scale, self.exponents), scale)
        return Scaling(mean, scale)
