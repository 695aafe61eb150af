"""Streams say after every step what a prediction of the sequence so far says."""

import pickle
import threading

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.network import READOUTS
from gruc.runtime import Predictor
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

    def test_each_starts_ends_and_begins_anew_on_its_own(self):
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


def test_state_goes_to_another_process():
    X, y = vowels()
    model = GRUClassifier(**FAST, pooling="attention", frame_length=3).fit(X, y)
    stream = model.stream()
    for x in X[0][:4]:
        stream.step(x)
    state, there = pickle.loads(pickle.dumps((stream.state(), Predictor.from_estimator(model))))
    other = there.stream()
    other.restore(state)
    assert np.array_equal([stream.step(x) for x in X[0][4:]], [other.step(x) for x in X[0][4:]])
    for wrong in ({}, {"steps": b"", "numbers": b""}, {"steps": 1, "numbers": 2}, None):
        with pytest.raises(ValueError, match="state is not that of a stream of this model"):
            other.restore(wrong)
    with pytest.raises(ValueError, match="state is not"):
        model.stream(2).restore(state)


def test_training_on_leaves_a_stream_alone():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    stream, expected = model.stream(), model.predict_proba(X[:1])[0]
    model.partial_fit(X, y)
    assert np.array_equal(stream.step(X[0]), expected)


class TestRefused:
    def test_bidirectional(self):
        X, y = vowels()
        with pytest.raises(ValueError, match="A bidirectional model .* Fit one with bidirectional=False"):
            GRUClassifier(**FAST, bidirectional=True).fit(X, y).stream()

    @pytest.mark.parametrize("n", [0, -1, 2.0, True, "2"])
    def test_numbers_of_streams(self, n):
        X, y = vowels()
        with pytest.raises(ValueError, match="n must be a positive integer or None"):
            GRUClassifier(**FAST).fit(X, y).stream(n)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
    def test_numbers_that_are_none(self, bad):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        stream = model.stream(2)
        stream.step(np.stack([X[0][0], X[1][0]]))
        before = stream.state()
        x = np.stack([X[0][1:4], X[1][1:4]])
        x[1, 2, 5] = bad
        with pytest.raises(ValueError, match="x holds .* in feature 5"):
            stream.step(x)
        assert stream.state() == before

    @pytest.mark.parametrize("shape", [(), (0,), (11,), (1, 0), (2, 11), (0, 12), (1, 2, 12)])
    def test_shapes(self, shape):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        with pytest.raises(ValueError, match=r"x has shape .*; expected \(12,\) or \(n_steps, 12\)"):
            model.stream().step(np.zeros(shape))

    @pytest.mark.parametrize("shape", [(12,), (2, 12), (3, 0), (3, 11), (3, 0, 12), (3, 1, 1, 12)])
    def test_shapes_of_many(self, shape):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        with pytest.raises(ValueError, match="for each of 3 streams"):
            model.stream(3).step(np.zeros(shape))

    def test_rows(self):
        X, y = vowels()
        model = GRUClassifier(**FAST).fit(X, y)
        streams = model.stream(3)
        for rows, message in [
            ([3], "from 0 to 2"), ([-1], "from 0 to 2"), ([0, 0], "a stream twice"), ([0.5], "list of integers"),
            ([], "list of integers"), (1, "list of integers"),
        ]:  # fmt: skip
            with pytest.raises(ValueError, match=message):
                streams.step(np.zeros((max(1, np.size(rows)), 12)), rows)
        with pytest.raises(ValueError, match="this is one stream"):
            model.stream().step(np.zeros(12), [0])
        with pytest.raises(ValueError, match="from 0 to 2"):
            streams.reset([5])


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


def test_states_of_other_models_are_refused():
    X, y = vowels()
    settings = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
    model = GRUClassifier(**settings).fit(X, y)
    stream = model.stream()
    stream.step(X[0])
    state = stream.state()
    others = [
        GRUClassifier(**settings | dict(random_state=1)).fit(X, y),
        GRUClassifier(**settings | dict(pooling="max")).fit(X, y),
        GRUClassifier(**settings | dict(standardize=False)).fit(X, y),
    ]
    for other in others:
        with pytest.raises(ValueError, match="not that of a stream of this model"):
            other.stream().restore(state)
    broken = state | {"numbers": b"\xff" * len(state["numbers"])}
    with pytest.raises(ValueError, match="not that of a stream"):
        stream.restore(broken)
    assert np.array_equal(stream.step(X[0][:1]), model.predict_proba([[*X[0], X[0][0]]])[0])


@pytest.mark.parametrize(
    "x", [["1"] * 12, np.full(12, 1j), np.zeros(12, "datetime64[s]"), np.ma.masked_all(12), None]
)
def test_what_is_no_number(x):
    X, y = vowels()
    stream = GRUClassifier((6,), max_iter=2, random_state=0).fit(X, y).stream()
    with pytest.raises((TypeError, ValueError), match=r"\bx (is|has|holds)"):
        stream.step(x)
