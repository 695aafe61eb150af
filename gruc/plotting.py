"""Another name of `gruc.inspection`, where the displays are."""

from .inspection import (
    AnswerOverTimeDisplay,
    AttentionDisplay,
    AttributionDisplay,
    ForecastDisplay,
    GateDisplay,
    LossCurveDisplay,
)

__all__ = [
    "AnswerOverTimeDisplay",
    "AttentionDisplay",
    "AttributionDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "LossCurveDisplay",
]
