"""Epochs, batches, stopping, history: what happens between estimators and network."""

from .data import TrainingData
from .losses import LOSSES
from .optimizers import Adam
from .trainer import Trainer

__all__ = ["LOSSES", "Adam", "Trainer", "TrainingData"]
