"""Small real problems for the tests of the estimators."""

from functools import cache

import numpy as np
from gruc.datasets import load_japanese_vowels


@cache
def vowels(n_speakers=3, per_speaker=8):
    """Utterances of a few speakers (ragged, 12 features) and their labels."""
    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    chosen = [i for speaker in range(n_speakers) for i in np.flatnonzero(y == speaker)[:per_speaker]]
    return [X[i] for i in chosen], y[chosen]


def forms_of_vowels():
    """The same problem as each kind of X: id -> (X, y)."""
    X, y = vowels()
    cube = np.stack([x[:7] for x in X])
    return {
        "3-D": (cube, y),
        "list of 2-D": (X, y),
        "list of 1-D": ([x[:, 0] for x in X], y),
        "2-D": (cube[:, :, 0].copy(), y),
    }
