"""Losses over some tokens only, of networks whose outputs are scores by a table."""

import numpy as np
import pytest
import reference
from gruc.network import GRUNetwork
from helpers import TOLERANCE, WIRING_DTYPES, central_difference, relative_error, token_loss_and_gradient

N_TOKENS, D, H = 23, 5, 6
LENGTHS = [4, 1, 7, 2]
NETWORKS = {
    "tied": dict(tied=True),
    "by a table": dict(by_table=True),
}


def sampled_problem(name, dtype="float64", lengths=LENGTHS):
    """A network, its parameters, sequences, a label for each row, and candidates."""
    rng = np.random.default_rng(0)
    network = GRUNetwork(D, (H,), False, True, None, N_TOKENS, N_TOKENS, **NETWORKS[name])
    flat = (0.5 * rng.standard_normal(network.table.size)).astype(dtype)
    sequences = [rng.integers(0, N_TOKENS, length) for length in lengths]
    labels = [rng.integers(0, N_TOKENS // 2, length) for length in lengths]
    tokens = np.union1d(np.concatenate(labels), [1, 13, 20, 22]).astype(np.int32)
    return network, flat, sequences, labels, (tokens, np.log(rng.uniform(0.1, 1, len(tokens))))


def loss_and_gradient(network, flat, sequences, labels, candidates):
    """Sum of losses over all rows against candidates, and the gradient of their mean, of all parameters."""
    return token_loss_and_gradient(network, flat, sequences, labels, candidates=candidates, sampled=True)


def by_the_equation(network, flat, sequences, labels, candidates):
    """The loss, row by row."""
    parameters = network.table.torch_views(flat.astype(np.float64))
    table = parameters.get("head.weight", parameters["embedding.weight"])
    tokens, log_shares = candidates
    loss = 0.0
    for x, of_rows in zip(sequences, labels, strict=True):
        weights = reference.layer_weights(parameters, "l0")
        h, _ = reference.gru_forward(parameters["embedding.weight"][x], *weights)
        if "projection.weight" in parameters:
            h = h @ parameters["projection.weight"].T + parameters["projection.bias"]
        for state, label in zip(h, of_rows, strict=True):
            a = table @ state
            others = tokens != label
            total = np.exp(a[label]) + np.exp(a[tokens[others]] - log_shares[others]).sum()
            loss += np.log(total) - a[label]
    return loss


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_loss(name, dtype):
    problem = sampled_problem(name, dtype)
    assert loss_and_gradient(*problem)[0] == pytest.approx(by_the_equation(*problem), rel=TOLERANCE[dtype])


@pytest.mark.parametrize("lengths", [LENGTHS, [150, 3]])
@pytest.mark.parametrize("name", NETWORKS)
def test_against_central_differences(name, lengths):
    network, flat, *rest = sampled_problem(name, lengths=lengths)
    gradient, n = loss_and_gradient(network, flat, *rest)[1], sum(lengths)
    slopes = central_difference(lambda: loss_and_gradient(network, flat, *rest)[0] / n, flat)
    for block_name, block in network.table.views(gradient).items():
        assert relative_error(block, network.table.views(slopes)[block_name]) < 1e-7, block_name


@pytest.mark.parametrize("name", NETWORKS)
def test_all_tokens_give_the_full_softmax(name):
    network, flat, sequences, labels, _ = sampled_problem(name)
    everything = np.arange(N_TOKENS, dtype=np.int32), np.zeros(N_TOKENS)
    some = loss_and_gradient(network, flat, sequences, labels, everything)
    full = token_loss_and_gradient(network, flat, sequences, labels)
    assert some[0] == pytest.approx(full[0], rel=1e-12)
    np.testing.assert_allclose(some[1], full[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_is_of_the_tokens_seen_only(name):
    network, flat, sequences, labels, candidates = sampled_problem(name)
    program = network.program(training=True, sampled=True)
    assert program.n_dense == network.table.offset(
        "head.weight" if name == "by a table" else "embedding.weight"
    )
    gradient = loss_and_gradient(network, flat, sequences, labels, candidates)[1]
    views = network.table.views(gradient)
    seen = {"tied": np.union1d(candidates[0], np.concatenate(sequences)), "by a table": candidates[0]}[name]
    rows = np.flatnonzero(views.get("head.weight", views["embedding.weight"]).any(axis=1))
    np.testing.assert_array_equal(rows, seen)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t, s: (t[:-1], s), "log_shares"),
        (lambda t, s: (t[::-1].copy(), s), "rising"),
        (lambda t, s: (t[1:], s[1:]), "labels among the candidates"),
        (lambda t, s: (t + np.int32(N_TOKENS), s), "candidates that are tokens"),
        (lambda t, s: (t[:0], s[:0]), "candidates"),
    ],
)
def test_candidates_that_do_not_fit(change, message):
    network, flat, sequences, labels, candidates = sampled_problem("tied")
    labels[0][0] = candidates[0][0]
    with pytest.raises(ValueError, match=f"kernel called with wrong arguments: .*{message}"):
        loss_and_gradient(network, flat, sequences, labels, change(*candidates))
    with pytest.raises(ValueError, match="candidates for a loss over some tokens"):
        loss_and_gradient(network, flat, sequences, labels, None)
