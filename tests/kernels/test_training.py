"""Losses, Adam and the flat buffers against the oracle; networks are in tests/network."""

import numpy as np
import pytest
import reference
from gruc.kernels import training
from helpers import TOLERANCE, random_targets

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "sigmoid_cross_entropy", "squared_error"])
def test_losses_against_the_oracle(loss, dtype):
    rng = np.random.default_rng(0)
    B, K = 7, 4
    a = 3 * rng.standard_normal((B, K))
    targets = random_targets(rng, loss.split("_cross")[0], B, K)
    weights = rng.random(B)
    weights[2] = 0
    expected = [getattr(reference, loss)(a_b, target) for a_b, target in zip(a, targets, strict=True)]
    gradient = a.astype(dtype)
    typed = targets if targets.dtype == np.intp else targets.astype(dtype)
    value = getattr(training, loss)(gradient, typed, weights, weights.sum())
    np.testing.assert_allclose(
        value, sum(w * e[0] for w, e in zip(weights, expected, strict=True)), rtol=TOLERANCE[dtype]
    )
    scale = weights / weights.sum()
    np.testing.assert_allclose(
        gradient, [s * e[1] for s, e in zip(scale, expected, strict=True)], atol=TOLERANCE[dtype]
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropies_of_large_logits(dtype):
    a = np.array([[1e30, 0, -1e30]], dtype)
    assert training.softmax_cross_entropy(a, np.array([0]), np.ones(1), 1.0) == 0
    assert a.tolist() == [[0, 0, 0]]
    a = np.array([[1e4, -1e4, 1e4]], dtype)
    loss = training.sigmoid_cross_entropy(a, np.array([[1, 0, 0]], dtype), np.ones(1), 1.0)
    assert loss == 1e4
    np.testing.assert_allclose(a, [[0, 0, 1]], atol=1e-37)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 8, 9, 1000])
def test_norm_and_scale(size, dtype):
    g = np.random.default_rng(0).standard_normal(size).astype(dtype)
    np.testing.assert_allclose(training.norm(g), np.linalg.norm(g.astype("float64")), rtol=1e-13)
    expected = g * np.dtype(dtype).type(0.25)
    training.scale(g, 0.25)
    assert np.array_equal(g, expected)


def test_norm_does_not_overflow_in_float32():
    assert training.norm(np.full(4, 1e30, "float32")) == pytest.approx(2e30)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adam_against_the_oracle(dtype):
    rng = np.random.default_rng(0)
    p, m, v = rng.standard_normal(37), np.zeros(37), np.zeros(37)
    got = [array.astype(dtype) for array in (p, m, v)]
    settings = dict(learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    for t in range(1, 11):
        g = rng.standard_normal(37)
        p, m, v = reference.adam(p, m, v, g, t, **settings)
        new = got if t % 2 else [np.full(37, np.nan, dtype) for _ in got]  # in place, and not
        training.adam(*new, *got, g.astype(dtype), t, **settings)
        got = new
    for array, expected in zip(got, (p, m, v), strict=True):
        np.testing.assert_allclose(array, expected, atol=TOLERANCE[dtype])


def test_wrong_arguments_raise():
    one, two = np.ones((1, 1)), np.ones((2, 2))
    with pytest.raises(ValueError, match="labels < K"):
        training.softmax_cross_entropy(np.ones((1, 2)), np.array([2]), np.ones(1), 1.0)
    with pytest.raises(ValueError, match="y "):
        training.squared_error(one, two, np.ones(1), 1.0)
    with pytest.raises(ValueError, match="total > 0"):
        training.sigmoid_cross_entropy(one, one, np.ones(1), 0.0)
    with pytest.raises(ValueError, match="m, v, g"):
        training.adam(*[np.ones(2)] * 4, np.ones(1), np.ones(2), np.ones(2), 1, 0.1, 0.9, 0.9, 1e-8)
