"""Gradients by rows beside a dense one: norm, scale, penalty and steps, against dense ones and torch.optim.SparseAdam."""

import numpy as np
import pytest
from gruc.training import SOLVERS, Gradient, TableGradient

SETTINGS = dict(
    beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.1, momentum=0.9, nesterov=True, rho=0.99
)
SHAPES = [(6, 3), (4, 2)]  # of two tables behind ten dense parameters
N_DENSE = 10
SIZE = N_DENSE + 18 + 8


def random_gradient(rng, n_seen=(2, 3)):
    tables, start = [], N_DENSE
    for (n_tokens, D), n in zip(SHAPES, n_seen, strict=True):
        tokens = np.sort(rng.permutation(n_tokens)[:n]).astype(np.int32)
        tables.append(TableGradient(start, n_tokens, tokens, rng.standard_normal((n, D))))
        start += n_tokens * D
    return Gradient(rng.standard_normal(N_DENSE), tables)


def dense(gradient):
    """The same as one flat buffer, and which of its elements were seen."""
    flat, seen = np.zeros(SIZE), np.zeros(SIZE, bool)
    flat[:N_DENSE], seen[:N_DENSE] = gradient.dense, True
    for table in gradient.tables:
        table.table(flat)[table.tokens] = table.rows
        table.table(seen)[table.tokens] = True
    return flat, seen


def test_norm_and_scale_are_those_of_the_whole():
    gradient = random_gradient(np.random.default_rng(0))
    flat, _ = dense(gradient)
    assert gradient.norm() == pytest.approx(np.linalg.norm(flat), rel=1e-14)
    gradient.scale(0.25)
    assert np.array_equal(dense(gradient)[0], 0.25 * flat)
    nothing = random_gradient(np.random.default_rng(0), (0, 0))
    assert nothing.norm() == pytest.approx(np.linalg.norm(nothing.dense), rel=1e-14)


def test_penalty_of_weights_and_of_rows_seen():
    rng = np.random.default_rng(0)
    gradient, parameters = random_gradient(rng), rng.standard_normal(SIZE)
    flat, seen = dense(gradient)
    seen[:4] = False  # biases
    value = sum(gradient.add_penalties(parameters, [slice(4, 7), slice(7, SIZE)], 0.3, 0.2))
    w = parameters * seen
    assert value == pytest.approx(0.15 * np.sum(w**2) + 0.2 * np.sum(np.abs(w)), rel=1e-13)
    np.testing.assert_allclose(dense(gradient)[0], flat + 0.3 * w + 0.2 * np.sign(w), rtol=0, atol=1e-14)


@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_that_are_always_seen_take_the_steps_of_the_whole(solver):
    rng = np.random.default_rng(0)
    start = rng.standard_normal(SIZE)
    weights = [slice(4, 7), slice(N_DENSE, SIZE)]  # of dense parameters, and the tables
    by_rows, whole = (SOLVERS[solver](start, weights, **SETTINGS) for _ in range(2))
    a, b = start.copy(), start.copy()
    for _ in range(4):
        gradient = random_gradient(rng, (6, 4))
        by_rows.step(a, a, gradient.dense, 0.01, gradient.tables)
        whole.step(b, b, dense(gradient)[0], 0.01)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)


@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_not_seen_stay(solver):
    rng = np.random.default_rng(0)
    parameters = rng.standard_normal(SIZE)
    optimizer = SOLVERS[solver](parameters, [slice(4, SIZE)], **SETTINGS)
    for _ in range(3):
        gradient = random_gradient(rng)
        seen = dense(gradient)[1]
        before = [array.copy() for array in (parameters, *optimizer.moments)]
        optimizer.step(parameters, parameters, gradient.dense, 0.01, gradient.tables)
        for array, was in zip((parameters, *optimizer.moments), before, strict=True):
            assert np.array_equal(array[~seen], was[~seen])
            assert not np.any(array[seen] == was[seen])


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_step_elsewhere_is_the_step_in_place(solver):
    rng = np.random.default_rng(0)
    start = rng.standard_normal(SIZE)
    here, there = (SOLVERS[solver](start, [slice(4, SIZE)], **SETTINGS) for _ in range(2))
    a, b = start.copy(), start.copy()
    for _ in range(3):
        gradient = random_gradient(rng)
        here.step(a, a, gradient.dense, 0.01, gradient.tables)
        was = b.copy()
        moments = there.moments, [moment.copy() for moment in there.moments]
        new = np.full(SIZE, np.nan)
        there.step(new, b, gradient.dense, 0.01, gradient.tables)
        assert np.array_equal(b, was)
        for moment, copy in zip(*moments, strict=True):
            assert np.array_equal(moment, copy)
        b = new
    assert np.array_equal(a, b)
    for one, other in zip(here.moments, there.moments, strict=True):
        assert np.array_equal(one, other)


def test_twenty_steps_are_those_of_sparse_adam():
    """torch adds epsilon before the correction of the second moment, hence the small one."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    parameters = rng.standard_normal(SIZE)
    optimizer = SOLVERS["adam"](parameters, [], **SETTINGS | {"epsilon": 1e-14})
    tables = [table.table(parameters) for table in random_gradient(rng).tables]
    theirs = [torch.tensor(table, requires_grad=True) for table in tables]
    sparse_adam = torch.optim.SparseAdam(theirs, lr=0.01, eps=1e-14)
    torch.sparse.check_sparse_tensor_invariants.enable()  # else it warns
    for _ in range(20):
        gradient = random_gradient(rng)
        for table, parameter in zip(gradient.tables, theirs, strict=True):
            parameter.grad = torch.sparse_coo_tensor(
                table.tokens[np.newaxis], table.rows, parameter.shape, is_coalesced=True
            )
        optimizer.step(parameters, parameters, gradient.dense, 0.01, gradient.tables)
        sparse_adam.step()
    for table, parameter in zip(tables, theirs, strict=True):
        np.testing.assert_allclose(table, parameter.detach().numpy(), rtol=0, atol=1e-9)
