"""ForecastDisplay, on a canvas without a screen."""

import numpy as np
import pytest
from gruc import GRUForecaster
from sklearn.exceptions import NotFittedError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pd = pytest.importorskip("pandas")

from gruc.inspection import ForecastDisplay  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0, season_length=12)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def wave(n, seed=0):
    return np.sin(np.arange(n) * np.pi / 6) + 0.2 * np.random.default_rng(seed).standard_normal(n)


def labels_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("calibration", ["split", "adaptive"])
def test_constant_series(calibration):
    y = np.ones(50)
    model = GRUForecaster(**FAST, calibration=calibration).fit(y)
    display = ForecastDisplay.from_estimator(model, y, fh=[1, 4])
    assert display.forecast_line_.get_ydata().tolist() == [1, 1]
    (interval,) = (c for c in display.ax_.collections if len(c.get_paths()))
    assert set(interval.get_paths()[0].vertices[:, 1]) == {1.0}


def test_array():
    y = wave(96)
    model = GRUForecaster(**FAST).fit(y)
    display = ForecastDisplay.from_estimator(model, y, fh=[1, 4], coverage=0.8, color="k", n_history=20)
    assert display.history_line_.get_xdata().tolist() == list(range(76, 96))
    assert display.history_line_.get_ydata().tolist() == y[-20:].tolist()
    assert display.forecast_line_.get_xdata().tolist() == [96, 99]
    assert display.forecast_line_.get_ydata().tolist() == model.predict([1, 4]).tolist()
    assert display.forecast_line_.get_color() == "k"
    corners = display.band_.get_paths()[0].vertices[:, 1]
    bounds = model.predict_interval([1, 4], coverage=0.8).to_numpy()
    assert set(bounds.ravel()) <= set(corners)
    assert labels_of(display) == ["series", "forecast", "80% interval"]
    assert display.ax_.get_ylabel() == "value"
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize("periods", [False, True])
def test_series_with_a_backtest(periods):
    index = pd.period_range("2016-01", periods=96, freq="M")
    times = index.to_timestamp()
    y = pd.Series(wave(96), index if periods else times, name="load")
    model = GRUForecaster(**FAST, calibration=None).fit(y)
    table = model.backtest(y, fh=range(1, 5), refit=False)
    _, ax = plt.subplots()
    display = ForecastDisplay.from_estimator(model, y, backtest=table, ax=ax)
    assert display.ax_ is ax
    assert display.band_ is None
    assert pd.DatetimeIndex(display.history_line_.get_xdata()).equals(pd.DatetimeIndex(times))
    assert display.forecast_line_.get_xdata()[0] == times[-1] + pd.DateOffset(months=1)
    assert [line.get_ydata().tolist() for line in display.backtest_lines_] == [
        part.forecast.tolist() for _, part in table.groupby("cutoff")
    ]
    assert labels_of(display) == ["series", "forecast", "backtest"]
    assert display.ax_.get_ylabel() == "load"


def test_one_of_several():
    y = np.stack([wave(96), 5 + wave(96, 1)])
    frame = pd.DataFrame(y.T, columns=["a", "b"])
    long = frame.stack().swaplevel().sort_index()
    for form, series in ((y, 1), (list(y), 1), (frame, "b"), (long, "b")):
        model = GRUForecaster(**FAST).fit(form)
        display = ForecastDisplay.from_estimator(model, form, series=series)
        assert np.asarray(display.history_line_.get_ydata()).tolist() == y[1].tolist()
        assert display.ax_.get_ylabel() == ("b" if series == "b" else "value")
        expected = GRUForecaster(**FAST).fit(y)
        assert np.asarray(display.forecast_line_.get_ydata()).tolist() == expected.predict()[1].tolist()
        bounds = expected.predict_interval().to_numpy()[:, 2:]
        assert set(bounds.ravel()) <= set(display.band_.get_paths()[0].vertices[:, 1])
        with pytest.raises(ValueError, match="knows 2 series, and series is None"):
            ForecastDisplay.from_estimator(model, form)
    alone = GRUForecaster(**FAST).fit(frame[["a"]])
    display = ForecastDisplay.from_estimator(alone, frame[["a"]])
    assert np.asarray(display.history_line_.get_ydata()).tolist() == y[0].tolist()
    assert display.ax_.get_ylabel() == "a"


