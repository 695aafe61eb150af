"""Which tokens the loss of a batch is over, where there are too many for all (Jean et al. 2015)."""

import numpy as np


class Candidates:
    """Draws tokens by their frequency: `candidates_of` of `TrainingStep`.

    The tokens of a batch are candidates, and as many others are drawn as `n_drawn` says, some perhaps twice.
    Frequent tokens are there nearly always; each counts by how probable it was that it is, so that the sum
    over candidates is in expectation that over all.

    Parameters
    ----------
    counts : ndarray of shape (n_tokens,)
        How often each token occurs in the data.
    n_drawn : int
        From `n_tokens` on, all tokens are candidates, and nothing is drawn.
    """

    def __init__(self, counts, n_drawn):
        self.n_drawn, self.n_tokens = int(n_drawn), len(counts)
        self.of_data = counts / counts.sum()
        drawn = (counts + 1.0) ** 0.75  # rare ones more often than they occur (Mikolov et al. 2013)
        self.ends = np.cumsum(drawn / drawn.sum())
        self.log_missed = np.log1p(-drawn / drawn.sum())  # by one draw

    def __call__(self, batch):
        """Tokens (C,) of int32, rising, and the logarithms of how probable it was that each is there."""
        if self.n_drawn >= self.n_tokens:
            return np.arange(self.n_tokens, dtype=np.int32), np.zeros(self.n_tokens)
        labels = batch.data.targets[batch.targets_at()]
        drawn = np.searchsorted(self.ends[:-1], batch.rng.random(self.n_drawn), side="right")
        tokens = np.union1d(labels, drawn)
        with np.errstate(divide="ignore"):  # a token that is all of the data is always there
            log_missed = (len(labels) - 1) * np.log1p(-self.of_data[tokens])
        log_missed = log_missed + self.n_drawn * self.log_missed[tokens]
        return tokens.astype(np.int32), np.log(-np.expm1(log_missed))
