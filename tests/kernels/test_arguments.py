"""Sizes that do not fit are refused before a pointer is taken: the training layers.

tests/kernels/test_inference.py has the same for inference.
"""

import numpy as np
import pytest
from gruc.kernels import training
from helpers import pack

D, H = 2, 3
N, B = 3, 2


def forward_arguments():
    batch = pack([np.ones((2, D)), np.ones((1, D))])
    return dict(
        gates=np.zeros((N, 4 * H)), h=np.zeros((N, H)), h_prev=np.zeros((N, H)), hh=np.zeros((B, 3 * H)),
        x=batch.values, W_ih=np.zeros((3 * H, D)), W_hh=np.zeros((3 * H, H)), b_ih=np.zeros(3 * H),
        b_hh=np.zeros(3 * H), offsets=batch.offsets, reset_after=True, reverse=False,
    )  # fmt: skip


def backward_arguments():
    forward = forward_arguments()
    shared = {
        k: forward[k] for k in ("gates", "h_prev", "x", "W_ih", "W_hh", "offsets", "reset_after", "reverse")
    }
    return shared | dict(
        dh=np.zeros((N, H)), drh=np.zeros((B, H)), dW_ih=np.zeros((3 * H, D)), dW_hh=np.zeros((3 * H, H)),
        db_ih=np.zeros(3 * H), db_hh=np.zeros(3 * H), dx=np.zeros((N, D)), add_to_dx=False,
    )  # fmt: skip


def test_right_ones_pass():
    training.gru_forward(**forward_arguments())
    training.gru_backward(**backward_arguments())


SHARED = [
    ("gates", np.zeros((N, 3 * H))),
    ("h_prev", np.zeros((N, H + 1))),
    ("x", np.zeros((N + 1, D))),
    ("W_ih", np.zeros((3 * H, D + 1))),
    ("W_hh", np.zeros((3 * H + 1, H))),
    ("offsets", np.array([0, 1, 3])),
    ("offsets", np.array([0])),
    ("offsets", np.array([], np.intp)),
    ("offsets", np.array([0, 2, 9])),
    ("reset_after", False),
]
FORWARD = [
    ("h", np.zeros((N, H + 1))),
    ("h", np.zeros((N, 2 * H))[:, ::2]),
    ("h", np.zeros((N, H))[::-1]),
    ("h", np.lib.stride_tricks.as_strided(np.zeros(N * H), (N, H), (8, 8))),
    ("hh", np.zeros((1, 3 * H))),
    ("b_ih", np.zeros(H)),
    ("b_hh", np.zeros(H)),
    ("b_hh", None),
]
BACKWARD = [
    ("dh", np.zeros((N, H))[::-1]),
    ("drh", np.zeros((B, H + 1))),
    ("dW_ih", np.zeros((3 * H, D + 1))),
    ("dW_hh", np.zeros((3 * H, H + 1))),
    ("db_ih", np.zeros(H)),
    ("db_hh", None),
    ("dx", np.zeros((N, D + 1))),
]


@pytest.mark.parametrize("name, value", SHARED + FORWARD)
def test_forward_refuses(name, value):
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        training.gru_forward(**(forward_arguments() | {name: value}))


@pytest.mark.parametrize("name, value", SHARED + BACKWARD)
def test_backward_refuses(name, value):
    with pytest.raises(ValueError, match="kernel called with wrong arguments"):
        training.gru_backward(**(backward_arguments() | {name: value}))


@pytest.mark.parametrize("name", ["h", "x", "W_hh", "offsets"])
def test_none_is_no_array(name):
    with pytest.raises(TypeError, match=f"'{name}' must not be None"):
        training.gru_forward(**(forward_arguments() | {name: None}))
