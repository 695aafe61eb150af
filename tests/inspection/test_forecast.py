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
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize("periods", [False, True])
def test_series_with_a_backtest(periods):
    index = pd.period_range("2016-01", periods=96, freq="M")
    times = index.to_timestamp()
    y = pd.Series(wave(96), index if periods else times)
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


def test_one_of_several():
    y = np.stack([wave(96), 5 + wave(96, 1)])
    frame = pd.DataFrame(y.T, columns=["a", "b"])
    long = frame.stack().swaplevel().sort_index()
    for form, series in ((y, 1), (list(y), 1), (frame, "b"), (long, "b")):
        model = GRUForecaster(**FAST).fit(form)
        display = ForecastDisplay.from_estimator(model, form, series=series)
        assert np.asarray(display.history_line_.get_ydata()).tolist() == y[1].tolist()
        expected = GRUForecaster(**FAST).fit(y)
        assert np.asarray(display.forecast_line_.get_ydata()).tolist() == expected.predict()[1].tolist()
        bounds = expected.predict_interval().to_numpy()[:, 2:]
        assert set(bounds.ravel()) <= set(display.band_.get_paths()[0].vertices[:, 1])
        with pytest.raises(ValueError, match="knows 2 series, and series is None"):
            ForecastDisplay.from_estimator(model, form)
    alone = GRUForecaster(**FAST).fit(frame[["a"]])
    display = ForecastDisplay.from_estimator(alone, frame[["a"]])
    assert np.asarray(display.history_line_.get_ydata()).tolist() == y[0].tolist()


def test_not_fitted():
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(GRUForecaster(), wave(20))
