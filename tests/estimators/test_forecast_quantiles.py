"""Quantiles that the network learns, and calibration that follows: coverage where the future is known."""

import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUForecaster

pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
STEP = np.array([1])
FAST = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0, season_length=6, horizon=4, lags=8)


def noisy(n, noise, seed=0):
    t = np.arange(n)
    rng = np.random.default_rng(seed)
    return 100 + 10 * np.sin(2 * np.pi * t / 24) + noise(t) * rng.standard_normal(n)


def wave(n, n_series=1):
    y = [noisy(n, lambda t: 1.0, seed) for seed in range(n_series)]
    return y[0] if n_series == 1 else np.stack(y)


def intervals_over(model, y, first, shift, coverage=0.8):
    """Whether values were inside, and widths, from origins `shift` apart; the model goes on."""
    inside, widths = [], []
    horizon = model.horizon_
    for origin in range(first, len(y) - horizon, shift):
        low, high = model.predict_interval(coverage=coverage).to_numpy().T
        truth = y[origin : origin + horizon]
        inside.append((low <= truth) & (truth <= high))
        widths.append(high - low)
        model.update(y[origin : origin + shift], update_params=False)
    return np.array(inside), np.array(widths)


@pytest.mark.parametrize("strategy", ["direct", "decoder"])
def test_intervals_are_wide_where_the_series_is(strategy):
    """In one half of each season the noise is three times as large."""
    y = noisy(1000, lambda t: 1 + 2 * (np.sin(2 * np.pi * t / 24) > 0))
    options = dict(random_state=0, season_length=24, horizon=12, max_iter=25, validation_fraction=0.2)
    if strategy == "direct":
        options |= dict(learning_rate_init=0.01, alpha=0.0)
    results = {}
    for loss in ("squared_error", "quantile"):
        model = GRUForecaster(**options, loss=loss, strategy=strategy).fit(y[:700])
        inside, widths = intervals_over(model, y, 700, 12)
        assert abs(inside.mean() - 0.8) < 0.11
        loud = np.array([np.sin(2 * np.pi * np.arange(o, o + 12) / 24) > 0 for o in range(700, 988, 12)])
        results[loss] = widths[loud].mean() / widths[~loud].mean()
    assert results["squared_error"] < 1.35
    assert results["quantile"] > 1.6


@pytest.mark.parametrize("strategy", ["direct", "recursive", "decoder"])
@pytest.mark.parametrize("difference", [0, 1])
def test_quantiles_never_cross(strategy, difference):
    y = wave(120, 2)
    model = GRUForecaster(**FAST, loss="quantile", strategy=strategy, difference=difference).fit(y)
    levels = np.linspace(0.01, 0.99, 50)
    table = model.predict_quantiles(range(1, 14), alpha=levels).to_numpy().reshape(13, 2, 50)
    assert (np.diff(table, axis=2) >= 0).all()
    assert model.weights_["head.bias"].shape == ((12,) if strategy == "direct" else (3,))
    assert model.predict().shape == (2, 4)


def test_forecasts_go_by_the_level_nearest_to_the_median():
    """More of the future is below the quantile of a higher level."""
    y = wave(900)
    below = []
    for quantile in (0.2, (0.1, 0.5, 0.9), 0.8):
        options = dict(random_state=0, season_length=24, horizon=6, max_iter=10, loss="quantile")
        model = GRUForecaster(**options, quantile=quantile).fit(y[:700])
        shares = []
        for origin in range(700, 894, 6):
            shares.append(y[origin : origin + 6] <= model.predict())
            model.update(y[origin : origin + 6], update_params=False)
        below.append(np.mean(shares))
    assert below == pytest.approx([0.2, 0.5, 0.8], abs=0.12)


def test_one_quantile_is_calibrated_as_a_forecast():
    model = GRUForecaster(**FAST, loss="quantile", quantile=0.5).fit(wave(120))
    assert model._predictor.conformal.levels == ()
    assert (np.diff(model.predict_quantiles(alpha=[0.1, 0.5, 0.9]).to_numpy(), axis=1) > 0).all()


