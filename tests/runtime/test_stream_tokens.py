"""Streams of models that read tokens, or answer each step."""

import pickle

import numpy as np
import pytest
from gruc.runtime import Predictor
from random_models import N_TOKENS, POOLINGS, every_kind, random_predictor, random_sequences_for

FORWARD = {name: model for name, model in every_kind().items() if not model.config["bidirectional"]}


def answers(predictor, x):
    """After each step, what the predictor says of the sequence so far, or of this step."""
    predict = predictor.predict if predictor.classes is None else predictor.predict_proba
    if predictor.config["pooling"] is None:
        return predict([x])[0]
    return predict([x[: t + 1] for t in range(len(x))])


@pytest.mark.parametrize("name", FORWARD)
def test_every_model(name):
    predictor = FORWARD[name]
    stream = predictor.stream()
    atol = 2e-6 if predictor.config["pooling"] == "attention" else 0
    for x in random_sequences_for(predictor):
        expected = answers(predictor, x)
        stream.reset()
        one_by_one = [stream.step(step) for step in x]
        # exp of counts is libm's in streams
        np.testing.assert_allclose(one_by_one, expected, rtol=1e-12 if "counts" in name else 0, atol=atol)
        assert one_by_one[0].dtype == expected.dtype
        stream.reset()
        assert np.array_equal(stream.step(x, every=True), one_by_one)
        stream.reset()
        assert np.array_equal(stream.step(x), one_by_one[-1])


@pytest.mark.parametrize("pooling", POOLINGS)
def test_any_integer_is_a_token(pooling):
    predictor = random_predictor(pooling)
    x = random_sequences_for(predictor)[0]
    expected = predictor.stream().step(x)
    for kind in (int, np.int8, np.uint64, np.array):
        stream = predictor.stream()
        for token in x:
            got = stream.step(kind(token))
        assert np.array_equal(got, expected)
    for block in (x.tolist(), tuple(x), x.astype("uint8"), x.astype("int32")[::1], np.repeat(x, 2)[::2]):
        assert np.array_equal(predictor.stream().step(block), expected)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_several_streams(pooling):
    predictor = random_predictor(pooling, sizes=(4, 3))
    X = random_sequences_for(predictor, lengths=[6, 6, 6])
    expected = np.stack([predictor.stream().step(x, every=True) for x in X])
    streams = predictor.stream(3)
    assert np.array_equal(streams.step(np.stack(X), every=True), expected)
    streams.reset()
    for t in range(6):
        assert np.array_equal(streams.step([x[t] for x in X]), expected[:, t])
    streams.reset()
    streams.step([X[2][0], X[0][0]], rows=[2, 0])
    block = np.stack([X[0][1:4], X[2][1:4]])
    assert np.array_equal(streams.step(block, [0, 2], every=True), expected[[0, 2], 1:4])
    assert np.array_equal(streams.step(X[1:2], [1], every=True), expected[1:2])


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_state_and_snapshot(pooling, dtype):
    predictor = random_predictor(pooling, sizes=(4, 3), dtype=dtype)
    x = random_sequences_for(predictor)[2]
    stream = predictor.stream()
    stream.step(x[:3])
    snapshot, state, copy = stream.snapshot(), stream.state, pickle.loads(pickle.dumps(stream))
    expected = stream.step(x[3:])
    assert np.array_equal(copy.step(x[3:]), expected)
    stream.restore(snapshot)
    assert np.array_equal(stream.step(x[3:]), expected)
    after = predictor.predict_proba([x[3:]], initial_state=state)[0]
    np.testing.assert_allclose(
        predictor.stream(initial_state=state).step(x[3:], every=pooling is None), after, rtol=0, atol=2e-6
    )
    with pytest.raises(ValueError, match="damaged"):
        stream.restore(snapshot | {"numbers": b"\xff" * len(snapshot["numbers"])})


class TestRefused:
    @pytest.mark.parametrize(
        "x, message",
        [
            (-1, f"x has token -1, but the model knows tokens 0 to {N_TOKENS - 1} only"),
            (N_TOKENS, f"x has token {N_TOKENS}, but"),
            (2**40, "x has token 1099511627776, but"),
            (2**70, "x.* has token 1180591620717411303424"),
            ([3, -2], "x has token -2, but"),
            (1.0, "x.* holds float64, and tokens are integers"),
            ([1.0, 2.0], "x holds float64, and tokens are integers"),
            (np.nan, "x.* NaN"),
            (True, "booleans"),
            ("a", "text"),
            (None, "not a"),
            ([], r"x has shape \(0,\); expected a token or \(n_steps,\)"),
            ([[1, 2]], r"x has shape \(1, 2\); expected a token or \(n_steps,\)"),
        ],
        ids=str,
    )
    def test_what_is_no_token(self, x, message):
        stream = random_predictor("mean").stream()
        stream.step(3)
        before = stream.snapshot()
        with pytest.raises(ValueError, match=message):
            stream.step(x)
        assert stream.snapshot() == before

    def test_one_of_several(self):
        streams = random_predictor(None).stream(2)
        streams.step([3, 4])
        before = streams.snapshot()
        with pytest.raises(ValueError, match=f"x has token {N_TOKENS}"):
            streams.step([[1, 2, 3], [1, 2, N_TOKENS]])
        for x in (3, [1], [1, 2, 3], [[1, 2, 3]], [[], []], [[[1]], [[2]]]):
            with pytest.raises(ValueError, match=r"expected one of a token or \(n_steps,\) for each of 2"):
                streams.step(x)
        assert streams.snapshot() == before

    def test_models_that_read_both_ways(self):
        with pytest.raises(ValueError, match="A bidirectional model"):
            random_predictor(None, both=True).stream()

    def test_a_snapshot_of_other_vectors(self):
        predictor = random_predictor()
        other = Predictor(predictor.network, predictor.parameters * 2, None, predictor.decoding)
        with pytest.raises(ValueError, match="another model"):
            other.stream().restore(predictor.stream().snapshot())
