"""Later origins: update and backtest of GRUForecaster."""

import pickle

import numpy as np
import pytest
from gruc import GRUForecaster
from gruc.sequences import KnownValues
from sklearn.model_selection import TimeSeriesSplit

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0)


def wave(n, noise=1.0, seed=0):
    t = np.arange(n)
    return 100 + 10 * np.sin(2 * np.pi * t / 12) + noise * np.random.default_rng(seed).standard_normal(n)


INDEX = pd.date_range("2020-01-01", periods=140, freq="D")
SERIES = pd.Series(wave(140), INDEX, name="load")


@pytest.mark.parametrize("difference", [0, 1, 2])
def test_update_without_learning_moves_the_origin(difference):
    """In any pieces, it says what a forecaster with these weights says of the whole."""
    model = GRUForecaster(**FAST, difference=difference, season_length=12).fit(SERIES[:100])
    pieces, at_once = (pickle.loads(pickle.dumps(model)) for _ in range(2))
    for start, stop in ((100, 101), (101, 104), (104, 130)):
        pieces.update(SERIES[start:stop], update_params=False)
    at_once.update(SERIES[100:130], update_params=False)
    pd.testing.assert_series_equal(pieces.predict(), at_once.predict())
    assert pieces.cutoff_ == INDEX[129]
    assert pieces.predict(1).index[0] == INDEX[130]
    known = SERIES[:130].to_numpy()
    values = np.diff(known, difference)
    ends = pieces._predictor.known.ends
    model._predictor = model._predictor.going_on(KnownValues([values], ends))
    assert model.predict().tolist() == pieces.predict().tolist()
    if difference:
        np.testing.assert_allclose(ends[0], [np.diff(known, k)[-1] for k in range(difference)])


def test_update_learns_from_windows_that_end_in_new_values():
    model = GRUForecaster(**FAST, season_length=12, horizon=6).fit(SERIES[:100])
    before = model.weights_["head.weight"].copy()
    model.update(SERIES[100:110])
    assert not np.array_equal(model.weights_["head.weight"], before)
    unseen = SERIES.copy()
    unseen[110:] = 1e9
    again = GRUForecaster(**FAST, season_length=12, horizon=6).fit(unseen[:100]).update(unseen[100:110])
    assert again.predict().tolist() == model.predict().tolist()


@pytest.mark.parametrize("n", [1, 3, 10])
def test_number_of_windows_of_an_update(n):
    """As many as there are new values: each is once the last of a horizon."""
    model = GRUForecaster(**FAST, season_length=12, horizon=6).fit(SERIES[:100])
    seen = model._training_state.history.n_samples_seen
    model.update(SERIES[100 : 100 + n])
    assert model._training_state.history.n_samples_seen - seen == n


def test_update_of_every_container():
    y = np.stack([wave(120), wave(120, seed=1)])
    frame = pd.DataFrame(y.T, INDEX[:120], ["a", "b"])
    long = frame.stack().swaplevel().sort_index()
    parts = {
        "rows": (y[:, :100], y[:, 100:]),
        "list": (list(y[:, :100]), list(y[:, 100:])),
        "columns": (frame[:100], frame[100:]),
        "long": tuple(
            long[(long.index.get_level_values(1) < INDEX[100]) == first] for first in (True, False)
        ),
        "series in a list": tuple(
            [frame[name][part] for name in "ab"] for part in (slice(100), slice(100, 120))
        ),
    }
    values = {}
    for name, (first, later) in parts.items():
        model = GRUForecaster(**FAST).fit(first).update(later)
        forecasts = model.predict([1, 2])
        values[name] = np.stack(forecasts) if isinstance(forecasts, list) else np.asarray(forecasts)
        if name == "columns":
            values[name] = values[name].T
        np.testing.assert_array_equal(values[name].reshape(2, 2), values["rows"])
        assert model.cutoff_ == (119 if name in ("rows", "list") else INDEX[119])


