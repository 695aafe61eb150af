"""ONNX graphs against predict_proba, in the runtimes that are installed."""

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from helpers import STRUCTURES, structure_id
from problems import forms_of_vowels, vowels

onnx = pytest.importorskip("onnx")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the runtimes' own
]
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def padded(X, dtype, n_more=3, value=np.nan):
    """X (N, T, D) with something that must not matter behind each sequence, and lengths."""
    X = [np.asarray(x, dtype).reshape(len(x), -1) for x in X]
    lengths = np.array([len(x) for x in X])
    out = np.full((len(X), lengths.max() + n_more, X[0].shape[1]), value, dtype)
    for i, x in enumerate(X):
        out[i, : len(x)] = x
    return out, lengths


def run_onnxruntime(proto, X, lengths):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X, "lengths": lengths}), strict=True))


def run_openvino(proto, X, lengths):
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(proto.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    results = compiled({"X": X, "lengths": lengths})
    return {name: results[output] for output in compiled.outputs for name in output.names}


RUNTIMES = [run_onnxruntime, run_openvino]


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_every_structure(structure, run):
    X, y = vowels()
    model = GRUClassifier(**FAST | structure).fit(X, y + 5)
    proto = gruc.to_onnx(model)
    for part in (X, X[:1], X[3:9]):  # batches and lengths of any size
        got = run(proto, *padded(part, "float32"))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(part), rtol=0, atol=1e-5)
        assert np.array_equal(got["label"], model.predict(part))


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("frames", [(1, 1), (2, 2), (4, 1), (3, 5), (9, 4), (40, 40)], ids=str)
@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_frames(frames, pooling, run):
    X, y = vowels()
    k, hop = frames
    settings = FAST | dict(frame_length=k, hop_length=hop, pooling=pooling, bidirectional=True)
    model = GRUClassifier(**settings).fit(X, y)
    prefixes = [x[: 1 + i % len(x)] for i, x in enumerate(X)]
    for n_more in (0, 4):
        got = run(gruc.to_onnx(model), *padded(prefixes, "float32", n_more))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(prefixes), rtol=0, atol=1e-5)


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize("hop", [1, 3])
def test_features_far_from_zero(hop, run):
    """Their means are a million deviations: weights that took X as it is had no digits left for it."""
    X, y = vowels()
    X = [(x + 1e5).astype("float32") for x in X]
    model = GRUClassifier(**FAST, frame_length=hop, bidirectional=True).fit(X, y)
    got = run(gruc.to_onnx(model), *padded(X, "float32"))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("run", RUNTIMES)
@pytest.mark.parametrize(
    "settings, targets",
    [
        ({}, lambda y: y * 1.5),
        ({}, lambda y: np.stack([y, 100.0 - y], axis=1)),
        ({"standardize": False}, lambda y: y),
        ({"loss": "poisson"}, lambda y: y),
        ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, lambda y: np.stack([y, y * 2], axis=1)),
    ],
)
def test_targets(settings, targets, run):
    X, y = vowels()
    model = GRURegressor(**FAST, **settings).fit(X, targets(y))
    expected = model.predict(X)
    got = run(gruc.to_onnx(model), *padded(X, "float32"))["variable"]
    np.testing.assert_allclose(got.reshape(expected.shape), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("run", RUNTIMES)
def test_kinds_of_labels(run):
    X, y = vowels(2)
    for labels in (np.array([3, -7]), np.array([False, True]), np.array([0.5, 1.5]) * 2):
        model = GRUClassifier(**FAST).fit(X, labels[y])
        got = run(gruc.to_onnx(model), *padded(X, "float32"))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)
        assert np.array_equal(got["label"], model.predict(X))
    several = GRUClassifier(**FAST).fit(X, np.stack([y == 0, y >= 0], axis=1).astype(int))
    got = run(gruc.to_onnx(several), *padded(X, "float32"))
    np.testing.assert_allclose(got["probabilities"], several.predict_proba(X), rtol=0, atol=1e-5)
    assert np.array_equal(got["label"], several.predict(X))


@pytest.mark.parametrize("run", RUNTIMES)
def test_what_is_missing_is_seen(run):
    X, y = vowels()
    proto = gruc.to_onnx(GRUClassifier(**FAST, frame_length=2).fit(X, y))
    values, lengths = padded(X, "float32")
    expected = run(proto, values, lengths)["probabilities"]
    for place in (0, lengths[3] // 2, lengths[3] - 1):
        broken = values.copy()
        broken[3, place, 5] = np.nan
        got = run(proto, broken, lengths)["probabilities"]
        assert np.isnan(got[3]).all()
        assert np.array_equal(np.delete(got, 3, axis=0), np.delete(expected, 3, axis=0))
    if run is run_onnxruntime:  # the other refuses such indices
        got = run(proto, values, np.where(np.arange(len(lengths)) == 3, 0, lengths))["probabilities"]
        assert np.isnan(got[3]).all()


def test_strings():
    X, y = vowels()
    for labels in (np.array(["ann", "bob", "ünï"]), np.array(["ann", "bob", "c"], object)):
        model = GRUClassifier(**FAST).fit(X, labels[y])
        got = run_onnxruntime(gruc.to_onnx(model), *padded(X, "float32"))
        assert got["label"].tolist() == model.predict(X).tolist()


def test_double_precision_becomes_single():
    X, y = vowels()
    model = GRUClassifier(**FAST, dtype="float64", bidirectional=True, pooling="attention").fit(X, y)
    got = run_onnxruntime(gruc.to_onnx(model), *padded(X, "float32"))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", forms_of_vowels())
def test_every_form_of_X(form):
    X, y = forms_of_vowels()[form]
    model = GRUClassifier(**FAST).fit(X, y)
    got = run_onnxruntime(gruc.to_onnx(model), *padded(list(X), "float32"))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)


def test_files(tmp_path):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    proto = gruc.to_onnx(gruc.runtime.Predictor.from_estimator(model), tmp_path / "m.onnx")
    assert onnx.load(tmp_path / "m.onnx") == proto
    with pytest.raises(FileNotFoundError):
        gruc.to_onnx(model, tmp_path / "nowhere" / "m.onnx")
    with pytest.raises(TypeError, match="expected a fitted GRUClassifier or GRURegressor"):
        gruc.to_onnx(GRUClassifier())
