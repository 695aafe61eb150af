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
        return [("head.weight", (self.n_outputs, self.n_inputs)), ("head.bias", (self.n_outputs,))]

    def initialize(self, parameters, rng):
        """Glorot uniform weights; biases zero."""
        parameters["head.weight"][:] = glorot_uniform(rng, (self.n_outputs, self.n_inputs))
        parameters["head.bias"][:] = 0

    def forward(self, out, x, parameters):
        """out = x @ W.T + b"""
        kernels.training.dense_forward(out, x, parameters["head.weight"], parameters["head.bias"])

    def backward(self, dx, dout, x, parameters, gradients):
        """Fill dx and the gradients."""
        kernels.training.dense_backward(
            dx, gradients["head.weight"], gradients["head.bias"], dout, x, parameters["head.weight"]
        )

    def prepare(self, parameters):
        """Weights as the inference kernel wants them: (inputs, outputs)."""
        return np.ascontiguousarray(parameters["head.weight"].T), parameters["head.bias"]

    def infer(self, x, prepared):
        """X @ W.T + b, each row alone."""
        WT, bias = prepared
        out = np.empty((len(x), self.n_outputs), x.dtype)
        kernels.inference.affine(out, x, WT, bias)
        return out
