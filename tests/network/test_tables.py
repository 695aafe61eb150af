"""Programs over tokens: a table's gradient by rows, in a pass and in a training step's shards."""

import tracemalloc

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.network.gru import GRULayer, lay_out_layer
from gruc.network.parameters import ParameterTable
from gruc.network.program import KINDS, ProgramBuilder
from helpers import TOLERANCE, central_difference, relative_error

training = kernels.training
N_TOKENS, D, H, K = 9, 4, 5, 3
LENGTHS = {
    "ragged": [3, 1, 6, 6, 2, 4],
    "one step": [1, 1, 1],
    "one sequence": [5],
    "chunks": [90, 89, 40, 3],
}


def a_program(each_step):
    """Tokens, their rows of a table, a GRU layer, and a dense answer for each step or for each sequence."""
    layer = GRULayer(0, D, H, True, False)
    entries = [*layer.entries(), ("head.weight", (H, K)), ("head.bias", (K,)), ("table", (N_TOKENS, D))]
    table = ParameterTable(entries)
    builder = ProgramBuilder(table, training=True)
    tokens = builder.input(1, integers=True)
    x = builder.operation(KINDS.EMBED, tokens, builder.like(tokens, D), "table", D=N_TOKENS)
    states, last = lay_out_layer(builder, [layer], x, -1)
    features = states if each_step else last
    y = builder.operation(KINDS.DENSE, features, builder.like(features, K), "head.weight")
    return table, builder.build(y)


def packed(sequences):
    source, indices = kernels.inference.Source(sequences, tokens=True), np.arange(len(sequences))
    n_rows, n_steps = source.extent(indices)
    tokens, order, lengths = np.empty(n_rows, np.int32), indices.copy(), indices.copy()
    offsets = np.empty(n_steps + 1, np.intp)
    kernels.inference.gather_tokens(tokens, order, lengths, offsets, source, indices, N_TOKENS)
    return tokens[:, np.newaxis], (lengths, offsets, order)


def expected(table, flat, sequences, labels, weights, total, each_step):
    """Loss and flat gradient by the oracle; `labels` of each step, or one, of each sequence."""
    exact = table.views(flat.astype("float64"))
    names = [f"gru.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    layer = [exact[name].T for name in names]
    gradient, loss = np.zeros(table.size), 0.0
    views = table.views(gradient)
    for tokens, label, weight in zip(sequences, labels, weights, strict=True):
        h, saved = reference.gru_forward(exact["table"][tokens], *layer)
        dh = np.zeros_like(h)
        for t, one in enumerate(label) if each_step else [(len(h) - 1, label)]:
            logits = h[t] @ exact["head.weight"] + exact["head.bias"]
            value, dlogits = reference.softmax_cross_entropy(logits, one)
            loss += weight * value
            dlogits = dlogits * weight / total
            views["head.weight"] += np.outer(h[t], dlogits)
            views["head.bias"] += dlogits
            dh[t] += exact["head.weight"] @ dlogits
        dx, *found, _ = reference.gru_backward(dh, saved, *layer)
        for name, part in zip(names, found, strict=True):
            views[name] += part.T
        np.add.at(views["table"], tokens, dx)
    return loss, gradient


def whole(table, dense, seen):
    """The flat gradient of dense parameters and of a table's rows."""
    flat = np.zeros(table.size)
    flat[: len(dense)] = dense
    for tokens, rows in seen:
        table.views(flat)["table"][tokens] = rows
    return flat


def a_batch(lengths, each_step):
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, N_TOKENS - 1, length) for length in lengths]  # one token is never seen
    labels = [rng.integers(0, K, length) if each_step else rng.integers(0, K) for length in lengths]
    return sequences, labels, 0.5 + rng.random(len(lengths))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("each_step", [False, True])
def test_loss_and_gradient_against_the_oracle(each_step, lengths, dtype):
    """With more than 128 steps, the answers of steps are judged chunk by chunk."""
    table, program = a_program(each_step)
    flat = np.random.default_rng(1).standard_normal(table.size).astype(dtype) / 2
    sequences, labels, weights = a_batch(lengths, each_step)
    tokens, clock = packed(sequences)
    order = clock[2]
    value, gradient = expected(table, flat, sequences, labels, weights, 7.0, each_step)
    if each_step:
        rows = [
            (order[b], t) for t in range(max(lengths)) for b in range(len(order)) if t < lengths[order[b]]
        ]
        row_labels = np.array([labels[i][t] for i, t in rows])
        row_weights = np.array([weights[i] for i, _ in rows])
    else:
        row_labels, row_weights = np.array(labels)[order], weights[order]
    way = training.Pass(training.Weights(program, flat), [tokens], [clock])
    loss = way.loss(training.Targets(training.SOFTMAX, (0.0,), row_labels, row_weights), 7.0)
    tolerance = TOLERANCE[dtype] * np.sqrt(sum(lengths)) * 3
    assert loss == pytest.approx(value, rel=tolerance)
    seen = way.table_gradients()
    assert seen[0][0].tolist() == sorted(set(np.concatenate(sequences).tolist()))
    np.testing.assert_allclose(whole(table, way.gradients, seen), gradient, rtol=0, atol=tolerance)


