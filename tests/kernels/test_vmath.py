"""exp, sigmoid and tanh: at most 4 ulp wherever the result is a normal number."""

import mpmath
import numpy as np
import pytest
from gruc.kernels import inference

FUNCTIONS = {
    "exp": mpmath.exp,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
}
DTYPES = ["float32", "float64"]


def evaluate(name, x):
    out = np.empty_like(x)
    getattr(inference, name)(out, x)
    return out


def ulps(got, exact, dtype):
    """Distance in units in the last place of the exact value."""
    _, exponent = mpmath.frexp(exact)
    spacing = mpmath.ldexp(1, exponent - np.finfo(dtype).nmant - 1)
    return float(abs(mpmath.mpf(float(got)) - exact) / spacing)


def sample_points(dtype, rng):
    """Over the whole range, near zero, and where tests of a range tend to end."""
    edge = 90 if dtype == "float32" else 715
    tiny = np.finfo(dtype).tiny
    parts = [
        rng.uniform(-edge, edge, 400),
        rng.uniform(-4, 4, 400),
        rng.choice([-1, 1], 400) * 10 ** rng.uniform(np.log10(tiny), 0, 400),
        np.log(2) / 2 * np.arange(-60, 61),
        [tiny, -tiny, 0.0, 1.0, -1.0, 9.0, 9.1, 19.0, 19.1],
    ]
    return np.concatenate(parts).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_is_at_most_4_ulp(name, dtype):
    x = sample_points(dtype, np.random.default_rng(0))
    got = evaluate(name, x)
    info = np.finfo(dtype)
    worst = checked = 0
    with mpmath.workdps(40):
        for x_i, got_i in zip(x, got, strict=True):
            exact = FUNCTIONS[name](mpmath.mpf(float(x_i)))
            if float(info.tiny) <= abs(exact) <= float(info.max):
                worst = max(worst, ulps(got_i, exact, dtype))
                checked += 1
    assert checked > 1000
    assert worst <= 4, f"{name} {dtype}: {worst:.2f} ulp"


@pytest.mark.parametrize("dtype", DTYPES)
def test_saturation(dtype):
    x = np.array([np.inf, 1e38, 1e20, 1000, -1000, -1e20, -1e38, -np.inf], dtype)
    up, down = [1] * 4, [0] * 4
    sigmoids = evaluate("sigmoid", x)
    assert sigmoids[:4].tolist() == up
    assert (sigmoids[4:] <= 1.01 * np.finfo(dtype).tiny).all()
    assert evaluate("tanh", x).tolist() == up + [-1] * 4
    assert evaluate("exp", x).tolist() == [np.inf] * 4 + down


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_in_nan_out(name, dtype):
    x = np.array([0, np.nan, 1, -np.nan, 2, np.nan, 3, np.nan, np.nan], dtype)
    assert np.array_equal(np.isnan(evaluate(name, x)), np.isnan(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_symmetry_and_signed_zero(dtype):
    x = sample_points(dtype, np.random.default_rng(1))
    assert np.array_equal(evaluate("tanh", -x), -evaluate("tanh", x))
    zeros = evaluate("tanh", np.array([0.0, -0.0], dtype))
    assert np.array_equal(np.signbit(zeros), [False, True])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_result_does_not_depend_on_place_in_array(name, dtype):
    x = sample_points(dtype, np.random.default_rng(2))[:67]
    together = evaluate(name, x)
    alone = np.concatenate([evaluate(name, x[i : i + 1].copy()) for i in range(len(x))])
    assert np.array_equal(together, alone)


def test_denormals_survive_the_import():
    """A library linked with -ffast-math would flush them to zero in the whole process."""
    assert np.float64(1e-310) * 1 != 0
    assert np.float32(1e-40) * np.float32(1) != 0
