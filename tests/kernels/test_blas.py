"""The row-major gemm of _blas.pxd against NumPy."""

import numpy as np
import pytest
from gruc.kernels import blas

RTOL = {"float32": 1e-5, "float64": 1e-13}


@pytest.mark.parametrize("dtype", RTOL)
@pytest.mark.parametrize("trans_A", [False, True])
@pytest.mark.parametrize("trans_B", [False, True])
@pytest.mark.parametrize("m, n, k", [(1, 1, 1), (3, 5, 7), (17, 1, 4), (1, 33, 9)])
def test_matmul(m, n, k, trans_A, trans_B, dtype):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((k, m) if trans_A else (m, k)).astype(dtype)
    B = rng.standard_normal((n, k) if trans_B else (k, n)).astype(dtype)
    C = rng.standard_normal((m, n)).astype(dtype)
    expected = 2 * (A.T if trans_A else A) @ (B.T if trans_B else B) + 0.5 * C
    blas.matmul(C, A, B, trans_A, trans_B, 2.0, 0.5)
    np.testing.assert_allclose(C, expected, rtol=RTOL[dtype], atol=RTOL[dtype])


def test_beta_zero_overwrites_nan():
    C = np.full((2, 2), np.nan)
    blas.matmul(C, np.eye(2), np.eye(2), False, False, 1.0, 0.0)
    assert np.array_equal(C, np.eye(2))


def test_read_only_operands():
    A = np.eye(3)
    A.flags.writeable = False
    C = np.empty((3, 3))
    blas.matmul(C, A, A, False, True, 1.0, 0.0)
    assert np.array_equal(C, np.eye(3))


def test_largest_size():
    assert blas.provider()[2] in (2**31 - 1, 2**63 - 1)
