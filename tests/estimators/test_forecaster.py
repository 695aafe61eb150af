"""GRUForecaster: forecasts of series whose future is known, in every container."""

import pickle
import pickletools

import numpy as np
import pytest
from gruc import GRUForecaster
from gruc.runtime import ForecastPredictor
from gruc.sequences import KnownValues
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0)


def wave(n, level=100.0, period=12, noise=0.0, seed=0):
    """Trend, season and noise."""
    t = np.arange(n)
    season = 10 * np.sin(2 * np.pi * t / period) + 4 * np.cos(4 * np.pi * t / period)
    return level + 0.1 * t + season + noise * np.random.default_rng(seed).standard_normal(n)


def mase(forecast, actual, known, m):
    """Mean absolute error over that of the seasonal naive forecast within `known`."""
    return np.abs(forecast - actual).mean() / np.abs(known[m:] - known[:-m]).mean()


def test_learns_what_the_seasonal_naive_forecast_misses():
    y = wave(264)
    model = GRUForecaster(random_state=0).fit(y[:240])
    assert (model.season_length_, model.lags_, model.horizon_) == (12, 12, 12)
    assert (
        mase(model.predict(), y[240:252], y[:240], 12) < 0.5
    )  # the naive forecast has 1: the trend of a season
    # block by block
    assert mase(model.predict(range(1, 25)), y[240:264], y[:240], 12) < 0.75


def test_fh_is_part_of_the_same_forecasts():
    y = wave(120, noise=1)
    model = GRUForecaster(**FAST).fit(y)
    forecasts = model.predict(range(1, 30))
    assert model.predict([29, 3]).tolist() == forecasts[[2, 28]].tolist()
    assert model.predict(5).tolist() == forecasts[[4]].tolist()
    assert model.predict().tolist() == forecasts[:12].tolist()


def test_horizon_by_fh_or_parameter_or_season():
    y = wave(120)
    assert GRUForecaster(**FAST).fit(y).horizon_ == 12
    assert GRUForecaster(**FAST, horizon=5).fit(y).horizon_ == 5
    model = GRUForecaster(**FAST, horizon=5).fit(y, fh=[2, 7])
    assert model.horizon_ == 7
    assert len(model.predict()) == 2
    assert GRUForecaster(**FAST, season_length=1).fit(y).horizon_ == 1


def test_block_by_block_reads_its_own_forecasts():
    """A model of y that goes on from its forecasts says what it says after seeing them."""
    y = wave(120, noise=1)
    model = GRUForecaster(**FAST, horizon=6).fit(y)
    forecasts = model.predict(range(1, 13))
    model._predictor = model._predictor.going_on(model._predictor.known.followed_by([forecasts[:6]]))
    np.testing.assert_allclose(model.predict(), forecasts[6:], rtol=1e-6)


def test_without_a_better_epoch_the_forecast_is_seasonal_naive():
    y = np.tile([3.0, 1.0, 4.0, 1.0, 5.0, 9.0], 20)
    model = GRUForecaster(**FAST).fit(y)
    assert model.season_length_ == 6
    assert model.best_iter_ == 0
    assert model.predict(range(1, 9)).tolist() == [3, 1, 4, 1, 5, 9, 3, 1]


@pytest.mark.parametrize("difference", [1, 2])
def test_differences_are_undone(difference):
    """A straight line, and a parabola, of which the differences are constant."""
    t = np.arange(60.0)
    y = t if difference == 1 else t**2
    model = GRUForecaster(**FAST, difference=difference, season_length=1, horizon=4).fit(y[:50])
    np.testing.assert_allclose(model.predict(range(1, 11)), y[50:], rtol=1e-12)


@pytest.mark.parametrize("scale", ["window", "series"])
@pytest.mark.parametrize("factor, level", [(1e-6, 0.0), (2.0**20, 0.0), (1.0, 2.0**30)])
def test_forecasts_move_with_level_and_scale(scale, factor, level):
    y = wave(120, noise=1).round(6)
    fast = dict(FAST, scale=scale, season_length=12, dtype="float64")
    expected = GRUForecaster(**fast).fit(y).predict()
    moved = GRUForecaster(**fast).fit(factor * y + level).predict()
    np.testing.assert_allclose((moved - level) / factor, expected, rtol=1e-4 if level else 1e-8)


@pytest.mark.parametrize(
    "y",
    [np.zeros(60), np.full(60, 1e12), np.arange(60), np.full(30, 0.1)],
    ids=["0", "1e12", "integers", "0.1"],
)
def test_simple_series(y):
    forecasts = GRUForecaster(**FAST, difference=1).fit(y).predict([1, 2])
    step = y[1] - y[0]
    np.testing.assert_allclose(forecasts, y[-1] + step * np.array([1, 2]), rtol=1e-12)


def test_a_level_of_1e12_keeps_its_digits():
    y = wave(120, noise=1)
    model = GRUForecaster(**FAST, season_length=12)
    low, high = model.fit(y).predict(), model.fit(y + 1e12).predict()
    np.testing.assert_allclose(high - 1e12, low, atol=0.05)


