"""Another name of `gruc.inspection`, where the displays are."""

from .inspection import ForecastDisplay, LossCurveDisplay

__all__ = ["ForecastDisplay", "LossCurveDisplay"]
