"""Kernels on tiles of bfloat16, in plain C or the processor's: for tests only, not in wheels.

`which` is an instruction set for which the tiles are emulated, as `gruc.kernels.INSTRUCTION_SETS` has them,
or one more: the processor's own.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uint32_t

import numpy as np


cdef extern from "emulated_tiles.h" nogil:
    """
    #define tile_dot_of(which, ...) OF_TILES(tile_dot_of, which)(__VA_ARGS__)
    #define parts_of(which, ...) OF_TILES(parts_of, which)(__VA_ARGS__)
    #define product_of(which, ...) OF_TILES(product_of, which)(__VA_ARGS__)
    #define outer_of(which, ...) OF_TILES(outer_of, which)(__VA_ARGS__)
    #define panel_size(which, ...) OF_TILES(panel_size, which)(__VA_ARGS__)
    #define product_work(which, ...) OF_TILES(product_work, which)(__VA_ARGS__)
    #define outer_work(which, ...) OF_TILES(outer_work, which)(__VA_ARGS__)
    """
    enum:
        TILES_OF_PROCESSOR

    ctypedef struct gruc_work:
        void *memory
        int parts

    bint processor_has_tiles() noexcept
    const void *tile_kernels_of(int which) noexcept
    void tile_dot_of(int which, void *c, const void *a, const void *b) noexcept
    void parts_of(int which, float *parts, const float *x, size_t n) noexcept
    void product_of(int which, float *out, const float *A, const float *W, size_t m, size_t K, size_t n,
                    int transposed, float *packed, const gruc_work *work) noexcept
    void outer_of(int which, float *C, const float *A, const float *B, size_t K, size_t M, size_t n,
                  const gruc_work *work) noexcept
    size_t panel_size(int which, size_t n, size_t K) noexcept
    size_t product_work(int which, size_t m, size_t K) noexcept
    size_t outer_work(int which, size_t K, size_t M, size_t n) noexcept

OF_PROCESSOR = TILES_OF_PROCESSOR


def has_tiles():
    """Whether processor and operating system grant them."""
    return processor_has_tiles()


cdef float[::1] unset(size_t size):
    """NaN, from the start of a cache line on."""
    array = np.full(size + 32, np.nan, np.float32)
    start = -array.ctypes.data % 64 // 4
    return array[start:start + size + 1]


def dot(int which, const uint32_t[:, ::1] a not None, const uint32_t[:, ::1] b not None):
    """Two tiles (16, 16) of words multiplied: (16, 16) of float32."""
    c = np.full((16, 16), np.nan, np.float32)
    cdef float[:, ::1] out = c
    tile_dot_of(which, &out[0, 0], &a[0, 0], &b[0, 0])
    return c


def parts(int which, const float[::1] x not None):
    """The two bfloat16 numbers that stand for each of x (n,), as (2, n) of float32."""
    made = np.full((2, x.shape[0]), np.nan, np.float32)
    cdef float[:, ::1] out = made
    parts_of(which, &out[0, 0], &x[0], x.shape[0])
    return made


def product(int which, const float[:, ::1] A not None, const float[:, ::1] W not None, int n_parts,
            bint transposed=False):
    """A (m, K) times W (K, n); or W' of W (n, K), whose column K // 3 is the first row."""
    cdef size_t m = A.shape[0], K = A.shape[1], n = W.shape[0] if transposed else W.shape[1]
    cdef float[::1] packed = unset(panel_size(which, n, K)), memory = unset(product_work(which, m, K))
    cdef gruc_work work = gruc_work(&memory[0], n_parts)
    made = np.full((m, n), np.nan, np.float32)
    cdef float[:, ::1] out = made
    product_of(which, &out[0, 0], &A[0, 0], &W[0, 0], m, K, n, transposed, &packed[0], &work)
    return made


def add_outer(int which, float[:, ::1] C not None, const float[:, ::1] A not None,
              const float[:, ::1] B not None, int n_parts):
    """C (M, n) += A' B of A (K, M), B (K, n)."""
    cdef size_t K = A.shape[0], M = A.shape[1], n = B.shape[1]
    cdef float[::1] memory = unset(outer_work(which, K, M, n))
    cdef gruc_work work = gruc_work(&memory[0], n_parts)
    outer_of(which, &C[0, 0], &A[0, 0], &B[0, 0], K, M, n, &work)


def provider(int which):
    """Kernels of cells on emulated tiles or the processor's, as `gruc.kernels.use_tiles` takes them."""
    return PyCapsule_New(<void *> tile_kernels_of(which), "gruc_tile_kernels", NULL)
