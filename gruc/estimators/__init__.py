"""scikit-learn estimators: check, encode, train, decode."""

from .classifier import GRUClassifier
from .forecaster import GRUForecaster
from .language_model import GRULanguageModel
from .regressor import GRURegressor
from .seq2seq import GRUSeq2Seq
from .step_regressor import GRUStepRegressor
from .tagger import GRUTagger
from .transformer import GRUTransformer

__all__ = [
    "GRUClassifier",
    "GRUForecaster",
    "GRULanguageModel",
    "GRURegressor",
    "GRUSeq2Seq",
    "GRUStepRegressor",
    "GRUTagger",
    "GRUTransformer",
]
