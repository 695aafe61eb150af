"""Weights to and from ``torch.nn.GRU``, ``Linear`` and ``Embedding``; torch is not imported.

Torch has gruc's gate order r, z, n and shapes (outputs, inputs).
"""

import re
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .imported import finite_array, fitted_estimator
from .weights import (
    as_predictor,
    layer_suffixes,
    refuse_attention,
    refuse_convolutions,
    refuse_tied,
    unscaled_weights,
)

__all__ = ["from_torch", "to_torch"]


def to_torch(model: Any) -> tuple[dict[str, NDArray[Any]], ...]:
    """Weights for ``torch.nn.GRU`` and ``torch.nn.Linear``, and of a model of tokens ``torch.nn.Embedding``.

    Scaling is folded into the weights: the GRU takes X unscaled, with frames as rows if the model
    has a `frame_length_`. The output of the linear layer is logits or values: one logit for two
    classes, whose sigmoid is the probability of the second class; one for each of several classes
    (softmax), or for each label of a multilabel model (sigmoid); logarithms for a Poisson model.
    What stands between the two layers is up to the caller: the last states of both directions
    (``h_n``, not ``output[:, -1]``), the mean or the maximum, according to `pooling`; in a model that
    answers each step nothing.

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
        Of a model of tokens only: for ``torch.nn.Embedding(n_tokens, embedding_dim)``, whose output the
        GRU reads.

    Raises
    ------
    ValueError
        Torch has no such cell (``reset_after=False``) or no such layer (attention).

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
    predictor = as_predictor(model)
    refuse_convolutions(predictor, "to_torch")
    if not predictor.config["reset_after"]:
        raise ValueError(
            "torch.nn.GRU resets after the recurrent product and cannot hold a model with "
            "reset_after=False; fit one with reset_after=True."
        )
    refuse_attention(predictor, "torch")
    refuse_tied(predictor)
    weights = unscaled_weights(predictor)
    gru = {name.removeprefix("gru."): w for name, w in weights.items() if name.startswith("gru.")}
    states = gru, {"weight": weights["head.weight"], "bias": weights["head.bias"]}
    if "embedding.weight" in weights:
        return *states, {"weight": weights["embedding.weight"]}
    return states


def from_torch(
    estimator: Any,
    gru_state: dict[str, Any],
    head_state: dict[str, Any],
    classes: ArrayLike | None = None,
    *,
    multilabel: bool = False,
    embedding_state: dict[str, Any] | None = None,
) -> Any:
    """A fitted estimator with the weights of a ``torch.nn.GRU`` and a ``torch.nn.Linear``.

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

    Returns
    -------
    model : estimator
        `partial_fit` continues from these weights, with a new optimiser.

    Raises
    ------
    ValueError
        Weights are missing, unknown or inconsistent; the message names them.

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
    network = {"bidirectional": bidirectional, "reset_after": True}
    return fitted_estimator(estimator, weights, network, classes, multilabel)
