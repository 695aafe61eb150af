"""Prediction without training: needs NumPy only, neither SciPy nor scikit-learn.

Estimators predict through the same `Predictor`, so both give the same bits.
"""

from .loading import load
from .predictor import Predictor
from .stream import Stream

__all__ = ["Predictor", "Stream", "load"]
