"""The loop: stopping, weights, interruption, divergence."""

import pickle

import numpy as np
import pytest
from gruc.sequences import Scaling, as_sequences
from gruc.training import SOLVERS, Gradient, TableGradient, TrainingState
from problems import TrainingProblem


def batches_seen(problem, max_epochs, **settings):
    """The sequences of each batch of a run, whose step is a plain function that learns nothing."""
    seen = []

    def step(parameters, batch):
        seen.append(batch.indices.tolist())
        return 0.0, np.zeros_like(parameters)

    problem.step = step
    problem.train(max_epochs, **settings)
    return seen


def test_loss_falls_and_history_is_kept():
    problem = TrainingProblem()
    assert problem.train(30) == "max_iter"
    history = problem.history
    assert history.n_epochs == len(history.loss_curve) == 30
    assert history.n_samples_seen == 150
    assert history.loss_curve[-1] < 0.3 * history.loss_curve[0]


def test_stops_by_tol_after_patience_epochs():
    problem = TrainingProblem()
    assert problem.train(100, tol=1e9, patience=3) == "loss"
    # the first epoch beats infinity by any tol; the next three are stale
    assert problem.history.n_epochs == 4


def test_patience_counts_epochs_in_a_row():
    problem = TrainingProblem()
    losses = iter([5, 6, 4, 4, 4.5, 3.95, 9])
    problem.step = lambda parameters, batch: (next(losses) * batch.weight, np.zeros_like(parameters))
    assert problem.train(100, batch_size=5, tol=0.1, patience=3) == "loss"
    assert problem.history.loss_curve == [5, 6, 4, 4, 4.5, 3.95]


def test_without_shuffle_batches_follow_the_data():
    assert batches_seen(TrainingProblem(), 2, shuffle=False) == [[0, 1], [2, 3], [4]] * 2


def test_shuffle_visits_each_once_in_a_new_order():
    seen = sum(batches_seen(TrainingProblem(n=20), 2), [])
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(range(20))
    assert seen[:20] != seen[20:] != list(range(20))


def test_loss_is_the_weighted_mean_over_the_epoch():
    weights = np.array([1.0, 2.0, 0.0, 0.5, 3.0])
    problem = TrainingProblem(weights=weights, learning_rate=0.0)
    problem.train(1)
    full = TrainingProblem(weights=weights, learning_rate=0.0)
    full.train(1, batch_size=5)
    assert problem.history.loss_curve[0] == pytest.approx(full.history.loss_curve[0], rel=1e-12)


def test_batches_of_zero_weight_are_skipped():
    problem = TrainingProblem(weights=np.array([0.0, 0.0, 1.0, 1.0, 0.0]))
    problem.train(3, shuffle=False)
    assert problem.state.optimizer.t == 3  # of nine batches six weigh nothing


def test_clipping_bounds_the_step():
    problem = TrainingProblem()
    steps = []
    problem.state.optimizer.step = lambda new, p, g, *rest: steps.append(np.linalg.norm(g))
    problem.train(1, max_grad_norm=1e-3)
    assert steps
    np.testing.assert_allclose(steps, 1e-3, rtol=1e-2)


