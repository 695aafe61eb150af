"""Small problems for the tests of training and estimators."""

import pickletools
from functools import cache

import numpy as np
from gruc.datasets import load_japanese_vowels
from gruc.network import GRUNetwork
from gruc.sequences import as_sequences
from gruc.training import Loss, StepMemory, TrainingData, TrainingSettings, TrainingStep, train
from helpers import initial_state, random_sequences


@cache
def vowels(n_speakers=3, per_speaker=8):
    """Utterances of a few speakers (ragged, 12 features) and their labels."""
    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    chosen = [i for speaker in range(n_speakers) for i in np.flatnonzero(y == speaker)[:per_speaker]]
    return [X[i] for i in chosen], y[chosen]


def tagged_vowels(n_speakers=3, per_speaker=8):
    """The same utterances with labels 0, 1, 2 of their steps, by the step and by the speaker."""
    X, y = vowels(n_speakers, per_speaker)
    return X, [(x[:, 1] > -0.5).astype(int) + (label > 0) for x, label in zip(X, y, strict=True)]


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


class TrainingProblem:
    """Data, a step and a state of a small network."""

    def __init__(self, seed=0, n=5, weights=None, learning_rate=0.01):
        rng = np.random.default_rng(seed)
        X = random_sequences(rng, rng.integers(1, 6, n), 2)
        y = rng.standard_normal((n, 1))
        self.network = GRUNetwork(2, [4], False, True, "last", 1)
        self.state = initial_state(self.network, seed=seed, learning_rate=learning_rate)
        self.step = TrainingStep(StepMemory(self.network), Loss("squared_error"))
        self.data = TrainingData(as_sequences(X), None, y, weights)

    def train(self, max_epochs, validate=None, **settings):
        settings = TrainingSettings(**dict(batch_size=2, max_grad_norm=1.0, max_epochs=max_epochs) | settings)
        return train(self.state, self.data, self.step, settings, validate=validate)

    @property
    def history(self):
        return self.state.history


def classes_in(data):
    """The names of gruc's that a pickle of the oldest binary protocol has in clear."""
    names = {arg for op, arg, _ in pickletools.genops(data) if op.name == "GLOBAL"}
    return {name.replace(" ", ".") for name in names if name.startswith("gruc")}
