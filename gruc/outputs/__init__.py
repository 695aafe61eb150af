"""What the outputs of a network mean: predictions, probabilities, and how a model file describes them.

`Classes`, `Labels` and `Values` have the same methods, so that prediction, streams and exported models
ask them, and nobody asks which they are. NumPy and the kernels only.
"""

from .classes import Classes, Labels
from .conformal import ENOUGH_FORECASTS, ERRORS_OF_FORECAST, Conformal, are_levels, scaled_errors, symmetric
from .descriptions import described, of_state
from .quantile_maps import QuantileMaps, accumulated, nearest_to_median, normal_scores
from .values import Values

__all__ = [
    "ENOUGH_FORECASTS",
    "ERRORS_OF_FORECAST",
    "Classes",
    "Conformal",
    "Labels",
    "QuantileMaps",
    "Values",
    "accumulated",
    "are_levels",
    "described",
    "nearest_to_median",
    "normal_scores",
    "of_state",
    "scaled_errors",
    "symmetric",
]
