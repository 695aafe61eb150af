"""Layers of any size over batches of any lengths: outputs and gradients against the oracle."""

import pickle

import numpy as np
import pytest
import reference
from gruc.network import READOUTS, GRUNetwork
from helpers import (
    TOLERANCE,
    loss_of,
    masks_by_sequence,
    pack,
    pass_over,
    random_sequences,
    unpack,
)
from hypothesis import given
from hypothesis import strategies as st


def dropout_for(batch):
    return np.random.default_rng(3).integers(2**64, size=len(batch.lengths), dtype=np.uint64), 0.3, 0.4


@given(
    D=st.integers(1, 40), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=2), K=st.integers(1, 20),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=20), reset_after=st.booleans(),
    bidirectional=st.booleans(), pooling=st.sampled_from(sorted(READOUTS)), dropout=st.booleans(),
    dtype=st.sampled_from(["float32", "float64"]), seed=st.integers(0, 99),
)  # fmt: skip
def test_gradients_of_any_shape(
    D, sizes, K, lengths, reset_after, bidirectional, pooling, dropout, dtype, seed
):
    rng = np.random.default_rng(seed)
    network = GRUNetwork(D, sizes, bidirectional, reset_after, pooling, K)
    flat = (rng.standard_normal(network.table.size) / np.sqrt(max(*sizes, D))).astype(dtype)
    sequences = random_sequences(rng, lengths, D)
    targets, weights = rng.standard_normal((len(lengths), K)), 0.5 + rng.random(len(lengths))
    batch = pack(sequences, dtype)
    way = pass_over(network, flat, batch, want_dx=True, dropout=dropout_for(batch) if dropout else None)
    masks = masks_by_sequence(network, way, batch) if dropout else None
    outputs = way.forward()
    loss = loss_of(
        "squared_error", outputs, targets[batch.order].astype(dtype), weights[batch.order], weights.sum()
    )
    gradient = way.backward(outputs)
    expected_loss, gradients, expected_dx = reference.batch_loss(
        sequences,
        targets,
        weights,
        network.table.torch_views(flat.astype("float64")),
        network.config,
        "squared_error",
        masks=masks,
    )
    tolerance = 20 * TOLERANCE[dtype]
    np.testing.assert_allclose(loss / weights.sum(), expected_loss, rtol=tolerance)
    for name, block in network.table.torch_views(gradient).items():
        np.testing.assert_allclose(
            block, gradients[name], rtol=0, atol=tolerance * max(1, np.abs(gradients[name]).max())
        )
    for got, want in zip(unpack(way.gradient(0), batch), expected_dx, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * max(1, np.abs(want).max()))


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("pooling", READOUTS)
@pytest.mark.parametrize(
    "lengths", [[90, 89, 40, 3], [1] * 150, [2] * 140 + [5] * 3], ids=["long", "short", "many"]
)
def test_batches_longer_than_a_chunk(lengths, pooling, dropout):
    """Steps are taken some 128 rows at a time: more rows, and a step of more rows than that."""
    rng = np.random.default_rng(0)
    for reset_after in (True, False):
        network = GRUNetwork(2, [19], True, reset_after, pooling, 3)
        flat = 0.3 * rng.standard_normal(network.table.size)
        sequences = random_sequences(rng, lengths)
        targets, weights = rng.integers(0, 3, len(lengths)), np.ones(len(lengths))
        batch = pack(sequences)
        way = pass_over(network, flat, batch, dropout=dropout_for(batch) if dropout else None)
        masks = masks_by_sequence(network, way, batch) if dropout else None
        outputs = way.forward()
        if not dropout:
            inferred = network.infer(network.prepare(flat), batch)
            np.testing.assert_allclose(inferred, outputs, rtol=0, atol=1e-12)
        loss_of("softmax", outputs, targets[batch.order], weights, weights.sum(), (0.0,))
        gradient = way.backward(outputs)
        _, gradients, _ = reference.batch_loss(
            sequences, targets, weights, network.table.torch_views(flat), network.config, "softmax",
            masks=masks,
        )  # fmt: skip
        for name, block in network.table.torch_views(gradient).items():
            np.testing.assert_allclose(block, gradients[name], rtol=0, atol=1e-11, err_msg=name)


def test_a_pickled_network_is_its_shape():
    network = pickle.loads(pickle.dumps(GRUNetwork(2, [3, 4], True, False, "mean", 5)))
    assert network.config == GRUNetwork(2, [3, 4], True, False, "mean", 5).config


def test_subnormal_numbers_are_as_before(kernel):
    """The backward pass counts them as zero, and puts the processor's mode back."""
    rng = np.random.default_rng(0)
    network = GRUNetwork(2, [20], False, True, "last", 1)
    flat = np.zeros(network.table.size, "float32")
    network.initialize(network.table.views(flat), rng)
    batch = pack(random_sequences(rng, [300, 300]), "float32")
    way = pass_over(network, flat, batch)
    way.forward()
    gradient = way.backward(np.full((2, 1), 1e-30, "float32"))  # which vanishes on its way
    assert np.isfinite(gradient).all()
    assert np.float32(1e-40) * np.float32(1) != 0
    assert np.float64(1e-310) * 1 != 0
