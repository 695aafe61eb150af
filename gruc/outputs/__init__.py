"""What the outputs of a network mean: predictions, probabilities, and how a model file describes them.

`Classes`, `Labels` and `Values` have the same methods, so that prediction, streams and exported models
ask them, and nobody asks which they are. NumPy and the kernels only.
"""

from .classes import Classes, Labels
from .conformal import Conformal
from .descriptions import described, of_state
from .values import Values

__all__ = ["Classes", "Conformal", "Labels", "Values", "described", "of_state"]