@pytest.mark.parametrize("quantile", [(0.9, 0.1), (0.0, 0.5), 1.5])
def test_bad_quantiles(quantile):
    with pytest.raises(ValueError, match="quantile"):
        GRUForecaster(**FAST, loss="quantile", quantile=quantile).fit(wave(120))


def test_warm_start_keeps_its_quantiles():
    model = GRUForecaster(**FAST, loss="quantile", warm_start=True).fit(wave(120))
    with pytest.raises(ValueError, match=r"quantile is \(0.2, 0.5, 0.8\), but .*\(0.1, 0.5, 0.9\)"):
        model.set_params(quantile=(0.2, 0.5, 0.8)).fit(wave(120))
    with pytest.raises(ValueError, match=r"quantile is \(\), but"):
        model.set_params(loss="huber").fit(wave(120))


@pytest.mark.parametrize("factor", [3.0, 1 / 3])
def test_adaptive_calibration_covers_after_a_change_of_variance(factor):
    """Where split calibration does not: its intervals are those of the past."""
    y = noisy(1200, lambda t: np.where(t < 600, 1.0, factor))
    options = dict(random_state=0, season_length=24, horizon=6, max_iter=5)
    coverage = {}
    for calibration in ("split", "adaptive"):
        model = GRUForecaster(**options, calibration=calibration).fit(y[:600])
        coverage[calibration] = intervals_over(model, y, 600, 3)[0][60:].mean()
    assert abs(coverage["split"] - 0.8) > 0.15
    assert abs(coverage["adaptive"] - 0.8) < 0.05


@pytest.mark.parametrize("strategy", ["direct", "recursive", "decoder"])
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_adaptive_errors_are_those_of_forecasts_that_were_made(strategy, loss):
    """Whether values come in at once or one by one, with the weights of before."""
    y = wave(130, 2)
    options = dict(FAST, strategy=strategy, loss=loss, calibration="adaptive", difference=1)
    model = GRUForecaster(**options).fit(y[:, :100])
    at_once, pieces, learned = (pickle.loads(pickle.dumps(model)) for _ in range(3))
    at_once.update(y[:, 100:112], update_params=False)
    learned.update(y[:, 100:112])
    for t in range(100, 112):
        pieces.update(y[:, t : t + 1], update_params=False)
    after = at_once._predictor.conformal
    for other in (pieces, learned):
        assert np.array_equal(other._predictor.conformal.moved, after.moved)
        assert np.array_equal(other._predictor.conformal.recent, after.recent)
    # by hand, of the last origin whose horizon is known
    origin = pickle.loads(pickle.dumps(model)).update(y[:, 100:108], update_params=False)
    errors = y[:, 108:112] - origin.predict()
    predictor = origin._predictor
    scales = predictor.start().scales(predictor.lags)
    if loss == "squared_error":
        np.testing.assert_allclose(after.recent[-2:] * after.spread, errors / scales, rtol=1e-6)
    low, high = origin.predict_interval(coverage=0.8).to_numpy().T.reshape(2, 2, 4).swapaxes(0, 1)
    assert low.shape == errors.shape
    before = model._predictor.conformal
    n_new = 12 * 2  # origins whose horizon ends in a new value, of two series
    assert len(after.recent) == len(before.recent) + n_new
    assert after.n == pytest.approx(before.n + 1.6 * n_new / 4)


