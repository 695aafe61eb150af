"""Convolutions before Keras's GRU layers: arrays in their order, and layers, which are checked."""

from typing import Any, NamedTuple

import numpy as np

from ..network import NORM_EPSILON
from .imported import finite_array


class Before(NamedTuple):
    """What stands before the GRU layers of a Keras model.

    Attributes
    ----------
    scaling : list
        Mean and variance of the features, (D,) each, or nothing.
    convolutions : list of list
        For each, kernel (k, D, H), and gamma, beta, mean and variance of its normalisation, (H,) each.
    pools : list of int or None
        Steps that each makes one of; None where the estimator says.
    """

    scaling: list[Any]
    convolutions: list[list[Any]]
    pools: list[int] | None


def convolution_arrays(predictor):
    """The arrays of a model's scaling and convolutions, as Keras's layers have them."""
    network, weights, scaling = predictor.network, predictor.weights, predictor.inputs.scaling
    arrays = []
    if network.convolutions and scaling is not None:
        mean, scale = (np.tile(part, predictor.inputs.framing.length) for part in scaling)
        arrays = [part.astype(predictor.parameters.dtype) for part in (mean, scale**2)]
    for convolution in network.convolutions:
        arrays += [weights[convolution.weight].T, *(weights[name] for name in convolution.norm[:4])]
    return arrays


def split_arrays(arrays):
    """What of a model's arrays stands before its GRU layers, and the others."""
    scaling, convolutions = [], []
    if [array.ndim for array in arrays[:3]] == [1, 1, 3]:
        scaling, arrays = arrays[:2], arrays[2:]
    while arrays and arrays[0].ndim == 3:
        convolution, arrays = arrays[:5], arrays[5:]
        shape = convolution[0].shape
        if [array.shape for array in convolution[1:]] != [shape[2:]] * 4:
            raise ValueError(
                f"A kernel of shape {shape} is followed by arrays of shapes "
                f"{[array.shape for array in convolution[1:]]}; expected gamma, beta, moving mean and moving "
                f"variance of a BatchNormalization, {shape[2:]} each."
            )
        convolutions.append(convolution)
    return Before(scaling, convolutions, None), arrays


def split_layers(layers):
    """The same of layers."""
    layers, scaling, convolutions, pools = list(layers), [], [], []
    if _kind(layers, 1) == "Conv1D" and _kind(layers) in ("BatchNormalization", "Normalization"):
        scaling = _scaling(layers.pop(0))
    while _kind(layers) == "Conv1D":
        kernel, bias = _convolution(layers.pop(0))
        norm = _normalisation(layers.pop(0), bias) if _kind(layers) == "BatchNormalization" else None
        if norm is None:  # one that changes nothing
            ones = np.ones(kernel.shape[2])
            norm = [ones, bias, 0 * ones, ones - NORM_EPSILON]
        if not layers or not _rectifies(layers.pop(0)):
            raise ValueError("A Conv1D and its BatchNormalization must be followed by a plain ReLU.")
        convolutions.append([kernel, *norm])
        pools.append(_pool(layers))
    return Before(scaling, convolutions, pools), layers


def names_and_values(before):
    """Weights by name, in torch's shapes, and mean and variance of features or None."""
    weights = {}
    for i, (kernel, *norm) in enumerate(before.convolutions):
        weights[f"conv.{i}.weight"] = kernel.T
        for name, values in zip(("weight", "bias", "running_mean", "running_var"), norm, strict=True):
            weights[f"norm.{i}.{name}"] = values
        weights[f"norm.{i}.num_batches_tracked"] = np.zeros(1)
        if not (norm[3] >= 0).all():
            raise ValueError(f"The moving variance of convolution {i} must not be negative.")
    if before.scaling and not (before.scaling[1] > 0).all():
        raise ValueError("The variance of the features, before the first convolution, must be positive.")
    return weights


def _kind(layers, place=0):
    return type(layers[place]).__name__ if len(layers) > place else None


def _where(layer):
    return f"The layer {layer.get_config().get('name', type(layer).__name__)!r}"


def _rectifies(layer):
    """Whether a layer is a ReLU without bound, slope or threshold."""
    config = layer.get_config()
    if type(layer).__name__ == "Activation":
        return config.get("activation") == "relu"
    changed = config.get("negative_slope") or config.get("threshold") or config.get("max_value") is not None
    return type(layer).__name__ == "ReLU" and not changed


def _weights_of(layer, n):
    arrays = [
        finite_array(array, f"an array of {layer.get_config().get('name')!r}")
        for array in layer.get_weights()
    ]
    if len(arrays) != n:
        raise ValueError(
            f"{_where(layer)} has {len(arrays)} arrays of weights, expected {n}. Build the model first."
        )
    return arrays


def _require(layer, **expected):
    config = layer.get_config()
    for name, value in expected.items():
        found = config.get(name, value)
        found = found[0] if isinstance(found, (list, tuple)) and not isinstance(value, tuple) else found
        if found != value:
            raise ValueError(f"{_where(layer)} has {name}={found!r}; gruc's models have {name}={value!r}.")


def _scaling(layer):
    """Mean and variance of the features."""
    if type(layer).__name__ == "Normalization":
        _require(layer, invert=False)
        return _weights_of(layer, 3)[:2]
    _require(layer, center=False, scale=False)
    mean, variance = _weights_of(layer, 2)
    return [mean, variance + layer.get_config().get("epsilon", 1e-3)]


def _convolution(layer):
    """Kernel and bias."""
    _require(
        layer, strides=1, dilation_rate=1, groups=1, activation="linear", data_format="channels_last"
    )  # fmt: skip
    config = layer.get_config()
    kernel, *bias = _weights_of(layer, 1 + bool(config.get("use_bias", True)))
    if len(kernel) > 1:
        _require(layer, padding="causal")
    return kernel, bias[0] if bias else np.zeros(kernel.shape[2])


def _normalisation(layer, bias):
    """Gamma, beta, mean and variance, after a bias and for another epsilon."""
    config = layer.get_config()
    has = [bool(config.get(name, True)) for name in ("scale", "center")]
    *learned, mean, variance = _weights_of(layer, 2 + sum(has))
    gamma = learned.pop(0) if has[0] else np.ones_like(mean)
    beta = learned.pop(0) if has[1] else np.zeros_like(mean)
    square = variance + config.get("epsilon", 1e-3)
    variance = np.maximum(square - NORM_EPSILON, 0)
    if (square > 0).all():
        gamma = gamma * np.sqrt((variance + NORM_EPSILON) / square)
    return [gamma, beta, mean - bias, np.where(square > 0, variance, -1)]


def _pool(layers):
    """Steps that the next layers make one of; these layers are taken away."""
    zeros = 0
    if _kind(layers) == "ZeroPadding1D" and _kind(layers, 1) == "MaxPooling1D":
        before, zeros = layers[0].get_config()["padding"]
        if before:
            raise ValueError(f"{_where(layers[0])} adds zeros before the first step.")
        layers.pop(0)
    if _kind(layers) != "MaxPooling1D":
        return 1
    layer = layers.pop(0)
    config = layer.get_config()
    (pool,) = np.atleast_1d(config["pool_size"]).tolist()
    _require(layer, strides=pool, data_format="channels_last")
    if not (zeros == pool - 1 if config["padding"] == "valid" else zeros == 0 and pool <= 2):
        raise ValueError(
            f"{_where(layer)} has padding={config['padding']!r}; gruc's models take the largest of the "
            f"steps that are left at a sequence's end, too: ZeroPadding1D((0, {pool - 1})), then "
            f"MaxPooling1D({pool}, padding='valid')."
        )
    return pool
