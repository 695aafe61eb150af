"""Several labels at once, and labels that are not quite certain."""

import numpy as np
import pytest
from gruc import GRUClassifier
from gruc.runtime import Predictor
from problems import vowels
from sklearn.metrics import f1_score, log_loss

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")
SMALL = dict(hidden_layer_sizes=(8,), max_iter=40, random_state=0)


def indicator():
    """Who speaks, and whether the utterance is a long one."""
    X, y = vowels()
    long = np.array([len(x) for x in X]) > np.median([len(x) for x in X])
    return X, np.column_stack([y == 0, y == 1, y == 2, long]).astype(int)


class TestMultilabel:
    def test_learns_every_label(self):
        X, Y = indicator()
        model = GRUClassifier(**SMALL).fit(X, Y)
        predicted, proba = model.predict(X), model.predict_proba(X)
        assert predicted.shape == proba.shape == Y.shape
        assert set(np.unique(predicted)) == {0, 1}
        assert f1_score(Y, predicted, average="macro") > 0.95
        assert np.array_equal(predicted, proba > 0.5)
        np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), rtol=1e-4, atol=1e-6)
        assert model.classes_.tolist() == [0, 1, 2, 3]
        assert (model.n_outputs_, model.out_activation_) == (4, "logistic")
        assert model.score(X, Y) == np.mean((predicted == Y).all(axis=1))

    def test_is_one_sigmoid_a_label(self):
        """The loss of two columns is the sum of two classifiers' losses, of which nothing else is shared."""
        X, Y = indicator()
        settings = SMALL | dict(max_iter=1, batch_size=len(X), learning_rate_init=1e-12, dtype="float64")
        model = GRUClassifier(**settings).fit(X, Y)
        proba = model.predict_proba(X)
        expected = sum(log_loss(Y[:, k], proba[:, k]) for k in range(4))
        assert model.loss_ == pytest.approx(expected, rel=1e-6)

    def test_of_lists_and_booleans(self):
        X, Y = indicator()
        model = GRUClassifier(**SMALL).fit(X, Y)
        for form in (Y.tolist(), Y.astype(bool), Y.astype(float)):
            assert np.array_equal(
                GRUClassifier(**SMALL).fit(X, form).predict_proba(X), model.predict_proba(X)
            )

    def test_with_validation_weights_and_partial_fit(self):
        X, Y = indicator()
        model = GRUClassifier(**SMALL, early_stopping=True).fit(X, Y, sample_weight=np.arange(len(X)) + 1)
        assert 0 <= model.best_validation_score_ <= 1
        GRUClassifier(**SMALL).fit(X, Y, X_val=X, y_val=Y)
        model = GRUClassifier(**SMALL).partial_fit(X, Y).partial_fit(X[:5], Y[:5])
        assert model.predict(X).shape == Y.shape

    def test_predictor_and_pickle(self):
        import pickle

        X, Y = indicator()
        model = GRUClassifier(**SMALL).fit(X, Y)
        for other in (
            pickle.loads(pickle.dumps(model)),
            pickle.loads(pickle.dumps(Predictor.from_estimator(model))),
        ):
            assert np.array_equal(other.predict(X), model.predict(X))
            assert np.array_equal(other.predict_proba(X), model.predict_proba(X))

    def test_bad_targets(self):
        X, Y = indicator()
        with pytest.raises(ValueError, match="is not a multilabel indicator"):
            GRUClassifier(**SMALL).fit(X, Y + 1)
        with pytest.raises(ValueError, match="class_weight is not supported for multilabel"):
            GRUClassifier(**SMALL, class_weight="balanced").fit(X, Y)
        with pytest.raises(ValueError, match="y_val has 3 columns, but y has 4"):
            GRUClassifier(**SMALL).fit(X, Y, X_val=X, y_val=Y[:, :3])
        with pytest.raises(ValueError, match="4 columns, but there are 3 classes"):
            GRUClassifier(**SMALL).partial_fit(X, Y, classes=[0, 1, 2])
        model = GRUClassifier(**SMALL).partial_fit(X, Y)
        before = model.predict_proba(X)
        with pytest.raises(ValueError, match="was made for"):
            model.partial_fit(X, Y[:, :3])
        with pytest.raises(ValueError, match=r"y must be \(n_sequences, 4\) of 0 and 1"):
            model.partial_fit(X, Y[:, 0])
        assert np.array_equal(model.predict_proba(X), before)
        single = GRUClassifier(**SMALL).partial_fit(X, vowels()[1])
        with pytest.raises(ValueError, match=r"was made for \(n_sequences,\)"):
            single.partial_fit(X, Y)


class TestLabelSmoothing:
    @pytest.mark.parametrize("classes", [2, 3])
    def test_keeps_probabilities_from_the_edge(self, classes):
        X, y = vowels()
        y = np.minimum(y, classes - 1)
        settings = SMALL | dict(max_iter=300, tol=0, n_iter_no_change=300)
        plain = GRUClassifier(**settings).fit(X, y)
        smooth = GRUClassifier(**settings, label_smoothing=0.2).fit(X, y)
        assert plain.predict_proba(X).max() > 0.99
        # the least loss is at the smoothed targets: 0.8 + 0.2 / K
        np.testing.assert_allclose(
            smooth.predict_proba(X).max(axis=1), 0.8 + 0.2 / classes, rtol=0, atol=0.05
        )
        assert smooth.score(X, y) == 1

    def test_of_several_labels(self):
        X, Y = indicator()
        settings = SMALL | dict(max_iter=300, tol=0, n_iter_no_change=300)
        proba = GRUClassifier(**settings, label_smoothing=0.2).fit(X, Y).predict_proba(X)
        np.testing.assert_allclose(proba, 0.1 + 0.8 * Y, rtol=0, atol=0.08)

    def test_validation_loss_is_that_of_the_labels(self):
        X, y = vowels()
        model = GRUClassifier(**SMALL, label_smoothing=0.2).fit(X, y, X_val=X, y_val=y)
        proba = model.predict_proba(X).astype("float64")
        assert model.validation_loss_curve_[-1] == pytest.approx(
            log_loss(y, proba / proba.sum(1, keepdims=True)), rel=1e-5
        )

    @pytest.mark.parametrize("value", [-0.1, 1.0, "much"])
    def test_bad_values(self, value):
        X, y = vowels()
        with pytest.raises(ValueError, match="The 'label_smoothing' parameter of GRUClassifier must be"):
            GRUClassifier(label_smoothing=value).fit(X, y)
