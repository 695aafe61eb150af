"""A GRU layer in one direction: parameters, training pass, inference pass.

The equations stand in gruc/kernels/training.pyx.
"""

from typing import NamedTuple

import numpy as np

from .. import kernels
from .parameters import glorot_uniform, orthogonal
from .workspace import aligned_empty


class PackedWeights(NamedTuple):
    """A layer's weights laid out for the kernels, once for every step of the optimiser."""

    forward: np.ndarray
    backward: np.ndarray
    want_dx: bool


class GRULayer:
    """H units over D inputs, one direction.

    Parameters
    ----------
    index : int
        Place in the stack, from 0; part of the parameters' names.
    n_inputs, n_units : int
        D and H.
    reset_after : bool
        Reset gate after the recurrent product (torch, cuDNN; two biases) or
        before it (Cho et al. 2014; one bias).
    reverse : bool
        From each sequence's last step to its first.
    """

    def __init__(self, index, n_inputs, n_units, reset_after, reverse):
        self.n_inputs = n_inputs
        self.n_units = n_units
        self.reset_after = reset_after
        self.reverse = reverse
        suffix = f"l{index}{'_reverse' if reverse else ''}"
        self.weight_ih = f"gru.weight_ih_{suffix}"
        self.weight_hh = f"gru.weight_hh_{suffix}"
        self.bias_ih = f"gru.bias_ih_{suffix}"
        self.bias_hh = f"gru.bias_hh_{suffix}" if reset_after else None
        self._key = suffix

    def entries(self):
        """Names and shapes for the parameter table."""
        D, H = self.n_inputs, self.n_units
        entries = [
            (self.weight_ih, (D, 3 * H)),
            (self.weight_hh, (H, 3 * H)),
            (self.bias_ih, (3 * H,)),
        ]
        if self.reset_after:
            entries.append((self.bias_hh, (3 * H,)))
        return entries

    def initialize(self, parameters, rng):
        """Per gate block: Glorot uniform W_ih, orthogonal W_hh; biases zero, but 1 for z.

        A z that starts near 0.7 keeps most of the old state, so that gradients reach
        far back before anything is learned (Jozefowicz, Zaremba and Sutskever 2015,
        for the LSTM's forget gate). benchmarks/learning.py shows what it gains and costs.
        """
        D, H = self.n_inputs, self.n_units
        for gate in range(3):
            block = slice(gate * H, (gate + 1) * H)
            parameters[self.weight_ih][:, block] = glorot_uniform(rng, (H, D)).T
            parameters[self.weight_hh][:, block] = orthogonal(rng, H).T
        parameters[self.bias_ih][:] = 0
        parameters[self.bias_ih][H : 2 * H] = 1
        if self.reset_after:
            parameters[self.bias_hh][:] = 0

    def pack(self, parameters, want_dx, old=None):
        """Weights as `forward` and `backward` want them, in the memory of `old` if given."""
        W_ihT, W_hhT, b_ih, b_hh = self._weights(parameters)
        if old is None:
            D, H, double = self.n_inputs, self.n_units, W_hhT.dtype == np.float64
            backward_size = kernels.training.gru_backward_packed_size(D, H, want_dx, double)
            old = PackedWeights(
                aligned_empty(kernels.inference.gru_packed_size(D, H, double), W_hhT.dtype),
                aligned_empty(backward_size, W_hhT.dtype),
                want_dx,
            )
        kernels.inference.gru_pack(old.forward, W_ihT, W_hhT, b_ih, b_hh)
        kernels.training.gru_backward_pack(old.backward, W_ihT, W_hhT, self.reset_after, want_dx)
        return old

    # ---- training: forward saves in the workspace what backward needs

    def forward(self, h, ends, x, weights, batch, workspace):
        """Fill h (N, H), and ends (B, H) where each sequence ends, from x (N, D)."""
        kernels.training.gru_forward(
            workspace.array(f"gates_{self._key}", len(x), 4 * self.n_units),
            h,
            ends,
            x,
            weights.forward,
            batch.offsets,
            self.reset_after,
            self.reverse,
        )

    def backward(self, dends, dh, dx, x, h, weights, gradients, batch, workspace, add_to_dx):
        """Fill the gradients, and dx (N, D) unless it is None; dends (B, H) is used up.

        dh (N, H) is the gradient of h from above, or None.
        """
        N, B, H = len(x), len(dends), self.n_units
        size = kernels.training.gru_backward_scratch_size(N, B, H, x.dtype == np.float64)
        kernels.training.gru_backward(
            gradients[self.weight_ih],
            gradients[self.weight_hh],
            gradients[self.bias_ih],
            gradients[self.bias_hh] if self.reset_after else None,
            dx,
            dends,
            dh,
            workspace.array("backward", size),
            workspace.array(f"gates_{self._key}", N, 4 * H),
            h,
            x,
            weights.backward,
            batch.offsets,
            self.reset_after,
            self.reverse,
            add_to_dx,
        )

    # ---- inference: nothing saved

    def prepare(self, parameters):
        """Weights as `infer` wants them."""
        weights = self._weights(parameters)
        double = weights[0].dtype == np.float64
        size = kernels.inference.gru_packed_size(self.n_inputs, self.n_units, double)
        packed = aligned_empty(size, weights[0].dtype)
        kernels.inference.gru_pack(packed, *weights)
        return packed

    def infer(self, state, h, x, packed, batch):
        """Carry state (B, H) over the batch; fill h (N, H) unless it is None."""
        size = kernels.inference.gru_scratch_size(len(x), len(state), self.n_units, x.dtype == np.float64)
        kernels.inference.gru(
            state,
            h,
            np.empty(size, x.dtype),
            x,
            packed,
            batch.offsets,
            self.reset_after,
            self.reverse,
        )

    def _weights(self, parameters):
        return (
            parameters[self.weight_ih],
            parameters[self.weight_hh],
            parameters[self.bias_ih],
            parameters[self.bias_hh] if self.reset_after else None,
        )


class BlasGRULayer(GRULayer):
    """The same layer trained over BLAS: the plain path, with ``GRUC_KERNEL=blas``."""

    def pack(self, parameters, want_dx, old=None):
        """The weights as they are."""
        return self._weights(parameters)

    def forward(self, h, ends, x, weights, batch, workspace):
        """As `GRULayer.forward`."""
        N, B, H = len(x), len(ends), self.n_units
        kernels.blas.gru_forward(
            workspace.array(f"gates_{self._key}", N, 4 * H),
            h,
            workspace.array(f"h_prev_{self._key}", N, H),
            ends,
            workspace.array(f"hh_{self._key}", B, 3 * H),
            x,
            *weights,
            batch.offsets,
            self.reset_after,
            self.reverse,
        )

    def backward(self, dends, dh, dx, x, h, weights, gradients, batch, workspace, add_to_dx):
        """As `GRULayer.backward`."""
        N, B, H = len(x), len(dends), self.n_units
        kernels.blas.gru_backward(
            gradients[self.weight_ih],
            gradients[self.weight_hh],
            gradients[self.bias_ih],
            gradients[self.bias_hh] if self.reset_after else None,
            dx,
            dends,
            dh,
            workspace.array(f"drh_{self._key}", B, H),
            workspace.array(f"gates_{self._key}", N, 4 * H),
            workspace.array(f"h_prev_{self._key}", N, H),
            x,
            weights[0],
            weights[1],
            batch.offsets,
            self.reset_after,
            self.reverse,
            add_to_dx,
        )
