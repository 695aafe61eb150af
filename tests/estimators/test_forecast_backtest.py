"""Folds of GRUForecaster.backtest: their order, those of defaults, and what is refused."""

import numpy as np
import pytest
from gruc import GRUForecaster
from sklearn.model_selection import TimeSeriesSplit

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=2, random_state=0)


def wave(n, noise=1.0, seed=0):
    t = np.arange(n)
    return 100 + 10 * np.sin(2 * np.pi * t / 12) + noise * np.random.default_rng(seed).standard_normal(n)


def fold(stop, n_ahead=4, start=0):
    return np.arange(start, stop), np.arange(stop, stop + n_ahead)


def origins_of(table):
    """Cutoffs, each once, in the order of the table."""
    return table["cutoff"].drop_duplicates().tolist()


@pytest.mark.parametrize("calibration", ["split", "adaptive"])
@pytest.mark.parametrize("stops", [(66, 60), (72, 60, 66, 60), (60, 60, 66)])
def test_without_refitting_folds_may_have_any_order(stops, calibration):
    """Rows are those of the same folds in order of time: no forecast knows more than its cutoff."""
    model = GRUForecaster(**FAST, season_length=12, calibration=calibration)
    y = wave(80)
    table = model.backtest(y, cv=[fold(stop) for stop in stops], refit=False)
    in_order = model.backtest(y, cv=[fold(stop) for stop in sorted(set(stops))], refit=False)
    assert table["cutoff"].tolist() == [stop - 1 for stop in stops for _ in range(4)]
    expected = pd.concat([in_order[in_order["cutoff"] == stop - 1] for stop in stops], ignore_index=True)
    pd.testing.assert_frame_equal(table, expected)
    fitted = GRUForecaster(**FAST, season_length=12, calibration=calibration).fit(y[:60], fh=range(1, 5))
    assert table.loc[table["cutoff"] == 59, "forecast"][:4].tolist() == fitted.predict().tolist()


@pytest.mark.parametrize("starts", [(0, 0), (0, 5), (5, 0)])
def test_nothing_after_a_cutoff_is_read_by_folds_that_go_back(starts):
    y, planted = wave(80), wave(80)
    planted[60:] = 1e6
    cv = [fold(70, start=starts[0]), fold(60, start=starts[1])]
    first, second = (GRUForecaster(**FAST).backtest(part, cv=cv, refit=False)[4:] for part in (y, planted))
    columns = ["cutoff", "forecast", "lower", "upper"]
    pd.testing.assert_frame_equal(first[columns], second[columns])


def test_refitted_folds_may_have_any_order():
    y = wave(80)
    table = GRUForecaster(**FAST).backtest(y, cv=[fold(70), fold(60, start=5)])
    fits = [GRUForecaster(**FAST).fit(part, fh=range(1, 5)) for part in (y[:70], y[5:60])]
    assert table["forecast"].tolist() == np.concatenate([fit.predict() for fit in fits]).tolist()


def test_defaults_forecast_the_last_seasons():
    y = wave(240)
    table = GRUForecaster(**FAST).backtest(y)
    assert origins_of(table) == [179, 191, 203, 215, 227]
    assert table["time"].tolist() == list(range(180, 240))
    fitted = GRUForecaster(**FAST).fit(y[:192], fh=range(1, 13))
    assert table["forecast"][12:24].tolist() == fitted.predict().tolist()
    assert np.isfinite(table["lower"]).all()


def test_defaults_of_series_without_a_season():
    rng = np.random.default_rng(0)
    table = GRUForecaster(random_state=0).backtest(rng.normal(size=400))
    assert origins_of(table) == list(range(394, 399))
    assert table["step"].tolist() == [1] * 5


def test_the_season_of_the_folds_is_found_before_them():
    """Values of the last third, which are forecast, do not say how far."""
    y = wave(180)
    y[120:] = 100 + 10 * np.sin(2 * np.pi * np.arange(60) / 5)
    assert GRUForecaster(**FAST).backtest(y)["step"].max() == 12


@pytest.mark.parametrize(
    "options, n_ahead",
    [(dict(horizon=5), 5), (dict(season_length=7), 7), (dict(horizon=3, season_length=7), 3)],
)
def test_defaults_forecast_what_the_parameters_say(options, n_ahead):
    y = np.random.default_rng(0).normal(size=1200)
    model = GRUForecaster(random_state=0, max_iter=2, **options)
    table = model.backtest(y)
    assert table["step"].tolist() == list(range(1, n_ahead + 1)) * 5
    assert table["time"].tolist() == list(range(1200 - 5 * n_ahead, 1200))
    last = GRUForecaster(random_state=0, max_iter=2, **options).fit(y[:-n_ahead])
    assert last.horizon_ == n_ahead
    assert table["forecast"][-n_ahead:].tolist() == last.predict().tolist()


def test_fh_comes_before_the_horizon():
    y = wave(200)
    table = GRUForecaster(**FAST, horizon=9).backtest(y, fh=[1, 4])
    assert origins_of(table) == [179, 183, 187, 191, 195]
    fitted = GRUForecaster(**FAST).fit(y[:196], fh=[1, 4])
    assert table["forecast"][-2:].tolist() == fitted.predict().tolist()


