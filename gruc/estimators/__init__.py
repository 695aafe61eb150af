"""scikit-learn estimators: check, encode, train, decode."""

from .classifier import GRUClassifier
from .regressor import GRURegressor

__all__ = ["GRUClassifier", "GRURegressor"]
