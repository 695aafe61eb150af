"""A target for each row, in batches of whole sequences."""

import numpy as np
import pytest
from gruc.network import GRUNetwork
from gruc.sequences import Framing, as_sequences
from gruc.training import Loss, StepMemory, TrainingData, TrainingStep
from helpers import LOSS_SETTINGS, central_difference, random_sequences, relative_error

LENGTHS = [3, 1, 6, 6, 2, 4]
N, D, K = sum(LENGTHS), 2, 3
FORMS = {
    "list": lambda X: X,
    "integers": lambda X: [np.round(3 * x).astype("int16") for x in X],  # copied batch by batch
    "array": lambda X: np.stack([np.resize(x, (5, D)) for x in X]),
}


def data_of(form="list", loss="softmax", weighted=True, **options):
    rng = np.random.default_rng(0)
    sequences = as_sequences(FORMS[form](random_sequences(rng, LENGTHS, D)))
    n = int(sequences.lengths.sum())
    targets = rng.integers(0, K, n) if loss == "softmax" else rng.random((n, K))
    weights = 0.5 + rng.random(n) if weighted else None
    return TrainingData(sequences, None, targets, weights, each_step=True, **options)


def a_batch(data, batch_size=4):
    return next(iter(data.batches(batch_size, np.random.default_rng(1))))


def test_a_batch_is_as_large_as_its_rows():
    data = data_of()
    batch = a_batch(data)
    rows = [np.arange(data.starts[i], data.starts[i] + LENGTHS[i]) for i in batch.indices]
    weights = data.weights[np.concatenate(rows)]
    assert batch.size == len(weights) == batch.lengths.sum()
    assert batch.weight == pytest.approx(weights.sum())
    variance = weights.var() * (1 - batch.size / N)
    assert batch.gradient_scale() == pytest.approx(np.sqrt(weights.mean() ** 2 + variance))
    unweighted = a_batch(data_of(weighted=False))
    assert (unweighted.weight, unweighted.gradient_scale()) == (batch.size, 1.0)


def test_of_some_sequences():
    data = data_of(indices=np.array([4, 0, 2]))
    batches = list(data.batches(2, np.random.default_rng(0)))
    assert sorted(i for batch in batches for i in batch.indices) == [0, 2, 4]
    assert data.n_learned == 3 + 6 + 2


@pytest.mark.parametrize("form", FORMS)
def test_targets_of_a_part_are_those_of_its_sequences(form):
    data = data_of(form)
    batch = a_batch(data)
    places = np.array([2, 0])
    part = batch.part(places)
    for place, i in zip(part.places, batch.indices[places], strict=True):
        ours = slice(part.starts[place], part.starts[place] + data.lengths[i])
        theirs = slice(data.starts[i], data.starts[i] + data.lengths[i])
        assert np.array_equal(part.targets[ours], data.targets[theirs])
        assert np.array_equal(part.weights[ours], data.weights[theirs])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["softmax", "sigmoid", "squared_error", "huber", "poisson"])
@pytest.mark.parametrize("form", FORMS)
def test_against_central_differences(form, loss, weighted):
    network = GRUNetwork(D, [3, 2], True, True, None, K)
    flat = 0.5 * np.random.default_rng(1).standard_normal(network.table.size)
    step = TrainingStep(StepMemory(network), Loss(loss, LOSS_SETTINGS.get(loss, (0.0,))))
    batch = a_batch(data_of(form, loss, weighted))
    gradient = step(flat, batch)[1].dense.copy()
    slopes = central_difference(lambda: step(flat, batch)[0] / batch.size, flat)
    for name, block in network.table.views(gradient).items():
        assert relative_error(block, network.table.views(slopes)[name]) < 1e-7, name


def test_a_batch_is_the_sum_of_its_sequences():
    network = GRUNetwork(2 * D, [3], False, True, None, K)
    flat = 0.5 * np.random.default_rng(1).standard_normal(network.table.size)
    step = TrainingStep(StepMemory(network), Loss("softmax"))
    rng = np.random.default_rng(0)
    sequences, framing = as_sequences(random_sequences(rng, LENGTHS, D)), Framing(2, 1)
    n = int(framing.count(sequences.lengths).sum())
    data = TrainingData(sequences, None, rng.integers(0, K, n), rng.random(n), None, framing, each_step=True)
    batch = a_batch(data, 6)
    loss, gradient = step(flat, batch)
    total, losses = batch.size * gradient.dense, []
    for i in batch.indices:
        data.indices = np.array([i])
        one = a_batch(data, 1)
        part, gradient = step(flat, one)
        losses.append(part)
        total = total - one.size * gradient.dense
    assert loss == pytest.approx(sum(losses), rel=1e-12)
    np.testing.assert_allclose(total, 0, rtol=0, atol=1e-12)
