"""scikit-learn's own checks, at default parameters; every one passes but the one named here."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger
from helpers import sklearn_checks
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EXPECTED_FAILURE = {
    "check_sample_weight_equivalence_on_dense_data": "a shuffled mini-batch cannot tell weight k "
    "from k copies; tests/estimators/test_weights.py holds it for full batches"
}


@pytest.mark.parametrize(
    "estimator, check", sklearn_checks([GRUClassifier(), GRURegressor()], EXPECTED_FAILURE)
)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
def test_more_sklearn_checks(Estimator, check):
    check(Estimator.__name__, Estimator())


# ---- estimators that answer each step: each row of X, a sequence, has the target of y at all its steps


class Broadcasting:
    """Mixin that gives each step of X the target of its sequence, as the checks have only these."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, _at_each_step(X, y), sample_weight)

    def partial_fit(self, X, y, sample_weight=None, **options):
        return super().partial_fit(X, _at_each_step(X, y), sample_weight=sample_weight, **options)

    def score(self, X, y, sample_weight=None):
        return super().score(X, _at_each_step(X, y), sample_weight)


def _at_each_step(X, y):
    shape = np.asarray(X).shape
    if y is None or len(shape) != 2 or np.asarray(y).ndim != 1:
        return y
    return np.repeat(np.asarray(y)[:, np.newaxis], shape[1], axis=1)


class BroadcastingTagger(Broadcasting, GRUTagger):
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        return super().partial_fit(X, y, sample_weight, classes=classes)


class BroadcastingStepRegressor(Broadcasting, GRUStepRegressor):
    pass


@pytest.mark.parametrize(
    "estimator, check",
    sklearn_checks([BroadcastingTagger(), BroadcastingStepRegressor()], EXPECTED_FAILURE),
)
def test_sklearn_checks_of_each_step(estimator, check):
    check(estimator)


@pytest.mark.parametrize("Estimator", [GRUTagger, GRUStepRegressor])
def test_parameters_of_each_step(Estimator):
    check_param_validation(Estimator.__name__, Estimator())
