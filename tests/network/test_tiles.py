"""Networks whose products are made on tiles of bfloat16: errors, gradients, and bits that do not depend on company."""

import numpy as np
import pytest
from gruc import kernels
from gruc.network import GRUNetwork
from gruc.sequences import Tokens
from helpers import pack, random_sequences, relative_error

PLAIN = {"bidirectional": False, "reset_after": True, "pooling": "last"}
STRUCTURES = [
    {"hidden_layer_sizes": [33]},
    {"hidden_layer_sizes": [20, 17], "bidirectional": True},
    {"hidden_layer_sizes": [40, 5], "reset_after": False},
    {"hidden_layer_sizes": [7], "reset_after": False, "bidirectional": True, "pooling": "mean"},
    {"hidden_layer_sizes": [18], "pooling": None},
]
LENGTHS = (9, 1, 4, 9, 12, 2)
# largest errors of states between -1 and 1, and of gradients by their norms
BOUNDS = {"medium": (1e-2, 2e-2), "high": (1e-4, 1e-4)}


@pytest.fixture(scope="module", autouse=True)
def kernel():
    """Not once for each instruction set."""


@pytest.fixture(autouse=True)
def tiles(emulated_tiles):
    """In every test."""


@pytest.fixture(params=BOUNDS)
def precision(request):
    return request.param


@pytest.fixture(params=STRUCTURES, ids=str)
def made(request):
    """A network with weights as they are at the beginning, larger biases, and sequences."""
    rng = np.random.default_rng(0)
    network = GRUNetwork(n_features=5, n_outputs=3, **PLAIN | request.param)
    flat = np.zeros(network.table.size, np.float32)
    network.initialize(network.table.views(flat), rng)
    flat += 0.05 * rng.standard_normal(len(flat)).astype(np.float32)
    return network, flat, random_sequences(rng, LENGTHS, 5)


def states_of(network, flat, batch, precision):
    packed = network.prepare(flat, precision)
    return [network.states(packed, batch, layer) for layer in range(len(network.layers))]


def test_states_are_near_those_of_float64(made, precision):
    network, flat, sequences = made
    states = states_of(network, flat, pack(sequences, "float32"), precision)
    exact = states_of(network, flat.astype(np.float64), pack(sequences), "highest")
    errors = [np.abs(got - want).max() for got, want in zip(states, exact, strict=True)]
    assert 0 < max(errors) < BOUNDS[precision][0]
    float32 = states_of(network, flat, pack(sequences, "float32"), "highest")
    assert max(errors) > np.abs(float32[-1] - exact[-1]).max()  # so these are not those of float32


def test_a_row_does_not_depend_on_its_company(made, precision):
    network, flat, sequences = made
    packed = network.prepare(flat, precision)
    many = pack(sequences * 4, "float32")
    together = network.states(packed, many, -1)
    for b in (0, 7, 23):
        rows = many.offsets[: many.lengths[b]] + b
        alone = network.states(packed, pack([(sequences * 4)[many.order[b]]], "float32"), -1)
        assert np.array_equal(together[rows], alone)


def test_inference_is_the_forward_pass(made, precision):
    network, flat, sequences = made
    batch = pack(sequences, "float32")
    forward = passed(network, flat, batch, precision).forward()
    assert np.array_equal(network.infer(network.prepare(flat, precision), batch), forward)


def passed(network, flat, batch, precision, dropout=()):
    program = network.program(training=True, dropout=bool(dropout), want_dx=True)
    weights = kernels.training.Weights(program, flat, kernels.parts_of(precision, flat.dtype))
    return kernels.training.Pass(
        weights, [batch.values], [(batch.lengths, batch.offsets, batch.order)], *dropout
    )


def gradients_of(network, flat, sequences, precision, dropout=()):
    batch = pack(sequences, flat.dtype)
    way = passed(network, flat, batch, precision, dropout)
    outputs = way.forward()
    gradient = way.backward(np.cos(np.arange(outputs.size, dtype=flat.dtype)).reshape(outputs.shape))
    return network.table.views(gradient) | {"dx": way.gradient(0)}


