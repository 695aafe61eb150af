"""What a model file's description says of an estimator, besides its predictor."""

from typing import Any, NamedTuple

from .fields import Fields, ModelFileError, is_count, is_flag, quoted
from .json_values import from_json


def _is_number(value):
    return type(value) in (int, float)


def _is_curve(value):
    return isinstance(value, list) and all(map(_is_number, value))


def _is_text(value):
    return isinstance(value, str)


def _is_natural(value):
    return type(value) is int and 0 <= value < 2**63


def _is_uint32_or_none(value):
    return value is None or (type(value) is int and 0 <= value < 2**32)


# fitted values that old files lack, and their values then
ADDED_FITTED: dict[str, Any] = {"split_seed": None, "held_out_digest": None, "further_fits": []}


class Kind(NamedTuple):
    """What a kind of estimator predicts."""

    labels: bool  # else values
    each_step: bool  # else once for each sequence
    forecasts: bool = False  # of series that it knows, else for sequences that are given
    translates: bool = False  # sequences to sequences


KINDS = {
    "GRUClassifier": Kind(labels=True, each_step=False),
    "GRURegressor": Kind(labels=False, each_step=False),
    "GRUTagger": Kind(labels=True, each_step=True),
    "GRUStepRegressor": Kind(labels=False, each_step=True),
    "GRUForecaster": Kind(labels=False, each_step=False, forecasts=True),
    "GRULanguageModel": Kind(labels=True, each_step=True),
    "GRUSeq2Seq": Kind(labels=True, each_step=True, translates=True),
}
HISTORY = {
    "n_iter_": _is_natural,
    "t_": _is_natural,
    "loss_curve_": _is_curve,
    "best_loss_": _is_number,
    "validation_loss_curve_": _is_curve,
    "validation_scores_": _is_curve,
    "validation_epochs_": lambda v: isinstance(v, list) and all(map(is_count, v)),
    "best_iter_": _is_natural,
    "split_seed": _is_uint32_or_none,
    "held_out_digest": _is_uint32_or_none,
}


def _is_history(value):
    """Whether this describes the fit of one of several estimators."""
    return (
        isinstance(value, dict)
        and value.keys() == HISTORY.keys()
        and all(is_valid(value[name]) for name, is_valid in HISTORY.items())
        and _is_consistent(value)
    )


def _is_consistent(history):
    """Whether the validations of a history are as many as their epochs, and the best epoch is one of them."""
    epochs, n_epochs = history["validation_epochs_"], history["n_iter_"]
    lengths = {len(history[name]) for name in ("validation_loss_curve_", "validation_scores_")} | {
        len(epochs)
    }
    return len(lengths) == 1 and history["best_iter_"] in {n_epochs, *epochs}


FITTED = HISTORY | {
    "n_features_in_": is_count,
    "feature_names_in_": lambda v: v is None or (isinstance(v, list) and all(map(_is_text, v))),
    "fitted_on_table": is_flag,
    "out_activation_": _is_text,
    "further_fits": lambda v: isinstance(v, list) and all(map(_is_history, v)),
}
FITTED_OF_REGRESSORS = {
    "loss": _is_text,
    "quantile": lambda v: v is None or (_is_curve(v) and len(v) > 0),
}
# the run that early stopping watched, beside the history of the network that it led to
FITTED_OF_FORECASTERS = HISTORY | {
    "watched_n_iter_": _is_natural,
    "watched_best_iter_": _is_natural,
    "watched_loss_curve_": _is_curve,
    "watched_validation_loss_curve_": lambda v: v is None or _is_curve(v),
}


def _fitted_of(kind):
    """What a description of an estimator of this kind says of its fit: name -> what is valid."""
    if kind.translates:
        return HISTORY
    if kind.forecasts:
        return FITTED_OF_FORECASTERS
    return FITTED if kind.labels else FITTED | FITTED_OF_REGRESSORS


# tensors of a file that are parameters begin with this; see `with_tensors`
PARAMETERS = "parameters."


def with_tensors(parameters, arrays, where):
    """Parameters where {"tensor": name} stands for the tensor of that name: one of `arrays`."""
    values, unused = {}, {name for name in arrays if name.startswith(PARAMETERS)}
    for parameter, value in parameters.items():
        match value:
            case {"tensor": str(name)} if len(value) == 1:
                if name not in arrays:
                    raise ModelFileError(f"{where} is damaged: the tensor of {parameter} is missing.")
                unused.discard(name)
                value = arrays[name]
            case _:
                value = from_json(value, where)
        values[parameter] = value
    if unused:
        raise ModelFileError(f"{where} is damaged: tensors that are too many: {quoted(sorted(unused))}.")
    return values


def take_estimator(fields, arrays):
    """Version of gruc, kind, parameters and fitted values by name, from the `Fields` of a description.

    Parameters may be among the file's `arrays`.
    """
    version = fields.take("gruc_version", lambda v: _is_text(v) and v.isprintable() and len(v) < 40)
    kind = fields.take("kind", lambda v: _is_text(v) and v in KINDS)
    parameters = with_tensors(fields.take("parameters", _is_object), arrays, fields.where)
    fitted = fields.take("fitted", _is_object).items()
    fitted = {name: from_json(value, fields.where) for name, value in fitted}
    fields.end()
    names = _fitted_of(KINDS[kind])
    added = {name: value for name, value in ADDED_FITTED.items() if name in names}
    fitted_fields = Fields(added | fitted, f"{fields.where}, fitted,")
    fitted = {name: fitted_fields.take(name, is_valid) for name, is_valid in names.items()}
    fitted_fields.end()
    if not _is_consistent(fitted):
        raise ModelFileError(f"{fields.where} is damaged: its history is inconsistent.")
    return version, kind, parameters, fitted


def _is_object(value):
    return isinstance(value, dict)
