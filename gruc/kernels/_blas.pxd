"""BLAS as gruc uses it: row-major, sizes by value, no GIL.

The one file that knows BLAS integers and the letters 'N' and 'T'. SciPy may be
built with 32-bit or 64-bit BLAS integers; `_blas_int.pxi` is written by
setup.py for the SciPy at hand.
"""

from cython cimport floating
from scipy.linalg cimport cython_blas

include "_blas_int.pxi"

cdef enum Op:
    ASIS = 0
    TRANSPOSED = 1


cdef inline Py_ssize_t blas_size_max() noexcept nogil:
    """Largest size or row length that BLAS can be told of."""
    cdef unsigned long long one = 1
    return <Py_ssize_t> ((one << (8 * sizeof(blas_int) - 1)) - 1)


cdef inline void gemm(
    Op op_A, Op op_B, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    floating alpha, const floating *A, Py_ssize_t ld_A,
    const floating *B, Py_ssize_t ld_B,
    floating beta, floating *C, Py_ssize_t ld_C,
) noexcept nogil:
    """C := alpha * op(A) @ op(B) + beta * C, all row-major.

    op(A) is (m, k), op(B) is (k, n), C is (m, n); ld_* are row lengths in
    memory. The caller has held the sizes against `blas_size_max`.
    """
    # BLAS is column-major and so reads each array as its transpose:
    # C' := op(B)' op(A)' is the same numbers in the same places.
    cdef char trans_A = b"T" if op_A == TRANSPOSED else b"N"
    cdef char trans_B = b"T" if op_B == TRANSPOSED else b"N"
    cdef blas_int m_ = <blas_int> m, n_ = <blas_int> n, k_ = <blas_int> k
    cdef blas_int ld_A_ = <blas_int> ld_A, ld_B_ = <blas_int> ld_B, ld_C_ = <blas_int> ld_C
    if floating is float:
        cython_blas.sgemm(&trans_B, &trans_A, &n_, &m_, &k_, &alpha, <float *> B, &ld_B_,
                          <float *> A, &ld_A_, &beta, C, &ld_C_)
    else:
        cython_blas.dgemm(&trans_B, &trans_A, &n_, &m_, &k_, &alpha, <double *> B, &ld_B_,
                          <double *> A, &ld_A_, &beta, C, &ld_C_)
