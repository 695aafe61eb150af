"""Another name of `gruc.inspection`, where the displays are."""

from .inspection import LossCurveDisplay

__all__ = ["LossCurveDisplay"]
