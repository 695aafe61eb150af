"""Pickles made before there was a `TrainingState`."""

from dataclasses import fields

from ..network import GRUNetwork
from .history import History


def state_of_trainer(trainer):
    """The plain form of a `TrainingState` from that of the trainer that models had instead."""
    optimizer = trainer["optimizer"]
    if optimizer is not None:
        weights = GRUNetwork(**trainer["network"]).table.weights()
        optimizer = optimizer | {"weights": [(part.start, part.stop) for part in weights]}
    return {
        "parameters": trainer["parameters"],
        "rng": trainer["rng"],
        "history": History(**{fact.name: trainer[fact.name] for fact in fields(History)}).describe(),
        "optimizer": optimizer,
        "schedule": trainer["schedule"] if trainer["by_parts"] else None,
    }
