"""Models outside the notebook."""

from .saving import load, save

__all__ = ["load", "save"]
