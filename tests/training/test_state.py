"""States of training as values: copied, compared, pickled."""

import pickle

import numpy as np
import pytest
from gruc.network import GRUNetwork
from gruc.training import SOLVERS, History
from helpers import initial_state
from problems import TrainingProblem


def trained_state(solver="adam"):
    """A problem, and its state after two epochs."""
    problem = TrainingProblem()
    problem.state = initial_state(problem.network, solver=solver)
    problem.train(2)
    return problem, problem.state


ROUTES = {"copy": lambda state: state.copy(), "pickle": lambda state: pickle.loads(pickle.dumps(state))}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_another_continues_with_the_same_bits(solver, route):
    problem, state = trained_state(solver)
    other = ROUTES[route](state)
    assert other == state
    problem.train(2)
    assert other != state
    problem.state = other
    problem.train(2)
    assert other == state
    assert other.history.n_epochs == 4


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_copy_that_trains_changes_nothing_of_the_original(solver):
    problem, state = trained_state(solver)
    before = pickle.dumps(state)
    copies = [state.copy(), state.copy()]
    for problem.state in copies:
        problem.train(2)
    assert pickle.dumps(state) == before
    assert copies[0] == copies[1] != state


def change_parameters(state):
    state.parameters = state.parameters + 1


CHANGES = {
    "parameters": change_parameters,
    "moments": lambda state: state.optimizer.moments[0].__setitem__(0, 1.0),
    "solver": lambda state: setattr(state.optimizer, "__class__", SOLVERS["adamw"]),
    "optimizer": lambda state: state.set_optimizer("adam", [], {"beta_1": 0.5}),
    "schedule": lambda state: setattr(state.schedule, "warmup", 3),
    "no schedule": lambda state: setattr(state, "schedule", None),
    "rng": lambda state: state.rng.random(),
    "history": lambda state: state.history.add_epoch(1.0, 5),
    "split": lambda state: setattr(state.history, "split_seed", 3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_states_that_differ_are_not_equal(change):
    _, state = trained_state()
    other = pickle.loads(pickle.dumps(state))
    assert other == state
    CHANGES[change](other)
    assert other != state


def test_equality_with_other_types():
    _, state = trained_state()
    assert state != 1
    as_float32 = pickle.loads(pickle.dumps(state))
    as_float32.parameters = state.parameters.astype("float32").astype("float64")
    state.parameters = as_float32.parameters.astype("float32")
    assert as_float32 != state


def test_settings_change_and_what_was_reached_stays():
    network = GRUNetwork(2, [4], False, True, "last", 1)
    state = initial_state(network)
    optimizer, schedule = state.optimizer, state.schedule
    optimizer.t = schedule.n_epochs = 7
    state.set_optimizer("adam", network.table.weights(), {"beta_1": 0.5})
    state.set_schedule(
        {"kind": "step", "learning_rate_init": 1.0, "warmup": 0, "decay_rate": 0.5, "decay_steps": 7}
    )
    assert (state.optimizer, state.schedule) == (optimizer, schedule)
    assert (optimizer.beta_1, optimizer.t, schedule.rate()) == (0.5, 7, 0.5)
    state.set_optimizer("rmsprop", network.table.weights(), {"rho": 0.9, "epsilon": 1e-8})
    assert type(state.optimizer) is SOLVERS["rmsprop"]
    assert state.optimizer.t == 0


class TestHistory:
    """What is recorded of epochs."""

    def test_a_new_one_is_empty(self):
        history = History()
        assert history.n_epochs == history.best_epoch == history.n_samples_seen == 0
        assert history.loss_curve == history.validation_epochs == []
        assert history.attributes()["validation_scores_"] is history.best_score is None
        assert np.isnan(history.attributes()["loss_"])

    def test_epochs_and_validations(self):
        history = History()
        for loss, score in ((3.0, 0.5), (1.0, 0.9), (2.0, 0.7)):
            history.add_epoch(loss, 10)
            history.add_validation(loss + 1, score)
        assert (history.n_epochs, history.n_samples_seen, history.best_loss) == (3, 30, 1.0)
        assert history.validation_loss_curve == [4.0, 2.0, 3.0]
        assert history.validation_epochs == [1, 2, 3]
        assert history.best_epoch == 3
        assert history.best_score == 0.9
        history.best_epoch = 1  # as early stopping may choose
        assert history.best_score == 0.5

    def test_a_copy_is_its_own(self):
        history = History()
        history.add_epoch(1.0, 5)
        other = history.copy()
        assert other == history
        other.add_epoch(2.0, 5)
        assert history.loss_curve == [1.0]
        assert other != history

    def test_description(self):
        history = History(split_seed=7)
        history.add_epoch(1.0, 5)
        history.add_validation(2.0, 0.5)
        assert History.described(history.describe() | {"more": 1}) == history
        assert History.described({}) == History() != history
