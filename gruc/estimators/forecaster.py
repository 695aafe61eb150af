"""GRUForecaster."""

from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..conventions.horizons import as_steps
from ..conventions.parameter_names import ParameterNamesMixin
from ..conventions.parameters import fit_context
from ..conventions.pickles import VersionedPickleMixin
from ..conventions.time_series import TimeSeries, as_time_series
from ..conventions.transactions import all_or_nothing
from ..files.series_form import ONE_SERIES
from ..runtime import ForecastPredictor, ForecastStream
from ..sequences import KnownValues, as_shares, bounds_of
from ..training import TrainingState
from ._backtest import backtest
from ._forecast_files import ForecastFilesMixin
from ._forecast_fit import run_fit, run_update
from ._parameters import ForecasterParameters
from ._saved import in_files


@in_files
class GRUForecaster(
    ForecasterParameters,
    ParameterNamesMixin,
    VersionedPickleMixin,
    ForecastFilesMixin,
    BaseEstimator,
):
    """Gated recurrent unit forecaster of one or many time series.

    One network is trained on windows of all series: it reads the last `lags` steps, each beside the step
    a season before, and says for all steps of the horizon at once how they differ from the seasonal naive
    forecast, the value at the same place in the last season. Windows are scaled each by itself, so that
    series of any level are forecast together.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    season_length_ : int
        Steps of a season, given or found; 1 for none.
    lags_ : int
        Steps that the network reads before each forecast.
    horizon_ : int
        Steps that are forecast at once.
    n_series_ : int
        Number of series.
    cutoff_ : object
        The last time of y, of arrays the last position; a list of one for each series where these differ.
    n_iter_ : int
        Epochs finished; with `early_stopping` those of the run that was watched.
    best_iter_ : int
        Epochs that the network is trained for: with `early_stopping` those that gave the best validation
        loss; 0 if none was better than the seasonal naive forecast, which is then what `predict` gives.
    loss_curve_ : list of float
        Training loss of each epoch of that run, penalty included, of scaled windows.
    validation_loss_curve_ : list of float or None
        Loss on the last part of the series after each of these epochs.
    weights_ : dict of str to ndarray
        Read-only views by torch's names, as those of `GRURegressor`.

    See Also
    --------
    GRURegressor : Values of sequences.

    Notes
    -----
    `y` is one of: a pandas Series; a DataFrame, whose columns are series; a DataFrame of one column, or a
    Series, with a (series, time) MultiIndex, whose series may have any lengths; a 1-D array; a 2-D array
    (n_series, n_steps), whose rows are series, as they are elsewhere in gruc; a list of 1-D arrays or of
    Series. Forecasts come in the same form. An index is of times (with a frequency, or one that pandas
    infers), periods or integers, without gaps.

    With `early_stopping` the network is trained twice. First without the last part of each series, on which
    the forecasts are measured after each epoch; then on everything, for as many epochs as were best. An
    epoch is at most 16384 windows. A season that is not given is found in all of y. Without `early_stopping`
    the same part is held out for `calibration`.

    Quantiles are those of the errors on that part (split conformal prediction [1]_), each divided by the
    standard deviation of its window and the usual error so many steps ahead. Errors of overlapping windows
    are not independent, and a fit with `warm_start` may have learned that part before: coverage is then
    nominal only nearly. `backtest` measures it.

    References
    ----------
    .. [1] Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018). Distribution-free predictive inference
       for regression. JASA.

    Examples
    --------
    >>> import numpy as np
    >>> from gruc import GRUForecaster
    >>> t = np.arange(240)
    >>> y = 100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12)
    >>> model = GRUForecaster(random_state=0).fit(y)
    >>> model.season_length_, model.horizon_
    (12, 12)
    >>> t = np.arange(240, 252)
    >>> bool(abs(model.predict() - (100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12))).max() < 1)
    True
    """

    def __sklearn_is_fitted__(self):
        return "_predictor" in vars(self)

    def __getstate__(self):
        state = super().__getstate__()
        if "_predictor" in state:  # no class of gruc's but this one
            state["_predictor"] = state["_predictor"].__getstate__()
            state["_training_state"] = state["_training_state"].__getstate__()
            state["_form"] = state["_form"].as_plain()
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        of_self = vars(self)
        if "_predictor" in of_self:
            for name, kind in (("_training_state", TrainingState), ("_predictor", ForecastPredictor)):
                part = kind.__new__(kind)
                part.__setstate__(of_self[name])
                of_self[name] = part
            self._form = TimeSeries.of_plain(self._form)

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

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, y: Any, *, fh: Any = None) -> Self:
        """Train on one or many series.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            The series, in one of the forms of the notes.
        fh : int, sequence of int or index, default=None
            Steps to be forecast, 1 being the first after y, or their times. The network answers all up to
            the furthest, and `predict` without `fh` gives these. None: `horizon`.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError
            y is in another form.
        ValueError
            Values are missing or infinite, an index has gaps, or series are too short; the message says
            what to do. The forecaster is then as it was before.
        """
        series = as_time_series(y)
        steps = None if fh is None else as_steps(fh, series)
        with all_or_nothing(self) as attempt:
            attempt._fit_series(series, steps)
        return self

    def _fit_series(self, series, steps):
        order = int(self.difference)
        for i, values in enumerate(series.values):
            if len(values) <= order:
                raise ValueError(
                    f"{series.name_of(i)} has {len(values)} values, too few for difference={order}. Leave "
                    "it out."
                )
        known = KnownValues.of(series.values, order)
        fitted = run_fit(self, known.recent, series.name_of, None if steps is None else int(steps[-1]))
        predictor = ForecastPredictor(
            fitted.predictor,
            fitted.lags,
            fitted.moments,
            known,
            fitted.conformal,
            steps=steps,
            one_series=series.form in ONE_SERIES,
        )
        self._set_fitted(predictor.going_on(known), fitted.state, fitted.history)
        self._form = series.without_values()

    def _set_fitted(self, predictor, state, history):
        """Set what a fit has come to; `history` is that of the run that early stopping watched."""
        self._predictor, self._training_state = predictor, state
        lags = predictor.lags
        self.n_series_ = predictor.n_series
        self.season_length_, self.lags_, self.horizon_ = lags.season_length, lags.lags, lags.horizon
        self.n_iter_, self.best_iter_ = history.n_epochs, history.best_epoch
        self.loss_curve_ = history.loss_curve
        self.validation_loss_curve_ = history.validation_loss_curve or None

    def predict(self, fh: Any = None) -> Any:
        """Forecasts.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            Steps after the last value, 1 being the first, or their times. None: the `fh` of `fit`, or 1 to
            `horizon_`. Beyond `horizon_` the forecasts are made block by block, each from those before.

        Returns
        -------
        forecasts : Series, DataFrame, array or list
            In the form of y, of float64, its index continued.

        Raises
        ------
        ValueError
            Steps that are not after y.
        """
        steps = self._steps_of(fh)
        return self._form.wrap(self._fitted_predictor().forecasts(int(steps[-1]))[:, steps - 1], steps)

    def predict_quantiles(self, fh: Any = None, *, alpha: Any = (0.1, 0.5, 0.9)) -> Any:
        """Quantiles of what is to come, by the errors of known forecasts (`calibration`).

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            As in `predict`. Beyond `horizon_` the squares of errors are added up, block by block.
        alpha : float or sequence of float, default=(0.1, 0.5, 0.9)
            Levels between 0 and 1. A higher quantile is never below a lower one.

        Returns
        -------
        quantiles : DataFrame
            With the columns of sktime, (variable, level), where the variable is the name of the series, or 0.
            Rows are times; of a long frame, or a list, (series, time).

        Raises
        ------
        ValueError
            Levels that are not between 0 and 1, or a fit without calibration.
        """
        levels = as_shares(alpha, "alpha")
        return self._quantiles(fh, levels, [(level,) for level in levels.tolist()])

    def predict_interval(self, fh: Any = None, *, coverage: Any = 0.9) -> Any:
        """Central intervals that are to contain what comes.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            As in `predict`.
        coverage : float or sequence of float, default=0.9
            Shares between 0 and 1.

        Returns
        -------
        intervals : DataFrame
            With the columns of sktime, (variable, coverage, "lower" or "upper"); rows as in
            `predict_quantiles`.

        Raises
        ------
        ValueError
            Shares that are not between 0 and 1, or a fit without calibration.
        """
        shares = as_shares(coverage, "coverage")
        levels = bounds_of(shares)
        labels = [(share, bound) for share in shares.tolist() for bound in ("lower", "upper")]
        return self._quantiles(fh, levels, labels)

    def update(self, y: Any, *, update_params: bool = True) -> Self:
        """Go on to later values of the same series.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            The values after those known so far, in the form that `fit` was given.
        update_params : bool, default=True
            Whether the network learns from them: one pass over the windows whose horizon contains new
            values. Otherwise forecasts only start from the new end. Season, lags, scales of series and
            calibration stay as they are.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError, ValueError
            y is in another form, has other series, does not continue them, or has missing values. The
            forecaster is then as it was before.
        """
        check_is_fitted(self)
        series = as_time_series(y, known=self._form)
        with all_or_nothing(self) as attempt:
            attempt._extend(series, update_params)
        return self

    def _extend(self, series, update_params):
        known, predictor = self._predictor.known.followed_by(series.values), None
        if update_params:
            self._training_state, predictor = run_update(self, known.recent)
        self._predictor = self._predictor.going_on(known, predictor)
        self._form = series.without_values()

    def stream(self, n: int | None = None) -> ForecastStream:
        """Series that go on value by value.

        Parameters
        ----------
        n : int or None, default=None
            Number of new series, of which nothing is known yet; None: the series of y go on.

        Returns
        -------
        gruc.runtime.ForecastStream
            Its ``step(x)`` returns, as an array, what `predict` returns after
            ``update(x, update_params=False)``. The forecaster itself does not change.

        Raises
        ------
        ValueError
            n is no positive integer, or ``scale="series"`` and new series.
        """
        return self._fitted_predictor().stream(n)

    def backtest(
        self, y: Any, *, cv: Any = None, fh: Any = None, refit: bool = True, coverage: float | None = 0.9
    ) -> Any:
        """Forecasts of known values from several origins, each made without what comes after it.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            As in `fit`. Series of different lengths are aligned at their ends.
        cv : cross-validation generator, default=None
            Its ``split`` gives the steps known, which are consecutive, and those forecast. None:
            ``TimeSeriesSplit(5)`` of scikit-learn, with a `test_size` of the furthest step of `fh`; its
            `max_train_size` makes windows slide instead of growing.
        fh : int or sequence of int, default=None
            Steps to be forecast from each origin; those beyond the steps that `cv` gives are left out. None:
            all that it gives.
        refit : bool, default=True
            Whether a forecaster with these parameters is fitted at every origin. Otherwise it is fitted at
            the first, and later ones only go on to the values known by then, `update` without learning.
        coverage : float or None, default=0.9
            Of the bounds; None for none. Without `calibration` there are none.

        Returns
        -------
        frame : DataFrame
            A row for each series, origin and step: ``series`` (where there are several), ``cutoff``,
            ``time``, ``step``, ``actual``, ``forecast``, and with `coverage` ``lower`` and ``upper``.

        Raises
        ------
        ValueError
            A split whose known steps are not consecutive, or not before those forecast.
        """
        return backtest(self, as_time_series(y), cv, fh, refit, coverage)

    def _steps_of(self, fh):
        """Steps to be forecast."""
        check_is_fitted(self)
        return self._predictor.steps_of(None) if fh is None else as_steps(fh, self._form)

    def _quantiles(self, fh, levels, labels):
        """A DataFrame of quantiles."""
        steps = self._steps_of(fh)
        return self._form.wrap_columns(self._fitted_predictor().quantiles(steps, levels), steps, labels)

    def _fitted_predictor(self):
        """The `ForecastPredictor`, with the number of threads that is set now."""
        check_is_fitted(self)
        return self._predictor.with_n_jobs(self.n_jobs)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUForecaster.__module__ = "gruc"
__test__ = {"GRUForecaster": GRUForecaster}
