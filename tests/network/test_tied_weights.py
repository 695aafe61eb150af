"""Networks whose outputs are scores of tokens by the same vectors that they are read as."""

import numpy as np
import pytest
import reference
from gruc.network import GRUNetwork
from gruc.sequences import Tokens
from helpers import (
    TOLERANCE,
    WIRING_DTYPES,
    central_difference,
    pass_over,
    relative_error,
    token_loss_and_gradient,
)

N_TOKENS, D = 19, 5
LENGTHS = [4, 1, 7, 2]
SHAPES = {"projected": (6,), "as wide as vectors": (D,), "two layers": (3, 7)}


def tied_problem(shape, dtype="float64", lengths=LENGTHS):
    """A network, its parameters, sequences and a label for each row; the last token occurs nowhere."""
    rng = np.random.default_rng(0)
    network = GRUNetwork(D, SHAPES[shape], False, True, None, N_TOKENS, N_TOKENS, tied=True)
    flat = (0.5 * rng.standard_normal(network.table.size)).astype(dtype)
    sequences = [rng.integers(0, N_TOKENS - 1, length) for length in lengths]
    return network, flat, sequences, [rng.integers(0, N_TOKENS, length) for length in lengths]


def by_the_oracle(network, flat, sequences, labels):
    """The same by the equations, one sequence after the other."""
    parameters = network.table.torch_views(flat.astype(np.float64))
    gradients = {name: np.zeros(view.shape) for name, view in parameters.items()}
    table, loss, n = parameters["embedding.weight"], 0.0, sum(map(len, labels))
    for tokens, of_rows in zip(sequences, labels, strict=True):
        x, tape = table[tokens], []
        for layer in range(len(network.layers)):
            weights = reference.layer_weights(parameters, f"l{layer}")
            x, saved = reference.gru_forward(x, *weights)
            tape.append(saved)
        scored = x
        if "projection.weight" in parameters:
            scored = x @ parameters["projection.weight"].T + parameters["projection.bias"]
        logits = scored @ table.T
        losses, dlogits = zip(
            *[reference.softmax_cross_entropy(a, k) for a, k in zip(logits, of_rows, strict=True)],
            strict=True,
        )
        loss, dlogits = loss + sum(losses), np.array(dlogits) / n
        gradients["embedding.weight"] += dlogits.T @ scored
        dx = dlogits @ table
        if "projection.weight" in parameters:
            gradients["projection.weight"] += dx.T @ x
            gradients["projection.bias"] += dx.sum(axis=0)
            dx = dx @ parameters["projection.weight"]
        for layer in reversed(range(len(network.layers))):
            weights = reference.layer_weights(parameters, f"l{layer}")
            dx, *of_layer, _ = reference.gru_backward(dx, tape[layer], *weights)
            for name, part in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), of_layer, strict=True):
                gradients[f"gru.{name}_l{layer}"] += part
        np.add.at(gradients["embedding.weight"], tokens, dx)
    return loss, gradients


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_against_the_oracle(shape, dtype):
    network, flat, sequences, labels = tied_problem(shape, dtype)
    loss, gradient = token_loss_and_gradient(network, flat, sequences, labels)
    expected, gradients = by_the_oracle(network, flat, sequences, labels)
    assert loss == pytest.approx(expected, rel=TOLERANCE[dtype])
    for name, block in network.table.torch_views(gradient).items():
        np.testing.assert_allclose(block, gradients[name], rtol=0, atol=2 * TOLERANCE[dtype], err_msg=name)


@pytest.mark.parametrize("rate_tokens", [0.0, 0.4])
@pytest.mark.parametrize("shape", SHAPES)
def test_against_central_differences(shape, rate_tokens):
    network, flat, sequences, labels = tied_problem(shape)
    seeds, n = np.arange(7, 7 + len(sequences)).astype(np.uint64), sum(map(len, labels))

    def loss_and_gradient():
        dropout = (seeds, 0.0, 0.0, rate_tokens) if rate_tokens else None
        return token_loss_and_gradient(network, flat, sequences, labels, dropout=dropout)

    gradient = loss_and_gradient()[1]
    slopes = central_difference(lambda: loss_and_gradient()[0] / n, flat)
    for name, block in network.table.views(gradient).items():
        assert relative_error(block, network.table.views(slopes)[name]) < 1e-7, name


def test_the_loss_of_many_rows_is_taken_chunk_by_chunk():
    lengths = [100, 1, 90]
    network, flat, sequences, labels = tied_problem("projected", lengths=lengths)
    loss, gradient = token_loss_and_gradient(network, flat, sequences, labels)
    expected, gradients = by_the_oracle(network, flat, sequences, labels)
    assert loss == pytest.approx(expected, rel=1e-12)
    for name, block in network.table.torch_views(gradient).items():
        np.testing.assert_allclose(block, gradients[name], rtol=0, atol=1e-12, err_msg=name)


def test_a_shard_is_the_sum_of_its_sequences():
    problem = tied_problem("projected")
    indices = np.array([2, 0, 3])
    together = token_loss_and_gradient(*problem, indices=indices)
    alone = [token_loss_and_gradient(*problem, indices=indices[i : i + 1]) for i in range(3)]
    assert together[0] == pytest.approx(sum(loss for loss, _ in alone), rel=1e-12)
    np.testing.assert_allclose(together[1], sum(gradient for _, gradient in alone), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_outputs(shape, dtype):
    network, flat, sequences, _ = tied_problem(shape, dtype)
    inputs = Tokens(N_TOKENS)
    batch = inputs.gather(inputs.check(sequences, None), np.arange(len(sequences)), None)
    outputs = network.infer(network.prepare(flat), batch)
    parameters = network.table.torch_views(flat.astype(np.float64))
    for b, place in enumerate(batch.order):
        x = parameters["embedding.weight"][sequences[place]]
        for layer in range(len(network.layers)):
            x, _ = reference.gru_forward(x, *reference.layer_weights(parameters, f"l{layer}"))
        if "projection.weight" in parameters:
            x = x @ parameters["projection.weight"].T + parameters["projection.bias"]
        rows = outputs[batch.offsets[: batch.lengths[b]] + b]
        expected = x @ parameters["embedding.weight"].T
        np.testing.assert_allclose(rows, expected, rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_of_the_vectors(shape):
    """Of those that are read alone: the head scores by the table as it is."""
    network, flat, sequences, _ = tied_problem(shape)
    inputs = Tokens(N_TOKENS)
    batch = inputs.gather(inputs.check(sequences, None), np.arange(len(sequences)), None)
    vectors = network.table.views(flat)["embedding.weight"][batch.values[:, 0]]

    def way():
        return pass_over(network, flat, batch._replace(values=vectors), want_dx=True)

    forward = way()
    outputs = forward.forward()
    np.testing.assert_allclose(outputs, network.infer(network.prepare(flat), batch), rtol=0, atol=1e-13)
    coefficients = np.random.default_rng(1).standard_normal(outputs.shape)
    forward.backward(coefficients)
    slopes = central_difference(lambda: (way().forward() * coefficients).sum(), vectors.reshape(-1))
    assert relative_error(forward.gradient(0).reshape(-1), slopes) < 1e-7


def test_parameters():
    """One table, without a head; a projection where widths differ."""
    names = [name for name, _ in tied_problem("projected")[0].table.entries]
    assert names[-3:] == ["projection.weight", "projection.bias", "embedding.weight"]
    assert [name for name, _ in tied_problem("as wide as vectors")[0].table.entries][4:] == [
        "embedding.weight"
    ]
