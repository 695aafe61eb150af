"""scikit-learn estimators: check, encode, train, decode."""

from ._saved import load
from .classifier import GRUClassifier
from .regressor import GRURegressor
from .transformer import GRUTransformer

__all__ = ["GRUClassifier", "GRURegressor", "GRUTransformer", "load"]
