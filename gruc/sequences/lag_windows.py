"""Windows of time series as sequences: what a forecaster reads, and what it is to say.

What a season says of a step is `seasonal[t]`, the weighted mean of x[t - m], x[t - 2 m], ..., with the
`season_weights`. Of steps ahead that are not known yet, the last season that is known stands for them; where
a series has not begun yet, the mean is that of the seasons since then. At an origin, a network reads
the `lags` steps before it. The row of step t is

    (x[t] - centre) / scale                    the value
    (x[t] - seasonal[t]) / (scale * unit)      how it differs from what the season says
    (seasonal[t + H] - centre) / scale         what the season says H steps later, where that is another
                                               place in the season

and answers with (x[t + h] - base[h]) / (scale * unit * remainder) for h = 1..H, where base[h] is

    seasonal[t + h] + scale * unit * (rows @ linear)[h]

with a matrix `linear` for the numbers of all rows of a window, if there is one. Where the last three seasons
or more, all that are read, have the same value, as solar power has at night, it is forecast to come again:
base[h] is that value, and no answer changes it. Windows overlap, and are
made batch by batch; the series are in memory once. All of it is float64, so that a level of 1e9 leaves the
digits of what happens above it.
"""

from typing import NamedTuple

import numpy as np

from .. import kernels
from .base import Sequences
from .packing import ONE_STEP

# Short windows give poor estimates of the scale: it is at least this share of the usual seasonal difference.
CALMEST = 0.1
# Past seasons that must have the same value for it to be forecast as it is.
ENOUGH_ALIKE = 3


class Lags(NamedTuple):
    """How windows are read.

    Parameters
    ----------
    lags : int
        Steps that the network reads.
    season_length : int
        m; 1 for none, and differences are those of successive steps.
    horizon : int
        H, steps that are forecast at once.
    scale : {"window", "series"} or None
        What values are centred and scaled by: mean and standard deviation of the window, or of the
        series; or they are not.
    unit : float
        Usual size of ``x[t + h] - seasonal[t + h]`` before it is divided by it.
    season_weights : tuple of float
        Weights of the last seasons, the latest first; their sum is 1.
    remainder : float
        Usual size of what is to be answered before it is divided by it: 1 without a matrix `linear`.
    """

    lags: int
    season_length: int
    horizon: int
    scale: str | None = "window"
    unit: float = 1.0
    season_weights: tuple = (1.0,)
    remainder: float = 1.0

    def describe(self):
        """The description in a model file, an object for JSON."""
        return self._asdict() | {"season_weights": list(self.season_weights)}

    @classmethod
    def described(cls, fields):
        """The lags that `describe` described; `fields` are `files.fields.Fields`."""
        lags, season_length, horizon = (
            fields.take(name, lambda v: type(v) is int and 0 < v < 2**31)
            for name in ("lags", "season_length", "horizon")
        )
        scale = fields.take("scale", lambda v: v in ("window", "series", None))
        unit, remainder = (
            float(fields.take(name, lambda v: type(v) in (int, float) and v > 0))
            for name in ("unit", "remainder")
        )
        weights = fields.take("season_weights", _are_weights)
        fields.end()
        return cls(lags, season_length, horizon, scale, unit, tuple(map(float, weights)), remainder)

    @property
    def context(self):
        """Steps before an origin that are read."""
        return self.lags + len(self.season_weights) * self.season_length

    @property
    def least_context(self):
        """Steps that must be known of these where windows are learned from: of one season."""
        return self.lags + self.season_length

    @property
    def width(self):
        """Columns of a row."""
        return 3 if self.horizon % self.season_length else 2

    def moments(self, values):
        """(centre, scale) of a series for `Series`, from the values to learn from."""
        if self.scale is None:
            return 0.0, 1.0
        if self.scale == "series":
            return values.mean(), _deviation(values, axis=None)
        m = self.season_length
        differences = values[m:] - values[:-m]
        return 0.0, CALMEST * np.sqrt(np.square(differences).mean()) if len(differences) else 0.0

    def moments_of_new_series(self):
        """`moments` of a series of which nothing is known but its windows; None if these do not do."""
        return None if self.scale == "series" else (0.0, 1.0 if self.scale is None else 0.0)


class Series(NamedTuple):
    """Series end to end.

    Parameters
    ----------
    values : ndarray of shape (N,), float64
    starts : ndarray of shape (n,), intp
        Where each begins.
    moments : ndarray of shape (n, 2)
        See `Lags.moments`.
    """

    values: np.ndarray
    starts: np.ndarray
    moments: np.ndarray

    @classmethod
    def of(cls, arrays, moments):
        """Series that are arrays (t_i,)."""
        lengths = np.array([len(array) for array in arrays], np.intp)
        values = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        return cls(np.ascontiguousarray(values), np.cumsum(lengths) - lengths, np.asarray(moments))


