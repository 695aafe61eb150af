"""Quantiles and intervals of GRUForecaster."""

import gruc
import numpy as np
import pytest
from gruc import GRUForecaster
from gruc.estimators import _forecast_fit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0)


def wave(n, noise=1.0, seed=0):
    t = np.arange(n)
    return 100 + 10 * np.sin(2 * np.pi * t / 12) + noise * np.random.default_rng(seed).standard_normal(n)


def test_columns_of_sktime():
    pd = pytest.importorskip("pandas")
    index = pd.period_range("2016-01", periods=120, freq="M")
    y = pd.Series(wave(120), index, name="load")
    model = GRUForecaster(**FAST).fit(y[:100])
    intervals = model.predict_interval([1, 3], coverage=[0.9, 0.5])
    assert intervals.columns.tolist() == [
        ("load", share, bound) for share in (0.9, 0.5) for bound in ("lower", "upper")
    ]
    pd.testing.assert_index_equal(intervals.index, index[[100, 102]])
    quantiles = model.predict_quantiles([1, 3], alpha=[0.95, 0.05, 0.25])
    assert quantiles.columns.tolist() == [("load", 0.95), ("load", 0.05), ("load", 0.25)]
    np.testing.assert_allclose(quantiles["load", 0.05], intervals["load", 0.9, "lower"])
    unnamed = GRUForecaster(**FAST).fit(y[:100].rename(None)).predict_quantiles(1, alpha=0.5)
    assert unnamed.columns.tolist() == [(0, 0.5)]


@pytest.mark.parametrize("options", [{}, dict(loss="quantile"), dict(calibration="adaptive")])
def test_levels_in_any_order(options, tmp_path):
    """Each column is that of its level, here and where models are loaded without pandas."""
    y = wave(112)
    model = GRUForecaster(**FAST, **options).fit(y[:100]).update(y[100:], update_params=False)
    model.save(tmp_path / "model.gruc")
    loaded = gruc.runtime.load(tmp_path / "model.gruc")
    falling, rising = [0.9, 0.5, 0.1], [0.1, 0.5, 0.9]
    expected = model.predict_quantiles(alpha=rising).to_numpy()
    assert (np.diff(expected, axis=1) > 0).all()
    quantiles = model.predict_quantiles(alpha=falling)
    assert [level for _, level in quantiles.columns] == falling
    assert np.array_equal(quantiles, expected[:, ::-1])
    assert np.array_equal(loaded.predict_quantiles(alpha=falling), expected[:, ::-1])
    intervals = model.predict_interval(coverage=[0.8, 0.5]).to_numpy()
    assert np.array_equal(intervals, model.predict_interval(coverage=[0.5, 0.8]).to_numpy()[:, [2, 3, 0, 1]])
    assert np.allclose(intervals[:, :2], expected[:, [0, 2]])
    assert np.array_equal(loaded.predict_interval(coverage=[0.8, 0.5]), intervals)


def test_every_container():
    pd = pytest.importorskip("pandas")
    y = np.stack([wave(96), wave(96, 2.0, seed=1)])
    index = pd.RangeIndex(96)
    frame = pd.DataFrame(y.T, index, ["a", "b"])
    long = frame.stack().swaplevel().sort_index()
    forms = {"rows": y, "list": list(y), "columns": frame, "long": long}
    values = {}
    for name, form in forms.items():
        quantiles = GRUForecaster(**FAST).fit(form).predict_quantiles([1, 2], alpha=[0.2, 0.8])
        if name in ("rows", "columns"):
            expected = [(v, a) for v in ([0, 1] if name == "rows" else ["a", "b"]) for a in (0.2, 0.8)]
            assert quantiles.columns.tolist() == expected
            assert quantiles.index.tolist() == [96, 97]
            values[name] = quantiles.to_numpy().reshape(2, 2, 2).swapaxes(0, 1)
        else:
            keys = [0, 1] if name == "list" else ["a", "b"]
            assert quantiles.index.tolist() == [(key, t) for key in keys for t in (96, 97)]
            values[name] = quantiles.to_numpy().reshape(2, 2, 2)
    for value in values.values():
        np.testing.assert_array_equal(value, values["rows"])


