"""Sizes that do not fit are refused before a pointer is taken: the training layers.

tests/kernels/test_inference.py has the same for inference.
"""

import numpy as np
import pytest
from gruc.kernels import blas, inference, training
from helpers import pack

D, H = 2, 3
N, B = 3, 2


def shared():
    batch = pack([np.ones((2, D)), np.ones((1, D))])
    return dict(
        gates=np.zeros((N, 4 * H)), h=np.zeros((N, H)), x=batch.values, offsets=batch.offsets, reset_after=True,
        reverse=False,
    )  # fmt: skip


def gradients():
    return dict(
        dW_ihT=np.zeros((D, 3 * H)), dW_hhT=np.zeros((H, 3 * H)), db_ih=np.zeros(3 * H), db_hh=np.zeros(3 * H),
        dx=np.zeros((N, D)), dstate=np.zeros((B, H)), dh=np.zeros((N, H)), add_to_dx=False,
    )  # fmt: skip


def weights():
    return dict(W_ihT=np.zeros((D, 3 * H)), W_hhT=np.zeros((H, 3 * H)))


def own_forward():
    return shared() | dict(state=np.zeros((B, H)), packed=np.zeros(inference.gru_packed_size(D, H, True)))


def own_backward():
    return shared() | gradients() | dict(
        scratch=np.zeros(training.gru_backward_scratch_size(N, B, H, True)),
        packed=np.zeros(training.gru_backward_packed_size(D, H, True, True)),
    )  # fmt: skip


def blas_forward():
    return shared() | weights() | dict(
        h_prev=np.zeros((N, H)), state=np.zeros((B, H)), hh=np.zeros((B, 3 * H)), b_ih=np.zeros(3 * H),
        b_hh=np.zeros(3 * H),
    )  # fmt: skip


def blas_backward():
    arguments = shared() | weights() | gradients() | dict(h_prev=np.zeros((N, H)), drh=np.zeros((B, H)))
    del arguments["h"]
    return arguments


FUNCTIONS = {
    "own forward": (training.gru_forward, own_forward),
    "own backward": (training.gru_backward, own_backward),
    "blas forward": (blas.gru_forward, blas_forward),
    "blas backward": (blas.gru_backward, blas_backward),
}
WRONG = {
    "gates": [np.zeros((N, 3 * H))],
    "h": [np.zeros((N, H + 1)), np.zeros((N, 2 * H))[:, ::2], np.zeros((N, H))[::-1],
          np.lib.stride_tricks.as_strided(np.zeros(N * H), (N, H), (8, 8))],
    "h_prev": [np.zeros((N, H + 1))],
    "x": [np.zeros((N + 1, D))],
    "state": [np.zeros((B + 1, H)), np.zeros((B, H))[::-1]],
    "packed": [np.zeros(5)],
    "scratch": [np.zeros(5)],
    "W_ihT": [np.zeros((D + 1, 3 * H))],
    "W_hhT": [np.zeros((H, 3 * H + 1)), np.zeros((H + 1, 3 * H + 3))],
    "b_ih": [np.zeros(H)],
    "b_hh": [np.zeros(H), None],
    "hh": [np.zeros((1, 3 * H))],
    "offsets": [np.array([0, 1, 3]), np.array([0]), np.array([], np.intp), np.array([0, 2, 9])],
    "dW_ihT": [np.zeros((D + 1, 3 * H))],
    "dW_hhT": [np.zeros((H, 3 * H + 1))],
    "db_ih": [np.zeros(H)],
    "db_hh": [None, np.zeros(H)],
    "dx": [np.zeros((N, D + 1))],
    "dstate": [np.zeros((B, H + 1)), np.zeros((B + 1, H))],
    "dh": [np.zeros((N, H))[::-1], np.zeros((N, H + 1))],
    "drh": [np.zeros((B, H + 1))],
}  # fmt: skip
CASES = [
    pytest.param(function, arguments, name, value, id=f"{label}-{name}-{i}")
    for label, (function, arguments) in FUNCTIONS.items()
    for name, values in WRONG.items()
    for i, value in enumerate(values)
    if name in arguments()
]


@pytest.mark.parametrize("function, arguments", FUNCTIONS.values(), ids=FUNCTIONS)
def test_right_ones_pass(function, arguments):
    function(**arguments())


@pytest.mark.parametrize("function, arguments, name, value", CASES)
def test_wrong_ones_raise(function, arguments, name, value):
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        function(**(arguments() | {name: value}))


@pytest.mark.parametrize("name", ["h", "x", "packed", "offsets"])
def test_none_is_no_array(name):
    with pytest.raises(TypeError, match=f"'{name}' must not be None"):
        training.gru_forward(**(own_forward() | {name: None}))


def test_backward_pack():
    right = weights() | dict(
        packed=np.zeros(training.gru_backward_packed_size(D, H, True, True)), reset_after=True, want_dx=True
    )
    training.gru_backward_pack(**right)
    for wrong in (dict(want_dx=False), dict(W_ihT=np.zeros((D, H))), dict(W_hhT=np.zeros((H, H)))):
        with pytest.raises(ValueError, match="kernel called with wrong arguments"):
            training.gru_backward_pack(**(right | wrong))
