"""Losses, Adam and the flat buffers against the oracle; networks are in tests/network."""

import numpy as np
import pytest
import reference
from gruc.kernels import training
from gruc.training import LOSSES
from helpers import TOLERANCE, loss_of, random_targets, settings_of

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_against_the_oracle(loss, dtype):
    rng = np.random.default_rng(0)
    B, K = 7, 6
    a = 2 * rng.standard_normal((B, K))
    targets = random_targets(rng, loss, B, K)
    weights = rng.random(B)
    weights[2] = 0
    settings = settings_of(loss)
    expected = [
        reference.LOSSES[loss](a_b, target, *settings) for a_b, target in zip(a, targets, strict=True)
    ]
    gradient = a.astype(dtype)
    typed = targets if targets.dtype == np.intp else targets.astype(dtype)
    value = loss_of(loss, gradient, typed, weights, weights.sum())
    np.testing.assert_allclose(value, weights @ [e[0] for e in expected], rtol=TOLERANCE[dtype])
    scale = weights / weights.sum()
    np.testing.assert_allclose(
        gradient, scale[:, None] * [e[1] for e in expected], rtol=0, atol=2 * TOLERANCE[dtype]
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropies_of_large_logits(dtype):
    a = np.array([[1e30, 0, -1e30]], dtype)
    assert training.softmax_cross_entropy(a, np.array([0]), np.ones(1), 1.0) == 0
    assert a.tolist() == [[0, 0, 0]]
    a = np.array([[1e4, -1e4, 1e4]], dtype)
    loss = training.sigmoid_cross_entropy(a, np.array([[1, 0, 0]], dtype), np.ones(1), 1.0)
    assert loss == 1e4
    np.testing.assert_allclose(a, [[0, 0, 1]], rtol=0, atol=1e-37)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("K", [511, 512, 513, 1000])
def test_cross_entropy_over_many_classes(K, smoothing, dtype):
    """From 512 classes on sums run side by side."""
    rng = np.random.default_rng(0)
    a, labels, weights = 3 * rng.standard_normal((3, K)), np.array([0, K - 1, 300]), np.array([1.0, 0.0, 2.0])
    a[2, [5, K - 2]] = 30, -30
    gradient = a.astype(dtype)
    value = training.softmax_cross_entropy(gradient, labels, weights, 3.0, smoothing)
    exact = a.astype(dtype).astype("float64")
    losses, gradients = zip(
        *map(reference.softmax_cross_entropy, exact, labels, [smoothing] * 3), strict=True
    )
    assert value == pytest.approx(weights @ losses, rel=TOLERANCE[dtype])
    np.testing.assert_allclose(gradient, weights[:, None] / 3 * gradients, rtol=0, atol=TOLERANCE[dtype] / 10)
    assert gradient[1].tolist() == [0] * K


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
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_adam_against_the_oracle(weight_decay, dtype):
    rng = np.random.default_rng(0)
    p, m, v = rng.standard_normal(37), np.zeros(37), np.zeros(37)
    got = [array.astype(dtype) for array in (p, m, v)]
    settings = dict(learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=weight_decay)
    for t in range(1, 11):
        g = rng.standard_normal(37)
        p, m, v = reference.adam(p, m, v, g, t, **settings)
        new = got if t % 2 else [np.full(37, np.nan, dtype) for _ in got]  # in place, and not
        training.adam(*new, *got, g.astype(dtype), t, **settings)
        got = new
    for array, expected in zip(got, (p, m, v), strict=True):
        np.testing.assert_allclose(array, expected, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name, settings",
    [
        ("sgd", dict(learning_rate=0.1, momentum=0.9, nesterov=False)),
        ("sgd", dict(learning_rate=0.1, momentum=0.9, nesterov=True)),
        ("sgd", dict(learning_rate=0.1, momentum=0.0, nesterov=True)),
        ("rmsprop", dict(learning_rate=0.01, rho=0.9, epsilon=1e-8)),
    ],
)
def test_optimisers_of_one_moment_against_the_oracle(name, settings, dtype):
    rng = np.random.default_rng(0)
    p, m = rng.standard_normal(37), np.zeros(37)
    got = [array.astype(dtype) for array in (p, m)]
    for t in range(10):
        g = rng.standard_normal(37)
        p, m = getattr(reference, name)(p, m, g, **settings)
        new = got if t % 2 else [np.full(37, np.nan, dtype) for _ in got]  # in place, and not
        getattr(training, name)(*new, *got, g.astype(dtype), **settings)
        got = new
    for array, expected in zip(got, (p, m), strict=True):
        np.testing.assert_allclose(array, expected, rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("l2, l1", [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_penalty_and_its_gradient(l2, l1, dtype):
    rng = np.random.default_rng(0)
    p, g = rng.standard_normal(21).astype(dtype), rng.standard_normal(21).astype(dtype)
    p[3] = 0
    got = g.copy()
    value = training.add_penalty(got, p, l2, l1)
    exact = p.astype("float64")
    assert value == pytest.approx(l2 / 2 * np.sum(exact**2) + l1 * np.sum(np.abs(exact)), rel=1e-12)
    np.testing.assert_allclose(got, g + l2 * exact + l1 * np.sign(exact), rtol=0, atol=TOLERANCE[dtype])


def test_wrong_arguments_raise():
    one, two = np.ones((1, 1)), np.ones((2, 2))
    with pytest.raises(ValueError, match="labels < K"):
        training.softmax_cross_entropy(np.ones((1, 2)), np.array([2]), np.ones(1), 1.0)
    with pytest.raises(ValueError, match="y "):
        training.error_loss(one, two, np.ones(1), 1.0, training.HUBER, np.ones(1))
    with pytest.raises(ValueError, match="loss one of"):
        training.error_loss(one, one, np.ones(1), 1.0, training.SOFTMAX, np.ones(1))
    with pytest.raises(ValueError, match="settings"):
        training.error_loss(one, one, np.ones(1), 1.0, training.HUBER, np.ones(0))
    with pytest.raises(ValueError, match="total > 0"):
        training.sigmoid_cross_entropy(one, one, np.ones(1), 0.0)
    with pytest.raises(ValueError, match="m, v, g"):
        training.adam(*[np.ones(2)] * 4, np.ones(1), np.ones(2), np.ones(2), 1, 0.1, 0.9, 0.9, 1e-8, 0.0)
    for optimiser, settings in ((training.sgd, (0.1, 0.9, True)), (training.rmsprop, (0.1, 0.9, 1e-8))):
        with pytest.raises(ValueError, match="moment"):
            optimiser(np.ones(2), np.ones(2), np.ones(2), np.ones(1), np.ones(2), *settings)
        with pytest.raises(ValueError, match="new ones"):
            optimiser(np.ones(2), np.ones(3), np.ones(2), np.ones(2), np.ones(2), *settings)
    with pytest.raises(ValueError, match="g and p"):
        training.add_penalty(np.ones(2), np.ones(3), 1.0, 0.0)