@pytest.mark.parametrize("each_step", [False, True])
def test_against_central_differences(each_step):
    table, program = a_program(each_step)
    rng = np.random.default_rng(1)
    flat = rng.standard_normal(table.size) / 2
    tokens, clock = packed(a_batch(LENGTHS["ragged"], each_step)[0])

    def a_pass():
        return training.Pass(training.Weights(program, flat), [tokens], [clock])

    way = a_pass()
    doutputs = rng.standard_normal(way.forward().shape)
    gradient = whole(table, way.backward(doutputs), way.table_gradients())
    slopes = central_difference(lambda: np.sum(doutputs * a_pass().forward()), flat)
    for name, block in table.views(gradient).items():
        assert relative_error(block, table.views(slopes)[name]) < 1e-7, name


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n_shards", [1, 3])
def test_shards_of_a_training_step(n_shards, dtype):
    table, program = a_program(each_step=False)
    flat = np.random.default_rng(1).standard_normal(table.size).astype(dtype) / 2
    sequences, labels, weights = a_batch(LENGTHS["ragged"], each_step=False)
    value, gradient = expected(table, flat, sequences, labels, weights, 7.0, each_step=False)
    source = kernels.inference.Source(sequences, tokens=True)
    targets = training.Targets(training.SOFTMAX, (0.0,), np.array(labels), weights)
    packed_weights, memory = training.Weights(program, flat), training.Memory()
    parts = [training.TableGradients(packed_weights) for _ in range(n_shards)]
    merged, dense, loss = training.TableGradients(packed_weights), 0, 0.0
    for _ in range(2):  # memory that has been used is as good
        dense, loss = 0, 0.0
        for i, part in enumerate(parts):
            one = np.full(program.n_dense, np.nan, dtype)
            indices = np.arange(i, len(sequences), n_shards)
            loss += training.loss_and_gradient(
                one, memory, packed_weights, training.Inputs(source), indices, targets, 7.0, None, part
            )
            dense = dense + one
        merged.merge(parts, memory)
        tolerance = 10 * TOLERANCE[dtype]
        assert loss == pytest.approx(value, rel=tolerance)
        np.testing.assert_allclose(whole(table, dense, merged.arrays()), gradient, rtol=0, atol=tolerance)


def test_outputs_of_all_steps_are_never_held():
    """A loss over many classes takes memory for 128 steps at a time, not for those of the batch."""
    n_steps, n_classes = 2_560, 3_000
    table = ParameterTable([("head.weight", (D, n_classes)), ("head.bias", (n_classes,))])
    builder = ProgramBuilder(table, training=True)
    x = builder.input(D, gradient=True)
    program = builder.build(builder.operation(KINDS.DENSE, x, builder.like(x, n_classes), "head.weight"))
    rng = np.random.default_rng(0)
    flat, rows = rng.random(table.size, np.float32), rng.random((n_steps, D), np.float32)
    clock = np.array([n_steps]), np.arange(n_steps + 1), np.array([0])
    targets = training.Targets(training.SOFTMAX, (0.0,), rng.integers(0, n_classes, n_steps))
    tracemalloc.start()
    way = training.Pass(training.Weights(program, flat), [rows], [clock])
    loss = way.loss(targets, 1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert loss / n_steps == pytest.approx(np.log(n_classes), rel=0.1)
    assert peak < n_steps * n_classes * 4 / 8


def test_a_wrong_token_is_named():
    _, program = a_program(each_step=False)
    weights = training.Weights(program, np.zeros(program.n_parameters))
    arguments = [np.empty(program.n_dense), training.Memory(), weights]
    targets = training.Targets(training.SOFTMAX, (0.0,), np.zeros(2, np.intp))
    rest = [np.array([0, 1]), targets, 1.0, None, training.TableGradients(weights)]
    for wrong in (-1, N_TOKENS):
        source = kernels.inference.Source([np.array([0, 8]), np.array([0, 1, wrong])], tokens=True)
        with pytest.raises(ValueError, match=f"sequence 1 has token {wrong} at step 2"):
            training.loss_and_gradient(*arguments, training.Inputs(source), *rest)
    with pytest.raises(ValueError, match="tokens for integers"):
        source = kernels.inference.Source([np.ones(1)] * 2)
        training.loss_and_gradient(*arguments, training.Inputs(source), *rest)


def test_tables_lie_behind_all_other_parameters():
    table = ParameterTable([("table", (N_TOKENS, D)), ("head.weight", (D, K)), ("head.bias", (K,))])
    builder = ProgramBuilder(table)
    tokens = builder.input(1, integers=True)
    x = builder.operation(KINDS.EMBED, tokens, builder.like(tokens, D), "table", D=N_TOKENS)
    y = builder.operation(KINDS.DENSE, x, builder.like(x, K), "head.weight")
    with pytest.raises(ValueError, match="tables behind all other parameters"):
        builder.build(y)
