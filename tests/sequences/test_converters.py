"""Other libraries' layouts."""

import numpy as np
import pytest
from gruc.sequences import from_channels_first, from_padded


def test_channels_first():
    X = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(from_channels_first(X), X.transpose(0, 2, 1))
    ragged = from_channels_first([X[0], X[1][:, :2]])
    assert [x.shape for x in ragged] == [(4, 3), (2, 3)]
    assert np.shares_memory(ragged[0], X)


@pytest.mark.parametrize("X", [np.zeros((2, 3)), [np.zeros(3)], [np.zeros((1, 2)), np.zeros((1, 2, 3))]])
def test_channels_first_refuses(X):
    with pytest.raises(ValueError, match="dimensions; expected"):
        from_channels_first(X)


def test_padding_by_nan_is_cut_at_the_end_only():
    nan = np.nan
    X = np.array([[[1, nan], [nan, nan], [2, 3], [nan, nan]], [[1, 1]] * 4])
    short, whole = from_padded(X)
    # a NaN inside is the user's, and for the estimators to refuse
    assert np.array_equal(short, X[0, :3], equal_nan=True)
    assert np.array_equal(whole, X[1])


def test_a_mask_is_padding():
    X = np.ma.masked_equal(np.array([[1.0, 2.0, -1.0], [3.0, -1.0, -1.0]]), -1)
    assert [x.tolist() for x in from_padded(X)] == [[1, 2], [3]]


def test_zeros_are_data():
    X = np.array([[1.0, 0.0, 0.0]])
    assert from_padded(X)[0].tolist() == [1, 0, 0]


def test_lengths_win():
    X = np.arange(8).reshape(2, 4)
    assert [x.tolist() for x in from_padded(X, lengths=[1, 4])] == [[0], [4, 5, 6, 7]]


@pytest.mark.parametrize(
    "X, lengths, message",
    [
        (np.zeros(3), None, "X has 1 dimensions"),
        (np.zeros((2, 3)), [1], "lengths must be 2 integers"),
        (np.zeros((2, 3)), [1.0, 2.0], "lengths must be 2 integers"),
        (np.zeros((2, 3)), [1, 4], r"lengths\[1\] is 4, but the sequences have 3 steps"),
        (np.zeros((2, 3)), [0, 1], r"X\[0\] has no steps: its length is 0"),
        (np.zeros((2, 3)), [-1, 1], r"X\[0\] has no steps: its length is -1"),
        (np.zeros((3, 0)), None, r"X is empty: its shape is \(3, 0\)"),
        (np.zeros((0, 3)), None, r"X is empty: its shape is \(0, 3\)"),
        ([[1.0, 2.0], [3.0]], None, "no rectangular array"),
        (np.full((1, 3), np.nan), None, r"X\[0\] has no steps"),
        (np.zeros((2, 3), int), None, "cannot hold NaN.*give lengths"),
    ],
)
def test_padded_refuses(X, lengths, message):
    with pytest.raises(ValueError, match=message):
        from_padded(X, lengths)
