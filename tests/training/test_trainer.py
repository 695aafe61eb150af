"""The loop: stopping, weights, interruption, divergence, reuse of memory."""

import pickle

import numpy as np
import pytest
from gruc.network import GRUNetwork
from gruc.sequences import Scaling, as_sequences
from gruc.training import Loss, Trainer, TrainingData
from helpers import optimize, random_sequences

SETTINGS = dict(batch_size=2, shuffle=True, max_grad_norm=1.0, tol=0.0, patience=None, verbose=False)


def make(seed=0, n=5, weights=None, dtype="float64", learning_rate=0.01):
    rng = np.random.default_rng(seed)
    X = random_sequences(rng, rng.integers(1, 6, n), 2)
    y = rng.standard_normal((n, 1)).astype(dtype)
    network = GRUNetwork(2, [4], False, True, "last", 1)
    trainer = Trainer(network, Loss("squared_error"), dtype, np.random.default_rng(seed))
    optimize(trainer, learning_rate=learning_rate)
    return trainer, TrainingData(as_sequences(X), None, y, weights)


def test_loss_falls_and_history_is_kept():
    trainer, data = make()
    assert trainer.run(data, 30, **SETTINGS) == "max_iter"
    assert trainer.n_epochs == len(trainer.loss_curve) == 30
    assert trainer.n_samples_seen == 150
    assert trainer.loss_curve[-1] < 0.3 * trainer.loss_curve[0]


def test_stops_by_tol_after_patience_epochs():
    trainer, data = make()
    assert trainer.run(data, 100, **(SETTINGS | {"tol": 1e9, "patience": 3})) == "loss"
    # the first epoch beats infinity by any tol; the next three are stale
    assert trainer.n_epochs == 4


def test_patience_counts_epochs_in_a_row(monkeypatch):
    trainer, data = make()
    losses = iter([5, 6, 4, 4, 4.5, 3.95, 9])
    monkeypatch.setattr(trainer, "_epoch", lambda *_: next(losses))
    assert trainer.run(data, 100, **(SETTINGS | {"tol": 0.1, "patience": 3})) == "loss"
    assert trainer.loss_curve == [5, 6, 4, 4, 4.5, 3.95]


def test_without_shuffle_batches_follow_the_data():
    trainer, data = make()
    seen = []
    part = data.part
    data.part = lambda indices: seen.append(indices.tolist()) or part(indices)
    trainer.run(data, 2, **(SETTINGS | {"shuffle": False}))
    assert seen == [[0, 1], [2, 3], [4]] * 2


def test_shuffle_visits_each_once_in_a_new_order():
    trainer, data = make(n=20)
    seen = []
    part = data.part
    data.part = lambda indices: seen.extend(indices.tolist()) or part(indices)
    trainer.run(data, 2, **SETTINGS)
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(range(20))
    assert seen[:20] != seen[20:] != list(range(20))


def test_loss_is_the_weighted_mean_over_the_epoch():
    weights = np.array([1.0, 2.0, 0.0, 0.5, 3.0])
    trainer, data = make(weights=weights, learning_rate=0.0)
    trainer.run(data, 1, **SETTINGS)
    full, _ = make(weights=weights, learning_rate=0.0)
    full.run(data, 1, **(SETTINGS | {"batch_size": 5}))
    assert trainer.loss_curve[0] == pytest.approx(full.loss_curve[0], rel=1e-12)


def test_batches_of_zero_weight_are_skipped():
    weights = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    trainer, data = make(weights=weights)
    trainer.run(data, 3, **(SETTINGS | {"shuffle": False}))
    assert trainer.optimizer.t == 3  # of nine batches six weigh nothing


def test_clipping_bounds_the_step():
    trainer, data = make()
    steps = []
    trainer.optimizer.step = lambda new, p, g, rate: steps.append(np.linalg.norm(g))
    trainer.run(data, 1, **(SETTINGS | {"max_grad_norm": 1e-3}))
    assert steps
    np.testing.assert_allclose(steps, 1e-3, rtol=1e-2)


def test_verbose_prints_a_line_an_epoch(capsys):
    trainer, data = make()
    trainer.run(data, 12, **(SETTINGS | {"verbose": True, "tol": 1e9, "patience": 2}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Epoch  1/12  loss {trainer.loss_curve[0]:.6f}")
    assert len(lines) == 4
    assert "has not fallen" in lines[-1]


class TestInterrupt:
    def interrupt_at(self, trainer, call):
        step, calls = trainer.optimizer.step, []

        def interrupted(*args):
            calls.append(1)
            if len(calls) == call:
                raise KeyboardInterrupt
            step(*args)

        trainer.optimizer.step = interrupted

    def test_keeps_what_was_learned(self):
        trainer, data = make()
        start = trainer.parameters.copy()
        self.interrupt_at(trainer, 5)  # the second epoch's second batch
        assert trainer.run(data, 30, **SETTINGS) == "interrupt"
        assert trainer.n_epochs == len(trainer.loss_curve) == 1
        assert trainer.optimizer.t == 4
        assert not np.array_equal(trainer.parameters, start)

    def test_before_the_first_epoch_ends(self):
        trainer, data = make()
        self.interrupt_at(trainer, 1)
        assert trainer.run(data, 30, **SETTINGS) == "interrupt"
        assert trainer.loss_curve == []


class TestDivergence:
    def test_raises_with_advice_and_leaves_all_as_it_was(self):
        trainer, data = make()
        trainer.run(data, 2, **SETTINGS)
        before = pickle.dumps(trainer)
        attempt = trainer.copy()
        attempt.schedule.learning_rate_init = 1e308
        with pytest.raises(ValueError, match=r"not finite.*lower learning_rate_init"):
            attempt.run(data, 30, **SETTINGS)
        assert pickle.dumps(trainer) == before

    def test_weights_broken_by_the_last_step_are_seen(self):
        trainer, data = make(learning_rate=1e308)
        with pytest.raises(ValueError, match="Weights are not finite after epoch 1"):
            trainer.run(data, 1, **(SETTINGS | {"batch_size": 5}))

    def test_non_finite_loss_is_seen_before_the_step(self):
        trainer, data = make()
        trainer.network.table.views(trainer.parameters)["head.bias"][:] = 1e200
        with pytest.raises(ValueError, match=r"loss \(inf\)"):
            trainer.run(data, 1, **SETTINGS)
        assert trainer.optimizer.t == 0


def test_pickled_trainer_goes_on_with_the_same_bits():
    trainer, data = make()
    trainer.run(data, 2, **SETTINGS)
    copy = pickle.loads(pickle.dumps(trainer))
    trainer.run(data, 2, **SETTINGS)
    copy.run(data, 2, **SETTINGS)
    assert np.array_equal(trainer.parameters, copy.parameters)
    assert trainer.loss_curve == copy.loss_curve


@pytest.mark.parametrize("given", ["float64", "float32", "int16"])
def test_scaling_happens_while_gathering(given):
    """As if the data had been scaled before, whatever type they are of."""
    scaling = Scaling(np.array([3.0, -1.0]), np.array([2.0, 0.5]))
    trainer, data = make(weights=np.arange(5.0))
    other, scaled = make(weights=np.arange(5.0))
    X = [np.round(10 * x).astype(given) for x in data.sequences.arrays]
    data.sequences, data.scaling = as_sequences(X), scaling
    scaled.sequences = as_sequences([scaling.apply(x, "float64") for x in X])
    trainer.run(data, 3, **SETTINGS)
    other.run(scaled, 3, **SETTINGS)
    assert trainer.loss_curve == other.loss_curve
