"""Random networks and batches that many tests want."""

from itertools import product

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.network import GRUNetwork
from gruc.sequences import as_sequences
from gruc.training import LOSSES, Loss, TrainingState
from sklearn.utils.estimator_checks import estimator_checks_generator

# tolerance of arithmetic by dtype, relative to values of order 1
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}

LENGTHS = [3, 1, 6, 6, 2, 4]
LENGTHS_OF = {
    "ragged": LENGTHS,
    "one step": [1, 1, 1],
    "one sequence": [5],
    "one of each": [1],
    "equal": [4, 4, 4],
}

# every structure: reset variant, layer sizes, directions, readout
STRUCTURES = [
    {
        "reset_after": reset_after,
        "hidden_layer_sizes": sizes,
        "bidirectional": both,
        "pooling": pooling,
    }
    for reset_after, sizes, both, pooling in product(
        (True, False), ([5], [4, 3]), (False, True), ("last", "mean", "max", "attention")
    )
]


# convolutions before the GRU layers: (channels, kernel size, pool) each
CONVOLUTIONS = {
    "one": [(3, 3, 1)],
    "pooled": [(3, 2, 2)],
    "three": [(5, 4, 2), (17, 3, 1), (3, 2, 3)],
    "longer than sequences": [(4, 9, 4)],
}


# several readouts side by side
STRUCTURES += [
    {"reset_after": True, "hidden_layer_sizes": sizes, "bidirectional": both, "pooling": pooling}
    for sizes, both, pooling in [
        ([5], False, ["last", "max"]),
        ([4, 3], True, ["max", "mean"]),
        ([3], True, ["attention", "last", "mean", "max"]),
    ]
]


# the cell with forget, input and output gates
STRUCTURES += [
    {
        "reset_after": True,
        "hidden_layer_sizes": sizes,
        "bidirectional": both,
        "pooling": pooling,
        "cell": "fio",
    }
    for sizes, both, pooling in [
        ([5], False, "last"),
        ([5], True, "attention"),
        ([4, 3], False, "mean"),
        ([4, 3], True, ["last", "max"]),
    ]
]


def structure_id(structure):
    return "-".join(
        [
            structure.get("cell") or ("after" if structure["reset_after"] else "before"),
            "x".join(map(str, structure["hidden_layer_sizes"])),
            "both" if structure["bidirectional"] else "forward",
            *([structure["pooling"]] if isinstance(structure["pooling"], str) else structure["pooling"]),
        ]
    )


def kernel_params(*more):
    """Instruction sets as parameters: the baseline and this processor's best; others are every_kernel."""
    by_default = ("baseline", kernels.available()[-1])
    return [
        name if name in by_default else pytest.param(name, marks=pytest.mark.every_kernel)
        for name in (*kernels.INSTRUCTION_SETS, *more)
    ]


def more_cases(*values):
    """Parameters that are left to `make test-all`."""
    return [pytest.param(value, marks=pytest.mark.every_kernel) for value in values]


# how structures are wired does not depend on the precision
WIRING_DTYPES = ["float64", *more_cases("float32")]


def only_with(name):
    """Body of a fixture: these kernels until the end of its scope."""
    if name != "blas" and name not in kernels.available():
        pytest.skip(f"this processor has no {name}, only {kernels.available()}")
    before = kernels.selected()
    kernels.select(name)
    yield name
    kernels.select(before)


def random_sequences(rng, lengths=LENGTHS, n_features=2):
    return [rng.standard_normal((length, n_features)) for length in lengths]


def random_network(rng, structure, n_features=2, n_outputs=3, dtype="float64"):
    """A network and a flat buffer of weights of order 1 / sqrt(H), biases included."""
    network = GRUNetwork(n_features=n_features, n_outputs=n_outputs, **structure)
    flat = (0.5 * rng.standard_normal(network.table.size)).astype(dtype)
    return network, flat


def random_targets(rng, loss, n, n_outputs):
    if loss == "softmax":
        return rng.integers(0, n_outputs, n).astype(np.intp)
    return rng.random((n, n_outputs))


# what each loss is tried with
LOSS_SETTINGS = {"softmax": (0.1,), "huber": (0.7,), "quantile": (0.2, 0.5, 0.9)}


