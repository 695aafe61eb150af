"""gruc.adapters.sktime: sktime's own checks, and the same forecasts as without it."""

import gruc
import numpy as np
import pytest
from sklearn.base import clone

pytest.importorskip("sktime")
pd = pytest.importorskip("pandas")

from gruc.adapters.sktime import GRUForecaster  # noqa: E402
from sktime.datasets import load_airline  # noqa: E402
from sktime.forecasting.base import ForecastingHorizon  # noqa: E402
from sktime.forecasting.compose import TransformedTargetForecaster  # noqa: E402
from sktime.forecasting.model_evaluation import evaluate  # noqa: E402
from sktime.split import ExpandingWindowSplitter  # noqa: E402
from sktime.transformations.boxcox import LogTransformer  # noqa: E402
from sktime.utils.estimator_checks import check_estimator  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0, season_length=4)


def waves(n_series=4, n=48):
    t = np.arange(n)
    noise = np.random.default_rng(0).standard_normal((n_series, n))
    return 10 * np.arange(n_series)[:, None] + np.sin(t * np.pi / 2) + 0.2 * noise


@pytest.mark.filterwarnings("ignore")
def test_checks_of_sktime():
    assert len(check_estimator(GRUForecaster, raise_exceptions=True, verbose=False)) > 800


def test_parameters_are_those_of_gruc():
    assert GRUForecaster().get_params() == gruc.GRUForecaster().get_params()
    with pytest.raises(TypeError, match=r"'seed'\. Did you mean random_state\?"):
        GRUForecaster(seed=0)
    with pytest.raises(ValueError, match="'lags' parameter of GRUForecaster must be"):
        GRUForecaster(lags=0).fit(load_airline())
    assert clone(GRUForecaster(**FAST)).get_params() == GRUForecaster(**FAST).get_params()


@pytest.mark.parametrize("fh_in_fit", [True, False])
def test_series(fh_in_fit):
    y = load_airline()
    fh = [1, 3, 6]
    model = GRUForecaster(**FAST).fit(y, fh=fh if fh_in_fit else None)
    plain = gruc.GRUForecaster(**FAST).fit(y, fh=fh if fh_in_fit else None)
    pd.testing.assert_series_equal(model.predict(fh), plain.predict(fh))
    times = ForecastingHorizon(pd.period_range("1961-01", periods=3, freq="M"), is_relative=False)
    pd.testing.assert_series_equal(model.predict(times), plain.predict([1, 2, 3]))
    intervals = model.predict_interval(fh, coverage=[0.9, 0.5])  # in the order asked for
    assert intervals.columns.get_level_values(1).tolist() == [0.9, 0.9, 0.5, 0.5]
    expected = plain.predict_interval(fh, coverage=[0.5, 0.9])
    pd.testing.assert_frame_equal(intervals[[*expected]], expected)
    expected = plain.predict_quantiles(fh, alpha=[0.2, 0.7])
    pd.testing.assert_frame_equal(model.predict_quantiles(fh, alpha=[0.7, 0.2])[[*expected]], expected)
    fitted = model.get_fitted_params()
    assert fitted["season_length"] == 4
    assert fitted["loss_curve"] == plain.loss_curve_


