"""Streams say after every step what a prediction of the sequence so far says."""

import copy
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
    state, there = pickle.loads(pickle.dumps((stream.snapshot(), Predictor.from_estimator(model))))
    other = there.stream()
    other.restore(state)
    assert np.array_equal([stream.step(x) for x in X[0][4:]], [other.step(x) for x in X[0][4:]])
    with pytest.raises(ValueError, match="snapshot is not of 2 streams"):
        model.stream(2).restore(state)


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
    def test_no_numbers_that_make_nan(self, pooling, dtype):
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
        before = stream.snapshot()
        x = np.stack([X[0][1:4], X[1][1:4]])
        x[1, 2, 5] = bad
        with pytest.raises(ValueError, match="x holds .* in feature 5"):
            stream.step(x)
        assert stream.snapshot() == before

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


@pytest.mark.parametrize(
    "x", [["1"] * 12, np.full(12, 1j), np.zeros(12, "datetime64[s]"), np.ma.masked_all(12), None]
)
def test_what_is_no_number(x):
    X, y = vowels()
    stream = GRUClassifier((6,), max_iter=2, random_state=0).fit(X, y).stream()
    with pytest.raises((TypeError, ValueError), match=r"\bx (is|has|holds)"):
        stream.step(x)


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
