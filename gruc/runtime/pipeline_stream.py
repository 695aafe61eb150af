"""Streams of pipelines: texts, or sequences that are scaled first, which arrive piece by piece."""

from __future__ import annotations

from typing import Any


class PipelineStream:
    """Predictions for a sequence that arrives piece by piece; made by `PipelinePredictor.stream`.

    After each piece the result is that of `predict_proba` (models of labels) or `predict` (models of values)
    for all pieces so far; for models that predict each step, that of the last step.

    Parameters
    ----------
    steps : list of TextStep or ScalingStep
    stream : Stream
        That of the predictor.

    Attributes
    ----------
    stream : Stream
        It reads what the steps make of each piece, and has `state`, `snapshot` and `restore`.
    """

    def __init__(self, steps, stream):
        self._steps, self.stream = list(steps), stream
        self._result = None  # the last one, of texts
        self._begin()

    def _begin(self):
        """Read what comes before any piece."""
        for step in self._steps:
            for first in step.first():
                self._result = self.stream.step(first)

    def step(self, x: Any, *, every: bool = False) -> Any:
        """Read a piece, and return the prediction for the sequence so far.

        Parameters
        ----------
        x : str or array
            For a pipeline of texts the next part of the text, which is split by itself: whole words of
            words. With ``analyzer=None`` a list of tokens. For others as in `Stream.step`.
        every : bool, default=False
            Whether to return the prediction after each token or step of the piece, with a first axis
            for these.

        Returns
        -------
        ndarray
            As of `Stream.step`. A piece without tokens changes nothing, and the result is the last one
            again.

        Raises
        ------
        ValueError
            x is no text, or an array that the stream refuses; or nothing has been read yet and x
            has no tokens.
        """
        for step in self._steps:
            x = step.piece(x)
            if step.reads_texts and not len(x):
                if self._result is None or every:
                    raise ValueError("x has no tokens.")
                return self._result
        result = self.stream.step(x, every=every)
        self._result = result[-1] if every else result
        return result

    def reset(self) -> None:
        """Start a new sequence."""
        self._result = None
        self.stream.reset()
        self._begin()


PipelineStream.__module__ = "gruc.runtime"  # as Stream
