"""ONNX graphs of models with convolutions."""

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTagger
from onnx_runs import RUNTIMES, padded
from problems import tagged_vowels, vowels

onnx = pytest.importorskip("onnx")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the runtimes' own
]
FAST = dict(hidden_layer_sizes=(6,), max_iter=4, random_state=0)
LAYERS = {
    "one": dict(conv_channels=(5,), conv_pool=1),
    "pooled": dict(
        conv_channels=(4, 3), conv_kernel_size=(3, 1), bidirectional=True, pooling=("last", "max")
    ),
    "by two, one and three": dict(
        conv_channels=(4, 19, 3), conv_kernel_size=(4, 2, 3), conv_pool=(2, 1, 3), pooling="mean"
    ),
    "of frames": dict(
        conv_channels=(4,), frame_length=2, hop_length=1, pooling="attention", bidirectional=True
    ),
    "read by the head": dict(
        conv_channels=(4, 3), bidirectional=True, pooling=("conv_mean", "last", "conv_max", "max")
    ),
    "longer than sequences": dict(conv_channels=(4,), conv_kernel_size=40, conv_pool=50, dtype="float64"),
    "as given": dict(conv_channels=(4,), standardize=False),
}


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("settings", LAYERS.values(), ids=LAYERS)
def test_predictions(settings, run):
    X, y = vowels()
    model = GRUClassifier(**FAST | settings).fit(X, y)
    proto = gruc.to_onnx(model)
    prefixes = [x[: 1 + i % len(x)] for i, x in enumerate(X)]
    for part in (X, X[:1], prefixes):
        got = run(proto, *padded(part, "float32"))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(part), rtol=0, atol=1e-5)


@pytest.mark.parametrize("run", RUNTIMES)
def test_features_far_from_zero(run):
    """Steps before the first count as the mean, not as 0."""
    X, y = vowels()
    X = [(x + 1e4).astype("float32") for x in X]
    model = GRURegressor(**FAST, conv_channels=(4, 4)).fit(X, y * 10.0)
    got = run(gruc.to_onnx(model), *padded(X, "float32"))
    np.testing.assert_allclose(got["variable"][:, 0], model.predict(X), rtol=0, atol=2e-4)


@pytest.mark.parametrize("run", RUNTIMES)
def test_an_answer_for_each_step(run):
    X, y = tagged_vowels()
    model = GRUTagger(**FAST, conv_channels=(5, 4)).fit(X, y)
    got = run(gruc.to_onnx(model), *padded(X, "float32"))["probabilities"]
    for row, expected in zip(got, model.predict_proba(X), strict=True):
        np.testing.assert_allclose(row[: len(expected)], expected, rtol=0, atol=1e-5)


def test_blocks_are_refused():
    X, y = vowels()
    model = GRUClassifier(**FAST, conv_channels=(4,)).fit(X, y)
    with pytest.raises(ValueError, match="to_onnx with stateful=True takes no convolutions"):
        gruc.to_onnx(model, stateful=True)
