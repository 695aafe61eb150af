"""Convolutions before the GRU layers: the oracle, central differences, torch."""

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.network import GRUNetwork, take_running
from helpers import (
    CONVOLUTIONS,
    LENGTHS,
    LENGTHS_OF,
    TOLERANCE,
    central_difference,
    in_one_call,
    initial_state,
    loss_and_gradients,
    loss_value,
    pack,
    pass_over,
    problem,
    random_network,
    random_sequences,
    relative_error,
    settings_of,
    unpack,
)

STRUCTURE = {"reset_after": True, "hidden_layer_sizes": [4], "bidirectional": True, "pooling": "mean"}
STRUCTURES = {name: STRUCTURE | {"convolutions": layers} for name, layers in CONVOLUTIONS.items()}
STRUCTURES["read by the head"] = STRUCTURES["three"] | {"pooling": ["conv_max", "max", "conv_mean"]}
STRUCTURES["read by the head, two layers"] = STRUCTURES["pooled"] | {
    "hidden_layer_sizes": [4, 3],
    "pooling": ["last", "conv_mean"],
}
CONSTANTS = "running_mean", "running_var", "num_batches_tracked"
of_all = pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)


def conv_network(structure, dtype="float64", n_features=2, seed=0):
    """A network whose normalisations have constants as after some batches."""
    rng = np.random.default_rng(seed)
    network, flat = random_network(rng, structure, n_features=n_features, dtype=dtype)
    for name, value in network.table.views(flat).items():
        if name.endswith(("running_var", "num_batches_tracked")):
            value[:] = 0.5 + np.abs(value)
    return network, flat


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lengths", LENGTHS_OF.values(), ids=LENGTHS_OF)
@of_all
def test_gradients_against_the_oracle(structure, lengths, dtype):
    network, flat, sequences, targets, weights = problem(structure, "softmax", lengths, dtype=dtype)
    value, gradient, dx = loss_and_gradients(network, flat, sequences, targets, weights, "softmax")
    exact = network.table.torch_views(flat.astype("float64"))
    expected, gradients, expected_dx = reference.batch_loss(
        sequences, targets, weights, exact, network.config, "softmax", settings_of("softmax")
    )
    # where all rows of a shard are alike, differences from their mean are rounding, 300 times as large
    tolerance = TOLERANCE[dtype] * (300 if len(set(lengths)) == 1 or len(lengths) == 1 else 10)
    assert value == pytest.approx(expected, rel=tolerance)
    for name, block in network.table.torch_views(gradient).items():
        scale = max(1.0, np.abs(gradients[name]).max())
        np.testing.assert_allclose(block, gradients[name], rtol=0, atol=tolerance * scale, err_msg=name)
    for got, want in zip(dx, expected_dx, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)


@of_all
def test_gradients_against_central_differences(structure):
    network, flat, sequences, targets, weights = problem(structure, "softmax")
    assert sum(network.table.torch_shapes()["conv.0.weight"]) > 0

    def loss_at():
        return loss_value(network, flat, sequences, targets, weights, "softmax")

    _, gradient, dx = loss_and_gradients(network, flat, sequences, targets, weights, "softmax")
    slopes = network.table.views(central_difference(loss_at, flat, step=1e-6))
    for name, block in network.table.views(gradient).items():
        if name.endswith(CONSTANTS):  # which training does not read
            assert not slopes[name].any()
        else:
            assert relative_error(block, slopes[name]) < 1e-6, name
    slopes_x = [central_difference(loss_at, sequence, step=1e-6) for sequence in sequences]
    assert relative_error(np.concatenate(dx), np.concatenate(slopes_x)) < 1e-6


@pytest.mark.parametrize("dtype", TOLERANCE)
@of_all
def test_one_call_is_forward_loss_and_backward(structure, dtype):
    network, flat, sequences, targets, weights = problem(structure, "softmax", dtype=dtype)
    value, gradient, _ = loss_and_gradients(network, flat, sequences, targets, weights, "softmax")
    sum_of_losses, at_once = in_one_call(network, flat, sequences, targets, weights, "softmax")
    assert sum_of_losses / weights.sum() == pytest.approx(value, rel=1e-15)
    assert np.array_equal(at_once, gradient)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n_features", [1, 2, 19])
@of_all
def test_inference_against_the_oracle(structure, n_features, dtype):
    network, flat = conv_network(structure, dtype, n_features)
    sequences = random_sequences(np.random.default_rng(1), LENGTHS, n_features)
    batch = pack(sequences, dtype)
    weights = network.prepare(flat)
    exact = network.table.torch_views(flat.astype("float64"))
    rows, _ = reference.convolutions_forward(sequences, exact, network.config)
    expected = [reference.network_forward(x, exact, network.config)[0] for x in rows]
    got = network.infer(weights, batch)
    np.testing.assert_allclose(got, np.array(expected)[batch.order], rtol=0, atol=20 * TOLERANCE[dtype])
    lengths, offsets = network.row_layout(batch)
    states = unpack(network.states(weights, batch, 0), batch._replace(lengths=lengths, offsets=offsets))
    for state, x in zip(states, rows, strict=True):
        suffixes = reference.direction_names(network.config)[0]
        forward, _ = reference.gru_forward(x, *reference.layer_weights(exact, suffixes[0]))
        np.testing.assert_allclose(state[:, :4], forward, rtol=0, atol=20 * TOLERANCE[dtype])
    assert network.gates(weights, batch, 0)[0].shape == (sum(map(len, rows)), 8)


