"""Model files as users write and read them: estimators, and pipelines of gruc's steps."""

from typing import Any

from sklearn.pipeline import Pipeline

from .. import files
from ..estimators import _files as estimator_files
from ..files import model_file
from ..files.storage import check_storage
from ..runtime.pipelines import KIND
from . import _pipelines

__all__ = ["load", "save"]


def save(model: Any, path: Any, weights: str | None = None) -> None:
    """Write a fitted estimator, or a pipeline of gruc's own steps, to one file.

    The file is a safetensors container with a JSON description; nothing in it is ever executed.
    `gruc.load` reads it, and so does `gruc.runtime.load`, which requires NumPy and safetensors only.

    Parameters
    ----------
    model : GRUClassifier, GRURegressor or Pipeline
        Fitted model. A pipeline may contain `TextSequencer`, `SequenceScaler`, "passthrough" and None before
        the estimator.
    path : str, path-like or binary file object
        Where to write; see `GRUClassifier.save`.
    weights : {None, "float32", "float16", "bfloat16", "int8"}, default=None
        Format in which weight matrices are stored; see `GRUClassifier.save`.

    Raises
    ------
    TypeError
        If the model has another type, or parameters that cannot be saved, such as functions; the message
        names them.
    ValueError
        If parameters that were set after the fit are invalid, or `weights` is.
    NotFittedError
        If the model or one of its steps is not fitted.
    OSError
        If the file cannot be written. An existing file is left unchanged.

    Examples
    --------
    >>> import gruc
    >>> from gruc.preprocessing import TextSequencer
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(
    ...     TextSequencer(), gruc.GRUClassifier((8,), embedding_dim=4, random_state=0)
    ... )
    >>> X = ["good", "very good", "not good", "not very good"] * 8
    >>> model = model.fit(X, ["yes", "yes", "no", "no"] * 8)
    >>> gruc.save(model, "opinions.gruc")
    >>> gruc.load("opinions.gruc").predict(["very, very good"]).tolist()
    ['yes']
    """
    if not isinstance(model, Pipeline):
        estimator_files.save(model, path, weights)
        return
    files.check_target(path)
    check_storage(weights)
    description, arrays = _pipelines.describe(model)
    estimator_files.write(description, arrays, _built, path, weights)


def load(path: Any) -> Any:
    """Load an estimator or pipeline written by `gruc.save` or by its method `save`.

    Predictions are the same to the last bit. `partial_fit`, and `fit` with `warm_start`, continue from the
    weights with a new optimiser.

    Parameters
    ----------
    path : str, path-like, binary file object, bytes, bytearray or memoryview
        A file object is read from its current position to the end of the model. Bytes are the
        file's content, not its path.

    Returns
    -------
    model : GRUClassifier, GRURegressor or Pipeline

    Raises
    ------
    gruc.ModelFileError
        The file is not a gruc model, is damaged, or was written by a later version.
    TypeError
        `path` is none of these, or a file object in text mode.
    OSError
        It cannot be read.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> gruc.GRUClassifier(random_state=0).partial_fit(X, y).save("vowels.gruc")
    >>> gruc.load("vowels.gruc").partial_fit(X, y).n_iter_
    2
    """
    return model_file.read(path, _built)


def _built(description, arrays, where):
    """The model of a file's description and arrays."""
    build = _pipelines.built if description.get("kind") == KIND else estimator_files.built
    return build(description, arrays, where)
