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

    One network is trained on windows of all series, each scaled by itself. A forecast is the sum of three
    parts: a weighted mean of the values at the same place in past seasons, a linear function of the last
    `lags` steps, and the output of the network, which learns what these two leave.

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
    calendar_ : tuple of str
        Features of the calendar that are read; of ``calendar="auto"`` those chosen.
    n_series_ : int
        Number of series.
    cutoff_ : object
        The last time of y, of arrays the last position; a list of one for each series where these differ.
    n_iter_ : int
        Epochs finished; with `early_stopping` those of the run that was watched.
    best_iter_ : int
        Epochs that the network is trained for: with `early_stopping` those that gave the best validation
        loss; 0 if none was better than the other two parts of a forecast, which are then what `predict`
        gives.
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

    X has the times of y, or more: a frame indexed by times, whose columns are the same for all series; a
    frame with a (series, time) index; of arrays an array ``(n_steps, n_columns)`` for one series, or for all,
    or ``(n_series, n_steps, n_columns)``; of a list a list of such. The network reads each column at the
    steps of its window and, but for those of `past_only`, at the steps that it forecasts. Each is centred and
    scaled by its mean and standard deviation. A "decoder" reads each at its own step, and learns its effect
    from far fewer values than the "direct" network, for which every step of the horizon is another answer.

    The linear path is a weighted mean of forecasts that are fitted in closed form: the season alone, its
    drift, exponential smoothing with and without a fading trend, the last season within the season, and ridge
    regressions on the window. Each is measured on up to the last three fifths of the series, fitted to what
    comes before, and weighted by the tenth power of how little it erred; so are the weights of up to eight
    past seasons. A season that is not given is found in all of y.

    With `early_stopping` the network is trained twice. First without the last part of each series, on which
    the forecasts are measured after each epoch; then on everything, for as many epochs as were best. What it
    answers is multiplied by a factor from 0 to 1, the best for these forecasts, and smaller where they are
    few. An epoch is at most 16384 windows. Without `early_stopping` that part is held out for `calibration`.

    Quantiles are those of the errors on that part (split conformal prediction [8]_), each divided by the
    standard deviation of its window and the usual error so many steps ahead. Where it holds fewer than 50
    forecasts that do not overlap, past errors of the linear path are added. With ``loss="quantile"`` the
    network's own quantiles are corrected by what they were wrong there (conformalized quantile regression
    [9]_, of all levels at once): intervals are wide where the series is. Errors of overlapping windows are
    not independent, and a fit with `warm_start` may have learned that part before: coverage is then nominal
    only nearly. `backtest` measures it. With ``calibration="adaptive"`` levels follow coverage as values
    come in by `update`: for each of 15 levels and each step of the horizon, the level moves by 0.02 times how
    much the share of values below the quantile differed from it [10]_, once for each origin, when its horizon
    is known. The last 500 errors, or as many as the fit left, are kept. They and the levels are shared by the
    series of a forecaster: quantiles of one, but not its forecasts, depend on the others.

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

    A column known ahead:

    >>> t = np.arange(252)
    >>> promotion = (t**3 % 23 < 4).astype(float)
    >>> y = 100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12) + 20 * promotion
    >>> model = GRUForecaster(strategy="decoder", season_length=12, n_iter_no_change=40, random_state=0)
    >>> model = model.fit(y[:240], promotion[:240])
    >>> bool(abs(model.predict(X=promotion[240:]) - y[240:]).max() < 2)
    True
    """

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, y: Any, X: Any = None, fh: Any = None, *, static: Any = None) -> Self:
        """Train on one or many series.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            The series, in one of the forms of the notes.
        X : DataFrame, array or list, default=None
            Covariates, at the times of y; see the notes. `predict` will need those that are
            not `past_only` at the steps ahead.
        fh : int, sequence of int or index, default=None
            Steps to be forecast, 1 being the first after y, or their times. The network answers all up to
            the furthest, and `predict` without `fh` gives these. None: `horizon`.
        static : DataFrame indexed by series, or array of shape (n_series, n_columns), default=None
            Numbers of each series that never change.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError
            y or X is in another form.
        ValueError
            Values are missing or infinite, an index has gaps, X lacks times of y, or series are too short;
            the message says what to do. The forecaster is then as it was before.
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
        """Learn from a chunk of series, in one pass.

        The first call, if there was no fit, fixes season, lags, horizon, scales of columns and the linear
        path; later ones go on with these, with weights, optimiser and learning rate. Forecasts are then of
        the series of the last chunk. Their errors before that pass are those of `calibration`: of series that
        were not given before they are honest, and wider than after it.

        Parameters
        ----------
        y, X, fh, static
            As in `fit`; `fh` with the same furthest step in all calls, and kept where it is not given again.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        TypeError, ValueError
            As `fit`; `early_stopping`, which needs all series at once; what does not go on with the network.
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
        """Forecasts.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            Steps after the last value, 1 being the first, or their times. None: the `fh` of `fit`, or 1 to
            `horizon_`. Beyond `horizon_` the forecasts are made block by block, each from those before.
        X : DataFrame, array or list, default=None
            The columns of the X of `fit` that are not `past_only`, at all steps up to the furthest of `fh`.
            Arrays begin with the first step after y. The network reads whole horizons: further rows are
            used where they are given, otherwise the last row stands for them.

        Returns
        -------
        forecasts : Series, DataFrame, array or list
            In the form of y, of float64, its index continued.

        Raises
        ------
        ValueError
            Steps that are not after y, or X lacks steps or columns.
        """
        steps = self._steps_of(fh)
        forecasts = self._with_threads().forecasts(int(steps[-1]), self._ahead(X, steps))
        return self._form.wrap(forecasts[:, steps - 1], steps)

    def predict_quantiles(self, fh: Any = None, X: Any = None, alpha: Any = (0.1, 0.5, 0.9)) -> Any:
        """Quantiles of any level, whatever the loss, by the errors of known forecasts (`calibration`).

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            As in `predict`. Beyond `horizon_` the squares of errors are added up, block by block.
        X : DataFrame, array or list, default=None
            As in `predict`.
        alpha : float or sequence of float, default=(0.1, 0.5, 0.9)
            Levels between 0 and 1, in the order of the columns. A higher quantile is never below a lower one.

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
        return self._quantiles(fh, X, levels, [(level,) for level in levels.tolist()])

    def predict_interval(self, fh: Any = None, X: Any = None, coverage: Any = 0.9) -> Any:
        """Central intervals that are to contain what comes.

        Parameters
        ----------
        fh : int, sequence of int or index, default=None
            As in `predict`.
        X : DataFrame, array or list, default=None
            As in `predict`.
        coverage : float or sequence of float, default=0.9
            Shares between 0 and 1, in the order of the columns.

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
        return self._quantiles(fh, X, levels, labels)

    def update(self, y: Any, X: Any = None, update_params: bool = True) -> Self:
        """Go on to later values of the same series.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            The values after those known so far, in the form that `fit` was given. Series that do not go on
            have no rows in a long frame, and an empty array in a list.
        X : DataFrame, array or list, default=None
            All columns of the X of `fit`, at the times of these values.
        update_params : bool, default=True
            Whether the network learns from them: one pass over the windows whose horizon contains new
            values. Otherwise forecasts only start from the new end. Season, lags and scales of series stay
            as they are in both cases, and so does ``calibration="split"``; "adaptive" goes on with both.

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
        covariates = covariates_of_update(self._columns, series, X)
        with all_or_nothing(self) as attempt:
            attempt._extend(series, update_params, covariates)
        return self

    def stream(self, n: int | None = None, *, static: Any = None, begin: Any = None) -> ForecastStream:
        """Series that go on value by value.

        Parameters
        ----------
        n : int or None, default=None
            Number of new series, of which nothing is known yet; None: the series of y go on.
        static, begin : default=None
            Of new series, as in `gruc.runtime.ForecastPredictor.stream`.

        Returns
        -------
        gruc.runtime.ForecastStream
            Its ``step(x)`` returns, as an array, what ``update(x, update_params=False)`` and `predict` do.

        Raises
        ------
        ValueError
            n is no positive integer, or ``scale="series"`` and new series.
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
        """Forecasts of known values from several origins, each made without what comes after it.

        Parameters
        ----------
        y : Series, DataFrame, array or list of arrays
            As in `fit`. Series of different lengths are aligned at their ends.
        X, static : default=None
            As in `fit`. Columns known ahead are read at the steps that are forecast, those of `past_only` at
            known steps alone.
        cv : cross-validation generator or iterable, default=None
            Pairs of the steps known, which are consecutive, and those forecast, as scikit-learn's
            ``TimeSeriesSplit`` gives. None: the last five horizons, fewer of short series. A horizon is the
            furthest step of `fh`, else `horizon`, else a season, given or found in the first two thirds.
        fh : int or sequence of int, default=None
            Steps to be forecast from each origin; those beyond the steps that `cv` gives are left out. None:
            all that it gives, by networks that forecast `horizon` at once, if it is set, else all of them.
        refit : bool, default=True
            Whether a forecaster with these parameters is fitted at every origin. Otherwise it is fitted at
            the earliest, and later ones only go on to the values known by then, `update` without learning.
        coverage : float or None, default=0.9
            Of the bounds; None for none. Without `calibration` there are none.

        Returns
        -------
        frame : DataFrame
            A row for each origin, in the order of `cv`, series and step: ``series`` (of several), ``cutoff``,
            ``time``, ``step``, ``actual``, ``forecast``, and with `coverage` ``lower`` and ``upper``.

        Raises
        ------
        TypeError, ValueError
            A split without consecutive steps and later ones of y, before anything is fitted; short series.
        """
        series = as_time_series(y)
        return backtest(self, series, Given.of(self, series, X, static), cv, fh, refit, coverage)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUForecaster.__module__ = "gruc"
__test__ = {"GRUForecaster": GRUForecaster}
