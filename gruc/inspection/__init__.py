"""What a model has learned, and how: pictures of fits."""

from .loss_curve import LossCurveDisplay

__all__ = ["LossCurveDisplay"]
