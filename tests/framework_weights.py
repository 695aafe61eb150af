"""Weights of torch and Keras, and what the oracle computes with them."""

import numpy as np
import reference
from gruc import GRUClassifier
from problems import vowels

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def frames_of(x, k):
    """Rows of k steps end to end, the last step repeated where they run out."""
    n = -(-len(x) // k)
    return np.concatenate([x, np.repeat(x[-1:], n * k - len(x), axis=0)]).reshape(n, -1)


def outputs_of_oracle(weights, config, X, k):
    return np.array([reference.network_forward(frames_of(x, k), weights, config)[0] for x in X])


def as_weights(gru_state, head_state):
    return {f"gru.{k}": v for k, v in gru_state.items()} | {f"head.{k}": v for k, v in head_state.items()}


def close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[dtype] * np.abs(expected).max())


class FakeLayer:
    """What `from_keras` asks of a layer."""

    def __init__(self, arrays=(), **config):
        self.arrays, self.config = arrays, {"name": f"my_{type(self).__name__}"} | config

    def get_config(self):
        return self.config

    def get_weights(self):
        return list(self.arrays)


def fake(kind, arrays=(), **config):
    return type(kind, (FakeLayer,), {})(arrays, **config)


def multilabel_model(**settings):
    X, y = vowels()
    model = GRUClassifier(**FAST | settings, frame_length=1, dtype="float64")
    return X, y, model.fit(X, np.stack([y == 0, y > 0, y == 2, y < 2], axis=1).astype(int))
