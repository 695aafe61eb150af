"""Streams of models with convolutions: the prediction for the sequence so far, whatever its last window lacks."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRUTagger
from gruc.network import READOUTS, GRUNetwork
from gruc.runtime import Predictor
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import tagged_vowels, vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(max_iter=2, random_state=0)
LAYERS = {
    "one": dict(conv_channels=(5,), conv_pool=1),
    "pooled": dict(conv_channels=(4, 3), conv_kernel_size=(3, 1)),
    "by two, one and three": dict(conv_channels=(4, 19, 3), conv_kernel_size=(4, 2, 3), conv_pool=(2, 1, 3)),
    "longer than sequences": dict(conv_channels=(4,), conv_kernel_size=40, conv_pool=50),
}


def drawn(layers, n_features=2, seed=0, **network):
    """A predictor of random weights, whose normalisations have constants as after some batches."""
    config = dict(
        n_features=n_features, hidden_layer_sizes=[5, 4], bidirectional=False, reset_after=True, pooling="last",
        n_outputs=3, convolutions=list(zip(*layers, strict=True)),
    )  # fmt: skip
    made = GRUNetwork(**config | network)
    predictor = Predictor(made, np.zeros(made.table.size))
    rng = np.random.default_rng(seed)
    for name, value in predictor.network.table.views(predictor.parameters).items():
        value[...] = rng.standard_normal(value.shape)
        if name.endswith(("running_var", "num_batches_tracked")):
            value[...] = np.abs(value)
    return predictor


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("pooling", READOUTS)
@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_every_step(layers, pooling, dtype):
    X, y = vowels()
    model = GRUClassifier((6, 4), **FAST, **layers, pooling=pooling, dtype=dtype).fit(X, y)
    stream = model.stream()
    for x in X[:4]:
        got = np.array([stream.step(row) for row in x])
        expected = model.predict_proba([x[: t + 1] for t in range(len(x))])
        if pooling == "attention":  # whose softmax is taken frame by frame
            np.testing.assert_allclose(got, expected, rtol=0, atol=2e-6 if dtype == "float32" else 1e-13)
        else:
            assert np.array_equal(got, expected)
        stream.reset()


@settings(max_examples=40, deadline=None)
@given(
    layers=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)), min_size=1, max_size=4),
    n_steps=st.integers(1, 40), pooling=st.sampled_from(["last", "mean", "max"]), seed=st.integers(0, 99),
)  # fmt: skip
def test_any_layers(layers, n_steps, pooling, seed):
    predictor = drawn(list(zip(*layers, strict=True)), pooling=pooling, seed=seed)
    x = np.random.default_rng(seed).standard_normal((n_steps, 2))
    got = predictor.stream().step(x, every=True)
    assert np.array_equal(got, predictor.predict([x[: t + 1] for t in range(n_steps)]))


@pytest.mark.parametrize("frames", [(3, 3), (3, 1), (2, 5)], ids=str)
def test_frames(frames):
    X, y = vowels()
    framing = dict(frame_length=frames[0], hop_length=frames[1])
    model = GRUClassifier((6,), **FAST, **framing, **LAYERS["by two, one and three"], pooling="mean").fit(
        X, y
    )
    got = model.stream().step(X[0], every=True)
    assert np.array_equal(got, model.predict_proba([X[0][: t + 1] for t in range(len(X[0]))]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_convolutions_that_the_head_reads(dtype):
    X, y = vowels()
    pooling = ("conv_mean", "last", "conv_max", "max")
    layers = LAYERS["by two, one and three"]
    model = GRUClassifier((6, 4), **FAST, **layers, pooling=pooling, dtype=dtype).fit(X, y)
    for x in X[:4]:
        got = model.stream().step(x, every=True)
        assert np.array_equal(got, model.predict_proba([x[: t + 1] for t in range(len(x))]))


def test_tokens():
    X, y = vowels()
    tokens = [x[:, 0].argsort() % 11 for x in X]
    model = GRUClassifier((6,), **FAST, **LAYERS["pooled"], embedding_dim=3).fit(tokens, y)
    stream = model.stream()
    got = [stream.step(int(token)) for token in tokens[0]]
    assert np.array_equal(got, model.predict_proba([tokens[0][: t + 1] for t in range(len(tokens[0]))]))


def test_answers_for_each_step():
    X, y = tagged_vowels()
    model = GRUTagger((6,), **FAST, conv_channels=(5, 4), conv_kernel_size=3).fit(X, y)
    assert np.array_equal(model.stream().step(X[0], every=True), model.predict_proba([X[0]])[0])


def test_several_streams_go_their_own_ways():
    X, y = vowels()
    model = GRUClassifier((6,), **FAST, **LAYERS["pooled"]).fit(X, y)
    streams = model.stream(3)
    streams.step(X[1][np.newaxis, :4], rows=[1])
    streams.step(np.stack([X[0][:3], X[1][4:7], X[2][:3]]))
    streams.step(X[2][np.newaxis, 3:8], rows=[2])
    got = streams.step(np.stack([X[0][3], X[1][7], X[2][8]]))
    assert np.array_equal(got, model.predict_proba([X[0][:4], X[1][:8], X[2][:9]]))


class TestStates:
    def model(self):
        X, y = vowels()
        return GRUClassifier((6, 3), **FAST, **LAYERS["by two, one and three"], pooling="mean").fit(X, y), X[
            0
        ]

    def test_the_state_is_that_after_the_last_full_window(self):
        model, x = self.model()
        stream = model.stream()
        for t, row in enumerate(x, start=1):
            stream.step(row)
            for layer, state in enumerate(stream.state):
                full = model.hidden_states([x[: t // 6 * 6]], layer)[0][-1] if t >= 6 else 0 * state
                assert np.array_equal(state, full)

    def test_setting_it_begins_a_sequence(self):
        model, x = self.model()
        states = [np.full(6, 0.5, "float32"), np.full(3, -0.25, "float32")]
        stream = model.stream()
        stream.step(x[:4])
        stream.state = states
        assert np.array_equal(stream.step(x), model.predict_proba([x], initial_state=states)[0])

    def test_a_snapshot_goes_on(self):
        model, x = self.model()
        for t in range(len(x)):
            stream, other = model.stream(), model.stream()
            if t > 0:
                stream.step(x[:t])
            other.restore(stream.snapshot())
            assert np.array_equal(other.step(x[t:]), model.predict_proba([x])[0])

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_damaged_snapshots_are_refused(self, bad):
        model, x = self.model()
        stream = model.stream()
        stream.step(x[:7])
        snapshot, before = stream.snapshot(), stream.snapshot()
        n = len(snapshot["numbers"]) // 4
        for place in range(n):
            numbers = np.frombuffer(snapshot["numbers"], "float32").copy()
            numbers[place] = bad
            with pytest.raises(ValueError, match="snapshot is damaged"):
                stream.restore(snapshot | {"numbers": numbers.tobytes()})
        assert stream.snapshot() == before
