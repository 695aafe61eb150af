"""Layer kernels of include/gruc one by one, within Python's reach: for tests only, not in wheels.

Arrays are made here and given back; what a kernel must fill holds NaN before. Packed rows as in
gruc/kernels/training.pyx.
"""

from cython cimport floating
from gruc.kernels cimport _c
from gruc.kernels._c cimport gruc_clock
from gruc.kernels._packed cimport require_packed
from libc.stdint cimport int32_t
from libc.string cimport memset

import numpy as np


cdef extern from "gruc/layers/attend.h" nogil:
    ctypedef struct gruc_attend_batch:
        const gruc_clock *queries
        const gruc_clock *source
        size_t F
        const void *q
        size_t ld_q
        const void *h
        size_t ld_h
        void *a
        void *c
        size_t ld_c
        const void *dc
        size_t ld_dc
        void *dq
        size_t ld_dq
        void *dh
        size_t ld_dh
        int add_to_dq, add_to_dh
        void *scratch


# macros that pick a kernel by the type of the first argument, as those of gruc/kernels/_c.pxd
cdef extern from "gruc/extensions/generic.h" nogil:
    size_t gruc_gru_backward_packed_size(...) noexcept
    size_t gruc_gru_backward_scratch(...) noexcept
    void gruc_gru_backward_pack(...) noexcept
    void gruc_gru_forward(...) noexcept
    void gruc_gru_backward(...) noexcept
    void gruc_permute_forward(...) noexcept
    void gruc_permute_backward(...) noexcept
    size_t gruc_attend_scratch(...) noexcept
    void gruc_attend_forward(...) noexcept
    void gruc_attend_backward(...) noexcept
    void gruc_embed_forward(...) noexcept
    void gruc_embed_backward(...) noexcept


def use(int isa):
    """Call the kernels of this instruction set from now on."""
    _c.gruc_isa = isa


cdef void *pointer_to(const floating[:, ::1] array):
    """Where an array begins; NULL for None."""
    return NULL if array is None else <void *> &array[0, 0]


cdef floating[::1] unset(size_t size, const floating[:, ::1] like):
    """An array of NaN of the type of `like`."""
    return np.full(size, np.nan, np.asarray(like).dtype)


def gru(
    const floating[:, ::1] x not None,      # (N, D)
    int kind,
    const floating[:, ::1] W_ihT not None,  # (D, blocks H)
    const floating[:, ::1] W_hhT not None,  # (H, blocks H)
    const floating[::1] b_ih not None,      # (blocks H,)
    const floating[::1] b_hh,               # (3H,) with reset after, else None
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reverse,
    const floating[:, ::1] mask=None,       # (B, H)
    const floating[:, ::1] state0=None,     # (B, states H)
    const floating[:, ::1] dh=None,         # (N, H)
    const floating[:, ::1] dstate=None,     # (B, states H); without it there is no way back
    Py_ssize_t apart=0,                     # elements between rows of h, state, dstate, dx
):
    """A layer of cells in one direction, forward and back.

    Returns a dict of h, state, and with dstate also dx, dstate (that of state0 where this is given), dW_ihT,
    dW_hhT, db_ih, db_hh.
    """
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], H = W_hhT.shape[0]
    cdef Py_ssize_t B = offsets[1], T = offsets.shape[0] - 1
    cdef _c.gruc_cell_shape shape = _c.gruc_shape_of(kind)
    cdef Py_ssize_t columns = shape.blocks * H, S = shape.states * H
    cdef _c.gruc_gru_batch batch
    cdef _c.gruc_gru_weights gradients
    cdef floating[::1] packed = unset(_c.gruc_layer_packed_size(&x[0, 0], D, H, kind), x)
    cdef floating[::1] packed_backward = unset(
        gruc_gru_backward_packed_size(&x[0, 0], D, H, kind, True), x
    )
    cdef floating[::1] scratch = unset(gruc_gru_backward_scratch(&x[0, 0], N, B, H, kind), x)
    cdef floating[::1] gates = unset(shape.slots * N * H, x)
    cdef floating[:, ::1] h = np.full((N, H + apart), np.nan, np.asarray(x).dtype)
    cdef floating[:, ::1] state = np.full((B, S + apart), np.nan, np.asarray(x).dtype)
    cdef floating[:, ::1] dx = np.full((N, D + apart), np.nan, np.asarray(x).dtype)
    cdef floating[:, ::1] dends = np.full((B, S + apart), np.nan, np.asarray(x).dtype)
    cdef floating[:, ::1] dW_ihT = np.full((D, columns), np.nan, np.asarray(x).dtype)
    cdef floating[:, ::1] dW_hhT = np.full((H, columns), np.nan, np.asarray(x).dtype)
    cdef floating[::1] db_ih = unset(columns, x)
    cdef floating[::1] db_hh = unset(3 * H, x)
    require_packed(offsets, N, B)
    memset(&batch, 0, sizeof(batch))
    batch.kind = kind
    batch.reverse = reverse
    batch.T = T
    batch.D = D
    batch.H = H
    batch.offsets = &offsets[0]
    batch.x = &x[0, 0]
    batch.ld_x = D
    batch.mask = pointer_to(mask)
    batch.state0 = pointer_to(state0)
    batch.ld_state0 = S
    batch.c_of_state = H
    batch.gates = &gates[0]
    batch.h = &h[0, 0]
    batch.state = &state[0, 0]
    batch.ld_h = H + apart
    batch.ld_state = S + apart
    batch.scratch = &scratch[0]
    _c.gruc_layer_pack(
        &packed[0], &W_ihT[0, 0], &W_hhT[0, 0], &b_ih[0], NULL if b_hh is None else &b_hh[0], D, H, kind
    )
    gruc_gru_forward(&x[0, 0], &batch, &packed[0])
    out = {"h": np.asarray(h)[:, :H], "state": np.asarray(state)[:, :S]}
    if dstate is None:
        return out
    dends[:, :S] = dstate
    batch.dh = pointer_to(dh)
    batch.ld_dh = H
    batch.dstate = &dends[0, 0]
    batch.ld_dstate = S + apart
    batch.dx = &dx[0, 0]
    batch.ld_dx = D + apart
    batch.add_to_dx = False
    gradients.W_ihT = &dW_ihT[0, 0]
    gradients.W_hhT = &dW_hhT[0, 0]
    gradients.b_ih = &db_ih[0]
    gradients.b_hh = NULL if b_hh is None else &db_hh[0]
    gruc_gru_backward_pack(&packed_backward[0], &W_ihT[0, 0], &W_hhT[0, 0], D, H, batch.kind, True)
    gruc_gru_backward(&x[0, 0], &gradients, &batch, &packed_backward[0])
    out.update(dx=np.asarray(dx)[:, :D], dstate=np.asarray(dends)[:, :S], dW_ihT=np.asarray(dW_ihT),
               dW_hhT=np.asarray(dW_hhT), db_ih=np.asarray(db_ih),
               db_hh=None if b_hh is None else np.asarray(db_hh))
    return out


