"""Settings of loss, dropout, optimiser and schedule that change between two calls of partial_fit."""

import copy
import pickle

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import bits_of, vowels

BASE = dict(hidden_layer_sizes=(5,), random_state=0, batch_size=6)

# settings of the first calls, and what then changes
CASES = {
    "label_smoothing": (GRUClassifier, {}, {"label_smoothing": 0.9}),
    "class_weight": (GRUClassifier, {}, {"class_weight": {0: 1, 1: 5, 2: 1}}),
    "delta": (GRURegressor, {"loss": "huber"}, {"delta": 0.01}),
    "dropout": (GRUClassifier, {}, {"dropout": 0.5}),
    "no dropout": (GRUClassifier, {"dropout": 0.5}, {"dropout": 0.0}),
    "recurrent_dropout": (GRUClassifier, {}, {"recurrent_dropout": 0.5}),
    "alpha": (GRUClassifier, {}, {"alpha": 1.0}),
    "decay of weights": (GRUClassifier, {"solver": "adamw", "alpha": 0.01}, {"alpha": 1.0}),
    "l1_ratio": (GRUClassifier, {"alpha": 1.0}, {"l1_ratio": 1.0}),
    "batch_size": (GRUClassifier, {}, {"batch_size": 24}),
    "shuffle": (GRUClassifier, {}, {"shuffle": False}),
    "max_grad_norm": (GRUClassifier, {}, {"max_grad_norm": 0.01}),
    "no max_grad_norm": (GRUClassifier, {"max_grad_norm": 0.01}, {"max_grad_norm": None}),
    "solver": (GRUClassifier, {}, {"solver": "rmsprop"}),
    "beta_1": (GRUClassifier, {}, {"beta_1": 0.1}),
    "beta_2": (GRUClassifier, {}, {"beta_2": 0.1}),
    "epsilon": (GRUClassifier, {}, {"epsilon": 1.0}),
    "momentum": (GRUClassifier, {"solver": "sgd"}, {"momentum": 0.1}),
    "nesterovs_momentum": (GRUClassifier, {"solver": "sgd"}, {"nesterovs_momentum": False}),
    "rho": (GRUClassifier, {"solver": "rmsprop"}, {"rho": 0.1}),
    "learning_rate": (GRUClassifier, {}, {"learning_rate": "cosine", "max_iter": 5}),
    "learning_rate_init": (GRUClassifier, {}, {"learning_rate_init": 0.1}),
    "power_t": (GRUClassifier, {"learning_rate": "invscaling"}, {"power_t": 0.1}),
    "decay_rate": (GRUClassifier, {"learning_rate": "step", "decay_steps": 1}, {"decay_rate": 0.1}),
    "decay_steps": (GRUClassifier, {"learning_rate": "step", "decay_steps": 1}, {"decay_steps": 3}),
    "max_iter": (GRUClassifier, {"learning_rate": "cosine", "max_iter": 9}, {"max_iter": 5}),
    "warmup": (GRUClassifier, {}, {"warmup": 9}),
}


def targets_of(Estimator, X, y):
    return y if Estimator is GRUClassifier else np.array([x[:, 0].mean() for x in X])


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy],
                         ids=["pickle", "deepcopy"])  # fmt: skip
@pytest.mark.parametrize("case", CASES)
def test_obeyed_as_by_a_copy(case, copied):
    """A model that has trained before holds on to nothing that its copy has not."""
    Estimator, settings, change = CASES[case]
    X, y = vowels()
    y = targets_of(Estimator, X, y)
    model = Estimator(**BASE | settings).partial_fit(X, y).partial_fit(X, y)
    other, unchanged = copied(model), copied(model)
    for each in (model, other):
        each.set_params(**change)
    for each in (model, other, unchanged):
        for _ in range(2):
            each.partial_fit(X, y)
    assert bits_of(model) == bits_of(other) != bits_of(unchanged)
    assert model.loss_curve_ == other.loss_curve_


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("case", CASES)
def test_obeyed_by_fits_that_continue(case):
    Estimator, settings, change = CASES[case]
    X, y = vowels()
    y = targets_of(Estimator, X, y)
    model = Estimator(**BASE | {"max_iter": 3, "warm_start": True} | settings).fit(X, y)
    other, unchanged = pickle.loads(pickle.dumps(model)), pickle.loads(pickle.dumps(model))
    for each in (model, other):
        each.set_params(**change).fit(X, y)
    unchanged.fit(X, y)
    assert bits_of(model) == bits_of(other) != bits_of(unchanged)
