"""Validation between epochs: early stopping, X_val, scoring."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.training import Loss
from problems import vowels
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")
SMALL = dict(hidden_layer_sizes=(6,), max_iter=8, random_state=0, tol=0)


def halves():
    X, y = vowels()
    even = range(0, len(X), 2)
    odd = range(1, len(X), 2)
    return [X[i] for i in even], y[::2], [X[i] for i in odd], y[1::2]


def regression_halves():
    X, _, X_val, _ = halves()
    return X, np.array([x[:, 0].mean() for x in X]), X_val, np.array([x[:, 0].mean() for x in X_val])


def normalized(proba):
    """Rows of float32 add up to 1 only to its precision."""
    return proba.astype("float64") / proba.sum(axis=1, dtype="float64", keepdims=True)


class TestCurves:
    def test_are_those_of_the_model_after_each_epoch(self):
        X, y, X_val, y_val = halves()
        weights = np.arange(1.0, len(y_val) + 1)
        model = GRUClassifier(**SMALL).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weights)
        assert len(model.validation_scores_) == len(model.validation_loss_curve_) == 8
        proba, predicted = model.predict_proba(X_val), model.predict(X_val)
        assert model.validation_scores_[-1] == accuracy_score(y_val, predicted, sample_weight=weights)
        expected = log_loss(y_val, normalized(proba), sample_weight=weights)
        assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-5)
        assert model.best_validation_score_ == max(model.validation_scores_)

    def test_change_nothing_of_the_fit(self):
        X, y, X_val, y_val = halves()
        plain, watched = (
            GRUClassifier(**SMALL).fit(X, y),
            GRUClassifier(**SMALL).fit(X, y, X_val=X_val, y_val=y_val),
        )
        assert plain.loss_curve_ == watched.loss_curve_
        assert (
            plain.validation_scores_ is plain.validation_loss_curve_ is plain.best_validation_score_ is None
        )

    def test_of_a_regressor(self):
        X, y, X_val, y_val = regression_halves()
        model = GRURegressor(**SMALL).fit(X, y, X_val=X_val, y_val=y_val)
        predicted = model.predict(X_val)
        assert model.validation_scores_[-1] == pytest.approx(r2_score(y_val, predicted))
        expected = 0.5 * np.mean((predicted - y_val) ** 2) / np.var(y)
        assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-5)

    def test_go_on_with_warm_start(self):
        X, y, X_val, y_val = halves()
        model = GRUClassifier(**SMALL, warm_start=True).fit(X, y, X_val=X_val, y_val=y_val)
        model.fit(X, y, X_val=X_val, y_val=y_val)
        assert len(model.validation_scores_) == len(model.loss_curve_) == 16

    def test_two_classes(self):
        X, y, X_val, y_val = halves()
        y, y_val = np.where(y == 0, "a", "b"), np.where(y_val == 0, "a", "b")
        model = GRUClassifier(**SMALL).fit(X, y, X_val=X_val, y_val=y_val)
        expected = log_loss(y_val, normalized(model.predict_proba(X_val)))
        assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-5)


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

        def spy(self, model, trainer, sequences, targets, *rest):
            seen.append((len(sequences), np.bincount(targets)))
            original(self, model, trainer, sequences, targets, *rest)

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
        from gruc.training import Trainer

        epoch, calls = Trainer._epoch, []

        def interrupted(self, *args):
            calls.append(1)
            if len(calls) == 5:
                raise KeyboardInterrupt
            return epoch(self, *args)

        settings = SMALL | dict(learning_rate_init=0.3, scoring="loss", early_stopping=True)
        monkeypatch.setattr(Trainer, "_epoch", interrupted)
        with pytest.warns(UserWarning, match="interrupted in epoch 5; the model keeps the best"):
            model = GRUClassifier(**settings).fit(X, y, X_val=X_val, y_val=y_val)
        outputs = model._predictor.outputs(X_val)
        loss = Loss("softmax").mean(outputs, np.searchsorted(model.classes_, y_val))
        assert loss == min(model.validation_loss_curve_)


class TestEqualScores:
    """Few sequences held out have few scores: those equal are told apart by the loss."""

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
        from gruc.training import Schedule, Trainer, TrainingData
        from gruc.training.optimizers import SOLVERS

        network = GRUNetwork(
            n_features=1, hidden_layer_sizes=[2], bidirectional=False, reset_after=True, pooling="last",
            n_outputs=1,
        )  # fmt: skip
        trainer = Trainer(network, Loss("squared_error"), "float64", np.random.default_rng(0))
        trainer.optimizer = SOLVERS["sgd"](
            trainer.parameters, network.table.weights(), momentum=0.0, nesterov=False
        )
        trainer.schedule = Schedule("constant", 0.01, 0.0)
        data = TrainingData(as_sequences(np.ones((4, 3, 1))), None, np.ones((4, 1)), None)
        of_epochs = iter(validations)
        trainer.run(
            data, len(validations), batch_size=4, shuffle=False, max_grad_norm=None, tol=tol,
            patience=patience, verbose=False, validate=lambda _: next(of_epochs), early_stopping=True,
        )  # fmt: skip
        return trainer.n_epochs, trainer.best_epoch

    def test_a_falling_loss_at_the_best_score_is_progress(self):
        assert self.run([(9 - i, 1.0) for i in range(8)], patience=2) == (8, 8)

    def test_a_falling_loss_below_the_best_score_is_none(self):
        assert self.run([(9, 1.0), (8, 0.9), (7, 0.9), (6, 0.9)], patience=2) == (3, 1)

    def test_equal_score_and_loss_stop_it(self):
        assert self.run([(1.0, 1.0), (0.95, 1.0), (0.93, 1.0), (0.1, 1.0)], patience=2) == (3, 3)

    def test_a_higher_score_counts_whatever_the_loss(self):
        assert self.run([(1.0, 0.5), (9.0, 0.8), (0.5, 0.5), (0.4, 0.5)], patience=2) == (4, 2)


class TestClassesThatAreMissing:
    """A validation set without a member of a class."""

    @staticmethod
    def rare():
        """Two classes, 1 to 100."""
        X = np.random.default_rng(0).standard_normal((202, 4, 2)).astype("float32")
        return X, np.array(["common"] * 200 + ["rare"] * 2)

    def test_those_held_out(self):
        X, y = self.rare()
        with pytest.warns(UserWarning, match="validation set, 21 sequences, has none of class rare") as seen:
            GRUClassifier(**SMALL, early_stopping=True).fit(X, y)
        assert seen[0].filename == __file__

    def test_enough_of_each_pass_in_silence(self, recwarn):
        X, y = self.rare()
        GRUClassifier(**SMALL, early_stopping=True, validation_fraction=0.4).fit(X, y)
        assert not [w for w in recwarn if "validation set" in str(w.message)]

    @pytest.mark.filterwarnings("ignore:Only one class is present")
    @pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc"])
    def test_a_scorer_that_needs_it(self, scoring):
        X, y = self.rare()
        model = GRUClassifier(**SMALL, early_stopping=True, scoring=scoring)
        with (
            pytest.warns(UserWarning, match="none of class rare"),
            pytest.raises(
                ValueError, match=f"scoring='{scoring}' .* on the 21 sequences of the validation set, which has "
                "none of class rare.*X_val",
            ),
        ):  # fmt: skip
            model.fit(X, y)
        assert not hasattr(model, "classes_")

    @pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr"])
    def test_of_x_val(self, scoring):
        X, y, X_val, y_val = halves()
        X_val, y_val = [x for x, k in zip(X_val, y_val, strict=True) if k < 2], y_val[y_val < 2]
        with (
            pytest.warns(UserWarning, match="validation set, 8 sequences, has none of class 2") as seen,
            pytest.raises(ValueError, match="of the validation set, which has none of class 2: .*X_val"),
        ):
            GRUClassifier(**SMALL, early_stopping=True, scoring=scoring).fit(X, y, X_val=X_val, y_val=y_val)
        assert seen[0].filename == __file__

    def test_several_labels_are_not_split_by_class(self, recwarn):
        X, y, X_val, _ = halves()
        Y, Y_val = np.stack([y == 0, y < 2], axis=1).astype(int), np.tile([0, 1], (len(X_val), 1))
        GRUClassifier(**SMALL, early_stopping=True).fit(X, Y, X_val=X_val, y_val=Y_val)
        assert not [w for w in recwarn if "validation set" in str(w.message)]

    def test_x_val_that_is_only_measured(self):
        X, y, X_val, y_val = halves()
        model = GRUClassifier(**SMALL).fit(X, y, X_val=X_val[:1], y_val=y_val[:1])
        assert len(model.validation_scores_) == 8


class TestScoring:
    @pytest.mark.parametrize("scoring", ["balanced_accuracy", "neg_log_loss", "roc_auc_ovr"])
    def test_of_scikit_learn(self, scoring):
        from sklearn.metrics import get_scorer

        X, y, X_val, y_val = halves()
        model = GRUClassifier(**SMALL, scoring=scoring).fit(X, y, X_val=X_val, y_val=y_val)
        assert model.validation_scores_[-1] == pytest.approx(get_scorer(scoring)(model, X_val, y_val))

    def test_a_callable(self):
        X, y, X_val, y_val = halves()
        seen = []

        def score(model, X, y):
            seen.append(model.predict(X))
            return float(len(seen))

        model = GRUClassifier(**SMALL, scoring=score).fit(X, y, X_val=X_val, y_val=y_val)
        assert model.validation_scores_ == [1, 2, 3, 4, 5, 6, 7, 8]
        assert len(seen[0]) == len(X_val)

    def test_an_error_in_it_leaves_the_model_as_it_was(self):
        X, y, X_val, y_val = halves()
        model = GRUClassifier(**SMALL, warm_start=True).fit(X, y)
        before = model.predict_proba(X), list(model.loss_curve_)

        def fails(model, X, y):
            raise ZeroDivisionError("in the scorer")

        with pytest.raises(ZeroDivisionError):
            model.set_params(scoring=fails).fit(X, y, X_val=X_val, y_val=y_val)
        assert np.array_equal(model.predict_proba(X), before[0])
        assert model.loss_curve_ == before[1]
        fresh = GRUClassifier(**SMALL, scoring=fails)
        with pytest.raises(ZeroDivisionError):
            fresh.fit(X, y, X_val=X_val, y_val=y_val)
        assert not hasattr(fresh, "classes_")


def test_through_a_pipeline():
    """scikit-learn's metadata routing carries X_val through the steps before: transform_input."""
    from gruc.preprocessing import SequenceScaler
    from sklearn import config_context

    X, y, X_val, y_val = halves()
    with config_context(enable_metadata_routing=True):
        model = GRUClassifier(**SMALL, standardize=False).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(SequenceScaler(), model, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    scaler = SequenceScaler().fit(X)
    alone = GRUClassifier(**SMALL, standardize=False)
    alone.fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    assert pipeline[-1].validation_loss_curve_ == alone.validation_loss_curve_


X, y, X_VAL, Y_VAL = halves()
BAD = {
    "y_val missing": (dict(X_val=X_VAL), "X_val is given, but not y_val."),
    "X_val missing": (dict(y_val=Y_VAL), "y_val or sample_weight_val is given, but not X_val."),
    "weights without X_val": (dict(sample_weight_val=np.ones(3)), "but not X_val"),
    "unknown label": (dict(X_val=X_VAL, y_val=np.full(len(Y_VAL), 9)), "y_val holds labels that are not among"),
    "lengths": (dict(X_val=X_VAL, y_val=Y_VAL[:-1]), "inconsistent numbers of samples"),
    "features": (dict(X_val=[x[:, :5] for x in X_VAL], y_val=Y_VAL), "X_val has 5 features a step"),
    "NaN": (dict(X_val=[np.full((3, 12), np.nan)], y_val=Y_VAL[:1]), r"X_val\[0\] contains NaN"),
    "weights": (
        dict(X_val=X_VAL, y_val=Y_VAL, sample_weight_val=-np.ones(len(Y_VAL))), "sample_weight_val must not be neg"
    ),
}  # fmt: skip


@pytest.mark.parametrize("given, message", BAD.values(), ids=BAD)
def test_bad_input(given, message):
    with pytest.raises(ValueError, match=message):
        GRUClassifier(**SMALL).fit(X, y, **given)


def test_bad_input_of_a_regressor():
    X, y, X_val, y_val = regression_halves()
    with pytest.raises(ValueError, match="y_val has 2 outputs, but y has 1"):
        GRURegressor(**SMALL).fit(X, y, X_val=X_val, y_val=np.stack([y_val, y_val], axis=1))
    with pytest.raises(ValueError, match="y_val"):
        GRURegressor(**SMALL).fit(X, y, X_val=X_val, y_val=np.full(len(y_val), np.inf))


def test_partial_fit_has_nothing_to_hold_out():
    with pytest.raises(ValueError, match="early_stopping=True needs all data at once"):
        GRUClassifier(early_stopping=True).partial_fit(X, y)


def test_a_class_of_one_sequence_cannot_be_split():
    with pytest.raises(ValueError, match="least populated class"):
        GRUClassifier(early_stopping=True).fit(X, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2])


