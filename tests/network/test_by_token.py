"""Cells that take the places of a token together, against the same cells place by place."""

import numpy as np
import pytest
from gruc import kernels
from gruc.network import EncoderDecoder, GRUNetwork
from helpers import TOLERANCE, WIRING_DTYPES, central_difference, relative_error, token_loss_and_gradient

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
    labels = np.split(rng.integers(0, K, sum(LENGTHS)), np.cumsum(LENGTHS)[:-1])
    seeds = np.arange(len(LENGTHS), dtype=np.uint64)
    return network, flat, sequences, labels, None if rates is None else (seeds, *rates)


def loss_and_gradients(network, flat, sequences, labels, dropout):
    """The loss, the gradient before the table, and that of the first N_TOKENS rows of the table."""
    loss, gradient = token_loss_and_gradient(network, flat, sequences, labels, dropout=dropout)
    table = network.table.views(gradient)["embedding.weight"]
    assert not table[N_TOKENS:].any()
    return loss, gradient[: network.table.offset("embedding.weight")], table[:N_TOKENS]


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_as_place_by_place(name, dtype):
    together = loss_and_gradients(*problem(dtype, N_TOKENS, **NETWORKS[name]))
    # of a table of so many tokens the places are not taken together
    alone = loss_and_gradients(*problem(dtype, sum(LENGTHS), **NETWORKS[name]))
    if kernels.selected() != "blas":
        assert together[0] == alone[0]
    for a, b in zip(together[1:], alone[1:], strict=True):
        assert relative_error(a, b) < 10 * TOLERANCE[dtype]


@pytest.mark.parametrize("name", NETWORKS)
def test_against_central_differences(name):
    network, flat, *rest = problem("float64", N_TOKENS, **NETWORKS[name])
    _, dense, table = loss_and_gradients(network, flat, *rest)
    slopes = central_difference(lambda: loss_and_gradients(network, flat, *rest)[0] / sum(LENGTHS), flat)
    assert relative_error(dense, slopes[: len(dense)]) < 1e-7
    assert relative_error(table.ravel(), slopes[len(dense) :]) < 1e-7


@pytest.mark.parametrize("attention", ["dot", "additive"])
def test_encoder_and_decoder(attention):
    """Both sides, of which the decoder of additive attention stays place by place."""
    rng = np.random.default_rng(1)
    network = EncoderDecoder(N_TOKENS, N_TOKENS, (4,), N_TOKENS, True, embedding=D, attention=attention)
    flat = 0.5 * rng.standard_normal(network.table.size)
    sources, inputs, labels = ([rng.integers(0, N_TOKENS, n) for n in LENGTHS] for _ in range(3))

    def loss_and_gradient():
        return token_loss_and_gradient(network, flat, sources, labels, target=inputs)

    _, gradient = loss_and_gradient()
    slopes = central_difference(lambda: loss_and_gradient()[0] / sum(LENGTHS), flat)
    for name, block in network.table.views(gradient).items():
        assert relative_error(block, network.table.views(slopes)[name]) < 1e-7, name
