"""What a `ForecastPredictor` computes: forecasts and quantiles from what is known, and later calibrations."""

from typing import Any

import numpy as np

from ..outputs import accumulated, scaled_errors
from ..sequences import Series, origins_of
from .strategies import STRATEGIES, Start


class ForecastWalksMixin:
    """Forecasts as arrays, of the differences that the network forecasts and of the series."""

    predictor: Any
    lags: Any
    moments: Any
    known: Any
    conformal: Any
    strategy: str
    covariates: Any
    linear: Any
    levels: tuple

    def n_read_ahead(self, n_ahead):
        """Steps ahead whose columns are read for `n_ahead` forecasts."""
        return STRATEGIES[self.strategy].n_read_ahead(self.lags, n_ahead)

    def start(self, n_ahead=0, later=None):
        """The `Start` of forecasts; `later` are `Covariates` of the steps ahead, or None."""
        context = self.lags.context
        start = self.start_of(self.known.stacked(context), self.moments)
        if later is None:
            return start
        stops = lengths_of(self.known)
        covariates = self.covariates.followed_by(stops - context, stops, later, self.n_read_ahead(n_ahead))
        return start._replace(covariates=covariates)

    def start_of(self, values, moments):
        """The `Start` of forecasts after values (B, context), differenced, of series with such moments."""
        return Start(values, moments, linear=self.linear, levels=self.levels)

    def walk(self, start, n_ahead):
        """Forecasts (B, n_ahead or more) of the differences that follow a `Start`."""
        return self.walk_levels(start, n_ahead)[:, :, start.point]

    def walk_levels(self, start, n_ahead):
        """All quantiles that the network answers, (B, n_ahead or more, Q), of which one is the forecast."""
        return STRATEGIES[self.strategy].walk(self.predictor, self.lags, start, n_ahead)

    def forecasts(self, n_ahead, later=None):
        """Forecasts (n_series, n_ahead or more) of the next steps, in float64.

        Parameters
        ----------
        n_ahead : int
        later : Covariates or None
            Covariates, of the `n_read_ahead` steps ahead.
        """
        return self._forecasts_and_heads(n_ahead, later)[0]

    def _forecasts_and_heads(self, n_ahead, later):
        """Forecasts, and quantiles of the network (n_series, n_ahead or more, Q) less these."""
        start = self.start(n_ahead, later)
        walked = self.walk_levels(start, n_ahead)
        forecasts = self.known.undifferenced(walked[:, :, start.point])
        heads = walked - walked[:, :, [start.point]]
        for _ in range(self.known.order):
            heads = accumulated(heads)
        return forecasts, heads

    def quantiles(self, steps, levels, later=None):
        """Quantiles (n_series, n_ahead, k) of these steps, 1 being the next one.

        Raises
        ------
        ValueError
            There is no calibration.
        """
        if self.conformal is None:
            raise ValueError(
                "The fit has measured no errors of held-out forecasts to derive quantiles from. If "
                "calibration was None, set calibration='split'. If the series were too short to hold out "
                "their last part, give longer ones, or set a shorter horizon or smaller lags."
            )
        forecasts, heads = self._forecasts_and_heads(int(steps[-1]), later)
        scales = self.start().scales(self.lags)
        at = steps - 1
        return self.conformal.quantiles(levels, steps, forecasts[:, at], scales, heads[:, at])

    def adapted(self, known, covariates=None):
        """The calibration after the values of `known`, which go on from those at hand, and their covariates.

        Forecasts are made, as they would have been, at each origin whose horizon contains a new value.
        """
        conformal, lags = self.conformal, self.lags
        if conformal is None or conformal.recent is None:
            return conformal
        lengths, n_known = lengths_of(known), lengths_of(self.known)
        series = Series.of(known.recent, self.moments)
        first = np.maximum(lags.context, n_known - lags.horizon + 1)
        of, origins = origins_of(lengths, series.starts, first, lengths - lags.horizon)
        if not len(of):
            return conformal
        start = Start.before(series, lags, of, origins, covariates, self.linear, self.levels)
        scales = start.scales(lags)
        truth = series.values[origins[:, np.newaxis] + np.arange(lags.horizon)]
        walked = self.walk_levels(start, lags.horizon)[:, : lags.horizon]
        positive = np.where(scales > 0, scales, np.nan)  # a constant window has no errors in proportion to it
        errors = scaled_errors(truth, walked, start.point, positive, known.order)
        errors = conformal.in_units(*errors)
        age = series.starts[of] + lengths[of] - origins  # from the earliest origin to the last
        rounds = [errors[age == n] for n in range(age.max(), age.min() - 1, -1)]
        rounds = [part[np.isfinite(part).all(axis=1)] for part in rounds]
        return conformal.adapted([part for part in rounds if len(part)])


def lengths_of(known):
    """How many values of each series are known."""
    return np.array([len(array) for array in known.recent], np.intp)
