"""Parameters of the estimators that answer each step; `_parameters.py` says more."""

from ..conventions.parameters import parameters
from ._network_parameters import Convolutions, Directions, Network
from ._parameters import (
    Classification,
    Dropout,
    Embedding,
    Execution,
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
