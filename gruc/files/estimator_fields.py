"""What a model file's description says of an estimator, besides its predictor."""

from typing import NamedTuple

from .fields import Fields, ModelFileError, is_count, is_flag, quoted


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
ADDED_FITTED = {"split_seed": None, "held_out_digest": None}


class Kind(NamedTuple):
    """What a kind of estimator predicts."""

    labels: bool  # else values
    each_step: bool  # else once for each sequence


KINDS = {
    "GRUClassifier": Kind(labels=True, each_step=False),
    "GRURegressor": Kind(labels=False, each_step=False),
    "GRUTagger": Kind(labels=True, each_step=True),
    "GRUStepRegressor": Kind(labels=False, each_step=True),
}
FITTED = {
    "n_features_in_": is_count,
    "feature_names_in_": lambda v: v is None or (isinstance(v, list) and all(map(_is_text, v))),
    "fitted_on_table": is_flag,
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
    "out_activation_": _is_text,
}
FITTED_OF_REGRESSORS = {
    "loss": _is_text,
    "quantile": lambda v: v is None or (_is_curve(v) and len(v) > 0),
}


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
                value = _from_json(value, where)
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
    fitted = {name: _from_json(value, fields.where) for name, value in fitted}
    fields.end()
    fitted_fields = Fields(ADDED_FITTED | fitted, f"{fields.where}, fitted,")
    names = FITTED | ({} if KINDS[kind].labels else FITTED_OF_REGRESSORS)
    fitted = {name: fitted_fields.take(name, is_valid) for name, is_valid in names.items()}
    fitted_fields.end()
    epochs, n_epochs = fitted["validation_epochs_"], fitted["n_iter_"]
    lengths = {len(fitted[name]) for name in ("validation_loss_curve_", "validation_scores_")} | {len(epochs)}
    if len(lengths) > 1 or fitted["best_iter_"] not in {n_epochs, *epochs}:
        raise ModelFileError(f"{fields.where} is damaged: its history is inconsistent.")
    return version, kind, parameters, fitted


def _is_object(value):
    return isinstance(value, dict)


def _from_json(value, where, depth=4):
    """A parameter or fitted value; values that JSON does not have are {kind: ...}."""
    if not isinstance(value, (list, dict)):
        return value
    if depth == 0:
        raise ModelFileError(f"{where} is damaged: a value of a parameter is nested too deeply.")
    if isinstance(value, list):
        return [_from_json(item, where, depth - 1) for item in value]
    if len(value) == 1:
        match next(iter(value.items())):
            case ("float", ("inf" | "-inf" | "nan") as text):
                return float(text)
            case ("tuple", list(items)):
                return tuple(_from_json(item, where, depth - 1) for item in items)
            case ("dict", list(pairs)) if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
                keys = [pair[0] for pair in pairs]
                if all(isinstance(key, (str, int, float)) for key in keys):
                    return {
                        key: _from_json(pair[1], where, depth - 1)
                        for key, pair in zip(keys, pairs, strict=True)
                    }
    raise ModelFileError(f"{where} is damaged: {quoted(value)} is not a value of a parameter.")
