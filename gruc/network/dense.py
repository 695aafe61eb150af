"""The dense head: from a readout (B, F) to logits or outputs (B, K)."""

from .parameters import glorot_uniform
from .program import KINDS


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