def settings_of(loss):
    return np.array(LOSS_SETTINGS.get(loss, (0.0,)))


def loss_of(loss, outputs, targets, weights, total, settings=None):
    """Weighted sum of losses of outputs (B, K), which become the gradient of the mean."""
    settings = LOSS_SETTINGS.get(loss, (0.0,)) if settings is None else settings
    return Loss(loss, settings).sum(outputs, targets, weights, total)


def pack(sequences, dtype="float64"):
    sequences = as_sequences(sequences)
    return sequences.gather(np.arange(len(sequences)), None, dtype)


def initial_state(network, dtype="float64", seed=0, solver="adam", learning_rate=0.01, **settings):
    """A state before training, with an optimiser and a constant learning rate."""
    state = TrainingState.initial(network, dtype, np.random.default_rng(seed))
    defaults = dict(
        beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.0, momentum=0.9, nesterov=True, rho=0.99
    )
    state.set_optimizer(solver, network.table.weights(), defaults | settings)
    state.set_schedule({"kind": "constant", "learning_rate_init": learning_rate, "warmup": 0})
    return state


def problem(structure, loss, lengths=LENGTHS, seed=0, **kwargs):
    rng = np.random.default_rng(seed)
    network, flat = random_network(rng, structure, **kwargs)
    sequences = random_sequences(rng, lengths)
    targets = random_targets(rng, loss, len(lengths), 3)
    return network, flat, sequences, targets, 0.5 + rng.random(len(lengths))


def pass_over(network, flat, batch, want_dx=False, dropout=None):
    """A packed batch ready to go forward, and back from any gradient of the outputs.

    `dropout` is (seeds of the sequences in the order of the batch, rate, recurrent rate[, rate of tokens]).
    """
    program = network.program(training=True, dropout=dropout is not None, want_dx=want_dx)
    weights = kernels.training.Weights(program, flat[: program.n_parameters])
    clock = batch.lengths, batch.offsets, batch.order
    return kernels.training.Pass(weights, [batch.values], [clock], *(dropout or ()))


def loss_and_gradients(network, flat, sequences, targets, weights, loss, dropout=None):
    """Loss, flat gradient and dx of each sequence, as a training step computes them.

    `dropout` is (seeds, rate, recurrent_rate), a seed a sequence.
    """
    batch = pack(sequences, flat.dtype)
    dropout = dropout and (dropout[0][batch.order], *dropout[1:])
    way = pass_over(network, flat, batch, want_dx=True, dropout=dropout)
    outputs = way.forward()
    typed = targets if targets.dtype == np.intp else targets.astype(flat.dtype)
    total = weights.sum()
    value = loss_of(loss, outputs, typed[batch.order], weights[batch.order], total) / total
    gradient = way.backward(outputs)
    return value, gradient, unpack(way.gradient(0), batch)


def loss_value(network, flat, sequences, targets, weights, loss, dropout=None):
    """The loss of `loss_and_gradients` alone, forward only."""
    batch = pack(sequences, flat.dtype)
    dropout = dropout and (dropout[0][batch.order], *dropout[1:])
    outputs = pass_over(network, flat, batch, dropout=dropout).forward()
    return loss_of(loss, outputs, targets[batch.order], weights[batch.order], weights.sum()) / weights.sum()


def in_one_call(network, flat, sequences, targets, weights, loss, dropout=None, memory=None):
    """Weighted sum of losses and flat gradient, as a shard of a training step computes them."""
    gradient = np.full_like(flat, np.nan)
    program = network.program(training=True, dropout=dropout is not None and dropout[1] > 0)
    typed = targets if targets.dtype == np.intp else targets.astype(flat.dtype)
    total = kernels.training.loss_and_gradient(
        gradient,
        memory or kernels.training.Memory(),
        kernels.training.Weights(program, flat),
        kernels.training.Inputs(kernels.inference.Source(sequences)),
        np.arange(len(sequences)),
        kernels.training.Targets(LOSSES[loss], settings_of(loss), typed, weights),
        weights.sum(),
        dropout,
    )
    return total, gradient


