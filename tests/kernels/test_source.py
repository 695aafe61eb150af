"""What the kernels read of the user's memory, and what they refuse to."""

import gc
import sys

import numpy as np
import pytest
from gruc.kernels import inference


def gathered(source, indices, n_features, dtype="float64"):
    indices = np.array(indices)
    n_rows, n_steps = source.extent(indices)
    values, order, lengths = np.full((n_rows, n_features), np.nan, dtype), indices.copy(), indices.copy()
    offsets = np.empty(n_steps + 1, np.intp)
    inference.gather(values, order, lengths, offsets, source, indices, None, None)
    return values


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_of_any_strides(dtype):
    X = np.arange(120, dtype=dtype).reshape(4, 5, 6)
    for array in (X, X[::-1], X[:, ::2, ::-1], X.transpose(2, 1, 0), np.asfortranarray(X), X[:, :, :1]):
        for source in (inference.Source(array), inference.Source(list(array))):
            assert source.width == array.shape[2]
            expected = array[[2, 0]].transpose(1, 0, 2).reshape(-1, array.shape[2])
            assert np.array_equal(gathered(source, [2, 0], array.shape[2]), expected)


def test_sequences_of_one_feature_and_read_only_ones():
    series = [np.arange(6.0)[::2], np.arange(2.0)]
    for array in series:
        array.flags.writeable = False
    source = inference.Source(series)
    assert source.extent(np.array([1, 0, 1])) == (7, 3)
    assert gathered(source, [0, 1], 1)[:, 0].tolist() == [0, 0, 2, 1, 4]


def test_the_memory_stays_while_it_is_read():
    arrays = [np.full((1000, 1), 7.0)]
    source = inference.Source(arrays)
    arrays.clear()
    gc.collect()
    assert (gathered(source, [0], 1) == 7).all()


def test_the_native_byte_order_may_be_named():
    """As it is after ``X.byteswap().view(X.dtype.newbyteorder())`` of a file in another order."""
    X = np.arange(6.0).reshape(1, 3, 2)
    named = X.astype(X.dtype.newbyteorder("S")).byteswap().view(X.dtype.newbyteorder(sys.byteorder[0]))
    assert memoryview(named).format in ("d", "<d", ">d")
    assert np.array_equal(gathered(inference.Source(named), [0], 2), X[0])
    swapped = X.astype(X.dtype.newbyteorder("S"))
    back = swapped.byteswap().view(swapped.dtype.newbyteorder("S"))
    assert np.array_equal(gathered(inference.Source(back), [0], 2), X[0])


@pytest.mark.parametrize(
    "arrays",
    [
        np.ones((2, 3)),
        np.ones((2, 3, 1), "int64"),
        np.ones((2, 3, 1), ">f8"),
        np.ones((2, 3, 1), "float16"),
        np.ones((2, 3, 1), "complex64"),
        np.ones((0, 3, 1)),
        np.ones((2, 0, 1)),
        np.ones((2, 3, 0)),
        [],
        [np.ones((2, 1, 1))],
        [np.ones((2, 1)), np.ones((2, 2))],
        [np.ones((2, 1)), np.ones((0, 1))],
        [np.ones((2, 1)), np.ones((2, 1), "float32")],
        [np.ones((2, 0))],
    ],
    ids=lambda arrays: (
        str(getattr(arrays, "shape", [a.shape for a in arrays])) + str(getattr(arrays, "dtype", ""))
    ),
)
def test_what_is_refused(arrays):
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        inference.Source(arrays)


def test_what_has_no_buffer():
    with pytest.raises((TypeError, BufferError)):
        inference.Source([[1.0, 2.0]])


def test_gather_refuses_what_does_not_fit():
    source, indices = inference.Source(np.ones((3, 4, 2))), np.array([0, 2])
    right = dict(
        values=np.empty((8, 2)), order=np.empty(2, np.intp), lengths=np.empty(2, np.intp),
        offsets=np.empty(5, np.intp), source=source, indices=indices, mean=np.zeros(2), scale=np.ones(2),
    )  # fmt: skip
    inference.gather(**right)
    wrong = dict(
        values=[np.empty((7, 2)), np.empty((8, 1))], order=[np.empty(3, np.intp)], lengths=[np.empty(1, np.intp)],
        offsets=[np.empty(4, np.intp)], indices=[np.array([0, 3]), np.array([-1, 0])], mean=[None, np.zeros(1)],
        scale=[None, np.zeros(3)],
    )  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            with pytest.raises(ValueError, match="kernel called with wrong arguments"):
                inference.gather(**(right | {name: value}))
