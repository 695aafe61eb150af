"""Estimators to and from model files."""

import json
from numbers import Integral, Real
from typing import Any

import numpy as np

from .. import __version__, model_file
from ..estimators import GRUClassifier, GRURegressor
from ..model_file import Fields, ModelFileError, is_count, is_flag
from ..runtime import describe, described

__all__ = ["load", "save"]

KINDS: dict[str, Any] = {"GRUClassifier": GRUClassifier, "GRURegressor": GRURegressor}


# parameters that files written before there were any do not have, and what they were then
ADDED_PARAMETERS = {"update_gate_bias_init": 1.0}
# the same for what a fit leaves behind
ADDED_FITTED = {"split_seed": None, "held_out_digest": None}


def _is_number(value):
    return type(value) in (int, float)


def _is_curve(value):
    return isinstance(value, list) and all(map(_is_number, value))


def _is_text(value):
    return isinstance(value, str)


def _is_uint32_or_none(value):
    return value is None or (type(value) is int and 0 <= value < 2**32)


# what a model knows beside parameters and predictor, and what its values are
FITTED = {
    "n_features_in_": is_count,
    "feature_names_in_": lambda v: v is None or (isinstance(v, list) and all(map(_is_text, v))),
    "fitted_on_table": is_flag,
    "n_iter_": lambda v: type(v) is int and v >= 0,
    "t_": lambda v: type(v) is int and v >= 0,
    "loss_curve_": _is_curve,
    "best_loss_": _is_number,
    "validation_loss_curve_": _is_curve,
    "validation_scores_": _is_curve,
    "validation_epochs_": lambda v: isinstance(v, list) and all(map(is_count, v)),
    "best_iter_": lambda v: type(v) is int and v >= 0,
    "split_seed": _is_uint32_or_none,
    "held_out_digest": _is_uint32_or_none,
    "out_activation_": _is_text,
}
FITTED_OF_REGRESSORS = {
    "loss": _is_text,
    "quantile": lambda v: v is None or (_is_curve(v) and len(v) > 0),
}


def save(model: Any, path: Any) -> None:
    """Write a fitted estimator to a file; what `GRUClassifier.save` calls.

    Parameters
    ----------
    model : GRUClassifier or GRURegressor
        Fitted.
    path : str or path-like

    Raises
    ------
    TypeError
        Not one of these estimators, or parameters or labels that a file cannot hold.
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
    predictor, arrays = describe(model._fitted_predictor())
    parameters = {name: _as_json(value, name) for name, value in model.get_params(deep=False).items()}
    description = {
        "gruc_version": __version__,
        "kind": kind,
        "predictor": predictor,
        "parameters": parameters,
        "fitted": {name: _as_json(value, name) for name, value in model._fitted_state().items()},
    }
    try:
        _built(json.loads(json.dumps(description)), arrays, "the file")
    except ModelFileError as error:
        raise ValueError(f"No file was written, since it could not be read again: {error}") from None
    model_file.write(path, description, arrays)


def load(path: Any) -> Any:
    """The estimator that `save` wrote.

    It predicts the same to the last bit. `partial_fit`, and `fit` with `warm_start`, go on from
    its weights with a fresh optimiser.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    model : GRUClassifier or GRURegressor

    Raises
    ------
    gruc.ModelFileError
        The file is no model of gruc's, is damaged, or was written by a later version.
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
    description, arrays = model_file.read(path)
    return _built(description, arrays, path)


def _built(description, arrays, path):
    """The estimator of a description and arrays, which are those of `path`."""
    fields = Fields(description, str(path))
    fields.take("gruc_version", lambda v: isinstance(v, str))
    kind = KINDS[fields.take("kind", lambda v: isinstance(v, str) and v in KINDS)]
    predictor = described(fields.take_object("predictor"), arrays)
    parameters = ADDED_PARAMETERS | {
        name: _of_json(v, path) for name, v in fields.take("parameters", _is_object).items()
    }
    given = ADDED_FITTED | {name: _of_json(v, path) for name, v in fields.take("fitted", _is_object).items()}
    of_fitted = Fields(given, f"{path}, fitted,")
    names = FITTED | (FITTED_OF_REGRESSORS if kind is GRURegressor else {})
    fitted = {name: of_fitted.take(name, is_right) for name, is_right in names.items()}
    of_fitted.end()
    fields.end()
    unknown = set(parameters) ^ set(kind().get_params())
    if unknown:
        raise ModelFileError(
            f"{path} is damaged: parameters that are missing, or unknown: {sorted(unknown)}."
        )
    if (predictor.classes is None) == (kind is GRUClassifier):
        raise ModelFileError(f"{path} is damaged: its predictor is of another kind.")
    n_features = 1 if fitted["fitted_on_table"] else fitted["n_features_in_"]
    names = fitted["feature_names_in_"]
    if n_features != predictor.n_features_in or (
        names is not None and len(names) != fitted["n_features_in_"]
    ):
        raise ModelFileError(f"{path} is damaged: features do not fit the network.")
    levels = fitted.get("quantile") or [0.5]
    if len(levels) != predictor.n_quantiles:
        raise ModelFileError(
            f"{path} is damaged: it has {predictor.n_quantiles} quantiles, and levels {levels}."
        )
    epochs, n_epochs = fitted["validation_epochs_"], fitted["n_iter_"]
    lengths = {len(fitted[name]) for name in ("validation_loss_curve_", "validation_scores_")} | {len(epochs)}
    if len(lengths) > 1 or fitted["best_iter_"] not in {n_epochs, *epochs}:
        raise ModelFileError(f"{path} is damaged: its history contradicts itself.")
    model = kind(**parameters)
    try:
        model._validate_params()
    except ValueError as error:
        raise ModelFileError(f"{path} is damaged: {error}") from None
    return model._restored(predictor, fitted)


def _is_object(value):
    return isinstance(value, dict)


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


def _of_json(value, path, depth=4):
    if not isinstance(value, (list, dict)):
        return value
    if depth == 0:
        raise ModelFileError(f"{path} is damaged: a value of a parameter holds too much.")
    if isinstance(value, list):
        return [_of_json(item, path, depth - 1) for item in value]
    match list(value.items()):
        case [("float", ("inf" | "-inf" | "nan") as text)]:
            return float(text)
        case [("tuple", list(items))]:
            return tuple(_of_json(item, path, depth - 1) for item in items)
        case [("dict", list(pairs))] if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            keys = [pair[0] for pair in pairs]
            if all(isinstance(key, (str, int, float)) for key in keys):
                return {
                    key: _of_json(pair[1], path, depth - 1) for key, pair in zip(keys, pairs, strict=True)
                }
    raise ModelFileError(f"{path} is damaged: {str(value)[:60]} is no value of a parameter.")
