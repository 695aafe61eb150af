"""Graphs of skl2onnx, as onnxruntime runs them; modules that import this are skipped where either is missing."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType  # noqa: E402

CUBE = FloatTensorType([None, None, 12])
TABLE = FloatTensorType([None, None])
__all__ = [
 "CUBE", "TABLE", "DoubleTensorType", "FloatTensorType", "Int64TensorType", "assert_classifies", "converted", "padded", "run", "skl2onnx",
]  # fmt: skip


def padded(X, n_more=2):
    """X as one array of float32, NaN behind each sequence."""
    n_steps = max(map(len, X)) + n_more
    return np.stack(
        [np.concatenate([x, np.full((n_steps - len(x), *x.shape[1:]), np.nan)]) for x in X]
    ).astype("float32")


def converted(model, X_type=CUBE, **settings):
    proto = skl2onnx.convert_sklearn(model, initial_types=[("X", X_type)], **settings)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def run(proto, **inputs):
    """Outputs by name."""
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def assert_classifies(model, X, array, X_type=CUBE):
    """Label and probabilities of one graph, over batches of any size."""
    proto = converted(model, X_type, options={id(model): {"zipmap": False}})
    for part in (slice(None), slice(0, 1), slice(3, 9)):
        got = run(proto, X=array[part])
        assert list(got) == ["label", "probabilities"]
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(X[part]), rtol=0, atol=1e-5)
        assert np.array_equal(got["label"], model.predict(X[part]))
