"""scikit-learn transformers for sequences."""

from ._scaler import SequenceScaler
from ._text import TextSequencer

__all__ = ["SequenceScaler", "TextSequencer"]
