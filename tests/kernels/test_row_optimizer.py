"""Steps and penalties of the rows of a table that were seen, in place."""

import numpy as np
import pytest
import reference
from gruc.kernels import training
from helpers import TOLERANCE

# a name, the settings behind the arrays, and how many moments it has
OPTIMISERS = {
    "adam": ("adam", dict(learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.0), 2),
    "adamw": ("adam", dict(learning_rate=0.01, beta_1=0.8, beta_2=0.99, epsilon=1e-6, weight_decay=0.3), 2),
    "momentum": ("sgd", dict(learning_rate=0.1, momentum=0.9, nesterov=False), 1),
    "nesterov": ("sgd", dict(learning_rate=0.1, momentum=0.9, nesterov=True), 1),
    "rmsprop": ("rmsprop", dict(learning_rate=0.01, rho=0.9, epsilon=1e-8), 1),
}
ROWS = [[0, 3, 4], [1], [], [0, 1, 2, 3, 4, 5, 6], [6]]  # seen in one step after the other


def rows_step(name, table, moments, tokens, g, t, settings):
    settings = settings if name != "adam" else dict(t=t) | settings
    getattr(training, f"{name}_rows")(table, *moments, np.array(tokens, np.int32), g, **settings)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("D", [1, 7, 33])
@pytest.mark.parametrize("name, settings, n_moments", OPTIMISERS.values(), ids=OPTIMISERS)
def test_against_the_oracle(name, settings, n_moments, D, dtype):
    """Rows seen take the step of a whole buffer, with the number of all steps; the others stay as they are."""
    rng = np.random.default_rng(0)
    expected = [rng.standard_normal((7, D)), *np.zeros((n_moments, 7, D))]
    table, *moments = (array.astype(dtype) for array in expected)
    for t, tokens in enumerate(ROWS, start=1):
        g = rng.standard_normal((len(tokens), D))
        before = [array.copy() for array in (table, *moments)]
        rows_step(name, table, moments, tokens, g.astype(dtype), t, settings)
        step = settings | (dict(t=t) if name == "adam" else {})
        new = getattr(reference, name)(*(array[tokens] for array in expected), g, **step)
        for array, rows in zip(expected, new, strict=True):
            array[tokens] = rows
        others = np.setdiff1d(np.arange(7), tokens)
        for array, was in zip((table, *moments), before, strict=True):
            assert np.array_equal(array[others], was[others])
    for array, want in zip((table, *moments), expected, strict=True):
        np.testing.assert_allclose(array, want, rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name, settings, n_moments", OPTIMISERS.values(), ids=OPTIMISERS)
def test_all_rows_are_the_whole_buffer_to_the_bit(name, settings, n_moments, dtype):
    rng = np.random.default_rng(0)
    table, *moments = rng.random((1 + n_moments, 9, 16)).astype(dtype)
    flat = [array.copy().reshape(-1) for array in (table, *moments)]
    g = rng.standard_normal((9, 16)).astype(dtype)
    rows_step(name, table, moments, np.arange(9), g, 3, settings)
    step = dict(t=3) | settings if name == "adam" else settings
    getattr(training, name)(*flat, *flat, g.reshape(-1), **step)
    for rows, whole in zip((table, *moments), flat, strict=True):
        assert np.array_equal(rows.reshape(-1), whole)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("l2, l1", [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_penalty_of_the_rows_seen(l2, l1, dtype):
    rng = np.random.default_rng(0)
    table, g = rng.standard_normal((9, 5)).astype(dtype), rng.standard_normal((3, 5)).astype(dtype)
    tokens, got = np.array([1, 2, 8], np.int32), g.copy()
    value = training.add_penalty_rows(got, table, tokens, l2, l1)
    seen = table[tokens].astype("float64")
    assert value == pytest.approx(l2 / 2 * np.sum(seen**2) + l1 * np.sum(np.abs(seen)), rel=1e-12)
    np.testing.assert_allclose(got, g + l2 * seen + l1 * np.sign(seen), rtol=0, atol=TOLERANCE[dtype])
    assert training.add_penalty_rows(np.empty((0, 5), dtype), table, tokens[:0], l2, l1) == 0


def test_wrong_arguments_raise():
    table, rows = np.ones((4, 2)), np.ones((2, 2))
    for tokens in ([1, 1], [2, 0], [3, 4], [-1, 0]):
        with pytest.raises(ValueError, match="tokens in rising order, below n_tokens"):
            training.sgd_rows(table, table, np.array(tokens, np.int32), rows, 0.1, 0.9, True)
    tokens = np.array([0, 1], np.int32)
    with pytest.raises(ValueError, match="moments like the table"):
        training.rmsprop_rows(table, np.ones((3, 2)), tokens, rows, 0.1, 0.9, 1e-8)
    with pytest.raises(ValueError, match=r"g \(n, D\)"):
        training.adam_rows(table, table, table, tokens, np.ones((2, 3)), 1, 0.1, 0.9, 0.9, 1e-8, 0.0)
    with pytest.raises(ValueError, match=r"g \(n, D\)"):
        training.add_penalty_rows(np.ones((1, 2)), table, tokens, 1.0, 0.0)
    with pytest.raises(ValueError, match="t > 0"):
        training.adam_rows(table, table, table, tokens, rows, 0, 0.1, 0.9, 0.9, 1e-8, 0.0)
