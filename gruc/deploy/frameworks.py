"""Weights to and from torch and Keras, which are not imported.

Torch has gruc's gate order r, z, n and shapes (outputs, inputs); Keras has z, r, h and
(inputs, outputs). In all three z is the share of the old state that is kept.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from ..estimators import GRUClassifier, GRURegressor
from ..runtime import Predictor
from ..sequences import Framing
from .keras_layers import KerasWeights, are_layers, of_layers

__all__ = ["from_keras", "from_torch", "to_keras", "to_torch"]


# ---- out


def to_torch(model: Any) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Weights for ``torch.nn.GRU`` and ``torch.nn.Linear``.

    Scaling is folded in: the GRU takes X as it is, frames as rows where the model has a
    `frame_length_`. The output of the linear layer is logits or values: one logit for two
    classes, of which the sigmoid is the probability of the second; several for more classes (softmax),
    or one for each label of a multilabel model (sigmoid of each); a Poisson model's are
    logarithms. What goes between the two is for the caller: the last states of both directions
    (``h_n``, not ``output[:, -1]``), the mean or the largest, as `pooling` is.

    A feature whose mean is a hundred times its deviation costs two digits of float32 that way, and
    so on: fit such data with its mean taken off, or in float64.

    Parameters
    ----------
    model : fitted GRUClassifier or GRURegressor, or Predictor

    Returns
    -------
    gru_state, head_state : dict of str to ndarray
        What `load_state_dict` takes, once made tensors; ``torch.nn.GRU(n_features *
        frame_length, H, num_layers, bidirectional=..., batch_first=True)``.

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
    predictor = predictor_of(model)
    if not predictor.config["reset_after"]:
        raise ValueError(
            "torch.nn.GRU resets after the recurrent product and cannot hold a model with "
            "reset_after=False; fit one with reset_after=True."
        )
    _refuse_attention(predictor, "torch")
    weights = unscaled_weights(predictor)
    gru = {name.removeprefix("gru."): w for name, w in weights.items() if name.startswith("gru.")}
    return gru, {"weight": weights["head.weight"], "bias": weights["head.bias"]}


def to_keras(model: Any) -> list[NDArray[Any]]:
    """Weights for a Keras model of GRU layers and a Dense layer, in ``get_weights``'s order.

    Scaling is folded in, as `to_torch` has it.

    Parameters
    ----------
    model : fitted GRUClassifier or GRURegressor, or Predictor

    Returns
    -------
    weights : list of ndarray
        For each ``GRU(H, reset_after=..., return_sequences=...)``, or ``Bidirectional`` of one,
        and direction: kernel (D, 3H), recurrent kernel (H, 3H), bias (2, 3H) or, with reset
        before, (3H,); then the Dense layer's kernel (F, K) and bias (K,).

    Raises
    ------
    ValueError
        Attention is none of these layers.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> [weight.shape for weight in gruc.to_keras(model)]
    [(12, 24), (8, 24), (2, 24), (8, 9), (9,)]
    """
    predictor = predictor_of(model)
    _refuse_attention(predictor, "Keras")
    weights = unscaled_weights(predictor)
    out = []
    for suffix in suffixes(len(predictor.config["hidden_layer_sizes"]), predictor.config["bidirectional"]):
        out.append(swapped(weights[f"gru.weight_ih_{suffix}"]).T)
        out.append(swapped(weights[f"gru.weight_hh_{suffix}"]).T)
        biases = [
            swapped(weights[f"gru.bias_{kind}_{suffix}"]) for kind in ("ih", "hh")[: _n_biases(predictor)]
        ]
        out.append(np.stack(biases) if len(biases) == 2 else biases[0])
    out += [weights["head.weight"].T, weights["head.bias"]]
    return [np.ascontiguousarray(weight) for weight in out]


def predictor_of(model):
    return model if isinstance(model, Predictor) else Predictor.from_estimator(model)


def _n_biases(predictor):
    return 2 if predictor.config["reset_after"] else 1


def suffixes(n_layers, bidirectional):
    return [f"l{i}{way}" for i in range(n_layers) for way in ("", "_reverse")[: 1 + bidirectional]]


def swapped(weight):
    """Blocks r, z, n of (3H, ...) as z, r, n, or back."""
    r, z, n = np.split(weight, 3)
    return np.concatenate([z, r, n])


def _refuse_attention(predictor, framework):
    if predictor.config["pooling"] == "attention":
        raise ValueError(
            f"{framework} has no layer for the additive attention of pooling='attention'; model.weights_ "
            "holds its weights, docs/math.md its equations."
        )


def unscaled_weights(predictor, centre=None):
    """Weights by name, in torch's shapes and the model's dtype, that take X and give y as they are.

    `centre` (D,) is what X has lost already.
    """
    config = predictor.config
    weights = {name: weight.astype(np.float64) for name, weight in predictor.weights.items()}
    if predictor.scaling is not None:  # W ((x - mean) / scale) + b
        mean, scale = predictor.scaling
        mean = mean if centre is None else mean - centre
        mean, scale = (np.tile(part, predictor.framing.length) for part in (mean, scale))
        for suffix in suffixes(1, config["bidirectional"]):
            weights[f"gru.weight_ih_{suffix}"] /= scale
            weights[f"gru.bias_ih_{suffix}"] -= weights[f"gru.weight_ih_{suffix}"] @ mean
    if predictor.target_scaling is not None:
        mean, scale = (np.repeat(part, predictor.n_quantiles) for part in predictor.target_scaling)
        weights["head.weight"] *= scale[:, np.newaxis]
        weights["head.bias"] = weights["head.bias"] * scale + mean
    dtype = predictor.parameters.dtype
    for name, weight in weights.items():
        if not np.abs(weight).max() <= np.finfo(dtype).max:
            raise ValueError(
                f"{name}, with the scales of features and targets folded in, does not fit {dtype}."
            )
    return {name: weight.astype(dtype) for name, weight in weights.items()}


# ---- in


def from_torch(
    estimator: Any,
    gru_state: dict[str, Any],
    head_state: dict[str, Any],
    classes: ArrayLike | None = None,
    *,
    multilabel: bool = False,
) -> Any:
    """A fitted estimator with the weights of a ``torch.nn.GRU`` and a ``torch.nn.Linear``.

    Parameters
    ----------
    estimator : GRUClassifier or GRURegressor
        Cloned; its `pooling`, `dtype`, `frame_length` and all that training needs are kept.
        `hidden_layer_sizes` and `bidirectional` become the weights', `standardize` False, and a
        `frame_length` of "auto" 1.
    gru_state, head_state : dict of str to tensor or array
        As `state_dict` gives them, of any floating type and device; layers without biases
        (``bias=False``) have zeros for them.
    classes : array-like of shape (n_classes,), default=None
        Labels, in the order of the head's rows; None: 0, 1, ... A head for two classes may have
        one row or two.
    multilabel : bool, default=False
        Whether the head was trained with a sigmoid for each of its rows (``BCEWithLogitsLoss``), so
        that each is a label which is there or not. Otherwise several rows are classes, of which
        one is right (``CrossEntropyLoss``), and a single row is the logit of the second of two.

    Returns
    -------
    model : GRUClassifier or GRURegressor
        `partial_fit` goes on from these weights, with a fresh optimiser.

    Raises
    ------
    ValueError
        Weights that are missing, unknown, or do not fit together; the message names them.

    Notes
    -----
    Weights do not tell everything; taken for granted is that the head sees what the estimator's
    `pooling` says: with "last" the last state of the top layer, of both directions ``h_n``, not
    ``output[:, -1]``, whose backward part has seen one step only. ``batch_first`` and ``dropout``
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
    gru = {name: _array(value, f"gru_state[{name!r}]") for name, value in gru_state.items()}
    head = {name: _array(value, f"head_state[{name!r}]") for name, value in head_state.items()}
    bidirectional = "weight_ih_l0_reverse" in gru
    n_layers = 1 + max((int(m[1]) for name in gru if (m := re.match(r"weight_ih_l(\d+)", name))), default=0)
    if not any(name.startswith("bias") for name in gru):  # torch.nn.GRU(bias=False)
        for name in [name for name in gru if name.startswith("weight_ih")]:
            for bias in ("bias_ih", "bias_hh"):
                gru[name.replace("weight_ih", bias)] = np.zeros(len(gru[name]))
    if "weight" in head:
        head.setdefault("bias", np.zeros(len(head["weight"])))
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    expected = {f"{kind}_{suffix}" for suffix in suffixes(n_layers, bidirectional) for kind in kinds}
    for where, given, names in (("gru_state", gru, expected), ("head_state", head, {"weight", "bias"})):
        if set(given) != names:
            raise ValueError(
                f"{where} lacks {sorted(names - set(given))} and has {sorted(set(given) - names)} beyond "
                "what a torch.nn.GRU, with its Linear beside it, has."
            )
    weights = {f"gru.{name}": value for name, value in gru.items()}
    weights |= {f"head.{name}": value for name, value in head.items()}
    return _fitted_with(estimator, weights, n_layers, bidirectional, True, classes, multilabel)


