"""ONNX graphs in the runtimes that are installed."""

import numpy as np
import pytest


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


def session_of(proto, run):
    """A function of inputs by name, which gives outputs by name."""
    if run is run_onnxruntime:
        runtime = pytest.importorskip("onnxruntime")
        session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda inputs: dict(zip(names, session.run(None, inputs), strict=True))
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    model = core.read_model(proto.SerializeToString())
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def called(inputs):
        results = compiled(inputs)
        return {name: results[output].copy() for output in compiled.outputs for name in output.names}

    return called


def zeros_for(proto, n):
    """The states of n sequences that begin."""
    onnx = pytest.importorskip("onnx")
    types = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.INT64: "int64"}
    states = {}
    for given in list(proto.graph.input)[2:]:
        kind = given.type.tensor_type
        states[given.name] = np.zeros([dim.dim_value or n for dim in kind.shape.dim], types[kind.elem_type])
    return states
