"""Programs in which several operations read the same rows: the gradient of these is the sum of theirs."""

import numpy as np
import pytest
from gruc.kernels import inference, training
from gruc.network.program import ProgramBuilder
from helpers import TOLERANCE, central_difference, pack, random_sequences, relative_error
from one_operation import readout, weights_of

READOUTS = [inference.MEAN, inference.MAX, inference.ATTENTION]
LENGTHS = [3, 1, 6, 6, 2]


def program_of(readouts, D, H):
    """A cell, and for each readout of its states another cell that starts from it and reads the rows before."""
    builder, size = ProgramBuilder(None, training=True), 0

    def operation(kind, x, y, n_parameters, **members):
        nonlocal size
        builder.operation(kind, x, y, weights=size, **members)
        size += n_parameters
        return y

    x = builder.input(D)
    states, last = builder.like(x, H), builder.value(H, per_step=False)
    rows = operation(inference.GRU, x, states, 3 * H * (D + H + 2), last=last)
    for kind in readouts:
        start, last = (builder.value(H, per_step=False) for _ in range(2))
        builder.share_gradient(start, last)
        operation(kind, states, start, H * (H + 2) if kind == inference.ATTENTION else 0)
        rows = operation(inference.GRU, rows, builder.like(rows, H), 3 * H * (2 * H + 2), x2=start, last=last)
    output = operation(inference.DENSE, last, builder.value(2, per_step=False), 2 * (H + 1))
    return inference.Program(builder.values, builder.operations, builder.n_inputs, output, size)


@pytest.mark.parametrize("H", [3, 16])
@pytest.mark.parametrize("second", READOUTS)
@pytest.mark.parametrize("first", READOUTS)
def test_two_readouts_of_the_same_states(first, second, H):
    rng = np.random.default_rng(0)
    program = program_of((first, second), 2, H)
    batch = pack(random_sequences(rng, LENGTHS, 2))
    parameters = 0.5 * rng.standard_normal(program.n_parameters)
    doutputs = rng.standard_normal((len(LENGTHS), 2))

    def a_pass():
        weights = training.Weights(program, parameters)
        return training.Pass(weights, [batch.values], [(batch.lengths, batch.offsets, batch.order)])

    there_and_back = a_pass()
    there_and_back.forward()
    gradient = there_and_back.backward(doutputs)
    some = rng.choice(len(parameters), 60, replace=False) if H > 3 else np.arange(len(parameters))
    slopes = []
    for i in some:
        one = parameters[i : i + 1]
        slopes += [*central_difference(lambda: float((a_pass().forward() * doutputs).sum()), one)]
    assert relative_error(gradient[some], np.array(slopes)) < 1e-7


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_weights_of_attention_alone(dtype):
    """Nobody asks for what attention makes of the states, which it works out all the same."""
    rng = np.random.default_rng(0)
    F, batch = 5, pack(random_sequences(rng, LENGTHS, 5), dtype)
    parameters = [rng.standard_normal(shape).astype(dtype) for shape in ((F, F), (F,), (F,))]
    expected, a = np.empty((2, len(batch.values)), dtype)
    readout(inference.ATTENTION, batch, parameters, expected)
    made = weights_of(inference.ATTENTION, parameters, F, F)
    made.infer([batch.values, None], [], [(0, a)], batch.lengths, batch.offsets)
    assert np.array_equal(a, expected)
