"""scikit-learn transformers for sequences."""

from ._scaler import SequenceScaler

__all__ = ["SequenceScaler"]
