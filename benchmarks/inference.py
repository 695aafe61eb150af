"""Prediction with gruc's Predictor compared with a session of another library, alternating.

    python benchmarks/inference.py onnxruntime --threads 1

The network, weights and inputs are the same, in float32, and the results are probabilities, which are
compared before the measurement.
"""

import warnings
from functools import partial

import numpy as np
from side_by_side import arguments, milliseconds, report, take_turns

SHAPES = [
    (1, 100, 8, 64),
    (1, 100, 8, 128),
    (1, 100, 64, 256),
    (32, 100, 8, 64),
    (32, 100, 8, 128),
    (256, 100, 32, 128),
    (64, 60, 40, 256),
]
N_CLASSES = 9


def onnx_model(weights, D, H):
    """The graph of last state, dense, softmax over X (B, T, D), as bytes."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def zrh(w):  # our r, z, n -> ONNX's z, r, h
        r, z, n = np.split(w, 3)
        return np.concatenate([z, r, n])

    bias = np.concatenate([zrh(weights["gru.bias_ih_l0"]), zrh(weights["gru.bias_hh_l0"])])
    constants = {
        "W": zrh(weights["gru.weight_ih_l0"])[None],
        "R": zrh(weights["gru.weight_hh_l0"])[None],
        "B": bias[None],
        "head": np.ascontiguousarray(weights["head.weight"].T),
        "head_bias": weights["head.bias"],
        "axis": np.array([0], np.int64),
    }
    nodes = [
        helper.make_node("Transpose", ["X"], ["Xt"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["Xt", "W", "R", "B"], ["", "Yh"], hidden_size=H, linear_before_reset=1),
        helper.make_node("Squeeze", ["Yh", "axis"], ["h"]),
        helper.make_node("Gemm", ["h", "head", "head_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "gru",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, None, D])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, N_CLASSES])],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def onnxruntime_session(weights, X, H, n_threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        onnx_model(weights, X.shape[2], H), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"X": X})[0]


def openvino_session(weights, X, H, n_threads, precision="f32"):
    import openvino

    core = openvino.Core()
    model = core.read_model(onnx_model(weights, X.shape[2], H))
    model.reshape({"X": X.shape})
    settings = {"INFERENCE_NUM_THREADS": n_threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision is not None:
        settings["INFERENCE_PRECISION_HINT"] = precision
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer({0: X})[0]


def torch_session(weights, X, H, n_threads):
    import torch

    torch.set_num_threads(n_threads)
    gru, head = torch.nn.GRU(X.shape[2], H, batch_first=True), torch.nn.Linear(H, N_CLASSES)
    gru.load_state_dict({k[4:]: torch.tensor(v) for k, v in weights.items() if k.startswith("gru.")})
    head.load_state_dict({k[5:]: torch.tensor(v) for k, v in weights.items() if k.startswith("head.")})
    X = torch.from_numpy(X)

    def predict():
        with torch.inference_mode():
            _, last = gru(X)
            return torch.softmax(head(last[0]), 1).numpy()

    return predict


def openvino_by_default(weights, X, H, n_threads):
    """In bfloat16, where the processor supports it."""
    return openvino_session(weights, X, H, n_threads, precision=None)


def own_predictor(weights, D, H, n_threads):
    from gruc.network import GRUNetwork
    from gruc.outputs import Classes
    from gruc.runtime import Predictor

    network = GRUNetwork(D, [H], False, True, "last", N_CLASSES)
    flat = network.table.flat(weights, np.float32)
    return Predictor(network, flat, decoding=Classes(np.arange(N_CLASSES)), n_jobs=n_threads)


def gruc_high(weights, X, H, n_threads):
    return partial(own_predictor(weights, X.shape[2], H, n_threads).with_precision("high").predict_proba, X)


def gruc_medium(weights, X, H, n_threads):
    return partial(own_predictor(weights, X.shape[2], H, n_threads).with_precision("medium").predict_proba, X)


PEERS = {
    "onnxruntime": onnxruntime_session,
    "openvino": openvino_session,
    "openvino by default": openvino_by_default,
    "torch": torch_session,
    "gruc high": gruc_high,
    "gruc medium": gruc_medium,
}
IN_BFLOAT16 = ("openvino by default", "gruc medium")  # whose probabilities are less exact


def main():
    warnings.filterwarnings("ignore")
    given = arguments(PEERS)
    from gruc.network import GRUNetwork

    for B, T, D, H in SHAPES:
        rng = np.random.default_rng(0)
        network = GRUNetwork(D, [H], False, True, "last", N_CLASSES)
        flat = np.zeros(network.table.size, np.float32)
        network.initialize(network.table.views(flat), rng)
        weights = {name: np.array(view) for name, view in network.table.torch_views(flat).items()}
        predictor = own_predictor(weights, D, H, given.threads)
        X = rng.standard_normal((B, T, D)).astype(np.float32)
        peer = PEERS[given.peer](weights, X, H, given.threads)
        error = float(np.abs(peer() - predictor.predict_proba(X)).max())
        if error > (2e-2 if given.peer in IN_BFLOAT16 else 1e-4):
            raise SystemExit(f"{given.peer} and gruc differ by {error}")
        own_times, peer_times = take_turns([partial(predictor.predict_proba, X), peer], given.seconds)
        report(
            table="inference",
            peer=given.peer,
            threads=given.threads,
            shape=[B, T, D, H],
            gruc_ms=milliseconds(own_times),
            peer_ms=milliseconds(peer_times),
            gflops=2 * 3 * H * (H + D) * B * T / np.median(own_times) / 1e9,
            largest_difference=error,
        )


if __name__ == "__main__":
    main()
