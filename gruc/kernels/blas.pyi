from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_R = TypeVar("_R", np.float32, np.float64)
_Offsets = NDArray[np.intp]

def check_blas_sizes(*sizes: int) -> None: ...
def matmul(
    C: NDArray[_R],
    A: NDArray[_R],
    B: NDArray[_R],
    trans_A: bool,
    trans_B: bool,
    alpha: float,
    beta: float,
) -> None: ...
def gru_forward(
    gates: NDArray[_R],
    h: NDArray[_R],
    h_prev: NDArray[_R],
    state: NDArray[_R],
    hh: NDArray[_R],
    x: NDArray[_R],
    W_ihT: NDArray[_R],
    W_hhT: NDArray[_R],
    b_ih: NDArray[_R],
    b_hh: NDArray[_R] | None,
    offsets: _Offsets,
    reset_after: bool,
    reverse: bool,
) -> None: ...
def gru_backward(
    dW_ihT: NDArray[_R],
    dW_hhT: NDArray[_R],
    db_ih: NDArray[_R],
    db_hh: NDArray[_R] | None,
    dx: NDArray[_R] | None,
    dstate: NDArray[_R],
    dh: NDArray[_R] | None,
    drh: NDArray[_R],
    gates: NDArray[_R],
    h_prev: NDArray[_R],
    x: NDArray[_R],
    W_ihT: NDArray[_R],
    W_hhT: NDArray[_R],
    offsets: _Offsets,
    reset_after: bool,
    reverse: bool,
    add_to_dx: bool,
) -> None: ...
