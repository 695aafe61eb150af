# Losses: logits in, gradient of the weighted mean out, weighted sum returned. Part of training.pyx.

def softmax_cross_entropy(
    floating[:, ::1] a not None,            # (B, K) IN: logits, OUT: gradient
    const Py_ssize_t[::1] labels not None,  # (B,)
    const double[::1] weights not None,     # (B,)
    double total,                  # sum of weights, > 0
    double smoothing=0,            # share of the target that all classes have in common
):
    """sum_b weights[b] * -log softmax(a[b])[labels[b]]"""
    cdef Py_ssize_t B = a.shape[0], K = a.shape[1], b
    cdef double loss
    require(B > 0 and K > 0 and total > 0, "B, K and total > 0")
    require(weights.shape[0] == B, "weights (B,)")
    require(labels.shape[0] == B, "labels (B,)")
    for b in range(B):
        require(0 <= labels[b] < K, "0 <= labels < K")
    loss = _c.gruc_softmax_cross_entropy(&a[0, 0], &labels[0], &weights[0], total, smoothing, B, K)
    return loss


def sigmoid_cross_entropy(
    floating[:, ::1] a not None,        # (B, K) IN: logits, OUT: gradient
    const floating[:, ::1] y not None,  # (B, K), in [0, 1]
    const double[::1] weights not None,  # (B,)
    double total,              # sum of weights, > 0
):
    """sum_b weights[b] * sum_k log(1 + exp(a)) - y a"""
    cdef double loss
    require_targets(a, y, weights, total)
    loss = _c.gruc_sigmoid_cross_entropy(&a[0, 0], &y[0, 0], &weights[0], total,
                                         a.shape[0], a.shape[1])
    return loss


def error_loss(
    floating[:, ::1] a not None,        # (B, K) IN: outputs, OUT: gradient
    const floating[:, ::1] y not None,  # (B, K)
    const double[::1] weights not None,  # (B,)
    double total,                       # sum of weights, > 0
    int loss,                           # SQUARED_ERROR, ..., POISSON
    const double[::1] settings not None,  # as `loss_and_gradient` has them
):
    """sum_b weights[b] * mean_k f(a, y), with f and its derivatives in loss.body.h"""
    cdef double result
    require_targets(a, y, weights, total)
    require(SQUARED_ERROR <= loss <= POISSON, "loss one of SQUARED_ERROR, ..., POISSON")
    require(settings.shape[0] > 0, "settings (1,) or more")
    result = _c.gruc_error_loss(&a[0, 0], &y[0, 0], &weights[0], total, loss, &settings[0], settings.shape[0],
                                a.shape[0], a.shape[1])
    return result


cdef int require_targets(
    const floating[:, ::1] a, const floating[:, ::1] y, const double[::1] weights, double total,
) except -1:
    require(a.shape[0] > 0 and a.shape[1] > 0 and total > 0, "B, K and total > 0")
    require(y.shape[0] == a.shape[0] and y.shape[1] == a.shape[1], "y (B, K)")
    require(weights.shape[0] == a.shape[0], "weights (B,)")
    return 0