def embed(
    const floating[:, ::1] table not None,  # (n_tokens, D)
    const int32_t[::1] tokens not None,     # (N,)
    const floating[::1] mask=None,          # (N,)
    Py_ssize_t apart=0,                     # elements between rows of y
):
    """Rows (N, D) of a table."""
    cdef Py_ssize_t N = tokens.shape[0], D = table.shape[1]
    cdef floating[:, ::1] y = np.full((N, D + apart), np.nan, np.asarray(table).dtype)
    gruc_embed_forward(&y[0, 0], D + apart, &table[0, 0], &tokens[0],
                       <const floating *> NULL if mask is None else &mask[0], N, D)
    return np.asarray(y)[:, :D]


def embed_backward(
    const int32_t[::1] tokens not None,  # (N,)
    floating[:, ::1] dx not None,        # (N, D), overwritten where there is a mask
    const floating[::1] mask=None,       # (N,)
):
    """Distinct tokens, rising, and the sums of their gradients."""
    cdef Py_ssize_t N = tokens.shape[0], D = dx.shape[1]
    cdef int32_t[::1] seen = np.full(N, -1, np.int32)
    cdef floating[:, ::1] rows = np.full((N, D), np.nan, np.asarray(dx).dtype)
    cdef floating[::1] scratch = unset(_c.gruc_embed_scratch(&dx[0, 0], N), dx)
    cdef _c.gruc_token_rows out
    out.tokens = &seen[0]
    out.rows = &rows[0, 0]
    gruc_embed_backward(&dx[0, 0], &out, NULL, &scratch[0], &tokens[0],
                        <const floating *> NULL if mask is None else &mask[0], &dx[0, 0], D, N, D)
    return np.asarray(seen)[:out.n], np.asarray(rows)[:out.n]


def embed_merge(parts not None, const floating[:, ::1] like not None):
    """The same from those of shards, a list of (tokens, rows); of the type of `like`."""
    cdef Py_ssize_t N = sum(len(tokens) for tokens, _ in parts), D = like.shape[1], i
    cdef int32_t[::1] seen = np.full(N, -1, np.int32), tokens
    cdef floating[:, ::1] rows = np.full((N, D), np.nan, np.asarray(like).dtype), part
    cdef floating[::1] scratch = unset(_c.gruc_embed_scratch(&like[0, 0], N), like)
    cdef _c.gruc_token_rows out
    cdef _c.gruc_token_rows shards[16]
    out.tokens = &seen[0]
    out.rows = &rows[0, 0]
    for i in range(len(parts)):
        tokens, part = parts[i]
        shards[i].n = tokens.shape[0]
        shards[i].tokens = &tokens[0] if shards[i].n else NULL
        shards[i].rows = &part[0, 0] if shards[i].n else NULL
    _c.gruc_embed_merge(&like[0, 0], &out, &scratch[0], shards, len(parts), D)
    return np.asarray(seen)[:out.n], np.asarray(rows)[:out.n]


