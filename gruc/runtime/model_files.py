"""Predictors from model files."""

from __future__ import annotations

from typing import Any

from .. import kernels
from ..files import model_file
from ..files.estimator_fields import KINDS
from .forecast_loading import forecaster_content
from .forecasts import ForecastPredictor
from .language import LanguagePredictor
from .language_files import LANGUAGE_MODEL, language_model_content
from .loading import predictor_content
from .pipelines import KIND, PipelineContent, PipelinePredictor
from .predictor import Predictor
from .translator import Translator
from .translator_files import translator_content


def load(
    path: Any, *, matmul_precision: str | None = None
) -> Predictor | PipelinePredictor | ForecastPredictor | LanguagePredictor | Translator:
    """Load the predictor of a saved model or pipeline.

    Requires NumPy and safetensors only. Predictions equal those of the estimator to the last bit.

    Parameters
    ----------
    path : str, path-like, binary file object, bytes, bytearray or memoryview
        A file object is read from its current position to the end of the model. Bytes are the
        file's content, not its path.
    matmul_precision : {"highest", "high", "medium"} or None, default=None
        Precision of matrix products, as in the estimators; None for that of the estimator.

    Returns
    -------
    Predictor, PipelinePredictor, ForecastPredictor, LanguagePredictor or Translator
        A PipelinePredictor for a pipeline, with the same inputs as the pipeline, such as texts; a
        ForecastPredictor for a `GRUForecaster`; a LanguagePredictor for a `GRULanguageModel`; a
        Translator for a `GRUSeq2Seq`; otherwise a Predictor.

    Raises
    ------
    gruc.ModelFileError
        The file is not a gruc model, is damaged, or was written by a later version.
    TypeError
        `path` is none of these, or a file object in text mode.
    OSError
        The file cannot be read.
    ValueError
        `matmul_precision` is none of these.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
    >>> model.save("vowels.gruc")
    >>> predictor = gruc.runtime.load("vowels.gruc")
    >>> bool((predictor.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    content = model_file.read(path, content_of_file)
    if matmul_precision is None:
        of_estimator = content.last if isinstance(content, PipelineContent) else content
        matmul_precision = of_estimator.parameters.get("matmul_precision")
        if matmul_precision not in kernels.PRECISIONS:  # of earlier versions
            matmul_precision = "highest"
    return content.predictor.with_precision(matmul_precision)


def content_of_file(description, arrays, where):
    """What a file's description and arrays say: a `PipelineContent`, or the `Content` of an estimator."""
    if description.get("kind") == KIND:
        return PipelineContent.of_file(description, arrays, where)
    return content_of_estimator(description, arrays, where)


def content_of_estimator(description, arrays, where):
    """What a file's description and arrays say of an estimator: a `Content`."""
    kind = description.get("kind")
    if kind == LANGUAGE_MODEL:
        return language_model_content(description, arrays, where)
    found = KINDS.get(kind) if isinstance(kind, str) else None
    if found is not None and found.translates:
        return translator_content(description, arrays, where)
    if found is not None and found.forecasts:
        return forecaster_content(description, arrays, where)
    return predictor_content(description, arrays, where)
