"""A small problem of integer tokens for the tests of estimators."""

import io

import numpy as np

N_TOKENS = 12
FAST = dict(hidden_layer_sizes=(8,), embedding_dim=6, max_iter=15, learning_rate_init=0.02, random_state=0)


def parity(n=96, seed=0):
    """Tokens of which most are even, or most are odd; and the share of even ones."""
    rng = np.random.default_rng(seed)
    X = [rng.integers(0, N_TOKENS, rng.integers(1, 12)) for _ in range(n)]
    X[0][0] = N_TOKENS - 1  # so that the size of the table is known
    share = np.array([np.mean(x % 2 == 0) for x in X])
    return X, (share > 0.5).astype(int), share


def in_a_file(model):
    """Bytes of the model's file."""
    file = io.BytesIO()
    model.save(file)
    return file.getvalue()