def test_update_refuses_what_does_not_follow():
    model = GRUForecaster(**FAST).fit(SERIES[:100])
    before = model.predict().tolist()
    for y, error, message in (
        (SERIES[101:110], ValueError, "has 2020-04-11 .* where 2020-04-10 .* follows"),
        (SERIES[99:110], ValueError, "2020-04-09 .* where 2020-04-10"),
        (SERIES[100:110].drop(INDEX[105]), ValueError, "2020-04-16 .* where 2020-04-15"),
        (SERIES[100:110].rename("other"), ValueError, "has the series other, but .* fitted on load"),
        (wave(5), TypeError, "not in the form that the series had in fit, 'series'"),
        (SERIES[100:110].reset_index(drop=True), TypeError, "RangeIndex, but .* 'datetime'"),
        (SERIES[100:110] * np.nan, ValueError, "NaN"),
    ):
        with pytest.raises(error, match=message):
            model.update(y)
    assert model.predict().tolist() == before
    with pytest.raises(ValueError, match="Give the same series"):
        GRUForecaster(**FAST).fit(np.stack([wave(60)] * 2)).update(np.ones((3, 5)))


def test_backtest_is_fits_on_what_was_known():
    cv = TimeSeriesSplit(3, test_size=6)
    model = GRUForecaster(**FAST, season_length=12)
    table = model.backtest(SERIES, cv=cv)
    assert table.columns.tolist() == ["cutoff", "time", "step", "actual", "forecast", "lower", "upper"]
    assert len(table) == 18
    assert not hasattr(model, "horizon_")
    for origin in (122, 128, 134):
        rows = table[table.cutoff == INDEX[origin - 1]]
        fitted = GRUForecaster(**FAST, season_length=12).fit(SERIES[:origin], fh=range(1, 7))
        assert rows.forecast.tolist() == fitted.predict().tolist()
        assert rows.actual.tolist() == SERIES[origin : origin + 6].tolist()
        assert rows.time.tolist() == INDEX[origin : origin + 6].tolist()
        bounds = fitted.predict_interval(coverage=0.9).to_numpy()
        assert rows[["lower", "upper"]].to_numpy().tolist() == bounds.tolist()


def test_backtest_without_refitting():
    model = GRUForecaster(**FAST, season_length=12)
    table = model.backtest(SERIES, cv=TimeSeriesSplit(3, test_size=6), refit=False, coverage=None)
    fitted = GRUForecaster(**FAST, season_length=12).fit(SERIES[:122], fh=range(1, 7))
    expected = fitted.predict().tolist()
    for start in (122, 128):
        expected += fitted.update(SERIES[start : start + 6], update_params=False).predict().tolist()
    assert table.forecast.tolist() == expected
    assert "lower" not in table


def test_backtest_of_some_steps_and_sliding_windows():
    model = GRUForecaster(**FAST, season_length=12)
    table = model.backtest(SERIES, cv=TimeSeriesSplit(2, max_train_size=80), fh=[1, 5])
    assert table.step.tolist() == [1, 5, 1, 5]
    origin = 140 - 46
    fitted = GRUForecaster(**FAST, season_length=12).fit(SERIES[origin - 80 : origin], fh=[1, 5])
    assert table.forecast[2:].tolist() == fitted.predict().tolist()
    assert len(model.backtest(SERIES[:60], fh=3)) == 5


def test_backtest_reads_nothing_after_a_cutoff():
    planted = SERIES.copy()
    planted[130:] = 1e9
    tables = [
        GRUForecaster(**FAST).backtest(y, cv=TimeSeriesSplit(2, test_size=10), fh=range(1, 11))
        for y in (SERIES, planted)
    ]
    columns = ["forecast", "lower", "upper"]
    pd.testing.assert_frame_equal(*[table[columns] for table in tables])


def test_backtest_of_several_series_of_unequal_lengths():
    y = [wave(100), wave(80, seed=1)]
    table = GRUForecaster(**FAST, season_length=12).backtest(y, cv=TimeSeriesSplit(2, test_size=4))
    assert table.series.tolist() == ([0] * 4 + [1] * 4) * 2
    fitted = GRUForecaster(**FAST, season_length=12).fit([y[0][:-4], y[1][:-4]], fh=range(1, 5))
    last = table[8:]
    assert last.forecast.tolist() == np.concatenate(fitted.predict()).tolist()
    assert last.time.tolist() == [*range(96, 100), *range(76, 80)]


def test_backtest_needs_time_in_order():
    class Shuffled:
        def split(self, X):
            yield np.array([3, 1, 2]), np.array([0])

    with pytest.raises(ValueError, match="cv, split 0, must give consecutive steps"):
        GRUForecaster(**FAST).backtest(SERIES, cv=Shuffled())
    with pytest.raises(ValueError, match="steps that fh has none of"):
        GRUForecaster(**FAST).backtest(SERIES, cv=TimeSeriesSplit(2, test_size=3), fh=9)