@pytest.mark.parametrize("n", [30, 60])
def test_adaptive_calibration_reaches_its_levels_after_short_fits(n):
    y = np.random.default_rng(n).standard_normal(n + 800)
    options = dict(hidden_layer_sizes=(4,), max_iter=3, random_state=0, horizon=1, season_length=1, lags=4)
    model = GRUForecaster(**options, calibration="adaptive").fit(y[:n])
    inside = []
    for value in y[n:]:
        low, wide_low, high, wide_high = model._predictor.quantiles(STEP, [0.1, 0.025, 0.9, 0.975])[0, 0]
        inside.append((low <= value <= high, wide_low <= value <= wide_high))
        model.update([value], update_params=False)
    assert np.mean(inside[200:], axis=0) == pytest.approx([0.8, 0.95], abs=0.025)


@pytest.mark.parametrize("calibration", ["split", "adaptive"])
def test_adaptive_calibration_follows_four_times_the_variance(calibration):
    rng, t = np.random.default_rng(0), np.arange(900)
    y = rng.standard_normal(900) * np.where(t < 600, 1, 4)
    options = dict(hidden_layer_sizes=(4,), max_iter=3, random_state=0, horizon=1, season_length=1, lags=24)
    model = GRUForecaster(**options, scale="series", calibration=calibration).fit(y[:300])
    inside = []
    for value in y[300:]:
        low, high = model._predictor.quantiles(STEP, [0.05, 0.95])[0, 0]
        inside.append(low <= value <= high)
        model.update([value], update_params=False)
    after = np.mean(inside[350:])
    assert 0.86 < after < 0.94 if calibration == "adaptive" else after < 0.4


def test_adaptive_calibration_of_one_series_by_the_share_of_all():
    y = np.stack([noisy(260, lambda t: np.where(t < 150, 1.0, 3.0), seed) for seed in range(6)])
    options = dict(random_state=0, season_length=24, horizon=4, lags=24, max_iter=3)
    model = GRUForecaster(**options, calibration="adaptive").fit(y[:, :150])
    before = model.predict_interval(coverage=0.8).to_numpy()
    model.update(y[:, 150:250], update_params=False)
    after = model.predict_interval(coverage=0.8).to_numpy()
    assert np.mean(after[:, 1::2] - after[:, ::2]) > 1.8 * np.mean(before[:, 1::2] - before[:, ::2])


@pytest.mark.parametrize(
    "options",
    [dict(loss="quantile"), dict(calibration="adaptive"), dict(loss="quantile", calibration="adaptive")],
)
def test_saved(options, tmp_path):
    y = wave(130, 2)
    model = GRUForecaster(**FAST, **options).fit(y[:, :120])
    model.save(tmp_path / "model.gruc")
    loaded, again = gruc.runtime.load(tmp_path / "model.gruc"), gruc.load(tmp_path / "model.gruc")
    expected = model.predict_quantiles(alpha=[0.03, 0.5, 0.9]).to_numpy().reshape(4, 2, 3).swapaxes(0, 1)
    assert np.array_equal(loaded.predict_quantiles(alpha=[0.03, 0.5, 0.9]), expected)
    model.update(y[:, 120:], update_params=False)
    again.update(y[:, 120:], update_params=False)
    loaded.update(y[:, 120:])
    expected = model.predict_interval().to_numpy()
    assert np.array_equal(again.predict_interval().to_numpy(), expected)
    assert np.array_equal(loaded.predict_interval(), expected.reshape(4, 2, 2).swapaxes(0, 1))


def test_backtest_follows():
    y = noisy(700, lambda t: np.where(t < 400, 1.0, 3.0))
    cv = [(np.arange(stop), np.arange(stop, stop + 6)) for stop in range(400, 690, 6)]
    shares = {}
    for calibration in ("split", "adaptive"):
        model = GRUForecaster(
            random_state=0, season_length=24, horizon=6, max_iter=3, calibration=calibration
        )
        frame = model.backtest(y, cv=cv, refit=False, coverage=0.8)
        frame = frame[frame["cutoff"] > 460]
        shares[calibration] = (
            (frame["lower"] <= frame["actual"]) & (frame["actual"] <= frame["upper"])
        ).mean()
    assert shares["split"] < 0.6
    assert abs(shares["adaptive"] - 0.8) < 0.1
