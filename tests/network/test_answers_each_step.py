"""Networks whose head answers each step, and networks that read tokens, in inference."""

import numpy as np
import pytest
from gruc.network import GRUNetwork
from gruc.sequences import PackedBatch, as_sequences

LENGTHS = [3, 1, 6, 6, 2]


def parameters_of(network, seed=0):
    return 0.5 * np.random.default_rng(seed).standard_normal(network.table.size)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_outputs_of_each_step_are_those_of_all_steps_so_far(bidirectional):
    """The head over the top layer's states: those of `states`, which other tests hold to the oracle."""
    rng = np.random.default_rng(0)
    network = GRUNetwork(2, [3, 4], bidirectional, True, None, 5)
    flat = parameters_of(network)
    weights = network.prepare(flat)
    sequences = as_sequences([rng.standard_normal((n, 2)) for n in LENGTHS])
    batch = sequences.gather(np.arange(len(LENGTHS)), None, np.float64)
    views = network.table.views(flat)
    states = network.states(weights, batch, 1)
    expected = states @ views["head.weight"] + views["head.bias"]
    outputs = network.infer(weights, batch)
    assert outputs.shape == (sum(LENGTHS), 5)
    assert np.allclose(outputs, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", None])
def test_tokens_are_rows_of_the_table(pooling):
    """The same outputs, bit for bit, as from the rows of the table as features."""
    rng = np.random.default_rng(1)
    network = GRUNetwork(3, [4], True, True, pooling, 2, n_tokens=7)
    flat = parameters_of(network)
    tokens = [rng.integers(0, 7, n) for n in LENGTHS]
    table = network.table.views(flat)["embedding.weight"]
    numbers = GRUNetwork(3, [4], True, True, pooling, 2)
    rows = as_sequences([table[sequence] for sequence in tokens])
    batch = rows.gather(np.arange(len(LENGTHS)), None, np.float64)
    packed = np.empty(sum(LENGTHS), np.int32)
    for b, i in enumerate(batch.order):
        for t, token in enumerate(tokens[i]):
            packed[batch.offsets[t] + b] = token
    expected = numbers.infer(numbers.prepare(flat[: numbers.table.size]), batch)
    of_tokens = PackedBatch(packed, *batch[1:])
    assert np.array_equal(network.infer(network.prepare(flat), of_tokens), expected)
    reloaded = type(network)(**network.config)
    assert reloaded.table.entries == network.table.entries
