"""ForecastPredictor: a fitted forecaster that forecasts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..outputs import Conformal
from ..sequences import KnownValues, Lags
from .predictor import Predictor
from .strategies import STRATEGIES, Start


class ForecastPredictor:
    """A fitted forecaster that forecasts, and learns nothing.

    The forecast of a series depends on that series alone, to the last bit.

    Parameters
    ----------
    predictor : Predictor
        The network that answers windows.
    lags : Lags
        What it reads, and what its answers mean.
    moments : ndarray of shape (n_series, 2)
        See `Lags.moments`.
    known : KnownValues
        The last values of the series, `n_kept` or fewer of each, and at least ``lags.context``.
    conformal : Conformal or None
        What quantiles are made by.
    strategy : str
        How the answers become forecasts, one of `STRATEGIES`.
    """

    def __init__(self, predictor, lags, moments, known, conformal=None, strategy="direct"):
        self.predictor, self.lags, self.moments = predictor, lags, moments
        self.known, self.conformal, self.strategy = known, conformal, strategy

    @property
    def n_series(self):
        """Number of series."""
        return len(self.known.recent)

    @property
    def n_kept(self):
        """Values of each series that are kept: for forecasts, and for the windows that an update learns."""
        return self.lags.context + self.lags.horizon - 1

    def with_n_jobs(self, n_jobs):
        """The same with another number of threads."""
        return self._with(predictor=self.predictor.with_n_jobs(n_jobs))

    def going_on(self, known, predictor=None):
        """The same from later values on, of which the last are kept, with this network or the old one."""
        predictor = self.predictor if predictor is None else predictor
        return self._with(known=known.last(self.n_kept), predictor=predictor)

    def _with(self, **changes):
        other = object.__new__(type(self))
        vars(other).update(vars(self), **changes)
        return other

    def start(self):
        """The `Start` of forecasts."""
        return Start(self.known.stacked(self.lags.context), self.moments)

    def forecasts(self, n_ahead):
        """Forecasts (n_series, n_ahead or more) of the next steps, in float64."""
        walk = STRATEGIES[self.strategy]
        return self.known.undifferenced(walk(self.predictor, self.lags, self.start(), n_ahead))

    def quantiles(self, steps, levels):
        """Quantiles (n_series, n_ahead, k) of these steps, 1 being the next one.

        Raises
        ------
        ValueError
            There is no calibration.
        """
        if self.conformal is None:
            raise ValueError(
                "The fit has measured no errors of forecasts to find quantiles by: set calibration='split'. "
                "Where series were too short to hold out their last part, give longer ones or a shorter "
                "horizon; constant series have no errors."
            )
        forecasts = self.forecasts(int(steps[-1]))[:, steps - 1, np.newaxis]
        scales = self.start().scales(self.lags)[:, :, np.newaxis]
        return forecasts + scales * self.conformal.offsets(levels, steps)

    def __getstate__(self) -> dict[str, Any]:
        """Plain values and arrays, so that a pickle names no private class."""
        conformal = None if self.conformal is None else tuple(self.conformal)
        return {
            "predictor": self.predictor.__getstate__(),
            "lags": tuple(self.lags),
            "moments": self.moments,
            "known": tuple(self.known),
            "conformal": conformal,
            "strategy": self.strategy,
        }

    def __setstate__(self, state):
        predictor = Predictor.__new__(Predictor)
        predictor.__setstate__(state["predictor"])
        conformal = None if state["conformal"] is None else Conformal(*state["conformal"])
        self.__init__(
            predictor,
            Lags(*state["lags"]),
            state["moments"],
            KnownValues(*state["known"]),
            conformal,
            state["strategy"],
        )


ForecastPredictor.__module__ = "gruc.runtime"  # as Predictor