def test_variables_of_instances_are_series():
    values = waves()
    index = pd.period_range("2000", periods=48, freq="Q")
    wide = pd.DataFrame(values.T, index, columns=["b", "a", "d", "c"])
    fh = [1, 2, 5]
    # the seasonal naive forecast of early stopping would be the same by chance: no early stopping
    settings = FAST | dict(early_stopping=False, max_iter=20)
    plain = gruc.GRUForecaster(**settings).fit(wide, fh=fh)
    expected, bounds = plain.predict(), plain.predict_interval()
    assert (abs(expected - wide[-4:].to_numpy()[[0, 1, 0]]).max() > 1e-3).all()  # each variable
    model = GRUForecaster(**settings).fit(wide, fh=fh)
    pd.testing.assert_frame_equal(model.predict(), expected)
    pd.testing.assert_frame_equal(model.predict_interval(), bounds)
    # the same four series as one variable of four instances, and as two variables of two
    long = wide.stack().swaplevel().to_frame("x")
    long = long.loc[["b", "a", "d", "c"]]
    forecasts = GRUForecaster(**settings).fit(long, fh=fh).predict()
    for name in wide:
        np.testing.assert_array_equal(forecasts.loc[name, "x"], expected[name])
    pairs = pd.concat(
        {"m": wide[["b", "a"]], "k": wide[["d", "c"]].set_axis(["b", "a"], axis=1)}, names=["of", "time"]
    )
    model = GRUForecaster(**settings).fit(pairs, fh=fh)
    for key, variable, name in [("m", "b", "b"), ("m", "a", "a"), ("k", "b", "d"), ("k", "a", "c")]:
        np.testing.assert_array_equal(model.predict().loc[key, variable], expected[name])
        np.testing.assert_array_equal(model.predict_interval().loc[key][variable], bounds[name])
    assert model.predict().columns.tolist() == ["b", "a"]
    assert model.forecaster_.n_series_ == 4


def test_series_that_end_at_different_times():
    """fh counts from the latest end, as in sktime; each series is forecast from its own end to there."""
    values = waves()
    index = pd.date_range("2000", periods=48, freq="MS")
    wide = pd.DataFrame(values[:2].T, index, columns=["u", "v"])
    other = pd.DataFrame(values[2:].T, index, columns=["u", "v"])
    y = pd.concat({"late": wide[:-2], "early": other[:-5]}, names=["of", "time"])
    model = GRUForecaster(**FAST).fit(y, fh=[1, 3])
    plain = [*wide[:-2].to_numpy().T, *other[:-5].to_numpy().T]
    expected = gruc.GRUForecaster(**FAST).fit(plain, fh=[1, 3])

    def check(times, late, early):
        forecasts, bounds = model.predict(), model.predict_interval(coverage=0.5)
        rows = np.array(expected.predict(range(1, 9)))
        intervals = expected.predict_interval(range(1, 9), coverage=0.5).to_numpy().reshape(4, 8, 2)
        for i, (key, name, steps) in enumerate(
            [("late", "u", late), ("late", "v", late), ("early", "u", early), ("early", "v", early)]
        ):
            assert forecasts.loc[key].index.equals(times)
            np.testing.assert_array_equal(forecasts.loc[key, name], rows[i, np.subtract(steps, 1)])
            np.testing.assert_array_equal(bounds.loc[key][name], intervals[i, np.subtract(steps, 1)])

    times = pd.date_range("2003-11-01", periods=5, freq="MS")
    check(times[[0, 2]], late=[1, 3], early=[4, 6])
    # absolute times are the same for all series
    absolute = ForecastingHorizon(times[1:3], is_relative=False)
    pd.testing.assert_frame_equal(model.predict(absolute), model.predict([2, 3]))
    model.predict([1, 3])
    # one month more of the one, and four of the other: the ends come nearer
    model.update(pd.concat({"late": wide[-3:-1], "early": other[-5:-1]}, names=["of", "time"]))
    expected.update([*wide[-2:-1].to_numpy().T, *other[-5:-1].to_numpy().T])
    check(times[[1, 3]], late=[1, 3], early=[1, 3])
    model.update(
        pd.concat({"late": wide[-1:], "early": other[-1:]}, names=["of", "time"]), update_params=False
    )
    expected.update([*wide[-1:].to_numpy().T, *other[-1:].to_numpy().T], update_params=False)
    check(times[[2, 4]], late=[1, 3], early=[1, 3])


