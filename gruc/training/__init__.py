"""Epochs, batches, stopping, history: what happens between estimators and network."""

from .data import Batch, TrainingData
from .forecast_data import ForecastData
from .gradients import Gradient, TableGradient
from .history import DESCRIBED_AS, History
from .linear_path import MOST_SEASONS, Known, find_linear_path
from .loop import TrainingSettings, train
from .losses import LOSSES, Loss
from .old_pickles import state_of_trainer
from .optimizers import SOLVERS
from .pair_data import PairData, SampledStep
from .sampled_softmax import Candidates
from .schedules import DECAYS, Schedule
from .state import TrainingState
from .step import StepMemory, TrainingStep
from .windows import WindowedData

__all__ = [
    "DECAYS",
    "DESCRIBED_AS",
    "LOSSES",
    "MOST_SEASONS",
    "SOLVERS",
    "Batch",
    "Candidates",
    "ForecastData",
    "Gradient",
    "History",
    "Known",
    "Loss",
    "PairData",
    "SampledStep",
    "Schedule",
    "StepMemory",
    "TableGradient",
    "TrainingData",
    "TrainingSettings",
    "TrainingState",
    "TrainingStep",
    "WindowedData",
    "find_linear_path",
    "state_of_trainer",
    "train",
]