@pytest.mark.parametrize("dtype", TOLERANCE)
@of_all
def test_a_prediction_does_not_depend_on_other_sequences(structure, dtype):
    network, flat = conv_network(structure, dtype)
    sequences = random_sequences(np.random.default_rng(1), [40, 3, 200, 7, 1, 200, 33])
    weights, batch = network.prepare(flat), pack(sequences, dtype)
    together = network.infer(weights, batch)
    for place, i in enumerate(batch.order):
        assert np.array_equal(network.infer(weights, pack([sequences[i]], dtype))[0], together[place])


def test_long_sequences_against_the_oracle():
    """Many chunks of windows, whose statistics are joined."""
    structure = STRUCTURE | {"convolutions": [(20, 5, 2), (6, 3, 2)]}
    network, flat, sequences, targets, weights = problem(structure, "softmax", [300, 41, 17, 300, 1])
    value, gradient, _ = loss_and_gradients(network, flat, sequences, targets, weights, "softmax")
    exact = network.table.torch_views(flat)
    expected, gradients, _ = reference.batch_loss(
        sequences, targets, weights, exact, network.config, "softmax", settings_of("softmax")
    )
    assert value == pytest.approx(expected, rel=1e-12)
    for name, block in network.table.torch_views(gradient).items():
        np.testing.assert_allclose(block, gradients[name], rtol=1e-9, atol=1e-10, err_msg=name)


def test_constants_follow_the_batches():
    network = GRUNetwork(2, [3], False, True, "last", 3, convolutions=[(2, 2, 1)])
    state = initial_state(network)
    program, flat = network.program(training=True), state.parameters
    constants = network.table.views(flat)
    assert constants["norm.0.running_var"].tolist() == [1, 1]
    means, expected = [], None
    for seed in range(30):
        sequences = random_sequences(np.random.default_rng(seed))
        rows = np.concatenate(
            [reference.conv_forward(x, network.table.torch_views(flat)["conv.0.weight"]) for x in sequences]
        )
        means.append(rows.mean(axis=0))
        gradient = in_one_call(network, flat, sequences, np.zeros(6, np.intp), np.ones(6), "softmax")[1]
        (running,) = take_running(program, gradient)
        assert not network.table.views(gradient)["norm.0.running_mean"].any()
        running.update(flat)
        expected = np.mean(means, axis=0) if seed < 10 else 0.9 * expected + 0.1 * means[-1]
        np.testing.assert_allclose(constants["norm.0.running_mean"], expected, rtol=0, atol=1e-12)
    assert constants["norm.0.num_batches_tracked"].tolist() == [30]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("training", [True, False])
def test_against_torch(training, dtype):
    torch = pytest.importorskip("torch")
    layers = [(5, 4, 2), (7, 3, 3)]
    network, flat = conv_network(STRUCTURE | {"convolutions": layers}, dtype)
    x = np.random.default_rng(1).standard_normal((4, 11, 2)).astype(dtype)
    parts, width = [], 2
    for channels, k, p in layers:
        parts += [torch.nn.ConstantPad1d((k - 1, 0), 0), torch.nn.Conv1d(width, channels, k, bias=False)]
        parts += [torch.nn.BatchNorm1d(channels), torch.nn.ReLU(), torch.nn.MaxPool1d(p, ceil_mode=True)]
        width = channels
    stack = torch.nn.Sequential(*parts).to(getattr(torch, dtype))
    for place, name in ((1, "conv.0."), (2, "norm.0."), (6, "conv.1."), (7, "norm.1.")):
        values = {
            key.removeprefix(name): torch.tensor(value.copy() if value.shape != (1,) else int(value[0]))
            for key, value in network.table.torch_views(flat).items()
            if key.startswith(name)
        }
        stack[place].load_state_dict(values)
    stack.train(training)
    expected = stack(torch.tensor(x).transpose(1, 2)).transpose(1, 2).detach().numpy()
    batch = pack(list(x), dtype)
    if training:
        program = network.program(training=True)
        way = pass_over(network, flat, batch)
        way.forward()
        rows = way.rows(next(op.x for op in program.operations if op.kind == kernels.inference.GRU))
    else:
        value = next(op.x for op in network.program().operations if op.kind == kernels.inference.GRU)
        rows = network._value(network.prepare(flat), batch, None, value)
    lengths, offsets = network.row_layout(batch)
    got = unpack(rows, batch._replace(lengths=lengths, offsets=offsets))
    np.testing.assert_allclose(np.stack(got), expected, rtol=0, atol=100 * TOLERANCE[dtype])
