"""Weights to and from Keras's GRU, Dense, Embedding and Conv1D layers; Keras is not imported.

Keras has the gate order z, r, h and shapes (inputs, outputs). As in gruc, z is the share of the
old state that is kept.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from ..runtime.several import single_predictors
from ..sequences import Scaling
from .imported import finite_array, fitted_estimator, require_estimator
from .keras_convolutions import convolution_arrays, names_and_values
from .keras_layers import is_model_or_layers, weights_of_arrays, weights_of_layers
from .weights import (
    as_predictor,
    layer_suffixes,
    refuse_attention,
    refuse_other_cells,
    refuse_tied,
    swap_gates,
    unscaled_weights,
)

__all__ = ["from_keras", "to_keras"]


def to_keras(model: Any) -> list[Any]:
    """Convert the weights of a model to those of Keras layers, in the order of ``get_weights``.

    A model of tokens begins with an Embedding layer. In a model that predicts each step, the last GRU layer
    has ``return_sequences=True``.

    Scaling is folded into the weights, but before convolutions, which see 0 before the first step; see
    `to_torch` and the notes.

    Parameters
    ----------
    model : fitted estimator or Predictor

    Returns
    -------
    weights : list of ndarray
        Of a model of tokens first the table of ``Embedding(n_tokens, embedding_dim)``. If there are
        convolutions, mean and variance of the features, (D,) each, unless X is not scaled; and for each
        convolution its kernel (k, D, n) and gamma, beta, mean and variance of its normalisation. For each
        ``GRU(H, return_sequences=...)``, or ``Bidirectional`` of one, and direction: kernel (D, 3H),
        recurrent kernel (H, 3H), bias (2, 3H) or, if the reset gate is applied before the recurrent
        product, an option of the same name in Keras, (3H,); then the Dense layer's kernel (F, K) and
        bias (K,). Of a model with several networks (`n_estimators_`), a list of such lists, one for each:
        the mean of the outputs of their Dense layers, before softmax, is the output of the model.

    Raises
    ------
    ValueError
        If the model has attention, or cells other than the GRU.

    Notes
    -----
    The layers of convolutions are, for the scaling, ``BatchNormalization(center=False, scale=False,
    epsilon=0, trainable=False)`` and, for each convolution, ``Conv1D(n, k, padding="causal",
    use_bias=False)``, ``BatchNormalization(epsilon=1e-5)``, ``ReLU()`` and, with a `conv_pool` of p > 1,
    ``ZeroPadding1D((0, p - 1))`` and ``MaxPooling1D(p)``.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> [weight.shape for weight in gruc.to_keras(model)]
    [(12, 24), (8, 24), (2, 24), (8, 9), (9,)]
    """
    weights = [_weights_of(predictor) for predictor in single_predictors(as_predictor(model))]
    return weights[0] if len(weights) == 1 else weights


def _weights_of(predictor):
    """What `to_keras` returns of one network."""
    refuse_other_cells(predictor, "Keras")
    refuse_attention(predictor, "Keras")
    refuse_tied(predictor)
    weights, config = unscaled_weights(predictor), predictor.config
    arrays = [weights["embedding.weight"]] if "embedding.weight" in weights else []
    arrays += convolution_arrays(predictor)
    for suffix in layer_suffixes(len(config["hidden_layer_sizes"]), config["bidirectional"]):
        kernel, recurrent, *biases = (
            swap_gates(weights[name])
            for name in (f"gru.{kind}_{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            if name in weights
        )
        arrays += [kernel.T, recurrent.T, np.stack(biases) if len(biases) == 2 else biases[0]]
    arrays += [weights["head.weight"].T, weights["head.bias"]]
    return [np.ascontiguousarray(array) for array in arrays]


def from_keras(
    estimator: Any, weights: Any, classes: ArrayLike | None = None, *, multilabel: bool = False
) -> Any:
    """Create a fitted estimator from the weights of Keras GRU layers and a Dense layer.

    Parameters
    ----------
    estimator : GRUClassifier, GRURegressor, GRUTagger or GRUStepRegressor
        See `from_torch`. If `weights` are arrays, its parameters say whether the layers are
        bidirectional, whether an Embedding stands before them (`embedding_dim`), what convolutions are
        pooled by (`conv_pool`) and, if they have no biases, when their reset gate is applied.
    weights : Keras model, list of its layers, or list of ndarray
        A model or layers are checked to compute what the estimator does. Arrays are in the order of
        ``get_weights``; see `to_keras`. Layers without biases (``use_bias=False``) get zeros.
    classes : array-like of shape (n_classes,), default=None
        Labels, in the order of the Dense layer's units; None: 0, 1, ...
    multilabel : bool, default=False
        Whether each unit of the Dense layer is a label of its own (sigmoid); see `from_torch`.

    Returns
    -------
    model : estimator
        `partial_fit` continues from these weights, with a new optimiser.

    Raises
    ------
    ValueError
        If the weights are inconsistent, or a layer is not supported; the message names them.

    Notes
    -----
    The following is checked of layers and assumed of arrays: GRU layers have
    ``activation="tanh"``, ``recurrent_activation="sigmoid"``, ``go_backwards=False`` and
    ``stateful=False``, Bidirectional ones ``merge_mode="concat"``. Between them and the Dense layer
    stands the layer for `pooling`: none for "last", ``GlobalAveragePooling1D`` for "mean",
    ``GlobalMaxPooling1D`` for "max". For GRUTagger and GRUStepRegressor none, but the last GRU layer has
    ``return_sequences=True``, and the Dense layer may be ``TimeDistributed``. The Dense layer's
    activation is softmax for several classes, sigmoid for one unit or several labels, linear for a
    regressor (exponential with ``loss="poisson"``), or linear for logits. Dropout has no effect, and
    Masking, or ``mask_zero`` of an Embedding, is for padding, which gruc's sequences do not have.
    Convolutions are as in `to_keras`; of layers `conv_pool` is taken, too, the normalisations may have any
    epsilon, and a ``Normalization`` may stand in place of the first one, biases in place of the others.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> copy = gruc.from_keras(gruc.GRUClassifier(), gruc.to_keras(model))
    >>> float((copy.predict(X) == model.predict(X)).mean())
    1.0
    """
    require_estimator(estimator)
    if is_model_or_layers(weights):
        keras = weights_of_layers(weights, estimator, multilabel).map(finite_array)
    else:
        arrays = [finite_array(value, f"weights[{i}]") for i, value in enumerate(weights)]
        keras = weights_of_arrays(arrays, estimator)
    scaling = None
    if keras.before.scaling:
        mean, variance = keras.before.scaling
        scaling = Scaling(mean, np.sqrt(variance))
    if keras.before.pools is not None:
        estimator = _with_convolutions(estimator, keras.before)
    return fitted_estimator(estimator, _in_torch_order(keras), keras.parameters, classes, multilabel, scaling)


def _with_convolutions(estimator, before):
    """A clone of the estimator with the sizes of these convolutions."""
    sizes = {
        "conv_channels": tuple(each[0].shape[2] for each in before.convolutions),
        "conv_kernel_size": tuple(len(each[0]) for each in before.convolutions) or 5,
        "conv_pool": tuple(before.pools) or 2,
    }
    if "conv_pool" not in estimator.get_params() and sizes.pop("conv_pool") not in (
        2,
        (1,) * len(before.pools),
    ):
        raise ValueError(
            f"The convolutions are pooled by {before.pools}; a {type(estimator).__name__} predicts each step "
            "and has no conv_pool."
        )
    return clone(estimator).set_params(**sizes)


def _in_torch_order(keras):
    """Weights by name, in torch's shapes and order of gates; zeros for biases that are missing."""
    kernel, *bias = keras.dense
    weights = {"head.weight": kernel.T, "head.bias": bias[0] if bias else np.zeros(kernel.shape[-1])}
    weights |= names_and_values(keras.before)
    if keras.embedding:
        weights["embedding.weight"] = keras.embedding[0]
    n_layers = len(keras.gru) // keras.n_directions
    place = len(keras.embedding) + len(keras.before.scaling) + 5 * len(keras.before.convolutions)
    for suffix, arrays in zip(layer_suffixes(n_layers, keras.bidirectional), keras.gru, strict=True):
        for array, ndim in zip(arrays, (2, 2, keras.n_biases), strict=False):
            if array.ndim != ndim or array.shape[-1] % 3:
                raise ValueError(
                    f"weights[{place}] is {array.shape}; expected (..., 3H) of {ndim} dimensions."
                )
            place += 1
        kernel, recurrent, *bias = arrays
        bias = bias[0] if bias else np.zeros((keras.n_biases, kernel.shape[1]))
        weights[f"gru.weight_ih_{suffix}"] = swap_gates(kernel.T)
        weights[f"gru.weight_hh_{suffix}"] = swap_gates(recurrent.T)
        for kind, value in zip(("ih", "hh"), bias.reshape(keras.n_biases, -1), strict=False):
            weights[f"gru.bias_{kind}_{suffix}"] = swap_gates(value)
    return weights
