"""Streams of forecasters: each value gives what update and predict give, to the last bit."""

import copy
import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUForecaster

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, season_length=12, horizon=4)
KINDS = [
    {},
    {"difference": 1},
    {"difference": 2, "scale": "series", "dtype": "float64"},
    {"scale": None, "season_length": 1, "lags": 5, "horizon": 3},
]


def wave(n, seed=0):
    noise = np.random.default_rng(seed).standard_normal(n)
    return 100 + 0.1 * np.arange(n) + 10 * np.sin(2 * np.pi * np.arange(n) / 12) + noise


def updated(model, y):
    """Forecasts after an update without learning."""
    return pickle.loads(pickle.dumps(model)).update(y, update_params=False).predict()


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_one_series(settings):
    y = wave(100)
    model = GRUForecaster(**FAST | settings).fit(y[:80])
    stream = model.stream()
    expected = [updated(model, y[80 : 80 + k]).tolist() for k in range(1, 21)]
    assert [stream.step(value).tolist() for value in y[80:]] == expected
    blocks = model.stream()
    assert blocks.step(y[80:83]).tolist() == expected[2]
    assert blocks.step(y[83:99], every=True).tolist() == expected[3:19]
    assert blocks.step([y[99]], every=True).tolist() == expected[19:]
    assert (
        blocks.predict(range(1, 20)).tolist()
        == model.update(y[80:], update_params=False).predict(range(1, 20)).tolist()
    )
    quantiles = model._predictor.predict_quantiles(alpha=[0.2, 0.7])
    assert blocks.predict_quantiles(alpha=[0.2, 0.7]).tolist() == quantiles.tolist()
    assert blocks.predict_interval(2).tolist() == model._predictor.predict_interval(2).tolist()
    assert blocks.n_missing == 0


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_series_of_a_fit(settings):
    y = np.stack([wave(90), 1e3 * wave(90, 1), wave(90, 2)])
    model = GRUForecaster(**FAST | settings).fit(y[:, :80], fh=[1, 3])
    stream = model.stream()
    for k in range(80, 84):
        assert stream.step(y[:, k]).tolist() == updated(model, y[:, 80 : k + 1]).tolist()
    assert stream.step(y[:, 84:88]).tolist() == updated(model, y[:, 80:88]).tolist()
    expected = updated(model, y[:, 80:])
    assert stream.step(y[[2, 0], 88:90], rows=[2, 0]).tolist() == expected[[2, 0]].tolist()
    every = stream.step(y[[1], 88:90], rows=[1], every=True)
    assert every.shape == (1, 2, 2)
    assert every[0, 1].tolist() == expected[1].tolist()
    assert stream.predict().tolist() == expected.tolist()
    stream.reset([1])
    assert stream.predict()[1].tolist() == model.predict()[1].tolist()
    assert stream.predict()[2].tolist() == expected[2].tolist()
    stream.reset()
    assert stream.predict().tolist() == model.predict().tolist()


@pytest.mark.parametrize("settings", [KINDS[0], KINDS[1], KINDS[3]], ids=str)
def test_new_series(settings):
    """Of which nothing is known: NaN until they are long enough, then what a predictor of them says."""
    model = GRUForecaster(**FAST | settings).fit(wave(80))
    predictor = model._predictor
    y = np.stack([wave(160, 3), -5 * wave(160, 4)])
    stream = model.stream(2)
    least = predictor.lags.context + model.difference
    assert stream.n_missing.tolist() == [least, least]
    with pytest.raises(ValueError, match=f"lacks {least} values"):
        stream.predict()
    forecasts = stream.step(y[:, : least + 3], every=True)
    assert np.isnan(forecasts[:, : least - 1]).all()
    for i in range(2):
        alone = GRUForecaster(**FAST | settings).fit(y[i, :80])
        alone._predictor = predictor.at(
            gruc.sequences.KnownValues.of([y[i, : least + 3]], model.difference),
            np.array([predictor.lags.moments_of_new_series()]),
            True,
        )
        assert alone.predict().tolist() == forecasts[i, -1].tolist()
        alone.update(y[i, least + 3 :], update_params=False)
        stream.step(y[[i], least + 3 :], rows=[i])
        assert alone.predict().tolist() == stream.predict()[i].tolist()
    stream.reset([0])
    assert stream.n_missing.tolist() == [least, 0]
    again = np.concatenate([stream.step(y[[0], [k]], rows=[0]) for k in range(least)])
    assert np.isnan(again[:-1]).all()
    assert again[-1].tolist() == forecasts[0, least - 1].tolist()


def test_copies_and_snapshots(tmp_path):
    y = wave(90)
    model = GRUForecaster(**FAST, difference=1).fit(y[:80])
    stream = model.stream()
    stream.step(y[80:85])
    snapshot = stream.snapshot()
    others = [copy.copy(stream), copy.deepcopy(stream), pickle.loads(pickle.dumps(stream)), model.stream()]
    others[3].restore(snapshot)
    model.save(tmp_path / "model.gruc")
    others.append(gruc.runtime.load(tmp_path / "model.gruc").stream())
    others[4].restore(snapshot)
    expected = stream.step(y[85:]).tolist()
    for other in others:
        assert other.step(y[85:]).tolist() == expected
    assert all(type(part) is bytes for part in snapshot.values())
    updated = pickle.loads(pickle.dumps(model)).update(y[80:])
    for bad, message in (
        ({}, "not a dict of bytes"),
        (snapshot | {"model": b"0000"}, "of another model"),
        (snapshot | {"steps": b""}, "not of 1 series"),
        (snapshot | {"numbers": snapshot["numbers"][8:]}, "cut short"),
        (snapshot | {"numbers": b"\xff" * len(snapshot["numbers"])}, "damaged"),
        (snapshot | {"steps": b"\xff" * 8}, "damaged"),
        (updated.stream().snapshot(), "with other weights"),
    ):
        before = stream.predict().tolist()
        with pytest.raises(ValueError, match=message):
            stream.restore(bad)
        assert stream.predict().tolist() == before
    # values known at first are not part of the model
    later = model.update(y[80:83], update_params=False).stream()
    later.restore(snapshot)
    assert later.step(y[85:]).tolist() == expected


def test_input_that_is_refused():
    model = GRUForecaster(**FAST).fit(wave(80))
    one, two = model.stream(), model.stream(2)
    two.step(np.ones((2, two.n_missing.max())))
    for stream, x, rows, message in (
        (one, np.nan, None, "x holds nan; a stream takes finite values"),
        (one, [1.0, np.inf], None, "x holds inf"),
        (one, 1e200, None, "no larger than 1e\\+150"),
        (one, np.ones((2, 2)), None, r"x has shape \(2, 2\); expected a number or \(k,\)"),
        (one, [], None, "k > 0"),
        (one, 1.0, [0], "this is one series"),
        (two, 1.0, None, r"expected \(2,\) or \(2, k\)"),
        (two, np.ones(3), None, r"x has shape \(3,\)"),
        (two, np.ones(2), [0, 0], "holds a series twice"),
        (two, np.ones(1), [2], "rows must be from 0 to 1"),
        (two, np.ones(1), [0.5], "rows must be a list of integers"),
    ):
        before = stream.predict().tolist()
        with pytest.raises(ValueError, match=message):
            stream.step(x, rows)
        assert stream.predict().tolist() == before
    for n in (0, 1.5, True):
        with pytest.raises(ValueError, match="n must be a positive integer or None"):
            model.stream(n)
    with pytest.raises(ValueError, match="With scale='series' a new series cannot be forecast"):
        GRUForecaster(**FAST, scale="series").fit(wave(80)).stream(1)
