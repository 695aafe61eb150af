"""Optimisers over a whole buffer: torch's twenty steps, decay of weights and not of biases."""

import numpy as np
import pytest
from gruc.network import GRUNetwork
from gruc.training import SOLVERS
from helpers import initial_state

SETTINGS = {
    "adam": [{}],
    "adamw": [{"weight_decay": 0.3}],
    "sgd": [{"momentum": 0.8, "nesterov": nesterov} for nesterov in (True, False)] + [{"momentum": 0.0}],
    "rmsprop": [{"rho": 0.9}],
}
CASES = [pytest.param(solver, settings, id=f"{solver}-{i}") for solver in SETTINGS
         for i, settings in enumerate(SETTINGS[solver])]  # fmt: skip


def state_with(solver, **settings):
    """A network, and a state of it with random parameters."""
    network = GRUNetwork(2, [3], False, True, "last", 2)
    state = initial_state(network, solver=solver, **settings)
    state.parameters[:] = np.random.default_rng(1).standard_normal(network.table.size)
    return network, state


def test_every_solver_is_tried():
    assert set(SETTINGS) == set(SOLVERS)


@pytest.mark.parametrize("solver, settings", CASES)
def test_twenty_steps_are_torchs(solver, settings):
    torch = pytest.importorskip("torch")
    network, state = state_with(solver, **settings)
    parameters = state.parameters
    slices = network.table.weights()
    is_weight = np.zeros(len(parameters), bool)
    for part in slices:
        is_weight[part] = True
    weights, biases = (torch.tensor(parameters[mask], requires_grad=True) for mask in (is_weight, ~is_weight))
    make = {
        "adam": lambda: torch.optim.Adam([weights, biases], lr=0.01),
        "adamw": lambda: torch.optim.AdamW(
            [{"params": [weights], "weight_decay": 0.3}, {"params": [biases], "weight_decay": 0.0}], lr=0.01
        ),
        "sgd": lambda: torch.optim.SGD(
            [weights, biases], lr=0.01, momentum=settings.get("momentum", 0.9),
            nesterov=settings.get("nesterov", True) and settings["momentum"] > 0,
        ),
        "rmsprop": lambda: torch.optim.RMSprop([weights, biases], lr=0.01, alpha=0.9),
    }  # fmt: skip
    optimizer = make[solver]()
    rng = np.random.default_rng(2)
    for _ in range(20):
        g = rng.standard_normal(len(parameters))
        state.optimizer.step(parameters, parameters, g, 0.01)
        weights.grad, biases.grad = torch.tensor(g[is_weight]), torch.tensor(g[~is_weight])
        optimizer.step()
    np.testing.assert_allclose(parameters[is_weight], weights.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(parameters[~is_weight], biases.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("solver, settings", CASES)
def test_a_step_elsewhere_is_the_step_in_place(solver, settings):
    (_, here), (_, there) = state_with(solver, **settings), state_with(solver, **settings)
    start, rng = there.parameters.copy(), np.random.default_rng(3)
    moments = [moment.copy() for moment in there.optimizer.moments]
    for i in range(3):
        g = rng.standard_normal(len(start))
        here.optimizer.step(here.parameters, here.parameters, g, 0.01)
        new = np.full_like(start, np.nan)
        before = there.optimizer.moments
        there.optimizer.step(new, there.parameters, g, 0.01)
        if i == 0:
            assert np.array_equal(there.parameters, start)
            assert all(np.array_equal(a, b) for a, b in zip(before, moments, strict=True))
        there.parameters = new
    assert np.array_equal(here.parameters, there.parameters)


def test_decoupled_decay_is_for_weights_only():
    network, state = state_with("adamw", weight_decay=0.5)
    before = network.table.views(state.parameters.copy())
    zeros = np.zeros_like(state.parameters)
    state.optimizer.step(state.parameters, state.parameters, zeros, 0.1)
    for name, view in network.table.views(state.parameters).items():
        factor = 1.0 if "bias" in name else 0.95
        np.testing.assert_allclose(view, factor * before[name], rtol=1e-15, err_msg=name)


@pytest.mark.parametrize("bidirectional, reset_after", [(False, True), (True, False)])
def test_weights_and_biases_cover_the_buffer(bidirectional, reset_after):
    network = GRUNetwork(2, [3, 4], bidirectional, reset_after, "last", 2)
    flat = np.zeros(network.table.size)
    for part in network.table.weights():
        flat[part] += 1
    for name, view in network.table.views(flat).items():
        assert (view == ("weight" in name)).all(), name
