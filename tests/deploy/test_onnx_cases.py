"""The cases by which ONNX and onnxruntime hold a GRU, on gruc's kernels.

Weights and results are not of gruc's making: they say that what `to_onnx` calls a GRU is what the
kernels compute, gate order, biases, both resets, directions, lengths and initial states included.
"""

import importlib
import warnings
from unittest import mock

import numpy as np
import pytest
from fixtures.onnxruntime_gru import CASES
from gruc.deploy.weights import swap_gates
from helpers import kernel_params, only_with, pack, unpack
from one_operation import gru

DTYPES = ["float32", "float64"]

# of the package onnx; test_no_case_is_missed says when it has more
NODE_CASES = [
    "test_gru_batchwise",
    "test_gru_bidirectional",
    "test_gru_defaults",
    "test_gru_reverse",
    "test_gru_seq_length",
    "test_gru_with_initial_bias",
]


@pytest.fixture(scope="module", params=kernel_params(), autouse=True)
def kernel(request):
    yield from only_with(request.param)


def run(X, W, R, B=None, sequence_lens=None, initial_h=None, *, dtype, direction="forward",
        linear_before_reset=0):  # fmt: skip
    """Y (T, directions, N, H) and Y_h (directions, N, H) of the operator GRU, by gruc's kernels."""
    T, N, D = X.shape
    H = R.shape[2]
    reverses = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    lengths = np.full(N, T) if sequence_lens is None else np.asarray(sequence_lens)
    alive = np.flatnonzero(lengths)  # gruc has no sequences without steps
    batch = pack([X[: lengths[i], i] for i in alive], dtype)
    Y, Y_h = np.zeros((T, len(reverses), N, H)), np.zeros((len(reverses), N, H))
    for way, reverse in enumerate(reverses):
        bias = np.zeros((2, 3 * H)) if B is None else np.reshape(B[way], (2, 3 * H)).astype("float64")
        if not linear_before_reset:
            bias = bias.sum(axis=0, keepdims=True)
        weights = [swap_gates(weight).astype(dtype) for weight in (W[way], R[way], *bias)]
        state = np.zeros((len(alive), H), dtype)
        if initial_h is not None:
            state[:] = initial_h[way][alive[batch.order]]
        h = np.empty((len(batch.values), H), dtype)
        state = gru(batch, weights, bool(linear_before_reset), reverse, h=h, state=state)
        for i, states in zip(alive, unpack(h, batch), strict=True):
            Y[: lengths[i], way, i] = states
        Y_h[way, alive[batch.order]] = state
    return Y, Y_h


# ---- the package onnx


def import_cases_of_gru(package):
    importlib.import_module(f"{package.__name__}.gru")


@pytest.fixture(scope="module")
def node_cases():
    """Its tests of the operator GRU by name: attributes, inputs and outputs by name."""
    onnx = pytest.importorskip("onnx")
    state = np.random.get_state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other operators' cases overflow on purpose
        from onnx.backend.test.case import node

        # which imports the cases of all operators, unless it is kept from it
        with mock.patch.object(node, "import_recursive", import_cases_of_gru, create=True):
            collected = node.collect_testcases("GRU")
    np.random.set_state(state)  # each of these modules seeds it
    cases = {}
    for case in collected:
        node = case.model.graph.node[0]
        if node.op_type == "GRU":
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            ((inputs, outputs),) = case.data_sets
            inputs = dict(zip(filter(None, node.input), inputs, strict=True))
            cases[case.name] = attributes, inputs, dict(zip(filter(None, node.output), outputs, strict=True))
    return cases


def test_no_case_is_missed(node_cases):
    assert set(node_cases) - set(NODE_CASES) == set()
    assert len(node_cases) >= 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NODE_CASES)
def test_node_case(node_cases, name, dtype):
    if name not in node_cases:
        pytest.skip("an older onnx, which has no such case")
    attributes, inputs, expected = node_cases[name]
    attributes, inputs = dict(attributes), dict(inputs)
    assert attributes.pop("hidden_size") == inputs["R"].shape[2]
    batch_first = attributes.pop("layout", 0)
    attributes["direction"] = attributes.get("direction", b"forward").decode()
    X = inputs.pop("X")
    X = X.swapaxes(0, 1) if batch_first else X
    Y, Y_h = run(X, **inputs, **attributes, dtype=dtype)
    if batch_first:
        Y, Y_h = Y.transpose(2, 0, 1, 3), Y_h.swapaxes(0, 1)
    got = {"Y": Y, "Y_h": Y_h}
    assert expected
    for output, value in expected.items():
        np.testing.assert_allclose(got[output], value, rtol=0, atol=1e-5, err_msg=output)


# ---- onnxruntime


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_case_of_onnxruntime(name, dtype):
    case = dict(CASES[name])
    weights, lengths = case.pop("weights"), case.pop("lengths")
    N, D, H = len(lengths), weights["W"].shape[1], weights["R"].shape[1]
    directions = 2 if case.get("direction") == "bidirectional" else 1
    weights = {name: np.stack([weight] * directions) for name, weight in weights.items()}
    X = np.reshape(case.pop("X"), (-1, N, D))
    Y = np.reshape(case.pop("Y"), (len(X), directions, N, H))
    Y_h = case.pop("Y_h", None)
    if "initial_h" in case:
        case["initial_h"] = np.reshape(case["initial_h"], (directions, N, H))
    got, last = run(X, **weights, sequence_lens=lengths, **case, dtype=dtype)
    np.testing.assert_allclose(got, Y, rtol=0, atol=1e-6)
    if Y_h is not None:
        np.testing.assert_allclose(last, np.reshape(Y_h, last.shape), rtol=0, atol=1e-6)
