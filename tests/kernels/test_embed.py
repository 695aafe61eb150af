"""Embeddings: gathering tokens, rows of a table, and the gradient of the rows that were seen."""

from itertools import pairwise

import numpy as np
import pytest
from gruc.kernels import inference
from helpers import TOLERANCE, central_difference

# tokens of a batch: repeated, all the same, one, from a large table
TOKENS = {
    "repeated": (np.array([3, 0, 3, 3, 7, 0, 1, 2, 7]), 8),
    "all the same": (np.full(40, 5), 6),
    "one": (np.array([0]), 1),
    "of a large table": (np.array([70_000, 2**31 - 2, 255, 256, 70_000, 65_535, 65_536, 2**24]), 2**31 - 1),
    "many": (np.random.default_rng(0).zipf(1.3, 3000) % 50_000, 50_000),
}


def gathered(arrays, indices, n_tokens):
    source, indices = inference.Source(arrays, tokens=True), np.array(indices)
    n_rows, n_steps = source.extent(indices)
    tokens, order, lengths = np.full(n_rows, -1, np.int32), indices.copy(), indices.copy()
    offsets = np.empty(n_steps + 1, np.intp)
    inference.gather_tokens(tokens, order, lengths, offsets, source, indices, n_tokens)
    return tokens.tolist(), order.tolist(), lengths.tolist(), offsets.tolist()


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_tokens_are_packed_as_numbers_are(dtype):
    arrays = [np.array([1, 2], dtype), np.arange(10, 20, dtype=dtype)[::3], np.array([5], dtype)]
    assert gathered(arrays, [2, 1], 20)[0] == [10, 5, 13, 16, 19]
    got = gathered(arrays, [2, 1, 0], 20)
    assert got == ([10, 1, 5, 13, 2, 16, 19], [1, 2, 0], [4, 2, 1], [0, 3, 5, 6, 7])
    equal = np.arange(6, dtype=dtype).reshape(2, 3, 1)
    assert gathered(equal, [1, 0], 6)[0] == [3, 0, 4, 1, 5, 2]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("wrong", [-1, 7, 2**31 - 1])
def test_a_token_outside_the_table_is_named(wrong, dtype):
    arrays = [np.array([6, 0, 1, 2]), np.array([0, 6, wrong]), np.array([wrong, 1, 2, 3, 4])]
    with pytest.raises(ValueError, match=rf"sequence 1 has token {wrong} at step 2; .* from 0 to 6 here"):
        gathered([array.astype(dtype) for array in arrays], [0, 2, 1], 7)
    assert gathered([arrays[0]], [0], 7)[0] == [6, 0, 1, 2]


def test_sources_of_tokens_and_of_numbers_are_distinguished():
    numbers, tokens = inference.Source([np.ones(3)]), inference.Source([np.ones(3, int)], tokens=True)
    assert tokens.holds_tokens
    assert not numbers.holds_tokens
    first, offsets = np.zeros(1, np.intp), np.zeros(4, np.intp)
    with pytest.raises(ValueError, match="a source of tokens"):
        inference.gather_tokens(np.zeros(3, np.int32), first, first, offsets, numbers, first, 5)
    with pytest.raises(ValueError, match="a source of numbers"):
        inference.gather(np.zeros((3, 1)), first, first, offsets, tokens, first, None, None)
    with pytest.raises(ValueError, match="of one type"):
        inference.Source([np.ones(3, "int32"), np.ones(3, "int64")], tokens=True)
    for array in (np.ones((2, 3), int), np.ones((1, 2, 3), int)):
        with pytest.raises(ValueError, match="one feature"):
            inference.Source(array if array.ndim == 3 else [array], tokens=True)
    with pytest.raises(ValueError, match="step by step"):
        inference.Source([np.ones(3, int)], 2, 1, tokens=True)
    with pytest.raises(ValueError, match="step by step"):
        inference.Source([np.ones(3, int)], 1, 2, tokens=True)
    for dtype in ("uint32", "int16", "bool", "float64"):
        with pytest.raises(ValueError, match="arrays of native"):
            inference.Source([np.ones(3, dtype)], tokens=True)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("D", [1, 7, 33])