def test_columns_beside_the_series():
    values = waves()
    index = pd.period_range("2000", periods=48, freq="Q")
    wide = pd.DataFrame(values.T, index, columns=["b", "a", "d", "c"])
    beside = pd.DataFrame({"promotion": values[0] > 0.5, "price": values[1] ** 2}, index)
    settings = FAST | dict(early_stopping=False, max_iter=20, past_only=["price"])
    y, X = wide["b"][:-8], beside[:-8]
    model = GRUForecaster(**settings).fit(y, X, fh=[1, 3])
    plain = gruc.GRUForecaster(**settings).fit(y, X, fh=[1, 3])
    for at in (beside, 0 * beside):  # the columns are read
        pd.testing.assert_series_equal(model.predict(X=at), plain.predict(X=at))
        pd.testing.assert_frame_equal(model.predict_interval(X=at), plain.predict_interval(X=at))
    assert not model.predict(X=beside).equals(model.predict(X=beside.assign(promotion=False)))
    for kind in (model, plain):
        kind.update(wide["b"][-8:-4], beside)
    pd.testing.assert_series_equal(model.predict(X=beside), plain.predict(X=beside))
    with pytest.raises(ValueError, match="X"):
        model.predict()
    # two variables of two instances, whose columns differ
    pairs = pd.concat(
        {"m": wide[["b", "a"]], "k": wide[["d", "c"]].set_axis(["b", "a"], axis=1)}, names=["of", "time"]
    )
    of_pairs = pd.concat({"m": beside, "k": 2 * beside}, names=["of", "time"])
    known = [key for key in pairs.index if key[1] < index[-8]]
    model = GRUForecaster(**settings).fit(pairs.loc[known], of_pairs, fh=[1, 3])
    names = {"b": ("m", "b"), "a": ("m", "a"), "d": ("k", "b"), "c": ("k", "a")}
    long = pd.concat({name: wide[[name]].set_axis(["y"], axis=1) for name in names}, names=["of", "time"])
    X = pd.concat({name: of_pairs.loc[of] for name, (of, _) in names.items()}, names=["of", "time"])
    known = [key for key in long.index if key[1] < index[-8]]
    expected = gruc.GRUForecaster(**settings).fit(long.loc[known], X, fh=[1, 3]).predict(X=X)
    forecasts = model.predict(X=of_pairs)
    for name, (of, variable) in names.items():
        np.testing.assert_array_equal(forecasts.loc[of, variable], expected.loc[name, "y"])


@pytest.mark.parametrize("update_params", [False, True])
def test_update_reads_what_is_new(update_params):
    y = load_airline()
    model = GRUForecaster(**FAST).fit(y[:120], fh=[1, 2])
    model.update(y[110:126], update_params=update_params)
    plain = gruc.GRUForecaster(**FAST).fit(y[:120], fh=[1, 2]).update(y[120:126], update_params=update_params)
    pd.testing.assert_series_equal(model.predict(), plain.predict())
    model.update(y[110:126])  # nothing new
    pd.testing.assert_series_equal(model.predict(), plain.predict())
    with pytest.raises(ValueError, match=r"has 1960-09 where 1959-07 follows"):
        model.update(y[140:])
    with pytest.raises(ValueError, match="knows y until 1959-06, and cannot go back to 1958-12"):
        GRUForecaster(**FAST).fit(y[:126], fh=1).update(y[:120])


def test_update_of_another_series_is_refused():
    y = load_airline().to_frame("x")
    panel = pd.concat({"a": y[:120], "b": y[:120]}, names=["of", "time"])
    later = pd.concat({"a": y[120:], "c": y[120:]}, names=["of", "time"])
    with pytest.raises(ValueError, match=r"y has the series \['a', 'c'\], but the forecaster was fitted on"):
        GRUForecaster(**FAST).fit(panel, fh=1).update(later)


def test_tools_of_sktime():
    y = load_airline()
    cv = ExpandingWindowSplitter(initial_window=108, step_length=12, fh=range(1, 13))
    model = TransformedTargetForecaster([LogTransformer(), GRUForecaster(random_state=0)])
    for strategy in ("refit", "update", "no-update_params"):
        table = evaluate(model, cv, y, strategy=strategy, error_score="raise")
        assert len(table) == 3
        assert table["test_MeanAbsolutePercentageError"].mean() < 0.1
