"""Fitted estimators from weights that another framework has trained."""

import numpy as np
from sklearn.base import clone

from ..estimators import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger
from ..estimators._automatic import automatic_readouts
from ..estimators._given_weights import finite_array, require_gru
from ..estimators._networks import convolutions_of, is_auto, readouts_of, setting
from ..outputs import Classes, Labels, Values
from ..runtime import Predictor
from ..sequences import Framing, Numbers, Tokens

__all__ = ["finite_array", "fitted_estimator", "is_classifier", "require_estimator"]

ESTIMATORS = GRUClassifier, GRURegressor, GRUTagger, GRUStepRegressor


def require_estimator(estimator):
    """Raise a TypeError for what is none of `ESTIMATORS`."""
    if type(estimator) not in ESTIMATORS:
        *names, last = (each.__name__ for each in ESTIMATORS)
        raise TypeError(
            f"estimator is a {type(estimator).__name__}; expected a {', '.join(names)} or {last}."
        )


def is_classifier(estimator):
    """Whether its outputs are logits of classes."""
    return isinstance(estimator, (GRUClassifier, GRUTagger))


def fitted_estimator(estimator, weights, network, classes, multilabel, scaling=None):
    """A clone of `estimator`, fitted, with these weights.

    Parameters
    ----------
    estimator : GRUClassifier, GRURegressor, GRUTagger or GRUStepRegressor
    weights : dict of str to ndarray
        By name, in torch's shapes; finite. With "embedding.weight" the estimator reads tokens.
    network : dict
        The estimator's parameters that the weights determine, besides `hidden_layer_sizes`: those of
        directions and of the cell.
    classes : array-like or None
    multilabel : bool
    scaling : Scaling or None
        Of the features of a step, before the weights.
    """
    require_estimator(estimator)
    estimator._validate_params()
    require_gru(estimator)
    convolutions = _convolutions(estimator, weights)
    readouts = readouts_of(estimator)
    if readouts is not None and "attention" in readouts:
        raise ValueError("estimator has pooling='attention', which neither torch's nor Keras's layers have.")
    n_layers = sum(name.startswith("gru.weight_hh") and "reverse" not in name for name in weights)
    sizes = [len(np.atleast_1d(weights[f"gru.weight_hh_l{i}"])) // 3 for i in range(n_layers)]
    n_states = sizes[-1] * (1 + bool(network.get("bidirectional")))
    if is_auto(setting(estimator, "pooling")) and convolutions:
        n_read, n_channels = np.shape(weights["head.weight"])[1], convolutions[-1][0]
        readouts = automatic_readouts(estimator, n_read, n_states, n_channels)
    first = "conv.0.weight" if convolutions else "gru.weight_ih_l0"
    n_inputs = np.shape(weights[first])[1]
    inputs, reading = _inputs(estimator, weights.get("embedding.weight"), n_inputs, first)
    if scaling is not None:
        inputs, reading = inputs._replace(scaling=scaling), reading | {"standardize": True}
    weights, classes = _with_classes(weights, classes, estimator, multilabel)
    model = clone(estimator)
    if convolutions:
        channels, kernel_sizes, _ = zip(*convolutions, strict=True)
        reading |= {"conv_channels": channels, "conv_kernel_size": kernel_sizes}
    if "n_estimators" in model.get_params(deep=False):
        reading |= {"n_estimators": 1}
    model.set_params(**{"hidden_layer_sizes": tuple(sizes), "standardize": False} | reading | network)
    model._validate_params()
    n_outputs = len(weights["head.bias"])
    config = {
        "n_features": n_inputs, "hidden_layer_sizes": sizes, "pooling": readouts,
        "n_outputs": n_outputs, **network,
    }  # fmt: skip
    if isinstance(inputs, Tokens):
        config["n_tokens"] = inputs.n_tokens
    if convolutions:
        config["convolutions"] = convolutions
    if is_classifier(estimator):
        decoding = (Labels if multilabel else Classes)(classes)
        state = {}
    else:
        settings = model._target_settings()
        n_targets, rest = divmod(n_outputs, settings.n_quantiles)
        decoding = Values(n_targets, None, settings.loss == "poisson", settings.n_quantiles)
        if rest:
            raise ValueError(
                f"the head has {n_outputs} rows, which is not a multiple of the number of levels of "
                f"quantile={model.quantile!r}."
            )
        state = {"loss": settings.loss, "quantile": settings.levels}
    largest = max(np.abs(weight).max() for weight in weights.values())
    if largest > np.finfo(model.dtype).max:
        raise ValueError(f"the weights contain {largest:g}, which does not fit {model.dtype}.")
    predictor = Predictor.of_weights(config, weights, model.dtype, inputs, decoding)
    features = {"n_features_in_": inputs.n_features, "feature_names_in_": None}
    state |= {"out_activation_": decoding.activation, "fitted_on_table": False}
    return model._restored(predictor, state | features)


def _convolutions(estimator, weights):
    """The (n_outputs, kernel_size, pool) of each of the convolutions, whose pooling the estimator says."""
    n = sum(name.startswith("conv.") for name in weights)
    if n == 0 and convolutions_of(estimator):
        raise ValueError(
            f"estimator has conv_channels={estimator.conv_channels!r}, but the weights have no convolutions."
        )
    shapes = [np.shape(weights[f"conv.{i}.weight"]) for i in range(n)]
    pools = np.atleast_1d(getattr(estimator, "conv_pool", 1)).tolist()
    if len(pools) not in (1, n) and n > 0:
        raise ValueError(f"conv_pool is {estimator.conv_pool!r}, and the weights have {n} convolutions.")
    pools = pools * n if len(pools) == 1 else pools
    return [[shape[0], shape[2], pool] for shape, pool in zip(shapes, pools, strict=False)]


def _inputs(estimator, table, n_inputs, first):
    """How sequences become the rows of `n_inputs` that the first layer takes, and parameters that say so."""
    if table is not None:
        if table.ndim != 2 or table.shape[1] != n_inputs:
            raise ValueError(
                f"embedding.weight is {table.shape}; expected (n_tokens, {n_inputs}), since {first} "
                f"takes {n_inputs} inputs."
            )
        reading = {"embedding_dim": n_inputs, "n_tokens": len(table), "embedding_weights": None}
        return Tokens(len(table)), reading
    if estimator.embedding_dim is not None:
        raise ValueError(
            f"estimator has embedding_dim={estimator.embedding_dim}, but the weights have no embedding."
        )
    length, hop_length = setting(estimator, "frame_length"), setting(estimator, "hop_length")
    length = 1 if length == "auto" else int(length)
    framing = Framing(length, length if hop_length is None else int(hop_length))
    if n_inputs % length:
        raise ValueError(
            f"{first} takes {n_inputs} inputs, which is not a multiple of frame_length={length}."
        )
    reading = {"frame_length": length} if "frame_length" in estimator.get_params() else {}
    return Numbers(n_inputs // length, None, framing), reading


def _with_classes(weights, classes, estimator, multilabel):
    """Weights whose head has gruc's rows, for sorted classes; and these classes."""
    W, b = np.atleast_2d(weights["head.weight"]), np.atleast_1d(weights["head.bias"])
    if W.ndim != 2 or b.shape != (len(W),):
        raise ValueError(f"the head's weight is {W.shape}, its bias {b.shape}; expected (K, F) and (K,).")
    name = type(estimator).__name__
    if not is_classifier(estimator):
        if classes is not None or multilabel:
            argument = "multilabel=True is" if multilabel else "classes are"
            raise ValueError(f"{argument} given, but the estimator is a {name}.")
        return weights, None
    if multilabel and isinstance(estimator, GRUTagger):
        raise ValueError("multilabel=True is given, but a GRUTagger predicts one label per step.")
    if multilabel:
        if classes is not None:
            raise ValueError(
                "classes are given with multilabel=True, where the labels are the head's rows in their order."
            )
        if len(W) < 2:
            raise ValueError(
                "multilabel=True is for a head of two rows or more; one row is the logit of the second of "
                "two classes: multilabel=False."
            )
        return weights, np.arange(len(W))
    n_classes = max(2, len(W))
    classes = np.arange(n_classes) if classes is None else np.asarray(classes)
    if classes.shape != (n_classes,) or len(np.unique(classes)) != n_classes:
        raise ValueError(
            f"classes must be {n_classes} different labels, one for each row of the head; got {classes}."
        )
    order = np.argsort(classes)
    if len(W) == 1:  # the logit of the second class
        sign = 1 if order[0] == 0 else -1
        W, b = sign * W, sign * b
    else:
        W, b = W[order], b[order]
    if len(W) == 2:
        W, b = W[1:] - W[:1], b[1:] - b[:1]
    return weights | {"head.weight": W, "head.bias": b}, classes[order]
