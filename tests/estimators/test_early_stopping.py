"""Early stopping: which epoch is taken, and what cannot decide."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.training import Loss, TrainingData, TrainingSettings, train
from helpers import initial_state
from problems import halves, normalized, regression_halves, vowels
from sklearn.metrics import log_loss

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")
SMALL = dict(hidden_layer_sizes=(6,), max_iter=8, random_state=0, tol=0)


class TestEarlyStopping:
    def test_takes_the_weights_of_the_best_epoch(self):
        X, y, X_val, y_val = halves()
        settings = SMALL | dict(max_iter=60, learning_rate="constant", learning_rate_init=0.05)
        model = GRUClassifier(**settings, early_stopping=True, scoring="loss", n_iter_no_change=5)
        model.fit(X, y, X_val=X_val, y_val=y_val)
        best = int(np.argmin(model.validation_loss_curve_))
        assert model.n_iter_ == best + 1 + 5 < 60
        assert model.best_validation_score_ == -model.validation_loss_curve_[best]
        again = GRUClassifier(**(settings | {"max_iter": best + 1})).fit(X, y)
        for name, weight in again.weights_.items():
            assert np.array_equal(weight, model.weights_[name]), name

    def test_holds_out_a_share_of_each_class(self, monkeypatch):
        X, y = vowels()
        from gruc.estimators import _holdout

        seen = []
        original = _holdout.Validation.__init__

        def spy(self, *args):
            original(self, *args)
            seen.append((len(self.sequences), np.bincount(self.values)))

        monkeypatch.setattr(_holdout.Validation, "__init__", spy)
        model = GRUClassifier(**SMALL, early_stopping=True, validation_fraction=0.25).fit(X, y)
        assert seen[0][0] == 6
        assert seen[0][1].tolist() == [2, 2, 2]
        assert model.t_ == 18 * model.n_iter_

    def test_what_is_held_out_is_not_learned_from(self):
        """However wild it is: not by gradients, not by the statistics of features or targets."""
        X, y, _, _ = regression_halves()
        settings = SMALL | dict(early_stopping=True, scoring="loss", max_iter=2, n_iter_no_change=99)
        model = GRURegressor(**settings).fit(X, y)
        held_out = [i for i in range(len(X)) if not self.changes(model, settings, X, y, i)]
        assert len(held_out) == 2  # a tenth of twelve, rounded up

    @staticmethod
    def changes(model, settings, X, y, i):
        X, y = list(X), y.copy()
        X[i], y[i] = X[i] + 50, y[i] + 50
        other = GRURegressor(**settings).fit(X, y)
        return other.loss_curve_ != model.loss_curve_

    def test_the_same_seed_the_same_split(self):
        X, y = vowels()
        models = [GRUClassifier(**SMALL, early_stopping=True, n_jobs=n).fit(X, y) for n in (1, 2)]
        assert models[0].validation_loss_curve_ == models[1].validation_loss_curve_
        other = GRUClassifier(**(SMALL | {"random_state": 1}), early_stopping=True).fit(X, y)
        assert other.validation_loss_curve_ != models[0].validation_loss_curve_

    def test_weights_count_on_both_sides(self):
        X, y = vowels()
        ones = GRUClassifier(**SMALL, early_stopping=True).fit(X, y)
        same = GRUClassifier(**SMALL, early_stopping=True).fit(X, y, sample_weight=np.full(len(y), 3.0))
        assert ones.validation_loss_curve_ == same.validation_loss_curve_
        other = GRUClassifier(**SMALL, early_stopping=True).fit(X, y, sample_weight=np.arange(len(y)) + 1)
        assert other.validation_loss_curve_ != ones.validation_loss_curve_

    def test_forms_of_x(self):
        X, y = vowels()
        cube = np.stack([x[:7] for x in X])
        for form in (X, cube, cube[:, :, 0], list(cube[:, :, 0]), (10 * cube).astype(int)):
            model = GRUClassifier(**SMALL, early_stopping=True, scoring="neg_log_loss").fit(form, y)
            assert model.best_validation_score_ == pytest.approx(-min(model.validation_loss_curve_), rel=1e-4)

    def test_interrupted_fit_keeps_the_best(self, monkeypatch):
        X, y, X_val, y_val = halves()
        batches, calls = TrainingData.batches, []

        def interrupted(self, *args):
            calls.append(1)
            if len(calls) == 5:
                raise KeyboardInterrupt
            return batches(self, *args)

        settings = SMALL | dict(learning_rate_init=0.3, scoring="loss", early_stopping=True)
        monkeypatch.setattr(TrainingData, "batches", interrupted)
        with pytest.warns(UserWarning, match="interrupted in epoch 5; the model keeps the best"):
            model = GRUClassifier(**settings).fit(X, y, X_val=X_val, y_val=y_val)
        outputs = model._predictor.outputs(X_val)
        labels, n = np.searchsorted(model.classes_, y_val), len(y_val)
        loss = Loss("softmax").sum(outputs, labels, np.ones(n), n) / n
        assert loss == min(model.validation_loss_curve_)


class TestEqualScores:
    """Few held-out sequences give few distinct scores: the loss decides between equal ones."""

    def test_the_least_loss_is_taken(self):
        X, y, X_val, y_val = halves()
        model = GRUClassifier(**SMALL | dict(max_iter=60, tol=1e-4), early_stopping=True)
        model.fit(X, y, X_val=X_val, y_val=y_val)
        scores, losses = np.array(model.validation_scores_), np.array(model.validation_loss_curve_)
        best = np.flatnonzero(scores == scores.max())
        assert len(best) > 5
        assert model.best_iter_ == best[np.argmin(losses[best])] + 1 > best[0] + 1
        loss = log_loss(y_val, normalized(model.predict_proba(X_val)))
        assert loss == pytest.approx(losses[best].min(), rel=1e-5)

    @staticmethod
    def run(validations, patience, tol=0.1):
        """Epochs, and the one whose parameters are kept, with these (loss, score) of the epochs."""
        from gruc.network import GRUNetwork
        from gruc.sequences import as_sequences

        state = initial_state(GRUNetwork(1, [2], False, True, "last", 1), solver="sgd")
        data = TrainingData(as_sequences(np.ones((4, 3, 1))), None, np.ones((4, 1)), None)
        validations = list(validations)
        settings = TrainingSettings(
            max_epochs=len(validations), tol=tol, patience=patience, early_stopping=True
        )
        train(
            state, data, lambda parameters, batch: (1.0, np.ones_like(parameters)), settings,
            validate=lambda _: validations.pop(0),
        )  # fmt: skip
        return state.history.n_epochs, state.history.best_epoch

    def test_a_falling_loss_at_the_best_score_is_progress(self):
        assert self.run([(9 - i, 1.0) for i in range(8)], patience=2) == (8, 8)

    def test_a_falling_loss_below_the_best_score_is_none(self):
        assert self.run([(9, 1.0), (8, 0.9), (7, 0.9), (6, 0.9)], patience=2) == (3, 1)

    def test_equal_score_and_loss_stop_it(self):
        assert self.run([(1.0, 1.0), (0.95, 1.0), (0.93, 1.0), (0.1, 1.0)], patience=2) == (3, 3)

    def test_a_higher_score_counts_whatever_the_loss(self):
        assert self.run([(1.0, 0.5), (9.0, 0.8), (0.5, 0.5), (0.4, 0.5)], patience=2) == (4, 2)


def test_partial_fit_has_nothing_to_hold_out():
    X, y, _, _ = halves()
    with pytest.raises(ValueError, match="early_stopping=True needs all data at once"):
        GRUClassifier(early_stopping=True).partial_fit(X, y)


def test_a_class_of_one_sequence_cannot_be_split():
    X = halves()[0]
    with pytest.raises(ValueError, match="least populated class"):
        GRUClassifier(early_stopping=True).fit(X, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2])


class TestUndecidableScores:
    def test_no_weight_on_one_side(self):
        X, y = vowels()
        weights = np.where(np.arange(len(y)) % 8 == 0, 1.0, 0.0)
        with pytest.raises(
            ValueError, match="early_stopping=True held out sequences such that .* sample_weight 0"
        ):
            GRUClassifier(**SMALL, early_stopping=True).fit(X, y, sample_weight=weights)

    def test_a_score_that_is_no_number(self):
        X, y = vowels()
        model = GRURegressor(**SMALL, early_stopping=True, validation_fraction=0.04)  # one: R2 has no meaning
        with (
            pytest.warns(UserWarning, match="R\\^2 score"),
            pytest.raises(ValueError, match="scoring=None is nan on the 1 sequences of the validation set"),
        ):
            model.fit(X, y)
        assert model.set_params(scoring="loss").fit(X, y).n_iter_ > 0

    def test_too_few_to_hold_out(self):
        X, y = vowels()
        with pytest.raises(
            ValueError, match="cannot hold out validation_fraction=0.1 of 10 sequences, each class"
        ):
            GRUClassifier(**SMALL, early_stopping=True).fit(X[:10], y[:10])
        with pytest.raises(
            ValueError, match="cannot hold out validation_fraction=0.1 of 1 sequences: .*X_val"
        ):
            GRURegressor(**SMALL, early_stopping=True).fit(X[:1], y[:1])


def test_best_of_the_run_whose_weights_these_are():
    """A fit that goes on has a best epoch of its own, and so has its score."""
    X, y, X_val, y_val = halves()
    model = GRUClassifier(**SMALL | {"max_iter": 12}, early_stopping=True, warm_start=True, scoring="loss")
    model.fit(X, y, X_val=X_val, y_val=y_val)
    model.set_params(learning_rate_init=0.3, max_grad_norm=None).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.best_iter_ > 12
    assert model.validation_epochs_ == list(range(1, model.n_iter_ + 1))
    assert model.best_validation_score_ == model.validation_scores_[model.best_iter_ - 1]
    loss = log_loss(y_val, normalized(model.predict_proba(X_val)))
    assert -model.best_validation_score_ == pytest.approx(loss, rel=1e-5)
    model.set_params(early_stopping=False).partial_fit(X, y)
    assert model.best_iter_ == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)