def token_loss_and_gradient(
    network, flat, sequences, labels, *, target=None, indices=None, dropout=None, candidates=None, **options
):
    """Sum of the losses of all rows, and the flat gradient of their mean, of a network that reads tokens.

    `labels` are those of the rows of each sequence. `target` is the sequences that a decoder reads; `options`
    are those of the network's program.
    """
    weights = kernels.training.Weights(network.program(training=True, **options), flat)
    program = weights.program
    dense = np.full(program.n_dense, np.nan, flat.dtype)
    tables = kernels.training.TableGradients(weights) if program.n_dense < len(flat) else None
    source, second = (
        None if tokens is None else kernels.inference.Source(tokens, tokens=True)
        for tokens in (sequences, target)
    )
    starts = np.cumsum([0, *map(len, labels[:-1])])
    loss = kernels.training.loss_and_gradient(
        dense,
        kernels.training.Memory(),
        weights,
        kernels.training.Inputs(source, second=second),
        np.arange(len(sequences)) if indices is None else indices,
        kernels.training.Targets(LOSSES["softmax"], (0.0,), np.concatenate(labels), None, starts),
        float(sum(map(len, labels))),
        dropout,
        tables,
        candidates,
    )
    gradient = np.zeros_like(flat)
    gradient[: len(dense)] = dense
    if tables is not None:
        views = network.table.views(gradient)
        for op, (tokens, rows) in zip(tables.tables, tables.arrays(), strict=True):
            (name,) = network.table.names_from(program.operations[op].weights, 1)
            views[name][tokens] = rows
    return loss, gradient


def central_difference(loss_at, array, step=1e-5):
    """Slopes of loss_at() by every number of `array`, which it reads."""
    slopes = np.empty_like(array)
    for i in np.ndindex(array.shape):
        value = array[i]
        array[i] = value + step
        up = loss_at()
        array[i] = value - step
        slopes[i] = (up - loss_at()) / (2 * step)
        array[i] = value
    return slopes


def relative_error(gradient, slopes):
    """Of blocks by their norms; losses of order 1 are rounded to 1e-11 of a slope, which small blocks feel."""
    norms = np.linalg.norm(gradient) + np.linalg.norm(slopes)
    return np.linalg.norm(gradient - slopes) / max(norms, 1e-3)


class MasksOfSequence:
    """One sequence's part of the masks of a pass, as the oracle asks for it."""

    def __init__(self, network, way, batch, place):
        rows = batch.offsets[: batch.lengths[place]] + place
        names = reference.direction_names(network.config)
        operations = list(enumerate(network.program(training=True, dropout=True).operations))
        masks = [way.masks(i) for i, op in operations if op.kind == kernels.inference.DROPOUT]
        self._inputs = {layer: mask[rows] for layer, mask in enumerate(masks[:-1])}
        self._inputs["head"] = masks[-1][place]
        cells = [way.masks(i) for i, op in operations if op.last >= 0]
        suffixes = [suffix for of_layer in names for suffix in of_layer]
        self._states = {
            suffix: np.ones(1) if mask is None else mask[place]
            for suffix, mask in zip(suffixes, cells, strict=True)
        }

    def inputs(self, layer):
        return self._inputs[layer].astype("float64")

    def states(self, suffix):
        return self._states[suffix].astype("float64")


def masks_by_sequence(network, way, batch):
    """A pass's masks of dropout as the oracle asks for them, sequence by sequence."""
    by_caller = {c: MasksOfSequence(network, way, batch, b) for b, c in enumerate(batch.order)}
    return [by_caller[i] for i in range(len(batch.order))]


def unpack(rows, batch):
    """Packed rows (N, ...) as a list of each sequence's own, in the caller's order."""
    out = [None] * len(batch.order)
    for b, caller in enumerate(batch.order):
        out[caller] = rows[batch.offsets[: batch.lengths[b]] + b]
    return out


def sklearn_checks(estimators, expected_failures=()):
    """Parameters (estimator, check) of scikit-learn's common checks; expected failures must fail."""
    cases = []
    for estimator in estimators:
        for instance, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            marks = ()
            if name in expected_failures:
                marks = pytest.mark.xfail(reason=expected_failures[name], strict=True)
            cases.append(pytest.param(instance, check, marks=marks, id=f"{type(estimator).__name__}-{name}"))
    return cases
