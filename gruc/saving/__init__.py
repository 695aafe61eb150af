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

    The file is a safetensors container with a description in JSON: nothing in it is executed when it
    is read. `gruc.load` reads it, and `gruc.runtime.load`, which needs NumPy alone.

    Parameters
    ----------
    model : GRUClassifier, GRURegressor or Pipeline
        Fitted. A pipeline may have `TextSequencer`, `SequenceScaler` and steps that are
        "passthrough" or None before such an estimator.
    path : str, path-like or binary file object
        Where to write to: `GRUClassifier.save` says more.
    weights : {None, "float32", "float16", "bfloat16", "int8"}, default=None
        What matrices of weights are stored as: `GRUClassifier.save` says more.

    Raises
    ------
    TypeError
        Not one of these, or parameters that a file cannot hold, as functions of your own; the
        message names them.
    ValueError
        Parameters, set since the fit, that no fit would take; `weights` is none of these.
    NotFittedError
        The model, or a step of it, is not fitted.
    OSError
        The file cannot be written. An old one of this name is as it was.

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
    """The estimator or pipeline that `gruc.save`, or a method `save`, wrote.

    It predicts the same to the last bit. `partial_fit`, and `fit` with `warm_start`, go on from
    its weights with a fresh optimiser.

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
