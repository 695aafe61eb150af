"""Readouts: from the states of a sequence (N, F) to one vector (B, F).

Each sees a sequence's own steps only. `needs_states` says whether inference
must keep the top layer's states or only where each direction ended.
"""

import numpy as np

from .. import kernels


class Last:
    """Where each direction ends: the forward one after the last step, the other after the first."""

    needs_states = False

    def forward(self, ends, h, batch, workspace):
        """The ends (B, F) themselves."""
        return ends

    def backward(self, dout, batch, workspace):
        """Gradients of the ends (B, F) and of the states (N, F), None for zeros."""
        return dout, None

    def infer(self, ends, h, batch):
        """As `forward`, nothing saved."""
        return ends


class Mean:
    """The mean of the states over a sequence's steps."""

    needs_states = True

    def forward(self, ends, h, batch, workspace):
        """out[b] = mean over t of h[t, b]"""
        out = workspace.array("features", len(ends), h.shape[1])
        kernels.inference.mean(out, h, batch.lengths, batch.offsets)
        return out

    def backward(self, dout, batch, workspace):
        """Gradients of the ends (B, F) and of the states (N, F), None for zeros."""
        dh = workspace.array("dmean", len(batch.values), dout.shape[1])
        kernels.training.mean_backward(dh, dout, batch.lengths, batch.offsets)
        return None, dh

    def infer(self, ends, h, batch):
        """As `forward`, nothing saved."""
        out = np.empty((len(batch.lengths), h.shape[1]), h.dtype)
        kernels.inference.mean(out, h, batch.lengths, batch.offsets)
        return out


READOUTS = {"last": Last(), "mean": Mean()}
