"""Forecasters that go on: what later fits and updates accept, and what they refuse without a change."""

import pickle

import numpy as np
import pytest
from gruc import GRUForecaster

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = dict(hidden_layer_sizes=(4,), lags=6, season_length=4, horizon=4, max_iter=2, early_stopping=False)
Y = np.random.default_rng(0).normal(size=90).cumsum()


def fitted(y=Y, **settings):
    return GRUForecaster(**SETTINGS | {"random_state": 0} | settings).fit(y)


@pytest.mark.parametrize("update_params", [False, True])
def test_values_that_fit_refuses_are_refused_later(update_params):
    model = fitted()
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"y reaches 1e\+200, the limit is 1e\+150"):
        model.update(np.array([1e200]), update_params=update_params)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(difference=1), "difference is 1, but the existing network has 0"),
        (dict(loss="quantile"), "quantile is .*, but the existing network has"),
        (dict(strategy="recursive"), "strategy is recursive, but"),
        (dict(dtype="float64"), "dtype is float64, but"),
        (dict(scale="series"), "scale is series, but"),
        (dict(horizon=5), "horizon is 5, but"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("method", ["fit", "update"])
def test_another_network_is_not_gone_on_with(changed, message, method):
    model = fitted(warm_start=True)
    forecasts = model.predict()
    model.set_params(**changed)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(Y)
    assert np.array_equal(model.predict(), forecasts)


def test_an_fh_of_fit_stands_before_the_parameter():
    model = GRUForecaster(**SETTINGS | {"horizon": 6}, random_state=0).fit(Y[:80], fh=4)
    model.update(Y[80:])
    assert np.array_equal(model.predict(), model.predict(fh=[1, 2, 3, 4])[3:])


def test_static_columns_are_copied():
    static = np.array([[1.0], [2.0]])
    model = GRUForecaster(**SETTINGS, random_state=0).fit(np.stack([Y, -Y]), static=static)
    forecasts = model.predict()
    static[:] = 9
    assert np.array_equal(model.predict(), forecasts)


def test_static_columns_of_a_list_of_series_are_found_by_name():
    pd = pytest.importorskip("pandas")
    index = pd.date_range("2020-01-01", periods=90)
    y = [pd.Series(Y, index, name="a"), pd.Series(2 * Y, index, name="b")]
    static = pd.DataFrame({"size": [1.0, 5.0]}, ["a", "b"])
    model = GRUForecaster(**SETTINGS, random_state=0)
    in_order, reversed_rows = (model.fit(y, static=rows).predict() for rows in (static, static[::-1]))
    for series, same in zip(in_order, reversed_rows, strict=True):
        pd.testing.assert_series_equal(series, same)
    with pytest.raises(ValueError, match="static has no row for the series 'b'"):
        model.fit(y, static=static.rename({"b": "c"}))


def test_one_series_goes_on_without_its_name():
    pd = pytest.importorskip("pandas")
    index = pd.date_range("2020-01-01", periods=90)
    model = fitted(pd.Series(Y[:80], index[:80], name="sales"))
    forecasts = model.update(pd.Series(Y[80:], index[80:]), update_params=False).predict()
    assert forecasts.name == "sales"
    assert forecasts.index[0] == pd.Timestamp("2020-03-31")


@pytest.mark.parametrize("difference", [0, 1])
@pytest.mark.parametrize("update_params", [False, True])
def test_some_series_go_on(difference, update_params):
    pd = pytest.importorskip("pandas")
    model, later = fitted([Y[:80], Y[:50]], difference=difference), Y[80:87]
    before = model.predict()
    model.update([later, np.empty(0)], update_params=update_params)
    alone = fitted([Y[:80], Y[:50]], difference=difference).update([later, Y[50:51]], update_params=False)
    if not update_params:
        assert np.array_equal(model.predict()[0], alone.predict()[0])
        assert np.array_equal(model.predict()[1], before[1])
    assert [len(recent) for recent in model._predictor.known.recent] == [model._predictor.n_kept] * 2

    index = pd.date_range("2020-01-01", periods=90)
    frame = pd.concat({"b": pd.Series(Y[:80], index[:80]), "a": pd.Series(Y[:50], index[:50])})
    long = fitted(frame, difference=difference)
    long.update(pd.concat({"b": pd.Series(later, index[80:87])}), update_params=update_params)
    assert np.array_equal(np.concatenate(model.predict()), long.predict().to_numpy())
    assert long.cutoff_ == [index[86], index[49]]
    both = pd.concat({"a": pd.Series(Y[50:53], index[50:53]), "b": pd.Series(Y[87:], index[87:])})
    assert long.update(both, update_params=False).cutoff_ == [index[89], index[52]]


def test_some_series_go_on_with_their_covariates():
    pd = pytest.importorskip("pandas")
    index = pd.date_range("2020-01-01", periods=90)
    x = pd.DataFrame({"wave": np.sin(np.arange(90))}, index)

    def of(b, a):
        return pd.concat({"b": pd.Series(Y[b], index[b]), "a": pd.Series(Y[a], index[a])})

    def fitted(b, a):
        return GRUForecaster(**SETTINGS, random_state=0).fit(of(b, a), pd.concat({"b": x[b], "a": x[a]}))

    ahead = pd.concat({"b": x[84:88], "a": x[50:54]})
    model = fitted(slice(80), slice(50))
    model.update(
        pd.concat({"b": pd.Series(Y[80:84], index[80:84])}), pd.concat({"b": x[80:84]}), update_params=False
    )
    both = fitted(slice(80), slice(50))
    both.update(
        of(slice(80, 84), slice(50, 51)), pd.concat({"b": x[80:84], "a": x[50:51]}), update_params=False
    )
    later = pd.concat({"b": x[84:88], "a": x[51:55]})
    pd.testing.assert_series_equal(model.predict(X=ahead)["b"], both.predict(X=later)["b"])
    before = fitted(slice(80), slice(50)).predict(X=pd.concat({"b": x[80:84], "a": x[50:54]}))
    pd.testing.assert_series_equal(model.predict(X=ahead)["a"], before["a"])
