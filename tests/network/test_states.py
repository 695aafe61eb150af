"""States that cells start from, and their gradients, in a program: over the kernels and over BLAS."""

from itertools import product

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.network.gru import GRULayer, lay_out_layer
from gruc.network.parameters import ParameterTable
from gruc.network.program import ProgramBuilder
from helpers import LENGTHS, TOLERANCE, pack, random_sequences, unpack

D, H = 3, 5
LENGTHS_OF = {"ragged": LENGTHS, "one step": [1, 1, 1], "one sequence": [5], "chunks": [90, 89, 40, 3]}


def a_layer(reset_after, bidirectional, answer):
    """A layer that starts from states, and the program whose answer is its states, or where they end."""
    directions = [GRULayer(0, D, H, reset_after, reverse) for reverse in (False, True)[: 1 + bidirectional]]
    table = ParameterTable([entry for direction in directions for entry in direction.entries()])
    builder = ProgramBuilder(table, training=True)
    x = builder.input(D, gradient=True)
    state0 = builder.input(H * len(directions), per_step=False, gradient=True)
    states, last = lay_out_layer(builder, directions, x, state0)
    return directions, table, builder.build(states if answer == "states" else last)


def expected(directions, parameters, sequences, starts, doutputs, masks, answer):
    """Answers, dx and dstate0 of each sequence, and gradients by name, by the oracle."""
    answers, dxs, dstarts = [], [], []
    gradients = {name: np.zeros_like(value) for name, value in parameters.items()}
    for place, (x, start, doutput) in enumerate(zip(sequences, starts, doutputs, strict=True)):
        outputs, dx, dstart = [], 0, []
        for i, direction in enumerate(directions):
            flip, columns = slice(None, None, -1 if direction.reverse else 1), slice(i * H, (i + 1) * H)
            names = [direction.weight_ih, direction.weight_hh, direction.bias_ih, direction.bias_hh]
            weights = [parameters.get(name) for name in names]
            mask = 1.0 if masks[i] is None else masks[i][place]
            h, saved = reference.gru_forward(x[flip], *weights, h0=start[columns], mask=mask)
            dh = np.zeros_like(h)
            if answer == "states":
                dh += doutput[flip, columns]
            else:
                dh[-1] = doutput[columns]
            dx_i, *found, dh0 = reference.gru_backward(dh, saved, *weights, mask=mask)
            dx = dx + dx_i[flip]
            dstart.append(dh0)
            outputs.append(h[flip] if answer == "states" else h[-1])
            for name, gradient in zip(names, found, strict=True):
                if name is not None:
                    gradients[name] += gradient
        answers.append(np.concatenate(outputs, axis=-1))
        dxs.append(dx)
        dstarts.append(np.concatenate(dstart))
    return answers, dxs, dstarts, gradients


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lengths", LENGTHS_OF.values(), ids=LENGTHS_OF)
@pytest.mark.parametrize(
    "reset_after, bidirectional, dropout, answer",
    list(product((True, False), (False, True), (False, True), ("states", "last"))),
)
def test_from_a_state_and_back_to_it(reset_after, bidirectional, dropout, answer, lengths, dtype):
    rng = np.random.default_rng(0)
    directions, table, program = a_layer(reset_after, bidirectional, answer)
    flat = rng.standard_normal(table.size).astype(dtype) / 2
    sequences = random_sequences(rng, lengths, D)
    batch = pack(sequences, dtype)
    starts = rng.standard_normal((len(lengths), H * len(directions)))
    seeds = rng.integers(2**64, size=len(lengths), dtype=np.uint64) if dropout else None
    way = kernels.training.Pass(
        kernels.training.Weights(program, flat),
        [batch.values, starts[batch.order].astype(dtype)],
        [(batch.lengths, batch.offsets, batch.order)],
        seeds,
        rate_states=0.4 if dropout else 0,
    )
    outputs = way.forward()
    doutputs = rng.standard_normal(outputs.shape)
    gradient = way.backward(doutputs)
    places = np.argsort(batch.order)  # of the sequences in the batch

    def by_sequence(rows):
        return unpack(rows, batch) if answer == "states" else rows[places]

    masks = [way.masks(i) for i in range(len(directions))]
    masks = [None if mask is None else mask[places] for mask in masks]
    assert all((mask is not None) == dropout for mask in masks)
    parameters = table.torch_views(flat.astype("float64"))
    answers, dxs, dstarts, gradients = expected(
        directions, parameters, sequences, starts, by_sequence(doutputs), masks, answer
    )
    tolerance = 5 * TOLERANCE[dtype] * np.sqrt(sum(lengths))
    for got, want in zip(by_sequence(outputs), answers, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)
    for got, want in zip(unpack(way.gradient(0), batch), dxs, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)
    np.testing.assert_allclose(way.gradient(1)[places], dstarts, rtol=0, atol=tolerance)
    for name, block in table.torch_views(gradient).items():
        np.testing.assert_allclose(block, gradients[name], rtol=0, atol=tolerance, err_msg=name)
