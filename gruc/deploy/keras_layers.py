"""Weights of Keras's layers, which are checked by their configurations; Keras is not imported."""

import itertools
from typing import Any, NamedTuple

from ..estimators._networks import readouts_of, setting
from .imported import is_classifier
from .keras_convolutions import Before, split_arrays, split_layers

# layers that do not change a prediction
WITHOUT_EFFECT = {
    "InputLayer", "Masking", "Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout"
}  # fmt: skip
READOUTS = {"GlobalAveragePooling1D": "mean", "GlobalMaxPooling1D": "max"}


class KerasWeights(NamedTuple):
    """Weights by layer.

    Attributes
    ----------
    gru : list of list
        For each layer and direction kernel, recurrent kernel and, unless it has none, bias.
    dense : list
        Kernel and, unless it has none, bias.
    bidirectional, reset_after : bool
    embedding : list
        The table of vectors of tokens, or nothing.
    before : Before
        Convolutions.
    """

    gru: list[list[Any]]
    dense: list[Any]
    bidirectional: bool
    reset_after: bool
    embedding: list[Any]
    before: Before

    @property
    def parameters(self):
        """The estimators' parameters that the weights determine."""
        return {"bidirectional": self.bidirectional, "reset_after": self.reset_after}

    @property
    def n_directions(self):
        """Directions of a layer."""
        return 2 if self.bidirectional else 1

    @property
    def n_biases(self):
        """Rows of a bias: (2, 3H), or (3H,) for one."""
        return 2 if self.reset_after else 1

    def map(self, function):
        """The same with function(array, name) for each array."""
        names = (f"weights[{i}]" for i in itertools.count())
        embedding = [function(array, next(names)) for array in self.embedding]
        scaling = [function(array, next(names)) for array in self.before.scaling]
        convolutions = [[function(array, next(names)) for array in each] for each in self.before.convolutions]
        before = self.before._replace(scaling=scaling, convolutions=convolutions)
        gru = [[function(array, next(names)) for array in arrays] for arrays in self.gru]
        dense = [function(array, next(names)) for array in self.dense]
        return self._replace(gru=gru, dense=dense, embedding=embedding, before=before)


def is_model_or_layers(weights):
    """Whether `weights` is a Keras model or a list of layers, not of arrays."""
    if hasattr(weights, "layers"):
        return True
    return isinstance(weights, (list, tuple)) and any(hasattr(each, "get_config") for each in weights)


def weights_of_arrays(arrays, estimator):
    """The weights of a Keras model by layer; its GRU layers, or its Dense layer, may lack biases.

    Parameters
    ----------
    arrays : list of ndarray
    estimator : GRUClassifier, GRURegressor, GRUTagger or GRUStepRegressor
        Says whether the layers are bidirectional, whether there is an embedding and, if layers lack
        biases, when they reset.
    """
    bidirectional = bool(estimator.bidirectional)
    n_directions, found = 2 if bidirectional else 1, {}
    given, n_embedding = arrays, 0 if estimator.embedding_dim is None else 1
    embedding, arrays = arrays[:n_embedding], arrays[n_embedding:]
    before, arrays = split_arrays(arrays)
    for n_dense, n_each in ((2, 3), (2, 2), (1, 3), (1, 2)):
        n_layers = (len(arrays) - n_dense) // (n_each * n_directions)
        n_gru = n_layers * n_each * n_directions
        if n_layers < 1 or n_gru + n_dense != len(arrays):
            continue
        gru, dense = [arrays[i : i + n_each] for i in range(0, n_gru, n_each)], arrays[n_gru:]
        after = gru[0][2].ndim == 2 if n_each == 3 else bool(estimator.reset_after)
        found[n_dense, n_each] = keras = KerasWeights(gru, dense, bidirectional, after, embedding, before)
        if _shapes_fit(keras):
            return keras
    if (2, 3) in found:  # with all biases: a later check says which shape does not fit
        return found[2, 3]
    raise ValueError(
        f"weights has {len(given)} arrays; {'an Embedding has 1, ' * n_embedding}GRU layers with "
        f"bidirectional={bidirectional} have {3 * n_directions} each, or {2 * n_directions} without biases, "
        f"and a Dense layer 2, or 1. Their shapes are {', '.join(str(array.shape) for array in given[:12])}."
    )


