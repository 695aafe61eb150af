"""How the answers of a network become forecasts of any number of steps.

A strategy is a function of this form, and a line of `STRATEGIES`:

    strategy(predictor, lags, start, n_ahead) -> ndarray of shape (B, n_ahead or more), float64

It reads nothing but `start`, whose rows are independent of each other, and so serves for the ends of series
and for any origin within them, as calibration needs it.
"""

from typing import NamedTuple

import numpy as np

from ..sequences import LagWindows, Series


class Start(NamedTuple):
    """What is known where forecasts start, of B series or origins.

    Parameters
    ----------
    values : ndarray of shape (B, context), float64
        The last values, differenced where the model asks for it.
    moments : ndarray of shape (B, 2)
        See `Lags.moments`.
    beside : Covariates or None
        Of the same steps and those after them, as many as are read.
    linear : ndarray or None
        See `LagWindows`.
    """

    values: np.ndarray
    moments: np.ndarray
    beside: object = None
    linear: np.ndarray | None = None

    def windows(self, lags):
        """The windows that end here, a `LagWindows`."""
        return self.windows_of(self.values, lags)

    def windows_of(self, values, lags, moved=0):
        """The windows at the ends of other values (B, context or more) of these series.

        The first of them is `moved` steps after the first that is known.
        """
        n, length = values.shape
        everything = np.arange(n)
        series = Series(values.reshape(-1), everything * length, self.moments)
        beside = None if self.beside is None else self.beside.moved(moved)
        return LagWindows(series, lags, everything, (everything + 1) * length, beside, linear=self.linear)

    def scales(self, lags):
        """What errors of forecasts from here are in proportion to, (B, 1); 0 of a constant window."""
        return self._replace(beside=None, linear=None).windows(lags).read(slice(None)).factor / (
            lags.unit * lags.remainder
        )


def direct(predictor, lags, start, n_ahead):
    """The network answers a horizon at once; later ones start from these forecasts, block by block."""
    known, blocks = start.values, []
    for block in range(-(-n_ahead // lags.horizon)):
        known = known[:, known.shape[1] - lags.context :]
        windows = start.windows_of(known, lags, block * lags.horizon)
        read = windows.read(slice(None))
        blocks.append(windows.forecasts(predictor.output_rows(windows), read))
        known = np.concatenate([known, blocks[-1]], axis=1)
    return np.concatenate(blocks, axis=1)


STRATEGIES = {"direct": direct}
