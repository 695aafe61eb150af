"""scikit-learn transformers for sequences."""

from ._scaler import SequenceScaler
from ._text import TextSequencer
from ._word_vectors import load_word_vectors

__all__ = ["SequenceScaler", "TextSequencer", "load_word_vectors"]
