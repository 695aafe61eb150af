"""Forecasters in model files: round trips to the last bit, in every container, and with NumPy alone."""

import datetime
import pickle
import subprocess
import sys
import zoneinfo

import gruc
import numpy as np
import pytest
from gruc import GRUForecaster
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, season_length=12, horizon=4)
CONTAINERS = (
    "series zone", "series offset", "period", "timedelta", "range", "integers", "dates of business days",
    "columns", "columns of two levels", "columns of numbers", "long", "long of two keys", "long series", "array",
    "rows", "list", "list of series",
)  # fmt: skip


def wave(n, seed=0):
    noise = np.random.default_rng(seed).standard_normal(n)
    return 100 + 0.1 * np.arange(n) + 10 * np.sin(2 * np.pi * np.arange(n) / 12) + noise


def series_in(container, n):
    """The first n values of one or two series, y."""
    a, b = wave(90), wave(90, 1)
    if container == "array":
        return a[:n]
    if container == "rows":
        return np.stack([a, b])[:, :n]
    if container == "list":
        return [a[:n], b[5:n]]
    pd = pytest.importorskip("pandas")
    zones = {
        "series zone": zoneinfo.ZoneInfo("Europe/Berlin"),
        "series offset": datetime.timezone(datetime.timedelta(hours=-3)),
    }
    days = pd.date_range("2020-02-27", periods=90, freq="D", tz=zones.get(container), name="day")
    if container in zones:
        return pd.Series(a, days, name="load")[:n]
    if container == "list of series":
        return [pd.Series(a, days, name="a")[:n], pd.Series(b, days + pd.Timedelta("9D"))[:n]]
    frame = pd.DataFrame({"a": a, "b": b}, days)
    columns = {
        "columns": ["a", "b"],
        "columns of two levels": pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", None]),
        "columns of numbers": pd.Index([7, 9], name="shop"),
    }
    if container in columns:
        frame.columns = columns[container]
        return frame[:n]
    if container.startswith("long"):
        long = frame[:n].stack().swaplevel().sort_index()
        long.index.names = ["shop", "day"]
        if container == "long series":
            return long.rename("sales")
        if container == "long of two keys":
            long = pd.concat({3: long}, names=["town"])
        return long.to_frame("sales")
    index = {
        "period": pd.period_range("2001-11", periods=90, freq="M"),
        "timedelta": pd.timedelta_range("1h", periods=90, freq="30min"),
        "range": pd.RangeIndex(5, 5 + 3 * 90, 3, name="i"),
        "integers": pd.Index(np.arange(-3, 87)),
        "dates of business days": pd.bdate_range("2021-01-01", periods=90),
    }[container]
    return pd.Series(a, index)[:n]


def values_of(forecasts):
    """Forecasts as the array (n_series, n_ahead) that they are of."""
    if hasattr(forecasts, "index") and not isinstance(forecasts, list):
        values = forecasts.to_numpy()
        return values.reshape(-1, 4) if forecasts.index.nlevels > 1 else values.T.reshape(-1, 4)
    return np.stack([np.asarray(row) for row in np.atleast_2d(forecasts)]).reshape(-1, 4)


def assert_same(got, expected):
    """The same container with the same bits."""
    if isinstance(expected, list):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    elif hasattr(expected, "iloc"):
        pd = pytest.importorskip("pandas")
        is_frame = hasattr(expected, "columns")
        (pd.testing.assert_frame_equal if is_frame else pd.testing.assert_series_equal)(
            got, expected, check_exact=True
        )
    else:
        assert got.tolist() == expected.tolist()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.gruc"


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container(container, path):
    y, more = series_in(container, 80), series_in(container, 90)
    model = GRUForecaster(**FAST).fit(y)
    model.save(path)
    loaded, predictor = gruc.load(path), gruc.runtime.load(path)
    if isinstance(more, list):
        later = [part[len(part) - 10 :] for part in more]
    elif container.startswith("long"):
        later = more[~more.index.isin(y.index)]
    else:
        later = more[:, 80:] if container == "rows" else more[80:]
    for is_updated in (False, True):
        if is_updated:
            model.update(later, update_params=False)
            loaded.update(later, update_params=False)
            arrays = [known[-10:] for known in model._predictor.known.recent]
            predictor.update(arrays[0] if predictor.one_series else arrays)
        expected = model.predict()
        assert_same(loaded.predict(), expected)
        assert np.array_equal(np.atleast_2d(predictor.predict()), values_of(expected))
        assert loaded.cutoff_ == model.cutoff_
        assert loaded.get_params() == model.get_params()
        if "list" not in container and container not in ("array", "rows"):
            assert_same(loaded.predict_interval(2), model.predict_interval(2))


