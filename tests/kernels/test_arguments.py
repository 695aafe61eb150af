"""Arguments that do not fit are refused before a pointer is taken: the training network.

tests/kernels/test_inference.py has the same for inference.
"""

import numpy as np
import pytest
from gruc.kernels import blas, inference, training
from helpers import pack

N, B, D, K = 3, 2, 2, 4
SHAPE = training.Shape(D, np.array([3, 5]), True, True, training.ATTENTION, K)


def passes(want_dx=False):
    batch = pack([np.ones((2, D)), np.ones((1, D))])
    parameters, packed = np.ones(SHAPE.size), np.zeros(SHAPE.packed_size(want_dx, True))
    training.pack(packed, parameters, SHAPE, want_dx)
    return dict(
        workspace=np.zeros(SHAPE.workspace_size(N, B, True)), x=batch.values, lengths=batch.lengths,
        offsets=batch.offsets, parameters=parameters, packed=packed, shape=SHAPE,
    )  # fmt: skip


def to_pack():
    return dict(
        packed=np.zeros(SHAPE.packed_size(True, True)), parameters=np.zeros(SHAPE.size), shape=SHAPE, want_dx=True
    )  # fmt: skip


def masks():
    return np.ones(SHAPE.dropout_size(N, B, True))


def to_mask():
    batch = passes()
    return dict(
        dropout=masks(), seeds=np.zeros(B, np.uint64), lengths=batch["lengths"], offsets=batch["offsets"],
        rate=0.1, recurrent_rate=0.2, shape=SHAPE,
    )  # fmt: skip


def forward():
    return passes() | dict(outputs=np.zeros((B, K)), want_dx=False, dropout=masks())


def backward():
    return passes(True) | dict(
        gradients=np.zeros(SHAPE.size), doutputs=np.ones((B, K)), dx=np.zeros((N, D)), want_dx=True,
        dropout=masks(),
    )  # fmt: skip


def with_labels():
    shared = {name: array for name, array in passes().items() if name in ("parameters", "packed", "shape")}
    return shared | dict(
        gradients=np.zeros(SHAPE.size), memory=training.Memory(), indices=np.array([1, 0]),
        source=inference.Source([np.ones((2, D)), np.ones((1, D))]), mean=np.zeros(D), scale=np.ones(D),
        loss=training.SOFTMAX, labels=np.array([0, K - 1]), y=None, weights=np.ones(B), total=2.0, settings=np.zeros(1),
        seeds=np.zeros(B, np.uint64), dropout=0.1, recurrent_dropout=0.2,
    )  # fmt: skip


def with_numbers():
    return with_labels() | dict(loss=training.SQUARED_ERROR, labels=None, y=np.ones((B, K)))


FUNCTIONS = {
    "pack": (training.pack, to_pack),
    "masks": (training.fill_masks, to_mask),
    "forward": (training.forward, forward),
    "backward": (training.backward, backward),
    "labels": (training.loss_and_gradient, with_labels),
    "numbers": (training.loss_and_gradient, with_numbers),
}
WRONG = {
    "packed": [np.zeros(5)],
    "parameters": [np.zeros(SHAPE.size + 1)],
    "workspace": [np.zeros(5)],
    "x": [np.zeros((N + 1, D)), np.zeros((N, D + 1))],
    "lengths": [np.array([2]), np.array([3, 1]), np.array([2, 0])],
    "offsets": [np.array([0, 1, 3]), np.array([0]), np.array([], np.intp), np.array([0, 2, 9])],
    "outputs": [np.zeros((B, K + 1)), np.zeros((B + 1, K))],
    "gradients": [np.zeros(SHAPE.size - 1)],
    "doutputs": [np.zeros((B, K + 1)), np.zeros((B + 1, K))],
    "dx": [None, np.zeros((N, D + 1)), np.zeros((N - 1, D))],
    "loss": [-1, 7],
    "settings": [np.zeros(0)],
    "labels": [None, np.array([0]), np.array([0, K]), np.array([-1, 0])],
    "y": [None, np.ones((B, K + 1)), np.ones((B + 1, K))],
    "weights": [np.ones(B + 1)],
    "total": [0.0, -1.0],
    "source": [inference.Source(np.ones((2, 1, D + 1))), inference.Source(np.ones((1, 2, D)))],
    "indices": [np.array([0, 2]), np.array([-1, 0]), np.array([], np.intp)],
    "mean": [None, np.zeros(D + 1)],
    "scale": [None, np.ones(D - 1)],
    "seeds": [np.zeros(B + 1, np.uint64)],
    "rate": [-0.1, 1.0],
    "recurrent_rate": [1.0],
    "recurrent_dropout": [-0.1, 1.0],
}
# either may be anything where the loss asks for the other
UNUSED = {("labels", "y"), ("numbers", "labels")}
CASES = [
    pytest.param(function, arguments, name, value, id=f"{label}-{name}-{i}")
    for label, (function, arguments) in FUNCTIONS.items()
    for name, values in WRONG.items()
    for i, value in enumerate(values)
    if name in arguments() and (label, name) not in UNUSED
] + [
    pytest.param(*FUNCTIONS[label], "dropout", value, id=f"{label}-dropout")
    for label, value in [
        ("masks", np.ones(5)),
        ("forward", np.ones(5)),
        ("backward", np.ones(5)),
        ("labels", 1.0),
    ]
]


@pytest.mark.parametrize("function, arguments", FUNCTIONS.values(), ids=FUNCTIONS)
def test_right_ones_pass(function, arguments):
    function(**arguments())


@pytest.mark.parametrize("function, arguments, name, value", CASES)
def test_wrong_ones_raise(function, arguments, name, value):
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        function(**(arguments() | {name: value}))


@pytest.mark.parametrize("function, arguments", [FUNCTIONS[name] for name in ("pack", "forward", "backward")])
def test_want_dx_is_what_was_packed_for(function, arguments):
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        function(**(arguments() | dict(want_dx=not arguments()["want_dx"])))


@pytest.mark.parametrize("name", ["workspace", "x", "lengths", "offsets", "parameters", "packed"])
def test_none_is_no_array(name):
    with pytest.raises(TypeError, match=f"'{name}' must not be None"):
        training.forward(**(forward() | {name: None}))


@pytest.mark.parametrize(
    "wrong",
    [(0, [3], 1), (2, [], 1), (2, [3, 0], 1), (2, [3], 0)],
    ids=["inputs", "layers", "units", "outputs"],
)
def test_shapes_of_nothing(wrong):
    n_features, units, n_outputs = wrong
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        training.Shape(n_features, np.array(units, np.intp), False, True, training.LAST, n_outputs)


def test_readouts_are_known():
    with pytest.raises(ValueError, match="readout"):
        training.Shape(D, np.array([3]), False, True, 7, K)


def test_sizes_beyond_blas_integers_are_refused(kernel):
    from gruc.kernels import INSTRUCTION_SETS

    isa = INSTRUCTION_SETS.index(kernel)
    try:
        training.use(isa, (*blas.passes()[:2], 19))
        with pytest.raises(ValueError, match="side of 20, .* counts to 19 only; use a smaller batch_size"):
            training.forward(**forward())
    finally:
        training.use(isa)