def test_many_series_are_forecast_each_by_itself():
    """One network; the forecast of a series depends neither on its place nor on the others."""
    y = [wave(n, level, noise=1, seed=n) for n, level in ((80, 10), (120, 1e5), (100, -50))]
    model = GRUForecaster(**FAST).fit(y)
    together = model.predict()
    for i, part in enumerate(together):
        assert abs(part - y[i][-12:]).max() < 20
        alone = clone(model).fit(y)
        fitted = model._predictor
        known = KnownValues(fitted.known.recent[i : i + 1], fitted.known.ends[[i]])
        parts = fitted.predictor, fitted.lags, fitted.moments[[i]], known
        alone._predictor = ForecastPredictor(*parts, linear=fitted.linear)
        alone._form = alone._form._replace(form="array")
        assert alone.predict().tolist() == part.tolist()


def test_containers_say_the_same():
    pd = pytest.importorskip("pandas")
    y = np.stack([wave(96, noise=1), wave(96, 5.0, noise=2, seed=1)])
    index = pd.period_range("2016-01", periods=108, freq="M")
    frame = pd.DataFrame(y.T, index[:96], ["a", "b"])
    expected = GRUForecaster(**FAST).fit(y).predict()
    as_list = GRUForecaster(**FAST).fit(list(y)).predict()
    assert np.array_equal(np.stack(as_list), expected)
    columns = GRUForecaster(**FAST).fit(frame).predict()
    pd.testing.assert_frame_equal(columns, pd.DataFrame(expected.T, index[96:], ["a", "b"]))
    stacked = frame.rename_axis("month").stack().swaplevel().sort_index().to_frame("v")
    stacked.index.names = ["series", "month"]
    long = GRUForecaster(**FAST).fit(stacked).predict()
    assert long.index.names == ["series", "month"]
    assert long["v"].to_numpy().tolist() == expected.ravel().tolist()
    series = GRUForecaster(**FAST).fit(frame["a"])
    pd.testing.assert_index_equal(series.predict(index[[97, 101]]).index, index[[97, 101]])
    assert series.cutoff_ == index[95]


def test_nothing_after_the_cutoff_is_read():
    """Planted values behind the end of a view are in memory, and change nothing."""
    planted = [wave(120, noise=1), wave(120, noise=1)]
    planted[1][96:] = 1e9
    fits = [GRUForecaster(**FAST).fit(y[:96]) for y in planted]
    assert fits[0].predict().tolist() == fits[1].predict().tolist()


def test_early_stopping_knows_nothing_of_what_it_is_measured_on():
    """The network that is watched is the same whatever the last part of the series is."""
    y = wave(120, noise=1)
    other = y.copy()
    other[-12:] += 5
    for scale in ("window", "series", None):
        fits = [
            GRUForecaster(**FAST, season_length=12, horizon=6, scale=scale, n_iter_no_change=4).fit(part)
            for part in (y, other)
        ]
        assert fits[0].loss_curve_ == fits[1].loss_curve_
        assert fits[0].validation_loss_curve_ != fits[1].validation_loss_curve_


def test_same_seed_same_bits_for_any_number_of_threads():
    y = [wave(200, noise=1, seed=i) for i in range(5)]
    fits = [GRUForecaster(**FAST, n_jobs=n_jobs).fit(y) for n_jobs in (1, 2)]
    assert np.array_equal(*[np.stack(model.predict()) for model in fits])


def test_conventions():
    y = wave(96, noise=1)
    model = GRUForecaster(**FAST)
    with pytest.raises(NotFittedError):
        model.predict()
    assert not hasattr(model, "weights_")
    model.fit(y)
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert not hasattr(again, "season_length_")
    assert again.set_params(lags=5).fit(y).lags_ == 5
    assert model.weights_["head.weight"].shape == (12, 8)
    assert "GRUForecaster" in repr(model)
    assert model.fit(y) is model


def test_pickle():
    pd = pytest.importorskip("pandas")
    y = pd.Series(wave(96, noise=1), pd.date_range("2020-01-01", periods=96, freq="D", tz="Europe/Berlin"))
    model = GRUForecaster(**FAST).fit(y)
    data = pickle.dumps(model, protocol=1)
    named = {arg for op, arg, _ in pickletools.genops(data) if op.name == "GLOBAL" and arg.startswith("gruc")}
    assert named == {"gruc GRUForecaster"}
    pd.testing.assert_series_equal(pickle.loads(data).predict(), model.predict())
    assert pickle.loads(data).set_params(warm_start=True).fit(y).horizon_ == 12


def test_warm_start_goes_on():
    y = wave(120, noise=1)
    options = dict(FAST, early_stopping=False, n_iter_no_change=np.inf)
    model = GRUForecaster(**options, warm_start=True).fit(y)
    first = model.loss_curve_
    assert model.fit(y).loss_curve_[0] < first[0]
    anew = GRUForecaster(**options).fit(y)
    assert anew.loss_curve_ == anew.fit(y).loss_curve_ == first
    with pytest.raises(ValueError, match="lags is 3, but the existing network has 12"):
        model.set_params(lags=3).fit(y)
    with pytest.raises(ValueError, match="horizon is 20, but"):
        model.set_params(lags="auto").fit(y, fh=20)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes is \[3\], but"):
        model.set_params(hidden_layer_sizes=3).fit(y)


