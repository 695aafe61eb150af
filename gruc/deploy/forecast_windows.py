"""What an exported forecaster computes of its last values: one description for all formats.

It is that of `gruc.sequences.lag_windows`, with a window of `context` values, differenced:

    column of step t   (value - centre) / (divisor * unit), of which parts may be missing or seasonal
    forecast of step h   s'(h) + scale * unit * linear(rows, h) + scale * unit * remainder * answer(h)

where s(t) is the weighted mean of the same place in the last seasons before step t, and s'(h) that of step h
after the window. A test holds it against what the network was trained on.
"""

from typing import NamedTuple

import numpy as np

from ..estimators import GRUForecaster
from ..runtime import ForecastPredictor
from ..runtime.strategies import STRATEGIES

# a larger deviation than this share of the largest value is no rounding error: lag_windows._deviation
NOISE = 1e-14


class Column(NamedTuple):
    """A column of a row: ``(x[t] - s(t + ahead) - centre) / (divisor * unit)``, or parts of that.

    Without a value it is ``s(t + ahead) - centre``.
    """

    value: bool
    seasonal: bool
    ahead: int
    centred: bool
    unit: float


class ForecastWindow(NamedTuple):
    """What is computed of the last values of a series.

    Parameters
    ----------
    strategy : {"direct", "recursive", "decoder"}
        Whether the network answers all steps at once; or the next one, in a window of its forecasts that is
        read anew for each step, or in a row that follows those that were read, scaled as the window.
    horizon : int
        Steps that are forecast.
    order : int
        How many times values are differenced.
    lags : Lags
        Of the windows that the network answers: its horizon is what is answered at once.
    linear : ndarray of shape (lags * width, horizon) or None
    moments : ndarray of shape (n, 2)
        Centre and scale of each series; the last row is that of a new one, unless there is but one row.
    """

    strategy: str
    horizon: int
    order: int
    lags: object
    linear: object
    moments: np.ndarray

    @classmethod
    def of(cls, forecaster, function):
        """That of a `ForecastPredictor`; `function` is what exports it, for errors.

        Raises
        ------
        ValueError
            The forecaster does something that is not exported.
        """
        if forecaster.covariates is not None:
            raise ValueError(
                f"{function} exports forecasters that read their series alone, and this one reads covariates "
                "(X, static or a calendar). Fit it without these, or predict with gruc."
            )
        if len(forecaster.levels) > 1:
            raise ValueError(
                f"{function} exports forecasters that answer one number for each step, and this one answers "
                f"the quantiles {list(forecaster.levels)}. Fit it with another loss, or predict with gruc."
            )
        lags, moments = forecaster.lags, forecaster.moments
        new = lags.moments_of_new_series()
        if lags.scale is None:
            moments = moments[:1]  # the same for all
        elif len(moments) > 1 and new is not None:
            moments = np.concatenate([moments, [new]])
        lags_of_network = STRATEGIES[forecaster.strategy].lags(lags)
        parts = forecaster.known.order, lags_of_network, forecaster.linear, moments
        return cls(forecaster.strategy, lags.horizon, *parts)

    @property
    def n_values(self):
        """How many values forecasts are made of."""
        return self.lags.context + self.order

    @property
    def names_series(self):
        """Whether it must be known which series it is."""
        return len(self.moments) > 1

    @property
    def season_weights(self):
        """Weights of the last seasons, the latest first."""
        return self.lags.season_weights

    @property
    def answer_unit(self):
        """What answers of the network are multiplied by, beside the scale."""
        return self.lags.unit * self.lags.remainder

    def columns(self):
        """The columns of a row, a list of `Column`."""
        lags = self.lags
        columns = [Column(True, False, 0, True, 1.0), Column(True, True, 0, False, lags.unit)]
        if lags.width == 3:
            columns.append(Column(False, True, lags.horizon % lags.season_length, True, 1.0))
        return columns


def forecaster_of(model):
    """The `ForecastPredictor` of a fitted forecaster, or that itself; None of other models."""
    if isinstance(model, GRUForecaster):
        return model._fitted_predictor()
    return model if isinstance(model, ForecastPredictor) else None
