"""The packed layout."""

import numpy as np
import pytest
from gruc.sequences import Framing, Scaling, as_sequences
from helpers import unpack
from hypothesis import given
from hypothesis import strategies as st

all_lengths = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def test_the_example_of_the_docstring():
    sequences = as_sequences([np.ones(length) for length in (9, 3, 1, 2)])
    _, offsets, lengths, order = sequences.gather(np.array([1, 2, 3]), None, "float64")
    assert order.tolist() == [0, 2, 1]
    assert lengths.tolist() == [3, 2, 1]
    assert offsets.tolist() == [0, 3, 5, 6]


@given(lengths=all_lengths, data=st.data())
def test_layout_is_a_stable_sort(lengths, data):
    lengths = np.array(lengths)
    indices = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=9)))
    sequences = as_sequences([np.ones(length) for length in lengths])
    _, offsets, sorted_lengths, order = sequences.gather(indices, None, "float64")
    expected = np.argsort(-lengths[indices], kind="stable")
    assert np.array_equal(order, expected)
    assert np.array_equal(sorted_lengths, lengths[indices][expected])
    alive = [(sorted_lengths > t).sum() for t in range(sorted_lengths[0])]
    assert np.array_equal(np.diff(offsets), alive)
    assert offsets[0] == 0


@given(lengths=all_lengths)
def test_packing_and_unpacking_is_the_identity(lengths):
    sequences = [100.0 * i + np.arange(length)[:, None] for i, length in enumerate(lengths)]
    batch = as_sequences(sequences).gather(np.arange(len(lengths)), None, "float64")
    for got, sequence in zip(unpack(batch.values, batch), sequences, strict=True):
        assert np.array_equal(got, sequence)
    alive = np.diff(batch.offsets)
    assert (np.diff(alive) <= 0).all()
    assert (np.diff(batch.lengths) <= 0).all()
    assert batch.offsets[-1] == sum(lengths) == len(batch.values)


@given(n=st.integers(1, 6), n_steps=st.integers(1, 6), seed=st.integers(0, 99))
def test_array_and_list_pack_alike(n, n_steps, seed):
    X = np.random.default_rng(seed).standard_normal((n, n_steps, 3))
    chosen = np.random.default_rng(seed).permutation(n)[: max(1, n - 1)]
    dense = as_sequences(X).gather(chosen, None, "float32")
    ragged = as_sequences(list(X)).gather(chosen, None, "float32")
    for a, b in zip(dense, ragged, strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == b.dtype


TYPES = ["float32", "float64", "int16", ">f8", "float16"]


@pytest.mark.parametrize("scaling", [None, Scaling(np.array([1.0, -2.0]), np.array([3.0, 0.7]))])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", TYPES)
def test_gathering_scales_in_float64_whatever_is_given(given, dtype, scaling):
    """The kernels read native float32 and float64; NumPy the rest, to the same bits."""
    rng = np.random.default_rng(0)
    X = (10 * rng.standard_normal((5, 4, 2))).astype(given)
    chosen = np.array([3, 0, 4])
    expected = X[chosen].astype("float64")
    if scaling is not None:
        expected = (expected - scaling.mean) / scaling.scale
    expected = expected.astype(dtype)
    every_other = np.repeat(X, 2, axis=2)[:, :, ::2]
    fortran = np.asfortranarray(X)
    lists = list(X), [np.asfortranarray(x) for x in X], [X[0], *X[1:].astype("float64")], list(every_other)
    for form in (X, every_other, fortran, X[::-1][::-1], *lists):
        batch = as_sequences(form).gather(chosen, scaling, dtype)
        assert batch.values.dtype == dtype
        assert np.array_equal(np.stack(unpack(batch.values, batch)), expected)


def frames_of(sequence, length, hop):
    """By the words: from step 0, a hop apart, until all is covered; the last step repeated at the end."""
    frames, start = [], 0
    while True:
        steps = [sequence[min(t, len(sequence) - 1)] for t in range(start, start + length)]
        frames.append(np.concatenate(steps))
        start += hop
        if start + length - hop >= len(sequence) or start >= len(sequence):
            return np.array(frames)


@given(
    lengths=all_lengths, length=st.integers(1, 6), hop=st.integers(1, 8), dtype=st.sampled_from(["f4", "f8"])
)
def test_framing(lengths, length, hop, dtype):
    rng = np.random.default_rng(0)
    sequences = [rng.standard_normal((n, 2)).astype(dtype) for n in lengths]
    scaling, framing = Scaling(np.array([1.0, -2.0]), np.array([3.0, 0.7])), Framing(length, hop)
    batch = as_sequences(sequences).gather(np.arange(len(lengths)), scaling, "float64", framing)
    expected = [frames_of(scaling.apply(sequence, "float64"), length, hop) for sequence in sequences]
    for got, want in zip(unpack(batch.values, batch), expected, strict=True):
        assert np.array_equal(got, want)
    assert framing.count(np.array(lengths)).tolist() == [len(frames) for frames in expected]
    assert batch.offsets[-1] == framing.count(np.array(lengths)).sum()


def test_another_framing_of_the_same_sequences():
    sequences, all_of_them = as_sequences(np.arange(12.0).reshape(2, 6)), np.arange(2)
    wide = sequences.gather(all_of_them, None, "float64", Framing(3, 3))
    assert wide.values.tolist() == [[0, 1, 2], [6, 7, 8], [3, 4, 5], [9, 10, 11]]
    narrow = sequences.gather(all_of_them, None, "float64")
    assert narrow.values.shape == (12, 1)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 5))
def test_rows_consist_of_the_steps_that_framing_names(n_steps, length, hop):
    x = np.arange(2.0 * n_steps).reshape(n_steps, 2)
    framing = Framing(length, hop)
    batch = as_sequences([x]).gather(np.array([0]), None, np.dtype("float64"), framing)
    assert np.array_equal(x[framing.steps(n_steps)].reshape(-1, 2 * length), batch.values)
