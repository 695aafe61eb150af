"""Solvers, schedules and penalties as a user sees them."""

import re

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.training import DECAYS, SOLVERS
from problems import vowels

SMALL = dict(hidden_layer_sizes=(8,), random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_solver_learns(solver, dtype):
    X, y = vowels()
    rate = {"sgd": 0.1, "rmsprop": 0.003}.get(solver, 0.01)
    model = GRUClassifier(**SMALL, solver=solver, learning_rate_init=rate, max_iter=40, dtype=dtype).fit(X, y)
    assert model.score(X, y) == 1
    assert model.loss_ < 0.2 * model.loss_curve_[0]


@pytest.mark.parametrize("learning_rate", DECAYS)
def test_every_schedule_learns_and_differs_from_the_constant(learning_rate):
    X, y = vowels()
    settings = SMALL | dict(max_iter=12, tol=0, warmup=1, decay_steps=3, n_iter_no_change=99)
    constant = GRUClassifier(**settings).fit(X, y)
    model = GRUClassifier(**settings, learning_rate=learning_rate).fit(X, y)
    assert model.loss_ < model.loss_curve_[0]
    assert (model.loss_curve_ == constant.loss_curve_) == (learning_rate in ("constant", "adaptive"))


def test_adaptive_continues_where_constant_stops():
    X, y = vowels()
    settings = SMALL | dict(max_iter=60, tol=0.05, n_iter_no_change=2, learning_rate_init=0.05)
    constant = GRUClassifier(**settings, learning_rate="constant").fit(X, y)
    adaptive = GRUClassifier(**settings, learning_rate="adaptive").fit(X, y)
    assert constant.n_iter_ < adaptive.n_iter_ < 60
    assert adaptive.loss_curve_[: constant.n_iter_] == constant.loss_curve_


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_penalty_draws_weights_to_zero_and_not_biases(l1_ratio):
    X, y = vowels()
    settings = SMALL | dict(max_iter=30, tol=0)
    free = GRUClassifier(**settings).fit(X, y)
    held = GRUClassifier(**settings, alpha=10.0, l1_ratio=l1_ratio).fit(X, y)

    def size(model, kind):
        return sum(np.abs(w).sum() for name, w in model.weights_.items() if kind in name)

    assert size(held, "weight") < 0.6 * size(free, "weight")
    assert size(held, "bias") > 0.3 * size(free, "bias")


def test_penalty_is_mlpclassifiers():
    """alpha / 2 * sum(w ** 2) over the batch's sum of weights, in the loss too."""
    X, y = vowels()
    settings = SMALL | dict(max_iter=1, batch_size=len(X), dtype="float64")
    plain, held = GRUClassifier(**settings).fit(X, y), GRUClassifier(**settings, alpha=3.0).fit(X, y)
    start = GRUClassifier(**settings, learning_rate_init=1e-300).fit(X, y)
    squares = sum(np.sum(w**2) for name, w in start.weights_.items() if "weight" in name)
    assert held.loss_ - plain.loss_ == pytest.approx(3.0 / 2 * squares / len(X), rel=1e-9)


def test_decay_of_adamw_is_not_adams_penalty():
    X, y = vowels()
    settings = SMALL | dict(max_iter=5, tol=0, alpha=1.0)
    adam, adamw = (GRUClassifier(**settings, solver=solver).fit(X, y) for solver in ("adam", "adamw"))
    assert adam.loss_curve_[0] > adamw.loss_curve_[0]  # a penalty is in the loss, a decay is not
    with pytest.raises(ValueError, match=r"l1_ratio=0.5 cannot be combined with solver='adamw'"):
        GRUClassifier(**settings, solver="adamw", l1_ratio=0.5).fit(X, y)


def test_another_solver_starts_its_own_moments():
    X, y = vowels()
    model = GRUClassifier(**SMALL).partial_fit(X, y)
    model.set_params(solver="sgd", learning_rate_init=0.1).partial_fit(X, y)
    assert type(model._training_state.optimizer) is SOLVERS["sgd"]
    assert model._training_state.optimizer.t == 3


def test_schedules_continue_over_partial_fits():
    X, y = vowels()
    model = GRUClassifier(**SMALL, learning_rate="step", decay_steps=2, decay_rate=0.1)
    rates = []
    for _ in range(4):
        model.partial_fit(X, y)
        rates.append(model._training_state.schedule.rate())
    np.testing.assert_allclose(rates, [0.01, 0.001, 0.001, 0.0001])


class TestVerbose:
    """Lines of progress."""

    def lines_of(self, capsys):
        return capsys.readouterr().out.splitlines()

    def test_a_line_an_epoch(self, capsys):
        X, y = vowels()
        settings = SMALL | dict(max_iter=100, tol=1e9, n_iter_no_change=2, verbose=1)
        GRUClassifier(**settings, learning_rate="exponential", decay_steps=1).fit(X, y, X_val=X, y_val=y)
        lines = self.lines_of(capsys)
        assert len(lines) == 4
        pattern = r"Epoch +2/100  loss 0\.\d+ +validation loss 0\.\d+ +score 0\.\d+ +rate 0\.005 +"
        assert re.match(pattern + r"\d+\.\d s, at most \d+ s left$", lines[1]), lines[1]
        assert lines[-1] == "Stopping: the loss has not fallen by tol=1e+09 for 2 epochs."

    def test_losses_of_any_size_stay_in_their_columns(self, capsys):
        X, y = vowels()
        for scale in (1e7, 1e-4):
            GRURegressor(**SMALL | {"max_iter": 1}, standardize=False, verbose=True).fit(X, scale * (y + 1))
        lines = self.lines_of(capsys)
        assert len({line.index("rate") for line in lines}) == 1
        assert not any("0.000000" in line for line in lines)

    def test_parts_and_warm_starts_go_on_counting(self, capsys):
        X, y = vowels()
        model = GRUClassifier(**SMALL | {"max_iter": 2}, verbose=True)
        for _ in range(2):
            model.partial_fit(X, y)
        assert [line[:9] for line in self.lines_of(capsys)] == ["Epoch 1  ", "Epoch 2  "]
        model.set_params(warm_start=True).fit(X, y)
        assert [line[:11] for line in self.lines_of(capsys)] == ["Epoch 3/4  ", "Epoch 4/4  "]

    def test_the_epoch_that_early_stopping_goes_back_to(self, capsys):
        X, y = vowels()
        settings = SMALL | {"max_iter": 30, "verbose": True, "n_iter_no_change": 3}
        model = GRUClassifier(**settings, early_stopping=True, validation_fraction=0.3).fit(X, y)
        line = self.lines_of(capsys)[-1]
        assert (
            line
            == f"The weights are those of epoch {model.best_iter_}, score {model.best_validation_score_:.4g}."
        )


class TestSchedulesAtTheirEnd:
    def test_partial_fit_after_a_fit_learns(self):
        """The schedule of a fit has ended; that of what follows begins."""
        X, y = vowels()
        for learning_rate in ("cosine", "adaptive"):
            settings = SMALL | {"max_iter": 4, "n_iter_no_change": 1, "tol": 1e9}
            model = GRUClassifier(**settings, learning_rate=learning_rate).fit(X, y)
            losses = [model.set_params(max_iter=20).partial_fit(X, y).loss_ for _ in range(8)]
            assert losses[-1] < 0.9 * losses[0]

    def test_a_rate_of_zero_is_reported(self):
        X, y = vowels()
        model = GRUClassifier(**SMALL | {"max_iter": 2}, learning_rate="cosine")
        for _ in range(2):
            model.partial_fit(X, y)
        with pytest.warns(UserWarning, match="learning_rate='cosine' has come down to 0 after max_iter=2"):
            model.partial_fit(X, y)

    @pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("settings", [{"learning_rate": "cosine"}, {"n_iter_no_change": np.inf}], ids=str)
    def test_no_warning_where_max_iter_is_meant(self, settings):
        X, y = vowels()
        assert GRUClassifier(**SMALL | {"max_iter": 3}, **settings).fit(X, y).n_iter_ == 3