@pytest.mark.parametrize("difference, loss", [(0, "absolute_error"), (1, "squared_error"), (0, "huber")])
def test_coverage(difference, loss):
    """Of forecasts from every origin of a long series, without any learning from it."""
    pytest.importorskip("pandas")
    y = wave(900, noise=3.0)
    options = dict(FAST, season_length=12, horizon=6, validation_fraction=0.4)
    model = GRUForecaster(**options, difference=difference, loss=loss).fit(y[:600])
    inside = []
    for origin in range(600, 894, 3):
        bounds = model.predict_quantiles(alpha=[0.1, 0.9]).to_numpy()
        inside.append((bounds[:, 0] <= y[origin : origin + 6]) & (y[origin : origin + 6] <= bounds[:, 1]))
        model.update(y[origin : origin + 3], update_params=False)
    assert abs(np.mean(inside) - 0.8) < 0.06


def test_calibration_is_by_what_was_not_learned(monkeypatch):
    """Errors of the forecasts of the last part, by a fit on what is before it."""
    monkeypatch.setattr(_forecast_fit, "ENOUGH_HELD_OUT", 0)
    y = wave(240)
    options = dict(FAST, season_length=12, horizon=4, early_stopping=False, n_iter_no_change=np.inf)
    model = GRUForecaster(**options, validation_fraction=0.2).fit(y)
    n_windows = 240 - model._predictor.lags.least_context - 4 + 1
    n_held_out = round(0.2 * n_windows)
    first = 240 - 4 - n_held_out + 1
    before = GRUForecaster(**options, calibration=None).fit(y[:first])
    errors = []
    for origin in range(first, 237):
        window = y[origin - 8 : origin]
        errors.append((y[origin : origin + 4] - before.predict()) / window.std())
        before.update(y[origin : origin + 1], update_params=False)
    assert len(errors) == n_held_out
    spread = np.sqrt(np.square(errors).mean(axis=0))
    assert model._predictor.conformal.spread[-1] == pytest.approx(np.maximum.accumulate(spread)[-1], rel=0.15)
    assert model._predictor.conformal.n == pytest.approx(1.6 * (1 + (n_held_out - 1) / 4))


@pytest.mark.parametrize("difference", [0, 1])
def test_where_little_is_held_out_earlier_forecasts_count_too(monkeypatch, difference):
    """Intervals of short series of noise, of which the last few windows are held out, cover as they should."""
    options = dict(FAST, max_iter=1, season_length=1, lags=3, horizon=3, difference=difference)
    later = 10 + np.random.default_rng(1).standard_normal((300, 3, 1))
    inside, n = {0: [], 50: []}, {0: [], 50: []}
    for enough, found in inside.items():
        monkeypatch.setattr(_forecast_fit, "ENOUGH_HELD_OUT", enough)
        for seed in range(30):
            y = 10 + np.random.default_rng(seed).standard_normal(30)
            model = GRUForecaster(**options).fit(y)
            bounds = model.predict_quantiles(alpha=[0.1, 0.9]).to_numpy()
            found.append(((bounds[:, :1] <= later) & (later <= bounds[:, 1:])).mean())
            n[enough].append(model._predictor.conformal.n)
    assert np.mean(n[50]) > 2 * np.mean(n[0])
    assert 0.75 < np.mean(inside[50]) < 0.95


def test_wider_with_every_step_and_block():
    model = GRUForecaster(**FAST, horizon=6).fit(wave(120))
    widths = np.diff(model._predictor.quantiles(np.arange(1, 20), [0.1, 0.9])[0], axis=1)[:, 0]
    assert (np.diff(widths) >= -1e-12).all()
    assert widths[6] > widths[5]


