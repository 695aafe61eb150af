"""Forecasters as ONNX graphs: the same forecasts from the last values, in onnxruntime."""

import gruc
import numpy as np
import pytest
from forecasters import (
    COLUMNS,
    FAST,
    KINDS,
    QUANTILES,
    ahead_of,
    all_quantiles,
    forecaster,
    later_forecasts,
    nights,
    quantiles,
    reading,
    wave,
    with_random_weights,
)
from gruc import GRUForecaster
from gruc.deploy.forecast_windows import ForecastWindow

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def run(proto, y, **more):
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    (forecasts,) = session.run(None, {"y": y, **more})
    return forecasts


def n_values(proto):
    return proto.graph.input[0].type.tensor_type.shape.dim[1].dim_value


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("kind", KINDS)
def test_one_series(kind, opset):
    y = wave(130)
    model = forecaster(kind, y[:120])
    proto = gruc.to_onnx(model, opset=opset)
    assert [node.name for node in proto.graph.input] == ["y"]
    n = n_values(proto)
    assert n == model._predictor.lags.context + model.difference
    batch = np.stack([y[120 + k - n : 120 + k] for k in range(1, 11)])
    stream = model.stream()
    expected = stream.step(y[120:], every=True)
    assert expected.std() > 0.1
    np.testing.assert_allclose(run(proto, batch), expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(run(proto, batch[3:4]), expected[3:4], rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["more than a season", "differences", "recursive", "decoder"])
def test_values_that_all_seasons_have(kind):
    y = nights(130)
    model = forecaster(kind, y[:120])
    proto = gruc.to_onnx(model)
    batch = np.stack([y[120 + k - n_values(proto) : 120 + k] for k in range(1, 11)])
    got, expected = run(proto, batch), model.stream().step(y[120:], every=True)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)
    if not model.difference:
        assert (got[0, :4] == 0).all()
        assert (got[:, -1] != 0).any()


@pytest.mark.parametrize("kind", ["part of a season", "second differences", "no scale, no season"])
def test_several_series(kind):
    y = [wave(120), 1e3 * wave(110, 1), 1e-3 * wave(90, 2)]
    model = forecaster(kind, y)
    proto = gruc.to_onnx(model._predictor)
    n, scale = n_values(proto), model._predictor.lags.scale
    names = [node.name for node in proto.graph.input]
    assert names == (["y"] if scale is None else ["y", "series"])
    which = np.array([2, 0, 0, 1])
    batch = np.stack([y[i][-n:] for i in which])
    expected = np.stack(model.predict())[which]
    more = {} if scale is None else {"series": which}
    size = np.abs(batch).max(axis=1, keepdims=True)
    np.testing.assert_allclose(run(proto, batch, **more) / size, expected / size, rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["differences", "recursive", "decoder", "no scale, no season"])
def test_quantiles_by_known_errors(kind):
    """Those of `predict_quantiles`, of one series and of several."""
    alpha = [0.9, 0.05]
    for y in (wave(120), [wave(120), 1e3 * wave(110, 1)]):
        model = forecaster(kind, y)
        proto = gruc.to_onnx(model, alpha=alpha)
        n, many = n_values(proto), model._predictor.predict_quantiles(alpha=alpha)
        batch = np.stack([series[-n:] for series in (y if isinstance(y, list) else [y])])
        more = {"series": np.arange(2)} if len(proto.graph.input) == 2 else {}
        session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
        _, quantiles = session.run(None, {"y": batch, **more})
        size = np.abs(batch).max(axis=1)[:, np.newaxis, np.newaxis]
        np.testing.assert_allclose(quantiles / size, many.reshape(quantiles.shape) / size, rtol=0, atol=1e-5)


