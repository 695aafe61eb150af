"""What a fitted forecaster holds, and how a fit and later values change it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..conventions.calendar import calendar_alone
from ..conventions.horizons import as_steps
from ..conventions.notebooks import SummaryInNotebooksMixin
from ..conventions.pickles import VersionedPickleMixin, unpickled
from ..conventions.time_series import TimeSeries
from ..files.series_columns import NO_COLUMNS, Columns
from ..files.series_form import ONE_SERIES
from ..runtime import ForecastPredictor
from ..runtime.forecast_input import check_reach
from ..runtime.summary import Summary, summary_of
from ..sequences import KnownValues
from ..training import TrainingState
from ._forecast_columns import covariates_ahead
from ._forecast_files import ForecastSavingMixin
from ._forecast_fit import run_fit, run_update
from ._forecast_lags import check_range
from ._forecast_run import levels_of


class ForecasterBase(VersionedPickleMixin, ForecastSavingMixin, SummaryInNotebooksMixin, BaseEstimator):
    """The state of `GRUForecaster`."""

    def __sklearn_is_fitted__(self):
        return "_predictor" in vars(self)

    def __getstate__(self):
        state = super().__getstate__()
        if "_predictor" in state:  # no class of gruc's but this one
            state["_predictor"] = state["_predictor"].__getstate__()
            state["_training_state"] = state["_training_state"].__getstate__()
            state["_form"] = state["_form"].as_plain()
            state["_columns"] = tuple(state["_columns"])
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "_predictor" in vars(self):
            self._training_state = unpickled(TrainingState, self._training_state)
            self._predictor = unpickled(ForecastPredictor, self._predictor)
            self._form = TimeSeries.of_plain(self._form)
            self._columns = Columns(*self._columns)

    @property
    def weights_(self) -> dict[str, NDArray[Any]]:
        """Fitted weights: dict of read-only views by torch's names."""
        if "_predictor" not in vars(self):
            raise AttributeError("GRUForecaster is not fitted yet and has no weights_.")
        return dict(self._predictor.predictor.weights)

    @property
    def cutoff_(self) -> Any:
        """The last time of y, of arrays the last position; a list where it is not the same for all series."""
        if "_form" not in vars(self):
            raise AttributeError("GRUForecaster is not fitted yet and has no cutoff_.")
        return self._form.cutoff()

    def _fit_series(self, series, steps, covariates, columns, run=run_fit):
        """Fit to a TimeSeries, with the `Covariates` of its steps, or None, and their `Columns`."""
        order = int(self.difference)
        for i, values in enumerate(series.values):
            if len(values) <= order:
                raise ValueError(
                    f"{series.name_of(i)} has {len(values)} values, too few for difference={order}. Leave "
                    "it out."
                )
        known = KnownValues.of(series.values, order)
        if covariates is not None:
            covariates = covariates.moved(order)
        horizon = None if steps is None else int(steps[-1])
        fitted = run(self, known.recent, series.name_of, horizon, covariates)
        predictor = ForecastPredictor(
            fitted.predictor,
            fitted.lags,
            fitted.moments,
            known,
            fitted.conformal,
            self.strategy,
            steps=steps,
            one_series=series.form in ONE_SERIES,
            linear=fitted.linear,
            levels=levels_of(self),
        )
        predictor = predictor.going_on(known, None, fitted.covariates)
        self._set_fitted(predictor, fitted.state, fitted.history, columns)
        self._form = series.without_values()

    def _set_fitted(self, predictor, state, history, columns=NO_COLUMNS):
        """Set what a fit has come to; `history` is that of the run that early stopping watched."""
        self._predictor, self._training_state = predictor.with_columns(columns), state
        self._columns, self.calendar_ = columns, columns.calendar
        lags = predictor.lags
        self.n_series_ = predictor.n_series
        self.season_length_, self.lags_, self.horizon_ = lags.season_length, lags.lags, lags.horizon
        self.n_iter_, self.best_iter_ = history.n_epochs, history.best_epoch
        self.loss_curve_ = history.loss_curve
        self.validation_loss_curve_ = history.validation_loss_curve or None

    def _extend(self, series, update_params, covariates):
        """Go on to later values, with the `Covariates` of their steps, or None."""
        check_range(series.values, series.name_of)
        fitted = self._predictor
        known, predictor = fitted.known.followed_by(series.values), None
        if covariates is not None:
            n_kept = np.array([len(array) for array in fitted.known.recent])
            n_new = np.array([len(array) for array in series.values])
            covariates = fitted.covariates.followed_by(0, n_kept, covariates, n_new)
        if update_params:
            self._training_state, predictor = run_update(self, known.recent, covariates)
        self._predictor = fitted.going_on(known, predictor, covariates)
        self._form = series.without_values()

    def _steps_of(self, fh):
        """Steps to be forecast."""
        check_is_fitted(self)
        return self._predictor.steps_of(None) if fh is None else as_steps(fh, self._form)

    def _steps_known(self):
        """Steps that an earlier call was given as `fh`, or None."""
        return self._predictor.steps if self.__sklearn_is_fitted__() else None

    def _ahead(self, X, steps):
        """`Covariates` of the steps up to the furthest of `steps`, or None."""
        n_ahead, fitted = int(steps[-1]), self._predictor
        check_reach(self._columns, fitted.strategy, n_ahead, self.horizon_)
        return covariates_ahead(self._columns, self._form, X, n_ahead, fitted.n_read_ahead(n_ahead))

    def _quantiles(self, fh, X, levels, labels):
        """A DataFrame of quantiles."""
        steps = self._steps_of(fh)
        fitted = self._predictor
        if self.calibration is not None and fitted.conformal is None:
            n_needed = fitted.lags.least_context + 2 * self.horizon_ + fitted.known.order
            raise ValueError(
                "The series were too short to hold out their last part, so that there are no errors of "
                f"forecasts to find quantiles by: with lags={self.lags_}, season_length="
                f"{self.season_length_} and a horizon of {self.horizon_} steps {n_needed} values are needed. "
                "Give longer series, or set a shorter horizon, smaller lags or season_length (1: no season)."
            )
        values = self._with_threads().quantiles(steps, levels, self._ahead(X, steps))
        return self._form.wrap_columns(values, steps, labels)

    def summary(self) -> Summary:
        """Summarise layers, shapes, parameters, memory and operations of the network.

        Returns
        -------
        Summary
            As of `GRURegressor.summary`.
        """
        return summary_of(self._with_threads().predictor, type(self).__name__)

    def _fitted_predictor(self):
        """The `ForecastPredictor`, which goes on by itself, with the number of threads that is set now."""
        check_is_fitted(self)
        predictor, axes = self._predictor, [self._form.axis(i) for i in range(self.n_series_)]
        known = None if predictor.calendar is None else predictor.calendar.holidays
        calendar = calendar_alone(self._columns, axes, known)
        return (
            predictor.with_calendar(calendar).with_n_jobs(self.n_jobs).with_precision(self.matmul_precision)
        )

    def _with_threads(self):
        """The `ForecastPredictor` for covariates that are given to it, with the number of threads set now."""
        check_is_fitted(self)
        return self._predictor.with_n_jobs(self.n_jobs).with_precision(self.matmul_precision)
