"""Initial weights of the first convolution where features change little from step to step."""

import numpy as np
import pytest
from gruc import GRUClassifier
from gruc.estimators._smooth_features import add_differences, smoothness
from gruc.sequences import as_sequences

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def ripples(n, seed):
    """A ripple of one of two periods on a wave that is fifty times as high."""
    rng = np.random.default_rng(seed)
    y, t = np.arange(n) % 2, np.arange(80)
    wave = np.sin(2 * np.pi * t / 60 + rng.uniform(0, 2 * np.pi, (n, 1)))
    period = 4 + 2 * y[:, np.newaxis]
    return wave + 0.02 * np.sin(2 * np.pi * t / period + rng.uniform(0, 2 * np.pi, (n, 1))), y


def test_differences_are_added_to_smooth_features():
    weight = np.zeros((9, 3, 32))
    add_differences(weight, np.array([4.9, 10.0, 1e9]), np.random.default_rng(0))
    limit = np.sqrt(6 / (9 * 35))
    assert not weight[:, 0].any()
    for feature, scale in ((1, 10), (2, 100)):  # at most a hundred
        of_differences = -np.cumsum(weight[::-1, feature], axis=0)[::-1] / scale
        assert np.allclose(of_differences[0], 0)  # a level is not seen
        assert limit * 0.9 < np.abs(of_differences).max() <= limit
    one = np.ones((1, 1, 2))
    add_differences(one, np.array([50.0]), np.random.default_rng(0))  # one step has no differences
    assert (one == 1).all()


@pytest.mark.parametrize("ragged", [False, True])
def test_smoothness(ragged):
    rng = np.random.default_rng(0)
    X = np.stack([rng.normal(size=(120, 30)), 1e300 * rng.normal(size=(120, 30)).cumsum(axis=1)], axis=2)
    X = np.concatenate([X, np.full((120, 30, 1), 7.0)], axis=2)
    chosen = X[np.linspace(0, 119, 100).astype(int)]
    values = (chosen / 1e300).reshape(-1, 3).std(axis=0)
    differences = np.diff(chosen / 1e300, axis=1).reshape(-1, 3).std(axis=0)
    sequences = as_sequences(list(X) if ragged else X)
    ratios = smoothness(sequences, np.arange(120))
    np.testing.assert_allclose(ratios[1], values[1] / differences[1], rtol=1e-12)
    assert 0.6 < ratios[0] < 0.8  # of noise 1 / sqrt(2)
    assert ratios[2] == 1  # a constant


@pytest.mark.parametrize(
    "n, settings, has_them", [(100, {}, True), (99, {}, False), (100, {"frame_length": 2}, False)]
)
def test_which_fits_have_them(n, settings, has_them):
    X, y = ripples(n, 0)
    model = GRUClassifier(
        conv_channels=(4,), conv_kernel_size=5, max_iter=1, learning_rate_init=1e-12, **settings
    )
    weight = model.fit(X, y).weights_["conv.0.weight"]  # (H, D, k)
    limit = np.sqrt(6 / (5 * (weight.shape[1] + 4)))
    assert (np.abs(weight).max() > 1.01 * limit) == has_them
    assert np.abs(weight.sum(axis=2)).max() <= 5.01 * limit  # they do not see levels
    halves = model.fit(X, y, sample_weight=np.arange(n) // 2 % 2).weights_["conv.0.weight"]  # 50 count
    assert np.abs(halves).max() <= 1.01 * limit


def test_small_movements_are_learned():
    X, y = ripples(120, 0)
    model = GRUClassifier(max_iter=20, random_state=0).fit(X, y)
    assert model.score(*ripples(200, 1)) > 0.9
