"""Convolutions over the steps of each sequence, before the first GRU layer.

The equations stand in include/gruc/layers/conv.body.h.
"""

import math
from typing import NamedTuple

import numpy as np

from .program import KINDS


class Convolution:
    """H outputs over the last k steps of D inputs, normalised and rectified, and the largest of some of them.

    Parameters
    ----------
    index : int
        Place among the convolutions, from 0; part of the parameters' names.
    n_inputs, n_outputs : int
        D and H.
    kernel_size : int
        k.
    pool : int
        Steps of which the largest of each output is taken; 1 for none.
    prefix : str
        Of the parameters' names.

    Attributes
    ----------
    weight, bias : str
        Names of weights, and of the biases that exports have in place of a normalisation.
    norm : list of str
        Names of the parameters of the normalisation.
    """

    def __init__(self, index, n_inputs, n_outputs, kernel_size, pool, prefix=""):
        self.n_inputs, self.n_outputs = n_inputs, n_outputs
        self.kernel_size, self.pool = kernel_size, pool
        self.weight, self.bias = f"{prefix}conv.{index}.weight", f"{prefix}conv.{index}.bias"
        self.norm = [
            f"{prefix}norm.{index}.{name}"
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        ]

    def entries(self):
        """Names and shapes for the parameter table: those of torch's Conv1d and BatchNorm1d."""
        H = self.n_outputs
        shapes = [(H,)] * 4 + [(1,)]
        return [
            (self.weight, (self.kernel_size, self.n_inputs, H)),
            *zip(self.norm, shapes, strict=True),
        ]

    def initialize(self, parameters, rng):
        """Glorot uniform weights; a normalisation that changes nothing."""
        D, H, k = self.n_inputs, self.n_outputs, self.kernel_size
        limit = np.sqrt(6.0 / (k * (D + H)))
        parameters[self.weight][:] = rng.uniform(-limit, limit, (H, D, k)).T
        for name, value in zip(self.norm, (1, 0, 0, 1, 0), strict=True):
            parameters[name][:] = value

    def lay_out(self, builder, x, constant=False):
        """Append the operations; returns the rows that the next layer reads.

        In training, `constant` is whether they are normalised by the constants of inference.
        """
        options = {"steps": self.kernel_size, "reverse": constant}
        if builder.training and self.pool > 1:
            y = builder.slower(x, self.pool, self.n_outputs)
            return builder.operation(KINDS.CONV_POOL, x, y, self.weight, **options)
        y = builder.like(x, self.n_outputs)
        builder.operation(KINDS.CONV, x, y, self.weight, **options)
        if self.pool == 1:
            return y
        return builder.operation(KINDS.POOL, y, builder.slower(y, self.pool), steps=self.pool)

    def folded(self, parameters):
        """Weights (k, D, H) and biases (H,) that the constants of the normalisation are part of.

        As inference makes them, to the last bit, of `parameters` by name, (inputs, outputs).
        """
        factor = self.factor(parameters)
        beta, mean = parameters[self.norm[1]], parameters[self.norm[2]]
        return parameters[self.weight] * factor, beta - mean * factor

    def factor(self, parameters):
        """What the normalisation multiplies each output by, (H,)."""
        gamma, variance = parameters[self.norm[0]], parameters[self.norm[3]]
        return gamma / np.sqrt(variance + gamma.dtype.type(NORM_EPSILON))


NORM_EPSILON = 1e-5  # GRUC_NORM_EPSILON


def check_pooling(pools):
    """Refuse more pooling, one convolution after the other, than kernels can count."""
    n_clocks, stride = 1 + sum(pool > 1 for pool in pools), math.prod(pools)
    if n_clocks > KINDS.N_CLOCKS or stride >= 2**31:
        raise ValueError(
            f"conv_pool makes one step of {stride}, in {n_clocks - 1} convolutions; the most there can be "
            f"are 2 ** 31 - 1 steps and {KINDS.N_CLOCKS - 1} convolutions with a conv_pool above 1."
        )


class Running(NamedTuple):
    """Statistics of a batch, which the constants of a normalisation follow.

    Parameters
    ----------
    start : int
        Where these constants begin in the flat buffer of parameters.
    values : ndarray of shape (2 * H,)
        Mean and variance of each output.
    """

    start: int
    values: np.ndarray

    def update(self, parameters):
        """Move the constants towards these statistics: the mean of those so far, or of about the last ten."""
        size = len(self.values)
        constants = parameters[self.start : self.start + size]
        number = parameters[self.start + size : self.start + size + 1]
        number += 1
        constants += max(1 / 10, 1 / float(number[0])) * (self.values - constants)


def take_running(program, gradient):
    """Take the statistics of a batch out of its flat gradient, in which the kernels have added them up.

    Their places, in which there is no gradient, become 0.

    Returns
    -------
    list of Running
    """
    running = []
    for op in program.operations:
        if op.kind in (KINDS.CONV, KINDS.CONV_POOL):
            start = op.weights + (op.steps * op.D + 2) * op.H
            sums = gradient[start : start + 2 * op.H + 1]
            running.append(Running(start, sums[:-1] / sums[-1]))
            sums[:] = 0
    return running
