"""Predictors from the descriptions of model files."""

from typing import Any, NamedTuple

from ..files.estimator_fields import KINDS, PARAMETERS, take_estimator
from ..files.fields import Fields, ModelFileError, is_count, is_flag, quoted
from ..network import CELLS, OF_CONVOLUTIONS, READOUTS, GRUNetwork
from ..outputs import described as described_outputs
from ..sequences import Numbers, Tokens
from .predictor import Predictor


class Content(NamedTuple):
    """What a model file contains, checked as far as is possible without scikit-learn."""

    predictor: Any  # Predictor, ForecastPredictor, LanguagePredictor or Translator
    gruc_version: str
    kind: str
    parameters: dict
    fitted: dict


def predictor_content(description, arrays, where):
    """The `Content` of the file of a model that is a `Predictor`; errors call the file `where`."""
    fields = Fields(description, where)
    of_network = {name: array for name, array in arrays.items() if not name.startswith(PARAMETERS)}
    predictor = described(fields.take_object("predictor"), of_network)
    version, kind, parameters, fitted = take_estimator(fields, arrays)
    each_step = predictor.network.answers_each_step
    beyond = predictor.multilabel or predictor.inputs.framing != (1, 1)  # what each step has not
    if (predictor.classes is not None, each_step) != KINDS[kind][:2] or (each_step and beyond):
        raise ModelFileError(f"{where} is damaged: its predictor is of another kind.")
    n_features = 1 if fitted["fitted_on_table"] else fitted["n_features_in_"]
    names = fitted["feature_names_in_"]
    if len(fitted["further_fits"]) != predictor.network.n_estimators - 1:
        raise ModelFileError(f"{where} is damaged: its fits are not as many as its networks.")
    if n_features != predictor.n_features_in or (
        names is not None and len(names) != fitted["n_features_in_"]
    ):
        raise ModelFileError(f"{where} is damaged: features do not fit the network.")
    levels = fitted.get("quantile") or [0.5]
    n_quantiles = predictor.decoding.n_quantiles
    if len(levels) != n_quantiles:
        raise ModelFileError(f"{where} is damaged: it has {n_quantiles} quantiles, and {len(levels)} levels.")
    return Content(predictor, version, kind, parameters, fitted)


def described(fields, arrays):
    """The predictor that `Predictor.describe` described; `fields` are `Fields`."""
    network = _described_network(fields.take_object("network"), len(arrays))
    arrays = dict(arrays)
    if network.embedding is None:
        inputs = Numbers.described(fields, arrays, network.config["n_features"])
    else:
        inputs = Tokens(network.config["n_tokens"])
    decoding = described_outputs(fields, arrays, network.config["n_outputs"])
    fields.end()
    parameters = described_parameters(fields.where, arrays, network)
    try:
        return Predictor(network, parameters, inputs, decoding)
    except ValueError as error:
        raise ModelFileError(f"{fields.where} is damaged: {error}") from None


def _described_network(fields, n_arrays):
    """The network of a description that comes with `n_arrays` arrays."""
    config = {
        "n_features": fields.take("n_features", is_count),
        "hidden_layer_sizes": fields.take_counts("hidden_layer_sizes"),
        "bidirectional": fields.take("bidirectional", is_flag),
        **described_cell(fields),
        "pooling": fields.take("pooling", _is_pooling),
        "n_outputs": fields.take("n_outputs", is_count),
    }
    if "n_tokens" in fields:
        config["n_tokens"] = fields.take("n_tokens", is_count)
    if "convolutions" in fields:
        config["convolutions"] = fields.take("convolutions", _are_convolutions)
    elif any(name in OF_CONVOLUTIONS for name in config["pooling"] or ()):
        fields.refuse("its pooling is of convolutions, and it has none")
    if "n_estimators" in fields:
        config["n_estimators"] = fields.take("n_estimators", lambda v: is_count(v) and v > 1)
    if "tied" in fields:
        config["tied"] = fields.take("tied", lambda v: v is True and "n_tokens" in config)
        if config["n_outputs"] != config["n_tokens"]:
            fields.refuse("its outputs are not as many as its tokens")
    if "by_table" in fields:
        config["by_table"] = fields.take("by_table", lambda v: v is True and "tied" not in config)
    fields.end()
    n_layers = 3 * len(config["hidden_layer_sizes"]) + 6 * len(config.get("convolutions", ()))
    if n_layers * config.get("n_estimators", 1) > n_arrays:  # before there is an object for each
        raise ModelFileError(f"{fields.where} is damaged: tensors that are missing, of its layers.")
    try:
        return GRUNetwork(**config)
    except ValueError as error:
        raise ModelFileError(f"{fields.where} is damaged: {error}") from None


def described_cell(fields):
    """Arguments of a network that are those of its cells."""
    config = {"reset_after": fields.take("reset_after", is_flag)}
    if "cell" in fields:
        config["cell"] = fields.take("cell", lambda v: isinstance(v, str) and v in CELLS)
    return config


def _is_pooling(value):
    if not isinstance(value, list):
        return value is None or (isinstance(value, str) and value in READOUTS)
    names = [name for name in value if isinstance(name, str) and name in {**READOUTS, **OF_CONVOLUTIONS}]
    of_states = any(name in READOUTS for name in names)
    return len(value) > 1 and len(set(names)) == len(value) and of_states


def _are_convolutions(value):
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(sizes, list) and len(sizes) == 3 and all(map(is_count, sizes)) for sizes in value)
    )


def described_parameters(where, arrays, network):
    """A flat buffer of the weights in `arrays`, which must be these and no others."""
    shapes = network.table.torch_shapes()  # nothing is allocated before all are known to be right
    if set(arrays) != set(shapes):
        odd = quoted(sorted(set(arrays) ^ set(shapes)))
        raise ModelFileError(f"{where} is damaged: tensors that are missing, or too many: {odd}.")
    dtype = arrays[network.table.entries[0][0]].dtype.newbyteorder("=")
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype.newbyteorder("=") != dtype:
            raise ModelFileError(
                f"{where} is damaged: {name} is {array.shape} of {array.dtype}, expected {shapes[name]} "
                f"of {dtype}."
            )
    for name, array in arrays.items():
        if name.endswith(("running_var", "num_batches_tracked")) and not (array >= 0).all():
            raise ModelFileError(f"{where} is damaged: {name} is negative.")
    return network.table.flat(arrays, dtype)
