"""ForecastPredictor: a fitted forecaster that forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..files.series_columns import NO_COLUMNS, Columns
from ..outputs import Conformal
from ..sequences import (
    Calendar,
    Covariates,
    KnownValues,
    Lags,
    as_shares,
    bounds_of,
    integer_steps,
)
from .forecast_calendar import CalendarMixin
from .forecast_input import check_reach, covariates_of_arrays, later_values
from .forecast_stream import ForecastStream
from .forecast_walks import ForecastWalksMixin, lengths_of
from .inner_predictor import InnerPredictorMixin
from .predictor import Predictor
from .stream_arguments import fingerprint_of
from .summary import Summary, summary_of

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray


# parts of tables of covariates that change with what is known of series
OF_KNOWN_STEPS = (".values", ".first")


class ForecastPredictor(InnerPredictorMixin, ForecastWalksMixin, CalendarMixin):
    """Forecaster of a saved `GRUForecaster`, for inference only.

    Returned by `gruc.runtime.load`; requires NumPy only. The forecast of a series depends only on that
    series, to the last bit.

    Parameters
    ----------
    predictor : Predictor
        The network.
    lags : Lags
        How windows are read and outputs are interpreted.
    moments : ndarray of shape (n_series, 2)
        See `Lags.moments`.
    known : KnownValues
        The last values of the series, of each at least ``lags.context``.
    conformal : Conformal or None
        Calibration of quantiles.
    strategy : str
        One of `STRATEGIES`.
    steps : ndarray of int or None
        Steps to forecast by default; None: those that the network outputs at once.
    one_series : bool
        Whether y is a single series, so that forecasts have no axis for series.
    linear : ndarray of shape (lags * width, horizon) or None
        Coefficients of the linear forecasts, see `LagWindows`.
    levels : tuple of float
        Levels of the quantiles that the network outputs; () if it outputs forecasts.

    Attributes
    ----------
    covariates : Covariates or None
        Covariates, of the steps of `known`.
    calendar : Calendar or None
        Calendar features, and the ends of the series.

    Examples
    --------
    >>> import gruc
    >>> import numpy as np
    >>> y = 100 + 10 * np.sin(2 * np.pi * np.arange(240) / 12)
    >>> model = gruc.GRUForecaster(random_state=0).fit(y[:228])
    >>> model.save("waves.gruc")
    >>> predictor = gruc.runtime.load("waves.gruc")
    >>> bool((predictor.predict() == model.predict()).all())
    True
    >>> predictor.update(y[228:]).predict(range(1, 25)).shape
    (24,)
    """

    def __init__(
        self,
        predictor,
        lags,
        moments,
        known,
        conformal=None,
        strategy="direct",
        steps=None,
        one_series=True,
        linear=None,
        levels=(),
    ):
        self.predictor, self.lags, self.moments = predictor, lags, moments
        self.known, self.conformal, self.strategy = known, conformal, strategy
        self.steps, self.one_series, self.linear = steps, one_series, linear
        self.covariates, self.columns, self.calendar = None, NO_COLUMNS, None
        self.levels = levels

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.known.recent)

    @property
    def n_kept(self) -> int:
        """Number of values of each series that are kept, for forecasts and for updates."""
        return self.lags.context + self.lags.horizon - 1

    def predict(self, fh: Any = None, X: Any = None) -> NDArray[np.float64]:
        """Forecast future values.

        Parameters
        ----------
        fh : int or sequence of int, default=None
            Steps after the last value, of which 1 is the first. None: those that the model was fitted for.
        X : array of shape (k, n_columns) or (n_series, k, n_columns), or list of arrays, default=None
            For a model with covariates, those known in advance, at all steps up to the last of `fh` or
            beyond; an array (k, n_columns) applies to all series.

        Returns
        -------
        ndarray of shape (n_ahead,) or (n_series, n_ahead)
            Of type float64. The latter if y is not a single series.

        Raises
        ------
        TypeError, ValueError
            If steps are not integers or not after y, X lacks columns or steps, or the calendar of the model
            requires pandas and `gruc.load`.
        """
        steps = self.steps_of(fh)
        return self._shaped(self.forecasts(int(steps[-1]), self._ahead(X, steps))[:, steps - 1])

    def predict_quantiles(
        self, fh: Any = None, X: Any = None, alpha: Any = (0.1, 0.5, 0.9)
    ) -> NDArray[np.float64]:
        """Forecast quantiles.

        Parameters
        ----------
        fh, X : default=None
            As in `predict`.
        alpha : float or sequence of float, default=(0.1, 0.5, 0.9)
            Levels between 0 and 1, in the order of the last axis.

        Returns
        -------
        ndarray of shape (n_ahead, n_levels) or (n_series, n_ahead, n_levels)

        Raises
        ------
        ValueError
            If a level is not between 0 and 1, or the forecaster has no calibration.
        """
        return self._quantiles(fh, X, as_shares(alpha, "alpha"))

    def predict_interval(self, fh: Any = None, X: Any = None, coverage: Any = 0.9) -> NDArray[np.float64]:
        """Forecast central prediction intervals.

        Parameters
        ----------
        fh, X : default=None
            As in `predict`.
        coverage : float or sequence of float, default=0.9
            Nominal coverages between 0 and 1.

        Returns
        -------
        ndarray of shape (n_ahead, n_bounds) or (n_series, n_ahead, n_bounds)
            For each coverage, in the order given, the lower and the upper bound.

        Raises
        ------
        ValueError
            If a coverage is not between 0 and 1, or the forecaster has no calibration.
        """
        return self._quantiles(fh, X, bounds_of(as_shares(coverage, "coverage")))

    def _quantiles(self, fh, X, levels):
        steps = self.steps_of(fh)
        return self._shaped(self.quantiles(steps, levels, self._ahead(X, steps)))

    def _ahead(self, X, steps):
        """`Covariates` of the steps up to the furthest of `steps`, by arrays; None where none are read."""
        n_ahead = int(steps[-1])
        check_reach(self.columns, self.strategy, n_ahead, self.lags.horizon)
        if self.covariates is None and X is None:
            return None
        counts = np.full(self.n_series, n_ahead)
        return covariates_of_arrays(self.columns, self.calendar, X, counts, self.n_read_ahead(n_ahead))

    def update(self, y: Any, X: Any = None) -> ForecastPredictor:
        """Append later values of the same series, after which forecasts start.

        Parameters
        ----------
        y : array of shape (k,), array of shape (n_series, k) or list of arrays of shape (k_i,)
            The values that follow the known ones: (k,) for a single series, otherwise for each.
        X : array of shape (k, n_columns) or (n_series, k, n_columns), or list of arrays, default=None
            For a model with covariates, all columns at the steps of y.

        Returns
        -------
        self : ForecastPredictor

        Raises
        ------
        TypeError, ValueError
            If y does not match the series or has missing or infinite values, or X does not match y. Nothing
            is changed.
        """
        later, covariates = later_values(y, self.n_series, self.one_series), self.covariates
        known, calendar = self.known.followed_by(later), self.calendar
        if covariates is not None or X is not None:
            n_new = np.array([len(part) for part in later])
            of_later = covariates_of_arrays(self.columns, calendar, X, n_new)
            calendar = None if calendar is None else calendar.moved(n_new)
            covariates = covariates.followed_by(0, lengths_of(self.known), of_later, n_new)
        moved = self.going_on(known, None, covariates)
        self.known, self.covariates, self.conformal = moved.known, moved.covariates, moved.conformal
        self.calendar = calendar
        return self

    def stream(self, n: int | None = None, *, static: Any = None, begin: Any = None) -> ForecastStream:
        """Open a stream, which takes values one by one and returns a forecast after each.

        Parameters
        ----------
        n : int or None, default=None
            Number of new series without known values. None: the series of this forecaster are continued.
        static : array of shape (n, n_columns), default=None
            Static features of new series, for a model that has them.
        begin : datetime64, or array of shape (n,), default=None
            Times of the first values of new series, for a model with a calendar; in UTC if the index of the
            fit had a time zone.

        Returns
        -------
        ForecastStream
            Its ``step(x)`` returns what ``update(x)`` and then `predict` return, to the last bit; with
            covariates ``step(x, X=X, X_ahead=X_ahead)`` what ``update(x, X)`` and ``predict(X=X_ahead)`` do.

        Raises
        ------
        ValueError
            If n is not a positive integer, `static` or `begin` is missing, or new series cannot be scaled
            (``scale="series"``).
        """
        return ForecastStream(self, n, static=static, begin=begin)

    def summary(self) -> Summary:
        """Summarise layers, shapes, parameters, memory and operations of the network.

        Returns
        -------
        Summary
            As returned by `Predictor.summary`.
        """
        return summary_of(self.predictor, type(self).__name__)

    def _shaped(self, rows):
        return rows[0] if self.one_series else rows

    def steps_of(self, fh):
        """Steps to be forecast, an array of int, rising."""
        if fh is not None:
            return integer_steps(fh)
        return np.arange(1, self.lags.horizon + 1) if self.steps is None else self.steps

    def with_columns(self, columns):
        """The same, which knows that it reads these `Columns` beside the series."""
        return self._with(columns=columns)

    def with_covariates(self, covariates, calendar):
        """The same with other `Covariates` of the steps of `known`, and their `Calendar`."""
        return self._with(covariates=covariates, calendar=calendar)

    def going_on(self, known, predictor=None, covariates=None):
        """The same from later values on, of which the last are kept, with this network or the old one.

        `covariates` is of the steps of `known`.
        """
        conformal = self.adapted(known, covariates)
        predictor = self.predictor if predictor is None else predictor
        last = known.last(self.n_kept)
        if covariates is not None:
            stops = lengths_of(known)
            covariates = covariates.parts(stops - lengths_of(last), stops)
        return self._with(known=last, predictor=predictor, covariates=covariates, conformal=conformal)

    def at(self, known, moments, one_series):
        """The same for other series, of which these values and moments are known."""
        return self._with(known=known, moments=moments, one_series=one_series)

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        network, arrays = self.predictor.describe()
        conformal, of_conformal = (None, {}) if self.conformal is None else self.conformal.describe()
        steps = {} if self.steps is None else {"steps": self.steps.astype(np.int64)}
        linear = {} if self.linear is None else {"linear": self.linear}
        covariates = {} if self.covariates is None else self.covariates.describe()
        holidays = {}
        if self.calendar is not None and self.calendar.holidays is not None:
            holidays, of_holidays = self.calendar.holidays.describe()
            arrays |= of_holidays
        arrays |= of_conformal | steps | linear | covariates
        return {
            "network": network,
            "lags": self.lags.describe(),
            "strategy": self.strategy,
            "levels": list(self.levels),
            "conformal": conformal,
            "columns": None if self.covariates is None else self.columns.describe() | holidays,
        }, arrays | {"moments": self.moments} | self.known.describe()

    def fingerprint(self):
        """Checksum by which a stream's snapshot is known to be of this model, whatever is known of series."""
        description, arrays = self.describe()
        known = {name for name in arrays if name.startswith("known.") or name.endswith(OF_KNOWN_STEPS)}
        return fingerprint_of(
            description, {name: array for name, array in arrays.items() if name not in known}
        )

    def __getstate__(self) -> dict[str, Any]:
        """Plain values and arrays, so that a pickle names no private class."""
        return vars(self) | {
            "predictor": self.predictor.__getstate__(),
            "lags": tuple(self.lags),
            "known": tuple(self.known),
            "conformal": None if self.conformal is None else tuple(self.conformal),
            "covariates": None if self.covariates is None else self.covariates.as_plain(),
            "columns": tuple(self.columns),
            "calendar": None if self.calendar is None else self.calendar.as_plain(),
        }

    def __setstate__(self, state):
        predictor = Predictor.__new__(Predictor)
        predictor.__setstate__(state["predictor"])
        vars(self).update(state, predictor=predictor)
        self.lags, self.known = Lags(*self.lags), KnownValues(*self.known)
        self.conformal = None if self.conformal is None else Conformal(*self.conformal)
        self.covariates = None if self.covariates is None else Covariates.of_plain(self.covariates)
        self.columns = Columns(*self.columns)
        calendar = state.get("calendar")  # which earlier pickles do not have
        self.calendar = None if calendar is None else Calendar.of_plain(calendar)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
ForecastPredictor.__module__ = "gruc.runtime"
__test__ = {"ForecastPredictor": ForecastPredictor}
