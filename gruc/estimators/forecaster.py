"""GRUForecaster."""

from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from ..conventions.horizons import as_steps
from ..conventions.parameter_names import ParameterNamesMixin
from ..conventions.parameters import fit_context
from ..conventions.time_series import as_time_series
from ..conventions.transactions import all_or_nothing
from ..runtime import ForecastStream
from ..sequences import as_shares, bounds_of
from ._backtest import backtest
from ._docs import shared_docs
from ._files import in_files
from ._forecast_base import ForecasterBase
from ._forecast_columns import Given, covariates_of_fit, covariates_of_update
from ._forecast_fit import run_partial_fit
from ._forecast_parameters import ForecasterParameters


@in_files
@shared_docs
class GRUForecaster(
    ForecasterParameters,
    ParameterNamesMixin,
    ForecasterBase,
):
    """Gated recurrent unit forecaster of one or many time series.

    A global network is trained on windows of all series, each scaled separately. A forecast is the sum of
    three parts: a weighted mean of the values at the same position in past seasons, linear forecasts from
    the last values, and the output of the network, which learns the remainder.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    season_length_ : int
        Number of steps of a season, given or detected; 1 for no season.
    lags_ : int
        Number of past steps that the network reads for each forecast.
    horizon_ : int
        Number of steps that are forecast at once.
    calendar_ : tuple of str
        Calendar features in use; with ``calendar="auto"``, those chosen.
    n_series_ : int
        Number of series.
    cutoff_ : object
        Last time of y, or the last position if y has no index; a list with one per series if these differ.
    n_iter_ : int
        Number of completed epochs; with `early_stopping`, of the run on the first part of the series.
    best_iter_ : int
        Number of epochs that the network is trained for: with `early_stopping`, those with the lowest
        validation loss; 0 if no epoch improved on the other two parts of a forecast, which `predict` then
        returns.
    loss_curve_ : list of float
        Training loss on scaled windows in each epoch of that run, including the penalty.
    validation_loss_curve_ : list of float or None
        Loss on the last part of the series after each of these epochs.
    weights_ : dict of str to ndarray
        Read-only views with torch's names, as in `GRURegressor`.

    See Also
    --------
    GRURegressor : Values for sequences.
    gruc.runtime.ForecastPredictor : Forecasts of a saved model, with NumPy only.

    Notes
    -----
    `y` is one of: a pandas Series; a DataFrame, whose columns are series; a DataFrame of one column or a
    Series with a (series, time) MultiIndex, whose series may have any lengths; a 1-D array; a 2-D array
    (n_series, n_steps), whose rows are series, as elsewhere in gruc; a list of 1-D arrays or of Series.
    Forecasts have the same form. An index contains times (with a frequency that is set or that pandas can
    infer), periods or integers, without gaps.

    X covers the times of y, and may continue: a frame indexed by times, whose columns are the same for all
    series; a frame with a (series, time) index; if y is an array, an array of shape ``(n_steps, n_columns)``
    for all series, or ``(n_series, n_steps, n_columns)``; if y is a list, a list of these. The network reads
    each column at the steps of its window and, except for `past_only`, at the steps that it forecasts.
    Columns are standardized. A "decoder" learns their effects from far fewer values than a "direct" network.

    The linear forecasts are combined by a weighted mean. They are fitted in closed form: the season alone,
    its drift, exponential smoothing with and without a damped trend, the last season within the season, and
    ridge regressions on the window. Each is evaluated on up to the last three fifths of the series, fitted to
    the values before, and weighted by the inverse tenth power of its error. The weights of up to eight past
    seasons are found likewise; a value that all of them have, if at least three, is the forecast. A season is
    detected in all of y. A "decoder" has no linear forecasts.

    With `early_stopping` the network is trained twice: first without the last part of each series, on which
    the forecasts are evaluated after each epoch, then on everything, for the best number of epochs. Its
    output is multiplied by a factor between 0 and 1, the best for the held-out forecasts, shrunk if there are
    few of them. Without `early_stopping` the last part is held out for `calibration` only. An epoch has at
    most 16384 windows; few windows are used several times, in about 32 mini-batches.

    Quantiles are those of the errors on the held-out part (split conformal prediction [8]_), each divided by
    the standard deviation of its window and the usual error at that step of the horizon. If the part contains
    fewer than 50 non-overlapping forecasts, past errors of the linear forecasts are added. With
    ``loss="quantile"`` the quantiles of the network are corrected by their errors on the held-out part
    (conformalized quantile regression [9]_, for all levels at once). Coverage is only approximately nominal,
    because errors of overlapping windows are dependent, and a fit with `warm_start` may have seen the
    held-out part; `backtest` measures it. With ``calibration="adaptive"``, `update` moves each of 15 levels,
    for each step of the horizon, by 0.02 times the difference between the level and the observed share of
    values below the quantile [10]_, once per origin, when its horizon is known. The last 500 errors, or as
    many as there were after the fit, are kept. Errors and levels are shared by all series of a forecaster.

    References
    ----------
    {references}
    .. [8] Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018). Distribution-free predictive inference
       for regression. JASA.
    .. [9] Romano, Patterson and Candes (2019). Conformalized quantile regression. NeurIPS.
    .. [10] Gibbs and Candes (2021). Adaptive conformal inference under distribution shift. NeurIPS.

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

    With a covariate that is known in advance:

    >>> t = np.arange(252)
    >>> promotion = (t**3 % 23 < 4).astype(float)
    >>> y = 100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12) + 20 * promotion
    >>> model = GRUForecaster(strategy="decoder", season_length=12, random_state=0)
    >>> model = model.fit(y[:240], promotion[:240])
    >>> bool(abs(model.predict(X=promotion[240:]) - y[240:]).max() < 3)
    True
    """

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, y: Any, X: Any = None, fh: Any = None, *, static: Any = None) -> Self:
        """Train on one or many series.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            Time series; see Notes.
        X : DataFrame, array or list, default=None
            Covariates at the times of y; see Notes. `predict` requires future values of those that are
            not `past_only`.
        fh : int, sequence of int or index, default=None
            Forecasting horizon: steps after y, of which 1 is the first, or their times. The network
            forecasts all steps up to the last of them. None: 1 to `horizon`.
        static : DataFrame indexed by series, or array of shape (n_series, n_columns), default=None
            Features of each series that do not change over time.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError
            If y or X has an unsupported type.
        ValueError
            If values are missing or infinite, an index has gaps, X lacks times of y, or series are too
            short. The estimator is then left unchanged.
        """
        series = as_time_series(y)
        steps = None if fh is None else as_steps(fh, series)
        known = vars(self).get("_columns") if self.warm_start else None
        covariates, columns = covariates_of_fit(self, Given.of(self, series, X, static), series, known)
        with all_or_nothing(self) as attempt:
            attempt._fit_series(series, steps, covariates, columns)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, y: Any, X: Any = None, fh: Any = None, *, static: Any = None) -> Self:
        """Train for one epoch on a chunk of series.

        The first call determines the season, lags, horizon, scaling of columns and linear forecasts, unless
        the forecaster is fitted. Later calls keep them, and continue with the weights, optimiser and learning
        rate. Forecasts are then made for the series of the last chunk. `calibration` uses the errors of
        forecasts made before each pass; for series that were not seen before these are honest, and larger
        than those after it.

        Parameters
        ----------
        y, X, fh, static
            As in `fit`. The last step of `fh` must be the same in all calls; None keeps it.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError, ValueError
            As in `fit`, or if `early_stopping` is set, or the data do not match the network.
        """
        if self.early_stopping:
            raise ValueError(
                "early_stopping=True needs all series at once, which partial_fit does not see. Set it to "
                "False, and measure forecasts between the calls."
            )
        series = as_time_series(y)
        steps = self._steps_known() if fh is None else as_steps(fh, series)
        known = vars(self).get("_columns")
        covariates, columns = covariates_of_fit(self, Given.of(self, series, X, static), series, known)
        with all_or_nothing(self) as attempt:
            attempt._fit_series(series, steps, covariates, columns, run_partial_fit)
        return self

    def predict(self, fh: Any = None, X: Any = None) -> Any:
        """Forecast future values.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            Steps after the last value, of which 1 is the first, or their times. None: the `fh` of `fit`, or
            1 to `horizon_`. Steps beyond `horizon_` are forecast block by block from the previous forecasts.
        X : DataFrame, array or list, default=None
            Future values of the columns that are not `past_only`, at all steps up to the last of `fh`.
            Arrays begin with the first step after y. The network reads whole horizons: additional rows are
            used if given; otherwise the last row is repeated.

        Returns
        -------
        forecasts : Series, DataFrame, array or list
            In the form of y, with its index continued, of type float64.

        Raises
        ------
        ValueError
            If steps are not after y, or X lacks steps or columns.
        """
        steps = self._steps_of(fh)
        forecasts = self._with_threads().forecasts(int(steps[-1]), self._ahead(X, steps))
        return self._form.wrap(forecasts[:, steps - 1], steps)

    def predict_quantiles(self, fh: Any = None, X: Any = None, alpha: Any = (0.1, 0.5, 0.9)) -> Any:
        """Forecast quantiles of any level, for every loss, by `calibration`.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            As in `predict`. Beyond `horizon_`, squared errors are added up block by block.
        X : DataFrame, array or list, default=None
            As in `predict`.
        alpha : float or sequence of float, default=(0.1, 0.5, 0.9)
            Levels between 0 and 1, in the order of the columns. Quantiles never cross.

        Returns
        -------
        quantiles : DataFrame
            With sktime's columns, (variable, level), where the variable is the name of the series, or 0.
            Rows are times, or (series, time) if y is a long frame or a list.

        Raises
        ------
        ValueError
            If a level is not between 0 and 1, or the forecaster has no calibration.
        """
        levels = as_shares(alpha, "alpha")
        return self._quantiles(fh, X, levels, [(level,) for level in levels.tolist()])

    def predict_interval(self, fh: Any = None, X: Any = None, coverage: Any = 0.9) -> Any:
        """Forecast central prediction intervals.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            As in `predict`.
        X : DataFrame, array or list, default=None
            As in `predict`.
        coverage : float or sequence of float, default=0.9
            Nominal coverages between 0 and 1, in the order of the columns.

        Returns
        -------
        intervals : DataFrame
            With sktime's columns, (variable, coverage, "lower" or "upper"); rows as in
            `predict_quantiles`.

        Raises
        ------
        ValueError
            If a coverage is not between 0 and 1, or the forecaster has no calibration.
        """
        shares = as_shares(coverage, "coverage")
        levels = bounds_of(shares)
        labels = [(share, bound) for share in shares.tolist() for bound in ("lower", "upper")]
        return self._quantiles(fh, X, levels, labels)

    def update(self, y: Any, X: Any = None, update_params: bool = True) -> Self:
        """Append later values of the same series.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            The values that follow the known ones, in the form of y passed to `fit`. Series without new
            values have no rows in a long frame, and an empty array in a list.
        X : DataFrame, array or list, default=None
            All columns of X passed to `fit`, at the times of these values.
        update_params : bool, default=True
            Whether to train the network for one pass over the windows whose horizon contains new values.
            Otherwise only the starting point of forecasts changes. Season, lags and scaling do not change in
            either case, nor does ``calibration="split"``; ``"adaptive"`` is updated in both.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError, ValueError
            If y has another form, does not continue the series, or has missing values. Nothing is changed.
        """
        check_is_fitted(self)
        series = as_time_series(y, known=self._form)
        covariates = covariates_of_update(self._columns, series, X)
        with all_or_nothing(self) as attempt:
            attempt._extend(series, update_params, covariates)
        return self

    def stream(self, n: int | None = None, *, static: Any = None, begin: Any = None) -> ForecastStream:
        """Open a stream, which takes values one by one and returns a forecast after each.

        Parameters
        ----------
        n : int or None, default=None
            Number of new series without known values. None: the series of y are continued.
        static, begin : default=None
            For new series, as in `gruc.runtime.ForecastPredictor.stream`.

        Returns
        -------
        gruc.runtime.ForecastStream
            ``step(x)`` returns the forecast of ``update(x, update_params=False)`` and `predict` as an array.

        Raises
        ------
        ValueError
            If n is not a positive integer, or for new series with ``scale="series"``.
        """
        return self._fitted_predictor().stream(n, static=static, begin=begin)

    def backtest(
        self,
        y: Any,
        X: Any = None,
        *,
        static: Any = None,
        cv: Any = None,
        fh: Any = None,
        refit: bool = True,
        coverage: float | None = 0.9,
    ) -> Any:
        """Forecast known values from several origins (cutoffs), each without the values after it.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            As in `fit`. Series of different lengths are aligned at their ends.
        X, static : default=None
            As in `fit`. Columns in `past_only` are read up to each origin only.
        cv : cross-validation generator or iterable, default=None
            Pairs of known steps, which are consecutive, and steps to forecast, such as those of
            scikit-learn's ``TimeSeriesSplit``. None: the last five horizons; fewer for short series. A
            horizon is the last step of `fh`, or else `horizon`, or else a season, given or detected in the
            first two thirds.
        fh : int or sequence of int, default=None
            Steps to forecast from each origin; those beyond the steps of `cv` are ignored. None: all steps of
            `cv`, by networks that forecast `horizon` steps at once if it is set, otherwise all of them.
        refit : bool, default=True
            Whether to fit a forecaster at every origin. Otherwise it is fitted at the earliest origin and
            updated without learning for later ones.
        coverage : float or None, default=0.9
            Nominal coverage of the bounds; None for no bounds. There are none without `calibration`.

        Returns
        -------
        frame : DataFrame
            One row per origin (in the order of `cv`), series and step: ``series`` (if several), ``cutoff``,
            ``time``, ``step``, ``actual``, ``forecast``, and with `coverage` ``lower`` and ``upper``.

        Raises
        ------
        TypeError, ValueError
            If a split is invalid, before anything is fitted, or series are too short.
        """
        series = as_time_series(y)
        return backtest(self, series, Given.of(self, series, X, static), cv, fh, refit, coverage)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUForecaster.__module__ = "gruc"
__test__ = {"GRUForecaster": GRUForecaster}
