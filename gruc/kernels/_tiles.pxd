"""Kernels of cells on tiles of bfloat16, as `tiles` hands them to `inference` and `training`."""

from gruc.kernels._c cimport gruc_infer_kind, gruc_op, gruc_operation, gruc_row_kind


cdef extern from "gruc/tiles/tile_provider.h" nogil:
    ctypedef struct gruc_tile_kernels:
        gruc_operation training[2]
        gruc_infer_kind inference[2]
        gruc_row_kind rows[2][2]
        size_t (*row_scratch)(const gruc_op *op) noexcept
