"""States of streams: read, set, copied, and kept as snapshots."""

import copy
import pickle

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.network import READOUTS
from gruc.runtime import Predictor
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
# attention's softmax is taken frame by frame; all else has the very bits
TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


def test_state_goes_to_another_process():
    X, y = vowels()
    model = GRUClassifier(**FAST, pooling="attention", frame_length=3).fit(X, y)
    stream = model.stream()
    for x in X[0][:4]:
        stream.step(x)
    state, there = pickle.loads(pickle.dumps((stream.snapshot(), Predictor.from_estimator(model))))
    other = there.stream()
    other.restore(state)
    assert np.array_equal([stream.step(x) for x in X[0][4:]], [other.step(x) for x in X[0][4:]])
    with pytest.raises(ValueError, match="snapshot is not of 2 streams"):
        model.stream(2).restore(state)


class TestState:
    """The state is an array that can be read and set."""

    @pytest.mark.parametrize("dtype", TOLERANCE)
    @pytest.mark.parametrize("sizes", [(6,), (4, 4), (5, 3)], ids=str)
    @pytest.mark.parametrize("frames", [(1, 1), (3, 2)], ids=str)
    def test_reads_as_hidden_states(self, frames, sizes, dtype):
        X, y = vowels()
        settings = dict(frame_length=frames[0], hop_length=frames[1], max_iter=2, random_state=0)
        model = GRUClassifier(sizes, dtype=dtype, **settings).fit(X, y)
        stream = model.stream()
        for t, x in enumerate(X[0], start=1):
            stream.step(x)
            state = list(stream.state)
            full = 0 if t < frames[0] else 1 + (t - frames[0]) // frames[1]
            for layer, h in enumerate(state):
                assert h.dtype == dtype
                states = model.hidden_states([X[0][:t]], layer)[0]
                assert np.array_equal(h, states[full - 1] if full else np.zeros(sizes[layer]))
        assert isinstance(stream.state, list) == (len(set(sizes)) > 1)
        stream.state[0][:] = 7  # a copy
        assert np.array_equal(stream.state[0], state[0])

    @pytest.mark.parametrize("pooling", READOUTS)
    @pytest.mark.parametrize("sizes", [(6,), (4, 4), (5, 3)], ids=str)
    def test_set_begins_a_sequence(self, sizes, pooling):
        X, y = vowels()
        model = GRUClassifier(sizes, pooling=pooling, frame_length=2, max_iter=2, random_state=0).fit(X, y)
        rng = np.random.default_rng(0)
        h = [rng.uniform(-1, 1, size) for size in sizes]
        h = h if len(set(sizes)) > 1 else np.array(h)
        expected = model.predict_proba([X[0]], initial_state=h)[0]
        stream = model.stream()
        stream.step(X[1][:5])
        stream.state = h
        for part, got in zip(h, stream.state, strict=True):
            assert np.array_equal(part.astype("float32"), got)
        results = [stream.step(X[0])]
        made_with = model.stream(initial_state=h)
        made_with.step(X[1])
        made_with.reset()
        results.append(made_with.step(X[0]))
        stream.reset(initial_state=h)
        results.append(stream.step(X[0]))
        for got in results:
            np.testing.assert_allclose(got, expected, rtol=0, atol=2e-6 if pooling == "attention" else 0)
        stream.reset()
        zeros = model.predict_proba([X[0]])[0]
        np.testing.assert_allclose(
            stream.step(X[0]), zeros, rtol=0, atol=2e-6 if pooling == "attention" else 0
        )

    def test_several_streams(self):
        X, y = vowels()
        model = GRURegressor((4, 4), max_iter=2, random_state=0).fit(X, y)
        cube, h = np.stack([x[:7] for x in X[:3]]), np.random.default_rng(0).uniform(-1, 1, (3, 2, 4))
        streams = model.stream(3, initial_state=h)
        assert np.array_equal(streams.state, h.astype("float32"))
        assert np.array_equal(streams.step(cube), model.predict(cube, initial_state=h))
        streams.reset([2, 0])
        assert np.array_equal(streams.state[[0, 2]], h[[0, 2]].astype("float32"))
        streams.reset([1], initial_state=h[0])
        assert np.array_equal(streams.step(cube), model.predict(cube, initial_state=h[[0, 0, 2]]))
        streams.state = h[1]  # of all alike
        assert np.array_equal(streams.step(cube), model.predict(cube, initial_state=h[1]))
        streams.state = h[::-1]
        assert np.array_equal(streams.step(cube), model.predict(cube, initial_state=h[::-1]))

    def test_refused(self):
        X, y = vowels()
        model = GRUClassifier((4, 4), max_iter=2, random_state=0).fit(X, y)
        stream, streams = model.stream(), model.stream(3)
        stream.step(X[0])
        before = stream.snapshot()
        for wrong in (
            np.zeros(4),
            np.zeros((2, 5)),
            np.full((2, 4), np.nan),
            np.full((2, 4), 3e38),
            "h",
            None,
        ):
            with pytest.raises((TypeError, ValueError), match="state "):
                stream.state = wrong
            if wrong is not None:
                for make in (model.stream, stream.reset):
                    with pytest.raises((TypeError, ValueError), match="initial_state "):
                        make(initial_state=wrong)
        assert stream.snapshot() == before
        with pytest.raises(ValueError, match=r"initial_state has shape \(3, 2, 4\); expected \(2, 2, 4\)"):
            streams.reset([0, 1], initial_state=np.zeros((3, 2, 4)))


