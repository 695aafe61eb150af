"""Weights of fitted models as exporters need them: by name, with the scaling folded in."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..runtime import LanguagePredictor, Predictor
from .forecast_windows import forecaster_of


def as_predictor(model):
    """The predictor of a fitted estimator; a predictor itself."""
    if forecaster_of(model) is not None:
        raise TypeError(
            f"model is a {type(model).__name__}, which only to_onnx and to_c can export, because its windows "
            "and forecasts are scaled."
        )
    if hasattr(model, "steps"):  # a pipeline, of scikit-learn or from a file
        last = "model[-1]" if hasattr(model, "named_steps") else "model.predictor"
        raise TypeError(
            f"model is a {type(model).__name__}, which cannot be exported (except by to_c, if it reads "
            f"characters). Pass its last step, {last}, whose X is the output of the steps before it."
        )
    if isinstance(model, LanguagePredictor):
        return model.predictor
    if hasattr(model, "__sklearn_is_fitted__"):
        check_is_fitted(model)
    return model if isinstance(model, Predictor) else Predictor.from_estimator(model)


def layer_suffixes(n_layers, bidirectional):
    """Torch's suffixes of weights' names: l0, l0_reverse, l1, ..."""
    directions = ("", "_reverse") if bidirectional else ("",)
    return [f"l{i}{direction}" for i in range(n_layers) for direction in directions]


def swap_gates(weight):
    """Gate blocks r, z, n of (3H, ...) as z, r, n, or back: the order of Keras and ONNX."""
    r, z, n = np.split(weight, 3)
    return np.concatenate([z, r, n])


def refuse_attention(predictor, framework):
    """Raise a ValueError for a model with a readout that `framework` has no layer for."""
    if "attention" in predictor.network.readouts:
        raise ValueError(
            f"{framework} has no layer for the additive attention of pooling='attention'; model.weights_ "
            "holds its weights, docs/math.md its equations."
        )


def with_biases(network, weights):
    """Weights by name, (inputs, outputs), with biases of convolutions in place of their normalisations."""
    weights = dict(weights)
    for convolution in network.convolutions:
        weights[convolution.weight], weights[convolution.bias] = convolution.folded(weights)
        for name in convolution.norm:
            del weights[name]
    return weights


def refuse_other_cells(predictor, where):
    """Raise a ValueError for a model whose cells are no GRUs."""
    cell = predictor.network.named_config["cell"]
    if cell != "gru":
        raise ValueError(
            f"{where} has no cell {cell!r}, only GRUs: fit a model with cell='gru'. gruc.to_c and "
            "gruc.to_onnx support this cell, except for GRUSeq2Seq."
        )


def refuse_tied(predictor):
    """Raise a ValueError for a model whose output layer is the table of its inputs."""
    if "head.bias" not in predictor.weights:
        raise ValueError(
            "With tie_weights=True or n_negatives there is no output layer with a bias to give: "
            "model.weights_ holds the weights, and head.weight or embedding.weight is that of the outputs."
        )


def unscaled_weights(predictor, centre=None):
    """Weights for features and targets in their own units: the scaling is folded in.

    Parameters
    ----------
    predictor : Predictor
    centre : ndarray of shape (n_features,), default=None
        What has been subtracted from X already.

    Returns
    -------
    weights : dict of str to ndarray
        By name, in torch's shapes and the model's dtype. Convolutions have biases in place of normalisations;
        steps before the first of a sequence, which they read as 0, are those of X less `centre`.

    Raises
    ------
    ValueError
        A weight does not fit the dtype.
    """
    network = predictor.network
    weights = {name: weight.astype(np.float64) for name, weight in predictor.weights.items()}
    if network.convolutions:
        tables = network.table.lookup_tables  # which torch has as they lie
        by_inputs = {name: w if name in tables else w.T for name, w in weights.items()}
        folded = with_biases(network, by_inputs)
        weights = {name: w if name in tables else w.T for name, w in folded.items()}
    if predictor.inputs.scaling is not None:  # W ((x - mean) / scale) + b
        mean, scale = predictor.inputs.scaling
        mean = mean if centre is None else mean - centre
        mean, scale = (np.tile(part, predictor.inputs.framing.length) for part in (mean, scale))
        for body in network.bodies:
            if body.convolutions:
                first = body.convolutions[0]
                weights[first.weight] = weights[first.weight] / scale[:, np.newaxis]
                weights[first.bias] = weights[first.bias] - weights[first.weight].sum(axis=2) @ mean
                continue
            for cell in body.layers[0]:
                weights[cell.weight_ih] /= scale
                weights[cell.bias_ih] -= weights[cell.weight_ih] @ mean
    if predictor.decoding.scaling is not None:
        mean, scale = (np.repeat(part, predictor.decoding.n_quantiles) for part in predictor.decoding.scaling)
        weights["head.weight"] *= scale[:, np.newaxis]
        weights["head.bias"] = weights["head.bias"] * scale + mean
    dtype = predictor.parameters.dtype
    for name, weight in weights.items():
        if not np.abs(weight).max() <= np.finfo(dtype).max:
            raise ValueError(
                f"{name}, with the scales of features and targets folded in, does not fit {dtype}."
            )
    return {name: weight.astype(dtype) for name, weight in weights.items()}
