"""Inference: the kernels of include/gruc/gruc.h over NumPy arrays.

T steps, B sequences, D inputs, H units, F features, K outputs, N = sum of
lengths; packed rows as gru.body.h has them. Outputs come first and are filled;
nothing is allocated. The result for a row does not depend on the other rows.

One extension, so that the kernels are in it once; the files included at the end hold its parts.

What takes long releases the GIL. What takes microseconds keeps it: another thread that
takes it meanwhile costs more than it gains.
"""

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc
from cpython.pycapsule cimport PyCapsule_GetPointer
from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._packed cimport require, require_lengths, require_packed
from gruc.kernels._task cimport (
    GRUC_IDLE, GRUC_POSTED, GRUC_WORKING, PY_LOCK_INTR, WAIT_LOCK, PyThread_acquire_lock,
    PyThread_acquire_lock_timed, PyThread_allocate_lock, PyThread_free_lock, PyThread_release_lock,
    gruc_shared, gruc_shared_change, gruc_shared_read, gruc_shared_swap, gruc_spin, gruc_task, gruc_work_on,
)
from gruc.kernels._tiles cimport gruc_tile_kernels
from libc.math cimport INFINITY, fabs
from libc.stdint cimport INT32_MAX, int32_t, uint64_t
from libc.string cimport memcpy, memset

import numpy as np


def has(int isa):
    """Whether this processor runs the kernels of instruction set 0, 1, 2: baseline, AVX2, AVX-512."""
    return bool(_c.gruc_has(isa))


# what reads weights for products on tiles, in float32 with 1 part, then with 2: rows of `tiles.provider()`
cdef const gruc_tile_kernels *tiles = NULL
cdef _c.gruc_infer_kind on_tiles[2][_c.GRUC_N_KINDS]


def use(int isa, provider=None):
    """Call the kernels of this instruction set from now on, and on tiles those of `tiles.provider()`."""
    global tiles
    cdef int kind
    require(_c.gruc_has(isa), "an instruction set that this processor has")
    _c.gruc_isa = isa
    tiles = NULL
    if provider is None:
        return
    tiles = <const gruc_tile_kernels *> PyCapsule_GetPointer(provider, "gruc_tile_kernels")
    for part in range(2):
        memcpy(
            on_tiles[part], _c.gruc_infer_kinds(<float *> NULL), _c.GRUC_N_KINDS * sizeof(_c.gruc_infer_kind)
        )
        for kind in (_c.GRUC_GRU, _c.GRUC_GRU_RESET_BEFORE):
            on_tiles[part][kind] = tiles.inference[part]


include "_tasks.pxi"
include "_maths.pxi"
include "_data.pxi"
include "_program.pxi"
include "_network.pxi"
include "_arrays.pxi"
include "_search.pxi"
include "_streams.pxi"
