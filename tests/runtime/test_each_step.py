"""Predictors of networks that answer each step: against the oracle, and in the form of X."""

import pickle
import tracemalloc

import numpy as np
import pytest
import reference
from gruc.network import GRUNetwork
from gruc.outputs import Classes, Values
from gruc.runtime import Predictor, chunks
from gruc.sequences import Framing, Numbers, Scaling
from helpers import TOLERANCE, random_sequences

LENGTHS = [3, 1, 6, 6, 2, 4]
D, H, K = 2, 5, 3
SCALING = Scaling(np.array([0.5, -0.25]), np.array([2.0, 0.5]))


def a_predictor(decoding=None, dtype="float64", bidirectional=False, inputs=None, n_jobs=1):
    decoding = Classes(["a", "b", "c"]) if decoding is None else decoding
    inputs = Numbers(D, SCALING) if inputs is None else inputs
    network = GRUNetwork(inputs.width, [H], bidirectional, True, None, decoding.n_outputs)
    flat = 0.5 * np.random.default_rng(1).standard_normal(network.table.size)
    return Predictor(network, flat.astype(dtype), inputs, decoding, n_jobs=n_jobs)


def by_the_oracle(predictor, x):
    """Outputs of one sequence, and the states that they are made of."""
    weights = {name: array.astype("float64") for name, array in predictor.weights.items()}
    x = (x - SCALING.mean) / SCALING.scale
    states, _ = reference.gru_forward(x, *reference.layer_weights(weights, "l0"))
    if predictor.config["bidirectional"]:
        backward, _ = reference.gru_forward(x[::-1], *reference.layer_weights(weights, "l0_reverse"))
        states = np.concatenate([states, backward[::-1]], axis=1)
    return states @ weights["head.weight"].T + weights["head.bias"], states


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_against_the_oracle(bidirectional, dtype):
    predictor = a_predictor(dtype=dtype, bidirectional=bidirectional)
    X = random_sequences(np.random.default_rng(0))
    expected, states = zip(*(by_the_oracle(predictor, x) for x in X), strict=True)
    for got, wanted in ((predictor.outputs(X), expected), (predictor.features(X), states)):
        assert (got.shape, got.dtype) == ((len(X),), object)
        for ours, theirs in zip(got, wanted, strict=True):
            assert ours.dtype == dtype
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=10 * TOLERANCE[dtype])
    labels = predictor.predict(X)
    for a, ours, log, label in zip(
        expected, predictor.predict_proba(X), predictor.predict_log_proba(X), labels, strict=True
    ):
        p = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(ours, p, rtol=0, atol=10 * TOLERANCE[dtype])
        np.testing.assert_allclose(log, np.log(p), rtol=0, atol=20 * TOLERANCE[dtype])
        assert label.tolist() == [predictor.classes[place] for place in p.argmax(axis=1)]


def test_values_in_the_units_of_targets():
    X = random_sequences(np.random.default_rng(0))
    for n_targets, n_quantiles in ((1, 1), (2, 1), (1, 2), (2, 3)):
        scaling = Scaling(np.arange(1.0, n_targets + 1), np.full(n_targets, 3.0))
        predictor = a_predictor(Values(n_targets, scaling, n_quantiles=n_quantiles))
        for x, got in zip(X, predictor.predict(X), strict=True):
            outputs, _ = by_the_oracle(predictor, x)
            expected = np.sort(outputs.reshape(len(x), n_targets, n_quantiles), axis=2)
            expected = expected * 3.0 + scaling.mean[:, np.newaxis]
            shape = [len(x), *[size for size in (n_targets, n_quantiles) if size > 1]]
            np.testing.assert_allclose(got, expected.reshape(shape), rtol=0, atol=1e-12)


