"""Losses by name, as the kernels know them; the equations stand in include/gruc/training/loss.body.h."""

from typing import NamedTuple

import numpy as np

from .. import kernels

LOSSES = {
    "softmax": kernels.training.SOFTMAX,  # cross-entropy; targets are labels (B,), integers below K
    "sigmoid": kernels.training.SIGMOID,  # cross-entropy of each output; targets (B, K) in [0, 1]
    # the mean over outputs; targets (B, K)
    "squared_error": kernels.training.SQUARED_ERROR,
    "absolute_error": kernels.training.ABSOLUTE_ERROR,
    "huber": kernels.training.HUBER,
    "quantile": kernels.training.QUANTILE,
    "poisson": kernels.training.POISSON,
}


class Loss(NamedTuple):
    """A loss and its settings.

    Parameters
    ----------
    name : str
        A key of `LOSSES`.
    settings : tuple of float
        Label smoothing of "softmax", delta of "huber", levels of "quantile" in the order of
        the outputs, repeated for each target.
    """

    name: str
    settings: tuple = (0.0,)

    def sum(self, outputs, targets, weights, total):
        """Weighted sum of losses; outputs (B, K) become the gradient of their mean."""
        if self.name == "softmax":
            smoothing = self.settings[0]
            return kernels.training.softmax_cross_entropy(outputs, targets, weights, total, smoothing)
        if self.name == "sigmoid":
            return kernels.training.sigmoid_cross_entropy(outputs, targets, weights, total)
        settings = np.array(self.settings, np.float64)
        return kernels.training.error_loss(outputs, targets, weights, total, LOSSES[self.name], settings)
