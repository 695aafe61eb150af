"""Products on tiles of bfloat16: in plain C, and the processor's, bit for bit as NumPy has them."""

import ctypes
import os

import numpy as np
import pytest
from bfloat_tiles import join, parts_of, product, to_bfloat
from gruc import kernels

tile_kernels = pytest.importorskip("tile_kernels", reason="built beside the source only")

NAMES = [*kernels.INSTRUCTION_SETS, "processor"]
BY_SIGNALS = os.environ.get("AMX_BY_SIGNALS")  # test_tile_instructions.py
if BY_SIGNALS:
    ctypes.CDLL(BY_SIGNALS).amx_by_signals()


@pytest.fixture(scope="module", autouse=True)
def kernel():
    """Not once for each instruction set: `which` says it."""


@pytest.fixture(params=NAMES)
def which(request):
    if request.param == "processor" and not (BY_SIGNALS or tile_kernels.has_tiles()):
        pytest.skip("neither processor nor operating system grant tiles of bfloat16 (AMX)")
    if request.param != "processor" and request.param not in kernels.available():
        pytest.skip(f"this processor has no {request.param}, only {kernels.available()}")
    return NAMES.index(request.param)


def numbers(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def of_all_sizes(rng, *shape):
    """Any finite bit patterns, some of them 0 or subnormal, whose products are finite."""
    bits = rng.integers(0, 2**32, shape, dtype=np.uint32)
    exponents = rng.integers(0, 160, shape, dtype=np.uint32)
    return ((bits & 0x807FFFFF) | exponents << 23).view(np.float32)


def words(rows):
    """bfloat16 numbers (m, 2 k) as the words (m, k) of a tile."""
    halves = np.ascontiguousarray(rows).view(np.uint32) >> 16
    return np.ascontiguousarray(halves[:, ::2] | halves[:, 1::2] << 16)


class TestTile:
    @pytest.mark.parametrize("draw", [numbers, of_all_sizes])
    def test_bits_of_the_instruction(self, which, draw):
        rng = np.random.default_rng(0)
        for _ in range(8):
            a, b = to_bfloat(draw(rng, 16, 32)), to_bfloat(draw(rng, 32, 16))
            b_words = words(b.reshape(16, 2, 16).transpose(0, 2, 1).reshape(16, 32))
            expected = join(np.zeros((16, 16), np.float32), a, b)
            got = tile_kernels.dot(which, words(a), b_words)
            assert (got.view(np.uint32) == expected.view(np.uint32)).all()

    def test_sums_that_are_subnormal_are_zero(self, which):
        # of two products of 2^-126 and -1.5 times it half of it is left, which no normal number is
        a, b = np.zeros((16, 32), np.float32), np.zeros((32, 16), np.float32)
        a[:, 0], b[0], a[:, 1], b[1] = 2**-60, 2**-66, -1.5 * 2**-60, 2**-66
        b_words = words(b.reshape(16, 2, 16).transpose(0, 2, 1).reshape(16, 32))
        assert (tile_kernels.dot(which, words(a), b_words) == 0).all()


class TestParts:
    def test_rounding(self, which):
        rng = np.random.default_rng(1)
        x = np.concatenate(
            [
                numbers(rng, 64),
                of_all_sizes(rng, 300),
                np.float32([0, -0.0, 1e-40, -1e-40, np.finfo(np.float32).tiny, 1 + 2**-8, 1 + 3 * 2**-8]),
            ]
        )
        got = tile_kernels.parts(which, x)
        assert (got.view(np.uint32) == parts_of(x, 2).view(np.uint32)).all()

    def test_nan_and_infinity_stay(self, which):
        nans = np.array([0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001, 0x7FC00000], np.uint32).view(np.float32)
        x = np.concatenate([nans, np.float32([np.inf, -np.inf])])
        first = tile_kernels.parts(which, x)[0]
        assert np.isnan(first[:4]).all()
        assert (first[4:] == x[4:]).all()

    def test_two_parts_have_sixteen_bits(self, which):
        x = numbers(np.random.default_rng(2), 1000)
        first, second = tile_kernels.parts(which, x).astype(np.float64)
        assert (np.abs(first - x) <= 2.0**-8 * np.abs(x)).all()
        assert (np.abs(first + second - x) <= 2.0**-16 * np.abs(x)).all()


@pytest.mark.parametrize("n_parts", [1, 2])
class TestProducts:
    @pytest.mark.parametrize("m, K, n", [(1, 1, 1), (5, 7, 3), (16, 32, 16), (17, 33, 65), (40, 70, 100)])
    @pytest.mark.parametrize("transposed", [False, True])
    def test_bits(self, which, m, K, n, transposed, n_parts):
        rng = np.random.default_rng(m)
        A, W = numbers(rng, m, K), numbers(rng, K, n)
        given = np.ascontiguousarray(np.roll(W, K // 3, 0).T) if transposed else W
        got = tile_kernels.product(which, A, given, n_parts, transposed)
        assert (got.view(np.uint32) == product(A, W, n_parts).view(np.uint32)).all()

    def test_numbers_of_all_sizes(self, which, n_parts):
        rng = np.random.default_rng(3)
        A, W = of_all_sizes(rng, 20, 40), of_all_sizes(rng, 40, 20)
        got = tile_kernels.product(which, A, W, n_parts)
        assert (got.view(np.uint32) == product(A, W, n_parts).view(np.uint32)).all()

    def test_more_rows_than_are_rounded_at_once(self, which, n_parts):
        rng = np.random.default_rng(4)
        A, W = numbers(rng, 300, 20), numbers(rng, 20, 17)
        got = tile_kernels.product(which, A, W, n_parts)
        assert (got == product(A, W, n_parts)).all()
        for i in (0, 15, 16, 255, 256, 299):  # a row's company changes nothing
            assert (tile_kernels.product(which, A[i : i + 1], W, n_parts) == got[i]).all()

    def test_error(self, which, n_parts):
        rng = np.random.default_rng(5)
        A, W = numbers(rng, 32, 128), numbers(rng, 128, 48)
        error = np.abs(tile_kernels.product(which, A, W, n_parts) - A.astype(np.float64) @ W).max()
        assert error < (0.15, 5e-4)[n_parts - 1]

    @pytest.mark.parametrize("K, M, n", [(1, 1, 1), (33, 17, 70), (300, 20, 33)])
    def test_gradients_of_weights(self, which, K, M, n, n_parts):
        rng = np.random.default_rng(K)
        A, B, C = numbers(rng, K, M), numbers(rng, K, n), numbers(rng, M, n)
        expected = C.copy()
        for k in range(0, K, 256):
            expected += product(np.ascontiguousarray(A[k : k + 256].T), B[k : k + 256], n_parts)
        tile_kernels.add_outer(which, C, A, B, n_parts)
        assert (C.view(np.uint32) == expected.view(np.uint32)).all()
