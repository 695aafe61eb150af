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
from .predictor import Predictor
from .stream_arguments import fingerprint_of
from .summary import Summary, summary_of

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray


# parts of tables of covariates that change with what is known of series
OF_KNOWN_STEPS = (".values", ".first")


class ForecastPredictor(ForecastWalksMixin, CalendarMixin):
    """A fitted forecaster that forecasts, and learns nothing.

    What `gruc.runtime.load` makes of the file of a `GRUForecaster`; needs NumPy only. The forecast of a
    series depends on that series alone, to the last bit.

    Parameters
    ----------
    predictor : Predictor
        The network that answers windows.
    lags : Lags
        What it reads, and what its answers mean.
    moments : ndarray of shape (n_series, 2)
        See `Lags.moments`.
    known : KnownValues
        The last values of the series, of each at least ``lags.context``.
    conformal : Conformal or None
        What quantiles are made by.
    strategy : str
        How the answers become forecasts, one of `STRATEGIES`.
    steps : ndarray of int or None
        Steps that are forecast where none are asked for; None: those that the network answers at once.
    one_series : bool
        Whether y is one series, and forecasts have no axis of series.
    linear : ndarray of shape (lags * width, horizon) or None
        The linear path beside the network, see `LagWindows`.
    levels : tuple of float
        Of the quantiles that the network answers; () where it answers forecasts.

    Attributes
    ----------
    covariates : Covariates or None
        Covariates, of the steps of `known`.
    calendar : Calendar or None
        What is read of the times of the series, and where these end.

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
        """Values of each series that are kept: for forecasts, and for the windows that an update learns."""
        return self.lags.context + self.lags.horizon - 1

    def predict(self, fh: Any = None, X: Any = None) -> NDArray[np.float64]:
        """Forecasts.

        Parameters
        ----------
        fh : int or sequence of int, default=None
            Steps after the last value, 1 being the first. None: those that the model was fitted for.
        X : array of shape (k, n_columns) or (n_series, k, n_columns), or list of arrays, default=None
            Of a model that reads covariates those that are known ahead, at all steps up to the
            furthest of `fh` or more; an array (k, n_columns) is for all series.

        Returns
        -------
        ndarray of shape (n_ahead,) or (n_series, n_ahead)
            The latter if y is not one series. Of float64.

        Raises
        ------
        TypeError, ValueError
            Steps that are no integers, or not after y; X lacks columns or steps; or the model reads a
            calendar, which needs pandas and `gruc.load`.
        """
        steps = self.steps_of(fh)
        return self._shaped(self.forecasts(int(steps[-1]), self._ahead(X, steps))[:, steps - 1])

    def predict_quantiles(
        self, fh: Any = None, X: Any = None, alpha: Any = (0.1, 0.5, 0.9)
    ) -> NDArray[np.float64]:
        """Quantiles of what is to come.

        Parameters
        ----------
        fh, X : default=None
            As in `predict`.
        alpha : float or sequence of float, default=(0.1, 0.5, 0.9)
            Levels between 0 and 1; those of the last axis are in this order.

        Returns
        -------
        ndarray of shape (n_ahead, n_levels) or (n_series, n_ahead, n_levels)

        Raises
        ------
        ValueError
            Levels that are not between 0 and 1, or a fit without calibration.
        """
        return self._quantiles(fh, X, as_shares(alpha, "alpha"))

    def predict_interval(self, fh: Any = None, X: Any = None, coverage: Any = 0.9) -> NDArray[np.float64]:
        """Central intervals that are to contain what comes.

        Parameters
        ----------
        fh, X : default=None
            As in `predict`.
        coverage : float or sequence of float, default=0.9
            Shares between 0 and 1.

        Returns
        -------
        ndarray of shape (n_ahead, n_bounds) or (n_series, n_ahead, n_bounds)
            For each share, in the order given, the lower bound and the upper one.

        Raises
        ------
        ValueError
            Shares that are not between 0 and 1, or a fit without calibration.
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
        """Go on to later values of the same series, after which forecasts start.

        Parameters
        ----------
        y : array of shape (k,), array of shape (n_series, k) or list of arrays of shape (k_i,)
            The values after those known so far: of one series (k,), else of each.
        X : array of shape (k, n_columns) or (n_series, k, n_columns), or list of arrays, default=None
            Of a model that reads covariates all of them, at the steps of y.

        Returns
        -------
        self : ForecastPredictor

        Raises
        ------
        TypeError, ValueError
            y is not of these series, or has values that are missing or infinite; or X is not at its steps.
            Nothing has changed.
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
        """Series that go on value by value.

        Parameters
        ----------
        n : int or None, default=None
            Number of new series, of which nothing is known yet. None: the series of this forecaster go on.
        static : array of shape (n, n_columns), default=None
            Of new series, and a model that reads them: the columns that never change.
        begin : datetime64, or array of shape (n,), default=None
            Of new series, and a model that reads a calendar: the time of the first value, in UTC where the
            index of the fit had a time zone.

        Returns
        -------
        ForecastStream
            Its ``step(x)`` returns what ``update(x)`` and then `predict` return, to the last bit; with
            covariates ``step(x, X=X, X_ahead=X_ahead)`` what ``update(x, X)`` and ``predict(X=X_ahead)`` do.

        Raises
        ------
        ValueError
            n is no positive integer, or the model scales each series by a mean and a standard deviation that
            are not known of new ones (``scale="series"``); or static or begin is missing.
        """
        return ForecastStream(self, n, static=static, begin=begin)

    def summary(self) -> Summary:
        """Layers, shapes, parameters, memory and operations of the network that answers windows.

        Returns
        -------
        Summary
            As of `Predictor.summary`.
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

    def with_n_jobs(self, n_jobs: int | None) -> ForecastPredictor:
        """The same with another number of threads."""
        return self._with(predictor=self.predictor.with_n_jobs(n_jobs))

    def with_precision(self, matmul_precision: str) -> ForecastPredictor:
        """The same predictor with another precision of matrix products: "highest", "high" or "medium"."""
        return self._with(predictor=self.predictor.with_precision(matmul_precision))

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

    def _with(self, **changes):
        other = object.__new__(type(self))
        vars(other).update(vars(self), **changes)
        return other

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
