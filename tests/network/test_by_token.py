"""Cells that take the places of a token together, against the same cells place by place."""

import numpy as np
import pytest
from gruc import kernels
from gruc.kernels import training
from gruc.network import EncoderDecoder, GRUNetwork
from helpers import TOLERANCE, WIRING_DTYPES, central_difference, relative_error

N_TOKENS, D, K = 7, 5, 3
LENGTHS = [4, 1, 7, 2, 6]  # 20 places: more than twice as many as tokens
NETWORKS = {
    "plain": dict(),
    "reset before": dict(reset_after=False),
    "both ways": dict(bidirectional=True),
    "layers": dict(hidden_layer_sizes=(6, 17)),
    "wide": dict(hidden_layer_sizes=(33,), n_features=18),
    "dropout of states": dict(rates=(0.0, 0.4)),
}


def problem(
    dtype, n_tokens, hidden_layer_sizes=(6,), n_features=D, bidirectional=False, reset_after=True, rates=None
):
    """A network with `n_tokens`, of which the first N_TOKENS occur, and all that its loss needs."""
    rng = np.random.default_rng(0)
    network = GRUNetwork(n_features, hidden_layer_sizes, bidirectional, reset_after, None, K, n_tokens)
    n_dense = network.table.offset("embedding.weight")
    flat = np.zeros(network.table.size, dtype)
    flat[:n_dense] = 0.5 * rng.standard_normal(n_dense)
    table = rng.standard_normal((N_TOKENS, n_features))
    network.table.views(flat)["embedding.weight"][:N_TOKENS] = table
    sequences = [rng.integers(0, N_TOKENS, length) for length in LENGTHS]
    sequences[0][:] = 3  # one token at several places of a sequence
    labels = rng.integers(0, K, sum(LENGTHS))
    seeds = np.arange(len(LENGTHS), dtype=np.uint64)
    return network, flat, sequences, labels, None if rates is None else (seeds, *rates)


def loss_and_gradient(network, flat, sequences, labels, dropout):
    """Sum of the losses of all rows, and the gradient of their mean; of the table the first N_TOKENS rows."""
    weights = training.Weights(network.program(training=True), flat)
    dense = np.full(weights.program.n_dense, np.nan, flat.dtype)
    tables = training.TableGradients(weights)
    lengths = [len(tokens) for tokens in sequences]
    loss = training.loss_and_gradient(
        dense,
        training.Memory(),
        weights,
        training.Inputs(kernels.inference.Source(sequences, tokens=True)),
        np.arange(len(sequences)),
        training.Targets(training.SOFTMAX, (0.0,), labels, None, np.cumsum([0, *lengths[:-1]])),
        float(sum(lengths)),
        dropout,
        tables,
    )
    ((tokens, rows),) = tables.arrays()
    table = np.zeros((N_TOKENS, rows.shape[1]), flat.dtype)
    table[tokens] = rows
    return loss, dense, table


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_as_place_by_place(name, dtype):
    together = loss_and_gradient(*problem(dtype, N_TOKENS, **NETWORKS[name]))
    # of a table of so many tokens the places are not taken together
    alone = loss_and_gradient(*problem(dtype, sum(LENGTHS), **NETWORKS[name]))
    if kernels.selected() != "blas":
        assert together[0] == alone[0]
    for a, b in zip(together[1:], alone[1:], strict=True):
        assert relative_error(a, b) < 10 * TOLERANCE[dtype]


@pytest.mark.parametrize("name", NETWORKS)
def test_against_central_differences(name):
    network, flat, *rest = problem("float64", N_TOKENS, **NETWORKS[name])
    _, dense, table = loss_and_gradient(network, flat, *rest)
    slopes = central_difference(lambda: loss_and_gradient(network, flat, *rest)[0] / sum(LENGTHS), flat)
    assert relative_error(dense, slopes[: len(dense)]) < 1e-7
    assert relative_error(table.ravel(), slopes[len(dense) :]) < 1e-7


@pytest.mark.parametrize("attention", ["dot", "additive"])
def test_encoder_and_decoder(attention):
    """Both sides, of which the decoder of additive attention stays place by place."""
    rng = np.random.default_rng(1)
    network = EncoderDecoder(N_TOKENS, N_TOKENS, (4,), N_TOKENS, True, embedding=D, attention=attention)
    flat = 0.5 * rng.standard_normal(network.table.size)
    sources, inputs = ([rng.integers(0, N_TOKENS, n) for n in LENGTHS] for _ in range(2))
    labels = rng.integers(0, N_TOKENS, sum(LENGTHS))
    starts = np.cumsum([0, *LENGTHS[:-1]])

    def loss_and_gradient():
        weights = training.Weights(network.program(training=True), flat)
        dense, tables = np.full(weights.program.n_dense, np.nan), training.TableGradients(weights)
        given = (kernels.inference.Source(side, tokens=True) for side in (sources, inputs))
        source, second = given
        loss = training.loss_and_gradient(
            dense, training.Memory(), weights, training.Inputs(source, second=second), np.arange(len(LENGTHS)),
            training.Targets(training.SOFTMAX, (0.0,), labels, None, starts), float(sum(LENGTHS)), None, tables,
        )  # fmt: skip
        gradient = np.zeros_like(flat)
        gradient[: len(dense)] = dense
        for op, (tokens, rows) in zip(tables.tables, tables.arrays(), strict=True):
            start = weights.program.operations[op].weights
            gradient[start : start + N_TOKENS * D].reshape(N_TOKENS, D)[tokens] = rows
        return loss, gradient

    _, gradient = loss_and_gradient()
    slopes = central_difference(lambda: loss_and_gradient()[0] / sum(LENGTHS), flat)
    for name, block in network.table.views(gradient).items():
        assert relative_error(block, network.table.views(slopes)[name]) < 1e-7, name
