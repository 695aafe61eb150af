"""The dense head: from a readout (B, F) to logits or outputs (B, K)."""

import numpy as np

from .. import kernels
from .parameters import glorot_uniform


class DenseHead:
    """K outputs over F features."""

    def __init__(self, n_inputs, n_outputs):
        self.n_inputs = n_inputs
        self.n_outputs = n_outputs

    def entries(self):
        """Names and shapes for the parameter table."""
        return [("head.weight", (self.n_inputs, self.n_outputs)), ("head.bias", (self.n_outputs,))]

    def initialize(self, parameters, rng):
        """Glorot uniform weights; biases zero."""
        parameters["head.weight"][:] = glorot_uniform(rng, (self.n_outputs, self.n_inputs)).T
        parameters["head.bias"][:] = 0

    def pack(self, parameters, want_dx, old=None):
        """Weights as `forward` and `backward` want them: as they are."""
        return parameters["head.weight"], parameters["head.bias"]

    def forward(self, out, x, weights, workspace):
        """out = x @ W + b"""
        kernels.training.dense_forward(out, self._scratch(x, workspace), x, *weights)

    def backward(self, dx, dout, x, weights, gradients, workspace):
        """Fill dx and the gradients."""
        kernels.training.dense_backward(
            dx,
            gradients["head.weight"],
            gradients["head.bias"],
            self._scratch(x, workspace),
            dout,
            x,
            weights[0],
        )

    def _scratch(self, x, workspace):
        B, F = x.shape
        size = kernels.training.dense_scratch_size(B, F, self.n_outputs, x.dtype == np.float64)
        return workspace.array("head", size)

    def prepare(self, parameters):
        """Weights as `infer` wants them."""
        W, bias = parameters["head.weight"], parameters["head.bias"]
        panels = np.empty(
            kernels.inference.panel_size(self.n_outputs, self.n_inputs, W.dtype == np.float64), W.dtype
        )
        kernels.inference.pack(panels, W)
        return panels, bias

    def infer(self, x, prepared):
        """X @ W + b, each row alone."""
        panels, bias = prepared
        out = np.empty((len(x), self.n_outputs), x.dtype)
        kernels.inference.affine(out, x, panels, bias)
        return out
