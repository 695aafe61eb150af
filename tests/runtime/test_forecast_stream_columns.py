"""Streams of forecasters that read columns: each value gives what update and predict give, to the last bit."""

import copy
import pickle
import subprocess
import sys

import gruc
import numpy as np
import pytest
from gruc import GRUForecaster

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, season_length=6, horizon=4, lags=8)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 100, 3))
Y = 50 + 5 * np.sin(2 * np.pi * np.arange(100) / 6) + 3 * X[:, :, 0] + 0.3 * RNG.standard_normal((2, 100))
STATIC = np.array([[1.0], [3.0]])


def updated(model, y, later, ahead):
    other = pickle.loads(pickle.dumps(model))
    return np.asarray(other.update(y, later, update_params=False).predict(None, ahead))


@pytest.mark.parametrize("strategy", ["direct", "recursive", "decoder"])
@pytest.mark.parametrize("difference", [0, 2])
def test_columns_of_x(strategy, difference, tmp_path):
    past_only = () if strategy == "recursive" else (1,)
    model = GRUForecaster(**FAST, strategy=strategy, difference=difference, past_only=past_only)
    model.fit(Y[:, :70], X[:, :70], static=STATIC).save(tmp_path / "model.gruc")
    known = [0, 2] if past_only else [0, 1, 2]
    stream = gruc.runtime.load(tmp_path / "model.gruc").stream()
    expected = []
    for t in range(70, 76):
        ahead = X[:, t + 1 : t + 5][:, :, known]
        expected.append(updated(model, Y[:, 70 : t + 1], X[:, 70 : t + 1], ahead).tolist())
        assert stream.step(Y[:, t], X=X[:, t], X_ahead=ahead).tolist() == expected[-1]
    assert np.std(expected) > 1
    other = model.stream()
    ahead = X[:, 76:80][:, :, known]
    every = other.step(Y[:, 70:76], X=X[:, 70:76], X_ahead=ahead, every=True)
    assert every.swapaxes(0, 1).tolist() == expected
    assert other.predict(None, ahead).tolist() == expected[-1]
    fh = [1, 2, 4]
    model.update(Y[:, 70:76], X[:, 70:76], update_params=False)
    quantiles = model._predictor.predict_quantiles(fh, ahead)
    assert stream.predict_quantiles(fh, ahead).tolist() == quantiles.tolist()
    assert stream.predict_interval(fh, ahead).shape == (2, 3, 2)
    one = other.step(Y[[1], 76:78], [1], X=X[[1], 76:78], X_ahead=X[1, 78:82][:, known])
    assert other.predict(None, ahead)[0].tolist() == stream.predict(None, ahead)[0].tolist()
    both = stream.step(Y[:, 76:78], X=X[:, 76:78], X_ahead=X[:, 78:82][:, :, known])
    assert both[1].tolist() == one[0].tolist()
    other.reset([1])
    other.step(Y[[1], 70:78], [1], X=X[[1], 70:78], X_ahead=X[1, 78:82][:, known])
    last = other.predict(None, X[:, 78:82][:, :, known])
    assert last[1].tolist() == both[1].tolist() != last[0].tolist()


def test_one_series_with_one_column():
    model = GRUForecaster(**FAST).fit(Y[0, :70], X[0, :70, 0])
    stream = model.stream()
    for t in range(70, 74):
        expected = updated(model, Y[0, 70 : t + 1], X[0, 70 : t + 1, 0], X[0, t + 1 : t + 5, 0])
        got = stream.step(Y[0, t], X=X[0, t, 0], X_ahead=X[0, t + 1 : t + 5, 0])
        assert got.tolist() == expected.tolist()
    before = stream.predict(None, X[0, 74:78, 0]).tolist()
    for arguments, message in (
        ({}, "X_ahead is missing: the model reads the columns"),
        ({"X_ahead": X[0, 75:79, 0]}, "X is missing: the model reads the columns .*, at the steps of x"),
        ({"X": X[0, 74:76, 0], "X_ahead": X[0, 75:79, 0]}, r"X has the shape \(2,\); expected"),
        ({"X": np.nan, "X_ahead": X[0, 75:79, 0]}, "X contains nan"),
        ({"X": X[0, 74, 0], "X_ahead": X[0, 75:77, 0]}, "X_ahead has 2 steps; expected 4"),
    ):
        with pytest.raises(ValueError, match=message):
            stream.step(1.0, **arguments)
        assert stream.predict(None, X[0, 74:78, 0]).tolist() == before
    plain = GRUForecaster(**FAST).fit(Y[0]).stream()
    with pytest.raises(ValueError, match="X is given, but the model reads no columns"):
        plain.step(1.0, X=1.0)


