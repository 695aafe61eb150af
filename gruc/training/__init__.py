"""Epochs, batches, stopping, history: what happens between estimators and network."""

from .data import TrainingData
from .losses import LOSSES, Loss
from .optimizers import SOLVERS
from .schedules import DECAYS, Schedule
from .trainer import Trainer

__all__ = ["DECAYS", "LOSSES", "SOLVERS", "Loss", "Schedule", "Trainer", "TrainingData"]
