"""Rows between two clocks: sequences in another order, and attention over a second sequence."""

from typing import NamedTuple

import numpy as np
import pytest
import reference
from helpers import TOLERANCE, central_difference, relative_error

# lengths of the queries' sequences and of their sources', in the caller's order
LENGTHS = {
    "ragged": ([3, 5, 1, 2], [2, 1, 4, 6]),
    "one step": ([1, 1, 1], [1, 1, 1]),
    "one source step": ([4, 2], [1, 1]),
    "one query": ([1, 1], [7, 3]),
    "one sequence": ([6], [40]),
    "equal": ([5, 5, 5], [3, 3, 3]),
}


class Problem(NamedTuple):
    queries: object
    source: object
    q: np.ndarray
    h: np.ndarray
    dc: np.ndarray


def clock(layer_kernels, lengths):
    order = np.argsort(-np.array(lengths), kind="stable")
    return layer_kernels.Clock([lengths[i] for i in order], order)


def random_problem(layer_kernels, lengths, F, dtype="float64"):
    rng = np.random.default_rng(0)
    queries, source = (clock(layer_kernels, part) for part in lengths)
    shapes = [(sum(lengths[0]), F), (sum(lengths[1]), F), (sum(lengths[0]), F)]
    return Problem(queries, source, *(rng.standard_normal(shape).astype(dtype) for shape in shapes))


def expected(problem, lengths):
    """The same by the oracle, one sequence after the other."""
    q, h, dc = (array.astype("float64") for array in problem[2:])
    out = {
        "c": np.zeros_like(q),
        "a": np.zeros((len(q), max(lengths[1]))),
        "dq": np.zeros_like(q),
        "dh": np.zeros_like(h),
    }
    for b in range(len(lengths[0])):
        rows = problem.queries.rows(b)
        over = problem.source.rows(problem.queries.place_in(problem.source, b))
        out["c"][rows], a = reference.attend_forward(q[rows], h[over])
        out["a"][rows, : len(over)] = a
        out["dq"][rows], out["dh"][over] = reference.attend_backward(dc[rows], a, q[rows], h[over])
    return out


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_rows_in_another_order(layer_kernels, dtype):
    to, source = (clock(layer_kernels, part) for part in LENGTHS["ragged"])
    # the caller's sequences by place: to 1, 0, 3, 2; source 3, 2, 0, 1
    places = [3, 2, 0, 1]
    assert [to.place_in(source, b) for b in range(4)] == places
    rng = np.random.default_rng(0)
    x, dy = rng.random((2, 4, 7)).astype(dtype)
    assert np.array_equal(layer_kernels.permute(x, to, source, apart=3), x[places])
    dx = np.full_like(x, np.nan)
    layer_kernels.permute_backward(dx, dy, to, source, False)
    assert np.array_equal(dx[places], dy)
    layer_kernels.permute_backward(dx, dy, to, source, True)
    assert np.array_equal(dx[places], 2 * dy)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("F", [1, 5, 16, 33])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_attention_against_the_oracle(layer_kernels, lengths, F, dtype):
    problem = random_problem(layer_kernels, lengths, F, dtype)
    want = expected(problem, lengths)
    got = layer_kernels.attend(problem.q, problem.h, problem.queries, problem.source, problem.dc, apart=5)
    for name, array in want.items():
        np.testing.assert_allclose(got[name], array, rtol=0, atol=20 * F * TOLERANCE[dtype], err_msg=name)
    dq, dh = np.ones_like(problem.q), np.ones_like(problem.h)
    layer_kernels.attend(problem.q, problem.h, problem.queries, problem.source, problem.dc, dq, dh)
    assert np.array_equal(dq, 1 + got["dq"])
    assert np.array_equal(dh, 1 + got["dh"])


def test_attention_against_central_differences(layer_kernels):
    problem = random_problem(layer_kernels, LENGTHS["ragged"], 3)
    arguments = problem.q, problem.h, problem.queries, problem.source

    def loss_at():
        return np.sum(problem.dc * layer_kernels.attend(*arguments)["c"])

    got = layer_kernels.attend(*arguments, problem.dc)
    assert relative_error(got["dq"], central_difference(loss_at, problem.q)) < 1e-7
    assert relative_error(got["dh"], central_difference(loss_at, problem.h)) < 1e-7


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_attention_does_not_depend_on_company(layer_kernels, dtype):
    lengths = LENGTHS["ragged"]
    problem = random_problem(layer_kernels, lengths, 17, dtype)
    together = layer_kernels.attend(problem.q, problem.h, problem.queries, problem.source, problem.dc)
    for b in range(len(lengths[0])):
        rows = problem.queries.rows(b)
        over = problem.source.rows(problem.queries.place_in(problem.source, b))
        clocks = [layer_kernels.Clock([len(part)], [0]) for part in (rows, over)]
        alone = layer_kernels.attend(problem.q[rows], problem.h[over], *clocks, problem.dc[rows])
        assert np.array_equal(alone["a"], together["a"][rows, : len(over)])
        for name, at in (("c", rows), ("dq", rows), ("dh", over)):
            assert np.array_equal(alone[name], together[name][at]), name


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_attention_over_large_states(layer_kernels, dtype):
    one = layer_kernels.Clock([1], [0])
    q, h = np.array([[1e4]], dtype), np.array([[1e3], [-1e3], [999]], dtype)
    out = layer_kernels.attend(q, h, one, layer_kernels.Clock([3], [0]))
    assert out["a"].tolist() == [[1, 0, 0]]
    assert out["c"].tolist() == [[1e3]]
