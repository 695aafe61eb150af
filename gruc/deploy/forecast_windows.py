"""What an exported forecaster computes of its last values: one description for all formats.

It is that of `gruc.sequences.lag_windows`, with a window of `context` values, differenced:

    column of step t   (value - centre) / (divisor * unit), of which parts may be missing or seasonal
    forecast of step h   s'(h) + scale * unit * linear(rows, h) + scale * unit * remainder * answer(h)

where s(t) is the weighted mean of the same place in the last seasons before step t, and s'(h) that of step h
after the window, which is the forecast where all of these seasons, three or more, have one value. Behind
these columns stand those of covariates, as `gruc.sequences.covariates` reads them: X and the calendar side by
side, of steps from `n_before` before the end of the values on, scaled and clipped; and then what never
changes. A test holds it against what the network was trained on.
"""

from typing import NamedTuple

import numpy as np

from ..estimators import GRUForecaster
from ..files.series_columns import CALENDAR
from ..outputs import nearest_to_median
from ..runtime import ForecastPredictor
from ..runtime.strategies import STRATEGIES
from ..sequences import ENOUGH_ALIKE, as_shares, reaches

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


class Covariate(NamedTuple):
    """A column of a row that is one of X, or a difference: ``z[t + reach] - z[t + before]``, scaled.

    Parameters
    ----------
    column : int
    reach : int
    before : int or None
        Without it there is no difference.
    ahead : bool
        Whether it is known ahead; else it is 0 in rows after the window.
    """

    column: int
    reach: int = 0
    before: int | None = None
    ahead: bool = True


class CovariatesOfWindow(NamedTuple):
    """What is read beside the series.

    Parameters
    ----------
    names : list of str
        Of the columns of X, as they are told: those of the calendar behind those of the user's X.
    ahead : ndarray of shape (n_columns,), bool
        Which are known ahead.
    mean, factor : ndarray of shape (n_columns,)
        Columns are read as ``(x - mean) * factor``.
    static_mean, static_factor : ndarray of shape (n_static,)
        The same of what never changes.
    read : list of Covariate
        In the order of a row; static columns follow.
    n_before : int
        Steps of X before the end of the values.
    n_ahead : int
        Steps of X after it.
    """

    names: list
    ahead: np.ndarray
    mean: np.ndarray
    factor: np.ndarray
    static_mean: np.ndarray
    static_factor: np.ndarray
    read: list
    n_before: int
    n_ahead: int

    @classmethod
    def of(cls, forecaster, lags):
        """That of a `ForecastPredictor` whose network answers windows of these lags, or None."""
        covariates, columns = forecaster.covariates, forecaster.columns
        if covariates is None:
            return None
        read, parts, n = [], [], 0
        for table in covariates.tables:
            at, ahead = n + np.arange(len(table.ahead)), table.ahead
            m = lags.season_length if lags.season_length > 1 and ahead.any() else 0
            read += [Covariate(int(j), ahead=bool(known)) for j, known in zip(at, ahead, strict=True)]
            for reach in reaches(lags) if ahead.any() else ():
                read += [Covariate(int(j), reach) for j in at[ahead]]
                if m:
                    before = (reach - 1) % m + 1 - m
                    read += [Covariate(int(j), reach, before) for j in at[ahead]]
            parts.append((ahead, table.mean, table.factor))
            n += len(ahead)
        nothing = np.zeros(0)
        ahead, mean, factor = (
            np.concatenate([part[i] for part in parts]) if parts else nothing for i in range(3)
        )
        static = (nothing, nothing) if covariates.static is None else (covariates.mean, covariates.factor)
        reads_ahead = any(column.reach for column in read)
        m = lags.season_length if reads_ahead and lags.season_length > 1 else 0
        n_ahead = forecaster.n_read_ahead(forecaster.lags.horizon) if reads_ahead else 0
        names = [str(name) for name in columns.names or []] + _names_of_calendar(columns.calendar)
        return cls(names, ahead.astype(bool), mean, factor, *static, read, lags.lags + m, n_ahead)

    @property
    def n_columns(self):
        """Columns of X."""
        return len(self.names)

    @property
    def n_static(self):
        """Columns that never change."""
        return len(self.static_mean)

    @property
    def n_rows(self):
        """Steps of X that are told."""
        return self.n_before + self.n_ahead