def test_a_fit_without_calibration():
    y = wave(96)
    model = GRUForecaster(**FAST, calibration=None).fit(y)
    for ask in (model.predict_interval, model.predict_quantiles):
        with pytest.raises(ValueError, match="set calibration='split'"):
            ask()


@pytest.mark.parametrize("difference", [0, 1])
def test_series_too_short_for_a_held_out_part(difference):
    """The least length that the message tells is enough."""
    pytest.importorskip("pandas")
    options = dict(FAST, early_stopping=False, horizon=8, season_length=1, lags=3, difference=difference)
    n = 20 + difference
    model = GRUForecaster(**options).fit(wave(n - 1))
    with pytest.raises(ValueError, match=f"series were too short to hold out .* {n} values are needed"):
        model.predict_interval()
    assert GRUForecaster(**options).fit(wave(n)).predict_interval().shape == (8, 2)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
@pytest.mark.parametrize("calibration", ["split", "adaptive"])
@pytest.mark.parametrize("scale", ["window", "series"])
def test_intervals_of_constant_series_have_no_width(loss, calibration, scale, tmp_path):
    pytest.importorskip("pandas")
    options = dict(FAST, loss=loss, calibration=calibration, scale=scale, horizon=3)
    model = GRUForecaster(**options).fit(np.ones(50))
    assert (model.predict_interval().to_numpy() == 1).all()
    model.save(tmp_path / "model.gruc")
    assert (gruc.runtime.load(tmp_path / "model.gruc").predict_interval() == 1).all()
    assert (model.update(np.ones(5)).predict_interval(range(1, 8)).to_numpy() == 1).all()
    # as of a panel, in which another series has errors
    panel = GRUForecaster(**options).fit(np.stack([np.ones(120), wave(120)])).predict_interval().to_numpy()
    assert (panel[:, :2] == 1).all()
    assert (panel[:, 2] < panel[:, 3]).all()


@pytest.mark.parametrize("scale", ["window", "series"])
def test_adaptive_intervals_of_a_constant_series_that_begins_to_move(scale):
    rng = np.random.default_rng(0)
    y = np.concatenate([np.ones(50), 1 + rng.standard_normal(400)])
    options = dict(FAST, calibration="adaptive", horizon=1, season_length=1, lags=8, scale=scale)
    model = GRUForecaster(**options).fit(y[:50])
    inside = []
    for value in y[50:]:
        low, high = model._predictor.quantiles(np.array([1]), [0.1, 0.9])[0, 0]
        inside.append(low <= value <= high)
        model.update([value], update_params=False)
    assert np.mean(inside[100:]) == pytest.approx(0.8, abs=0.05)


def test_adaptive_intervals_of_a_periodic_series_that_becomes_noisy():
    """Forecasts of the past had no errors at all."""
    rng, period = np.random.default_rng(0), np.array([0.0, 3.0, 1.0, 2.0])
    y = np.tile(period, 120)
    y[80:] += rng.standard_normal(400)
    options = dict(FAST, calibration="adaptive", horizon=1, season_length=4, lags=8)
    model = GRUForecaster(**options).fit(y[:80])
    assert np.ptp(model.predict_interval().to_numpy()) < 1e-6
    inside = []
    for value in y[80:]:
        low, high = model._predictor.quantiles(np.array([1]), [0.1, 0.9])[0, 0]
        inside.append(low <= value <= high)
        model.update([value], update_params=False)
    assert np.mean(inside[100:]) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("given", [0.0, 1.0, 90, [0.5, 1.5], [], "wide"])
def test_bad_shares(given):
    model = GRUForecaster(**FAST).fit(wave(96))
    with pytest.raises(ValueError, match="coverage must be between 0 and 1|could not convert"):
        model.predict_interval(coverage=given)
    with pytest.raises(ValueError, match="alpha must be between 0 and 1|could not convert"):
        model.predict_quantiles(alpha=given)
