"""Losses by name, as the kernels know them; the equations stand in include/gruc/loss.h."""

from .. import kernels

LOSSES = {
    "softmax": kernels.training.SOFTMAX,  # cross-entropy; targets are labels (B,), integers below K
    "sigmoid": kernels.training.SIGMOID,  # cross-entropy of each output; targets (B, K) in [0, 1]
    "squared_error": kernels.training.SQUARED_ERROR,  # half of it, the mean over outputs, as MLPRegressor's
}
