from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_R = TypeVar("_R", np.float32, np.float64)
_Offsets = NDArray[np.intp]
_Weights = NDArray[np.float64]

def use(isa: int) -> None: ...
def gru_forward(
    gates: NDArray[_R],
    h: NDArray[_R],
    state: NDArray[_R],
    x: NDArray[_R],
    packed: NDArray[_R],
    offsets: _Offsets,
    reset_after: bool,
    reverse: bool,
) -> None: ...
def gru_backward_packed_size(D: int, H: int, want_dx: bool, double_precision: bool) -> int: ...
def gru_backward_pack(
    packed: NDArray[_R],
    W_ihT: NDArray[_R],
    W_hhT: NDArray[_R],
    reset_after: bool,
    want_dx: bool,
) -> None: ...
def gru_backward_scratch_size(N: int, B: int, H: int, double_precision: bool) -> int: ...
def gru_backward(
    dW_ihT: NDArray[_R],
    dW_hhT: NDArray[_R],
    db_ih: NDArray[_R],
    db_hh: NDArray[_R] | None,
    dx: NDArray[_R] | None,
    dstate: NDArray[_R],
    dh: NDArray[_R] | None,
    scratch: NDArray[_R],
    gates: NDArray[_R],
    h: NDArray[_R],
    x: NDArray[_R],
    packed: NDArray[_R],
    offsets: _Offsets,
    reset_after: bool,
    reverse: bool,
    add_to_dx: bool,
) -> None: ...
def dense_scratch_size(B: int, F: int, K: int, double_precision: bool) -> int: ...
def dense_forward(
    out: NDArray[_R],
    scratch: NDArray[_R],
    x: NDArray[_R],
    W: NDArray[_R],
    b: NDArray[_R],
) -> None: ...
def dense_backward(
    dx: NDArray[_R],
    dW: NDArray[_R],
    db: NDArray[_R],
    scratch: NDArray[_R],
    dout: NDArray[_R],
    x: NDArray[_R],
    W: NDArray[_R],
) -> None: ...
def mean_backward(
    dh: NDArray[_R], dout: NDArray[_R], lengths: NDArray[np.intp], offsets: _Offsets
) -> None: ...
def softmax_cross_entropy(
    a: NDArray[_R], labels: NDArray[np.intp], weights: _Weights, total: float
) -> float: ...
def sigmoid_cross_entropy(a: NDArray[_R], y: NDArray[_R], weights: _Weights, total: float) -> float: ...
def squared_error(a: NDArray[_R], y: NDArray[_R], weights: _Weights, total: float) -> float: ...
def norm(g: NDArray[_R]) -> float: ...
def add(g: NDArray[_R], other: NDArray[_R]) -> None: ...
def scale(g: NDArray[_R], factor: float) -> None: ...
def adam(
    new_p: NDArray[_R],
    new_m: NDArray[_R],
    new_v: NDArray[_R],
    p: NDArray[_R],
    m: NDArray[_R],
    v: NDArray[_R],
    g: NDArray[_R],
    t: int,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None: ...
