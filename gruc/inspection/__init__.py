"""What a model has learned, and how: pictures of fits."""

from .forecast import ForecastDisplay
from .loss_curve import LossCurveDisplay

__all__ = ["ForecastDisplay", "LossCurveDisplay"]