cdef class Clock:
    """Lengths of the sequences of a batch, longest first, and the caller's order of them."""

    cdef gruc_clock c
    cdef Py_ssize_t[::1] lengths, offsets, order, places

    def __init__(self, lengths, order):
        self.lengths = np.array(lengths, np.intp)
        self.order = np.array(order, np.intp)
        self.places = np.argsort(order)
        self.offsets = np.cumsum(
            [0, *(sum(length > t for length in lengths) for t in range(max(lengths)))], dtype=np.intp)
        self.c = gruc_clock(max(lengths), len(lengths), sum(lengths), &self.lengths[0], &self.offsets[0],
                            &self.order[0], &self.places[0])

    def rows(self, Py_ssize_t b):
        """Packed rows of the sequence at place b."""
        return np.asarray(self.offsets)[:self.lengths[b]] + b

    def place_in(self, Clock other not None, Py_ssize_t b):
        """Where another clock has the sequence that this one has at b."""
        return other.places[self.order[b]]


def permute(
    const floating[:, ::1] x not None,  # (B, F) in the order of `source`
    Clock to not None,
    Clock source not None,
    Py_ssize_t apart=0,                 # elements between rows of y
):
    """Rows of sequences in the order of another clock."""
    cdef Py_ssize_t B = x.shape[0], F = x.shape[1]
    cdef floating[:, ::1] y = np.full((B, F + apart), np.nan, np.asarray(x).dtype)
    gruc_permute_forward(&y[0, 0], F + apart, &x[0, 0], F, &to.c, &source.c, F)
    return np.asarray(y)[:, :F]


def permute_backward(
    floating[:, ::1] dx not None,        # (B, F) OUT, or IN/OUT with `add`
    const floating[:, ::1] dy not None,  # (B, F)
    Clock to not None,
    Clock source not None,
    bint add,
):
    """Their gradients back."""
    gruc_permute_backward(&dx[0, 0], dx.shape[1], &dy[0, 0], dx.shape[1], &to.c, &source.c, dx.shape[1],
                          add)


def attend(
    const floating[:, ::1] q not None,  # (M, F) rows of `queries`
    const floating[:, ::1] h not None,  # (N, F) rows of `source`
    Clock queries not None,
    Clock source not None,
    const floating[:, ::1] dc=None,     # (M, F) gradient of c; without it there is no way back
    floating[:, ::1] dq=None,           # (M, F) IN/OUT: added to, where they are given
    floating[:, ::1] dh=None,           # (N, F)
    Py_ssize_t apart=0,                 # elements between rows of c
):
    """Attention of the queries over the source, forward and back: a dict of c, a, dq, dh."""
    cdef Py_ssize_t M = q.shape[0], N = h.shape[0], F = q.shape[1]
    cdef gruc_attend_batch batch
    cdef floating[:, ::1] c = np.full((M, F + apart), np.nan, np.asarray(q).dtype)
    cdef floating[:, ::1] a = np.full((M, source.c.T), np.nan, np.asarray(q).dtype)
    cdef floating[::1] scratch = unset(gruc_attend_scratch(&q[0, 0], queries.c.T, source.c.T, F), q)
    batch.queries = &queries.c
    batch.source = &source.c
    batch.F = batch.ld_q = batch.ld_h = batch.ld_dc = batch.ld_dq = batch.ld_dh = F
    batch.ld_c = F + apart
    batch.q = &q[0, 0]
    batch.h = &h[0, 0]
    batch.a = &a[0, 0]
    batch.c = &c[0, 0]
    batch.scratch = &scratch[0]
    gruc_attend_forward(&q[0, 0], &batch)
    out = {"c": np.asarray(c)[:, :F], "a": np.asarray(a)}
    if dc is None:
        return out
    batch.add_to_dq = dq is not None
    batch.add_to_dh = dh is not None
    if dq is None:
        dq = np.full((M, F), np.nan, np.asarray(q).dtype)
    if dh is None:
        dh = np.full((N, F), np.nan, np.asarray(q).dtype)
    batch.dc = &dc[0, 0]
    batch.dq = &dq[0, 0]
    batch.dh = &dh[0, 0]
    gruc_attend_backward(&q[0, 0], &batch)
    return out | {"dq": np.asarray(dq), "dh": np.asarray(dh)}
