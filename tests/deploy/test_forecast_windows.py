"""The description that exported forecasters are made of is what networks are trained on."""

import numpy as np
import pytest
from forecasters import COLUMNS, KINDS, ahead_of, forecaster, reading, wave
from gruc.deploy.forecast_windows import ForecastWindow

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def seasonal(window, x, at):
    """The weighted mean of x (context,) at `at` and at the same places of the seasons before."""
    m, season = window.lags.season_length, x[at]
    return season + sum(w * (x[at - k * m] - season) for k, w in enumerate(window.season_weights[1:], 1))


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_those_of_windows(kind):
    model = forecaster(kind, [wave(120), 50 * wave(100, 1)])
    predictor = model._predictor
    window, start = ForecastWindow.of(predictor), predictor.start()
    lags = window.lags
    assert (window.horizon, window.strategy) == (model.horizon_, model.strategy)
    windows = start.windows(lags)
    read = windows.read(slice(None))
    assert window.n_values == lags.context + model.difference
    assert window.names_series == (lags.scale is not None)
    assert len(window.moments) == {"window": 3, "series": 2, None: 1}[lags.scale]
    before = lags.context - lags.lags
    for i, x in enumerate(start.values):
        last = x[before:]
        centre, scale = window.moments[i if window.names_series else 0]
        if lags.scale == "window":
            centre, scale = last.mean(), max(last.std(), scale)
        steps = before + np.arange(lags.lags)
        for j, column in enumerate(window.columns()):
            part = x[steps] * column.value - centre * column.centred
            if column.seasonal:
                season = seasonal(window, x, steps - lags.season_length + column.ahead)
                part += -season if column.value else season
            np.testing.assert_allclose(read.rows[i, :, j], part / (scale * column.unit), rtol=1e-9)
        h = np.arange(lags.horizon)
        base = seasonal(window, x, lags.context - lags.season_length + h % lags.season_length)
        if window.linear is not None:
            base = base + scale * lags.unit * (read.rows[i].ravel() @ window.linear)
        answers = np.ones((2, lags.horizon))
        forecasts = windows.forecasts(answers, read)[i]
        np.testing.assert_allclose(forecasts, base + scale * window.answer_unit, rtol=1e-9)
    assert window.columns()[-1].seasonal == (lags.width == 3) or lags.width == 2


@pytest.mark.parametrize("kind", COLUMNS)
def test_covariates_are_those_of_windows(kind):
    model, y, X, static = reading(kind)
    predictor, horizon = model._predictor, model.horizon_
    window, beside = ForecastWindow.of(predictor), ForecastWindow.of(predictor).covariates
    later = model._ahead(ahead_of(model, X, 100), np.arange(1, horizon + 1))
    start = predictor.start(horizon, later)
    lags = window.lags
    is_decoder = model.strategy == "decoder"
    values = start.values
    if is_decoder:  # rows go on over forecasts, whose columns are read
        values = np.concatenate([values, np.ones((len(values), horizon - 1))], axis=1)
    n_more = horizon - 1 if is_decoder else 0
    rows = start.windows_of(values, lags, n_more=n_more).read(slice(None)).rows[:, :, len(window.columns()) :]
    n_columns = 0 if X is None else X.shape[-1]
    assert beside.n_columns == n_columns
    for i in range(len(values)):
        parts = []
        if n_columns:
            told = np.array((X if X.ndim == 2 else X[i])[100 - beside.n_before : 100 + beside.n_ahead])
            told = np.clip((told - beside.mean) * beside.factor, -1e6, 1e6)
            assert len(told) == beside.n_rows
            first = beside.n_before - lags.lags
            steps = np.arange(lags.lags + n_more)
            for column in beside.read:
                part = (
                    told[first + steps + column.reach, column.column]
                    if column.ahead
                    else np.zeros(len(steps))
                )
                if not column.ahead:
                    part[: lags.lags] = told[first : first + lags.lags, column.column]
                if column.before is not None:
                    part = part - told[first + steps + column.before, column.column]
                parts.append(part)
        if beside.n_static:
            fixed = (static[i] - beside.static_mean) * beside.static_factor
            parts += [np.full(lags.lags + n_more, number) for number in fixed]
        np.testing.assert_allclose(rows[i], np.stack(parts, axis=1), rtol=1e-12)