def test_verbose_prints_a_line_an_epoch(capsys):
    problem = TrainingProblem()
    problem.train(12, verbose=True, tol=1e9, patience=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Epoch  1/12  loss {problem.history.loss_curve[0]:.6f}")
    assert len(lines) == 4
    assert "has not fallen" in lines[-1]


class TestInterrupt:
    """Ctrl-C in a step."""

    @staticmethod
    def interrupt_at(problem, call):
        step, calls = problem.step, []

        def interrupted(parameters, batch):
            calls.append(1)
            if len(calls) == call:
                raise KeyboardInterrupt
            return step(parameters, batch)

        problem.step = interrupted

    def test_keeps_what_was_learned(self):
        problem = TrainingProblem()
        start = problem.state.parameters.copy()
        self.interrupt_at(problem, 5)  # the second epoch's second batch
        assert problem.train(30) == "interrupt"
        assert problem.history.n_epochs == len(problem.history.loss_curve) == 1
        assert problem.state.optimizer.t == 4
        assert not np.array_equal(problem.state.parameters, start)

    def test_before_the_first_epoch_ends(self):
        problem = TrainingProblem()
        self.interrupt_at(problem, 1)
        assert problem.train(30) == "interrupt"
        assert problem.history.loss_curve == []


class TestDivergence:
    """Numbers that are not finite."""

    def test_raises_with_advice_and_leaves_the_state_that_was_copied(self):
        problem = TrainingProblem()
        problem.train(2)
        kept, before = problem.state, pickle.dumps(problem.state)
        problem.state = kept.copy()
        problem.state.schedule.learning_rate_init = 1e308
        with pytest.raises(ValueError, match=r"not finite.*lower learning_rate_init"):
            problem.train(30)
        assert pickle.dumps(kept) == before

    def test_weights_broken_by_the_last_step_are_seen(self):
        problem = TrainingProblem(learning_rate=1e308)
        with pytest.raises(ValueError, match="Weights are not finite after epoch 1"):
            problem.train(1, batch_size=5)

    def test_non_finite_loss_is_seen_before_the_step(self):
        problem = TrainingProblem()
        problem.network.table.views(problem.state.parameters)["head.bias"][:] = 1e200
        with pytest.raises(ValueError, match=r"loss \(inf\)"):
            problem.train(1)
        assert problem.state.optimizer.t == 0

    @staticmethod
    def losses(problem, *losses):
        """Let these be the losses of the batches."""
        given = iter(losses)
        problem.step = lambda parameters, batch: (next(given) * batch.weight, np.zeros_like(parameters))

    @pytest.mark.parametrize(
        ("losses", "stopped_by"),
        [
            ((3.0, 4.0, 5.0, 6.0), "divergence"),
            ((3.0, 3.2, 3.3, 3.5), "max_iter"),  # within chance and tol
            ((-3.0, -2.9, -2.8, -2.0), "divergence"),  # a loss that may be negative, such as that of counts
            ((-3.0, -3.1, -3.2, -3.3), "max_iter"),
            ((3.0, 2.0, 5.0, 2.9), "max_iter"),
        ],
    )
    def test_a_loss_above_that_of_the_first_epoch(self, losses, stopped_by):
        problem = TrainingProblem()
        self.losses(problem, *losses)
        assert problem.train(4, batch_size=5, tol=0.25) == stopped_by

    @pytest.mark.parametrize(("last", "stopped_by"), [(31, "divergence"), (29, "max_iter")])
    def test_a_loss_far_above_that_of_the_untrained_network(self, last, stopped_by):
        problem = TrainingProblem()
        self.losses(problem, 3.0, 5000.0, 600.0, last, last, last)
        assert problem.train(2) == stopped_by
        self.losses(problem, 1.0, 100.0, 100.0, last, last, last)
        assert problem.train(2) == "max_iter"  # what continues may find other data

    def test_small_losses_are_no_measure(self):
        problem = TrainingProblem()
        self.losses(problem, 0.01, 5.0, 5.0, 1.0, 1.0, 1.0)
        assert problem.train(2) == "max_iter"

    def test_the_epoch_that_early_stopping_keeps_counts(self):
        problem = TrainingProblem()
        self.losses(problem, 3.0, 4.0, 5.0, 6.0)
        scores = iter([0.9, 0.5, 0.5, 0.5])
        stopped_by = problem.train(
            4, batch_size=5, early_stopping=True, patience=3, validate=lambda parameters: (0.0, next(scores))
        )
        assert stopped_by == "score"


@pytest.mark.parametrize("given", ["float64", "float32", "int16"])
def test_scaling_happens_while_gathering(given):
    """As if the data had been scaled before, whatever type they are of."""
    scaling = Scaling(np.array([3.0, -1.0]), np.array([2.0, 0.5]))
    problem, other = TrainingProblem(weights=np.arange(5.0)), TrainingProblem(weights=np.arange(5.0))
    X = [np.round(10 * x).astype(given) for x in problem.data.sequences.arrays]
    problem.data.sequences, problem.data.scaling = as_sequences(X), scaling
    other.data.sequences = as_sequences([scaling.apply(x, "float64") for x in X])
    problem.train(3)
    other.train(3)
    assert problem.history == other.history


class TableStep:
    """A step whose gradient has rows of a table: outputs are a vector times the embedded token of a sequence."""

    D, N_TOKENS = 3, 7  # of which five sequences have the first five

    def __call__(self, parameters, batch):
        w, table = parameters[: self.D], parameters[self.D :].reshape(self.N_TOKENS, self.D)
        tokens = np.sort(batch.indices)
        errors = table[tokens] @ w - batch.data.targets[tokens, 0]
        d_out = errors / batch.size
        rows = TableGradient(self.D, self.N_TOKENS, tokens.astype(np.int32), np.outer(d_out, w))
        return (errors**2).sum() / 2, Gradient(d_out @ table[tokens], [rows])

    @classmethod
    def problem(cls, solver):
        problem = TrainingProblem()
        size = cls.D + cls.N_TOKENS * cls.D
        problem.state = TrainingState(
            np.random.default_rng(0).standard_normal(size), np.random.default_rng(0)
        )
        settings = dict(
            beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.0, momentum=0.9, nesterov=True, rho=0.9
        )
        problem.state.set_optimizer(solver, [slice(cls.D, size)], settings)
        problem.state.set_schedule({"kind": "constant", "learning_rate_init": 0.05, "warmup": 0})
        problem.step = cls()
        return problem


@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_of_tables_are_trained(solver):
    problem = TableStep.problem(solver)
    start = problem.state.parameters.copy()
    before, pickled = problem.state, pickle.dumps(problem.state)
    problem.state = before.copy()
    assert problem.train(60, l2=1e-3) == "max_iter"
    assert problem.history.loss_curve[-1] < 0.3 * problem.history.loss_curve[0]
    changed = problem.state.parameters != start
    unseen = TableStep.D + 5 * TableStep.D
    assert changed[:unseen].all()
    assert not changed[unseen:].any()
    # tables are stepped in place, but not those of the state that was copied
    assert pickle.dumps(before) == pickled
    trained = problem.state
    pickled, problem.state = pickle.dumps(trained), trained.copy()
    problem.train(2)
    assert pickle.dumps(trained) == pickled


def test_tables_count_in_the_norm_that_is_clipped():
    problem = TableStep.problem("sgd")
    norms, step = [], problem.state.optimizer.step

    def watched(new, parameters, dense, rate, tables, new_moments):
        norms.append(np.sqrt((dense**2).sum() + sum((table.rows**2).sum() for table in tables)))
        step(new, parameters, dense, rate, tables, new_moments)

    problem.state.optimizer.step = watched
    problem.train(1, max_grad_norm=1e-3)
    np.testing.assert_allclose(norms, 1e-3, rtol=1e-2)
