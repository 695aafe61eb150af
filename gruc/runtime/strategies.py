"""How the answers of a network become forecasts of any number of steps.

A strategy is a function of this form, in a line of `STRATEGIES`:

    walk(predictor, lags, start, n_ahead) -> ndarray of shape (B, n_ahead or more, Q), float64

where ``lags.horizon`` is the one asked for, also where the network answers one step, and Q the number of
quantiles that it answers, or 1. It reads nothing but `start`, whose rows are independent of each other, and
so serves for the ends of series and for any origin within them, as calibration needs it.
"""

from typing import Any, NamedTuple

import numpy as np

from ..outputs import nearest_to_median
from ..sequences import LagWindows, Series, as_sequences, known_values


class Start(NamedTuple):
    """What is known where forecasts start, of B series or origins.

    Parameters
    ----------
    values : ndarray of shape (B, context), float64
        The last values, differenced where the model asks for it; NaN before a series begins.
    moments : ndarray of shape (B, 2)
        See `Lags.moments`.
    covariates : Covariates or None
        Of the same steps and those after them, as many as are read.
    linear : ndarray or None
        See `LagWindows`.
    levels : tuple of float
        Levels of the quantiles that the network outputs; () if it outputs forecasts.
    kept : ndarray of shape (B, n_ahead), bool, or None
        See `LagWindows`.
    seen : list or None
        Gets, block by block, at which steps (B, horizon) the value of all past seasons is the forecast.
    """

    values: np.ndarray
    moments: np.ndarray
    covariates: object = None
    linear: np.ndarray | None = None
    levels: tuple = ()
    kept: np.ndarray | None = None
    seen: list | None = None

    @property
    def n_levels(self):
        """Answers for each step."""
        return max(len(self.levels), 1)

    @property
    def point(self):
        """Which of them forecasts go by."""
        return nearest_to_median(self.levels)

    def answered(self, windows, read, outputs):
        """What is meant by outputs (B, horizon * Q): (B, horizon, Q), of which the last axis never falls."""
        if self.seen is not None:
            of_block = (read.changing == 0) & (read.scale > 0)
            self.seen.append(np.broadcast_to(of_block, (len(of_block), windows.lags.horizon)))
        answers = [windows.forecasts(outputs[:, q :: self.n_levels], read) for q in range(self.n_levels)]
        return np.sort(np.stack(answers, axis=2), axis=2)

    def with_errors_before(self, blocks):
        """Quantiles to which the independent errors at the ends of the blocks before have been added."""
        points = [block[:, :, [self.point]] for block in blocks]
        squares, widened = 0.0, []
        for block, point in zip(blocks, points, strict=True):
            offsets = block - point
            total = np.square(offsets) + squares
            widened.append(point + np.sign(offsets) * np.sqrt(total))
            squares = total[:, -1:]
        return widened

    @classmethod
    def before(cls, series, lags, of, origins, covariates, linear, levels):
        """Of origins within series; `covariates` are the `Covariates` of the series."""
        values = known_values(series, of, origins[:, np.newaxis], np.arange(-lags.context, 0))
        if covariates is not None:
            covariates = covariates.of_series(of, origins - series.starts[of] - lags.context)
        return cls(values, series.moments[of], covariates, linear, levels)

    def windows(self, lags):
        """The windows that end here, a `LagWindows`."""
        return self.windows_of(self.values, lags)

    def windows_of(self, values, lags, moved=0, n_more=0):
        """The windows before the last `n_more` of other values (B, context or more) of these series.

        The first of these is `moved` steps after the first that is known.
        """
        n, length = values.shape
        everything = np.arange(n)
        series = Series(values.reshape(-1), everything * length, self.moments)
        covariates = None if self.covariates is None else self.covariates.moved(moved)
        origins = (everything + 1) * length - n_more
        kept = self.kept
        if kept is not None:
            kept = kept[:, moved + n_more : moved + n_more + lags.horizon]
        return LagWindows(series, lags, everything, origins, covariates, n_more, self.linear, kept)

    def scales(self, lags):
        """What errors of forecasts from here are in proportion to, (B, 1); 0 of a constant window."""
        windows = self._replace(linear=None, covariates=None).windows(lags)
        return windows.read(slice(None)).scale


def direct(predictor, lags, start, n_ahead):
    """The network answers a horizon at once; later ones start from these forecasts, block by block."""
    known, blocks = start.values, []
    for block in range(-(-n_ahead // lags.horizon)):
        known = known[:, known.shape[1] - lags.context :]
        windows = start.windows_of(known, lags, block * lags.horizon)
        read = windows.read(slice(None))
        blocks.append(start.answered(windows, read, predictor.output_rows(windows)))
        known = np.concatenate([known, blocks[-1][:, :, start.point]], axis=1)
    if start.n_levels > 1:
        blocks = start.with_errors_before(blocks)
    return np.concatenate(blocks, axis=1)


def recursive(predictor, lags, start, n_ahead):
    """The network answers the next step, and reads each window of its own forecasts anew."""
    return direct(predictor, one_step(lags), start, n_ahead)


def decoder(predictor, lags, start, n_ahead):
    """The network answers the next step in every row, and carries its state on over its own forecasts.

    They are scaled as the window that they start from.
    """
    known, lags, steps = start.values, one_step(lags), []
    windows = start.windows_of(known, lags)
    scaled, (outputs, states) = windows.read(slice(None)), predictor.last_rows(windows)
    for step in range(1, n_ahead + 1):
        windows = start.windows_of(known, lags, n_more=step - 1)
        steps.append(start.answered(windows, windows.of_last_row(scaled), outputs))
        known = np.concatenate([known, steps[-1][:, :, start.point]], axis=1)
        if step < n_ahead:
            row = start.windows_of(known, lags, n_more=step).read(slice(None)).rows[:, -1:]
            outputs, states = predictor.last_rows(as_sequences(row, "rows"), states)
    if start.n_levels > 1:
        steps = start.with_errors_before(steps)
    return np.concatenate(steps, axis=1)


def one_step(lags):
    """Lags of windows before single steps."""
    return lags._replace(horizon=1)


class Strategy(NamedTuple):
    """A strategy, and the network that it needs.

    Parameters
    ----------
    walk : callable
        See the module.
    is_direct : bool
        Whether the network answers all steps of the horizon at once, or the next step alone.
    answers_rows : bool
        Whether it does so in every row.
    """

    walk: Any
    is_direct: bool = False
    answers_rows: bool = False

    def lags(self, lags):
        """The lags of the windows that the network answers."""
        return lags if self.is_direct else one_step(lags)

    def n_more(self, lags):
        """How many rows after a window the network learns from."""
        return lags.horizon - 1 if self.answers_rows else 0

    def n_read_ahead(self, lags, n_ahead):
        """Steps ahead whose columns are read for `n_ahead` forecasts."""
        horizon = self.lags(lags).horizon
        return -(-n_ahead // horizon) * horizon


STRATEGIES = {
    "direct": Strategy(direct, is_direct=True),
    "recursive": Strategy(recursive),
    "decoder": Strategy(decoder, answers_rows=True),
}
