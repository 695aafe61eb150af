"""A program under two clocks: a decoder that starts from its encoder's last states and attends to its steps."""

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.network.gru import GRULayer, lay_out_layer
from gruc.network.parameters import ParameterTable
from gruc.network.program import KINDS, ProgramBuilder
from helpers import TOLERANCE, central_difference, relative_error

training = kernels.training
D, H, K = (
    2,
    3,
    2,
)  # inputs of both, units of each direction of the encoder, outputs; the decoder has 2 H units
LENGTHS = {  # of the source's and of the target's sequences
    "ragged": ([2, 5, 1, 4], [3, 1, 6, 2]),
    "one step": ([1, 1, 1], [1, 1, 1]),
    "one sequence": ([6], [4]),
    "chunks": ([70, 3, 80], [60, 90, 1]),
}


class Decoder(GRULayer):
    """A layer of one direction whose parameters have names of their own."""

    def __init__(self):
        super().__init__(1, D, 2 * H, True, False)


def a_program(with_queries, general):
    """Bidirectional encoder, decoder from its permuted last states, attention, and a dense answer a step."""
    encoder = [GRULayer(0, D, H, True, reverse) for reverse in (False, True)]
    width = (4 if with_queries else 2) * H
    entries = [entry for layer in (*encoder, Decoder()) for entry in layer.entries()]
    if general:
        entries.append(("attention.weight", (2 * H, 2 * H)))
    table = ParameterTable([*entries, ("head.weight", (width, K)), ("head.bias", (K,))])
    builder = ProgramBuilder(table, training=True)
    source = builder.input(D, gradient=True)
    target = builder.input(D, clock=1, gradient=True)
    memory, last = lay_out_layer(builder, encoder, source)
    start = builder.operation(KINDS.PERMUTE, last, builder.value(2 * H, clock=1, per_step=False))
    states, _ = lay_out_layer(builder, [Decoder()], target, start)
    kind, weight = (KINDS.ATTEND_GENERAL, "attention.weight") if general else (KINDS.ATTEND, None)
    context = builder.operation(kind, states, builder.like(states, width), weight, x2=memory)
    y = builder.operation(KINDS.DENSE, context, builder.like(context, K), "head.weight")
    return table, builder.build(y)


def clock_of(lengths):
    order = np.argsort(-np.array(lengths), kind="stable")
    lengths = np.array(lengths, np.intp)[order]
    alive = [np.sum(lengths > t) for t in range(lengths[0])]
    return lengths, np.cumsum([0, *alive], dtype=np.intp), order


def by_sequence(rows, clock):
    """Packed rows of each sequence, in the caller's order."""
    lengths, offsets, order = clock
    out = [None] * len(order)
    for b, place in enumerate(order):
        out[place] = rows[offsets[: lengths[b]] + b]
    return out


def layer_of(parameters, suffix):
    return reference.layer_weights(parameters, suffix)


def expected(parameters, source, target, with_queries):
    """Outputs of one pair of sequences by the oracle."""
    forward, _ = reference.gru_forward(source, *layer_of(parameters, "l0"))
    backward, _ = reference.gru_forward(source[::-1], *layer_of(parameters, "l0_reverse"))
    memory = np.concatenate([forward, backward[::-1]], axis=1)
    start = np.concatenate([forward[-1], backward[-1]])
    states, _ = reference.gru_forward(target, *layer_of(parameters, "l1"), h0=start)
    queries = states @ parameters["attention.weight"].T if "attention.weight" in parameters else states
    context, _ = reference.attend_forward(queries, memory)
    features = np.concatenate([context, states], axis=1) if with_queries else context
    return features @ parameters["head.weight"].T + parameters["head.bias"]


def a_problem(lengths, with_queries, general, dtype="float64"):
    table, program = a_program(with_queries, general)
    rng = np.random.default_rng(0)
    flat = (rng.standard_normal(table.size) / 2).astype(dtype)
    inputs = [rng.standard_normal((sum(part), D)).astype(dtype) for part in lengths]
    return table, program, flat, inputs, [clock_of(part) for part in lengths]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("with_queries", [False, True])
def test_forward_against_the_oracle(with_queries, general, lengths, dtype):
    table, program, flat, inputs, clocks = a_problem(lengths, with_queries, general, dtype)
    got = training.Pass(training.Weights(program, flat), inputs, clocks).forward()
    parameters = table.torch_views(flat.astype("float64"))
    parts = [by_sequence(rows.astype("float64"), clock) for rows, clock in zip(inputs, clocks, strict=True)]
    for output, source, target in zip(by_sequence(got, clocks[1]), *parts, strict=True):
        want = expected(parameters, source, target, with_queries)
        np.testing.assert_allclose(output, want, rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("lengths", [LENGTHS[name] for name in ("ragged", "one step", "one sequence")])
@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("with_queries", [False, True])
def test_against_central_differences(with_queries, general, lengths):
    table, program, flat, inputs, clocks = a_problem(lengths, with_queries, general)

    def a_pass():
        return training.Pass(training.Weights(program, flat), inputs, clocks)

    way = a_pass()
    doutputs = np.random.default_rng(1).standard_normal(way.forward().shape)
    gradient = way.backward(doutputs)

    def loss_at():
        return np.sum(doutputs * a_pass().forward())

    slopes = table.views(central_difference(loss_at, flat))
    for name, block in table.views(gradient).items():
        assert relative_error(block, slopes[name]) < 1e-7, name
    for place, rows in enumerate(inputs):
        assert relative_error(way.gradient(place), central_difference(loss_at, rows)) < 1e-7


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("with_queries", [False, True])
def test_gradients_of_float32_are_those_of_float64(with_queries, general):
    gradients = []
    for dtype in ("float64", "float32"):
        _, program, flat, inputs, clocks = a_problem(LENGTHS["chunks"], with_queries, general, dtype)
        way = training.Pass(training.Weights(program, flat), inputs, clocks)
        doutputs = np.random.default_rng(1).standard_normal(way.forward().shape)
        gradients.append([way.backward(doutputs), way.gradient(0), way.gradient(1)])
    for exact, got in zip(*gradients, strict=True):
        assert relative_error(got, exact) < 1e-5
