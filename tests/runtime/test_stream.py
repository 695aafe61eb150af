"""After every step a stream gives the prediction of the sequence so far."""

import threading

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.network import READOUTS
from hypothesis import given
from hypothesis import strategies as st
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
# attention's softmax is taken frame by frame; all else has the very bits
TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


def prefixes(x):
    return [x[: t + 1] for t in range(len(x))]


def holds(model, X, predict):
    stream = model.stream()
    for x in X:
        expected = predict(prefixes(x))
        got = np.array([stream.step(step) for step in x])
        assert got.dtype == expected.dtype
        assert got.shape == expected.shape
        if getattr(model, "pooling", None) == "attention":
            np.testing.assert_allclose(
                got, expected, rtol=TOLERANCE[model.dtype] * 10, atol=TOLERANCE[model.dtype]
            )
        else:
            assert np.array_equal(got, expected)
        stream.reset()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("sizes", [(7,), (5, 33, 4)], ids=str)
@pytest.mark.parametrize("pooling", READOUTS)
def test_every_structure(pooling, sizes, reset_after, dtype):
    X, y = vowels()
    settings = dict(hidden_layer_sizes=sizes, pooling=pooling, reset_after=reset_after, dtype=dtype)
    model = GRUClassifier(**FAST | settings).fit(X, y)
    holds(model, X[:4], model.predict_proba)


@pytest.mark.filterwarnings("ignore:All sequences of X have one step")
@given(
    k=st.integers(1, 6), hop=st.integers(1, 8), length=st.integers(1, 25),
    pooling=st.sampled_from(["last", "mean", "max"]), seed=st.integers(0, 99),
)  # fmt: skip
def test_every_framing(k, hop, length, pooling, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((6, length, 2)), np.arange(6.0)
    model = GRURegressor(
        (4,), frame_length=k, hop_length=hop, pooling=pooling, random_state=seed
    ).partial_fit(X, y)
    holds(model, X[:2], model.predict)


@pytest.mark.parametrize(
    "settings, targets",
    [
        ({}, lambda y: y * 1.5),
        ({}, lambda y: np.stack([y, -y], axis=1)),
        ({"standardize": False}, lambda y: y),
        ({"loss": "huber"}, lambda y: y),
        ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, lambda y: y * 1.0),
        ({"loss": "quantile", "quantile": [0.2, 0.4]}, lambda y: np.stack([y, y * 2], axis=1)),
    ],
)
def test_targets(settings, targets):
    X, y = vowels()
    model = GRURegressor(**FAST, **settings).fit(X, targets(y))
    holds(model, X[:3], model.predict)


def test_counts():
    X, y = vowels()
    model = GRURegressor(**FAST, loss="poisson").fit(X, y)
    stream = model.stream()
    got = [stream.step(x) for x in X[0]]
    np.testing.assert_allclose(got, model.predict(prefixes(X[0])), rtol=1e-14)  # another library's exp


@pytest.mark.parametrize("n_classes", [2, 3])
def test_labels(n_classes):
    X, y = vowels(n_classes)
    model = GRUClassifier(**FAST).fit(X, np.array(["a", "b", "c"])[y])
    holds(model, X[:3], model.predict_proba)
    model = GRUClassifier(**FAST).fit(X, np.stack([y == 0, y >= 0], axis=1).astype(int))
    holds(model, X[:3], model.predict_proba)


def test_one_feature():
    X, y = vowels()
    table = np.stack([x[:7, 0] for x in X])
    for form in (table, list(table)):
        model = GRUClassifier(**FAST).fit(form, y)
        stream = model.stream()
        got = [stream.step(number) for number in table[0]]
        assert np.array_equal(got, model.predict_proba([table[0][: t + 1] for t in range(7)]))
        stream.reset()
        assert np.array_equal(stream.step([[number] for number in table[0]]), got[-1])


def test_blocks_of_any_length():
    X, y = vowels()
    model = GRUClassifier(**FAST, frame_length=3, hop_length=2).fit(X, y)
    expected = model.predict_proba(X)
    stream = model.stream()
    for x, proba in zip(X, expected, strict=True):
        for part in (x[:1], x[1:4], x[4:]):
            got = stream.step(part)
        assert np.array_equal(got, proba)
        stream.reset()
    assert np.array_equal(stream.step(X[0].tolist()), expected[0])
    assert np.array_equal(
        model.stream().step(X[0].astype("float32")), model.predict_proba([X[0].astype("float32")])[0]
    )


class TestMany:
    def test_side_by_side(self):
        X, y = vowels()
        model = GRUClassifier(**FAST, frame_length=2).fit(X, y)
        cube = np.stack([x[:7] for x in X[:5]])
        streams = model.stream(5)
        for t in range(7):
            assert np.array_equal(streams.step(cube[:, t]), model.predict_proba(cube[:, : t + 1]))
        streams.reset()
        assert np.array_equal(streams.step(cube), model.predict_proba(cube))

    def test_each_starts_ends_and_restarts_on_its_own(self):
        X, y = vowels()
        model = GRURegressor(**FAST, pooling="mean").fit(X, y)
        streams, rng = model.stream(4), np.random.default_rng(0)
        seen = [np.empty((0, 12)) for _ in range(4)]
        for _ in range(60):
            rows = rng.permutation(4)[: rng.integers(1, 5)]
            steps = rng.standard_normal((len(rows), 12))
            for row, step in zip(rows, steps, strict=True):
                seen[row] = np.vstack([seen[row], step])
            assert np.array_equal(streams.step(steps, rows), model.predict([seen[row] for row in rows]))
            if rng.random() < 0.2:
                row = rng.integers(4)
                streams.reset([row])
                seen[row] = np.empty((0, 12))

    def test_of_one_feature(self):
        X, y = vowels()
        table = np.stack([x[:7, 0] for x in X])
        model = GRURegressor(**FAST).fit(table, y)
        assert np.array_equal(model.stream(24).step(table[:, 0]), model.predict(list(table[:, :1])))