@pytest.mark.parametrize("kind", ["datetime", "period"])
def test_calendar(kind, tmp_path):
    """Hours with a zone whose clocks are changed, and months as periods, by arrays alone."""
    pd = pytest.importorskip("pandas")
    if kind == "datetime":
        index = pd.date_range("2024-03-28", periods=100, freq="h", tz="Europe/Berlin")
        features = ("hour", "weekday", "month")
    else:
        index, features = pd.period_range("2015-03", periods=100, freq="M"), ("month",)
    y, frame = pd.Series(Y[0], index), pd.DataFrame(X[0], index, ["a", "b", "c"])
    model = GRUForecaster(**FAST, calendar=features, past_only=["b"]).fit(y[:70], frame[:70])
    model.save(tmp_path / "model.gruc")
    predictor, ahead = gruc.runtime.load(tmp_path / "model.gruc"), frame[["a", "c"]]
    stream, streams = predictor.stream(), []
    for t in range(70, 76):
        expected = updated(model, y[70 : t + 1], frame[70 : t + 1], ahead[t + 1 : t + 5]).tolist()
        next_rows = X[0, t + 1 : t + 5][:, [0, 2]]
        assert stream.step(Y[0, t], X=X[0, t], X_ahead=next_rows).tolist() == expected
        assert predictor.update(Y[0, [t]], X[0, [t]]).predict(None, next_rows).tolist() == expected
        streams += [copy.copy(stream)]
    every = model.stream().step(Y[0, 70:76], X=X[0, 70:76], X_ahead=next_rows, every=True)
    assert every[-1].tolist() == expected
    again = model.stream()
    again.restore(streams[2].snapshot())
    for other in (again, streams[2], pickle.loads(pickle.dumps(streams[2]))):
        assert other.step(Y[0, 73:76], X=X[0, 73:76], X_ahead=next_rows).tolist() == expected
    with pytest.raises(ValueError, match="cut short"):
        again.restore(streams[2].snapshot() | {"steps": bytes(8)})


def test_new_series_with_calendar_and_static():
    pd = pytest.importorskip("pandas")
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame(Y.T, days, ["a", "b"])
    static = pd.DataFrame(STATIC, ["a", "b"])
    model = GRUForecaster(**FAST, calendar=("weekday",)).fit(frame[:80], static=static)
    stream = model.stream(2, static=STATIC, begin=np.datetime64("2024-01-01"))
    values = frame["2024-01-01":"2024-03-20"].to_numpy().T
    # the least scale of a new series is not known, and none of these windows is calm
    assert stream.step(values).tolist() == model.predict().to_numpy().T.tolist()
    free = GRUForecaster(**FAST | {"season_length": 1}, calendar=("weekday",), scale=None)
    free.fit(frame[:80], static=static)
    stream = free.stream(2, static=STATIC, begin=[np.datetime64("2024-01-01"), np.datetime64("2024-01-01")])
    assert stream.step(values).tolist() == free.predict().to_numpy().T.tolist()
    for arguments, message in (
        ({"begin": np.datetime64("2024-02-20")}, "static is missing"),
        ({"static": STATIC}, "begin is missing: the model reads a calendar"),
        ({"static": STATIC[:1], "begin": np.datetime64("2024-02-20")}, r"static has the shape \(1, 1\)"),
        ({"static": STATIC, "begin": "noon"}, "begin is 'noon'; expected a datetime64"),
        ({"static": STATIC, "begin": np.datetime64("NaT")}, "begin contains NaT"),
    ):
        with pytest.raises(ValueError, match=message):
            free.stream(2, **arguments)
    with pytest.raises(ValueError, match="static and begin are those of new series"):
        free.stream(static=STATIC)
    with pytest.raises(ValueError, match="begin is given, but the model reads no calendar"):
        GRUForecaster(**FAST).fit(Y[0]).stream(1, begin=np.datetime64("2024-02-20"))


def test_holidays_in_files(tmp_path, monkeypatch):
    """The table of a file serves where the package is not installed; another can be given."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("holidays")
    path, days = tmp_path / "model.gruc", pd.date_range("2024-02-20", periods=100)
    y = pd.Series(Y[0], days)
    model = GRUForecaster(**FAST, calendar=("holidays", "weekday"), holidays="DE").fit(y[:70])
    model.save(path)
    code = f"""if True:
        import sys, gruc.runtime, numpy as np
        predictor = gruc.runtime.load({str(path)!r}).update({Y[0, 70:72].tolist()})
        print(predictor.predict().tolist())
        print(sorted({{"pandas", "sklearn", "scipy", "holidays"}} & set(sys.modules)))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    forecasts, imported = map(eval, done.stdout.splitlines())
    later = pickle.loads(pickle.dumps(model)).update(y[70:72], update_params=False)
    assert forecasts == later.predict().tolist()
    assert imported == []
    predictor = gruc.runtime.load(path)
    assert predictor.calendar.holidays[:2] == (2023, 2044)
    changed = predictor.with_holidays(np.arange("2024-04-29", "2024-05-10", dtype="M8[D]"))
    assert changed.predict().tolist() != predictor.predict().tolist() == model.predict().tolist()
    with pytest.raises(ValueError, match="The model reads no holidays"):
        GRUForecaster(**FAST).fit(Y[0])._fitted_predictor().with_holidays(["2024-05-01"])
    # a machine without the package keeps the table that was there
    monkeypatch.setitem(sys.modules, "holidays", None)
    monkeypatch.setattr("gruc.conventions.calendar.holidays_of", _missing)
    gruc.load(path).save(tmp_path / "again.gruc")
    again = gruc.runtime.load(tmp_path / "again.gruc")
    assert again.predict().tolist() == predictor.predict().tolist()
    model.save(tmp_path / "none.gruc")
    with pytest.raises(ValueError, match="its file has none, .*with_holidays"):
        gruc.runtime.load(tmp_path / "none.gruc").predict()


def _missing(*arguments):
    raise ImportError
