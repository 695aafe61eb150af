"""Integer tokens as sequences: all forms of X, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from gruc.sequences import MOST_TOKENS, ONE_STEP, Tokens, as_sequences, as_tokens

LENGTHS = (3, 1, 7, 4)


def ragged(dtype=np.int64):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 50, n).astype(dtype) for n in LENGTHS]


def objects(arrays):
    X = np.empty(len(arrays), object)
    X[:] = arrays
    return X


FORMS = {
    "int64": ragged(),
    "int32": ragged(np.int32),
    "uint8": ragged(np.uint8),
    "uint64": ragged(np.uint64),
    "big-endian": ragged(">i4"),
    "several types": [x.astype(t) for x, t in zip(ragged(), "bHlQ", strict=True)],
    "tuple": tuple(ragged()),
    "object array": objects(ragged()),
    "lists of int": [x.tolist() for x in ragged()],
    "tuples of int": [tuple(x.tolist()) for x in ragged()],
    "objects of int": [x.astype(object) for x in ragged()],
    "strided": [np.repeat(x, 2)[::2] for x in ragged()],
    "Series of lists": pd.Series([x.tolist() for x in ragged()]),
    "Series": [pd.Series(x, index=range(5, 5 + len(x))) for x in ragged()],
    "nullable Series": [pd.Series(x, dtype="Int64") for x in ragged()],
    "MultiIndex": pd.Series(
        np.concatenate(ragged()),
        index=pd.MultiIndex.from_tuples([(i, t) for i, n in enumerate(LENGTHS) for t in range(n)]),
    ),
}


def rows_of(batch):
    """Tokens of each sequence of a batch, in the order that was asked for."""
    rows = [batch.values[batch.offsets[:n] + b, 0] for b, n in enumerate(batch.lengths)]
    return [rows[b] for b in np.argsort(batch.order)]


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_ragged_tokens(form):
    sequences = as_tokens(FORMS[form])
    inputs = Tokens(50)
    assert inputs.check(sequences, np.dtype("float32")) is sequences
    assert sequences.ragged
    assert not sequences.is_2d
    assert np.array_equal(inputs.lengths(sequences), LENGTHS)
    batch = inputs.gather(sequences, np.array([2, 0, 3]), np.dtype("float32"))
    assert batch.values.dtype == np.int32
    for rows, i in zip(rows_of(batch), [2, 0, 3], strict=True):
        assert np.array_equal(rows, ragged()[i])
    windows = sequences.windows(np.array([2, 3]), np.array([1, 0]), np.array([4, 2]))
    assert windows.holds_tokens
    assert windows.extent(np.arange(2)) == (5, 3)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint16", ">i8", object])
@pytest.mark.parametrize("order", ["C", "F"])
def test_forms_of_tokens_of_equal_length(dtype, order):
    exact = np.random.default_rng(1).integers(0, 9, (5, 4))
    X = exact.astype(dtype, order=order)
    for sequences in (as_tokens(X), as_tokens(pd.DataFrame(X))):
        assert sequences.is_2d
        assert not sequences.ragged
        assert np.array_equal(np.stack(rows_of(Tokens(9).gather(sequences, np.arange(5), None))), exact)


def test_arrays_are_read_where_they_are():
    X = ragged()
    source, _ = as_tokens(X).source(np.arange(4))
    before = X[0][0]
    X[0][0] = 49 - before
    sequences = as_tokens(X)
    assert rows_of(Tokens(50).gather(sequences, np.array([0]), None))[0][0] == 49 - before
    assert all(a is b for a, b in zip(sequences.arrays, X, strict=True))
    assert source.holds_tokens


def test_a_subset_is_of_tokens():
    subset = as_tokens(ragged(np.uint8)).subset(np.array([2, 1]))
    rows = rows_of(Tokens(50).gather(subset, np.array([1, 0]), None))
    assert [list(r) for r in rows] == [list(ragged()[i]) for i in (1, 2)]
    assert subset.windows(np.array([0]), np.array([2]), np.array([4])).extent(np.array([0])) == (2, 2)


REFUSED = {
    "floats": ([np.arange(3), np.array([1.0, 2.0])], r"X\[1\] holds float64.*astype\(int\)"),
    "floats, 2-D": (np.zeros((2, 3), np.float32), r"X holds float32"),
    "negative": ([[1, 2], [3, 4, -5]], r"X\[1\] has token -5 at step 2"),
    "negative, 2-D": (np.array([[1, 2], [3, -4]]), r"X\[1\] has token -4 at step 1"),
    "too large": ([[1], [2, MOST_TOKENS]], rf"X\[1\] has token {MOST_TOKENS} at step 1"),
    "uint64": ([np.array([1, 2**63 + 5], np.uint64)], rf"X\[0\] has token {2**63 + 5} at step 1"),
    "beyond any type": ([[0], [1, 2**70]], rf"X\[1\] has token {2**70} at step 1"),
    "negative objects": (objects([[0], np.array([3, -2], object)]), r"X\[1\] has token -2 at step 1"),
    "objects, 2-D": (np.array([[1, 2], [3, "a"]], object), r"X\[1\] has 'a' at step 1.*TextSequencer"),
    "bool": ([[1], [True, False]], r"X\[1\] holds booleans"),
    "empty": ([[1], []], r"X\[1\] is an empty sequence"),
    "no sequences": ([], r"X has no sequences"),
    "no steps": (np.zeros((3, 0), int), r"X has no steps"),
    "None": ([[1], None], r"X\[1\] is None"),
    "None within": ([[1], [2, None]], r"X\[1\] has None at step 1"),
    "NaN within": ([[1], [2, float("nan")]], r"X\[1\] has NaN at step 1"),
    "NaN, 2-D": (np.array([[1, 2], [3, np.nan]]), r"X\[1\] has NaN at step 1"),
    "NA within": ([pd.Series([1, None], dtype="Int64")], r"X\[0\] has (<NA>|NaN) at step 1"),
    "text": (["to be", "or not"], r"X\[0\] is text.*TextSequencer"),
    "text tokens": ([["to", "be"]], r"X\[0\] holds text.*TextSequencer"),
    "a single text": ("to be", r"X is a str.*TextSequencer"),
    "a number": ([[1, 2], 3], r"X\[1\] is a single number"),
    "one sequence": (np.arange(5), r"X is one-dimensional.*\[X\]"),
    "one list": ([1, 2, 3], r"X\[0\] is a single number.*\[X\]"),
    "2-D elements": ([np.zeros((2, 1), int)], r"X\[0\] has 2 dimensions"),
    "3-D": (np.zeros((2, 3, 1), int), r"X has 3 dimensions.*X\[:, :, 0\]"),
    "ragged within": ([[[1], [2, 3]]], r"X\[0\] cannot be read as an array"),
    "masked": ([np.ma.masked_array([1, 2], [0, 1])], r"X\[0\] is a masked array"),
    "complex": ([np.array([1j])], r"X\[0\] holds complex128"),
    "times": ([np.array([0], "M8[s]")], r"X\[0\] holds datetime64"),
    "dict": ({0: [1]}, r"X is a dict"),
    "set": ([{1, 2}], r"X\[0\] is a set"),
    "generator": ((x for x in ragged()), r"X is a generator"),
    "real numbers": (as_sequences(np.zeros((2, 3))), r"X contains real numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    X, message = REFUSED[case]
    with pytest.raises((ValueError, TypeError), match=message):
        as_tokens(X)


def test_tokens_beyond_the_table():
    sequences = as_tokens([[1, 2], [3, 8, 9]], "X_val")
    Tokens(10).check_range(sequences, None, "X_val")
    with pytest.raises(ValueError, match=r"X_val\[1\] has token 9 at step 2.*0 to 8 only.*n_tokens"):
        Tokens(9).check_range(sequences, None, "X_val")
    with pytest.raises(ValueError, match=r"X\[0\] has token 5 at step 1"):
        Tokens(5).check(np.array([[1, 5]]), None)


def test_what_numbers_vary_is_fixed():
    inputs = Tokens(7)
    assert (inputs.scaling, inputs.framing, inputs.n_features) == (None, ONE_STEP, 1)