@pytest.mark.parametrize("drops_out", [False, True])
def test_gradients(made, precision, drops_out):
    network, flat, sequences = made
    dropout = (np.arange(len(sequences), dtype=np.uint64), 0.2, 0.3) if drops_out else ()
    got = gradients_of(network, flat, sequences, precision, dropout)
    exact = gradients_of(network, flat.astype(np.float64), sequences, "highest", dropout)
    for name, block in exact.items():
        assert relative_error(got[name], block) < BOUNDS[precision][1], name


def test_used_memory_leaves_no_trace(made, precision):
    network, flat, sequences = made
    few = gradients_of(network, flat, sequences[:2], precision)
    gradients_of(network, flat, sequences * 8, precision)
    again = gradients_of(network, flat, sequences[:2], precision)
    assert all(np.array_equal(few[name], again[name]) for name in few)


def test_float64_is_always_highest(made, precision):
    network, flat, sequences = made
    flat, batch = flat.astype(np.float64), pack(sequences)
    assert kernels.parts_of(precision, flat.dtype) == 0
    got = states_of(network, flat, batch, precision)
    assert all(map(np.array_equal, got, states_of(network, flat, batch, "highest")))


def test_initial_states(precision):
    """Two windows, the second starting from the last states of the first, have the states of the whole."""
    rng = np.random.default_rng(1)
    network = GRUNetwork(5, [19, 16], False, True, None, 3)
    flat = (0.2 * rng.standard_normal(network.table.size)).astype(np.float32)
    whole = rng.standard_normal((3, 10, 5))
    packed = network.prepare(flat, precision)
    outputs, last = network.infer_onwards(packed, pack(list(whole[:, :6]), "float32"))
    later, _ = network.infer_onwards(packed, pack(list(whole[:, 6:]), "float32"), last)
    everything = network.infer(packed, pack(list(whole), "float32"))
    assert np.array_equal(np.concatenate([outputs, later]), everything)


def test_tables_of_tokens(precision):
    """What a cell makes of each token, once, has the bits of making it anew."""
    rng = np.random.default_rng(2)
    network = GRUNetwork(**PLAIN, n_features=6, n_tokens=9, n_outputs=2, hidden_layer_sizes=[21])
    flat = (0.3 * rng.standard_normal(network.table.size)).astype(np.float32)
    tokens = [rng.integers(0, 9, n) for n in (5, 8, 1)]
    batch = Tokens(9).gather(Tokens(9).check(tokens, np.float32), np.arange(3), np.float32)
    got = network.states(network.prepare(flat, precision), batch, -1)
    weights = network.table.torch_views(flat)
    vectors = weights.pop("embedding.weight")
    reader = GRUNetwork(**PLAIN, n_features=6, n_outputs=2, hidden_layer_sizes=[21])
    packed = reader.prepare(reader.table.flat(weights, np.float32), precision)
    assert np.array_equal(got, reader.states(packed, pack([vectors[t] for t in tokens], "float32"), -1))


@pytest.mark.parametrize(
    "n_tokens", [7, 300]
)  # so few that the places of a token are taken together, and more
def test_gradients_of_tokens(n_tokens, precision):
    rng = np.random.default_rng(3)
    lengths = [40, 1, 70, 20]
    network = GRUNetwork(18, [33], False, True, None, 3, n_tokens)
    flat = 0.3 * rng.standard_normal(network.table.size)
    tokens, labels = [rng.integers(0, 7, n) for n in lengths], rng.integers(0, 3, sum(lengths))

    def gradient_of(flat, parts):
        program = network.program(training=True)
        weights, dense = kernels.training.Weights(program, flat, parts), np.empty(program.n_dense, flat.dtype)
        tables = kernels.training.TableGradients(weights)
        kernels.training.loss_and_gradient(
            dense,
            kernels.training.Memory(),
            weights,
            kernels.training.Inputs(kernels.inference.Source(tokens, tokens=True)),
            np.arange(len(tokens)),
            kernels.training.Targets(
                kernels.training.SOFTMAX, (0.0,), labels, None, np.cumsum([0, *lengths[:-1]])
            ),
            float(sum(lengths)),
            None,
            tables,
        )
        ((seen, rows),) = tables.arrays()
        assert np.array_equal(seen, np.arange(7))
        return dense, rows

    exact = gradient_of(flat, 0)
    float32 = flat.astype(np.float32)
    got = gradient_of(float32, kernels.parts_of(precision, float32.dtype))
    for block, want in zip(got, exact, strict=True):
        assert 1e-7 < relative_error(block, want) < BOUNDS[precision][1]