def test_rows_of_a_table(layer_kernels, D, dtype):
    rng = np.random.default_rng(0)
    table = rng.standard_normal((9, D)).astype(dtype)
    tokens, mask = rng.integers(0, 9, 31).astype(np.int32), rng.integers(0, 2, 31).astype(dtype)
    assert np.array_equal(layer_kernels.embed(table, tokens, apart=5), table[tokens])
    assert np.array_equal(layer_kernels.embed(table, tokens, 2 * mask), 2 * mask[:, None] * table[tokens])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("D", [1, 5, 32])
@pytest.mark.parametrize("tokens, n_tokens", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("masked", [False, True])
def test_gradient_of_the_rows_that_were_seen(layer_kernels, tokens, n_tokens, D, dtype, masked):
    rng = np.random.default_rng(0)
    dx = rng.standard_normal((len(tokens), D))
    mask = 2.0 * rng.integers(0, 2, len(tokens)) if masked else None
    typed = (tokens.astype(np.int32), dx.astype(dtype), None if mask is None else mask.astype(dtype))
    seen, rows = layer_kernels.embed_backward(*typed)
    kept = tokens if mask is None else tokens[mask > 0]
    expected, places = np.unique(kept, return_inverse=True)
    sums = np.zeros((len(expected), D))
    np.add.at(sums, places, dx if mask is None else 2 * dx[mask > 0])
    assert seen.tolist() == expected.tolist()
    assert n_tokens > max(seen, default=0)
    np.testing.assert_allclose(rows, sums, rtol=0, atol=100 * TOLERANCE[dtype])


def test_against_central_differences(layer_kernels):
    rng = np.random.default_rng(0)
    table, tokens = rng.standard_normal((6, 3)), np.array([4, 1, 4, 0, 4, 1], np.int32)
    mask = np.array([2, 2, 0, 2, 2, 0.0])
    dy = rng.standard_normal((6, 3))
    slopes = central_difference(lambda: np.sum(dy * layer_kernels.embed(table, tokens, mask)), table)
    seen, rows = layer_kernels.embed_backward(tokens, dy.copy(), mask)
    dense = np.zeros_like(table)
    dense[seen] = rows
    np.testing.assert_allclose(dense, slopes, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n_shards", [1, 2, 5, 16])
def test_shards_are_merged_in_their_order(layer_kernels, n_shards, dtype):
    """To the bit the sum from the first place to the last within a shard, then from the first shard to the last."""
    rng = np.random.default_rng(0)
    tokens, dx = rng.integers(0, 40, 500).astype(np.int32), rng.standard_normal((500, 6)).astype(dtype)
    cuts = [0, *sorted(rng.integers(0, 500, n_shards - 1)), 500]
    parts = [layer_kernels.embed_backward(tokens[a:b], dx[a:b]) for a, b in pairwise(cuts) if b > a]
    seen, rows = layer_kernels.embed_merge(parts, dx)
    assert seen.tolist() == sorted(set(tokens.tolist()))
    for token, row in zip(seen, rows, strict=True):
        sums = []
        for a, b in pairwise(cuts):
            of_token = dx[a:b][tokens[a:b] == token]
            if len(of_token):
                sums.append(of_token[0])
                for more in of_token[1:]:
                    sums[-1] = sums[-1] + more
        total = sums[0]
        for more in sums[1:]:
            total = total + more
        assert np.array_equal(row, total)


def test_a_shard_that_saw_nothing(layer_kernels):
    dx = np.ones((2, 3))
    part = layer_kernels.embed_backward(np.array([4, 4], np.int32), dx)
    nothing = layer_kernels.embed_backward(np.array([1, 1], np.int32), dx.copy(), np.zeros(2))
    assert len(nothing[0]) == 0
    seen, rows = layer_kernels.embed_merge([nothing, part, nothing], dx)
    assert seen.tolist() == [4]
    assert rows.tolist() == [[2, 2, 2]]
