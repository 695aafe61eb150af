"""scikit-learn's own checks, at default parameters; every one passes but the one named here."""

import pytest
from gruc import GRUClassifier, GRURegressor
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
