"""Losses by name: logits in, gradient out, in place; the weighted sum returned.

Each is called as ``loss(a, targets, weights, total)`` with outputs a (B, K),
float64 weights (B,) of sum `total`, and leaves in `a` the gradient of the
weighted mean.
"""

from .. import kernels


def softmax_cross_entropy(a, labels, weights, total):
    """Targets are labels (B,), integers below K."""
    return kernels.training.softmax_cross_entropy(a, labels, weights, total)


def sigmoid_cross_entropy(a, y, weights, total):
    """Targets y (B, K) lie in [0, 1]."""
    return kernels.training.sigmoid_cross_entropy(a, y, weights, total)


def squared_error(a, y, weights, total):
    """Half the squared error, the mean over outputs (B, K), as MLPRegressor's."""
    return kernels.training.squared_error(a, y, weights, total)


LOSSES = {
    "softmax": softmax_cross_entropy,
    "sigmoid": sigmoid_cross_entropy,
    "squared_error": squared_error,
}
