"""Models through skl2onnx: structures, labels, targets, inputs, opsets, refusals."""

import sys

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.preprocessing import SequenceScaler
from helpers import STRUCTURES, structure_id
from problems import vowels
from skl2onnx_graphs import (
    TABLE,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    assert_classifies,
    converted,
    padded,
    run,
)
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the runtimes' own
]
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.mark.parametrize("structure", STRUCTURES[:1] + STRUCTURES[5::6], ids=structure_id)
@pytest.mark.parametrize("frames", [(1, 1), (3, 2), (40, 40)], ids=str)
def test_structures_and_frames(structure, frames):
    X, y = vowels()
    k, hop = frames
    model = GRUClassifier(**FAST | structure, frame_length=k, hop_length=hop).fit(X, y)
    assert_classifies(model, X, padded(X))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_convolutions(bidirectional):
    X, y = vowels()
    layers = dict(conv_channels=(5, 4), conv_kernel_size=3, pooling=("last", "max"), n_estimators=2)
    model = GRUClassifier(**FAST | layers, bidirectional=bidirectional).fit(X, y)
    assert_classifies(model, X, padded(X))


@pytest.mark.parametrize(
    "settings",
    [{}, {"bidirectional": True, "pooling": "attention"}, {"frame_length": 1, "pooling": "mean"}],
)
def test_openvino(settings):
    openvino = pytest.importorskip("openvino")
    X, y = vowels()
    model = make_pipeline(SequenceScaler(), GRUClassifier(**FAST, **settings)).fit(X, y)
    core = openvino.Core()
    read = core.read_model(converted(model, options={"zipmap": False}).SerializeToString())
    compiled = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for part in (slice(None), slice(0, 1), slice(3, 9)):
        got = compiled({"X": padded(X)[part]})["probabilities"]
        np.testing.assert_allclose(got, model.predict_proba(X[part]), rtol=0, atol=1e-5)


def test_kinds_of_labels():
    X, y = vowels()
    kinds = [
        np.array(["ann", "bob", "ünï"]), np.array(["ann", "bob", "c"], object), np.array([3, -7, 0]),
        np.array([-1.0, 2.0, 7.0]), np.array([False, True, True]), np.array([4, 2, 2], np.uint8),
    ]  # fmt: skip
    for labels in kinds:
        assert_classifies(GRUClassifier(**FAST).fit(X, labels[y]), X, padded(X))
    assert_classifies(
        GRUClassifier(**FAST).fit(X, np.stack([y == 0, y > 0], axis=1).astype(int)), X, padded(X)
    )


@pytest.mark.parametrize(
    "labels", [np.array([5, 7, -2]), np.array(["ann", "bob", "ünï"])], ids=["int", "str"]
)
def test_probabilities_as_dicts(labels):
    X, y = vowels()
    model = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, labels[y])
    expected = model.predict_proba(X)
    got = run(converted(model), X=padded(X))
    assert np.array_equal(got["output_label"], model.predict(X))
    for of_sequence, probabilities in zip(got["output_probability"], expected, strict=True):
        assert of_sequence == pytest.approx(
            dict(zip(model.classes_.tolist(), probabilities, strict=True)), abs=1e-5
        )
    columns = run(
        converted(model[-1], options={id(model[-1]): {"zipmap": "columns"}}),
        X=model[0].transform(padded(X[:1], 0)),
    )
    assert len(columns) == 4
    np.testing.assert_allclose(np.concatenate(list(columns.values())[1:]), expected[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "settings, targets",
    [
        ({}, lambda y: np.stack([y, 10.0 - y], axis=1)),
        ({"loss": "poisson"}, lambda y: y),
        ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, lambda y: np.stack([y, y * 2], axis=1)),
    ],
)
def test_targets(settings, targets):
    X, y = vowels()
    model = GRURegressor(**FAST, **settings).fit(X, targets(y))
    expected = model.predict(X)
    proto = converted(model)
    got = run(proto, X=padded(X))["variable"]
    np.testing.assert_allclose(got.reshape(expected.shape), expected, rtol=0, atol=1e-5)
    dims = [dim.dim_value for dim in proto.graph.output[0].type.tensor_type.shape.dim]
    assert dims[1:] == list(got.shape[1:])


def test_doubles():
    X, y = vowels()
    model = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, y)
    for part in (model, model[-1]):
        proto = converted(part, DoubleTensorType([None, None, 12]), options={id(part): {"zipmap": False}})
        got = run(proto, X=padded(X).astype("float64"))
        assert got["probabilities"].dtype == "float64"
        np.testing.assert_allclose(got["probabilities"], part.predict_proba(X), rtol=0, atol=1e-5)
    encoder = make_pipeline(GRUTransformer(trained=False, random_state=0), StandardScaler()).fit(X)
    got = run(converted(encoder, DoubleTensorType([None, None, 12])), X=padded(X).astype("float64"))
    np.testing.assert_allclose(got["variable"], encoder.transform(X), rtol=0, atol=1e-5)


def test_integers():
    X, y = vowels()
    X = np.stack([x[:7] * 10 for x in X]).astype("int64")
    model = make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, y)
    assert_classifies(model, X, X, Int64TensorType([None, None, 12]))
    assert_classifies(model[-1], X, X, Int64TensorType([None, None, 12]))


