"""Chunk by chunk: partial_fit of GRUForecaster."""

import pickle

import numpy as np
import pytest
from gruc import GRUForecaster
from sklearn.base import clone

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), random_state=0, early_stopping=False)


def chunk(seed, n_series=6, n=120, period=12):
    """Series with a season and a bend that no linear path follows."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) + rng.integers(period, size=(n_series, 1))
    season = 4 * np.sin(2 * np.pi * t / period)
    return 50 * rng.random((n_series, 1)) + np.abs(season) * season + 0.3 * rng.standard_normal((n_series, n))


def test_first_call_is_one_epoch_of_fit():
    """Without calibration; with it, errors are measured before the chunk is learned. Fits read more seasons."""
    y = chunk(0)
    options = FAST | dict(calibration=None, season_length=1)
    once = GRUForecaster(**options, max_iter=1).fit(y)
    partial = GRUForecaster(**options).partial_fit(y)
    assert np.array_equal(partial.predict(), once.predict())
    assert partial.loss_curve_ == once.loss_curve_


def test_chunks_teach():
    """The loss falls from chunk to chunk; what the first has fixed stays; forecasts are of the last."""
    model = GRUForecaster(**FAST, learning_rate_init=0.01)
    for seed in range(12):
        model.partial_fit(chunk(seed))
        if seed == 0:
            first = pickle.loads(pickle.dumps(model))
    assert model.n_iter_ == len(model.loss_curve_) == 12
    assert np.mean(model.loss_curve_[-3:]) < 0.97 * model.loss_curve_[0]
    assert model._predictor.lags == first._predictor.lags
    assert np.array_equal(model._predictor.linear, first._predictor.linear)
    y = chunk(11, n=132)
    known = clone(model).set_params(calibration=None, max_iter=1).fit(y[:, :120])
    assert np.abs(model.predict() - y[:, 120:]).mean() < 1.5 * np.abs(known.predict() - y[:, 120:]).mean()
    assert model.n_series_ == 6
    model.partial_fit(chunk(20, n_series=3))
    assert model.predict().shape == (3, 12)


def test_calibration_is_by_errors_before_the_pass():
    model = GRUForecaster(**FAST).partial_fit(chunk(0))
    y = chunk(1)
    after = pickle.loads(pickle.dumps(model)).partial_fit(y)
    predictor = model._predictor
    context, horizon = predictor.lags.context, predictor.lags.horizon
    errors = []
    from gruc.sequences import KnownValues

    for series in y:
        for origin in range(120 - 2 * horizon + 1, 120 - horizon + 1):
            known = KnownValues([series[origin - context : origin]], np.zeros((1, 0)))
            at = predictor.at(known, np.array([predictor.lags.moments(series)]), True)
            scale = at.start().scales(at.lags)[0, 0]
            errors.append((series[origin : origin + horizon] - at.forecasts(horizon)[0]) / scale)
    spread = np.sqrt(np.square(errors).mean(axis=0))
    assert after._predictor.conformal.spread[-1] == pytest.approx(spread.max(), rel=0.3)
    assert after.predict_interval().shape == (12, 12)


@pytest.mark.parametrize(
    "options",
    [dict(strategy="decoder"), dict(strategy="recursive"), dict(loss="quantile", calibration="adaptive")],
)
def test_with_other_settings(options):
    model = GRUForecaster(**FAST, **options)
    for seed in range(3):
        y = chunk(seed)
        model.partial_fit(y, y[:, :, np.newaxis] ** 2)
    ahead = np.zeros((6, 12, 1))
    assert np.isfinite(model.predict(X=ahead)).all()
    assert (np.diff(model.predict_interval(X=ahead).to_numpy().reshape(12, 6, 2), axis=2) > 0).all()
    model.update(chunk(2, n=124)[:, 120:], np.zeros((6, 4, 1)))
    assert np.isfinite(model.predict(X=ahead)).all()


def test_fit_and_partial_fit_follow_each_other():
    y = chunk(0)
    model = GRUForecaster(**FAST, max_iter=3).fit(y)
    weights = model.weights_["head.weight"].copy()
    model.partial_fit(chunk(1))
    assert not np.array_equal(model.weights_["head.weight"], weights)
    assert model.n_iter_ == 4
    assert clone(model).fit(y).n_iter_ == model.fit(y).n_iter_ == 3
    first, second = GRUForecaster(**FAST).partial_fit(y), GRUForecaster(**FAST, n_jobs=2).partial_fit(y)
    assert np.array_equal(first.predict(), second.predict())


def test_refused():
    y = chunk(0)
    with pytest.raises(ValueError, match="early_stopping=True needs all series"):
        GRUForecaster().partial_fit(y)
    model = GRUForecaster(**FAST).partial_fit(y, fh=[3])
    before = model.predict().tolist()
    with pytest.raises(ValueError, match="horizon is 5, but"):
        model.partial_fit(y, fh=5)
    with pytest.raises(ValueError, match=r"made with no columns, not with columns of X \[0\]"):
        model.partial_fit(y, np.ones((120, 1)))
    with pytest.raises(ValueError, match="has 7 values"):
        model.partial_fit(y[:, :7])
    assert model.predict().tolist() == before


def test_later_calls_keep_fh():
    first, second = chunk(0), chunk(1)
    model = GRUForecaster(**FAST, horizon=6).partial_fit(first, fh=[2, 4]).partial_fit(second)
    named = GRUForecaster(**FAST, horizon=6).partial_fit(first, fh=[2, 4]).partial_fit(second, fh=[2, 4])
    assert model.predict().shape == (6, 2)
    assert np.array_equal(model.predict(), named.predict())
    assert np.array_equal(model.predict(), model.predict([2, 4]))
    assert model.partial_fit(first, fh=[1, 4]).partial_fit(second).predict().shape == (6, 2)
    assert np.array_equal(model.predict(), model.predict([1, 4]))


def test_calendar_of_later_chunks_is_that_of_the_first():
    index = pd.date_range("2020-01-01", periods=800, freq="D")
    y = chunk(0, n=800, period=7)
    model = GRUForecaster(**FAST, calendar="auto").partial_fit(pd.DataFrame(y.T, index))
    assert model.calendar_ == ("weekday", "month")
    model.partial_fit(pd.DataFrame(y[:, :90].T, index[:90]))
    assert model.calendar_ == ("weekday", "month")
    warm = clone(model).set_params(warm_start=True, max_iter=1, calendar=None).fit(pd.DataFrame(y.T, index))
    with pytest.raises(ValueError, match="made with no columns, not with calendar"):
        warm.set_params(calendar=("month",)).fit(pd.DataFrame(y.T, index))
