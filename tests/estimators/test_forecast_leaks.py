"""Nothing past the cutoff is read: the future is planted in every column and index, for all strategies."""

import numpy as np
import pytest
from gruc import GRUForecaster
from sklearn.model_selection import TimeSeriesSplit

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=3, random_state=0, season_length=7, horizon=5, lags=6)
STRATEGIES = ["direct", "recursive", "decoder"]
INDEX = pd.date_range("2020-01-01", periods=130, freq="D")
CUTOFF = 100


def problem(seed=0):
    """Two series, a column known ahead and one that is not."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((130, 2))
    season = 5 * np.sin(2 * np.pi * np.arange(130) / 7)
    y = 50 + season[:, np.newaxis] + 2 * X[:, :1] + X[:, 1:] + 0.5 * rng.standard_normal((130, 2))
    return pd.DataFrame(y, INDEX, ["a", "b"]), pd.DataFrame(X, INDEX, ["ahead", "past"])


Y, X = problem()


def columns_of(strategy, **settings):
    """Settings and columns of X; a recursive network reads none of the past alone."""
    settings = FAST | dict(strategy=strategy, calendar="auto") | settings
    if strategy == "recursive":
        return settings, ["ahead"]
    return settings | dict(past_only=["past"]), ["ahead", "past"]


def bits(model):
    """All that a fit has found in numbers."""
    predictor = model._predictor
    conformal = predictor.conformal
    return {
        "weights": predictor.predictor.parameters.tolist(),
        "lags": predictor.lags,
        "linear": None if predictor.linear is None else predictor.linear.tolist(),
        "moments": predictor.moments.tolist(),
        "scales": [(table.mean.tolist(), table.factor.tolist()) for table in predictor.covariates.tables],
        "calibration": [np.asarray(part).tolist() for part in conformal if part is not None],
        "losses": (model.loss_curve_, model.validation_loss_curve_),
        "calendar": model.calendar_,
    }


@pytest.mark.parametrize("scale", ["window", "series"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_fit_reads_nothing_after_the_cutoff(strategy, scale):
    """X goes on behind the last time of y, with values that nobody would overlook."""
    settings, names = columns_of(strategy, scale=scale)
    planted = X.copy()
    planted.iloc[CUTOFF:] = np.nan
    planted = pd.concat([planted, planted.iloc[-1:].set_index(pd.DatetimeIndex(["2035-01-01"]))])
    fits = [GRUForecaster(**settings).fit(Y[:CUTOFF], x[names]) for x in (X[:CUTOFF], X, planted)]
    assert bits(fits[0]) == bits(fits[1]) == bits(fits[2])
    # the forecast reads columns known ahead at its steps, and nothing else of what is to come
    ahead = planted.copy()
    ahead.iloc[CUTOFF : CUTOFF + 5, 0] = X.iloc[CUTOFF : CUTOFF + 5, 0]
    forecasts = [model.predict(X=x[names]) for model, x in zip(fits, (X, X, ahead), strict=True)]
    assert np.isfinite(forecasts[0].to_numpy()).all()
    # nothing is known of the steps after these in the planted X: the direct network is asked for no more
    assert forecasts[0].equals(forecasts[1])
    assert forecasts[0].equals(forecasts[2])
    intervals = [model.predict_interval(X=x[names]) for model, x in zip(fits, (X, X, ahead), strict=True)]
    assert intervals[0].equals(intervals[2])


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_backtest_reads_nothing_after_each_origin(strategy, refit):
    """y, columns of the past and columns further ahead than the forecast: planted after each origin in turn."""
    settings, names = columns_of(strategy, calibration="adaptive")
    cv = TimeSeriesSplit(3, test_size=5)
    frame = GRUForecaster(**settings).backtest(Y, X[names], cv=cv, refit=refit)
    cutoffs = frame["cutoff"].unique()
    assert len(cutoffs) == 3
    for cutoff in cutoffs:
        y, x = Y.copy(), X.copy()
        last = INDEX.get_loc(cutoff)
        y.iloc[last + 1 :] = 1e6
        x.iloc[last + 1 :, 1] = -1e6
        x.iloc[last + 6 :, 0] = 1e6
        planted = GRUForecaster(**settings).backtest(y, x[names], cv=cv, refit=refit)
        numbers = ["forecast", "lower", "upper"]
        known = frame["cutoff"] <= cutoff
        pd.testing.assert_frame_equal(frame[known][numbers], planted[known][numbers], check_exact=True)
        if cutoff != cutoffs[-1]:
            assert not frame[~known][numbers].equals(planted[~known][numbers])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_run_that_is_watched_knows_nothing_of_the_last_part(strategy):
    """Neither values nor columns, nor their scales; forecasts of it differ."""
    settings, names = columns_of(strategy, scale="series", validation_fraction=0.2, n_iter_no_change=3)
    n_held_out = 10
    y, x = Y[:CUTOFF].copy(), X[:CUTOFF].copy()
    y.iloc[-n_held_out:] += 20
    x.iloc[-n_held_out:] *= 5
    fits = [
        GRUForecaster(**settings).fit(*parts) for parts in ((Y[:CUTOFF], X[names][:CUTOFF]), (y, x[names]))
    ]
    assert fits[0].loss_curve_ == fits[1].loss_curve_
    assert fits[0].validation_loss_curve_ != fits[1].validation_loss_curve_


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_update_reads_nothing_after_its_values(strategy):
    settings, names = columns_of(strategy, calibration="adaptive")
    planted = X.copy()
    planted.iloc[CUTOFF + 6 :] = np.nan
    models = [GRUForecaster(**settings).fit(Y[:CUTOFF], X[names]) for _ in range(2)]
    for model, x in zip(models, (X, planted), strict=True):
        model.update(Y[CUTOFF : CUTOFF + 6], x[names])
    assert bits(models[0]) == bits(models[1])


def test_the_calendar_is_chosen_by_what_is_known():
    """Two years are seen at the last origin, and not at the first."""
    index = pd.date_range("2020-01-01", periods=740, freq="D")
    y = pd.Series(np.sin(2 * np.pi * np.arange(740) / 7) + 0.1 * np.cos(np.arange(740) ** 2), index)
    options = FAST | dict(max_iter=1, calendar="auto")
    cv = [(np.arange(700), np.arange(700, 705)), (np.arange(735), np.arange(735, 740))]
    frame = GRUForecaster(**options).backtest(y, cv=cv)
    first = GRUForecaster(**options).fit(y[:700], fh=range(1, 6))
    assert first.calendar_ == ("weekday",)
    assert frame["forecast"][:5].tolist() == first.predict().tolist()
    assert GRUForecaster(**options).fit(y[:735]).calendar_ == ("weekday", "month")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_forecasts_do_not_depend_on_the_other_series(strategy, loss):
    """Bit for bit: those of a panel are those of each series by itself."""
    y, x = Y.to_numpy().T, X.to_numpy().T[:, :, np.newaxis]
    settings = FAST | dict(strategy=strategy, loss=loss, early_stopping=False)
    model = GRUForecaster(**settings).fit(y[:, :CUTOFF], x[:, :CUTOFF])
    together = model.predict(range(1, 14), x[:, CUTOFF : CUTOFF + 13])
    predictor = model._predictor
    for i in range(2):
        known = predictor.known._replace(
            recent=predictor.known.recent[i : i + 1], ends=predictor.known.ends[[i]]
        )
        alone = predictor.at(known, predictor.moments[[i]], True)
        alone.covariates = predictor.covariates.of_series(np.array([i]), np.zeros(1, int))
        assert alone.predict(range(1, 14), x[i, CUTOFF : CUTOFF + 13]).tolist() == together[i].tolist()


SIMPLE = {
    "zeros": np.zeros(60),
    "constant": np.full(60, 3.0),
    "1e12": np.full(60, 1e12) + np.arange(60) % 7,
    "integers": np.arange(60) % 7 + np.arange(60) // 7,
    "one step": np.repeat([1.0, 2.0], 30),
}


@pytest.mark.parametrize("y", SIMPLE.values(), ids=SIMPLE)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_simple_series(y, strategy, loss):
    """With a column that is constant, too; a constant series has that forecast."""
    x = np.full((70, 1), 1e9)
    settings = FAST | dict(strategy=strategy, loss=loss, calibration="adaptive")
    model = GRUForecaster(**settings).fit(y, x[:60])
    forecasts = model.predict(range(1, 11), x[60:])
    assert np.isfinite(forecasts).all()
    spread = max(np.ptp(y), 1e-9)
    assert (np.abs(forecasts - y[-7:].mean()) <= 3 * spread).all()
    if np.ptp(y) == 0:
        assert forecasts.tolist() == [y[0]] * 10
    model.update(y[-9:], x[:9])
    assert np.isfinite(model.predict(X=x[:5])).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_short_series(strategy):
    settings = FAST | dict(strategy=strategy)
    with pytest.raises(ValueError, match=r"has 1 values; .*needs 13\. Leave it out, or set smaller lags"):
        GRUForecaster(**settings).fit([Y["a"].to_numpy(), np.array([1.0])])
    with pytest.raises(ValueError, match="too few to learn from"):
        GRUForecaster(**settings).fit(Y["a"].to_numpy()[:17])
    short = GRUForecaster(**settings).fit([Y["a"].to_numpy(), Y["b"].to_numpy()[:13]])
    assert np.isfinite(short.predict()[1]).all()


def test_many_series_are_in_memory_once():
    """What a fit and a forecast add to the data is a few arrays of the size of y, not one for each lag."""
    import tracemalloc

    rng = np.random.default_rng(0)
    y, x = rng.standard_normal((1000, 400)).cumsum(axis=1), rng.standard_normal((1000, 400, 2))
    settings = dict(hidden_layer_sizes=(4,), max_iter=1, random_state=0, season_length=1, horizon=12, lags=24)
    tracemalloc.start()
    try:
        model = GRUForecaster(**settings, n_jobs=1).fit(y, x)
        model.predict(X=x[:, :12])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * (y.nbytes + x.nbytes)  # rows of all windows are 24 * 8 times y
    kept = sum(array.nbytes for array in model._predictor.known.recent)
    kept += model._predictor.covariates.tables[0].values.nbytes
    assert kept < 0.2 * (y.nbytes + x.nbytes)
