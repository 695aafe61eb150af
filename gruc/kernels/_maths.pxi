# exp, sigmoid, tanh and softmax. Part of inference.pyx.

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


def softmax(
    floating[:, ::1] a not None,  # (B, K) IN/OUT
):
    """a[b] = exp(a[b]) / sum(exp(a[b]))"""
    require(a.shape[0] > 0 and a.shape[1] > 0, "a (B, K)")
    with nogil:
        _c.gruc_softmax(&a[0, 0], a.shape[0], a.shape[1])