class TestWhatCannotDecide:
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


def coin_tosses(n=120):
    """Nothing can be learned: a score of what is held out well above 1/2 is one of what was learned."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 4, 3)).astype("float32"), rng.integers(0, 2, n)


def held_out_by(model, X, y):
    """Weights of the fit's validation: here the places, which serve as weights."""
    seen = []

    def places(model, X_val, y_val, sample_weight=None):
        seen.append(sorted(np.flatnonzero((x == X).all(axis=(1, 2)))[0] for x in X_val))
        return 0.0

    model.set_params(scoring=places).fit(X, y)
    return seen[0]


class TestSeriesOfFits:
    """Fits that go on from each other hold out the same sequences."""

    SETTINGS = dict(hidden_layer_sizes=(4,), early_stopping=True, validation_fraction=0.2, warm_start=True)

    def model(self, kind=GRUClassifier, **settings):
        return kind(**self.SETTINGS, max_iter=1, random_state=0, **settings)

    def test_nothing_held_out_is_ever_learned(self):
        X, y = coin_tosses()
        model = GRUClassifier(
            (32,), early_stopping=True, validation_fraction=0.3, warm_start=True, max_iter=40,
            frame_length=1, random_state=0,
        )  # fmt: skip
        for _ in range(4):
            model.fit(X, y)
        assert model.loss_curve_[-1] < 0.1  # it knows by heart what it has learned
        assert model.best_validation_score_ < 0.75

    @pytest.mark.parametrize("kind", [GRUClassifier, GRURegressor])
    def test_the_same_places_however_the_model_is_kept(self, kind, tmp_path):
        import copy
        import pickle

        from gruc import load

        X, y = coin_tosses()
        model = self.model(kind)
        first = held_out_by(model, X, y)
        assert len(first) == 24
        model.set_params(scoring=None)
        model.save(tmp_path / "m.gruc")
        for other in (
            copy.deepcopy(model), pickle.loads(pickle.dumps(model)), load(tmp_path / "m.gruc"), model
        ):  # fmt: skip
            assert held_out_by(other, X, y) == first
        again = held_out_by(model.set_params(warm_start=False), X, y)
        assert again == first  # the seed of random_state

    def test_fits_that_begin_anew_draw_anew(self):
        X, y = coin_tosses()
        model = self.model().set_params(warm_start=False, random_state=np.random.RandomState(0))
        assert held_out_by(model, X, y) != held_out_by(model, X, y)

    @pytest.mark.parametrize(
        "change", ["n", "y", "validation_fraction", "all learned", "partial_fit", "X_val"]
    )
    def test_another_split_is_warned_of(self, change, recwarn):
        X, y = coin_tosses()
        model = self.model().fit(X, y).fit(X, y)
        if change == "n":
            X, y = X[:-1], y[:-1]
        elif change == "y":
            y = y[::-1]
        elif change == "validation_fraction":
            model.set_params(validation_fraction=0.3)
        elif change == "all learned":
            model.set_params(early_stopping=False).fit(X, y).set_params(early_stopping=True)
        elif change == "partial_fit":
            model.set_params(early_stopping=False).partial_fit(X, y).set_params(early_stopping=True)
        else:
            model.fit(X, y, X_val=X, y_val=y)
        assert not [w for w in recwarn if "holds out sequences" in str(w.message)]
        with pytest.warns(UserWarning, match="may have learned from.*give X_val and y_val"):
            model.fit(X, y)
        recwarn.clear()
        model.fit(X, y)
        assert not [w for w in recwarn if "holds out sequences" in str(w.message)]

    def test_regressors_need_no_equal_y(self, recwarn):
        X, y = coin_tosses()
        model = self.model(GRURegressor)
        assert held_out_by(model, X, y) == held_out_by(model, X, y[::-1] + 1.0)
        assert not [w for w in recwarn if "holds out sequences" in str(w.message)]
