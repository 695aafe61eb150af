"""Weights to and from ``torch.nn.GRU``, ``Linear`` and ``Embedding``; torch is not imported.

Torch has gruc's gate order r, z, n and shapes (outputs, inputs).
"""

import re
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..runtime.several import single_predictors
from ..sequences import Scaling
from .imported import finite_array, fitted_estimator
from .weights import (
    as_predictor,
    layer_suffixes,
    refuse_attention,
    refuse_other_cells,
    refuse_tied,
    unscaled_weights,
)

__all__ = ["from_torch", "to_torch"]

NORM = "weight", "bias", "running_mean", "running_var", "num_batches_tracked"


def to_torch(model: Any) -> Any:
    """Convert the weights of a model to state dicts of torch modules.

    Scaling is folded into the weights: the GRU takes X unscaled, with frames as rows if the model
    has a `frame_length_`. The output of the linear layer is logits or values: one logit for two
    classes, whose sigmoid is the probability of the second class; one for each of several classes
    (softmax), or for each label of a multilabel model (sigmoid); logarithms for a Poisson model.
    The caller connects the two layers: by the last states of both directions (``h_n``, not
    ``output[:, -1]``), the mean or the maximum, according to `pooling_`; "conv_mean" and "conv_max" are
    those of the input of the GRU. A model that predicts each step needs nothing between them.

    If the mean of a feature is a hundred times its standard deviation, folding costs two digits of
    float32, and so on: fit such data after subtracting the mean, or in float64.

    Parameters
    ----------
    model : fitted estimator or Predictor

    Returns
    -------
    gru_state, head_state : dict of str to ndarray
        What `load_state_dict` takes once they are tensors; ``torch.nn.GRU(n_features *
        frame_length, H, num_layers, bidirectional=..., batch_first=True)``.
    embedding_state : dict of str to ndarray
        Only for a model of tokens: state of ``torch.nn.Embedding(n_tokens, embedding_dim)``, whose output the
        GRU reads.
    conv_state : dict of str to ndarray
        Only for a model with convolutions: state of a module with the lists ``conv`` of
        ``torch.nn.Conv1d(..., bias=False)`` and ``norm`` of ``torch.nn.BatchNorm1d`` and, if the model scales
        its features, with ``scale``, a ``torch.nn.BatchNorm1d(n_features, eps=0, affine=False)``, which comes
        first. Each convolution is preceded by padding of ``conv_kernel_size - 1`` zeros, and its norm is
        followed by ReLU and ``torch.nn.MaxPool1d(conv_pool, ceil_mode=True)``. The GRU reads the output, and
        X is not scaled.

    Of a model with several networks (`n_estimators_`), a list with a tuple of these for each: the mean of
    their outputs is the output of the model.

    Raises
    ------
    ValueError
        If torch has no such cell (``reset_after=False``, ``cell="fio"``) or layer (attention).

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> gru_state, head_state = gruc.to_torch(model)
    >>> gru_state["weight_ih_l0"].shape, head_state["weight"].shape
    ((24, 12), (9, 8))
    """
    states = [_states_of(predictor) for predictor in single_predictors(as_predictor(model))]
    return states[0] if len(states) == 1 else states


def _states_of(predictor):
    """What `to_torch` returns of one network."""
    refuse_other_cells(predictor, "torch")
    if not predictor.config["reset_after"]:
        raise ValueError(
            "torch.nn.GRU resets after the recurrent product and cannot hold a model with "
            "reset_after=False; fit one with reset_after=True."
        )
    refuse_attention(predictor, "torch")
    refuse_tied(predictor)
    weights = unscaled_weights(predictor)
    gru = {name.removeprefix("gru."): w for name, w in weights.items() if name.startswith("gru.")}
    states: tuple[Any, ...] = gru, {"weight": weights["head.weight"], "bias": weights["head.bias"]}
    if "embedding.weight" in weights:
        states = *states, {"weight": weights["embedding.weight"]}
    if predictor.network.convolutions:
        states = *states, _convolution_state(predictor)
    return states


def _convolution_state(predictor):
    """What is before the GRU, for a module with `scale`, `conv` and `norm`."""
    state, scaling = {}, predictor.inputs.scaling
    if scaling is not None:
        mean, scale = (np.tile(part, predictor.inputs.framing.length) for part in scaling)
        state = {"scale.running_mean": mean, "scale.running_var": scale**2}
        state = {name: values.astype(predictor.parameters.dtype) for name, values in state.items()}
        state["scale.num_batches_tracked"] = np.array(0)
    for name, values in predictor.weights.items():
        if name.startswith(("conv.", "norm.")):
            state[name] = np.array(int(values[0])) if name.endswith("num_batches_tracked") else values
    return state


