"""Training that goes on: partial_fit and warm_start."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import outputs, vowels

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
ESTIMATORS = [GRUClassifier, GRURegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_partial_fit_epoch_by_epoch_is_fit(Estimator):
    X, y = vowels()
    whole = Estimator(**FAST, tol=0, alpha=0.0).fit(X, y)
    steps = Estimator(**FAST, alpha=0.0)
    for _ in range(3):
        steps.partial_fit(X, y)
    assert np.array_equal(outputs(whole, X), outputs(steps, X))
    assert whole.loss_curve_ == steps.loss_curve_
    assert (steps.n_iter_, steps.t_) == (3, 3 * len(X))


def test_partial_fit_in_the_given_order():
    X, y = vowels()
    settings = FAST | {"batch_size": 6, "shuffle": False, "standardize": False}
    whole = GRUClassifier(**settings).partial_fit(X, y)
    parts = GRUClassifier(**settings)
    for start in range(0, len(X), 6):
        parts.partial_fit(X[start : start + 6], y[start : start + 6], classes=[0, 1, 2])
    assert np.array_equal(whole.predict_proba(X), parts.predict_proba(X))


def test_partial_fit_keeps_the_first_statistics():
    X, y = vowels()
    model = GRUClassifier(**FAST).partial_fit(X, y)
    scaling = model._predictor.inputs.scaling
    model.partial_fit([1000 * x for x in X], y)
    assert model._predictor.inputs.scaling is scaling


def test_partial_fit_takes_a_changed_rate():
    X, y = vowels()
    model = GRUClassifier(**FAST).partial_fit(X, y)
    still = model.predict_proba(X)
    model.set_params(learning_rate_init=1e-30).partial_fit(X, y)
    assert np.array_equal(model.predict_proba(X), still)


def test_warm_start_continues_and_cold_start_does_not():
    X, y = vowels()
    model = GRUClassifier(**(FAST | {"max_iter": 10}), warm_start=True).fit(X, y)
    first = model.loss_
    model.fit(X, y)
    assert model.loss_curve_[10] < first * 1.2
    assert (model.n_iter_, len(model.loss_curve_)) == (20, 20)
    model.set_params(warm_start=False).fit(X, y)
    assert model.n_iter_ == 10


@pytest.mark.parametrize(
    "change",
    [{"hidden_layer_sizes": (7,)}, {"dtype": "float64"}, {"pooling": "mean"}, {"standardize": False}],
    ids=str,
)
def test_warm_start_refuses_another_network(change):
    X, y = vowels()
    model = GRUClassifier(**FAST, warm_start=True).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=f"{next(iter(change))} is .*warm_start=False"):
        model.set_params(**change).fit(X, y)
    assert np.array_equal(model.predict_proba(X), before)


def test_a_set_parameter_does_not_change_a_fitted_model():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)
    model.set_params(hidden_layer_sizes=(99,), pooling="mean", dtype="float64", bidirectional=True)
    assert np.array_equal(model.predict_proba(X), before)
