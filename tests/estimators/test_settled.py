"""Estimators have their parameters as attributes, and what they learned, but not parameters of others."""

import gruc
import pytest
from sklearn.base import BaseEstimator

ESTIMATORS = [getattr(gruc, name) for name in dir(gruc) if name.startswith("GRU")]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_attributes_but_parameters(estimator):
    assert issubclass(estimator, BaseEstimator)
    instance = estimator()
    public = {name for name in dir(estimator) if not name.startswith("_")}
    constants = {
        name
        for name in public
        if not callable(getattr(estimator, name)) and not isinstance(getattr(estimator, name), property)
    }
    assert constants == set()
    assert {name for name in vars(instance) if not name.startswith("_")} == set(
        instance.get_params(deep=False)
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_is_settled_is_no_parameter(estimator):
    assert not estimator._settled.keys() & estimator().get_params(deep=False).keys()
