"""The outside oracle: torch's gradients and ten of its Adam steps, in float64."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from fixtures.make_torch_gru import (
    ADAM,
    LOSSES,
    MAX_GRAD_NORM,
    N_FEATURES,
    N_OUTPUTS,
    PATH,
    STRUCTURES,
    case_name,
    make_problem,
    run_torch,
)
from gruc.network import GRUNetwork
from gruc.sequences import as_sequences
from gruc.training import Loss, StepMemory, TrainingData, TrainingSettings, TrainingStep, train
from helpers import initial_state, loss_of, pass_over, unpack

CASES = [
    pytest.param(structure, loss, seed, id=case_name(structure, loss))
    for seed, (structure, loss) in enumerate(product(STRUCTURES, LOSSES))
]


@pytest.fixture(scope="module")
def fixtures():
    with np.load(PATH, allow_pickle=False) as file:
        return dict(file)


def hold_against(expected, structure, loss, seed):
    X, y, weights = make_problem(seed, loss)
    network = GRUNetwork(n_features=N_FEATURES, n_outputs=N_OUTPUTS, **structure)
    state = initial_state(network, **ADAM)
    parameters = network.table.torch_views(state.parameters)
    for name, view in parameters.items():
        view[:] = expected[f"start/{name}"]

    data = TrainingData(as_sequences(X), None, y, weights / weights.mean())
    batch = data.sequences.gather(np.arange(len(X)), None, "float64")
    way = pass_over(network, state.parameters, batch, want_dx=True)
    outputs = way.forward()
    total = weights.sum()
    value = loss_of(loss, outputs, y[batch.order], weights[batch.order], total, (0.0,)) / total
    gradients = way.backward(outputs)
    assert value == pytest.approx(float(expected["loss"]), rel=1e-12)
    for name, gradient in network.table.torch_views(gradients).items():
        np.testing.assert_allclose(gradient, expected[f"gradient/{name}"], rtol=0, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(
        np.concatenate(unpack(way.gradient(0), batch)), expected["dx"], rtol=0, atol=1e-10
    )

    step = TrainingStep(StepMemory(network), Loss(loss))
    settings = TrainingSettings(max_epochs=10, batch_size=len(X), shuffle=False, max_grad_norm=MAX_GRAD_NORM)
    train(state, data, step, settings)
    for name, view in network.table.torch_views(state.parameters).items():
        np.testing.assert_allclose(view, expected[f"after/{name}"], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("structure, loss, seed", CASES)
def test_against_committed_fixtures(structure, loss, seed, fixtures):
    prefix = f"{case_name(structure, loss)}/"
    expected = {k.removeprefix(prefix): v for k, v in fixtures.items() if k.startswith(prefix)}
    hold_against(expected, structure, loss, seed)


@cache
def of_torch(case):
    """What torch computes of a case, once for all kernels."""
    return run_torch(*CASES[case].values)


@pytest.mark.parametrize("case", range(len(CASES)), ids=[case.id for case in CASES])
def test_against_torch_itself(case):
    pytest.importorskip("torch")
    hold_against(of_torch(case), *CASES[case].values)
