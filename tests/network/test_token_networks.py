"""GRUNetwork over tokens: its table's gradient, dropout of whole tokens, and tables that are not learned."""

import numpy as np
import pytest
import reference
from gruc import kernels
from gruc.network import GRUNetwork
from gruc.sequences import Tokens
from helpers import (
    LENGTHS,
    STRUCTURES,
    TOLERANCE,
    WIRING_DTYPES,
    central_difference,
    loss_of,
    masks_by_sequence,
    pass_over,
    relative_error,
    structure_id,
)

N_TOKENS, D, K = 9, 5, 3
NO_DROPOUT = (0.0, 0.0, 0.0)
ALL_KINDS = (0.3, 0.4, 0.35)


def token_problem(structure, dtype="float64", lengths=LENGTHS):
    rng = np.random.default_rng(0)
    network = GRUNetwork(n_features=D, n_outputs=K, n_tokens=N_TOKENS, **structure)
    flat = (0.5 * rng.standard_normal(network.table.size)).astype(dtype)
    sequences = [rng.integers(0, N_TOKENS - 1, length) for length in lengths]  # the last token occurs nowhere
    return network, flat, sequences, rng.integers(0, K, len(lengths)), 0.5 + rng.random(len(lengths))


def packed(sequences):
    inputs = Tokens(N_TOKENS)
    return inputs.gather(inputs.check(sequences, None), np.arange(len(sequences)), None)


def pass_with_rates(network, flat, batch, rates):
    seeds = np.random.default_rng(3).integers(2**64, size=len(batch.order), dtype=np.uint64)
    return pass_over(network, flat, batch, dropout=(seeds[batch.order], *rates) if any(rates) else None)


def loss_of_pass(network, flat, sequences, labels, weights, rates):
    batch = packed(sequences)
    way = pass_with_rates(network, flat, batch, rates)
    outputs = way.forward()
    loss = loss_of("softmax", outputs, labels[batch.order], weights[batch.order], weights.sum())
    return loss / weights.sum(), way, batch, outputs


def dense_table(shape, tables):
    """The gradient of the whole table from that of the rows seen."""
    ((tokens, rows),) = tables
    table = np.zeros(shape, rows.dtype)
    table[tokens] = rows
    return table


def token_masks(network, way, batch):
    """Masks (T,) of the tokens of each sequence."""
    program = network.program(training=True, dropout=True)
    place = next(i for i, op in enumerate(program.operations) if op.kind == kernels.inference.EMBED)
    mask = way.masks(place)
    rows = [mask[batch.offsets[:n] + b].astype("float64") for b, n in enumerate(batch.lengths)]
    return [rows[b] for b in np.argsort(batch.order)]


@pytest.mark.parametrize("dtype", WIRING_DTYPES)
@pytest.mark.parametrize("rates", [NO_DROPOUT, ALL_KINDS], ids=["", "dropout"])
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_against_the_oracle(structure, rates, dtype):
    network, flat, sequences, labels, weights = token_problem(structure, dtype)
    loss, way, batch, outputs = loss_of_pass(network, flat, sequences, labels, weights, rates)
    gradient = network.table.torch_views(np.concatenate([way.backward(outputs), np.zeros(N_TOKENS * D)]))
    parameters = network.table.torch_views(flat.astype("float64"))
    table = parameters.pop("embedding.weight")
    masks, of_tokens = None, [np.ones(len(s)) for s in sequences]
    if any(rates):
        masks, of_tokens = masks_by_sequence(network, way, batch), token_masks(network, way, batch)
    vectors = [mask[:, np.newaxis] * table[s] for s, mask in zip(sequences, of_tokens, strict=True)]
    config = dict(network.config)
    expected, gradients, dx = reference.batch_loss(
        vectors, labels, weights, parameters, config, "softmax", (0.1,), masks
    )
    assert loss == pytest.approx(expected, rel=TOLERANCE[dtype])
    of_table = np.zeros_like(table)
    for s, mask, d in zip(sequences, of_tokens, dx, strict=True):
        np.add.at(of_table, s, mask[:, np.newaxis] * d)
    gradient["embedding.weight"] = dense_table(table.shape, way.table_gradients())
    for name, block in (gradients | {"embedding.weight": of_table}).items():
        np.testing.assert_allclose(gradient[name], block, rtol=0, atol=2 * TOLERANCE[dtype], err_msg=name)


@pytest.mark.parametrize("structure", STRUCTURES[:3], ids=structure_id)
def test_table_against_central_differences(structure):
    network, flat, sequences, labels, weights = token_problem(structure)
    arguments = network, flat, sequences, labels, weights, ALL_KINDS
    _, way, _, outputs = loss_of_pass(*arguments)
    way.backward(outputs)
    table = network.table.views(flat)["embedding.weight"]
    slopes = central_difference(lambda: loss_of_pass(*arguments)[0], table)
    assert relative_error(dense_table(table.shape, way.table_gradients()), slopes) < 1e-7


