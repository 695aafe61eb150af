"""Estimators to and from model files; `gruc.saving` has what users call."""

from typing import Any

import numpy as np

from .. import files
from .._version import __version__
from ..files import model_file
from ..files.estimator_fields import PARAMETERS
from ..files.fields import ModelFileError, quoted
from ..files.json_values import as_json
from ..files.storage import check_storage
from ..runtime.model_files import content_of_estimator
from ..sequences import numeric_array
from ._networks import origin_of

__all__ = ["KINDS", "built", "describe", "of_content", "save", "write"]

# estimators that a file can hold, by name
KINDS: dict[str, Any] = {}

# parameters that older files lack, and their values then
ADDED_PARAMETERS = {"update_gate_bias_init": 1.0, "conv_channels": (), "cell": "gru", "n_estimators": 1}


class SavingMixin:
    """Mixin for estimators that a file can hold.

    Classes define ``_fitted_predictor()``, ``_fitted_state()`` and ``_restored(predictor, state)``.
    """

    def save(self, path: Any, weights: str | None = None) -> None:
        """Write the fitted model to a file, for `gruc.load` and `gruc.runtime.load`.

        The file is a safetensors container with a JSON description; nothing in it is ever executed. A
        checksum detects accidental damage; it is not a signature. The state of the optimiser is not saved.

        Parameters
        ----------
        path : str, path-like or binary file object
            A regular file is replaced atomically: the new file is written beside the old one and then
            renamed, with the mode and, where permitted, the owner of the old one. Other files, such as a
            FIFO or /dev/stdout, are opened and written to. A file object is written to from its current
            position, and not closed.
        weights : {None, "float32", "float16", "bfloat16", "int8"}, default=None
            Format in which weight matrices are stored; None: without rounding. They are rounded to 11 bits
            ("float16") or 8 bits ("bfloat16"), or to integers from -127 to 127 times one scale per output of
            a layer and per token of a table ("int8"). Biases, normalisation and feature scaling are not
            rounded. When loaded, weights are converted back to `dtype`, so that prediction is as fast as
            before. `gruc.deploy.quantization_report` measures the loss of accuracy.

        Raises
        ------
        TypeError
            If a parameter or label cannot be represented in JSON (the message names it), or a file object is
            in text mode.
        ValueError
            If the model could not be read again, such as one with invalid parameters, `weights` is invalid,
            or a weight exceeds 65504 with "float16".
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import gruc
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
        >>> model.save("vowels.gruc")
        >>> bool((gruc.load("vowels.gruc").predict(X) == model.predict(X)).all())
        True
        """
        save(self, path, weights)

    def _parameters_for_file(self):
        """Parameters that the description has by name."""
        return self.get_params(deep=False)

    def _described_beside(self):
        """More of the description in a model file: an object for JSON, and arrays by name."""
        return {}, {}


def in_files(kind):
    """Class decorator: a file can hold estimators of this kind."""
    KINDS[kind.__name__] = kind
    return kind


def save(model: Any, path: Any, weights: str | None = None) -> None:
    """Write a fitted estimator to a file; what `GRUClassifier.save` calls.

    Parameters
    ----------
    model : GRUClassifier or GRURegressor
        Fitted.
    path : str, path-like or binary file object
        Where to write; see `GRUClassifier.save`.
    weights : {None, "float32", "float16", "bfloat16", "int8"}, default=None
        Format of the weight matrices.

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
        If the file cannot be written. An existing file is left unchanged.
    """
    kind = type(model).__name__
    if type(model) not in KINDS.values():
        raise TypeError(f"model is a {kind}; a model file holds a {' or '.join(KINDS)}.")
    files.check_target(path)
    check_storage(weights)
    description, arrays = describe(model)
    write({"gruc_version": __version__, **description}, arrays, built, path, weights)


def write(description, arrays, build, path, weights=None):
    """Write a file, if `build(description, arrays, where)` can read it again."""
    content = model_file.as_bytes(description, arrays, weights)
    try:
        model_file.read(content, build, "the file")
    except ModelFileError as error:
        raise ValueError(f"No file was written, since it could not be read again: {error}") from None
    files.write(path, content)


def describe(model):
    """The description of a fitted estimator of `KINDS`, and its arrays by name."""
    predictor, arrays = model._fitted_predictor().describe()
    parameters = model._parameters_for_file()
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
    more, arrays_of_more = model._described_beside()
    return description | more, arrays | arrays_of_more


def built(description, arrays, where):
    """The estimator of a file's description and arrays."""
    return of_content(content_of_estimator(description, arrays, where), where)


def of_content(content, where):
    """The estimator of a file's `Content`."""
    kind = KINDS[content.kind]
    known = kind().get_params()
    unknown = sorted(set(content.parameters) - set(known))
    if unknown:
        raise ModelFileError(f"{where} is damaged: parameters that are unknown: {quoted(unknown)}.")
    parameters = {
        name: np.array(value) if isinstance(value, np.ndarray) else value  # else the file stays in memory
        for name, value in content.parameters.items()
    }
    added = {name: value for name, value in ADDED_PARAMETERS.items() if name in known}
    model = kind(**added | parameters)
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
    for tensor in ("embedding.weight", "estimators.0.embedding.weight"):
        if np.array_equal(arrays.get(tensor), vectors):  # a table that was not learned
            return {name: tensor}
    arrays[PARAMETERS + name] = vectors
    return {name: PARAMETERS + name}
