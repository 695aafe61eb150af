"""ONNX graphs of models with convolutions."""

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTagger
from onnx_runs import RUNTIMES, padded, session_of, zeros_for
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
    "three networks": dict(conv_channels=(4, 3), pooling=("last", "conv_mean", "conv_max"), n_estimators=3),
    "two networks of both directions": dict(
        conv_channels=(4,), conv_pool=3, bidirectional=True, pooling=("attention", "mean"), n_estimators=2
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


BLOCKS = {
    "one": dict(conv_channels=(5,), conv_pool=1),
    "of a step": dict(conv_channels=(5, 2), conv_kernel_size=1, conv_pool=1),
    "pooled": dict(conv_channels=(4, 3), conv_kernel_size=(3, 1), pooling=("last", "max")),
    "by two, one and three": dict(
        conv_channels=(4, 19, 3), conv_kernel_size=(4, 2, 3), conv_pool=(2, 1, 3), pooling="mean"
    ),
    "of frames": dict(conv_channels=(4, 2), frame_length=3, hop_length=2, pooling="attention"),
    "of rare frames": dict(conv_channels=(4,), frame_length=1, hop_length=3, pooling="max"),
    "three networks": dict(
        hidden_layer_sizes=(4, 3), conv_channels=(4, 3), pooling=("last", "conv_max"), n_estimators=3
    ),
    "two networks": dict(conv_channels=(4,), conv_pool=3, pooling=("attention", "mean"), n_estimators=2),
    "longer than blocks": dict(
        hidden_layer_sizes=(4, 3), conv_channels=(4,), conv_kernel_size=20, conv_pool=7, dtype="float64"
    ),
    "as given": dict(conv_channels=(4,), standardize=False),
}


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("settings", BLOCKS.values(), ids=BLOCKS)
def test_stateful_is_a_stream(settings, run):
    X, y = vowels()
    rng, n = np.random.default_rng(0), 4
    model = GRUClassifier(**FAST | settings).fit(X, y)
    proto = gruc.to_onnx(model, stateful=True)
    step, states, streams = session_of(proto, run), zeros_for(proto, n), model.stream(n)
    known = np.zeros((n, 3))
    for block in range(14):
        n_steps = rng.integers(1, 9)
        lengths = rng.integers(0 if block else 1, n_steps + 1, n)  # 0: stays where it is
        x = rng.standard_normal((n, n_steps, 12)).astype("float32") * 0.3
        x[np.arange(n_steps) >= lengths[:, np.newaxis]] = np.nan
        got = step({"X": x, "lengths": lengths, **states})
        for i in np.flatnonzero(lengths):
            known[i] = streams.step(x[i : i + 1, : lengths[i]], [i])[0]
        np.testing.assert_allclose(got["probabilities"], known, rtol=0, atol=1e-5)
        states = {name: got[f"{name}_out"] for name in states}


@pytest.mark.parametrize("run", RUNTIMES)
def test_stateful_tags_each_step(run):
    X, y = tagged_vowels()
    model = GRUTagger(**FAST, conv_channels=(5, 4), conv_kernel_size=(3, 4)).fit(X, y)
    proto = gruc.to_onnx(model, stateful=True)
    step, states, x = session_of(proto, run), zeros_for(proto, 1), X[0].astype("float32")
    expected, start = model.predict_proba(X[:1])[0], 0
    for n_steps in (1, 3, 2, len(x) - 6):
        block = x[np.newaxis, start : start + n_steps]
        got = step({"X": block, "lengths": np.array([n_steps]), **states})
        np.testing.assert_allclose(
            got["probabilities"][0], expected[start : start + n_steps], rtol=0, atol=1e-5
        )
        states, start = {name: got[f"{name}_out"] for name in states}, start + n_steps


@pytest.mark.parametrize("run", RUNTIMES)
def test_tokens_whole_and_in_blocks(run):
    X, y = vowels()
    tokens = [x[:, 0].argsort() % 11 for x in X]
    model = GRUClassifier(**FAST, embedding_dim=3, conv_channels=(5, 4)).fit(tokens, y)
    x = tokens[0][np.newaxis]
    got = run(gruc.to_onnx(model), x, np.array([x.shape[1]]))
    np.testing.assert_allclose(got["probabilities"][0], model.predict_proba(tokens[:1])[0], rtol=0, atol=1e-5)
    proto = gruc.to_onnx(model, stateful=True)
    step, states = session_of(proto, run), zeros_for(proto, 1)
    for part in (x[:, :5], x[:, 5:6], x[:, 6:]):
        got = step({"X": part, "lengths": np.array([part.shape[1]]), **states})
        states = {name: got[f"{name}_out"] for name in states}
    np.testing.assert_allclose(got["probabilities"][0], model.predict_proba(tokens[:1])[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("run", RUNTIMES)
def test_stateful_refuses_and_stays(run):
    """What NaN, infinity or a broken state of one sequence do: nothing to the others, or to its own state."""
    X, y = vowels()
    model = GRUClassifier(**FAST, conv_channels=(4, 3), conv_pool=(2, 3)).fit(X, y)
    proto = gruc.to_onnx(model, stateful=True)
    step, cube = session_of(proto, run), np.stack([x[:7] for x in X[:3]]).astype("float32")
    first = step({"X": cube[:, :5], "lengths": np.full(3, 5), **zeros_for(proto, 3)})
    states = {name: first[f"{name}_out"] for name in zeros_for(proto, 3)}
    rest, two = cube[:, 5:], np.full(3, 2)
    expected = step({"X": rest, "lengths": two, **states})
    for name in ("X", "state_conv"):
        for value in (np.nan, np.inf):
            broken = {"X": rest, **states}[name].copy()
            broken[1].flat[1] = value
            got = step({"X": rest, "lengths": two, **states, name: broken})
            assert np.isnan(got["probabilities"][1]).all()
            for output, after in got.items():
                assert np.array_equal(after[[0, 2]], expected[output][[0, 2]])
                if output.endswith("_out") and output != f"{name}_out":
                    assert np.array_equal(after[1], states[output.removesuffix("_out")][1])
