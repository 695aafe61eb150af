# A GRU layer, readouts and softmax over a batch. Part of inference.pyx.

def gru_packed_size(Py_ssize_t D, Py_ssize_t H, bint double_precision):
    """Numbers in the packed weights of a GRU layer and direction."""
    if double_precision:
        return _c.gruc_gru_packed_size(<double *> NULL, D, H)
    return _c.gruc_gru_packed_size(<float *> NULL, D, H)


def gru_pack(
    floating[::1] packed not None,          # (gru_packed_size(D, H),) OUT
    const floating[:, ::1] W_ihT not None,  # (D, 3H)
    const floating[:, ::1] W_hhT not None,  # (H, 3H)
    const floating[::1] b_ih not None,      # (3H,)
    const floating[::1] b_hh,               # (3H,), None: the reset comes before the product
):
    """Lay a layer's weights out as `gru` reads them."""
    cdef Py_ssize_t D = W_ihT.shape[0], H = W_hhT.shape[0]
    cdef const floating *b_hh_ptr = NULL
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(W_ihT.shape[1] == 3 * H, "W_ihT (D, 3H)")
    require(W_hhT.shape[1] == 3 * H, "W_hhT (H, 3H)")
    require(b_ih.shape[0] == 3 * H, "b_ih (3H,)")
    if b_hh is not None:
        require(b_hh.shape[0] == 3 * H, "b_hh (3H,)")
        b_hh_ptr = &b_hh[0]
    require(packed.shape[0] == _c.gruc_gru_packed_size(&packed[0], D, H), "packed (gru_packed_size(D, H),)")
    with nogil:
        _c.gruc_gru_pack(&packed[0], &W_ihT[0, 0], &W_hhT[0, 0], &b_ih[0], b_hh_ptr, D, H)


def gru_scratch_size(Py_ssize_t N, Py_ssize_t B, Py_ssize_t H, bint double_precision):
    """Numbers of scratch that `gru` wants for a batch of B sequences, N rows."""
    if double_precision:
        return _c.gruc_gru_infer_scratch(<double *> NULL, N, B, H)
    return _c.gruc_gru_infer_scratch(<float *> NULL, N, B, H)


def gru(
    floating[:, ::1] state not None,        # (B, H) IN/OUT: before the first step, after the last
    floating[:, :] h,                       # (N, H) OUT, rows contiguous, or None
    floating[:, ::1] gates,                 # (N, 4H) OUT, or None: r, z, n, and what n was made of
    floating[::1] scratch not None,         # (gru_scratch_size(N, B, H),)
    const floating[:, ::1] x not None,      # (N, D)
    const floating[::1] packed not None,    # by gru_pack
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
    bint reset_after,
    bint reverse,
):
    """One GRU layer forward over a packed batch (equations: gru.body.h)."""
    cdef Py_ssize_t B = state.shape[0], H = state.shape[1]
    cdef Py_ssize_t N = x.shape[0], D = x.shape[1], T = offsets.shape[0] - 1
    cdef Py_ssize_t ld_h = 0
    cdef floating *h_ptr = NULL
    cdef floating *gates_ptr = NULL
    require_packed(offsets, N, B)
    require(H > 0 and D > 0, "H > 0 and D > 0")
    require(scratch.shape[0] >= _c.gruc_gru_infer_scratch(&scratch[0], N, B, H), "scratch large enough")
    require(packed.shape[0] == _c.gruc_gru_packed_size(&packed[0], D, H), "packed (gru_packed_size(D, H),)")
    if h is not None:
        require(h.shape[0] == N and h.shape[1] == H, "h (N, H)")
        ld_h = row_length(h)
        h_ptr = &h[0, 0]
    if gates is not None:
        require(gates.shape[0] == N and gates.shape[1] == 4 * H, "gates (N, 4H)")
        gates_ptr = &gates[0, 0]
    with nogil:
        _c.gruc_gru_infer(h_ptr, ld_h, gates_ptr, &state[0, 0], &scratch[0], &x[0, 0], D, &packed[0],
                          &offsets[0], T, D, H, reset_after, reverse)


def mean(
    floating[:, ::1] out not None,          # (B, F) OUT
    const floating[:, ::1] h not None,      # (N, F)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
):
    """out[b] = mean of h over the steps of sequence b."""
    cdef Py_ssize_t B = out.shape[0], F = out.shape[1], T = offsets.shape[0] - 1
    require_states(h.shape[0], h.shape[1], lengths, offsets, B, F)
    with nogil:
        _c.gruc_mean_forward(&out[0, 0], &h[0, 0], &lengths[0], &offsets[0], T, B, F)


def max(
    floating[:, ::1] out not None,          # (B, F) OUT
    const floating[:, ::1] h not None,      # (N, F)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
):
    """out[b] = largest of h over the steps of sequence b."""
    cdef Py_ssize_t B = out.shape[0], F = out.shape[1], T = offsets.shape[0] - 1
    require_states(h.shape[0], h.shape[1], lengths, offsets, B, F)
    with nogil:
        _c.gruc_max_forward(&out[0, 0], &h[0, 0], &offsets[0], T, F)


def attention(
    floating[:, ::1] out not None,          # (B, F) OUT
    floating[::1] a not None,               # (N,) OUT: the weight of each step
    floating[:, ::1] u not None,            # (N, F) OUT
    const floating[:, ::1] h not None,      # (N, F)
    const floating[::1] panels not None,    # pack of W_aT (F, F)
    const floating[::1] b not None,         # (F,)
    const floating[::1] v not None,         # (F,)
    const Py_ssize_t[::1] lengths not None,  # (B,)
    const Py_ssize_t[::1] offsets not None,  # (T + 1,)
):
    """out[b] = sum of a h over the steps of sequence b (equations: readout.body.h)."""
    cdef Py_ssize_t N = h.shape[0], B = out.shape[0], F = out.shape[1], T = offsets.shape[0] - 1
    require_states(N, h.shape[1], lengths, offsets, B, F)
    require(a.shape[0] == N and u.shape[0] == N and u.shape[1] == F, "a (N,), u (N, F)")
    require(panels.shape[0] == _c.gruc_panel_size(&panels[0], F, F), "panels (panel_size(F, F),)")
    require(b.shape[0] == F and v.shape[0] == F, "b, v (F,)")
    with nogil:
        _c.gruc_attention_forward(&out[0, 0], &a[0], &u[0, 0], &h[0, 0], &panels[0], &b[0], &v[0],
                                  &lengths[0], &offsets[0], T, B, F)


cdef int require_states(
    Py_ssize_t N, Py_ssize_t width, const Py_ssize_t[::1] lengths, const Py_ssize_t[::1] offsets,
    Py_ssize_t B, Py_ssize_t F,
) except -1:
    require_packed(offsets, N, B)
    require_lengths(lengths, offsets, B)
    require(width == F and F > 0, "h (N, F)")
    return 0


def softmax(
    floating[:, ::1] a not None,  # (B, K) IN/OUT
):
    """a[b] = exp(a[b]) / sum(exp(a[b]))"""
    require(a.shape[0] > 0 and a.shape[1] > 0, "a (B, K)")
    with nogil:
        _c.gruc_softmax(&a[0, 0], a.shape[0], a.shape[1])
