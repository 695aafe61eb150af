"""The description that exported forecasters are made of is what networks are trained on."""

import numpy as np
import pytest
from forecasters import KINDS, forecaster, wave
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
    window, start = ForecastWindow.of(predictor, "to_c"), predictor.start()
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
