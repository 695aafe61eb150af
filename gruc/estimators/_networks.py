"""The network of a fit, made from an estimator's parameters or continued."""

import zlib
from numbers import Integral

import numpy as np

from ..conventions.parameter_names import setting
from ..network import OF_CONVOLUTIONS, READOUTS, GRUNetwork
from ..sequences import MOST_TOKENS, Framing, Moments, Numbers, Tokens, check_range, numeric_array
from ..training import TrainingState
from ._smooth_features import MANY_SEQUENCES, add_differences, smoothness

# The statistics of partial_fit are those of its first calls, until they have seen this many sequences:
# the standard deviation of ten has an error of a quarter, that of one is undefined.
ENOUGH_SEQUENCES = 10


def auto_frame_length(lengths):
    """A 25th of the median length, but 4 at least and 16 at most; in short sequences a sixth or less.

    Found by cross-validation inside training parts: benchmarks/defaults.py.
    """
    n_steps = int(np.median(lengths))
    return max(1, min(n_steps // 6, max(4, n_steps // 25), 16))


def framing_of(model, lengths):
    """The framing that an estimator's parameters ask for, with sequences of these lengths."""
    length, hop_length = setting(model, "frame_length"), setting(model, "hop_length")
    if length == "auto":
        length = 1 if convolutions_of(model) else auto_frame_length(lengths)
    return Framing(int(length), int(length if hop_length is None else hop_length))


def inputs_of(model, sequences, sample_weight=None):
    """How a new network reads sequences; they are not scaled yet."""
    if model.embedding_dim is not None:
        inputs = Tokens(_table_size(model, sequences))
        inputs.check_range(sequences, model.dtype, "X")
        return inputs
    lengths = sequences.lengths if sample_weight is None else sequences.lengths[sample_weight > 0]
    return Numbers(sequences.n_features, None, framing_of(model, lengths))


# parameters of a table of tokens, which have no meaning without `embedding_dim`
EMBEDDING_DEFAULTS = {
    "n_tokens": None,
    "embedding_weights": None,
    "train_embedding": True,
    "embedding_dropout": 0.0,
}


def _table_size(model, sequences):
    """Rows of the table of vectors."""
    if model.embedding_weights is not None:
        return len(model.embedding_weights)
    if model.n_tokens is None:
        return int(sequences.highest[0]) + 1
    if model.n_tokens > MOST_TOKENS:
        raise ValueError(f"n_tokens is {model.n_tokens}; the most there can be is {MOST_TOKENS}.")
    return int(model.n_tokens)


def readouts_of(model):
    """The parameter `pooling` as networks take it: a name, a list of several, or None."""
    pooling = setting(model, "pooling")
    pooling = "last" if is_auto(pooling) else pooling
    if pooling is None or isinstance(pooling, str):
        return pooling
    names = list(pooling)
    known = [name for name in names if isinstance(name, str) and name in {**READOUTS, **OF_CONVOLUTIONS}]
    of_convolutions = [name for name in known if name in OF_CONVOLUTIONS]
    if not names or len(known) < len(names) or len(set(names)) < len(names):
        raise ValueError(
            f"pooling must be one of {', '.join(map(repr, READOUTS))}, or a tuple of several that "
            f"differ, with convolutions also {' and '.join(map(repr, OF_CONVOLUTIONS))}; got {pooling!r}."
        )
    if of_convolutions and not is_auto(model.conv_channels) and not convolutions_of(model):
        raise ValueError(
            f"pooling is {pooling!r}, but there are no convolutions for {of_convolutions[0]!r} to read. Set "
            "conv_channels, or leave it out."
        )
    if len(of_convolutions) == len(names):
        raise ValueError(
            f"pooling is {pooling!r}, which reads nothing of the GRU layers. Add one of "
            f"{', '.join(map(repr, READOUTS))}."
        )
    return names if len(names) > 1 else names[0]


def auto_batch_size(n_sequences):
    """A 64th of the sequences, within 8 and 128: few need many steps, many need speed."""
    return min(max(8, n_sequences // 64), 128)


def is_auto(value):
    """Whether a parameter is "auto"."""
    return isinstance(value, str) and value == "auto"


def convolutions_of(model):
    """The (n_outputs, kernel_size, pool) of each convolution that an estimator asks for; none of "auto"."""
    if is_auto(getattr(model, "conv_channels", ())):
        return []
    channels = _counts(getattr(model, "conv_channels", ()), "conv_channels")  # forecasters have none
    settings = []
    for name, default in CONVOLUTION_DEFAULTS.items():
        given = getattr(model, name, 1)  # taggers have no conv_pool
        sizes = [default] if is_auto(given) else _counts(given, name)
        if not channels and sizes != [default] and name in model.get_params(deep=False):
            raise ValueError(
                f"{name} is {given!r}, but conv_channels is (), and so there are no convolutions. Set "
                f"conv_channels to the number of outputs of each, or leave {name} {default}."
            )
        if channels and len(sizes) not in (1, len(channels)):
            raise ValueError(
                f"{name} is {given!r}, and conv_channels has {len(channels)} convolutions: give one "
                "number, or one for each."
            )
        if name == "conv_kernel_size" and max(sizes) > LONGEST_KERNEL:
            raise ValueError(
                f"conv_kernel_size is {given!r}; a convolution reads at most {LONGEST_KERNEL} steps. For "
                "longer patterns, take several convolutions, or a larger conv_pool."
            )
        settings.append(sizes * len(channels) if len(sizes) == 1 else sizes)
    return [list(sizes) for sizes in zip(channels, *settings, strict=False)]


# Steps that a convolution reads at most: a mistyped number must not fill the memory.
LONGEST_KERNEL = 4096

# parameters of convolutions, which have no meaning without `conv_channels`
CONVOLUTION_DEFAULTS = {"conv_kernel_size": 5, "conv_pool": 2}


def _counts(given, name):
    """A parameter that is a number or several as a list of int."""
    ordered = not isinstance(given, (set, frozenset, dict, str))
    listed = np.atleast_1d(np.asarray(given, dtype=object)).tolist() if ordered else [None]
    if not all(isinstance(n, Integral) and not isinstance(n, bool) and 0 < n < 2**31 for n in listed):
        raise ValueError(f"{name} must be a positive integer, or one for each convolution; got {given!r}.")
    return [int(n) for n in listed]


def check_reading(model):
    """Refuse parameters of the inputs that do not go together."""
    convolutions_of(model)
    readouts_of(model)
    if model.embedding_dim is None:
        for name, default in EMBEDDING_DEFAULTS.items():
            value = getattr(model, name)
            if value is not None if default is None else value != default:
                shown = "given" if name == "embedding_weights" else value
                raise ValueError(
                    f"{name} is {shown}, but embedding_dim is None, so that X is numeric. Set "
                    f"embedding_dim to the dimension of the token embeddings, or leave {name} {default}."
                )
        return
    if model.embedding_weights is not None:
        vectors_of(model)
    frame_length = setting(model, "frame_length")
    if frame_length not in ("auto", 1) or setting(model, "hop_length") not in (None, 1):
        name = "hop_length" if frame_length in ("auto", 1) else "frame_length"
        raise ValueError(
            f"{name} is {getattr(model, name)}, and with embedding_dim each token is a separate input: "
            "leave frame_length 'auto' and hop_length None."
        )


def vectors_of(model):
    """The parameter `embedding_weights` as an array of the model's type, checked."""
    vectors = numeric_array(model.embedding_weights, "embedding_weights")
    expected = ("n_tokens" if model.n_tokens is None else int(model.n_tokens), int(model.embedding_dim))
    fits = vectors.ndim == 2 and vectors.shape[1] == expected[1] and vectors.shape[0] > 0
    if not fits or (model.n_tokens is not None and len(vectors) != expected[0]):
        raise ValueError(
            f"embedding_weights has shape {vectors.shape}; expected (n_tokens, embedding_dim), which is "
            f"({expected[0]}, {expected[1]})."
        )
    with np.errstate(over="ignore"):  # infinity is refused below
        vectors = vectors.astype(model.dtype)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f"embedding_weights[{row}] is not finite in {model.dtype}.")
    return vectors


def _digest(vectors):
    """Identifies vectors by their shape and a checksum."""
    return (*vectors.shape, zlib.crc32(np.ascontiguousarray(vectors)))


def origin_of(model):
    """`_embedding_origin` of a network that starts from the parameter `embedding_weights`; None without."""
    if model.embedding_dim is None or setting(model, "embedding_weights") is None:
        return None
    return _digest(vectors_of(model))


def _too_large(network, model, inputs, sequences):
    """The error of a table that there is no memory for."""
    n_tokens, gigabytes = inputs.n_tokens, network.table.size * np.dtype(model.dtype).itemsize / 1e9
    message = f"There is no memory for a table of {n_tokens} tokens, which takes {gigabytes:.3g} GB."
    if model.n_tokens is None and setting(model, "embedding_weights") is None:
        i, step = inputs.place_of_largest(sequences)
        message = (
            f"X[{i}] has token {n_tokens - 1} at step {step}, the largest. {message} Number the tokens that "
            "occur from 0 without gaps, as gruc.preprocessing.TextSequencer does."
        )
    return ValueError(message)


def network_config(model, inputs, n_outputs):
    """Arguments of `GRUNetwork`."""
    convolutions = {"convolutions": layers} if (layers := convolutions_of(model)) else {}
    if isinstance(inputs, Tokens):
        config = _layers_config(model, int(model.embedding_dim), n_outputs) | {"n_tokens": inputs.n_tokens}
    else:
        config = _layers_config(model, inputs.width, n_outputs)
    return config | convolutions


def _convolution_parameters(convolutions):
    """The parameters that ask for these convolutions, one number for each."""
    columns = zip(*convolutions, strict=True) if convolutions else ((), (), ())
    return dict(zip(("conv_channels", *CONVOLUTION_DEFAULTS), columns, strict=True))


def cell_config(model):
    """Arguments of a network that are those of its cells."""
    return {"cell": model.cell, "reset_after": bool(model.reset_after) or model.cell != "gru"}


def _layers_config(model, n_features, n_outputs):
    """Arguments of `GRUNetwork` but those of an embedding and of convolutions."""
    return {
        "n_features": n_features,
        "hidden_layer_sizes": layer_sizes(model.hidden_layer_sizes),
        "bidirectional": bool(setting(model, "bidirectional")),
        **cell_config(model),
        "pooling": readouts_of(model),
        "n_outputs": n_outputs,
    }


def new_network(model, inputs, n_outputs):
    """The network that an estimator's parameters ask for."""
    return GRUNetwork(**network_config(model, inputs, n_outputs), n_estimators=_n_estimators(model))


def _n_estimators(model):
    """How many networks an estimator asks for: one, if it has no parameter that says so."""
    return getattr(model, "n_estimators", 1)


def random_generator(random_state):
    """One generator for all that is random; a RandomState gives its seed. No global seed is used."""
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(np.iinfo(np.int32).max)
    return np.random.default_rng(random_state)


def initial_state(model, network, rng, inputs, sequences, weights):
    """The state before training on sequences with these weights, or None.

    Vectors of tokens that occur in none of them start at 0, the vector of a token that is dropped.
    """
    counted = np.arange(len(sequences)) if weights is None else np.flatnonzero(weights > 0)
    lengths, tokens = inputs.lengths(sequences)[counted], None
    if isinstance(inputs, Tokens):
        pretrained = setting(model, "embedding_weights") is not None
        tokens = np.zeros(0, np.intp) if pretrained else inputs.occurring(sequences, counted)
    vars(model).pop("_embedding_origin", None)
    try:
        state = TrainingState.initial(network, model.dtype, rng, tokens)
    except MemoryError:
        if tokens is None:
            raise
        raise _too_large(network, model, inputs, sequences) from None
    parameters = network.table.views(state.parameters)
    if setting(model, "embedding_weights") is not None:
        vectors = vectors_of(model)
        parameters[network.embedding.weight][:] = vectors
        model._embedding_origin = _digest(vectors)
    reads_steps = network.convolutions and isinstance(inputs, Numbers) and inputs.framing.length == 1
    if reads_steps and len(counted) >= MANY_SEQUENCES:
        weight = parameters[network.convolutions[0].weight]
        add_differences(weight, smoothness(sequences, counted), rng)
    set_update_gate_bias(model, network, parameters, int(lengths.max(initial=1)), rng)
    return state


def set_update_gate_bias(model, network, parameters, n_rows, rng):
    """Start the update gates as the estimator asks, for sequences of up to `n_rows` rows."""
    if model.update_gate_bias_init == "chrono":
        network.draw_update_gate_bias(parameters, n_rows, rng)
    else:
        network.set_update_gate_bias(parameters, model.update_gate_bias_init)


def check_continues(model, n_outputs):
    """Refuse parameters and targets that ask for another network than the one to continue with."""
    predictor = model._predictor
    inputs = predictor.inputs
    trained = predictor.network.named_config | {"dtype": predictor.parameters.dtype.name}
    trained["embedding_dim"] = trained["n_features"] if isinstance(inputs, Tokens) else None
    wanted = {"embedding_dim": model.embedding_dim}
    if isinstance(inputs, Tokens):
        if model.n_tokens is not None:
            wanted["n_tokens"] = model.n_tokens
        started_from_others = model.embedding_dim is not None and origin_of(model) != model._embedding_origin
        if model.embedding_weights is not None and started_from_others:
            raise ValueError(
                "embedding_weights are not the vectors that the existing network started from. Set them "
                "to None to go on from what was learned; or, to start anew, call fit with warm_start=False, "
                "or clone the estimator."
            )
    else:
        framing = inputs.framing
        trained |= {"standardize": inputs.scaling is not None}
        trained |= {"frame_length": framing.length, "hop_length": framing.hop}
        wanted["standardize"] = model.standardize
        frame_length, hop_length = setting(model, "frame_length"), setting(model, "hop_length")
        if frame_length != "auto":
            wanted["frame_length"], wanted["hop_length"] = framing_of(model, None)
        elif hop_length is not None:
            wanted["hop_length"] = hop_length
    wanted |= _layers_config(model, predictor.config["n_features"], n_outputs) | {"dtype": model.dtype}
    wanted |= _convolution_parameters(convolutions_of(model)) | {"n_estimators": _n_estimators(model)}
    trained |= _convolution_parameters(predictor.config.get("convolutions", []))
    trained["n_estimators"] = predictor.network.n_estimators
    refuse_differences(wanted, trained)


def refuse_differences(wanted, trained, parameters=None):
    """Refuse settings of a network, by name, that are not those of the network to go on with.

    `parameters` names those whose parameter has another name.
    """
    for name, value in wanted.items():
        if trained[name] != value:
            shown = name if parameters is None else parameters.get(name, name)
            raise ValueError(
                f"{shown} is {value}, but the existing network has {trained[name]}. To start "
                "anew, call fit with warm_start=False, or clone the estimator."
            )


def standardized(model, inputs, sequences, weights, first=None):
    """Inputs scaled by the statistics of these sequences.

    Parameters
    ----------
    model : BaseGRU
    inputs : Numbers or Tokens
        The latter are not scaled.
    sequences : Sequences
    weights : ndarray of shape (n,) or None
    first : (n_sequences, moments) or None
        Statistics of the first calls of partial_fit, which this one continues.

    Returns
    -------
    inputs : Numbers or Tokens
    statistics : (n_sequences, moments)
        Those of all these sequences, as plain values.
    """
    n_sequences, moments = len(sequences) if weights is None else np.count_nonzero(weights), None
    is_scaled = model.standardize and not isinstance(inputs, Tokens)
    if is_scaled:
        # squares must not overflow
        check_range(sequences.lowest, sequences.highest, None, "float64", "X")
        moments = Moments.of_sequences(sequences, weights)
    if first is not None:
        n_sequences += first[0]
        moments = None if moments is None else Moments.of_state(first[1]).combined(moments)
    if not is_scaled:
        return inputs, (n_sequences, None)
    return inputs._replace(scaling=moments.scaling()), (n_sequences, moments.state())


def layer_sizes(sizes):
    """The parameter `hidden_layer_sizes` as a list of int."""
    ordered = not isinstance(sizes, (set, frozenset, dict, str))
    listed = np.atleast_1d(np.asarray(sizes, dtype=object)).tolist() if ordered else []
    if not listed or not all(
        isinstance(size, Integral) and not isinstance(size, bool) and size > 0 for size in listed
    ):
        raise ValueError(
            f"hidden_layer_sizes must contain positive integers, one per GRU layer, at least one; got "
            f"{sizes!r}."
        )
    return [int(size) for size in listed]