def in_one_call(network, flat, sequences, labels, weights, rates, frozen=False):
    """As a shard of a training step: loss, flat gradient of dense parameters, and of the table."""
    options = {"frozen": True} if frozen else {}
    program = network.program(training=True, dropout=rates[0] > 0, **options)
    of_program = kernels.training.Weights(program, flat)
    gradient = np.full(program.n_dense, np.nan, flat.dtype)
    tables = kernels.training.TableGradients(of_program)
    seeds = np.random.default_rng(3).integers(2**64, size=len(sequences), dtype=np.uint64)
    loss = kernels.training.loss_and_gradient(
        gradient,
        kernels.training.Memory(),
        of_program,
        kernels.training.Inputs(kernels.inference.Source(sequences, tokens=True)),
        np.arange(len(sequences)),
        kernels.training.Targets(kernels.training.SOFTMAX, (0.1,), labels, weights),
        weights.sum(),
        (seeds, *rates) if any(rates) else None,
        tables,
    )
    return loss / weights.sum(), gradient, tables.arrays()


@pytest.mark.parametrize("rates", [NO_DROPOUT, ALL_KINDS, (0.0, 0.0, 0.5)])
def test_one_call_is_the_same(rates):
    network, flat, *rest = token_problem(STRUCTURES[1])
    loss, way, _, outputs = loss_of_pass(network, flat, *rest, rates)
    gradient = way.backward(outputs)
    value, at_once, tables = in_one_call(network, flat, *rest, rates)
    assert value == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(at_once, gradient, rtol=0, atol=1e-15)
    shape = N_TOKENS, D
    np.testing.assert_allclose(
        dense_table(shape, tables), dense_table(shape, way.table_gradients()), rtol=0, atol=1e-15
    )


@pytest.mark.parametrize("rates", [NO_DROPOUT, ALL_KINDS], ids=["", "dropout"])
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_a_frozen_table_has_no_gradient_and_changes_no_other(structure, rates):
    network, flat, *rest = token_problem(structure)
    loss, gradient, ((seen, _),) = in_one_call(network, flat, *rest, rates)
    value, of_frozen, ((tokens, rows),) = in_one_call(network, flat, *rest, rates, frozen=True)
    assert value == loss
    assert np.array_equal(of_frozen, gradient)
    assert len(seen) > 0
    assert tokens.shape == (0,)
    assert rows.shape == (0, D)


def test_equal_tokens_of_a_sequence_are_dropped_together():
    network = GRUNetwork(2, [2], False, True, "last", 2, n_tokens=N_TOKENS)
    flat = np.zeros(network.table.size)
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, N_TOKENS, 40) for _ in range(400)]
    batch = packed(sequences)
    way = pass_with_rates(network, flat, batch, (0.0, 0.0, 0.25))
    mask = way.masks(0)
    dropped = []
    for b, i in enumerate(batch.order):
        of_sequence = mask[batch.offsets[: batch.lengths[b]] + b]
        by_token = [set(of_sequence[sequences[i] == token]) for token in np.unique(sequences[i])]
        assert all(len(values) == 1 for values in by_token)
        dropped += [values == {0.0} for values in by_token]
    assert set(np.unique(mask)) == {0.0, 1 / 0.75}
    assert np.mean(dropped) == pytest.approx(0.25, abs=0.03)  # 3,600 draws: 4 sigma
    alone = packed(sequences[7:8])
    seeds = np.random.default_rng(3).integers(2**64, size=len(sequences), dtype=np.uint64)
    of_one = pass_over(network, flat, alone, dropout=(seeds[7:8], 0.0, 0.0, 0.25)).masks(0)
    b = int(np.flatnonzero(batch.order == 7)[0])
    assert np.array_equal(of_one, mask[batch.offsets[:40] + b])


def test_all_tokens_may_be_dropped():
    network, flat, *rest = token_problem(STRUCTURES[0], lengths=[1, 1])
    _, gradient, ((tokens, _),) = in_one_call(network, flat, *rest, (0.0, 0.0, 1 - 1e-9))
    assert len(tokens) == 0
    assert np.isfinite(gradient).all()


def test_rates_of_tokens_need_seeds_and_lie_below_1():
    network, flat, sequences, *_ = token_problem(STRUCTURES[0])
    batch = packed(sequences)
    weights = kernels.training.Weights(network.program(training=True), flat)
    clock = batch.lengths, batch.offsets, batch.order
    with pytest.raises(ValueError, match="seeds for dropout of tokens"):
        kernels.training.Pass(weights, [batch.values], [clock], rate_tokens=0.5)
    for rate in (-0.1, 1.0, np.nan):
        with pytest.raises(ValueError, match="rates of dropout"):
            pass_with_rates(network, flat, batch, (0.0, 0.0, rate))


@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_the_gradient_of_vectors_adds_up_to_that_of_the_table(structure):
    """A program that takes the vectors of tokens answers the same, and tells of each place."""
    network, flat, sequences, _, _ = token_problem(structure)
    batch, doutputs = packed(sequences), np.random.default_rng(1).standard_normal((len(LENGTHS), K))
    table = network.table.views(flat)["embedding.weight"]
    looked_up = pass_over(network, flat, batch)
    given = pass_over(network, flat, batch._replace(values=table[batch.values[:, 0]]), want_dx=True)
    assert np.array_equal(given.forward(), looked_up.forward())
    looked_up.backward(doutputs)
    given.backward(doutputs)
    sums = np.zeros_like(table)
    np.add.at(sums, batch.values[:, 0], given.gradient(0))
    expected = dense_table(table.shape, looked_up.table_gradients())
    np.testing.assert_allclose(sums, expected, rtol=0, atol=1e-13)