class TestCopies:
    """copy.copy, copy.deepcopy and pickle give streams of their own."""

    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda stream: pickle.loads(pickle.dumps(stream))]
    )
    @pytest.mark.parametrize("n", [None, 3])
    @pytest.mark.parametrize("pooling", READOUTS)
    def test_go_on_alone(self, pooling, n, copied):
        X, y = vowels()
        model = GRUClassifier(**FAST, pooling=pooling, frame_length=3).fit(X, y)
        x = X[0] if n is None else np.stack([x[:7] for x in X[:n]])
        first, rest = (x[:4], x[4:]) if n is None else (x[:, :4], x[:, 4:])
        h = np.random.default_rng(0).uniform(-1, 1, (1, 6))
        stream = model.stream(n, initial_state=h)
        stream.step(first)
        other, before = copied(stream), stream.snapshot()
        after = other.step(rest)
        assert stream.snapshot() == before
        assert np.array_equal(stream.step(rest), after)
        other.reset()
        assert np.array_equal(other.state, np.broadcast_to(h.astype("float32"), other.state.shape))


class TestSnapshots:
    def test_any_bytes(self):
        X, y = vowels()
        model = GRUClassifier(**FAST, pooling="mean").fit(X, y)
        stream = model.stream()
        stream.step(X[0])
        snapshot, expected = stream.snapshot(), stream.step(X[1])
        for kind in (bytes, bytearray, memoryview, lambda b: np.frombuffer(b, np.uint8)):
            stream.restore({name: kind(part) for name, part in snapshot.items()})
            assert np.array_equal(stream.step(X[1]), expected)

    @pytest.mark.parametrize("dtype", TOLERANCE)
    @pytest.mark.parametrize("pooling", READOUTS)
    def test_no_values_that_make_nan(self, pooling, dtype):
        """Any number of a snapshot made large, or NaN: it is refused, or gives finite probabilities."""
        X, y = vowels()
        model = GRUClassifier((3,), pooling=pooling, frame_length=2, dtype=dtype, max_iter=1).fit(X, y)
        stream = model.stream()
        stream.step(X[0][:5])
        snapshot = stream.snapshot()
        numbers = np.frombuffer(snapshot["numbers"], dtype)
        largest, refused = float(np.finfo(dtype).max), set()
        for place in range(len(numbers)):
            for value in (largest, -largest, np.sqrt(largest), np.nan, np.inf, 0.0, -1.0):
                changed = numbers.copy()
                changed[place] = value
                before = stream.snapshot()
                try:
                    stream.restore(snapshot | {"numbers": changed.tobytes()})
                except ValueError:
                    refused.add((place, value))
                    assert stream.snapshot() == before
                assert np.isfinite(stream.step(X[1], every=True)).all()
        for value in (largest, np.nan):
            energy = {3 + 4} if pooling == "attention" and value == largest else set()
            assert {place for place, bad in refused if bad is value} | energy == set(range(len(numbers)))
        with pytest.raises(ValueError, match="snapshot is damaged"):
            stream.restore(snapshot | {"steps": b"\xff" * 8})

    def test_other_things_are_refused(self):
        X, y = vowels()
        stream = GRUClassifier(**FAST).fit(X, y).stream()
        snapshot = stream.snapshot()
        for wrong in (
            None,
            [],
            3,
            np.zeros(3),
            {},
            snapshot | {"steps": 8},
            snapshot | {"numbers": "0" * 12},
        ):
            with pytest.raises(ValueError, match="snapshot is not a dict of bytes"):
                stream.restore(wrong)
        with pytest.raises(ValueError, match="snapshot is not of 1 stream, or cut short"):
            stream.restore(snapshot | {"numbers": snapshot["numbers"][:-1]})


def test_states_of_other_models_are_refused():
    X, y = vowels()
    settings = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
    model = GRUClassifier(**settings).fit(X, y)
    stream = model.stream()
    stream.step(X[0])
    state = stream.snapshot()
    others = [
        GRUClassifier(**settings | dict(random_state=1)).fit(X, y),
        GRUClassifier(**settings | dict(pooling="max")).fit(X, y),
        GRUClassifier(**settings | dict(standardize=False)).fit(X, y),
    ]
    for other in others:
        with pytest.raises(ValueError, match="snapshot is of a stream of another model"):
            other.stream().restore(state)
    broken = state | {"numbers": b"\xff" * len(state["numbers"])}
    with pytest.raises(ValueError, match="snapshot is damaged"):
        stream.restore(broken)
    assert np.array_equal(stream.step(X[0][:1]), model.predict_proba([[*X[0], X[0][0]]])[0])