class TestEvery:
    """A block with every=True gives what its steps give one by one."""

    @pytest.mark.parametrize("pooling", READOUTS)
    @pytest.mark.parametrize("frames", [(1, 1), (3, 2), (2, 5)], ids=str)
    def test_one_stream(self, pooling, frames):
        X, y = vowels()
        length, hop = frames
        settings = FAST | dict(pooling=pooling, frame_length=length, hop_length=hop)
        models = [
            GRUClassifier(**settings).fit(X, y),
            GRURegressor(**settings).fit(X, y),
            GRURegressor(**settings, loss="quantile", quantile=[0.2, 0.8]).fit(X, np.stack([y, -y], axis=1)),
        ]
        for model in models:
            one, block = model.stream(), model.stream()
            expected = np.array([one.step(x) for x in X[0]])
            parts = [block.step(part, every=True) for part in (X[0][:1], X[0][1:8], X[0][8:])]
            assert np.array_equal(np.concatenate(parts), expected)
            assert expected.dtype == parts[0].dtype
            assert np.array_equal(one.step(X[1]), block.step(X[1]))

    def test_shapes(self):
        X, y = vowels()
        stream = GRUClassifier(**FAST).fit(X, y).stream()
        assert stream.step(X[0][0], every=True).shape == (1, 3)
        assert stream.step(X[0][:4], every=True).shape == (4, 3)
        assert GRURegressor(**FAST).fit(X, y).stream().step(X[0][:4], every=True).shape == (4,)

    def test_several_streams(self):
        X, y = vowels()
        model = GRUClassifier(**FAST, frame_length=2).fit(X, y)
        cube = np.stack([x[:7] for x in X[:4]])
        streams, expected = model.stream(5), model.stream(5)
        for rows, x in (([0, 2, 1, 3], cube), ([4, 2], cube[:2, :3]), (None, cube[[0, 1, 2, 3, 0]])):
            got = streams.step(x, rows, every=True)
            one_by_one = [expected.step(x[:, t], rows) for t in range(x.shape[1])]
            assert np.array_equal(got, np.stack(one_by_one, axis=1))
        x = cube.copy()
        x[3, 6, 0] = np.nan
        before = streams.snapshot()
        with pytest.raises(ValueError, match="x holds nan in feature 0"):
            streams.step(x, [0, 1, 2, 3], every=True)
        assert streams.snapshot() == before


def test_further_training_leaves_a_stream_alone():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    stream, expected = model.stream(), model.predict_proba(X[:1])[0]
    model.partial_fit(X, y)
    assert np.array_equal(stream.step(X[0]), expected)


def test_long_blocks_let_other_threads_run():
    X, y = vowels()
    model = GRUClassifier((128,), frame_length=1, max_iter=1, tol=0, random_state=0).partial_fit(X, y)
    stream, block = model.stream(), np.tile(X[0], (3000, 1))
    thread = threading.Thread(target=stream.step, args=(block,))
    thread.start()
    refused = ""
    while thread.is_alive():
        try:
            stream.step(X[0][0])
        except RuntimeError as error:
            refused = str(error)
    thread.join()
    assert "for one thread at a time" in refused  # others ran meanwhile, and none was in it at once
    stream.reset()
    assert np.array_equal(stream.step(X[1]), model.predict_proba([X[1]])[0])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_silence(pooling, dtype, float_mode):
    """After a click and a long silence: the bits of a prediction, in any floating-point mode, which is
    as before afterwards; and states that are 0, not subnormal."""
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((5, 1)) for _ in range(8)]
    model = GRURegressor(
        (5, 4), pooling=pooling, dtype=dtype, frame_length=1, standardize=False, random_state=0
    )
    model.partial_fit(X, rng.standard_normal(8))
    views = model._predictor.network.table.views(model._predictor.parameters)
    for name, weights in views.items():
        if "bias" in name:
            weights[:] = 0
    model._predictor._packed = None
    x = np.zeros((2500 if dtype == "float32" else 9000, 1))
    x[0], x[200:300] = 1, 1e-40  # subnormal in float32
    results = []
    for mode in float_mode.modes:
        with float_mode.set(mode):
            stream = model.stream()
            answers = stream.step(x, every=True)
            one_by_one = model.stream()
            last = [one_by_one.step(step) for step in x][-1]
            predictions = model.predict([x, x[:7]])
            states = np.concatenate(model.hidden_states([x])[0], axis=None)
            after = float_mode.get()
        assert after == mode
        results.append([answers, last, predictions, states])
        assert np.array_equal(answers[-1], predictions[0])
        assert np.array_equal(answers[6], predictions[1])
        assert np.array_equal(last, predictions[0])
        assert not np.concatenate(stream.state, axis=None).any()
        smallest = np.finfo(dtype).smallest_normal
        assert not ((states != 0) & (np.abs(states) < smallest)).any()
    for one, other in zip(*results, strict=True):
        assert np.array_equal(one, other)
