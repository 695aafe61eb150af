"""What each readout makes learnable."""

import numpy as np
import pytest
from gruc import GRUClassifier
from gruc.network.readout import READOUTS
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("pooling", READOUTS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_readout_learns(pooling, bidirectional):
    X, y = vowels()
    model = GRUClassifier((12,), pooling=pooling, bidirectional=bidirectional, max_iter=60, random_state=0)
    assert model.fit(X, y).score(X, y) == 1.0


def test_attention_weights_have_names_and_shapes():
    X, y = vowels()
    weights = GRUClassifier((5,), bidirectional=True, pooling="attention", max_iter=1).fit(X, y).weights_
    shapes = {name: weight.shape for name, weight in weights.items() if name.startswith("attention")}
    assert shapes == {"attention.weight": (10, 10), "attention.bias": (10,), "attention.v": (1, 10)}


@pytest.mark.parametrize("pooling", ["max", "attention"])
def test_a_sign_early_in_a_long_series_is_seen(pooling):
    """Words spoken at the start, and then 150 steps of silence: the last state has forgotten them."""
    X, y = vowels()
    silence = np.zeros((150, 12))
    late = [np.concatenate([x, silence]) for x in X]
    settings = dict(hidden_layer_sizes=(12,), frame_length=1, max_iter=25, random_state=0)
    last = GRUClassifier(**settings).fit(late, y).score(late, y)
    pooled = GRUClassifier(**settings, pooling=pooling).fit(late, y).score(late, y)
    assert pooled >= 0.95 > last
