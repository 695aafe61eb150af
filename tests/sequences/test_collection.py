"""Every form of X, and what is rejected."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from gruc.sequences import as_sequences


def rows_of(sequences):
    return [sequences.stack(slice(i, i + 1)).tolist() for i in range(len(sequences))]


class Wrapped:
    """Neither array nor list, but makes an array of itself."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


@pytest.mark.parametrize(
    "X",
    [
        np.array([[1, 2], [3, 4]]),
        [[1, 2], [3, 4]],
        ([1, 2], [3, 4]),
        pd.DataFrame({"a": [1, 3], "b": [2, 4]}),
        np.array([[1, 2], [3, 4]], dtype=object),
        Wrapped([[1, 2], [3, 4]]),
        np.array([[[1], [2]], [[3], [4]]]),
        [np.array([1, 2]), np.array([3, 4])],
        (np.array([[1], [2]]), np.array([[3], [4]])),
        [pd.Series([1, 2]), pd.Series([3, 4])],
    ],
)
def test_forms_of_the_same_univariate_sequences(X):
    sequences = as_sequences(X)
    assert sequences.n_features == 1
    assert sequences.lengths.tolist() == [2, 2]
    assert rows_of(sequences) == [[[1], [2]], [[3], [4]]]
    assert (sequences.lowest, sequences.highest) == ([1], [4])


def test_ragged_forms():
    arrays = [np.ones((2, 3), "float32"), np.zeros((1, 3), int)]
    for X in (
        arrays,
        tuple(arrays),
        np.array(arrays + [None], dtype=object)[:2],
        [pd.DataFrame(a) for a in arrays],
    ):
        sequences = as_sequences(X)
        assert sequences.n_features == 3
        assert sequences.lengths.tolist() == [2, 1]
        assert rows_of(sequences) == [[[1, 1, 1]] * 2, [[0, 0, 0]]]


def test_no_copy_of_an_array():
    X = np.zeros((5, 4, 3), "float32")
    assert np.shares_memory(as_sequences(X).array, X)
    assert all(np.shares_memory(a, b) for a, b in zip(as_sequences(list(X)).arrays, X, strict=True))


@pytest.mark.parametrize("block_size", [1, 6, 7, 10**6])
def test_blocks_cover_all(block_size, monkeypatch):
    monkeypatch.setattr("gruc.sequences.base.BLOCK_SIZE", block_size)
    sequences = as_sequences([np.full((n, 2), n) for n in (3, 1, 2, 5, 1)])
    parts = [sequences.stack(block) for block in sequences.blocks()]
    assert np.array_equal(np.concatenate(parts), np.concatenate(sequences.arrays))
    assert all(part.size <= max(block_size, 10) for part in parts)


@pytest.mark.parametrize(
    "X, error, message",
    [
        (5, TypeError, "X is a int"),
        (None, TypeError, "X is a NoneType"),
        ("text", TypeError, "X is a str"),
        ({"a": [1]}, TypeError, "X is a dict"),
        (object(), ValueError, "X holds elements that are not numbers"),
        (scipy.sparse.eye(3), TypeError, r"X is sparse.*toarray"),
        ([1.0, 2.0], ValueError, r"X is one-dimensional.*reshape\(1, -1\)"),
        (np.zeros((1, 1, 1, 1)), ValueError, "X has 4 dimensions"),
        (np.zeros((0, 3)), ValueError, r"X has no sequences: its shape is \(0, 3\)"),
        (np.zeros((3, 0)), ValueError, "X has no steps"),
        (np.zeros((3, 2, 0)), ValueError, "X has no features"),
        ([[1, 2], [3]], ValueError, "make each element an array"),
        ([["a", "b"]], ValueError, "not numbers"),
        (np.zeros((2, 2), complex), ValueError, "Complex data not supported"),
        (np.array([[1, "x"]], dtype=object), ValueError, "elements that are not numbers"),
        (np.array([[1, np.nan]]), ValueError, r"X\[0\] contains NaN at step 1"),
        (np.array([[1, 2], [3, -np.inf]]), ValueError, r"X\[1\] contains infinity \(inf\) at step 1"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], ValueError, r"X\[1\] has 4 features, but X\[0\] has 3"),
        ([np.zeros((2, 3)), np.zeros(2)], ValueError, r"X\[1\] has 1 dimensions, but X\[0\] has 2"),
        ([np.zeros((2, 3)), np.zeros((0, 3))], ValueError, r"X\[1\] is an empty sequence"),
        ([np.zeros((2, 0))], ValueError, r"X\[0\] has no features"),
        ([np.zeros((2, 2, 2))], ValueError, r"X\[0\] has 3 dimensions"),
        ([np.zeros((2, 1)), np.array([[1.0], [np.nan]])], ValueError, r"X\[1\] contains NaN at step 1.*from_padded"),
        ([np.array(["a"])], ValueError, r"X\[0\] holds <U1, not numbers"),
        (np.ma.masked_equal(np.eye(2), 1), ValueError, "X is a masked array with masked values"),
        ([np.ma.masked_equal([1, 2], 1)], ValueError, r"X\[0\] is a masked array"),
        ([pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [1], "a": [2]})], ValueError, r"X\[1\] has columns \['b', 'a'\], but X\[0\] has \['a', 'b'\]"),
        ([np.zeros(2), None], TypeError, r"X\[1\] is a NoneType"),
        ([np.array([1 + 2j])], ValueError, r"Complex data not supported: X\[0\]"),
        (np.array([["2020-01-01"]], "datetime64[D]"), ValueError, "datetime64"),
    ],
)  # fmt: skip
def test_refused(X, error, message):
    with pytest.raises(error, match=message):
        as_sequences(X)
