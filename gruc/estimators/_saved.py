"""Estimators to and from model files."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from .. import files
from .._version import __version__
from ..files import model_file
from ..files.estimator_fields import PARAMETERS
from ..files.fields import ModelFileError, quoted
from ..runtime.loading import Content
from ..sequences import numeric_array

__all__ = ["load", "save"]

# estimators that a file can hold, by name
KINDS: dict[str, Any] = {}

# parameters that files written before there were any do not have, and what they were then
ADDED_PARAMETERS = {"update_gate_bias_init": 1.0}


def in_files(kind):
    """Class decorator: a file can hold estimators of this kind."""
    KINDS[kind.__name__] = kind
    return kind


def save(model: Any, path: Any) -> None:
    """Write a fitted estimator to a file; what `GRUClassifier.save` calls.

    Parameters
    ----------
    model : GRUClassifier or GRURegressor
        Fitted.
    path : str, path-like or binary file object
        Where to write to: `GRUClassifier.save` says more.

    Raises
    ------
    TypeError
        Not one of these estimators, parameters or labels that a file cannot hold, or a file object
        in text mode.
    ValueError
        Parameters, set since the fit, that no fit would take, or others that `load` would refuse.
    NotFittedError
        The model is not fitted.
    OSError
        The file cannot be written. An old one of this name is as it was.
    """
    kind = type(model).__name__
    if type(model) not in KINDS.values():
        raise TypeError(f"model is a {kind}; a model file holds a {' or '.join(KINDS)}.")
    files.check_target(path)
    predictor, arrays = model._fitted_predictor().describe()
    parameters = model.get_params(deep=False)
    tensors = _tensors(parameters, arrays)
    parameters = {name: _as_json(value, name) for name, value in parameters.items() if name not in tensors}
    parameters |= {name: {"tensor": tensor} for name, tensor in tensors.items()}
    description = {
        "gruc_version": __version__,
        "kind": kind,
        "predictor": predictor,
        "parameters": parameters,
        "fitted": {name: _as_json(value, name) for name, value in model._fitted_state().items()},
    }
    content = model_file.as_bytes(description, arrays)
    try:
        model_file.read(content, _built, "the file")
    except ModelFileError as error:
        raise ValueError(f"No file was written, since it could not be read again: {error}") from None
    files.write(path, content)


def load(path: Any) -> Any:
    """The estimator that `save` wrote.

    It predicts the same to the last bit. `partial_fit`, and `fit` with `warm_start`, go on from
    its weights with a fresh optimiser.

    Parameters
    ----------
    path : str, path-like, binary file object, bytes, bytearray or memoryview
        A file object is read from its current position to the end of the model. Bytes are the
        file's content, not its path.

    Returns
    -------
    model : GRUClassifier or GRURegressor

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
    """The estimator of a file's description and arrays."""
    content = Content.of_file(description, arrays, where)
    kind = KINDS[content.kind]
    unknown = sorted(set(content.parameters) - set(kind().get_params()))
    if unknown:
        raise ModelFileError(f"{where} is damaged: parameters that are unknown: {quoted(unknown)}.")
    parameters = {
        name: np.array(value) if isinstance(value, np.ndarray) else value  # else the file stays in memory
        for name, value in content.parameters.items()
    }
    model = kind(**ADDED_PARAMETERS | parameters)
    try:
        model._validate_params()
    except ValueError as error:
        raise ModelFileError(f"{where} is damaged: {str(error)[:300]}") from None
    return model._restored(content.predictor, content.fitted)


def _tensors(parameters, arrays):
    """Names of tensors by the parameters that they hold, which are put among `arrays`."""
    vectors, name = parameters.get("embedding_weights"), "embedding_weights"
    if vectors is None:
        return {}
    vectors = numeric_array(vectors, name).astype(parameters["dtype"])
    if np.array_equal(arrays.get("embedding.weight"), vectors):  # a table that was not learned
        return {name: "embedding.weight"}
    arrays[PARAMETERS + name] = vectors
    return {name: PARAMETERS + name}


def _as_json(value, name):
    """A parameter or fitted value as JSON holds it; what JSON has not is {kind: ...}."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        value = float(value)
        return value if np.isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [_as_json(item, name) for item in value]}
    if isinstance(value, (list, np.ndarray)):
        return [_as_json(item, name) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_as_json(key, name), _as_json(item, name)] for key, item in value.items()]}
    raise TypeError(
        f"A model file holds numbers, strings and lists of them, but {name} is a {type(value).__name__}. Set "
        f"it to another value with set_params({name}=...), or pickle the model."
    )