class Windows(NamedTuple):
    """Some windows, read."""

    rows: np.ndarray  # (B, lags, width)
    divisor: np.ndarray  # (B, 1), of answers; positive
    scale: np.ndarray  # (B, 1), what errors are in proportion to; 0 where the window is constant
    changing: np.ndarray  # (B, 1) or (B, horizon), the scale, or 0 where answers change nothing
    base: np.ndarray  # (B, horizon), what an answer of 0 means


class LagWindows(Sequences):
    """The windows before some origins.

    Parameters
    ----------
    series : Series
    lags : Lags
    of : ndarray of shape (n,), intp
        The series of each window.
    origins : ndarray of shape (n,), intp
        Places in ``series.values``: a window ends before its origin. Its `lags` and a season before it must
        be of its series.
    covariates : Covariates or None
        Covariates, which stand behind those above.
    n_more : int
        How many rows after the window are read too, scaled as it is. They must be known.
    linear : ndarray of shape (lags * width, horizon), default=None
        See the module.
    kept : ndarray of shape (n_series, horizon), bool, default=None
        Steps ahead at which the value of all past seasons is the forecast; None: those at which it is the
        same.
    """

    ragged = False

    def __init__(self, series, lags, of, origins, covariates=None, n_more=0, linear=None, kept=None):
        self.series, self.lags, self.linear, self.kept = series, lags, linear, kept
        self.of, self.origins = of, origins
        self.covariates, self.n_more = covariates, n_more
        self.n_features = lags.width if covariates is None else lags.width + covariates.width(lags)
        self.float_type = np.dtype(np.float64)
        self.lowest = self.highest = np.zeros(self.n_features)  # rows are scaled: there is nothing to refuse
        n_rows = np.array([lags.lags + n_more], np.intp)
        self.lengths = np.ndarray((len(origins),), np.intp, n_rows, strides=(0,))

    def source(self, indices, framing=ONE_STEP):
        """A `Source` for the kernels, and the indices in it of the windows at `indices`."""
        return kernels.inference.Source(self.read(indices).rows, *framing), np.arange(len(indices))

    @staticmethod
    def source_of(windows):
        """A `Source` of windows that have been read."""
        return kernels.inference.Source(windows.rows)

    def read(self, indices):
        """`Windows` at `indices`, or at a slice."""
        lags, m, of = self.lags, self.lags.season_length, self.of[indices]
        origins = self.origins[indices, np.newaxis]
        steps = np.arange(-lags.lags, self.n_more)
        n_rows, window = len(steps), self.series.values[origins + steps]
        centre, scale = self._moments(window[:, : lags.lags], of)
        divisor = np.where(scale > 0, scale, 1.0)

        def seasonal(ahead):
            """What the season says of the steps `ahead` of those of the rows."""
            return self._seasonal(of, origins, steps + ahead - m)

        columns = [(window - centre) / divisor, (window - seasonal(0)) / (divisor * lags.unit)]
        if lags.width == 3:
            columns.append((seasonal(lags.horizon % m) - centre) / divisor)
        rows = np.stack(columns, axis=2)
        if self.covariates is not None:
            begin = self.origins[indices] - self.series.starts[of] - lags.lags
            rows = np.concatenate([rows, self.covariates.read(of, begin, lags, n_rows)], axis=2)
        ahead = np.arange(lags.horizon) % m - m
        base, changing = self._seasonal(of, origins, ahead), self._changing(of, origins, ahead, scale)
        if self.linear is not None:
            read = rows[:, : lags.lags].reshape(len(rows), -1)
            base = base + changing * lags.unit * _products(read, self.linear)
        return Windows(rows, divisor * self._unit, scale, changing, base)

    def _seasonal(self, of, origins, steps):
        """The weighted mean of values so many steps (n,) after origins (B, 1), and in the seasons before.

        Of equal ones it is exactly these. Seasons before the series begins have no weight.
        """
        series, m = self.series, self.lags.season_length
        first, missing = series.values[origins + steps], 0.0
        if len(self.lags.season_weights) == 1:
            return first
        mean = first.copy()
        for k, weight in enumerate(self.lags.season_weights[1:], 1):
            season = known_values(series, of, origins, steps - k * m)
            added = weight * (season - first)
            unknown = np.isnan(added)
            if unknown.any():
                added[unknown] = 0.0
                missing = missing + weight * unknown
            mean += added
        if np.ndim(missing) == 0:
            return mean
        return np.where(missing > 0, first + (mean - first) / (1.0 - missing), mean)

    def _changing(self, of, origins, steps, scale):
        """Scales (B, 1), or (B, n) that are 0 at steps where all past seasons have the same value."""
        if self.kept is not None:
            return np.where(self.kept[of], 0.0, scale)
        series, m, n_seasons = self.series, self.lags.season_length, len(self.lags.season_weights)
        if n_seasons < ENOUGH_ALIKE:
            return scale
        first, alike = series.values[origins + steps], True
        for k in range(1, n_seasons):
            season = known_values(series, of, origins, steps - k * m)
            same = season == first
            if k >= ENOUGH_ALIKE:
                same |= np.isnan(season)  # it is before the series begins
            alike = alike & same
            if not alike.any():
                return scale
        return np.where(alike, 0.0, scale)

    def _moments(self, window, of):
        """Centre and scale of windows (B, lags), (B, 1) each."""
        centre, scale = self.series.moments[of].T[:, :, np.newaxis]
        if self.lags.scale is None:
            return centre, scale
        if self.lags.scale == "series":  # one that was constant when it was learned from may no longer be
            constant = scale == 0
            return centre, np.where(constant, _deviation(window, axis=1), scale) if constant.any() else scale
        return window.mean(axis=1, keepdims=True), np.maximum(_deviation(window, axis=1), scale)

    def with_origins(self, of, origins):
        """These windows, and those before more origins of the same series."""
        of, origins = np.concatenate([self.of, of]), np.concatenate([self.origins, origins])
        return LagWindows(self.series, self.lags, of, origins, self.covariates, self.n_more, self.linear)

    def n_independent(self, chosen=slice(None)):
        """How many forecasts from these origins say as much as they do, of which the horizons overlap."""
        per_series = np.bincount(self.of[chosen])
        return float((1 + (per_series[per_series > 0] - 1) / self.lags.horizon).sum())

    def targets(self, indices, windows):
        """What a network is to answer to these windows, which it has read: (B, horizon)."""
        places = self.origins[indices, np.newaxis] + np.arange(self.lags.horizon)
        targets = (self.series.values[places] - windows.base) / windows.divisor
        return np.where(windows.scale > 0, targets, 0.0)

    def base_of_rows(self, indices):
        """What an answer of 0 means in each row of one-step windows, (B, lags + n_more)."""
        steps = np.arange(1 - self.lags.lags, self.n_more + 1) - self.lags.season_length
        return self._seasonal(self.of[indices], self.origins[indices, np.newaxis], steps)

    def of_last_row(self, windows):
        """These windows, of one step and read before, as they answer the step after the last row."""
        of, origins, steps = self.of, self.origins[:, np.newaxis], [self.n_more - self.lags.season_length]
        changing = self._changing(of, origins, np.array(steps), windows.scale)
        return windows._replace(changing=changing, base=self._seasonal(of, origins, np.array(steps)))

    def targets_of_rows(self, indices, windows):
        """What a network is to answer in each row of one-step windows, (B, lags + n_more)."""
        truth = self.series.values[self._next_places(indices)]
        targets = (truth - self.base_of_rows(indices)) / windows.divisor
        return np.where(windows.scale > 0, targets, 0.0)

    def _next_places(self, indices):
        """Places of the step after each row."""
        return self.origins[indices, np.newaxis] + np.arange(1 - self.lags.lags, self.n_more + 1)

    def forecasts(self, outputs, windows):
        """The forecasts that are meant by outputs (B, horizon) of a network, in float64."""
        return windows.base + outputs.astype(np.float64) * (windows.changing * self._unit)

    @property
    def _unit(self):
        """The unit of answers, as a part of the scale of a window."""
        return self.lags.unit * self.lags.remainder


