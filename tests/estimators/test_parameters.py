"""Parameters, and the attributes of a fit."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.preprocessing import SequenceScaler
from problems import vowels
from sklearn.exceptions import NotFittedError

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
ESTIMATORS = [GRUClassifier, GRURegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_layer_sizes": (7,)},
        {"hidden_layer_sizes": (6, 6)},
        {"bidirectional": True},
        {"reset_after": False},
        {"pooling": "mean"},
        {"pooling": "max"},
        {"pooling": "attention"},
        {"standardize": False},
        {"dropout": 0.2},
        {"recurrent_dropout": 0.2},
        {"batch_size": 5},
        {"learning_rate_init": 0.02},
        {"max_iter": 4},
        {"max_grad_norm": 0.01},
        {"max_grad_norm": None},
        {"shuffle": False},
        {"beta_1": 0.5},
        {"beta_2": 0.5},
        {"epsilon": 0.1},
        {"dtype": "float64"},
        {"class_weight": {0: 3.0}},
    ],
    ids=str,
)
def test_every_parameter_does_something(change):
    X, y = vowels()
    # a max_grad_norm that is felt
    plain = GRUClassifier(**(FAST | {"max_grad_norm": 0.1})).fit(X, y)
    changed = GRUClassifier(**(FAST | {"max_grad_norm": 0.1} | change)).fit(X, y)
    assert not np.array_equal(plain.predict_proba(X), changed.predict_proba(X))


def test_an_int_is_one_layer():
    X, y = vowels()
    a = GRUClassifier(**(FAST | {"hidden_layer_sizes": 6})).fit(X, y)
    b = GRUClassifier(**(FAST | {"hidden_layer_sizes": np.array([6])})).fit(X, y)
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))


def test_standardize_undoes_any_scale_of_features():
    X, y = vowels()
    far = [1000 * x - 5e4 for x in X]
    a, b = (GRUClassifier(**FAST, dtype="float64").fit(data, y) for data in (X, far))
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(far), rtol=1e-6)


def test_standardize_false_takes_numbers_as_they_are():
    X, y = vowels()
    model = GRUClassifier(**FAST, standardize=False).fit(X, y)
    scaled = SequenceScaler().fit(X)
    by_hand = GRUClassifier(**FAST, standardize=False, dtype="float64").fit(scaled.transform(X), y)
    inside = GRUClassifier(**FAST, dtype="float64").fit(X, y)
    np.testing.assert_allclose(
        by_hand.predict_proba(scaled.transform(X)), inside.predict_proba(X), rtol=1e-12
    )
    assert not np.allclose(model.predict_proba(X), inside.predict_proba(X))


def test_attributes_of_a_fit():
    X, y = vowels()
    model = GRUClassifier(hidden_layer_sizes=(6, 5), bidirectional=True, max_iter=4, random_state=0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 4
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.t_ == 4 * len(X)
    assert model.n_layers_ == 4
    assert model.n_outputs_ == 3
    assert model.out_activation_ == "softmax"
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.weights_["gru.weight_ih_l1_reverse"].shape == (15, 12)
    assert model.weights_["head.weight"].shape == (3, 10)
    with pytest.raises(ValueError, match="read-only"):
        model.weights_["head.bias"][0] = 1
    assert GRUClassifier(**FAST).fit(X, y > 0).out_activation_ == "logistic"
    assert GRURegressor(**FAST).fit(X, y).out_activation_ == "identity"


def test_unfitted():
    for Estimator in ESTIMATORS:
        with pytest.raises(NotFittedError):
            Estimator().predict(vowels()[0])
        assert not hasattr(Estimator(), "weights_")
