"""GRURegressor in the tools of other libraries that make a forecaster of a regressor."""

import numpy as np
import pytest
from gruc import GRURegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0, n_jobs=1)
N_LAGS = 6


def wave():
    t = np.arange(80)
    y = np.sin(t * np.pi / 4) + 0.01 * t
    return pd.Series(y, pd.period_range("2015-01", periods=80, freq="M"), name="y")


def windows(y, step):
    """Windows of N_LAGS values, oldest first, and the value so many steps after."""
    rows = np.lib.stride_tricks.sliding_window_view(np.asarray(y), N_LAGS + step)
    return rows[:, :N_LAGS], rows[:, -1]


def recursive_forecasts(y, n_ahead):
    """What a regressor of one step forecasts from its own forecasts."""
    model, known = GRURegressor(**FAST).fit(*windows(y, 1)), list(y)
    for _ in range(n_ahead):
        known.append(model.predict([known[-N_LAGS:]])[0])
    return known[len(y) :]


def direct_forecasts(y, n_ahead):
    """What a regressor of each step forecasts, all learning from the same windows."""
    forecasts = []
    for step in range(1, n_ahead + 1):
        X, target = windows(y, step)
        n = len(y) - N_LAGS - n_ahead + 1
        forecasts.append(GRURegressor(**FAST).fit(X[:n], target[:n]).predict([y[-N_LAGS:]])[0])
    return forecasts


@pytest.mark.filterwarnings("ignore:The default of config ``remember_data``:FutureWarning")
@pytest.mark.parametrize("strategy", ["recursive", "direct", "multioutput", "dirrec"])
def test_reduction_of_sktime(strategy):
    pytest.importorskip("sktime")
    from sktime.forecasting.compose import make_reduction

    y = wave()
    regressor = GRURegressor(**FAST)
    if strategy in ("multioutput", "dirrec"):
        regressor.set_params(max_iter=60, alpha=0)
    model = make_reduction(regressor, window_length=N_LAGS, strategy=strategy)
    forecasts = model.fit(y, fh=[1, 2, 3]).predict()
    assert forecasts.index.equals(pd.period_range("2021-09", periods=3, freq="M"))
    if strategy == "recursive":
        np.testing.assert_allclose(forecasts, recursive_forecasts(y.to_numpy(), 3), rtol=1e-6)
    elif strategy == "direct":
        np.testing.assert_allclose(forecasts, direct_forecasts(y.to_numpy(), 3), rtol=1e-6)
    else:  # as many outputs as steps; the forecasts of the steps before are further values of a window
        assert abs(forecasts - wave().iloc[-8:-5].to_numpy()).mean() < 0.2


@pytest.mark.parametrize("kind", ["recursive", "direct"])
def test_skforecast(kind):
    pytest.importorskip("skforecast")
    from skforecast.direct import ForecasterDirect
    from skforecast.recursive import ForecasterRecursive

    y = wave().to_timestamp()
    oldest_first = make_pipeline(FunctionTransformer(np.fliplr), GRURegressor(**FAST))
    regressors = {"newest first": GRURegressor(**FAST), "oldest first": oldest_first}
    forecasts = {}
    for order, regressor in regressors.items():
        if kind == "recursive":
            forecaster = ForecasterRecursive(regressor, lags=N_LAGS)
        else:
            forecaster = ForecasterDirect(regressor, lags=N_LAGS, steps=3)
        forecaster.fit(y)
        forecasts[order] = forecaster.predict(steps=3)
        assert forecasts[order].index.equals(pd.date_range("2021-09-01", periods=3, freq="MS"))
    expected = (recursive_forecasts if kind == "recursive" else direct_forecasts)(y.to_numpy(), 3)
    np.testing.assert_allclose(forecasts["oldest first"], expected, rtol=1e-6)
    assert abs(forecasts["newest first"] - expected).max() > 1e-3