def _shapes_fit(keras):
    """Whether the arrays of layers fit together."""
    n_inputs = None
    for i, (kernel, recurrent, *bias) in enumerate(keras.gru):
        H = len(recurrent)
        if i % keras.n_directions == 0 and i > 0:
            n_inputs = keras.n_directions * len(keras.gru[i - 1][1])
        shapes = [(len(kernel) if n_inputs is None else n_inputs, 3 * H), (H, 3 * H)]
        shapes += [(2, 3 * H) if keras.n_biases == 2 else (3 * H,)] * len(bias)
        if [array.shape for array in (kernel, recurrent, *bias)] != shapes:
            return False
    kernel, *bias = keras.dense
    F = keras.n_directions * len(keras.gru[-1][1])
    return kernel.ndim == 2 and len(kernel) == F and all(each.shape == kernel.shape[1:] for each in bias)


def weights_of_layers(layers, estimator, multilabel):
    """The weights of a Keras model or of a list of its layers.

    Raises
    ------
    ValueError
        They compute something other than `estimator`; the message names the layer.
    """
    grus, pooling, dense, activation, sequences, embedding = [], "last", None, "linear", False, []
    layers = _with_effect(layers)
    if layers and type(layers[0]).__name__ == "Embedding":
        config = layers[0].get_config()
        embedding = _arrays(layers[0], 1, config | {"use_bias": False}, f"The layer {config.get('name')!r}")
        layers = layers[1:]
    before, layers = split_layers(layers)
    for layer in layers:
        kind, config = type(layer).__name__, layer.get_config()
        where = f"The layer {config.get('name', kind)!r}"
        if kind in ("GRU", "Bidirectional") and dense is None and pooling == "last":
            grus.append(_gru(layer, kind, config, where))
            sequences = grus[-1][3]
        elif kind in READOUTS and grus and dense is None and pooling == "last":
            pooling, sequences = READOUTS[kind], False
        elif _is_dense(kind, config) and grus and dense is None:
            config = config["layer"]["config"] if kind == "TimeDistributed" else config
            dense, activation = _arrays(layer, 1, config, where), _name(config.get("activation", "linear"))
        elif kind in ("Activation", "Softmax") and dense is not None and activation == "linear":
            activation = "softmax" if kind == "Softmax" else _name(config.get("activation"))
        else:
            raise ValueError(
                f"{where} is a {kind}, which gruc's models do not have there: they are an Embedding or "
                "none, Conv1D layers or none, GRU layers, or Bidirectional ones, then "
                "GlobalAveragePooling1D, GlobalMaxPooling1D or neither, then Dense."
            )
    if not grus or dense is None:
        raise ValueError("weights must have GRU layers and, after them, a Dense layer.")
    wanted = setting(estimator, "pooling")
    if sequences != (wanted is None):
        name = type(estimator).__name__
        raise ValueError(
            "The last GRU layer has return_sequences=True and no pooling layer follows, so that there is a "
            f"result for each step; a {name} has one for each sequence. GRUTagger and GRUStepRegressor are "
            "for results for each step."
            if sequences
            else f"The layers give a result for each sequence; a {name} has one for each step: the last GRU "
            "layer has return_sequences=True, and no pooling layer follows."
        )
    if pooling != readouts_of(estimator) and not sequences:
        raise ValueError(f"The layers make pooling={pooling!r}; the estimator has {wanted!r}.")
    for at, name in ((1, "Bidirectional"), (2, "reset_after=True")):
        if len({gru[at] for gru in grus}) > 1:
            raise ValueError(f"Some GRU layers have {name}, others do not; in gruc all layers are alike.")
    _check_activation(activation, dense[0].shape[-1], estimator, multilabel)
    directions = [direction for gru in grus for direction in gru[0]]
    return KerasWeights(directions, dense, *grus[0][1:3], embedding, before)


def _is_dense(kind, config):
    """Whether a layer is a Dense layer, by itself or for each step."""
    return kind == "Dense" or (kind == "TimeDistributed" and config["layer"].get("class_name") == "Dense")


