"""Readouts: from the states of a sequence (N, F) to one vector (B, F).

Each sees a sequence's own steps only. `needs_states` says whether inference
must keep the top layer's states or only where each direction ended.
"""

import numpy as np

from .. import kernels


class Last:
    """Where each direction ends: the forward one after the last step, the other after the first."""

    needs_states = False

    def forward(self, out, h, batch, n_forward):
        """out = [h_forward at each last step, h_reverse at each first step]"""
        out[:, :n_forward] = h[batch.last_rows, :n_forward]
        out[:, n_forward:] = h[: len(out), n_forward:]

    def backward(self, dh, dout, batch, n_forward):
        """Fill dh with the gradient of `forward`."""
        dh[:] = 0
        dh[batch.last_rows, :n_forward] = dout[:, :n_forward]
        dh[: len(dout), n_forward:] = dout[:, n_forward:]

    def infer(self, states, h, batch):
        """The same from the final states of the directions, [(B, H), ...]."""
        return states[0] if len(states) == 1 else np.concatenate(states, axis=1)


class Mean:
    """The mean of the states over a sequence's steps."""

    needs_states = True

    def forward(self, out, h, batch, n_forward):
        """out[b] = mean over t of h[t, b]"""
        kernels.inference.mean(out, h, batch.lengths, batch.offsets)

    def backward(self, dh, dout, batch, n_forward):
        """Fill dh with the gradient of `forward`."""
        kernels.training.mean_backward(dh, dout, batch.lengths, batch.offsets)

    def infer(self, states, h, batch):
        """The same from the states (N, F)."""
        out = np.empty((len(batch.lengths), h.shape[1]), h.dtype)
        kernels.inference.mean(out, h, batch.lengths, batch.offsets)
        return out


READOUTS = {"last": Last(), "mean": Mean()}
