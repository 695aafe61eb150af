"""GRUClassifier alone."""

import numpy as np
import pytest
from gruc import GRUClassifier
from problems import vowels
from sklearn.metrics import log_loss

FAST = dict(hidden_layer_sizes=(6,), max_iter=5, random_state=0)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "a", "c"]),
        np.array([10, -3, 7]),
        np.array([0.0, 1.0, 2.0]),
        np.array(["x", "y", "z"], object),
    ],
    ids=["str", "int", "float", "object"],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_labels_of_any_kind(labels, n_classes):
    X, y = vowels(n_classes)
    model = GRUClassifier(**(FAST | {"max_iter": 30})).fit(X, labels[y])
    assert model.classes_.tolist() == sorted(labels[:n_classes].tolist())
    assert model.predict(X).dtype == labels.dtype
    assert (model.predict(X) == labels[y]).mean() > 0.9


def test_boolean_labels():
    X, y = vowels(2)
    model = GRUClassifier(**FAST).fit(X, y == 1)
    assert model.predict(X).dtype == bool


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities(n_classes, dtype):
    X, y = vowels(n_classes)
    model = GRUClassifier(**FAST, dtype=dtype).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.dtype == dtype
    assert proba.shape == (len(X), n_classes)
    assert ((proba >= 0) & (proba <= 1)).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    assert np.array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_outlive_underflow(n_classes):
    X, y = vowels(n_classes)
    model = GRUClassifier(**FAST, standardize=False).fit(X, y)
    weights = model.weights_
    model._predictor = model._predictor.with_weights(weights | {"head.weight": 1e4 * weights["head.weight"]})
    log_proba = model.predict_log_proba(X)
    assert (model.predict_proba(X) < 1.01 * np.finfo(np.float32).tiny).any()
    assert np.isfinite(log_proba).all()
    assert log_proba.min() < -200


@pytest.mark.parametrize("n_classes", [2, 3])
def test_loss_is_the_log_loss(n_classes):
    X, y = vowels(n_classes)
    weights = np.random.default_rng(0).random(len(X))
    model = GRUClassifier(**FAST, dtype="float64", batch_size=len(X)).fit(X, y, sample_weight=weights)
    expected = log_loss(y, model.predict_proba(X), sample_weight=weights)
    # the loss of an epoch is taken before its step: the next epoch's is of today's model
    after = model.partial_fit(X, y, sample_weight=weights).loss_
    assert after == pytest.approx(expected, rel=1e-12)


def test_partial_fit_with_classes_to_come():
    X, y = vowels()
    model = GRUClassifier(**FAST).partial_fit(X[:8], y[:8], classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (len(X), 3)
    for _ in range(30):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.9
    with pytest.raises(ValueError, match=r"not among the classes \[0 1 2\]: \[5\]"):
        model.partial_fit(X[:1], [5])
    with pytest.raises(ValueError, match="differ from those of the first call"):
        model.partial_fit(X, y, classes=[0, 1])