def from_keras(
    estimator: Any, weights: Any, classes: ArrayLike | None = None, *, multilabel: bool = False
) -> Any:
    """A fitted estimator with the weights of Keras's GRU layers and Dense layer.

    Parameters
    ----------
    estimator : GRUClassifier or GRURegressor
        As `from_torch` has it. If arrays are given, its `bidirectional` says whether the layers
        are, and, if they have no biases, its `reset_after` how they reset.
    weights : Keras model, list of its layers, or list of ndarray
        Of a model, or of layers, it is checked that they compute what the estimator does. Arrays are
        as ``get_weights`` gives them; see `to_keras`. Layers without biases (``use_bias=False``)
        have zeros for them.
    classes : array-like of shape (n_classes,), default=None
        Labels, in the order of the Dense layer's units; None: 0, 1, ...
    multilabel : bool, default=False
        Whether each of the Dense layer's units is a label which is there or not (sigmoid), as
        `from_torch` has it.

    Returns
    -------
    model : GRUClassifier or GRURegressor
        `partial_fit` goes on from these weights, with a fresh optimiser.

    Raises
    ------
    ValueError
        Weights that do not fit together, or a layer that computes something else; the message names
        them.

    Notes
    -----
    Of arrays the following is taken for granted, of layers it is checked: GRU layers have
    ``activation="tanh"``, ``recurrent_activation="sigmoid"``, ``go_backwards=False`` and
    ``stateful=False``, Bidirectional ones ``merge_mode="concat"``. Between them and the Dense layer
    stands what `pooling` says: nothing for "last", ``GlobalAveragePooling1D`` for "mean",
    ``GlobalMaxPooling1D`` for "max". The Dense layer's activation is softmax for several classes,
    sigmoid for one unit or several labels, linear for a regressor (exponential with
    ``loss="poisson"``), or linear for logits. Dropout has no effect, and Masking stands for padding, which
    gruc's sequences do not have.

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
    _require_estimator(estimator)
    if are_layers(weights):
        given = of_layers(weights, estimator, multilabel)
        flat = [array for way in given.gru for array in way] + given.dense
        each = iter([_array(value, f"weights[{i}]") for i, value in enumerate(flat)])
        given = given._replace(
            gru=[[next(each) for _ in way] for way in given.gru], dense=[next(each) for _ in given.dense]
        )
    else:
        arrays = [_array(value, f"weights[{i}]") for i, value in enumerate(weights)]
        given = _of_arrays(arrays, bool(estimator.bidirectional), bool(estimator.reset_after))
    kernel, bias = (*given.dense, np.zeros(given.dense[0].shape[-1]))[:2]
    named, place = {"head.weight": kernel.T, "head.bias": bias}, 0
    n_layers = len(given.gru) // (2 if given.bidirectional else 1)
    for suffix, way in zip(suffixes(n_layers, given.bidirectional), given.gru, strict=True):
        for array, ndim in zip(way, (2, 2, 1 + given.reset_after), strict=False):
            if array.ndim != ndim or array.shape[-1] % 3:
                raise ValueError(
                    f"weights[{place}] is {array.shape}; expected (..., 3H) of {ndim} dimensions."
                )
            place += 1
        n_biases = 2 if given.reset_after else 1
        kernel, recurrent, bias = (*way, np.zeros((n_biases, way[0].shape[1])))[:3]
        named[f"gru.weight_ih_{suffix}"] = swapped(kernel.T)
        named[f"gru.weight_hh_{suffix}"] = swapped(recurrent.T)
        for kind, value in zip(("ih", "hh"), bias.reshape(n_biases, -1), strict=False):
            named[f"gru.bias_{kind}_{suffix}"] = swapped(value)
    return _fitted_with(
        estimator, named, n_layers, given.bidirectional, given.reset_after, classes, multilabel
    )


def _of_arrays(arrays, bidirectional, reset_after):
    """Arrays by layer: those of a Keras model whose GRU layers, or whose Dense layer, may lack biases."""
    n_ways, by_count = 2 if bidirectional else 1, {}
    for n_dense, n_each in ((2, 3), (2, 2), (1, 3), (1, 2)):
        n_layers = (len(arrays) - n_dense) // (n_each * n_ways)
        n_gru = n_layers * n_each * n_ways
        if n_layers < 1 or n_gru + n_dense != len(arrays):
            continue
        gru, dense = [arrays[i : i + n_each] for i in range(0, n_gru, n_each)], arrays[n_gru:]
        after = gru[0][2].ndim == 2 if n_each == 3 else reset_after
        by_count[n_dense, n_each] = given = KerasWeights(gru, dense, bidirectional, after)
        if _shapes_fit(given):
            return given
    if (2, 3) in by_count:  # with all biases: what does not fit is said later
        return by_count[2, 3]
    raise ValueError(
        f"weights has {len(arrays)} arrays; GRU layers with bidirectional={bidirectional} have {3 * n_ways} "
        f"each, or {2 * n_ways} without biases, and a Dense layer 2, or 1. Their shapes are "
        f"{', '.join(str(array.shape) for array in arrays[:12])}."
    )


def _shapes_fit(given):
    """Whether the arrays of layers fit together."""
    n_ways = 2 if given.bidirectional else 1
    n_inputs = None
    for i, (kernel, recurrent, *bias) in enumerate(given.gru):
        H = len(recurrent)
        if i % n_ways == 0 and i > 0:
            n_inputs = n_ways * len(given.gru[i - 1][1])
        shapes = [(len(kernel) if n_inputs is None else n_inputs, 3 * H), (H, 3 * H)]
        shapes += [(2, 3 * H) if given.reset_after else (3 * H,)] * len(bias)
        if [array.shape for array in (kernel, recurrent, *bias)] != shapes:
            return False
    kernel, *bias = given.dense
    F = n_ways * len(given.gru[-1][1])
    return kernel.ndim == 2 and len(kernel) == F and all(each.shape == kernel.shape[1:] for each in bias)


def _require_estimator(estimator):
    if type(estimator) not in (GRUClassifier, GRURegressor):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}; expected a GRUClassifier or GRURegressor."
        )


def _array(value, name):
    """A tensor or array as finite float64."""
    try:
        if hasattr(value, "detach"):  # torch's, on whatever device
            value = value.detach().cpu()
            if value.is_floating_point():  # NumPy has no bfloat16
                value = value.double()
        array = np.asarray(value)
        if array.dtype.kind in "cSUMm":
            raise ValueError(f"it holds {array.dtype}")
        array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are not finite.")
    return array


def _fitted_with(estimator, weights, n_layers, bidirectional, reset_after, classes, multilabel):
    """A clone of the estimator, fitted: its weights by name, in torch's shapes."""
    _require_estimator(estimator)
    if estimator.pooling == "attention":
        raise ValueError("estimator has pooling='attention', which neither torch's nor Keras's layers have.")
    estimator._validate_params()
    sizes = [len(np.atleast_1d(weights[f"gru.weight_hh_l{i}"])) // 3 for i in range(n_layers)]
    frame_length = 1 if estimator.frame_length == "auto" else int(estimator.frame_length)
    hop_length = frame_length if estimator.hop_length is None else int(estimator.hop_length)
    n_inputs = np.shape(weights["gru.weight_ih_l0"])[-1]
    if n_inputs % frame_length:
        raise ValueError(
            f"gru.weight_ih_l0 takes {n_inputs} inputs, which frames of frame_length={frame_length} do not "
            "make."
        )
    is_classifier = isinstance(estimator, GRUClassifier)
    weights, classes = _with_classes(weights, classes, is_classifier, multilabel)
    model = clone(estimator).set_params(
        hidden_layer_sizes=tuple(sizes), bidirectional=bidirectional, reset_after=reset_after,
        standardize=False, frame_length=frame_length,
    )  # fmt: skip
    model._validate_params()
    n_outputs = len(weights["head.bias"])
    config = {
        "n_features": n_inputs, "hidden_layer_sizes": sizes, "bidirectional": bidirectional,
        "reset_after": reset_after, "pooling": model.pooling, "n_outputs": n_outputs,
    }  # fmt: skip
    decoding = {"framing": Framing(frame_length, hop_length)}
    state = {}
    if is_classifier:
        decoding |= {"classes": classes, "multilabel": bool(multilabel)}
        state["out_activation_"] = "logistic" if n_outputs == 1 or multilabel else "softmax"
    else:
        decoding |= {"log_link": model.loss == "poisson", "n_quantiles": model._n_quantiles()}
        if n_outputs % decoding["n_quantiles"]:
            raise ValueError(
                f"the head has {n_outputs} rows, which quantile={model.quantile!r} does not divide."
            )
        state |= {"loss": model.loss, "quantile": model._levels()}
        state["out_activation_"] = "exp" if model.loss == "poisson" else "identity"
    largest = max(np.abs(weight).max() for weight in weights.values())
    if largest > np.finfo(model.dtype).max:
        raise ValueError(f"the weights hold {largest:g}, which {model.dtype} does not.")
    predictor = Predictor.of_weights(config, weights, model.dtype, **decoding)
    return model._restored(predictor, state | {
        "fitted_on_table": False, "n_features_in_": n_inputs // frame_length, "feature_names_in_": None,
        "n_iter_": 0, "t_": 0, "loss_curve_": [], "best_loss_": np.inf, "validation_loss_curve_": [],
        "validation_scores_": [], "validation_epochs_": [], "best_iter_": 0,
    })  # fmt: skip


def _with_classes(weights, classes, is_classifier, multilabel):
    """Weights whose head has gruc's rows, for sorted classes."""
    W, b = np.atleast_2d(weights["head.weight"]), np.atleast_1d(weights["head.bias"])
    if W.ndim != 2 or b.shape != (len(W),):
        raise ValueError(f"the head's weight is {W.shape}, its bias {b.shape}; expected (K, F) and (K,).")
    if not is_classifier:
        if classes is not None or multilabel:
            given = "multilabel=True is" if multilabel else "classes are"
            raise ValueError(f"{given} given, but the estimator is a GRURegressor.")
        return weights, None
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
            f"classes must be {n_classes} different labels, one a row of the head; got {classes}."
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
