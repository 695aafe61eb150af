"""Covariates of GRUForecaster: in every container, ahead and of the past, without a leak."""

import pickle

import numpy as np
import pytest
from gruc import GRUForecaster
from sklearn.model_selection import TimeSeriesSplit

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0, season_length=6, horizon=4, lags=8)


def problem(n=90, n_series=2, seed=0):
    """Series that follow two columns, at a place of the season each; y (n_series, n), X (n_series, n, 2)."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    X = np.stack([rng.random((n_series, n)) < 0.3, rng.standard_normal((n_series, n))], axis=2).astype(float)
    y = 50 + 5 * np.sin(2 * np.pi * t / 6) + 6 * X[:, :, 0] + 2 * X[:, :, 1]
    return y + 0.5 * rng.standard_normal((n_series, n)), X


INDEX = pd.date_range("2020-01-01", periods=110, freq="D")
Y, X = problem(110)


def frame_of(values, names=("promo", "heat")):
    return pd.DataFrame(values, INDEX[: len(values)], list(names))


def test_columns_known_ahead_are_learned():
    """The error is far below that of the same network without them."""
    y, x = problem(700, 1)
    options = dict(random_state=0, season_length=6, horizon=6, n_jobs=1, max_iter=40)
    errors = []
    for columns in (None, x[0]):
        model = GRUForecaster(**options, calibration=None).fit(
            y[0, :640], None if columns is None else columns[:640]
        )
        forecasts = model.predict(range(1, 61), None if columns is None else columns[640:])
        errors.append(np.abs(forecasts - y[0, 640:]).mean())
    assert errors[1] < 0.6 * errors[0]


def test_a_decoder_does_not_stop_at_a_low_validation_loss_by_chance():
    """Its forecasts are good by chance after few steps of training, worse for dozens, and then good."""
    t = np.arange(252)
    promotion = (t**3 % 23 < 4).astype(float)
    y = 100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12) + 20 * promotion
    model = GRUForecaster(strategy="decoder", season_length=12, random_state=4, n_jobs=1)
    forecasts = model.fit(y[:240], promotion[:240]).predict(X=promotion[240:])
    assert model.best_iter_ > 5
    assert np.abs(forecasts - y[240:]).max() < 4  # of 20 that a promotion brings


def test_the_forecast_moves_with_what_is_given_ahead():
    model = GRUForecaster(**FAST, early_stopping=False).fit(Y[0, :90], X[0, :90])
    calm, promo = np.zeros((4, 2)), np.array([[0, 0], [0, 0], [1, 0], [0, 0.0]])
    assert not np.array_equal(model.predict(X=calm), model.predict(X=promo))
    assert not np.array_equal(model.predict_interval(X=calm), model.predict_interval(X=promo))


def test_containers_say_the_same():
    y, x = Y[:, :90], X[:, :90]
    ahead = X[:, 90:94]
    expected = GRUForecaster(**FAST).fit(y, x).predict(X=ahead)
    as_list = GRUForecaster(**FAST).fit(list(y), list(x)).predict(X=list(ahead))
    assert np.array_equal(np.stack(as_list), expected)
    keys = ["a", "b"]
    index = pd.MultiIndex.from_product([keys, INDEX], names=["series", "time"])
    long_x = pd.DataFrame(X.reshape(-1, 2), index, ["promo", "heat"])
    long_y = pd.Series(Y.ravel(), index)
    times = index.get_level_values(1)
    long_y, x_known = long_y[times < INDEX[90]], long_x[times < INDEX[90]]
    for given in (x_known, long_x, x_known.sample(frac=1, random_state=0).sort_index(level=1), long_x[::-1]):
        if not given.index.is_monotonic_increasing and given.index[0][1] > given.index[-1][1]:
            given = given.sort_index()  # times of a series must rise
        model = GRUForecaster(**FAST).fit(long_y, given)
        np.testing.assert_allclose(model.predict(X=long_x).to_numpy(), expected.ravel(), rtol=1e-12)
    wide = pd.DataFrame(y.T, INDEX[:90], keys)
    forecasts = GRUForecaster(**FAST).fit(wide, long_x).predict(X=long_x)
    np.testing.assert_allclose(forecasts.to_numpy().T, expected, rtol=1e-12)
    frames = [frame_of(part) for part in X]
    series = [pd.Series(part, INDEX[:90]) for part in y]
    listed = GRUForecaster(**FAST).fit(series, frames).predict(X=frames)
    np.testing.assert_allclose(np.stack(listed), expected, rtol=1e-12)


def test_columns_that_all_series_share():
    y, x = Y[:, :90], X[0]
    expected = GRUForecaster(**FAST).fit(y, np.stack([x[:90], x[:90]])).predict(X=np.stack([x[90:94]] * 2))
    shared = GRUForecaster(**FAST).fit(y, x[:90])
    # sums over one table and over two equal ones differ in their last bits, depending on NumPy's version
    np.testing.assert_allclose(shared.predict(X=x[90:94]), expected, rtol=1e-12)
    assert len(shared._predictor.covariates.tables[0].values) == shared._predictor.n_kept
    wide = GRUForecaster(**FAST).fit(pd.DataFrame(y.T, INDEX[:90]), frame_of(x))
    np.testing.assert_allclose(wide.predict(X=frame_of(x)).to_numpy().T, expected, rtol=1e-12)
    index = pd.MultiIndex.from_product([["a", "b"], INDEX[:90]])
    long = GRUForecaster(**FAST).fit(pd.Series(y.ravel(), index), frame_of(x))
    np.testing.assert_allclose(long.predict(X=frame_of(x)).to_numpy(), expected.ravel(), rtol=1e-12)


def test_series_of_different_lengths_and_times():
    y = [pd.Series(Y[0, 5:90], INDEX[5:90]), pd.Series(Y[1, :70], INDEX[:70])]
    own = [frame_of(X[0]), frame_of(X[1])]
    forecasts = GRUForecaster(**FAST).fit(y, own).predict(X=own)
    arrays = GRUForecaster(**FAST).fit([Y[0, 5:90], Y[1, :70]], [X[0, 5:90], X[1, :70]])
    again = arrays.predict(X=[X[0, 90:94], X[1, 70:74]])
    np.testing.assert_allclose(np.stack(forecasts), np.stack(again), rtol=1e-12)
    assert [part.index[0] for part in forecasts] == [INDEX[90], INDEX[70]]


def test_further_rows_are_read_where_they_are_given():
    """fh is part of the same forecasts; the last row given stands for those that are not."""
    model = GRUForecaster(**FAST).fit(Y[0, :90], X[0, :90])
    whole = model.predict(range(1, 13), X[0, 90:102])
    assert model.predict([2, 7], X[0, 90:102]).tolist() == whole[[1, 6]].tolist()
    last = np.concatenate([X[0, 90:96], X[0, [95, 95]]])
    assert model.predict(range(1, 7), X[0, 90:96]).tolist() == model.predict(range(1, 9), last)[:6].tolist()


def test_past_only():
    x = X[0].copy()
    model = GRUForecaster(**FAST, past_only=(1,)).fit(Y[0, :90], x[:90])
    expected = model.predict(X=x[90:94, :1])
    x[90:] = x[90:] * [1, 0] + [0, np.nan]
    assert model.predict(X=x[90:94]).tolist() == expected.tolist()
    frames = GRUForecaster(**FAST, past_only=["heat"]).fit(pd.Series(Y[0, :90], INDEX[:90]), frame_of(X[0]))
    assert frames.predict(X=frame_of(x)).tolist() == expected.tolist()
    assert frames.predict(X=frame_of(x)[["promo"]]).tolist() == expected.tolist()
    with pytest.raises(ValueError, match=r"beyond horizon_=4.* past_only columns \['heat'\] .*fh=9"):
        frames.predict(9, frame_of(X[0]))
    alone = GRUForecaster(**FAST, past_only=(0, 1)).fit(Y[0, :90], X[0, :90])
    assert np.isfinite(alone.predict()).all()
    without = GRUForecaster(**FAST).fit(Y[0, :90])
    assert without.predict().tolist() != alone.predict().tolist()


def test_static_columns():
    """Numbers of each series, by its name."""
    y = pd.DataFrame(Y.T[:90], INDEX[:90], ["a", "b"])
    static = pd.DataFrame({"size": [9.0, 1.0], "kind": [0, 1]}, ["b", "a"])
    model = GRUForecaster(**FAST).fit(y, static=static)
    assert model._predictor.covariates.static.tolist() == [[1, 1], [9, 0]]
    as_array = GRUForecaster(**FAST).fit(Y[:, :90], static=[[1, 1], [9, 0]])
    assert np.array_equal(model.predict().to_numpy().T, as_array.predict())
    assert not np.array_equal(as_array.predict(), GRUForecaster(**FAST).fit(Y[:, :90]).predict())
    with pytest.raises(ValueError, match="static has no row for the series 'a'"):
        GRUForecaster(**FAST).fit(y, static=static.iloc[:1])
    with pytest.raises(ValueError, match="static has 1 rows, and y 2 series"):
        GRUForecaster(**FAST).fit(Y, static=[[1.0]])
    with pytest.raises(ValueError, match="static contains NaN in column 'size'"):
        GRUForecaster(**FAST).fit(y, static=static.replace(9.0, np.nan))


def test_calendar():
    """The same as its columns in X, but not scaled; it goes on by itself."""
    y = pd.Series(Y[0, :90], INDEX[:90])
    model = GRUForecaster(**FAST, calendar="auto").fit(y)
    assert model.calendar_ == ("weekday",)
    assert GRUForecaster(**FAST).fit(y).calendar_ == ()
    share = 2 * np.pi * INDEX.day_of_week.to_numpy() / 7
    columns = np.stack([np.sin(share), np.cos(share)], axis=1)
    by_hand = GRUForecaster(**FAST).fit(y, frame_of(columns))
    table, own = by_hand._predictor.covariates.tables[0], model._predictor.covariates.tables[0]
    np.testing.assert_allclose(
        (own.values - own.mean) * own.factor, (table.values - table.mean) * table.factor
    )
    expected = by_hand.predict(range(1, 9), frame_of(columns))
    pd.testing.assert_series_equal(model.predict(range(1, 9)), expected)
    model.update(pd.Series(Y[0, 90:99], INDEX[90:99]), update_params=False)
    by_hand.update(pd.Series(Y[0, 90:99], INDEX[90:99]), frame_of(columns), update_params=False)
    pd.testing.assert_series_equal(model.predict(), by_hand.predict(X=frame_of(columns)))


@pytest.mark.parametrize("difference", [0, 1])
@pytest.mark.parametrize("update_params", [False, True])
def test_update(difference, update_params):
    """In any pieces without learning; and what is learned depends on X."""
    model = GRUForecaster(**FAST, difference=difference).fit(Y[:, :90], X[:, :90])
    pieces, at_once, other = (pickle.loads(pickle.dumps(model)) for _ in range(3))
    at_once.update(Y[:, 90:100], X[:, 90:100], update_params)
    other.update(Y[:, 90:100], X[:, 90:100] + [0, 1], update_params)
    ahead = X[:, 100:104]
    assert not np.array_equal(at_once.predict(X=ahead), other.predict(X=ahead))
    if not update_params:
        for start, stop in ((90, 91), (91, 97), (97, 100)):
            pieces.update(Y[:, start:stop], X[:, start:stop], update_params=False)
        assert np.array_equal(pieces.predict(X=ahead), at_once.predict(X=ahead))
        kept = at_once._predictor.covariates.tables[0].values[: at_once._predictor.n_kept]
        assert np.array_equal(kept, X[0, 100 - len(kept) : 100])


@pytest.mark.parametrize("refit", [True, False])
def test_backtest_is_fit_and_predict(refit):
    y = pd.DataFrame(Y.T, INDEX, ["a", "b"])
    x = frame_of(X[0])
    cv = TimeSeriesSplit(3, test_size=4)
    model = GRUForecaster(**FAST, calendar=("weekday",), past_only=("heat",))
    frame = model.backtest(y, x, cv=cv, refit=refit, static=pd.DataFrame({"s": [1, 2]}, ["a", "b"]))
    fitted, before = None, []
    for known, later in cv.split(np.arange(110)):
        part = y.iloc[known]
        if fitted is None or refit:
            fitted = GRUForecaster(**model.get_params()).fit(
                part, x.iloc[known], 4, static=pd.DataFrame({"s": [1, 2]}, ["a", "b"])
            )
        else:
            new = known[len(before) :]
            fitted.update(y.iloc[new], x.iloc[new], update_params=False)
        before = known
        expected = fitted.predict(range(1, 5), x.iloc[later][["promo"]])
        rows = frame[frame["cutoff"] == INDEX[known[-1]]]
        assert rows["forecast"].tolist() == expected.to_numpy().T.ravel().tolist()
        bounds = fitted.predict_interval(range(1, 5), x.iloc[later]).to_numpy()
        assert rows["lower"].tolist() == bounds[:, [0, 2]].T.ravel().tolist()


def test_pickles_and_settings():
    model = GRUForecaster(**FAST, calendar="auto", past_only=["heat"]).fit(
        pd.Series(Y[0, :90], INDEX[:90]), frame_of(X[0])
    )
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_series_equal(again.predict(X=frame_of(X[0])), model.predict(X=frame_of(X[0])))
    assert again.get_params() == model.get_params()
    again.set_params(warm_start=True).fit(pd.Series(Y[0, :100], INDEX[:100]), frame_of(X[0] * [1, 3]))
    old, new = model._predictor.covariates.tables[0], again._predictor.covariates.tables[0]
    assert np.array_equal(old.mean, new.mean)
    assert np.array_equal(old.factor, new.factor)


SERIES = pd.Series(Y[0, :90], INDEX[:90], name="load")
WRONG_AT_FIT = {
    "gap": (SERIES, frame_of(X[0]).drop(INDEX[3]), "no row for 2020-01-04 .*all|no row for 2020-01-04"),
    "too short": (SERIES, frame_of(X[0, :80]), "no row for 2020-03-21"),
    "twice": (SERIES, frame_of(X[0]).iloc[[0, 0, *range(1, 110)]], "not once each and in order"),
    "not sorted": (SERIES, frame_of(X[0])[::-1], "sort_index"),
    "index": (SERIES, frame_of(X[0]).reset_index(drop=True), "RangeIndex, that of y a DatetimeIndex"),
    "array": (SERIES, X[0, :90], "X is a ndarray, but y has an index"),
    "nan": (SERIES, frame_of(X[0]).mask(X[0] > 2.2), "NaN in column 'heat' at 2020"),
    "text": (SERIES, frame_of(X[0]).assign(kind="a"), "kind"),
    "steps": (Y[0], X[0, :90], "X has 90 steps; expected the times of y, 110"),
    "more": (Y[0, :90], X[0], "X has 110 steps; expected the times of y, 90"),
    "shape": (Y, X[:1], "X is of 1 series, and y of 2"),
    "list": (list(Y), list(X[:1]), "X has 1 elements, and y 2"),
    "one array": (list(Y), X[0], "X is one array, and y a list"),
    "huge": (Y[0], X[0] * 1e160, "X contains .*e\\+1"),
}


@pytest.mark.parametrize("y, x, message", WRONG_AT_FIT.values(), ids=WRONG_AT_FIT)
def test_refused_by_fit(y, x, message):
    with pytest.raises((ValueError, TypeError), match=message):
        GRUForecaster(**FAST).fit(y, x)


def test_refused_later():
    model = GRUForecaster(**FAST).fit(SERIES, frame_of(X[0]))
    whole = frame_of(X[0])
    with pytest.raises(ValueError, match=r"X is missing.*\['promo', 'heat'\].*the steps ahead"):
        model.predict()
    with pytest.raises(ValueError, match="no row for 2020-04-02.*all 4 steps after y, from 2020-03-31"):
        model.predict(range(1, 5), whole[:92])
    with pytest.raises(ValueError, match=r"columns \['heat', 'promo'\], but \['promo', 'heat'\]"):
        model.predict(X=whole[["heat", "promo"]])
    with pytest.raises(ValueError, match=r"columns \['promo'\], but"):
        model.predict(X=whole[["promo"]])
    with pytest.raises(ValueError, match="X is missing.*Give update their values"):
        model.update(pd.Series(Y[0, 90:95], INDEX[90:95], name="load"))
    with pytest.raises(ValueError, match="NaN in column 'heat' at 2020-04-01"):
        model.predict(X=whole.mask(np.arange(110)[:, np.newaxis] == [-1, 91]))
    without = GRUForecaster(**FAST).fit(SERIES)
    with pytest.raises(ValueError, match="fitted without"):
        without.predict(X=whole)
    with pytest.raises(ValueError, match="past_only is .* but there is no X"):
        GRUForecaster(**FAST, past_only=("heat",)).fit(SERIES)
    with pytest.raises(ValueError, match="'wind', which is not a column of X"):
        GRUForecaster(**FAST, past_only=("wind",)).fit(SERIES, whole)
    arrays = GRUForecaster(**FAST).fit(Y[0, :90], X[0, :90])
    with pytest.raises(ValueError, match="X has 3 steps; expected all 4 steps after y"):
        arrays.predict(X=X[0, 90:93])
    with pytest.raises(ValueError, match="X has 1 columns, but 2 are expected"):
        arrays.predict(X=X[0, 90:94, :1])
