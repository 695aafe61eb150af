"""Networks that answer each step, in one call a shard: against central differences and windows."""

import numpy as np
import pytest
from gruc import kernels
from gruc.network import EncoderDecoder, GRUNetwork
from helpers import central_difference, relative_error

training = kernels.training
LENGTHS, TARGET_LENGTHS = [3, 1, 6, 6, 2, 4], [2, 5, 1, 4, 6, 3]
K, N_TOKENS = 4, 7
# the arguments of each, after what it reads: features, or numbers of tokens
NETWORKS = {
    "tagger": ([2], GRUNetwork, dict(hidden_layer_sizes=[3, 2], bidirectional=True, n_outputs=K)),
    "language model": (
        [N_TOKENS], GRUNetwork, dict(hidden_layer_sizes=[4], reset_after=False, n_outputs=N_TOKENS)
    ),
    "decoder": ([3, 2], EncoderDecoder, dict(hidden_layer_sizes=[3, 2], bidirectional=True, n_outputs=K)),
    "translator": (
        [5, N_TOKENS], EncoderDecoder, dict(hidden_layer_sizes=[3], n_outputs=N_TOKENS, embedding=2)
    ),
}  # fmt: skip
OF_TOKENS = ("language model", "translator")


def network_of(name, **changes):
    reads, kind, config = NETWORKS[name]
    config = dict(bidirectional=False, reset_after=True) | config | changes
    if kind is EncoderDecoder:
        return EncoderDecoder(*reads, **config)
    if name in OF_TOKENS:
        return GRUNetwork(n_features=3, n_tokens=reads[0], pooling=None, **config)
    return GRUNetwork(n_features=reads[0], pooling=None, **config)


def source_of(rng, lengths, n_inputs, tokens):
    if tokens:
        return kernels.inference.Source([rng.integers(0, n_inputs, m) for m in lengths], tokens=True)
    return kernels.inference.Source([rng.standard_normal((m, n_inputs)) for m in lengths])


def problem(name, loss="softmax", seed=0):
    """A network, weights, and everything of a shard but its seeds."""
    rng, network = np.random.default_rng(seed), network_of(name)
    flat = 0.5 * rng.standard_normal(network.table.size)
    reads, _, config = NETWORKS[name]
    lengths = [LENGTHS, TARGET_LENGTHS][: len(reads)]
    inputs = {
        clock: source_of(rng, *part, name in OF_TOKENS)
        for clock, *part in zip(("source", "second"), lengths, reads, strict=False)
    }
    n = sum(lengths[-1])
    kind, values = training.SOFTMAX, rng.integers(0, config["n_outputs"], n)
    if loss == "squared_error":
        kind, values = training.SQUARED_ERROR, rng.standard_normal((n, config["n_outputs"]))
    starts = np.cumsum([0, *lengths[-1][:-1]])
    return network, flat, inputs, (kind, (0.0,), values, 0.5 + rng.random(n), starts)


def loss_and_gradient(network, flat, inputs, targets, indices=None, dropout=None, memory=None, **states):
    """Weighted sum of losses, and the whole gradient of them divided by 7."""
    options = {"carried": True} if states else {}
    program = network.program(training=True, dropout=dropout is not None, **options)
    weights = training.Weights(program, flat)
    dense = np.full(program.n_dense, np.nan)
    tables = training.TableGradients(weights) if program.n_dense < program.n_parameters else None
    loss = training.loss_and_gradient(
        dense, memory or training.Memory(), weights, training.Inputs(**inputs, **states),
        np.arange(len(LENGTHS)) if indices is None else indices, training.Targets(*targets), 7.0, dropout, tables,
    )  # fmt: skip
    gradient = np.concatenate([dense, np.zeros(program.n_parameters - program.n_dense)])
    views = network.table.views(gradient)
    names = [name for name in ("source_embedding.weight", "embedding.weight") if name in views]
    order = [op.weights for op in program.operations if op.kind == kernels.inference.EMBED]
    for name, (tokens, rows) in zip(
        sorted(names, key=lambda name: order.index(network.table.offset(name))),
        tables.arrays() if tables else (),
        strict=True,
    ):
        views[name][tokens] = rows
    return loss, gradient


@pytest.mark.parametrize("loss", ["softmax", "squared_error"])
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_against_central_differences(name, dropout, loss):
    network, flat, inputs, targets = problem(name, loss)
    seeds = np.random.default_rng(1).integers(2**64, size=len(LENGTHS), dtype=np.uint64)
    dropout = (seeds, 0.3, 0.2) if dropout else None
    _, gradient = loss_and_gradient(network, flat, inputs, targets, dropout=dropout)

    def loss_at():
        return loss_and_gradient(network, flat, inputs, targets, dropout=dropout)[0] / 7

    slopes = network.table.views(central_difference(loss_at, flat))
    for block_name, block in network.table.views(gradient).items():
        assert relative_error(block, slopes[block_name]) < 1e-7, block_name


