"""Attributions of forecasts to the past values of the series."""

import numpy as np
import pandas as pd
import pytest
from gruc import GRUForecaster
from gruc.inspection import AttributionDisplay, attributions
from sklearn.exceptions import NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0, season_length=6, horizon=4, dtype="float64")
SETTINGS = {
    "direct": {},
    "differenced": {"difference": 1},
    "twice": {"difference": 2},
    "recursive": {"strategy": "recursive"},
    "decoder": {"strategy": "decoder"},
    "series": {"scale": "series"},
    "not scaled": {"scale": None},
}


def wave(n=90, seed=0):
    t = np.arange(n)
    rng = np.random.default_rng(seed)
    return 50 + 0.1 * t + 8 * np.sin(t * np.pi / 3) + rng.standard_normal(n)


def forecast_after(y, changed, **settings):
    """What the same forecaster says after other last values: it is updated with them, and learns nothing."""
    model = GRUForecaster(**FAST | settings).fit(y)
    n = len(changed)
    known = model._predictor.known.of([np.concatenate([y[:-n], changed])], int(model.difference))
    model._predictor = model._predictor.going_on(known)
    return model


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_gradient_against_differences_of_forecasts(settings):
    y = wave()
    model = GRUForecaster(**FAST | settings).fit(y)
    got = attributions(model, None, method="gradient", target=3)
    last, step = y[-len(got) :], 1e-4
    for i in (0, len(got) // 2, len(got) - 4, len(got) - 1):
        sides = []
        for side in (step, -step):
            changed = last.copy()
            changed[i] += side
            sides.append(forecast_after(y, changed, **settings).predict()[2])
        assert got[i] == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_attributions_add_up_to_the_forecast(settings):
    model = GRUForecaster(**FAST | settings).fit(wave())
    n = len(attributions(model, None, method="gradient"))
    for baseline, base in ((None, np.zeros(n)), (40.0, np.full(n, 40.0))):
        got, gap = attributions(model, None, target=2, n_steps=128, baseline=baseline, return_gap=True)
        # not exactly constant: where all past seasons had one value, forecasts would keep it
        nearly = base + 1e-8 * np.random.default_rng(0).normal(size=n)
        at_base = forecast_after(wave(), nearly, **settings).predict()[1]
        assert got.sum() + gap == pytest.approx(model.predict()[1] - at_base, abs=1e-6)
        # windows of nearly equal values are not scaled up: there the slope jumps
        smooth = settings.get("scale", "window") != "window"
        assert abs(gap) < (1e-5 if smooth else 0.05)


def test_values_that_all_past_seasons_have_stay_kept():
    """Nights without power: their forecasts are means of the nights before, whatever the days are."""
    day = np.maximum(0, np.sin(2 * np.pi * np.arange(12) / 12))
    y = np.tile(day, 12) * (1 + 0.3 * np.sin(np.arange(144) / 7))
    model = GRUForecaster(**FAST | {"season_length": 12}).fit(y)
    at_night, by_day = 8, 4
    assert model.predict([at_night])[0] == 0 < model.predict([by_day])[0]
    slopes = attributions(model, None, method="gradient", target=at_night)
    assert slopes.sum() == pytest.approx(1, abs=1e-9)
    assert slopes.min() > -1e-9
    assert set(np.flatnonzero(np.abs(slopes) > 1e-9) % 12) == {(len(slopes) + at_night - 1) % 12}
    got, gap = attributions(model, None, target=by_day, n_steps=256, baseline=1.0, return_gap=True)
    assert abs(gap) < 0.01 * np.abs(got).sum()


def test_a_forecast_of_scaled_windows_moves_with_them():
    """Slopes add up to 1, and slopes times values to the forecast."""
    y = wave()
    model = GRUForecaster(**FAST).fit(y)
    for h in (1, 4, 7):  # beyond the horizon, too
        slopes = attributions(model, None, method="gradient", target=h)
        assert slopes.sum() == pytest.approx(1, abs=1e-8)
        forecast = model.predict([h])[0]
        assert slopes @ y[-len(slopes) :] == pytest.approx(forecast, abs=1e-6)
    total = attributions(model, None)
    each = [attributions(model, None, target=h) for h in range(1, 5)]
    np.testing.assert_allclose(total, sum(each), rtol=0, atol=1e-6)


def test_occlusion():
    y = wave()
    model = GRUForecaster(**FAST).fit(y)
    got = attributions(model, None, method="occlusion", target=1, baseline=40.0)
    last = y[-len(got) :]
    changed = last.copy()
    changed[-2] = 40
    after = forecast_after(y, changed).predict()[0]
    assert got[-2] == pytest.approx(model.predict()[0] - after, abs=1e-9)


def test_values_that_no_forecast_depends_on():
    """Which they are: one more value changes a forecast, and none before it."""
    y = wave()
    model = GRUForecaster(**FAST).fit(y)
    n = len(attributions(model, None))
    changed = y.copy()
    changed[-n - 1] += 5
    known = model._predictor.known.of([changed], 0)
    before = model.predict()
    model._predictor = model._predictor.going_on(known)
    assert np.array_equal(model.predict(), before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_containers(dtype):
    y = wave()
    settings = FAST | {"dtype": dtype}
    of_array = attributions(GRUForecaster(**settings).fit(y), None, target=1)
    n = len(of_array)
    for index in (
        pd.date_range("2001-01-01", periods=90, freq="D"),
        pd.period_range("2001-01", periods=90, freq="M"),
        pd.RangeIndex(10, 100),
    ):
        series = pd.Series(y, index, name="a")
        got = attributions(GRUForecaster(**settings).fit(series), None, target=1)
        assert got.index.equals(index[-n:])
        np.testing.assert_array_equal(got, of_array)
    table = pd.DataFrame({"a": y, "b": y[::-1].copy()}, index)
    got = attributions(GRUForecaster(**settings).fit(table), None)
    assert (got.shape, list(got.columns)) == ((n, 2), ["a", "b"])
    long = table.stack().swaplevel().sort_index(kind="stable")
    of_long = attributions(GRUForecaster(**settings).fit(long), None)
    np.testing.assert_array_equal(of_long.xs("b"), got["b"])
    model = GRUForecaster(**settings).fit(table.to_numpy().T)
    np.testing.assert_array_equal(attributions(model, None), got.to_numpy().T)
    np.testing.assert_array_equal(attributions(model._predictor, None), got.to_numpy().T)


def test_columns_beside_the_series_stay_as_they_are():
    index = pd.RangeIndex(90)
    X = pd.DataFrame({"price": np.random.default_rng(1).standard_normal(94)}, pd.RangeIndex(94))
    y = pd.Series(wave() + 3 * X["price"].to_numpy()[:90], index)
    model = GRUForecaster(**FAST).fit(y, X)
    got, gap = attributions(model, X, target=2, baseline="mean", return_gap=True)
    assert abs(gap) < 0.01
    slopes = attributions(model, X, method="gradient", target=2)
    of_predictor = attributions(model._predictor, X[90:].to_numpy(), method="gradient", target=2)
    np.testing.assert_array_equal(of_predictor, slopes)
    sides, known = [], model._predictor.known.recent[0]
    for side in (1e-3, -2e-3):
        known[-3] += side
        sides.append(model.predict(X=X).iloc[1])
    assert slopes.iloc[-3] == pytest.approx((sides[0] - sides[1]) / 2e-3, abs=1e-6)
    assert got.index.equals(slopes.index)
    with pytest.raises(ValueError, match="X"):
        attributions(model, None, target=2)


def test_bad_input():
    model = GRUForecaster(**FAST).fit(wave())
    for target in (0, -1, 1.5, (0, 1)):
        with pytest.raises(
            ValueError, match="for a forecaster it is None, or a step ahead, 1 being the first"
        ):
            attributions(model, None, target=target)
    for baseline in ("median", np.nan, [1.0]):
        with pytest.raises(ValueError, match="for a forecaster it is None, a number, or 'mean'"):
            attributions(model, None, baseline=baseline)
    with pytest.raises(NotFittedError):
        attributions(GRUForecaster(), None)


def test_display():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot as plt

    series = pd.Series(wave(), pd.date_range("2001-01-01", periods=90, freq="D"))
    model = GRUForecaster(**FAST).fit(series)
    display = AttributionDisplay.from_estimator(model, None, target=2, baseline="mean")
    got = attributions(model, None, target=2, baseline="mean")
    assert [bar.get_height() for bar in display.bars_] == got.tolist()
    np.testing.assert_array_equal(display.axes_[0].get_lines()[0].get_ydata(), series[-len(got) :])
    assert display.ax_.get_xticklabels()[-1].get_text() == "2001-03-31"
    assert display.axes_[0].get_title() == "attributions to the forecast of step 2"
    with pytest.raises(ValueError, match="index must be an integer from -1 to 0, since there are 1 series"):
        AttributionDisplay.from_estimator(model, None, index=1)
    with pytest.raises(ValueError, match="method='shap' is invalid"):
        AttributionDisplay.from_estimator(model, None, method="shap")
    plt.close("all")