@pytest.mark.parametrize(
    "settings",
    [
        dict(difference=2, scale="series"),
        dict(scale=None, dtype="float64", bidirectional=True, pooling="attention"),
        dict(calibration=None, season_length=1, lags=5),
        dict(early_stopping=False, hidden_layer_sizes=(5, 3), reset_after=False),
        dict(learning_rate_init=1e-9),  # no epoch is better than the seasonal naive forecast
    ],
    ids=str,
)
def test_every_kind(settings, path):
    y = [wave(80), wave(70, 1)]
    model = GRUForecaster(**FAST | settings).fit(y, fh=[2, 5])
    model.save(path)
    loaded, predictor = gruc.load(path), gruc.runtime.load(path)
    assert predictor.predict().shape == (2, 2)
    for fh in (None, 1, range(1, 12)):
        expected = np.stack(model.predict(fh))
        assert np.array_equal(np.stack(loaded.predict(fh)), expected)
        assert np.array_equal(predictor.predict(fh), expected)
    for name in ("n_iter_", "best_iter_", "loss_curve_", "validation_loss_curve_", "lags_", "season_length_"):
        assert getattr(loaded, name) == getattr(model, name)
    assert loaded.weights_.keys() == model.weights_.keys()
    if model.calibration is None:
        with pytest.raises(ValueError, match="measured no errors"):
            predictor.predict_quantiles()
        return
    pytest.importorskip("pandas")
    quantiles = model.predict_quantiles(range(1, 8), alpha=[0.1, 0.6]).to_numpy().reshape(2, 7, 2)
    assert np.array_equal(predictor.predict_quantiles(range(1, 8), alpha=[0.6, 0.1]), quantiles[:, :, ::-1])
    bounds = model.predict_interval([1, 9], coverage=0.8).to_numpy().reshape(2, 2, 2)
    assert np.array_equal(predictor.predict_interval([1, 9], coverage=0.8), bounds)


def test_learning_goes_on(path):
    y = wave(90)
    model = GRUForecaster(**FAST).fit(y[:80])
    model.save(path)
    updated = gruc.load(path).update(y[80:])
    expected = pickle.loads(pickle.dumps(model)).update(y[80:])  # whose optimiser has a memory
    assert updated.weights_["head.weight"].tolist() != model.weights_["head.weight"].tolist()
    np.testing.assert_allclose(updated.predict(), expected.predict(), rtol=0.02)
    again = gruc.load(path).set_params(warm_start=True, early_stopping=False).fit(y)
    assert again.horizon_ == 4
    with pytest.raises(ValueError, match="horizon is 5, but the existing network has 4"):
        again.fit(y, fh=5)


def test_save_of_what_was_loaded(path):
    GRUForecaster(**FAST).fit(series_in("long", 80)).save(path)
    content = path.read_bytes()
    gruc.load(path).save(path)
    assert path.read_bytes() == content


def test_with_numpy_alone(path):
    pytest.importorskip("pandas")
    model = GRUForecaster(**FAST, difference=1).fit(series_in("series zone", 80))
    model.save(path)
    later = series_in("series zone", 83)[80:].to_numpy().tolist()
    code = f"""if True:
        import sys, gruc.runtime
        predictor = gruc.runtime.load({str(path)!r})
        print(predictor.predict(range(1, 7)).tolist())
        print(predictor.predict_quantiles(3, alpha=0.9).tolist())
        print(predictor.update({later}).predict(2).tolist())
        print(sorted({{"pandas", "sklearn", "scipy"}} & set(sys.modules)))"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    forecasts, quantiles, updated, imported = map(eval, printed.splitlines())
    assert imported == []
    assert forecasts == model.predict(range(1, 7)).tolist()
    assert quantiles == model.predict_quantiles(3, alpha=0.9).to_numpy().tolist()
    model.update(series_in("series zone", 83)[80:], update_params=False)
    assert updated == model.predict(2).tolist()


def test_what_a_file_does_not_hold(path):
    pd = pytest.importorskip("pandas")
    tz = pytest.importorskip("dateutil.tz")
    with pytest.raises(NotFittedError):
        GRUForecaster().save(path)
    y = series_in("columns", 80)
    dated = y.set_axis(pd.to_datetime(["2020-01-01", "2020-01-02"]), axis=1)
    with pytest.raises(TypeError, match="the name of a series is a Timestamp. Rename the series"):
        GRUForecaster(**FAST).fit(dated).save(path)
    local = y["a"].tz_localize(tz.tzoffset("here", 3601))
    with pytest.raises(TypeError, match="has no name that pandas knows. Convert the index"):
        GRUForecaster(**FAST).fit(local).save(path)
    with pytest.raises(TypeError, match="a model file holds pipelines that end with"):
        gruc.save(make_pipeline(GRUForecaster(**FAST).fit(wave(80))), path)
    assert not path.exists()
    big = pd.Series(wave(80), np.arange(2**63, 2**63 + 80, dtype=np.uint64))
    with pytest.raises(ValueError, match="last time of y does not fit 64 bits"):
        GRUForecaster(**FAST).fit(big).save(path)


def test_updates_that_are_refused(path):
    GRUForecaster(**FAST).fit(series_in("rows", 80)).save(path)
    predictor = gruc.runtime.load(path)
    before = predictor.predict().tolist()
    for y, error, message in (
        (np.ones(3), ValueError, r"y must be later values of the series, \(2, k\)"),
        (np.ones((3, 2)), ValueError, r"or 2 of \(k_i,\)"),
        (np.ones((2, 0)), ValueError, "k > 0"),
        ([np.ones(2), [[1.0]]], ValueError, "later values"),
        ([[1.0, 2.0], [1.0, np.nan]], ValueError, r"y\[1\] contains nan at step 1"),
        (np.full((2, 1), 1e200), ValueError, "no larger than 1e\\+150"),
        ("ab", (TypeError, ValueError), "y"),
    ):
        with pytest.raises(error, match=message):
            predictor.update(y)
    for fh, error, message in (
        ([0], ValueError, "fh contains 0"),
        ([1, 1], ValueError, "step 1 twice"),
        ([], ValueError, "fh is nothing"),
        ([1.5], TypeError, "Expected integers"),
    ):
        with pytest.raises(error, match=message):
            predictor.predict(fh)
    with pytest.raises(ValueError, match="alpha must be between 0 and 1"):
        predictor.predict_quantiles(alpha=1)
    assert predictor.predict().tolist() == before
