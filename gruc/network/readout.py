"""Readouts in inference: from the states of a sequence (N, F) to one vector (B, F).

Each sees a sequence's own steps only. `needs_states` says whether inference
must keep the top layer's states or only where each direction ended.
"""

import numpy as np

from .. import kernels


class Last:
    """Where each direction ends: the forward one after the last step, the other after the first."""

    needs_states = False

    def infer(self, ends, h, batch):
        """The ends (B, F) themselves."""
        return ends


class Mean:
    """The mean of the states over a sequence's steps."""

    needs_states = True

    def infer(self, ends, h, batch):
        """out[b] = mean over t of h[t, b]"""
        out = np.empty((len(batch.lengths), h.shape[1]), h.dtype)
        kernels.inference.mean(out, h, batch.lengths, batch.offsets)
        return out


READOUTS = {"last": Last(), "mean": Mean()}
