"""A GRU layer in one direction: parameters, training pass, inference pass.

The equations stand in gruc/kernels/training.pyx.
"""

import numpy as np

from .. import kernels
from .parameters import glorot_uniform, orthogonal


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
            (self.weight_ih, (3 * H, D)),
            (self.weight_hh, (3 * H, H)),
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
            parameters[self.weight_ih][block] = glorot_uniform(rng, (H, D))
            parameters[self.weight_hh][block] = orthogonal(rng, H)
        parameters[self.bias_ih][:] = 0
        parameters[self.bias_ih][H : 2 * H] = 1
        if self.reset_after:
            parameters[self.bias_hh][:] = 0

    # ---- training: forward saves in the workspace what backward needs

    def forward(self, h, x, parameters, batch, workspace):
        """Fill h (N, H) from x (N, D)."""
        N, H, B = len(x), self.n_units, len(batch.lengths)
        kernels.training.gru_forward(
            workspace.rows(f"gates_{self._key}", N, 4 * H),
            h,
            workspace.rows(f"h_prev_{self._key}", N, H),
            workspace.sequences(f"hh_{self._key}", B, 3 * H),
            x,
            parameters[self.weight_ih],
            parameters[self.weight_hh],
            parameters[self.bias_ih],
            parameters[self.bias_hh] if self.reset_after else None,
            batch.offsets,
            self.reset_after,
            self.reverse,
        )

    def backward(self, dh, dx, x, parameters, gradients, batch, workspace, add_to_dx):
        """Fill the gradients, and dx (N, D) unless it is None; dh (N, H) is used up."""
        N, H, B = len(x), self.n_units, len(batch.lengths)
        kernels.training.gru_backward(
            workspace.rows(f"gates_{self._key}", N, 4 * H),
            dh,
            workspace.sequences(f"drh_{self._key}", B, H),
            gradients[self.weight_ih],
            gradients[self.weight_hh],
            gradients[self.bias_ih],
            gradients[self.bias_hh] if self.reset_after else None,
            dx,
            workspace.rows(f"h_prev_{self._key}", N, H),
            x,
            parameters[self.weight_ih],
            parameters[self.weight_hh],
            batch.offsets,
            self.reset_after,
            self.reverse,
            add_to_dx,
        )

    # ---- inference: weights prepared once, nothing saved

    def prepare(self, parameters):
        """Weights as the inference kernel wants them: (inputs, outputs)."""
        return (
            np.ascontiguousarray(parameters[self.weight_ih].T),
            np.ascontiguousarray(parameters[self.weight_hh].T),
            parameters[self.bias_ih],
            parameters[self.bias_hh] if self.reset_after else None,
        )

    def infer(self, state, h, x, prepared, batch):
        """Carry state (B, H) over the batch; fill h (N, H) unless it is None."""
        W_ihT, W_hhT, b_ih, b_hh = prepared
        scratch = np.empty(6 * self.n_units, x.dtype)
        kernels.inference.gru(
            state,
            h,
            scratch,
            x,
            W_ihT,
            W_hhT,
            b_ih,
            b_hh,
            batch.offsets,
            self.reset_after,
            self.reverse,
        )
