"""Weighted statistics in parts."""

import numpy as np
import pytest
from gruc.sequences import Scaling, as_sequences, base
from gruc.sequences.scaling import Moments
from helpers import random_sequences


def test_against_numpy_and_whatever_the_block(monkeypatch):
    sequences = random_sequences(np.random.default_rng(0), [5, 1, 7, 3], 2)
    rows = np.concatenate(sequences)
    for block_size in (1, 8, 10**6):
        monkeypatch.setattr(base, "BLOCK_SIZE", block_size)
        scaling = Scaling.of_sequences(as_sequences(sequences))
        np.testing.assert_allclose(scaling.mean, rows.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(scaling.scale, rows.std(axis=0), rtol=1e-13)


def test_weight_k_is_k_copies():
    sequences = random_sequences(np.random.default_rng(0), [5, 1, 7, 3], 2)
    counts = [2, 0, 3, 1]
    weighted = Scaling.of_sequences(as_sequences(sequences), np.array(counts, float))
    copies = [s for s, k in zip(sequences, counts, strict=True) for _ in range(k)]
    repeated = Scaling.of_sequences(as_sequences(copies))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-13)


def test_a_large_mean_costs_no_digits():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 1))
    moments = Moments(1)
    for part in np.array_split(x + 1e9, 7):
        moments.add(part)
    assert moments.variance[0] == pytest.approx(np.var((x + 1e9) - 1e9), rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_constant_feature_is_centred_only(weighted):
    """Also where a plain sum over its many rows is off by its rounding."""
    n, n_steps = 1000, 40
    rng = np.random.default_rng(0)
    X = np.stack([np.full((n, n_steps), 0.1), rng.random((n, n_steps)), rng.random((n, n_steps))], axis=2)
    scaling = Scaling.of_sequences(as_sequences(X), rng.random(n) if weighted else None)
    assert scaling.scale[0] == 1
    assert (scaling.mean[0], scaling.scale[0]) == (0.1, 1)
    np.testing.assert_allclose(scaling.apply(X, "float64")[..., 0], 0, rtol=0, atol=1e-16)


def test_undo_is_the_inverse_and_dtype_is_asked_for():
    X = np.random.default_rng(0).standard_normal((4, 3, 2)).astype("float32") * 5 + 3
    scaling = Scaling.of_sequences(as_sequences(X))
    scaled = scaling.apply(X, "float32")
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaling.undo(scaled.astype("float64")), X, rtol=1e-6)


def test_the_largest_values_allowed_do_not_overflow():
    X = np.random.default_rng(0).standard_normal((3000, 40, 1))
    scaling = Scaling.of_sequences(as_sequences(1e150 / np.abs(X).max() * X), np.full(3000, 1e-300))
    assert np.isfinite(scaling).all()
    assert scaling.scale[0] > 1e148


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**-340, 2.0**340])
def test_squares_may_leave_the_range_of_numbers(size):
    X = np.random.default_rng(0).standard_normal((20, 7, 2)) + 3
    plain = Scaling.of_sequences(as_sequences(X))
    scaled = Scaling.of_sequences(as_sequences(X * [size, 1]))
    assert np.array_equal(scaled.mean, plain.mean * [size, 1])
    assert np.array_equal(scaled.scale, plain.scale * [size, 1])
    constant = Scaling.of_sequences(as_sequences(np.full((5, 4, 1), size)))
    assert (constant.mean[0], constant.scale[0]) == (size, 1)


class TestRobust:
    def test_of_normal_rows_it_is_mean_and_deviation(self):
        rows = np.random.default_rng(0).normal(5, 2, (20_001, 1))
        scaling = Scaling.robust(rows)
        assert scaling.mean[0] == pytest.approx(5, abs=0.05)
        assert scaling.scale[0] == pytest.approx(2, abs=0.05)

    def test_weights_are_copies(self):
        rng = np.random.default_rng(0)
        rows, counts = rng.standard_normal((50, 2)), rng.integers(0, 4, 50)
        weighted, copied = Scaling.robust(rows, counts / 7), Scaling.robust(np.repeat(rows, counts, axis=0))
        assert np.array_equal(weighted.mean, copied.mean)
        assert np.array_equal(weighted.scale, copied.scale)

    def test_where_most_rows_are_equal(self):
        zeros_and_counts = np.r_[np.zeros(80), np.arange(20.0)][:, None]
        assert 0 < Scaling.robust(zeros_and_counts).scale[0] < 10
        but_for_one = np.r_[np.full(999, 3.0), 1e6][:, None]
        scaling = Scaling.robust(but_for_one)
        assert scaling.mean[0] == 3
        assert scaling.scale[0] == but_for_one.std()
        assert Scaling.robust(np.full((9, 1), 3.0)).scale[0] == 1
