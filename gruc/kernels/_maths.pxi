# exp, sigmoid, tanh, and the product with packed weights. Part of inference.pyx.

def exp(
    floating[::1] out not None,      # (size,) OUT
    const floating[::1] x not None,  # (size,)
):
    """out = exp(x)"""
    require(out.shape[0] == x.shape[0], "out and x (size,)")
    with nogil:
        _c.gruc_exp(&out[0], &x[0], x.shape[0])


def sigmoid(
    floating[::1] out not None,      # (size,) OUT
    const floating[::1] x not None,  # (size,)
):
    """out = 1 / (1 + exp(-x))"""
    require(out.shape[0] == x.shape[0], "out and x (size,)")
    with nogil:
        _c.gruc_sigmoid(&out[0], &x[0], x.shape[0])


def tanh(
    floating[::1] out not None,      # (size,) OUT
    const floating[::1] x not None,  # (size,)
):
    """out = tanh(x)"""
    require(out.shape[0] == x.shape[0], "out and x (size,)")
    with nogil:
        _c.gruc_tanh(&out[0], &x[0], x.shape[0])


def panel_size(Py_ssize_t n, Py_ssize_t K, bint double_precision):
    """Numbers in the panels of a matrix (K, n)."""
    if double_precision:
        return _c.gruc_panel_size(<double *> NULL, n, K)
    return _c.gruc_panel_size(<float *> NULL, n, K)


def pack(
    floating[::1] panels not None,      # (panel_size(n, K),) OUT
    const floating[:, ::1] W not None,  # (K, n)
):
    """Lay W out as `affine` reads it."""
    cdef Py_ssize_t K = W.shape[0], n = W.shape[1]
    require(n > 0 and K > 0, "W (K, n)")
    require(panels.shape[0] == _c.gruc_panel_size(&panels[0], n, K), "panels (panel_size(n, K),)")
    with nogil:
        _c.gruc_pack(&panels[0], &W[0, 0], n, K, 1, n)


def affine(
    floating[:, ::1] out not None,      # (m, n) OUT
    const floating[:, ::1] x not None,  # (m, K)
    const floating[::1] panels not None,  # by pack
    const floating[::1] bias not None,  # (n,)
):
    """out = x @ W + bias, added up over K from 0 on, whatever m and n."""
    cdef Py_ssize_t m = out.shape[0], n = out.shape[1], K = x.shape[1]
    require(x.shape[0] == m and m > 0 and n > 0 and K > 0, "x (m, K), out (m, n)")
    require(panels.shape[0] == _c.gruc_panel_size(&panels[0], n, K), "panels (panel_size(n, K),)")
    require(bias.shape[0] == n, "bias (n,)")
    with nogil:
        _c.gruc_affine(&out[0, 0], n, &x[0, 0], K, &panels[0], &bias[0], m, K, n)
