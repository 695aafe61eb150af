"""Dropout's masks, and what they do to losses and gradients."""

import numpy as np
import pytest
import reference
from gruc.network import GRUNetwork
from helpers import (
    LENGTHS,
    STRUCTURES,
    TOLERANCE,
    WIRING_DTYPES,
    central_difference,
    in_one_call,
    loss_and_gradients,
    loss_value,
    masks_by_sequence,
    pack,
    pass_over,
    problem,
    random_sequences,
    relative_error,
    settings_of,
    structure_id,
)

RATES = (0.3, 0.4)


def seeds_for(sequences):
    return np.random.default_rng(7).integers(2**64, size=len(sequences), dtype=np.uint64)


def masks_of(network, sequences, seeds, rates, dtype="float64"):
    batch = pack(sequences, dtype)
    parameters = np.zeros(network.table.size, dtype)
    way = pass_over(network, parameters, batch, dropout=(seeds[batch.order], *rates))
    return masks_by_sequence(network, way, batch)


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_against_the_oracle(structure, dtype):
    network, flat, sequences, targets, weights = problem(structure, "softmax", dtype=dtype)
    seeds = seeds_for(sequences)
    value, gradient, dx = loss_and_gradients(
        network, flat, sequences, targets, weights, "softmax", (seeds, *RATES)
    )
    expected, gradients, expected_dx = reference.batch_loss(
        sequences, targets, weights, network.table.torch_views(flat.astype("float64")), network.config,
        "softmax", settings_of("softmax"), masks_of(network, sequences, seeds, RATES, dtype),
    )  # fmt: skip
    assert value == pytest.approx(expected, rel=TOLERANCE[dtype])
    for name, block in network.table.torch_views(gradient).items():
        np.testing.assert_allclose(block, gradients[name], rtol=0, atol=2 * TOLERANCE[dtype], err_msg=name)
    for got, want in zip(dx, expected_dx, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=2 * TOLERANCE[dtype])


@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_against_central_differences(structure):
    network, flat, sequences, targets, weights = problem(structure, "squared_error")
    dropout = seeds_for(sequences), *RATES

    def loss_at():
        return loss_value(network, flat, sequences, targets, weights, "squared_error", dropout)

    _, gradient, dx = loss_and_gradients(network, flat, sequences, targets, weights, "squared_error", dropout)
    slopes = network.table.views(central_difference(loss_at, flat))
    for name, block in network.table.views(gradient).items():
        assert relative_error(block, slopes[name]) < 1e-7, name
    slopes_x = [central_difference(loss_at, sequence) for sequence in sequences]
    assert relative_error(np.concatenate(dx), np.concatenate(slopes_x)) < 1e-7


@pytest.mark.parametrize("rates", [RATES, (0.3, 0.0), (0.0, 0.4)])
@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_one_call_makes_the_same_masks(structure, dtype, rates):
    """And takes no masks of a kind whose rate is 0."""
    network, flat, sequences, targets, weights = problem(structure, "softmax", dtype=dtype)
    seeds = seeds_for(sequences)
    value, gradient, _ = loss_and_gradients(
        network, flat, sequences, targets, weights, "softmax", (seeds, *rates)
    )
    total, at_once = in_one_call(network, flat, sequences, targets, weights, "softmax", (seeds, *rates))
    assert total / weights.sum() == pytest.approx(value, rel=1e-15)
    np.testing.assert_allclose(at_once, gradient, rtol=0, atol=1e-15 if dtype == "float64" else 1e-7)


def test_rates_of_zero_change_nothing():
    network, flat, sequences, targets, weights = problem(STRUCTURES[0], "softmax")
    plain = loss_and_gradients(network, flat, sequences, targets, weights, "softmax")
    dropout = seeds_for(sequences), 0.0, 0.0
    dropped = loss_and_gradients(network, flat, sequences, targets, weights, "softmax", dropout)
    assert plain[0] == dropped[0]
    np.testing.assert_allclose(plain[1], dropped[1], rtol=0, atol=1e-15)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_masks_keep_the_mean(rate):
    network = GRUNetwork(50, [60], False, True, "last", 2)
    sequences = random_sequences(np.random.default_rng(0), [40] * 10, 50)
    masks = masks_of(network, sequences, seeds_for(sequences), (rate, 0.0))
    inputs = np.concatenate([mask.inputs(0) for mask in masks])
    assert set(np.unique(inputs)) <= {0.0, 1 / (1 - rate)}
    assert (inputs == 0).mean() == pytest.approx(rate, abs=0.015)  # 20,000 numbers: 4 sigma
    assert all((mask.states("l0") == 1).all() for mask in masks)
    assert not np.array_equal(inputs[0], inputs[1]) or rate == 0  # new ones at each step
    states = masks_of(network, sequences, seeds_for(sequences), (0.0, rate))
    zeros = np.concatenate([mask.states("l0") for mask in states]) == 0
    assert zeros.mean() == pytest.approx(rate, abs=0.09)  # 600 numbers


def test_masks_depend_on_the_seed_alone():
    """Not on the batch, nor on the precision."""
    network = GRUNetwork(3, [5, 4], True, True, "attention", 2)
    sequences = random_sequences(np.random.default_rng(0), LENGTHS, 3)
    seeds = seeds_for(sequences)
    together = masks_of(network, sequences, seeds, RATES)
    for i, sequence in enumerate(sequences):
        alone = masks_of(network, [sequence], seeds[i : i + 1], RATES, "float32")[0]
        for layer in (0, 1, "head"):
            assert np.array_equal(alone.inputs(layer) == 0, together[i].inputs(layer) == 0)
        for suffix in ("l0", "l0_reverse", "l1", "l1_reverse"):
            assert np.array_equal(alone.states(suffix) == 0, together[i].states(suffix) == 0)
    first = together[2].inputs(0)
    assert not np.array_equal(first, together[3].inputs(0))  # as long as it, with another seed


@pytest.mark.parametrize("rates", [(-0.1, 0.0), (1.0, 0.0), (0.0, 1.0), (np.nan, 0.0)])
def test_rates_outside_are_refused(rates):
    network = GRUNetwork(2, [3], False, True, "last", 2)
    batch = pack(random_sequences(np.random.default_rng(0)))
    parameters = np.zeros(network.table.size)
    with pytest.raises(ValueError, match="rates of dropout"):
        pass_over(network, parameters, batch, dropout=(seeds_for(batch.lengths), *rates))