def test_features_far_from_zero():
    X, y = vowels()
    X = [(x + 1e5).astype("float32") for x in X]
    assert_classifies(make_pipeline(SequenceScaler(), GRUClassifier(**FAST)).fit(X, y), X, padded(X))
    assert_classifies(GRUClassifier(**FAST).fit(X, y), X, padded(X))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_nan_that_is_no_padding_is_nan_in_the_result(pooling):
    X, y = vowels()
    model = GRUClassifier(**FAST, pooling=pooling).fit(X, y)
    array = padded(X)
    array[0] = np.nan  # no step at all
    array[1, 2] = np.nan  # a hole
    array[2, len(X[2]) - 1, 3] = np.nan  # one feature of the last step
    got = run(converted(model, options={id(model): {"zipmap": False}}), X=array)["probabilities"]
    assert np.isnan(got[:3]).all()
    np.testing.assert_allclose(got[3:], model.predict_proba(X[3:]), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [GRUClassifier(), GRURegressor(), GRUTransformer(), SequenceScaler()],
    ids=lambda m: type(m).__name__,
)
def test_unfitted(model):
    for given in (model, make_pipeline(model)):
        with pytest.raises(NotFittedError, match=f"This {type(model).__name__} instance is not fitted yet"):
            converted(given)


def test_other_X_than_in_fit():
    X, y = vowels()
    for model in (GRUClassifier(**FAST).fit(X, y), SequenceScaler().fit(X)):
        with pytest.raises(ValueError, match="fitted on 12 features per step: its type is FloatTensorType"):
            converted(model, TABLE)
        with pytest.raises(ValueError, match="X has 3 features per step, but .* was fitted on 12"):
            converted(model, FloatTensorType([None, None, 3]))
        with pytest.raises(ValueError, match="takes one X of shape"):
            converted(model, FloatTensorType([None, None, 12, 1]))
        converted(model, FloatTensorType([None, None, None]))


@pytest.mark.parametrize("opset", [13, 15, 17, 18, 19])
def test_opsets(opset):
    X, y = vowels()
    model = make_pipeline(SequenceScaler(), GRUClassifier(**FAST, pooling="max").fit(X, y)).fit(X, y)
    proto = converted(model, options={id(model): {"zipmap": False}}, target_opset=opset)
    assert max(each.version for each in proto.opset_import if each.domain == "") <= opset
    got = run(proto, X=padded(X))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-5)


def test_opset_too_old():
    X, y = vowels()
    with pytest.raises(ValueError, match="target_opset must be 13 or more for gruc's models; it is 12"):
        converted(GRUClassifier(**FAST).fit(X, y), target_opset=12)


@pytest.mark.parametrize(
    "settings", [{}, {"bidirectional": True, "pooling": "mean"}, {"frame_length": 3}], ids=str
)
def test_empty_batches(settings):
    """Onnxruntime's GRU would end the process."""
    X, y = vowels()
    model = GRUClassifier(**FAST | settings).fit(X, y)
    proto = converted(model, options={id(model): {"zipmap": False}})
    for n, n_steps in ((0, 5), (0, 0)):
        got = run(proto, X=np.zeros((n, n_steps, 12), "float32"))
        assert (got["label"].shape, got["probabilities"].shape) == ((n,), (n, 3))
    assert np.isnan(run(proto, X=np.zeros((2, 0, 12), "float32"))["probabilities"]).all()


def test_infinity_is_seen():
    X, y = vowels()
    model = GRUClassifier(**FAST, frame_length=2).fit(X, y)
    proto, values = converted(model, options={id(model): {"zipmap": False}}), padded(X)
    expected = run(proto, X=values)["probabilities"]
    for value in (np.inf, -np.inf, 1e30):
        broken = values.copy()
        broken[3, 4, 5] = value
        got = run(proto, X=broken)["probabilities"]
        assert np.isnan(got[3]).all()
        assert np.array_equal(np.delete(got, 3, axis=0), np.delete(expected, 3, axis=0))


@pytest.mark.parametrize("zipmap", [False, True, "columns"])
@pytest.mark.parametrize(
    "labels",
    [
        np.array([20250101.0, 20250102.0, 20250103.0]),
        np.array([2**60, 2**60 + 1, -(2**60) - 1]),
        np.array([1, 2, 2**63 - 1], "uint64"),
        np.array([1, 2, 3], "float16"),
    ],
    ids=lambda labels: f"{labels.dtype} {labels[0]}",
)
def test_labels_are_exact(labels, zipmap):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, labels[y])
    got = run(converted(model, options={id(model): {"zipmap": zipmap}}), X=padded(X))
    label = got["output_label" if zipmap else "label"]
    assert [int(each) for each in label] == [int(each) for each in model.predict(X)]
    if zipmap is True:
        assert [int(key) for key in got["output_probability"][0]] == [int(each) for each in model.classes_]


@pytest.mark.parametrize(
    "labels",
    [
        np.array([1, 2, 2**63], "uint64"),
        np.array([1, 2, 3], "datetime64[D]"),
        np.array(["a", "b", "\ud800"], object),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_that_have_no_form(labels):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, labels[y])
    for zipmap in (False, True):
        with pytest.raises((TypeError, ValueError), match="[Ll]abel"):
            converted(model, options={id(model): {"zipmap": zipmap}})


def test_without_skl2onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="pip install skl2onnx"):
        gruc.register_skl2onnx()