def known_values(series, of, origins, steps):
    """Values (B, n) of series `of` (B,), so many steps (n,) after origins (B, 1); NaN before they begin."""
    starts = series.starts[of][:, np.newaxis]
    places = origins + steps
    if (origins + steps.min() >= starts).all():
        return series.values[places]
    return np.where(places >= starts, series.values[np.maximum(places, starts)], np.nan)


def _are_weights(values):
    """Whether these are numbers, of which the sum is 1."""
    numbers = type(values) is list and all(type(value) in (int, float) for value in values)
    return numbers and abs(sum(values) - 1) < 1e-9


def _products(rows, matrix):
    """``rows @ matrix``, added up in the same order for any number of rows, as BLAS does not."""
    return np.einsum("bk,kh->bh", rows, matrix)


def _deviation(values, axis):
    """Standard deviation; 0 where values differ by rounding errors alone."""
    deviation = values.std(axis=axis, keepdims=axis is not None)
    largest = np.abs(values).max(axis=axis, keepdims=axis is not None)
    return np.where(deviation > 1e-14 * largest, deviation, 0.0)


def origins_of(lengths, starts, first, last):
    """Origins within series, one after the other.

    Parameters
    ----------
    lengths, starts : ndarray of shape (n,), intp
        Of the series.
    first, last : ndarray of shape (n,), intp
        Least and greatest number of values before an origin; none where `last` is less than `first`.

    Returns
    -------
    of, origins : ndarray of shape (m,), intp
        See `LagWindows`.
    """
    counts = np.maximum(last - first + 1, 0)
    of = np.repeat(np.arange(len(lengths)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return of, starts[of] + np.asarray(first)[of] + within