def test_several_series():
    frame = pd.DataFrame({"a": wave(96), "b": 5 + wave(96, 1), "c": wave(96, 2)})
    model = GRUForecaster(**FAST).fit(frame)
    table = model.backtest(frame, fh=range(1, 5), refit=False)
    display = ForecastDisplay.from_estimator(model, frame, series=["c", "b"], n_history=24, backtest=table)
    assert [ax.get_title() for ax in display.ax_] == ["c", "b"]
    assert display.figure_ is display.ax_[1].figure
    for name in ("c", "b"):
        assert display.history_line_[name].get_ydata().tolist() == frame[name][-24:].tolist()
        assert display.forecast_line_[name].get_ydata().tolist() == model.predict()[name].tolist()
        bounds = model.predict_interval()[name].to_numpy()
        assert set(bounds.ravel()) <= set(display.band_[name].get_paths()[0].vertices[:, 1])
        rows = table[table.series == name]
        assert [line.get_ydata().tolist() for line in display.backtest_lines_[name]] == [
            part.forecast.tolist() for _, part in rows.groupby("cutoff")
        ]
    assert [text.get_text() for text in display.ax_[0].get_legend().get_texts()] == [
        "series", "forecast", "90% interval", "backtest",
    ]  # fmt: skip
    _, axes = plt.subplots(1, 3)
    display = ForecastDisplay.from_estimator(model, frame, series=["a", "b", "c"], ax=axes)
    assert (display.ax_ == axes).all()
    with pytest.raises(ValueError, match="ax has 3 axes for 2 series"):
        ForecastDisplay.from_estimator(model, frame, series=["a", "b"], ax=axes)


def test_columns_known_ahead():
    y, X = wave(96), wave(108, 1)[:, None]
    model = GRUForecaster(**FAST).fit(y, X[:96])
    display = ForecastDisplay.from_estimator(model, y, X[96:])
    assert display.forecast_line_.get_ydata().tolist() == model.predict(X=X[96:]).tolist()
    assert set(model.predict_interval(X=X[96:]).to_numpy().ravel()) <= set(
        display.band_.get_paths()[0].vertices[:, 1]
    )


def test_backtest_alone():
    y = pd.Series(wave(96), pd.period_range("2016-01", periods=96, freq="M"))
    table = GRUForecaster(**FAST).backtest(y, fh=range(1, 5), refit=False)
    display = ForecastDisplay.from_backtest(table)
    assert (display.forecast_line_, display.band_) == (None, None)
    assert display.history_line_.get_ydata().tolist() == y[-20:].tolist()
    assert [line.get_ydata().tolist() for line in display.backtest_lines_] == [
        part.forecast.tolist() for _, part in table.groupby("cutoff")
    ]
    for band, (_, part) in zip(display.backtest_bands_, table.groupby("cutoff"), strict=True):
        assert set(part.lower) | set(part.upper) <= set(band.get_paths()[0].vertices[:, 1])
    assert labels_of(display) == ["series", "backtest", "interval"]
    display = ForecastDisplay.from_backtest(table, y, n_history=30)
    assert display.history_line_.get_ydata().tolist() == y[-30:].tolist()
    bare = GRUForecaster(**FAST, calibration=None).backtest(y, fh=[1], refit=False)
    assert ForecastDisplay.from_backtest(bare).backtest_bands_ == []
    many = GRUForecaster(**FAST).backtest(np.stack([y, 2 * y]), fh=[1, 2], refit=False)
    display = ForecastDisplay.from_backtest(many, series=[1, 0])
    assert display.history_line_[1].get_ydata().tolist() == (2 * y[-10:]).tolist()
    for wrong, series in ((many, None), (table, 0)):
        with pytest.raises(ValueError, match=r"backtest is of (\[0, 1\]|one series), and series is"):
            ForecastDisplay.from_backtest(wrong, series=series)


@pytest.mark.parametrize("kind", ["dates", "periods", "array", "series of an array"])
def test_a_backtest_of_other_values_is_refused(kind):
    y = wave(96)
    if kind == "dates":
        y = pd.Series(y, pd.date_range("2016-01-01", periods=96, freq="MS", unit="s"))
    elif kind == "periods":
        y = pd.Series(y, pd.period_range("2016-01", periods=96, freq="M"))
    elif kind == "series of an array":
        y = np.stack([y, 2 * y])
    table = GRUForecaster(**FAST).backtest(y, fh=[1, 2], refit=False)
    series = 1 if kind == "series of an array" else None
    ForecastDisplay.from_backtest(table, y, series=series)
    for wrong in (y + 1, y[:, :-2] if y.ndim == 2 else y[:-2]):
        with pytest.raises(ValueError, match="y is not what the backtest was of: at "):
            ForecastDisplay.from_backtest(table, wrong, series=series)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(GRUForecaster(), wave(20))


def test_other_series_are_refused():
    """y is drawn before the forecast, so it must be what forecasts start from."""
    y = np.sin(np.arange(60) / 2) + 3
    model = GRUForecaster(max_iter=1, season_length=1, random_state=0, difference=1).fit(y)
    ForecastDisplay.from_estimator(model, y[-20:])
    for wrong in (y[:-1], y + np.r_[np.zeros(59), 1], np.r_[y, 1.0]):
        with pytest.raises(ValueError, match="y does not end as the forecaster knows it"):
            ForecastDisplay.from_estimator(model, wrong)
    with pytest.raises(ValueError, match="y has 2 series, and the forecaster knows 1"):
        ForecastDisplay.from_estimator(model, np.stack([y, y]))
    with pytest.raises(ValueError, match="missing|NaN|nan"):
        ForecastDisplay.from_estimator(model, np.r_[y[:-1], np.nan])
