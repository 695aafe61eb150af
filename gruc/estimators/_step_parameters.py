"""Parameters of the estimators that answer each step; `_parameters.py` says more."""

from ..conventions.parameters import parameters
from ._parameters import (
    Classification,
    Convolutions,
    Directions,
    Dropout,
    Embedding,
    Execution,
    Network,
    Regression,
    Standardization,
    Stopping,
    Training,
)

TaggerParameters = parameters(
    Network,
    Directions,
    Convolutions,
    Embedding,
    Standardization,
    Dropout,
    Classification,
    Training,
    Stopping,
    Execution,
    positional=["hidden_layer_sizes"],
)
StepRegressorParameters = parameters(
    Network,
    Directions,
    Convolutions,
    Embedding,
    Standardization,
    Dropout,
    Regression,
    Training,
    Stopping,
    Execution,
    positional=["hidden_layer_sizes"],
)
