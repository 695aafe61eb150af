"""What a model has learned, and how: attributions, and pictures of fits."""

from ._attributions import attributions
from .forecast import ForecastDisplay
from .loss_curve import LossCurveDisplay

__all__ = ["ForecastDisplay", "LossCurveDisplay", "attributions"]
