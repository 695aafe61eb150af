"""Parameters, and the attributes of a fit."""

from itertools import count

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.preprocessing import SequenceScaler
from problems import outputs, vowels
from sklearn.exceptions import NotFittedError

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
ESTIMATORS = [GRUClassifier, GRURegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


CALLS = count()


def first_is_best(model, X, y):
    """A scorer that likes the first epoch best."""
    return -next(CALLS)


# name: settings with which it counts, and changes of it
CHANGES = {
    "hidden_layer_sizes": ({}, (7,), (6, 6)),
    "bidirectional": ({}, True),
    "reset_after": ({}, False),
    "pooling": ({}, "mean", "max", "attention"),
    "frame_length": ({}, 1),
    "hop_length": ({"frame_length": 3}, 1),
    "standardize": ({}, False),
    "dropout": ({}, 0.2),
    "recurrent_dropout": ({}, 0.2),
    "update_gate_bias_init": ({}, 0.0),
    "dtype": ({}, "float64"),
    "random_state": ({}, 1),
    "batch_size": ({}, 5),
    "shuffle": ({}, False),
    "max_iter": ({}, 4),
    "tol": ({"max_iter": 15}, 10.0),
    "n_iter_no_change": ({"max_iter": 15, "tol": 10.0}, 2),
    "warm_start": ({}, True),
    "solver": ({"alpha": 0.1}, "adamw", "sgd", "rmsprop"),
    "alpha": ({}, 0.1),
    "l1_ratio": ({"alpha": 0.1}, 0.5),
    "max_grad_norm": ({"max_grad_norm": 0.1}, 0.01, None),
    "beta_1": ({}, 0.5),
    "beta_2": ({}, 0.5),
    "epsilon": ({}, 0.1),
    "momentum": ({"solver": "sgd"}, 0.5),
    "nesterovs_momentum": ({"solver": "sgd"}, False),
    "rho": ({"solver": "rmsprop"}, 0.5),
    "learning_rate": ({"decay_steps": 1}, "invscaling", "exponential", "step", "cosine"),
    "learning_rate_init": ({}, 0.02),
    "power_t": ({"learning_rate": "invscaling"}, 0.9),
    "decay_rate": ({"learning_rate": "exponential", "decay_steps": 1}, 0.9),
    "decay_steps": ({"learning_rate": "exponential"}, 1),
    "warmup": ({}, 2),
    "early_stopping": ({}, True),
    "validation_fraction": ({"early_stopping": True}, 0.3),
    "scoring": ({"early_stopping": True}, first_is_best),
    "class_weight": ({}, {0: 3.0}),
    "label_smoothing": ({}, 0.2),
    "loss": ({}, "absolute_error", "huber", "quantile", "poisson"),
    "delta": ({"loss": "huber"}, 1.0),
    "quantile": ({"loss": "quantile"}, 0.9),
}
# threads change no bit (tests/threads), what is printed changes nothing (test_ends_of_fits.py)
WITHOUT_EFFECT = {"n_jobs", "verbose"}


def test_every_parameter_is_here():
    assert CHANGES.keys() | WITHOUT_EFFECT == {name for kind in ESTIMATORS for name in kind().get_params()}


@pytest.mark.parametrize(
    "name, settings, value",
    [
        pytest.param(name, settings, value, id=f"{name}-{getattr(value, '__name__', value)}")
        for name, (settings, *values) in CHANGES.items()
        for value in values
    ],
)
def test_every_parameter_does_something(name, settings, value):
    X, y = vowels()
    Estimator = GRUClassifier if name in GRUClassifier().get_params() else GRURegressor

    def trained(**changed):
        return Estimator(**FAST | settings | changed).fit(X, y).fit(X, y)

    plain, changed = trained(), trained(**{name: value})
    assert not np.array_equal(outputs(plain, X), outputs(changed, X))


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
