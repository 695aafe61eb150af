"""What a model has learned, and how: attributions, and pictures of fits."""

from ._attributions import attributions
from .answers import AnswerOverTimeDisplay
from .attention import AttentionDisplay
from .attribution import AttributionDisplay
from .forecast import ForecastDisplay
from .gates import GateDisplay
from .loss_curve import LossCurveDisplay

__all__ = [
    "AnswerOverTimeDisplay",
    "AttentionDisplay",
    "AttributionDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "LossCurveDisplay",
    "attributions",
]