def test_a_fit_that_fails_changes_nothing():
    y = wave(96, noise=1)
    model = GRUForecaster(**FAST).fit(y)
    before = model.predict().tolist()
    for bad in (y[:1], np.append(y, np.nan), y * 1e160):
        with pytest.raises(ValueError):
            model.fit(bad)
    assert model.predict().tolist() == before


def test_convergence_warning():
    with pytest.warns(ConvergenceWarning):
        GRUForecaster(**FAST).fit(wave(120, noise=1))


SHORT = {
    "one value": ([1.0], {}, "The longest series has 1 values|has 1 values"),
    "shorter than lags": (
        wave(20),
        dict(lags=30),
        r"y has 20 values; with lags=30 and season_length=1 .* needs 31",
    ),
    "one of two": ([wave(60), wave(5)], dict(season_length=12), r"y\[1\] has 5 values; .*Leave it out"),
    "horizon": (wave(30), dict(horizon=30, season_length=1), "too few to learn from.* shorter horizon"),
    "differences": (np.ones(2), dict(difference=2), "too few for difference=2"),
    "too large": (wave(60) * 1e160, {}, "the limit is 1e\\+150. Rescale"),
}


@pytest.mark.parametrize("y, settings, message", SHORT.values(), ids=SHORT)
def test_refused(y, settings, message):
    with pytest.raises(ValueError, match=message):
        GRUForecaster(**FAST | settings).fit(y)


@pytest.mark.parametrize("n", [12, 20, 36])
def test_short_series_are_forecast(n):
    forecasts = GRUForecaster(**FAST, horizon=3).fit(wave(n)).predict()
    assert np.isfinite(forecasts).all()


def test_longer_series_teach_shorter_ones():
    y = [wave(120), wave(25, 3.0)]
    model = GRUForecaster(random_state=0, season_length=12).fit(y)
    assert model.lags_ == 12
    assert mase(model.predict()[1], wave(37, 3.0)[25:], y[1], 12) < 0.5


def test_many_windows_are_sampled(monkeypatch):
    from gruc.training import forecast_data

    monkeypatch.setattr(forecast_data, "MOST_WINDOWS", 40)
    options = dict(FAST, early_stopping=False, max_iter=1, batch_size=40)
    model = GRUForecaster(**options).fit(wave(300))
    assert model._training_state.history.n_samples_seen == 40
    assert clone(model).set_params(shuffle=False).fit(wave(300))._training_state.history.n_samples_seen == 40


@pytest.mark.parametrize("shuffle", [True, False])
def test_few_windows_are_gone_through_several_times(shuffle):
    """As often as their batches are to be 32; `partial_fit` is one pass."""
    options = dict(FAST, early_stopping=False, max_iter=2, batch_size=20, shuffle=shuffle, calibration=None)
    y = wave(100)
    model = GRUForecaster(**options, season_length=12, lags=8).fit(y)
    n_windows = 100 - 20 - 12 + 1
    n_passes = 8  # of 4 batches each
    assert model._training_state.history.n_samples_seen == 2 * n_passes * n_windows
    chunk = GRUForecaster(**options, season_length=12, lags=8).partial_fit(y)
    assert chunk._training_state.history.n_samples_seen == n_windows


def test_real_series():
    """Better than the seasonal naive forecast on what was held out."""
    datasets = pytest.importorskip("statsmodels.datasets")
    co2 = datasets.co2.load_pandas().data["co2"].interpolate()
    model = GRUForecaster(random_state=0, max_iter=10, n_jobs=1).fit(co2[:-52])
    assert model.season_length_ == model.horizon_ == 52
    forecasts, actual = model.predict(), co2[-52:]
    assert forecasts.index.equals(actual.index)
    known = co2[:-52].to_numpy()
    assert mase(forecasts.to_numpy(), actual.to_numpy(), known, 52) < 0.7 * mase(
        known[-52:], actual.to_numpy(), known, 52
    )


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("epoch", [1, 3])
def test_interrupt_ends_the_fit(monkeypatch, early_stopping, epoch):
    """Of the run without the last part; the network is not trained anew on everything then."""
    from gruc.training.optimizers import Adam

    step, calls = Adam.step, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 32 * epoch:
            raise KeyboardInterrupt
        step(self, *args)

    monkeypatch.setattr(Adam, "step", interrupted)
    options = dict(FAST, max_iter=50, batch_size=200, early_stopping=early_stopping, season_length=12, lags=8)
    with pytest.warns(UserWarning, match=f"interrupted in epoch {epoch}"):
        model = GRUForecaster(**options).fit(wave(150, noise=1))  # all windows 32 times an epoch
    assert len(calls) == 32 * epoch
    assert model.n_iter_ == epoch - 1
    assert np.isfinite(model.predict()).all()