def test_levels_that_are_refused():
    y = wave(120)
    for model, alpha, message in (
        (GRUForecaster(**FAST, loss="quantile").fit(y), 0.1, "answers the quantiles 0.1, 0.5, 0.9 itself"),
        (GRUForecaster(**FAST, calibration=None).fit(y), 0.1, "Fit with calibration='split'"),
        (GRUForecaster(**FAST).fit(y), 1.0, "alpha must be between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            gruc.to_onnx(model, alpha=alpha)
    with pytest.raises(ValueError, match="alpha is for forecasters"):
        gruc.to_onnx(gruc.GRURegressor((2,), max_iter=1).fit([y], [0.0]), alpha=0.1)


def test_a_series_that_was_constant_when_it_was_learned():
    """With scale="series" it has no scale, so that later windows have their own."""
    y = np.stack([wave(90), np.full(90, 7.0)])
    model = GRUForecaster(**FAST, horizon=5, scale="series").fit(y[:, :80])
    proto = gruc.to_onnx(model, alpha=0.9)
    later = np.stack([y[0, 80:], 7 + np.sin(np.arange(10))])
    model.update(later, update_params=False)
    batch = np.concatenate([y[:, :80], later], axis=1)[:, -n_values(proto) :]
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    forecasts, quantiles = session.run(None, {"y": batch, "series": np.arange(2)})
    np.testing.assert_allclose(forecasts, model.predict(), rtol=0, atol=1e-4)
    expected = model._predictor.predict_quantiles(alpha=0.9)
    np.testing.assert_allclose(quantiles, expected, rtol=0, atol=1e-4)
    assert (quantiles[1, :, 0] > forecasts[1] + 0.01).all()


def test_a_series_of_which_nothing_is_known():
    """Its calm windows are blown up, as there is no usual size that they are compared with."""
    model = forecaster("differences", [wave(120), 1e3 * wave(110, 1)])
    proto = gruc.to_onnx(model)
    n = n_values(proto)
    y = 5 + 1e-3 * wave(130, 7)
    expected = later_forecasts(model, y, 4)
    batch = np.stack([y[130 - 3 + k - n : 130 - 3 + k] for k in range(4)])
    got = run(proto, batch, series=np.full(4, -1))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
    assert abs(run(proto, batch, series=np.full(4, 1)) - expected).max() > 1e-2


@pytest.mark.parametrize("kind", ["part of a season", "differences"])
@pytest.mark.parametrize("level", [0.0, 2.0**40])
def test_a_level_keeps_its_digits(kind, level):
    y = np.round(wave(120), 6) + level
    model = forecaster(kind, y)
    proto = gruc.to_onnx(model)
    got = run(proto, y[np.newaxis, -n_values(proto) :])[0]
    np.testing.assert_allclose(
        got - level, model.predict() - level, rtol=0, atol=1e-4 if level == 0 else 2e-3
    )


def test_values_that_are_none():
    y = wave(120)
    model = forecaster("differences", y)
    proto = gruc.to_onnx(model)
    n = n_values(proto)
    batch = np.tile(y[-n:], (5, 1))
    batch[1, 3], batch[2, 0], batch[3, -1] = np.nan, np.inf, 1e200
    got = run(proto, batch)
    assert np.isnan(got[1:4]).all()
    np.testing.assert_allclose(got[[0, 4]], np.tile(model.predict(), (2, 1)), rtol=0, atol=1e-4)
    assert run(proto, batch[:0]).shape == (0, 4)
    constant = run(proto, np.full((1, n), 7.0))
    model.update([7.0] * (n + 2), update_params=False)
    np.testing.assert_allclose(constant[0], model.predict(), rtol=0, atol=1e-4)
    new = gruc.to_onnx(forecaster("part of a season", [y, y]))
    constant = np.full((1, n_values(new)), 7.0)
    assert run(new, constant, series=np.array([-1])).tolist() == [[7.0] * 5]


def test_what_is_refused():
    model = forecaster("part of a season", wave(120))
    with pytest.raises(ValueError, match="stateful=True is for sequences"):
        gruc.to_onnx(model, stateful=True)
    with pytest.raises(TypeError, match="GRUForecaster, which only to_onnx and to_c can export"):
        gruc.to_keras(model)


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("kind", COLUMNS)
def test_columns(kind, opset):
    model, y, X, static = reading(kind)
    proto = gruc.to_onnx(model, opset=opset)
    window = ForecastWindow.of(model._predictor)
    n, beside, several = window.n_values, window.covariates, y.ndim == 2
    names = ["y", *["series"] * several, *["X"] * (X is not None), *["static"] * (static is not None)]
    assert [node.name for node in proto.graph.input] == names
    for t in (100, 107):
        if t > 100:
            later = None if X is None else X[..., 100:t, :]
            model.update(y[..., 100:t], later, update_params=False)
        more = {"series": np.arange(2)} if several else {}
        if X is not None:
            told = np.array(np.atleast_3d(X) if several else X[np.newaxis])
            more["X"] = told[:, t - beside.n_before : t + beside.n_ahead].copy()
            more["X"][:, beside.n_before :, ~beside.ahead] = np.nan  # which is not read
        if static is not None:
            more["static"] = static
        batch = np.atleast_2d(y)[:, t - n : t]
        expected = np.atleast_2d(model.predict(None, ahead_of(model, X, t)))
        assert expected.std() > 0.1
        np.testing.assert_allclose(run(proto, batch, **more), expected, rtol=0, atol=2e-4)
    for name in set(more) - {"series"}:
        wrong = more[name].copy()
        wrong[0].flat[0] = np.nan
        got = run(proto, batch, **more | {name: wrong})
        assert np.isnan(got[0]).all()
        np.testing.assert_allclose(got[1:], expected[1:], rtol=0, atol=2e-4)
    assert run(proto, batch[:0], **{name: part[:0] for name, part in more.items()}).shape == (
        0,
        model.horizon_,
    )


@pytest.mark.parametrize("series", [wave, nights])
@pytest.mark.parametrize("kind", QUANTILES)
def test_quantiles_of_the_network(kind, series):
    y = series(120)
    model = quantiles(kind, y)
    proto = gruc.to_onnx(model)
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    forecasts, told = session.run(None, {"y": y[np.newaxis, -n_values(proto) :]})
    expected = all_quantiles(model._predictor)
    assert expected.shape == (1, model.horizon_, 3)
    np.testing.assert_allclose(told, expected, rtol=0, atol=2e-4)
    np.testing.assert_allclose(forecasts[0], model.predict(), rtol=0, atol=2e-4)
    forecasts, told = session.run(None, {"y": np.full((1, n_values(proto)), np.nan)})
    assert np.isnan(told).all()
    assert np.isnan(forecasts).all()


def test_quantiles_with_columns():
    model, y, X, _ = reading("decoder", loss="quantile", quantile=[0.2, 0.6], calibration=None)
    proto, window = gruc.to_onnx(model), ForecastWindow.of(model._predictor)
    beside = window.covariates
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {
        "y": y[:, 100 - window.n_values : 100],
        "series": np.arange(2),
        "X": X[:, 100 - beside.n_before : 100 + beside.n_ahead],
        "static": model._predictor.covariates.static,
    }
    expected = all_quantiles(model._predictor, ahead_of(model, X, 100))
    np.testing.assert_allclose(session.run(["quantiles"], given)[0], expected, rtol=0, atol=2e-4)


def test_columns_of_a_calendar():
    """Behind those of X, by `calendar_columns` of times on the clocks of the place."""
    pd = pytest.importorskip("pandas")
    hours = pd.date_range("2024-03-28", periods=130, freq="h", tz="Europe/Berlin")  # clocks are put forward
    y, x = wave(130), np.random.default_rng(0).standard_normal((130, 1))
    model = GRUForecaster(**FAST, horizon=4, calendar=("hour", "weekday"))
    model = with_random_weights(
        model.fit(pd.Series(y[:120], hours[:120]), pd.DataFrame(x[:120], hours[:120]))
    )
    proto, window = gruc.to_onnx(model), ForecastWindow.of(model._predictor)
    beside = window.covariates
    assert beside.names == ["0", "sine of hour", "cosine of hour", "sine of weekday", "cosine of weekday"]
    span = slice(120 - beside.n_before, 120 + beside.n_ahead)
    predictor = model._fitted_predictor()
    columns = predictor.calendar_columns(hours[span].tz_localize(None).to_numpy())
    X = np.concatenate([x[span], columns], axis=1)[np.newaxis]
    got = run(proto, y[np.newaxis, 120 - window.n_values : 120], X=X)[0]
    expected = model.predict(None, pd.DataFrame(x[120:], hours[120:]))
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-4)
    with pytest.raises(ValueError, match="The model reads no calendar"):
        GRUForecaster(**FAST, horizon=4).fit(y)._fitted_predictor().calendar_columns(hours[:2].to_numpy())
