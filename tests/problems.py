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


def large_problem(n=192, n_steps=30, seed=0):
    """Batches of some shards: ragged sequences whose mean decides."""
    rng = np.random.default_rng(seed)
    X = [rng.standard_normal((length, 3)) for length in rng.integers(1, n_steps, n)]
    return X, np.array([int(x.mean() > 0) for x in X])


def bits_of(model):
    """The bytes of each of the model's weights."""
    return {name: weight.tobytes() for name, weight in model.weights_.items()}


def same(model, other):
    """Whether both predict the same probabilities, bit by bit."""
    X, _ = vowels()
    return np.array_equal(model.predict_proba(X), other.predict_proba(X))


def outputs(model, X):
    """Probabilities of a classifier, predictions of a regressor."""
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def halves():
    """X, y, X_val and y_val: every second utterance."""
    X, y = vowels()
    even = range(0, len(X), 2)
    odd = range(1, len(X), 2)
    return [X[i] for i in even], y[::2], [X[i] for i in odd], y[1::2]


def regression_halves():
    X, _, X_val, _ = halves()
    return X, np.array([x[:, 0].mean() for x in X]), X_val, np.array([x[:, 0].mean() for x in X_val])


def normalized(proba):
    """Rows of float32 add up to 1 only to its precision."""
    return proba.astype("float64") / proba.sum(axis=1, dtype="float64", keepdims=True)
