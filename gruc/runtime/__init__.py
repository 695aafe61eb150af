"""Prediction without training: needs NumPy only, neither SciPy nor scikit-learn.

Estimators predict through the same `Predictor`, so both give the same bits.
"""

from .forecast_stream import ForecastStream
from .forecasts import ForecastPredictor
from .language import LanguagePredictor
from .language_stream import LanguageStream
from .model_files import load
from .pipelines import PipelinePredictor
from .predictor import Predictor
from .stream import Stream
from .translator import Translator

__all__ = [
    "ForecastPredictor",
    "ForecastStream",
    "LanguagePredictor",
    "LanguageStream",
    "PipelinePredictor",
    "Predictor",
    "Stream",
    "Translator",
    "load",
]