def _flattened(layers):
    """Layers in order; a model among them is replaced by its layers."""
    for layer in layers.layers if hasattr(layers, "layers") else layers:
        if hasattr(layer, "layers"):
            yield from _flattened(layer)
        else:
            yield layer


def _with_effect(layers):
    """Layers in order, without those that do not change a prediction."""
    layers = list(_flattened(layers))
    for layer in layers:
        if not hasattr(layer, "get_config"):
            raise TypeError(
                f"weights holds a {type(layer).__name__} among layers; give a Keras model, layers, or arrays "
                "only."
            )
    return [layer for layer in layers if type(layer).__name__ not in WITHOUT_EFFECT]


def _name(activation):
    """The name of an activation, which a configuration may describe by a dict."""
    if isinstance(activation, dict):
        config = activation.get("config")
        return config if isinstance(config, str) else activation.get("class_name")
    return activation


def _arrays(layer, n_matrices, config, where):
    """Weights of a layer, whose number is checked against its configuration."""
    arrays, n = list(layer.get_weights()), n_matrices + bool(config.get("use_bias", True))
    if len(arrays) != n:
        raise ValueError(f"{where} has {len(arrays)} arrays of weights, expected {n}. Build the model first.")
    return arrays


def _gru(layer, kind, config, where):
    """Arrays of each direction, whether there are two, reset_after, return_sequences."""
    if kind == "GRU":
        _check_gru(config, where, backwards=False)
        directions = [_arrays(layer, 2, config, where)]
        return directions, False, bool(config.get("reset_after", True)), config.get("return_sequences", False)
    if config.get("merge_mode", "concat") != "concat":
        raise ValueError(f"{where} has merge_mode={config['merge_mode']!r}; gruc has 'concat'.")
    directions = [config["layer"]]
    if config.get("backward_layer") is not None:
        directions.append(config["backward_layer"])
    configs = []
    for backwards, direction in enumerate(directions):
        if direction.get("class_name") != "GRU":
            raise ValueError(f"{where} wraps a {direction.get('class_name')}; expected a GRU.")
        configs.append(direction["config"])
        _check_gru(configs[-1], where, bool(backwards))
    facts = {tuple(bool(each.get(name, True)) for name in ("use_bias", "reset_after")) for each in configs}
    if len(facts) > 1:
        raise ValueError(f"The two directions of {where[4:]} differ in use_bias or reset_after.")
    arrays, use_bias = list(layer.get_weights()), bool(configs[0].get("use_bias", True))
    n_each = 2 + use_bias
    if len(arrays) != 2 * n_each:
        raise ValueError(f"{where} has {len(arrays)} arrays of weights, expected {2 * n_each}.")
    reset_after = bool(configs[0].get("reset_after", True))
    return [arrays[:n_each], arrays[n_each:]], True, reset_after, configs[0].get("return_sequences", False)


def _check_gru(config, where, backwards):
    for name, expected in (
        ("activation", "tanh"), ("recurrent_activation", "sigmoid"), ("go_backwards", backwards),
        ("stateful", False),
    ):  # fmt: skip
        value = config.get(name, expected)
        value = _name(value) if "activation" in name else bool(value)
        if value != expected:
            raise ValueError(f"{where} has {name}={value!r}; gruc's GRU has {name}={expected!r}.")


def _check_activation(activation, n_outputs, estimator, multilabel):
    """Raise a ValueError unless the Dense layer's activation is what the estimator applies to outputs."""
    if not is_classifier(estimator):
        expected = ["linear", "exponential"] if estimator.loss == "poisson" else ["linear"]
    elif multilabel or n_outputs == 1:
        expected = ["sigmoid", "linear"]
    else:
        expected = ["softmax", "log_softmax", "linear"]
    if activation not in expected:
        hint = ""
        if is_classifier(estimator) and n_outputs > 1:
            hint = f" For several labels that is multilabel={not multilabel}."
            hint = hint if activation == ("softmax" if multilabel else "sigmoid") else ""
        raise ValueError(
            f"The Dense layer's activation is {activation!r}; this {type(estimator).__name__} of {n_outputs} "
            f"outputs has {' or '.join(map(repr, expected))}.{hint}"
        )
