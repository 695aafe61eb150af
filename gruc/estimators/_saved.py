"""Estimators to and from model files; `gruc.saving` has what users call."""

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
from ._networks import origin_of

__all__ = ["KINDS", "as_json", "built", "describe", "of_content", "save", "write"]

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
        Parameters, set since the fit, that no fit would take, or others that `gruc.load` would refuse.
    NotFittedError
        The model is not fitted.
    OSError
        The file cannot be written. An old one of this name is as it was.
    """
    kind = type(model).__name__
    if type(model) not in KINDS.values():
        raise TypeError(f"model is a {kind}; a model file holds a {' or '.join(KINDS)}.")
    files.check_target(path)
    description, arrays = describe(model)
    write({"gruc_version": __version__, **description}, arrays, built, path)


def write(description, arrays, build, path):
    """Write a file, if `build(description, arrays, where)` can read it again."""
    content = model_file.as_bytes(description, arrays)
    try:
        model_file.read(content, build, "the file")
    except ModelFileError as error:
        raise ValueError(f"No file was written, since it could not be read again: {error}") from None
    files.write(path, content)


def describe(model):
    """The description of a fitted estimator of `KINDS`, and its arrays by name."""
    predictor, arrays = model._fitted_predictor().describe()
    parameters = model.get_params(deep=False)
    if parameters.get("embedding_weights") is not None and origin_of(model) != model._embedding_origin:
        raise ValueError(
            "embedding_weights are not the vectors that the model was fitted with. Set them to these, or to "
            "None."
        )
    tensors = _tensors(parameters, arrays)
    parameters = {name: as_json(value, name) for name, value in parameters.items() if name not in tensors}
    parameters |= {name: {"tensor": tensor} for name, tensor in tensors.items()}
    description = {
        "kind": type(model).__name__,
        "predictor": predictor,
        "parameters": parameters,
        "fitted": {name: as_json(value, name) for name, value in model._fitted_state().items()},
    }
    return description, arrays


def built(description, arrays, where):
    """The estimator of a file's description and arrays."""
    return of_content(Content.of_file(description, arrays, where), where)


def of_content(content, where):
    """The estimator of a file's `Content`."""
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


def as_json(value, name):
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
        return {"tuple": [as_json(item, name) for item in value]}
    if isinstance(value, (list, np.ndarray)):
        return [as_json(item, name) for item in value]
    if isinstance(value, dict):
        return {"dict": [[as_json(key, name), as_json(item, name)] for key, item in value.items()]}
    raise TypeError(
        f"A model file holds numbers, strings and lists of them, but {name} is a {type(value).__name__}. Set "
        f"it to another value with set_params({name}=...), or pickle the model."
    )