def _names_of_calendar(features):
    """Names of the columns that features of a calendar are."""
    names = []
    for feature in features:
        names += [feature] if CALENDAR[feature] == 1 else [f"sine of {feature}", f"cosine of {feature}"]
    return names


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
    covariates : CovariatesOfWindow or None
    levels : tuple of float
        Of the quantiles that the network answers for each step; () for one number.
    """

    strategy: str
    horizon: int
    order: int
    lags: object
    linear: object
    moments: np.ndarray
    covariates: object
    levels: tuple

    @classmethod
    def of(cls, forecaster):
        """That of a `ForecastPredictor`."""
        lags, moments = forecaster.lags, forecaster.moments
        new = lags.moments_of_new_series()
        if lags.scale is None:
            moments = moments[:1]  # the same for all
        elif len(moments) > 1 and new is not None:
            moments = np.concatenate([moments, [new]])
        lags_of_network = STRATEGIES[forecaster.strategy].lags(lags)
        parts = forecaster.known.order, lags_of_network, forecaster.linear, moments
        covariates = CovariatesOfWindow.of(forecaster, lags_of_network)
        levels = forecaster.levels if len(forecaster.levels) > 1 else ()
        return cls(forecaster.strategy, lags.horizon, *parts, covariates, levels)

    @property
    def n_levels(self):
        """Answers for each step."""
        return max(len(self.levels), 1)

    @property
    def point(self):
        """Which of them forecasts go by."""
        return nearest_to_median(self.levels)

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
    def keeps_values(self):
        """Whether values that all seasons have in common are forecast as they are."""
        return len(self.lags.season_weights) >= ENOUGH_ALIKE

    @property
    def answer_unit(self):
        """What answers of the network are multiplied by, beside the scale."""
        return self.lags.unit * self.lags.remainder

    @property
    def measures_scale(self):
        """Whether the deviation of a window may be its scale: with "series" that of one that was constant."""
        return self.lags.scale == "window" or (self.lags.scale == "series" and not self.moments[:, 1].all())

    def columns(self):
        """The columns of a row, a list of `Column`."""
        lags = self.lags
        columns = [Column(True, False, 0, True, 1.0), Column(True, True, 0, False, lags.unit)]
        if lags.width == 3:
            columns.append(Column(False, True, lags.horizon % lags.season_length, True, 1.0))
        return columns


class Levels(NamedTuple):
    """Quantiles by the errors of known forecasts: ``forecast(h) + scale * offset(h, level)``.

    Parameters
    ----------
    levels : tuple of float
    offsets : ndarray of shape (horizon, n_levels)
    """

    levels: tuple
    offsets: np.ndarray

    @classmethod
    def of(cls, forecaster, alpha):
        """Those of a `ForecastPredictor`, or None, at the levels that a user asks for; None for none."""
        if alpha is None:
            return None
        if forecaster is None:
            raise ValueError(
                "alpha is for forecasters, whose quantiles are found by errors of known forecasts."
            )
        levels, conformal = as_shares(alpha, "alpha"), forecaster.conformal
        if len(forecaster.levels) > 1:
            raise ValueError(
                "alpha is for networks that answer forecasts. This one answers the quantiles "
                f"{', '.join(map(str, forecaster.levels))} itself, and these are written: leave alpha out."
            )
        if conformal is None:
            raise ValueError(
                "alpha asks for quantiles, but the fit has measured no errors of forecasts to find them by. "
                "Fit with calibration='split', and series that are long enough to hold a part out."
            )
        steps = np.arange(1, forecaster.lags.horizon + 1)
        return cls(tuple(levels.tolist()), conformal.offsets(levels, steps))


def forecaster_of(model):
    """The `ForecastPredictor` of a fitted forecaster, or that itself; None of other models."""
    if isinstance(model, GRUForecaster):
        return model._fitted_predictor()
    return model if isinstance(model, ForecastPredictor) else None
