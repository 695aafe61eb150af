"""The dense head: from a readout (B, F) to logits or outputs (B, K)."""

import numpy as np

from .. import kernels
from .parameters import glorot_uniform
from .program import KINDS


def panels_of(W):
    """W (K, n) as the kernels read it."""
    panels = np.empty(kernels.inference.panel_size(W.shape[1], W.shape[0], W.dtype == np.float64), W.dtype)
    kernels.inference.pack(panels, W)
    return panels


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

    def lay_out(self, builder, x):
        """Append the operation; returns its outputs."""
        return builder.operation(KINDS.DENSE, x, builder.like(x, self.n_outputs), "head.weight")

    def prepare(self, parameters):
        """Weights as `infer` wants them."""
        return panels_of(parameters["head.weight"]), parameters["head.bias"]

    def infer(self, x, prepared):
        """X @ W + b, each row alone."""
        panels, bias = prepared
        out = np.empty((len(x), self.n_outputs), x.dtype)
        kernels.inference.affine(out, x, panels, bias)
        return out
