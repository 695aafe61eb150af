"""Forecasters from the descriptions of model files."""

import numpy as np

from ..files.estimator_fields import take_estimator
from ..files.fields import Fields
from ..files.series_columns import NO_COLUMNS, Columns
from ..files.series_form import ONE_SERIES, SeriesForm
from ..outputs import Conformal, are_levels
from ..sequences import LARGEST, Calendar, Covariates, Holidays, KnownValues, Lags, Times, Tokens
from .forecasts import ForecastPredictor
from .loading import Content, described
from .strategies import STRATEGIES


def forecaster_content(description, arrays, where):
    """The `Content` of the file of a forecaster; errors call the file `where`."""
    fields, arrays = Fields(description, where), dict(arrays)
    predictor, form = described_forecaster(
        fields.take_object("predictor"), fields.take_object("form"), arrays
    )
    version, kind, parameters, fitted = take_estimator(fields, {})
    return Content(predictor, version, kind, parameters, fitted | {"form": form})


def described_forecaster(fields, of_form, arrays):
    """The predictor that `ForecastPredictor.describe` described, and the `SeriesForm` of `of_form`.

    All of the `arrays` must belong to them.
    """
    lags = Lags.described(fields.take_object("lags"))
    strategy = fields.take("strategy", lambda v: isinstance(v, str) and v in STRATEGIES)
    levels = tuple(fields.take("levels", are_levels))
    known = KnownValues.described(fields, arrays, lags.context)
    n_series = len(known.recent)
    conformal = fields.take("conformal", lambda v: v is None or isinstance(v, dict))
    if conformal is not None:
        conformal = Fields(conformal, f"{fields.where} conformal,")
        conformal = Conformal.described(conformal, arrays, lags.horizon)
    moments, steps = _moments(fields, arrays, n_series), _steps(fields, arrays)
    columns, covariates, holidays = _columns(fields, arrays, known)
    linear = arrays.pop("linear", None)
    form = SeriesForm.described(of_form, arrays, n_series)
    network = described(fields.take_object("network"), arrays)
    fields.end()
    lags_of_network = STRATEGIES[strategy].lags(lags)
    width = lags_of_network.width + (0 if covariates is None else covariates.width(lags_of_network))
    n_outputs = lags_of_network.horizon * max(len(levels), 1)
    _check_network(fields, network, n_outputs, width, STRATEGIES[strategy].answers_rows)
    if conformal is not None and conformal.levels not in ((), levels):
        fields.refuse("its calibration is that of other quantiles")
    _check_range(fields, known)
    linear = _linear(fields, linear, lags_of_network, width)
    one_series = form.form in ONE_SERIES
    predictor = ForecastPredictor(
        network, lags, moments, known, conformal, strategy, steps, one_series, linear, levels
    ).with_columns(columns)
    if columns.calendar:
        predictor = predictor.with_calendar(_calendar(fields, columns, form, n_series, holidays))
    return predictor.going_on(known, None, covariates), form


def _calendar(fields, columns, form, n_series, holidays):
    """The `Calendar` that goes on from the times of a `SeriesForm`."""
    if any(kind not in ("datetime", "period") for kind, *_ in form.axes):
        fields.refuse("it reads a calendar, and its series have no dates")
    times = tuple(Times(kind, last, step, unit, zone) for kind, last, step, _, unit, zone in form.axes)
    times = times if len(times) == n_series else times * n_series
    return Calendar(columns.calendar, times, holidays)


def _columns(fields, arrays, known):
    """Which columns are read beside the series, their values, or None, and `Holidays`, or None."""
    columns = fields.take("columns", lambda v: v is None or isinstance(v, dict))
    if columns is None:
        return NO_COLUMNS, None, None
    fields = Fields(columns, f"{fields.where} columns,")
    holidays = Holidays.described(fields, arrays)
    columns, lengths = Columns.described(fields), np.array([len(array) for array in known.recent])
    widths = columns.widths()
    covariates = Covariates.described(fields, arrays, len(widths), columns.static, lengths)
    if [table.values.shape[1] for table in covariates.tables] != widths:
        fields.refuse("they do not fit their values")
    if columns.names is not None:
        ahead = [name not in columns.past_only for name in columns.names]
        if covariates.tables[0].ahead.tolist() != ahead:
            fields.refuse("past_only does not fit its values")
    return columns, covariates, holidays


def _moments(fields, arrays, n_series):
    moments = arrays.pop("moments", None)
    if moments is None or moments.dtype != np.float64 or moments.shape != (n_series, 2):
        fields.refuse(f"moments are not those of {n_series} series")
    if (moments[:, 1] < 0).any():
        fields.refuse("scales of series are negative")
    return np.array(moments)


def _linear(fields, linear, lags, width):
    if linear is None:
        return None
    if linear.dtype != np.float64 or linear.shape != (lags.lags * width, lags.horizon):
        fields.refuse("its linear path does not read its windows")
    return np.array(linear)


def _steps(fields, arrays):
    steps = arrays.pop("steps", None)
    if steps is None:
        return None
    if steps.dtype != np.int64 or steps.ndim != 1 or not len(steps):
        fields.refuse("steps are no integers")
    if steps[0] < 1 or steps[-1] >= 2**31 or (np.diff(steps) <= 0).any():
        fields.refuse("steps are not rising, or not after y")
    return steps.astype(np.intp)


def _check_network(fields, predictor, n_outputs, width, answers_rows):
    """Refuse a network that does not answer windows of rows of this width with a horizon."""
    decoding, inputs = predictor.decoding, predictor.inputs
    is_plain = decoding.classes is None and decoding.scaling is None and decoding.link == "values"
    if isinstance(inputs, Tokens) or inputs.scaling is not None or inputs.framing != (1, 1) or not is_plain:
        fields.refuse("its network is not that of a forecaster")
    if predictor.network.answers_each_step != answers_rows or predictor.config["n_outputs"] != n_outputs:
        fields.refuse("its network does not answer its horizon")
    if inputs.n_features != width:
        fields.refuse("its network does not read its windows")


def _check_range(fields, known):
    """Refuse values that are beyond the range of float64's squares."""
    largest = max(max(np.abs(array).max() for array in known.recent), np.abs(known.ends).max(initial=0))
    if largest > LARGEST[np.dtype(np.float64)]:
        fields.refuse(f"a series reaches {largest:g}")
