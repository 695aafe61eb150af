"""Every gradient, three ways: the oracle, central differences, torch (test_torch.py).

Blocks are compared by their norms: single small elements of a correct float64
gradient may be 5e-7 off a central difference.
"""

from itertools import product

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.training import LOSSES
from helpers import (
    LENGTHS_OF,
    STRUCTURES,
    TOLERANCE,
    WIRING_DTYPES,
    central_difference,
    in_one_call,
    loss_and_gradients,
    loss_value,
    more_cases,
    pack,
    pass_over,
    problem,
    random_network,
    random_sequences,
    relative_error,
    settings_of,
    structure_id,
)

# every structure with one loss, every loss with one structure: they meet in the outputs only
CASES = [
    pytest.param(structure, loss, id=f"{structure_id(structure)}-{loss}")
    for structure, loss in product(STRUCTURES, LOSSES)
    if loss == "softmax" or structure is STRUCTURES[-1]
]


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("lengths", LENGTHS_OF.values(), ids=LENGTHS_OF)
@pytest.mark.parametrize("structure, loss", CASES)
def test_against_the_oracle(structure, loss, lengths, dtype):
    network, flat, sequences, targets, weights = problem(structure, loss, lengths, dtype=dtype)
    value, gradient, dx = loss_and_gradients(network, flat, sequences, targets, weights, loss)
    exact = network.table.torch_views(flat.astype("float64"))
    expected, gradients, expected_dx = reference.batch_loss(
        sequences, targets, weights, exact, network.config, loss, settings_of(loss)
    )
    assert value == pytest.approx(expected, rel=TOLERANCE[dtype])
    for name, block in network.table.torch_views(gradient).items():
        np.testing.assert_allclose(block, gradients[name], rtol=0, atol=TOLERANCE[dtype], err_msg=name)
    for got, want in zip(dx, expected_dx, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("structure, loss", CASES)
def test_one_call_is_forward_loss_and_backward(structure, loss, dtype):
    network, flat, sequences, targets, weights = problem(structure, loss, dtype=dtype)
    value, gradient, _ = loss_and_gradients(network, flat, sequences, targets, weights, loss)
    sum_of_losses, at_once = in_one_call(network, flat, sequences, targets, weights, loss)
    assert sum_of_losses / weights.sum() == pytest.approx(value, rel=1e-15)
    assert np.array_equal(at_once, gradient)


@pytest.mark.parametrize("seed", [0, *more_cases(1)])
@pytest.mark.parametrize("structure, loss", CASES)
def test_against_central_differences(structure, loss, seed):
    network, flat, sequences, targets, weights = problem(structure, loss, seed=seed)

    def loss_at():
        return loss_value(network, flat, sequences, targets, weights, loss)

    _, gradient, dx = loss_and_gradients(network, flat, sequences, targets, weights, loss)
    slopes = network.table.views(central_difference(loss_at, flat))
    for name, block in network.table.views(gradient).items():
        assert relative_error(block, slopes[name]) < 1e-7, name
    slopes_x = [central_difference(loss_at, sequence) for sequence in sequences]
    assert relative_error(np.concatenate(dx), np.concatenate(slopes_x)) < 1e-7


@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_used_memory_leaves_no_trace(structure):
    """A larger batch before changes no bit of a smaller one after."""
    network, flat, sequences, targets, weights = problem(structure, "softmax")
    small = sequences[:2], targets[:2], weights[:2], "softmax"
    memory = kernels.training.Memory()
    in_one_call(network, flat, sequences, targets, weights, "softmax", memory=memory)
    used, fresh = in_one_call(network, flat, *small, memory=memory), in_one_call(network, flat, *small)
    assert used[0] == fresh[0]
    assert np.array_equal(used[1], fresh[1])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
@pytest.mark.parametrize("H", [7, 33, *more_cases(1, 16)])
def test_inference_is_the_forward_pass(structure, H, dtype, kernel):
    structure = structure | {"hidden_layer_sizes": [H] * len(structure["hidden_layer_sizes"])}
    rng = np.random.default_rng(0)
    network, flat = random_network(rng, structure, dtype=dtype)
    batch = pack(random_sequences(rng), dtype)
    trained = pass_over(network, flat, batch).forward()
    inferred = network.infer(network.prepare(flat), batch)
    if kernel == "blas":
        np.testing.assert_allclose(inferred, trained, rtol=0, atol=10 * TOLERANCE[dtype])
    else:
        assert np.array_equal(inferred, trained)
