"""Validation between epochs: X_val, scoring, curves."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import halves, normalized, regression_halves
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")
SMALL = dict(hidden_layer_sizes=(6,), max_iter=8, random_state=0, tol=0)


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

    def test_continue_with_warm_start(self):
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


class TestMissingClasses:
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

    def test_no_warning_with_enough_of_each_class(self, recwarn):
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
        X_val, y_val = X_val[:1], y_val[:1]  # warnings are errors: without early stopping there is none
        model = GRUClassifier(**SMALL).fit(X, y, X_val=X_val, y_val=y_val)
        assert len(model.validation_scores_) == 8
        assert model.validation_scores_[-1] == model.score(X_val, y_val)


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
    "features": (dict(X_val=[x[:, :5] for x in X_VAL], y_val=Y_VAL), "X_val has 5 features per step"),
    "NaN": (dict(X_val=[np.full((3, 12), np.nan)], y_val=Y_VAL[:1]), r"X_val\[0\] contains NaN"),
    "weights": (
        dict(X_val=X_VAL, y_val=Y_VAL, sample_weight_val=-np.ones(len(Y_VAL))), "sample_weight_val must not be neg"
    ),
}  # fmt: skip


@pytest.mark.parametrize("given, message", BAD.values(), ids=BAD)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_bad_input(early_stopping, given, message):
    with pytest.raises(ValueError, match=message):
        GRUClassifier(**SMALL, early_stopping=early_stopping).fit(X, y, **given)


def test_bad_input_of_a_regressor():
    X, y, X_val, y_val = regression_halves()
    with pytest.raises(ValueError, match="y_val has 2 outputs, but y has 1"):
        GRURegressor(**SMALL).fit(X, y, X_val=X_val, y_val=np.stack([y_val, y_val], axis=1))
    with pytest.raises(ValueError, match="y_val"):
        GRURegressor(**SMALL).fit(X, y, X_val=X_val, y_val=np.full(len(y_val), np.inf))
