"""Losses by name, as the kernels know them; the equations stand in include/gruc/loss.h."""

import numpy as np

from .. import kernels

LOSSES = {
    "softmax": kernels.training.SOFTMAX,  # cross-entropy; targets are labels (B,), integers below K
    "sigmoid": kernels.training.SIGMOID,  # cross-entropy of each output; targets (B, K) in [0, 1]
    "squared_error": kernels.training.SQUARED_ERROR,  # half of it, the mean over outputs, as MLPRegressor's
}

_OF_OUTPUTS = {
    "softmax": kernels.training.softmax_cross_entropy,
    "sigmoid": kernels.training.sigmoid_cross_entropy,
    "squared_error": kernels.training.squared_error,
}


def mean_loss(loss, outputs, targets, weights=None):
    """Weighted mean of the losses of outputs (B, K), which are used up."""
    weights = np.ones(len(outputs)) if weights is None else weights
    total = float(weights.sum())
    return _OF_OUTPUTS[loss](outputs, targets, weights, total) / total