def from_torch(
    estimator: Any,
    gru_state: dict[str, Any],
    head_state: dict[str, Any],
    classes: ArrayLike | None = None,
    *,
    multilabel: bool = False,
    embedding_state: dict[str, Any] | None = None,
    conv_state: dict[str, Any] | None = None,
) -> Any:
    """Create a fitted estimator from the weights of a ``torch.nn.GRU`` and a ``torch.nn.Linear``.

    Parameters
    ----------
    estimator : GRUClassifier, GRURegressor, GRUTagger or GRUStepRegressor
        Cloned; its `pooling`, `dtype`, `frame_length` and all training parameters are kept.
        `hidden_layer_sizes` and `bidirectional` are set to those of the weights, `standardize` to
        False, and a `frame_length` of "auto" to 1.
    gru_state, head_state : dict of str to tensor or array
        As `state_dict` returns them, of any floating type and on any device; layers without biases
        (``bias=False``) get zeros.
    classes : array-like of shape (n_classes,), default=None
        Labels, in the order of the head's rows; None: 0, 1, ... A head for two classes may have
        one row or two.
    multilabel : bool, default=False
        Whether the head was trained with a sigmoid for each row (``BCEWithLogitsLoss``), so that
        each row is a label of its own. Otherwise several rows are mutually exclusive classes
        (``CrossEntropyLoss``), and a single row is the logit of the second of two classes.
    embedding_state : dict of str to tensor or array, default=None
        The state of a ``torch.nn.Embedding`` that the GRU reads the output of: X is then integer tokens,
        and `embedding_dim` and `n_tokens` are set to those of the weights.

    conv_state : dict of str to tensor or array, default=None
        The state of convolutions before the GRU, as `to_torch` gives it; `conv_pool` is the estimator's.

    Returns
    -------
    model : estimator
        `partial_fit` continues from these weights, with a new optimiser.

    Raises
    ------
    ValueError
        If weights are missing, unknown or inconsistent; the message names them.

    Notes
    -----
    Weights alone do not determine the model. The head is assumed to read what the estimator's
    `pooling` says: for "last" the last state of the top layer, for two directions ``h_n`` and not
    ``output[:, -1]``, whose backward half has seen one step only. ``batch_first`` and ``dropout``
    make no difference to weights or predictions. X must be scaled as it was for torch, and the
    outputs of a regressor are in its units; with ``loss="poisson"`` they are logarithms.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> copy = gruc.from_torch(gruc.GRUClassifier(), *gruc.to_torch(model))
    >>> float((copy.predict(X) == model.predict(X)).mean())
    1.0
    """
    gru = {name: finite_array(value, f"gru_state[{name!r}]") for name, value in gru_state.items()}
    head = {name: finite_array(value, f"head_state[{name!r}]") for name, value in head_state.items()}
    table = {
        name: finite_array(value, f"embedding_state[{name!r}]")
        for name, value in ({"weight": 0} if embedding_state is None else embedding_state).items()
    }
    before, scaling = _checked_convolutions(conv_state)
    bidirectional = "weight_ih_l0_reverse" in gru
    n_layers = 1 + max((int(m[1]) for name in gru if (m := re.match(r"weight_ih_l(\d+)", name))), default=0)
    if not any(name.startswith("bias") for name in gru):  # torch.nn.GRU(bias=False)
        for name in [name for name in gru if name.startswith("weight_ih")]:
            for bias in ("bias_ih", "bias_hh"):
                gru[name.replace("weight_ih", bias)] = np.zeros(len(gru[name]))
    if "weight" in head:
        head.setdefault("bias", np.zeros(len(head["weight"])))
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    expected = {f"{kind}_{suffix}" for suffix in layer_suffixes(n_layers, bidirectional) for kind in kinds}
    for argument, state, names, layer in (
        ("gru_state", gru, expected, "GRU"),
        ("head_state", head, {"weight", "bias"}, "Linear"),
        ("embedding_state", table, {"weight"}, "Embedding"),
    ):
        if set(state) != names:
            raise ValueError(
                f"{argument} must have the weights of a torch.nn.{layer}; missing: "
                f"{sorted(names - set(state))}, unknown: {sorted(set(state) - names)}."
            )
    weights = {f"gru.{name}": value for name, value in gru.items()}
    weights |= {f"head.{name}": value for name, value in head.items()}
    if embedding_state is not None:
        weights["embedding.weight"] = table["weight"]
    weights |= before
    network = {"bidirectional": bidirectional, "reset_after": True}
    return fitted_estimator(estimator, weights, network, classes, multilabel, scaling)


def _checked_convolutions(conv_state):
    """Weights of convolutions by name, with all of their normalisations, and the scaling before, or None."""
    if conv_state is None:
        return {}, None
    state = {name: finite_array(value, f"conv_state[{name!r}]") for name, value in conv_state.items()}
    state.pop("scale.num_batches_tracked", None)
    scaling = None
    if "scale.running_mean" in state and "scale.running_var" in state:
        mean, variance = state.pop("scale.running_mean"), state.pop("scale.running_var")
        if not (variance > 0).all():
            raise ValueError("conv_state['scale.running_var'] must be positive.")
        scaling = Scaling(mean, np.sqrt(variance))
    n = sum(name.startswith("conv.") for name in state)
    expected = {f"conv.{i}.weight" for i in range(n)} | {
        f"norm.{i}.{name}" for i in range(n) for name in NORM
    }
    if set(state) != expected or n == 0:
        raise ValueError(
            f"conv_state must have the weights of convolutions and their normalisations; missing: "
            f"{sorted(expected - set(state))}, unknown: {sorted(set(state) - expected)}."
        )
    for name, value in state.items():
        if name.startswith("conv.") and value.ndim != 3:
            raise ValueError(f"conv_state[{name!r}] is {value.shape}; expected (outputs, inputs, steps).")
    return {name: np.atleast_1d(value) for name, value in state.items()}, scaling