@pytest.mark.parametrize("name", NETWORKS)
def test_a_shard_is_the_sum_of_its_sequences(name):
    """Whatever their order, and with memory that was used before."""
    network, flat, inputs, targets = problem(name)
    indices, memory = np.array([4, 0, 3, 1]), training.Memory()
    loss_and_gradient(network, flat, inputs, targets, memory=memory)
    together = loss_and_gradient(network, flat, inputs, targets, indices, memory=memory)
    alone = [loss_and_gradient(network, flat, inputs, targets, np.array([i])) for i in indices]
    assert together[0] == pytest.approx(sum(loss for loss, _ in alone), rel=1e-12)
    np.testing.assert_allclose(together[1], sum(gradient for _, gradient in alone), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["tagger", "language model"])
def test_states_are_carried(name):
    """Two windows, the second from the states of the first, have the losses of the whole sequences."""
    [n_inputs], _, config = NETWORKS[name]
    rng, n_outputs = np.random.default_rng(0), config["n_outputs"]
    network = network_of(name, bidirectional=False)
    flat, tokens = 0.5 * rng.standard_normal(network.table.size), name in OF_TOKENS
    lengths, first = np.array([5, 9, 6]), 4
    if tokens:
        rows = [rng.integers(0, n_inputs, m) for m in lengths]
    else:
        rows = [rng.standard_normal((m, n_inputs)) for m in lengths]
    labels = [rng.integers(0, n_outputs, m) for m in lengths]

    def run(part, **states):
        chosen = [array[part] for array in labels]
        starts = np.cumsum([0, *[len(array) for array in chosen[:-1]]])
        inputs = dict(source=kernels.inference.Source([array[part] for array in rows], tokens=tokens))
        targets = training.SOFTMAX, (0.0,), np.concatenate(chosen), None, starts
        return loss_and_gradient(network, flat, inputs, targets, np.arange(3), **states)[0]

    width = sum(config["hidden_layer_sizes"])
    carried, last, whole_last = np.full((3, 3, width), np.nan)
    whole = run(slice(None), state0=None, last_state=whole_last)
    assert whole == pytest.approx(run(slice(None)), rel=1e-12)
    before = run(slice(first), state0=None, last_state=carried)
    after = run(slice(first, None), state0=carried, last_state=last)
    assert before + after == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(last, whole_last, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["state0", "last_state"])
@pytest.mark.parametrize("shape", [(6, 3), (6, 5), (5, 4), (7, 4)])
def test_states_that_do_not_fit(name, shape):
    network, flat, inputs, targets = problem("language model")
    states = dict(state0=np.zeros((6, 4)), last_state=np.zeros((6, 4)))
    assert np.isfinite(loss_and_gradient(network, flat, inputs, targets, **states)[0])
    with pytest.raises(ValueError, match=f"kernel called with wrong arguments: {name}"):
        loss_and_gradient(network, flat, inputs, targets, **(states | {name: np.zeros(shape)}))


@pytest.mark.parametrize(
    "change",
    [
        dict(starts=None), dict(starts=np.zeros(2, np.intp)), dict(starts=np.array([0, 3, 4, 10, 16, 19])),
        dict(starts=np.array([-1, 3, 4, 10, 16, 18])), dict(values=np.full(22, K)), dict(weights=np.ones(6)),
    ],
    ids=str,
)  # fmt: skip
def test_targets_that_do_not_fit(change):
    network, flat, inputs, (kind, settings, values, weights, starts) = problem("tagger")
    arguments = dict(values=values, weights=weights, starts=starts) | change
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        loss_and_gradient(network, flat, inputs, (kind, settings, *arguments.values()))


def test_a_source_for_each_clock():
    for name, left_out in (("decoder", "second"), ("tagger", None)):
        network, flat, inputs, targets = problem(name)
        inputs = {"source": inputs["source"]} if left_out else inputs | {"second": inputs["source"]}
        with pytest.raises(ValueError, match="a source for each clock"):
            loss_and_gradient(network, flat, inputs, targets)


@pytest.mark.parametrize("name", NETWORKS)
def test_start_values(name):
    network = network_of(name)
    flat = np.full(network.table.size, np.nan)
    network.initialize(network.table.views(flat), np.random.default_rng(0))
    assert np.isfinite(flat).all()


def test_states_that_cannot_be_carried():
    with pytest.raises(ValueError, match="it has no state to carry"):
        network_of("tagger").program(training=True, carried=True)


def test_gradients_of_tables_of_another_network():
    network, flat, inputs, targets = problem("language model")
    weights = training.Weights(network.program(training=True), flat)
    other = network_of("language model", hidden_layer_sizes=[5])
    tables = training.TableGradients(
        training.Weights(other.program(training=True), np.zeros(other.table.size))
    )
    with pytest.raises(ValueError, match="tables of the same program"):
        training.loss_and_gradient(
            np.zeros(weights.program.n_dense), training.Memory(), weights,
            training.Inputs(inputs["source"]), np.arange(len(LENGTHS)), training.Targets(*targets), 7.0,
            None, tables,
        )  # fmt: skip


def test_dropout_wants_seeds():
    network, flat, inputs, targets = problem("tagger")
    weights = training.Weights(network.program(training=True, dropout=True), flat)
    with pytest.raises(ValueError, match="seeds for a program with dropout"):
        training.loss_and_gradient(
            np.zeros(weights.program.n_dense), training.Memory(), weights,
            training.Inputs(inputs["source"]), np.arange(len(LENGTHS)), training.Targets(*targets), 7.0,
        )  # fmt: skip
