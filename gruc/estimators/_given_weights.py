"""Weights trained elsewhere, as arrays."""

import re

import numpy as np
from sklearn.base import clone

from ..network import EncoderDecoder
from ..preprocessing import TextSequencer
from ..runtime import Translator
from ..runtime.symbols import IntegerSymbols, TextSymbols
from ..training import TrainingState
from ._networks import cell_config, random_generator

KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def finite_array(value, name):
    """A tensor or array as finite float64."""
    try:
        if hasattr(value, "detach"):  # torch's, on any device
            value = value.detach().cpu()
            if value.is_floating_point():  # NumPy has no bfloat16
                value = value.double()
        array = np.asarray(value)
        if array.dtype.kind in "cSUMm":
            raise ValueError(f"it holds {array.dtype}")
        array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{name} is not a numeric array: {error}") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{name} contains values that are not finite.")
    return array


def fit_by_weights(model, states, max_target_length):
    """Make a GRUSeq2Seq a fitted one with these weights.

    Parameters
    ----------
    model : GRUSeq2Seq
        Its sizes are set to those of the weights.
    states : dict
        Of "encoder", "decoder", "head", "source_embedding", "target_embedding" and "attention" what
        `GRUSeq2Seq.from_weights` takes.
    max_target_length : int
    """
    encoder, decoder = (_gru_state(states[name], name) for name in ("encoder", "decoder"))
    tables = {name: _table(states[name], name) for name in ("source_embedding", "target_embedding")}
    head = {name: finite_array(value, f"head[{name!r}]") for name, value in states["head"].items()}
    if "weight" in head:
        head.setdefault("bias", np.zeros(len(head["weight"])))
    weights = {f"encoder.{name}": array for name, array in encoder.items()}
    weights |= {f"gru.{name}": array for name, array in decoder.items()}
    weights |= {f"head.{name}": array for name, array in head.items()}
    weights["source_embedding.weight"] = tables["source_embedding"]
    weights["embedding.weight"] = tables["target_embedding"]
    attention = states["attention"]
    if attention is not None:
        parts = attention if isinstance(attention, dict) else {"weight": attention}
        weights |= {f"attention.{name}": finite_array(w, f"attention {name}") for name, w in parts.items()}
    n_layers = sum("weight_hh" in name and "reverse" not in name for name in encoder)
    model.set_params(
        hidden_layer_sizes=tuple(len(encoder[f"weight_hh_l{i}"]) // 3 for i in range(n_layers)),
        bidirectional_encoder="weight_ih_l0_reverse" in encoder,
        embedding_dim=tables["target_embedding"].shape[1],
        max_target_length=max_target_length,
    )
    model._validate_params()
    require_gru(model)
    network = EncoderDecoder(
        len(tables["source_embedding"]), len(tables["target_embedding"]), model.hidden_layer_sizes,
        len(tables["target_embedding"]), model.bidirectional_encoder, model.embedding_dim, model.attention,
        **cell_config(model),
    )  # fmt: skip
    shapes = network.table.torch_shapes()
    if set(weights) != set(shapes):
        raise ValueError(
            f"weights are missing: {sorted(set(shapes) - set(weights))}; or too many: "
            f"{sorted(set(weights) - set(shapes))}, with attention={model.attention!r}."
        )
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            raise ValueError(f"{name} has shape {weights[name].shape}; expected {shape}.")
    largest = max(np.abs(weight).max() for weight in weights.values())
    if largest > np.finfo(model.dtype).max:
        raise ValueError(f"the weights contain {largest:g}, which does not fit {model.dtype}.")
    source, model.source_ = _symbols(model.source, network.n_source_inputs, "source")
    target, model.target_ = _symbols(model.target, network.n_inputs, "target")
    flat = network.table.flat(weights, model.dtype)
    state = TrainingState(flat, random_generator(model.random_state))
    model._set_fitted(
        state, Translator(network, flat, source, target, max_target_length, n_jobs=model.n_jobs)
    )
    return model


def require_gru(estimator):
    """Raise a ValueError for an estimator of other cells, which no other library has."""
    if estimator.cell != "gru":
        raise ValueError(
            f"cell is {estimator.cell!r}, and the weights are those of GRU layers: set cell='gru'."
        )


def _gru_state(state, name):
    """A state of torch.nn.GRU as arrays; layers without biases get zeros."""
    arrays = {key: finite_array(value, f"{name}[{key!r}]") for key, value in state.items()}
    if not any(key.startswith("bias") for key in arrays):
        for key in [key for key in arrays if key.startswith("weight_ih")]:
            for bias in ("bias_ih", "bias_hh"):
                arrays[key.replace("weight_ih", bias)] = np.zeros(len(arrays[key]))
    n_layers = 1 + max((int(m[1]) for key in arrays if (m := re.match(r"weight_ih_l(\d+)", key))), default=0)
    both_ways = ("", "_reverse")[: 1 + ("weight_ih_l0_reverse" in arrays)]
    expected = {f"{kind}_l{i}{way}" for kind in KINDS for i in range(n_layers) for way in both_ways}
    if set(arrays) != expected:
        raise ValueError(
            f"{name} must have the weights of a torch.nn.GRU; missing: {sorted(expected - set(arrays))}, "
            f"unknown: {sorted(set(arrays) - expected)}."
        )
    return arrays


def _table(state, name):
    """The table of a state of torch.nn.Embedding, or itself."""
    table = finite_array(state["weight"] if isinstance(state, dict) else state, name)
    if table.ndim != 2:
        raise ValueError(f"{name} has {table.ndim} dimensions; expected (n_tokens, embedding_dim).")
    return table


def _symbols(sequencer, n_tokens, name):
    """Symbols of one side for a table of `n_tokens` rows, and the sequencer, or None for integers."""
    if sequencer is None:
        return IntegerSymbols(n_tokens - 1), None
    if not isinstance(sequencer, TextSequencer):
        raise TypeError(f"{name} must be a TextSequencer or None; got a {type(sequencer).__name__}.")
    fitted = clone(sequencer)
    vocabulary = getattr(sequencer, "vocabulary_", None) if sequencer.vocabulary is None else None
    fitted.set_params(**({} if vocabulary is None else {"vocabulary": vocabulary}))
    fitted.fit([[] if fitted.analyzer is None else ""])  # with a given vocabulary nothing is learned
    if fitted.n_tokens_ != n_tokens:
        raise ValueError(
            f"{name} has {fitted.n_tokens_} tokens, special ones included, but {name}_embedding has "
            f"{n_tokens} rows."
        )
    return TextSymbols(fitted._encoder()), fitted