def test_in_the_form_of_X():
    """An array for an array, else an array of arrays, also where all have the same length."""
    predictor = a_predictor()
    cube = np.random.default_rng(0).standard_normal((4, 7, D))
    ragged = predictor.predict_proba(list(cube))
    assert [part.shape for part in ragged] == [(7, K)] * 4
    array = predictor.predict_proba(cube)
    assert (array.shape, array.dtype) == ((4, 7, K), np.float64)
    assert np.array_equal(array, np.stack(ragged))
    assert np.array_equal(predictor.predict(cube), np.stack(predictor.predict(list(cube))))
    assert predictor.predict(cube).shape == (4, 7)
    table = a_predictor(inputs=Numbers(1))
    assert np.array_equal(table.predict(cube[:, :, 0]), np.stack(table.predict(list(cube[:, :, 0]))))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_the_same_bits_in_any_company(dtype, monkeypatch):
    predictor = a_predictor(dtype=dtype, bidirectional=True)
    X = random_sequences(np.random.default_rng(0), [70, 3, 1, 41, 41, 17, 2] * 6)
    together = predictor.outputs(X)
    for i in (0, 1, 2, 40):
        assert np.array_equal(predictor.outputs(X[i : i + 1])[0], together[i])
    for name, value in (("CHUNK_SIZE", 1000), ("OPERATIONS_PER_THREAD", 10.0)):
        monkeypatch.setattr(chunks, name, value)
    for part, of_chunks in zip(together, predictor.with_n_jobs(3).outputs(X), strict=True):
        assert np.array_equal(part, of_chunks)


def test_a_wide_head_is_run_in_smaller_chunks(monkeypatch):
    """Memory is bounded by the widest array: with many classes that of the outputs."""
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 4000)
    X = random_sequences(np.random.default_rng(0), [10] * 20)
    sizes = {}
    for n_classes in (3, 200):
        predictor, seen = a_predictor(Classes(np.arange(n_classes))), []

        def infer(weights, batch, initial, network=predictor.network, seen=seen):
            seen.append(len(batch.lengths))
            return type(network).infer(network, weights, batch, initial)

        monkeypatch.setattr(predictor.network, "infer", infer)
        predictor.outputs(X)
        sizes[n_classes] = seen
    assert sizes == {3: [20], 200: [2] * 10}


def test_outputs_of_all_steps_are_never_held():
    """Labels among many classes are decoded chunk by chunk."""
    classes = Classes(np.arange(2_000))
    predictor = a_predictor(classes, "float32")
    X = random_sequences(np.random.default_rng(0), [50] * 200)
    predictor.predict(X[:1])
    tracemalloc.start()
    labels = predictor.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 50 * 2_000 * 4 / 4
    assert np.array_equal(labels[7], predictor.outputs(X[7:8])[0].argmax(axis=1))


def test_frames_are_rows():
    """With frames of several steps there is an answer for each frame."""
    predictor = a_predictor(inputs=Numbers(D, None, Framing(2, 1)))
    X = random_sequences(np.random.default_rng(0))
    framed = [
        np.stack([np.r_[x[t], x[min(t + 1, len(x) - 1)]] for t in range(max(1, len(x) - 1))]) for x in X
    ]
    whole = a_predictor(inputs=Numbers(2 * D))
    for got, expected in zip(predictor.outputs(X), whole.outputs(framed), strict=True):
        assert np.array_equal(got, expected)


def test_initial_states():
    """The second halves, from the states after the first ones, have the answers of the whole."""
    predictor = a_predictor()
    X = random_sequences(np.random.default_rng(0), [6, 9, 5])
    states = np.stack([rows[-1] for rows in predictor.hidden_states([x[:4] for x in X])])
    rest = predictor.predict_proba([x[4:] for x in X], initial_state=states[:, np.newaxis])
    for got, whole in zip(rest, predictor.predict_proba(X), strict=True):
        assert np.array_equal(got, whole[4:])


def test_a_pickle_predicts_the_same():
    predictor = a_predictor(bidirectional=True)
    X = random_sequences(np.random.default_rng(0))
    other = pickle.loads(pickle.dumps(predictor))
    for got, expected in zip(other.predict_proba(X), predictor.predict_proba(X), strict=True):
        assert np.array_equal(got, expected)
