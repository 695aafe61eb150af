"""Forecasts step by step: each strategy against its definition, by hand."""

import pickle

import numpy as np
import pytest
from gruc import GRUForecaster
from gruc.runtime.strategies import STRATEGIES
from gruc.sequences import Lags, LagWindows, Series
from gruc.training import ForecastData

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0, season_length=6, horizon=5, lags=8)
STEP_BY_STEP = ["recursive", "decoder"]


def problem(n=120, n_series=2, seed=0):
    """Series with a season that follow a column."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_series, n))
    y = 50 + 5 * np.sin(2 * np.pi * np.arange(n) / 6) + 3 * x + 0.3 * rng.standard_normal((n_series, n))
    return y, x[:, :, np.newaxis]


Y, X = problem()


def fitted(strategy, with_x=True, **settings):
    """A model that has learned, whether or not that was better."""
    model = GRUForecaster(**FAST | settings, strategy=strategy, early_stopping=False, n_iter_no_change=np.inf)
    return model.fit(Y[:, :100], X[:, :100] if with_x else None)


def step_windows(model, known, origin, n_more=0, covariates=None):
    """Windows before single steps of series (n, ...)."""
    predictor = model._predictor
    series = Series.of(list(known), predictor.moments)
    origins = series.starts + origin
    lags = predictor.lags._replace(horizon=1)
    return LagWindows(series, lags, np.arange(len(known)), origins, covariates, n_more)


@pytest.mark.parametrize("with_x", [False, True])
def test_recursive_is_one_step_after_the_other(with_x):
    model = fitted("recursive", with_x)
    ahead = X[:, 100:112] if with_x else None
    expected = []
    one = pickle.loads(pickle.dumps(model))
    for step in range(12):
        now = one.predict(1, None if ahead is None else ahead[:, step : step + 1])
        expected.append(now[:, 0])
        one.update(now, None if ahead is None else ahead[:, step : step + 1], update_params=False)
    forecasts = model.predict(range(1, 13), ahead)
    np.testing.assert_allclose(forecasts, np.stack(expected, axis=1), rtol=1e-12)
    assert model.weights_["head.weight"].shape[0] == 1


@pytest.mark.parametrize("layers", [(8,), (5, 3)])
@pytest.mark.parametrize("with_x", [False, True])
def test_decoder_is_one_pass_over_its_own_forecasts(with_x, layers):
    """The network reads window and forecasts as one sequence, scaled as the window; no state is lost."""
    model = fitted("decoder", with_x, hidden_layer_sizes=layers, dtype="float64")
    forecasts = model.predict(range(1, 13), X[:, 100:112] if with_x else None)
    known = np.concatenate([Y[:, :100], forecasts], axis=1)
    covariates = None
    if with_x:
        table = model._predictor.covariates.tables[0]
        whole = table._replace(values=X.reshape(-1, 1), first=np.array([0, 120]))
        covariates = model._predictor.covariates._replace(tables=(whole,))
    windows = step_windows(model, known, 100, 11, covariates)
    read = windows.read(np.arange(2))
    outputs = model._predictor.predictor.output_rows(windows).reshape(2, -1)[:, -12:]
    base = windows.base_of_rows(np.arange(2))[:, -12:]
    factor = read.changing * windows.lags.unit * windows.lags.remainder
    np.testing.assert_allclose(forecasts, base + outputs * factor, rtol=1e-9)


def test_targets_of_rows_are_those_of_one_step_windows():
    """Scaled as the first window."""
    lags = Lags(4, 3, 1, unit=0.7)
    values = np.random.default_rng(0).standard_normal(40)
    series = Series.of([values], [lags.moments(values)])
    windows = LagWindows(series, lags, np.zeros(2, int), np.array([9, 20]), None, 5)
    read = windows.read(np.arange(2))
    targets = windows.targets_of_rows(np.arange(2), read)
    assert read.rows.shape == (2, 9, lags.width)
    for b, origin in enumerate((9, 20)):
        scale = values[origin - 4 : origin].std()
        for row, t in enumerate(range(origin - 4, origin + 5)):
            assert targets[b, row] == pytest.approx((values[t + 1] - values[t - 2]) / (0.7 * scale))
            assert read.rows[b, row, 1] == pytest.approx((values[t] - values[t - 3]) / (0.7 * scale))
    data = ForecastData(windows, "float64", of_rows=True)
    part = data.part(np.array([1, 0]))
    assert part.targets.tolist() == targets[[1, 0]].reshape(-1, 1).tolist()
    assert part.starts.tolist() == [0, 9]
    assert data.n_targets(np.arange(2)) == 18


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_learns_and_fits_in(strategy):
    """Better than the seasonal naive forecast by far; the same part of longer forecasts; intervals; pickles."""
    y, x = problem(500, 1)
    options = dict(random_state=0, season_length=6, horizon=6, n_jobs=1, max_iter=20, strategy=strategy)
    model = GRUForecaster(**options).fit(y[0, :470], x[0, :470])
    forecasts = model.predict(range(1, 31), x[0, 470:])
    naive = np.tile(y[0, 464:470], 5)
    share = 0.4 if strategy == "decoder" else 0.9  # each of whose rows has the column that it needs
    assert np.abs(forecasts - y[0, 470:]).mean() < share * np.abs(naive - y[0, 470:]).mean()
    assert model.predict([2, 9], x[0, 470:]).tolist() == forecasts[[1, 8]].tolist()
    bounds = model.predict_interval(range(1, 31), x[0, 470:], 0.9).to_numpy()
    assert 0.6 < np.mean((bounds[:, 0] < y[0, 470:]) & (y[0, 470:] < bounds[:, 1])) <= 1
    again = pickle.loads(pickle.dumps(model))
    assert again.predict(range(1, 31), x[0, 470:]).tolist() == forecasts.tolist()


@pytest.mark.parametrize("strategy", STEP_BY_STEP)
def test_validation_and_calibration_are_rollouts(strategy):
    """Errors of forecasts of whole horizons, from origins of the held-out part."""
    y = Y[0]
    options = dict(FAST, strategy=strategy, n_iter_no_change=np.inf, early_stopping=False)
    model = GRUForecaster(**options, validation_fraction=0.2).fit(y)
    n_held_out = round(0.2 * (120 - 14 - 5 + 1))
    first = 120 - 5 - n_held_out + 1
    before = GRUForecaster(**options, calibration=None).fit(y[:first])
    errors = []
    for origin in range(first, 116):
        errors.append((y[origin : origin + 5] - before.predict()) / y[origin - 8 : origin].std())
        before.update(y[origin : origin + 1], update_params=False)
    spread = np.sqrt(np.square(errors).mean(axis=0))
    expected = model._predictor.conformal.spread
    assert spread[-1] == pytest.approx(expected[-1], rel=0.15)


@pytest.mark.parametrize("difference", [0, 1])
@pytest.mark.parametrize("strategy", STEP_BY_STEP)
def test_update_and_backtest(strategy, difference):
    model = fitted(strategy, difference=difference)
    learned = pickle.loads(pickle.dumps(model)).update(Y[:, 100:104], X[:, 100:104])
    name = "gru.weight_ih_l0"
    assert not np.array_equal(learned.weights_[name], model.weights_[name])
    model.update(Y[:, 100:104], X[:, 100:104], update_params=False)
    assert not np.array_equal(learned.predict(X=X[:, 104:109]), model.predict(X=X[:, 104:109]))
    frame = GRUForecaster(**FAST, strategy=strategy, difference=difference).backtest(
        Y, X, cv=[(np.arange(100), np.arange(100, 105)), (np.arange(104), np.arange(104, 109))], refit=False
    )
    now = frame[frame["cutoff"] == 103]["forecast"].to_numpy().reshape(2, 5)
    again = GRUForecaster(**FAST, strategy=strategy, difference=difference).fit(Y[:, :100], X[:, :100], 5)
    again.update(Y[:, 100:104], X[:, 100:104], update_params=False)
    np.testing.assert_allclose(now, again.predict(range(1, 6), X[:, 104:109]), rtol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_saved_and_streamed(strategy, tmp_path):
    import gruc

    model = fitted(strategy, with_x=False)
    model.save(tmp_path / "model.gruc")
    loaded = gruc.runtime.load(tmp_path / "model.gruc")
    assert loaded.predict(range(1, 13)).tolist() == model.predict(range(1, 13)).tolist()
    stream = model.stream()
    for t in range(100, 104):
        forecasts = stream.step(Y[:, t])
    model.update(Y[:, 100:104], update_params=False)
    assert forecasts.tolist() == model.predict().tolist()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rows_do_not_depend_on_the_others(strategy):
    """Nor on the number of threads."""
    model = fitted(strategy, with_x=False)
    together = model.predict(range(1, 13))
    predictor = model._predictor
    for i in range(2):
        alone = predictor.known._replace(
            recent=predictor.known.recent[i : i + 1], ends=predictor.known.ends[[i]]
        )
        one = predictor.at(alone, predictor.moments[[i]], True)
        assert one.forecasts(12)[0, :12].tolist() == together[i].tolist()
    again = fitted(strategy, with_x=False, n_jobs=2)
    assert np.array_equal(again.predict(range(1, 13)), together)


def test_past_only_columns():
    with pytest.raises(ValueError, match="strategy='recursive' .*not known"):
        GRUForecaster(**FAST, strategy="recursive", past_only=(0,)).fit(Y, X)
    model = GRUForecaster(**FAST, strategy="decoder", past_only=(0,), early_stopping=False).fit(
        Y[:, :100], X[:, :100]
    )
    assert np.isfinite(model.predict(range(1, 13))).all()
    changed = X[:, :100].copy()
    changed[:, 90:] += 1
    other = pickle.loads(pickle.dumps(model))
    table = other._predictor.covariates.tables[0]
    assert len(table.values) == 2 * other._predictor.n_kept
    table.values[:] += 1
    assert not np.array_equal(other.predict(), model.predict())


@pytest.mark.parametrize("name, value", [("pooling", "mean"), ("bidirectional", True)])
def test_settings_that_a_decoder_has_not(name, value):
    with pytest.raises(ValueError, match=f"{name}=.* cannot be combined with strategy='decoder'"):
        GRUForecaster(**FAST, strategy="decoder", **{name: value}).fit(Y)


def test_warm_start_keeps_its_strategy():
    model = fitted("decoder", with_x=False, warm_start=True)
    with pytest.raises(ValueError, match="strategy is recursive, but .* decoder"):
        model.set_params(strategy="recursive").fit(Y[:, :100])
    with pytest.raises(ValueError, match="horizon is 7, but .* 5"):
        model.set_params(strategy="decoder", horizon=7).fit(Y[:, :100])