@pytest.mark.parametrize("refit", [True, False])
def test_networks_have_the_horizon_that_is_set(refit):
    """Beyond it, forecasts go on block by block, as those of predict."""
    y = wave(120)
    model = GRUForecaster(**FAST, horizon=3)
    table = model.backtest(y, cv=TimeSeriesSplit(2, test_size=8), refit=refit)
    fitted = GRUForecaster(**FAST, horizon=3).fit(y[:104])
    assert table["forecast"][:8].tolist() == fitted.predict(range(1, 9)).tolist()


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("options, n_later, horizon", [(dict(horizon=3), 3, 3), ({}, 9, 8)])
def test_columns_of_the_past_end_at_the_horizon(options, n_later, horizon, refit, monkeypatch):
    """That of the earliest fold, where nothing is fitted anew."""
    y = wave(120)
    x = np.stack([y, y], axis=1)
    model = GRUForecaster(**FAST, **options, season_length=12, past_only=[1])
    cv = [fold(100, n_later), fold(90, 8)]
    if refit and not options:
        assert len(model.backtest(y, x, cv=cv)) == 17
        return
    monkeypatch.setattr(GRUForecaster, "_fit_series", None)
    with pytest.raises(ValueError, match=rf"fh reaches {max(8, n_later)}, beyond horizon_={horizon}"):
        model.backtest(y, x, cv=cv, refit=refit)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_short_series_have_fewer_folds(early_stopping):
    """As many as leave enough to fit to; none is an error."""
    model = GRUForecaster(**FAST, season_length=4, horizon=4, lags=4, early_stopping=early_stopping)
    for n in range(16, 20):
        with pytest.raises(ValueError, match=f"y has {n} steps, too few to forecast the last 4 by a fit"):
            model.backtest(wave(n), fh=[4])
    counts = [len(model.backtest(wave(n), fh=[4])) for n in range(20, 44)]
    # 8 for a context, and twice the horizon for learning and measuring, before the first fold
    assert counts == [min((n - 16) // 4, 5) for n in range(20, 44)]


def test_short_series_of_several():
    y = [wave(100), wave(40, seed=1)]
    table = GRUForecaster(**FAST, season_length=12, difference=1).backtest(y)
    # the shorter needs a window and a season, and one value for the difference
    assert origins_of(table[table["series"] == 1]) == [15, 27]
    assert origins_of(table[table["series"] == 0]) == [75, 87]
    with pytest.raises(ValueError, match="y has 3 steps, too few to forecast the last 1 "):
        GRUForecaster(**FAST).backtest(np.arange(3.0))


@pytest.mark.parametrize("make", [list, tuple, range, np.array, pd.Index])
def test_pairs_of_any_sequences(make):
    y = wave(80)
    known, later = (range(*span) if make is range else make(range(*span)) for span in ((0, 60), (60, 64)))
    table = GRUForecaster(**FAST).backtest(y, cv=iter([(known, later)]))
    expected = GRUForecaster(**FAST).backtest(y, cv=[fold(60)])
    pd.testing.assert_frame_equal(table, expected)


@pytest.mark.parametrize(
    "cv, error, message",
    [
        (3, TypeError, "cv is 3. Give a splitter"),
        ("walk", TypeError, "cv is 'walk'"),
        (TimeSeriesSplit, TypeError, "Give a splitter"),
        ([], ValueError, "cv gives no split"),
        ([5], TypeError, "cv, split 0, is not a pair"),
        ((range(60), range(60, 64)), TypeError, "cv, split 0, is not a pair"),
        ([fold(60), (range(60), 60)], TypeError, "cv, split 1, must give two sequences of integers"),
        ([(range(60), [60.0])], TypeError, "cv, split 0, must give two sequences of integers"),
        ([(range(60), [])], ValueError, "cv, split 0, has no steps known, or none to forecast"),
        ([fold(60), (range(60), [62, 61])], ValueError, "cv, split 1, .* in order of time"),
        ([(range(60), [61, 61])], ValueError, "cv, split 0, .* in order of time"),
        ([(range(60), [59, 60])], ValueError, "cv, split 0, .* later ones"),
        ([([0, 2, 3], [4])], ValueError, "cv, split 0, must give consecutive steps"),
        ([fold(60), fold(78)], ValueError, "cv, split 1, contains step 81, but y has 80, from 0 to 79"),
        ([(range(-3, 60), [60])], ValueError, "cv, split 0, contains step -3"),
    ],
)
def test_bad_cv(cv, error, message, monkeypatch):
    """It is refused before anything is fitted."""
    monkeypatch.setattr(GRUForecaster, "_fit_series", None)
    with pytest.raises(error, match=message):
        GRUForecaster(**FAST).backtest(wave(80), cv=cv)


@pytest.mark.parametrize(
    "coverage, error",
    [([0.8, 0.9], TypeError), ("wide", TypeError), (True, TypeError), (2, ValueError), (0, ValueError)],
)
def test_bad_coverage(coverage, error, monkeypatch):
    monkeypatch.setattr(GRUForecaster, "_fit_series", None)
    with pytest.raises(error, match="coverage must be"):
        GRUForecaster(**FAST).backtest(wave(80), coverage=coverage)


def test_bad_parameters_are_refused_before_folds_are_made():
    with pytest.raises(ValueError, match="'difference' parameter .* in the range \\[0, 2\\]"):
        GRUForecaster(**FAST, difference=3).backtest(wave(80))
    with pytest.raises(ValueError, match="'difference' parameter"):
        GRUForecaster(**FAST, difference=3).fit(wave(80))


def test_past_only_names_each_column_once():
    y = wave(80)
    with pytest.raises(ValueError, match="past_only contains 0 twice"):
        GRUForecaster(**FAST, past_only=[0, 1, 0]).fit(y, np.stack([y, y], axis=1))
