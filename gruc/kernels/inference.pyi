from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_R = TypeVar("_R", np.float32, np.float64)
_Offsets = NDArray[np.intp]

def exp(out: NDArray[_R], x: NDArray[_R]) -> None: ...
def sigmoid(out: NDArray[_R], x: NDArray[_R]) -> None: ...
def tanh(out: NDArray[_R], x: NDArray[_R]) -> None: ...
def affine(out: NDArray[_R], x: NDArray[_R], W: NDArray[_R], bias: NDArray[_R]) -> None: ...
def gru(
    state: NDArray[_R],
    h: NDArray[_R] | None,
    scratch: NDArray[_R],
    x: NDArray[_R],
    W_ihT: NDArray[_R],
    W_hhT: NDArray[_R],
    b_ih: NDArray[_R],
    b_hh: NDArray[_R] | None,
    offsets: _Offsets,
    reset_after: bool,
    reverse: bool,
) -> None: ...
def mean(out: NDArray[_R], h: NDArray[_R], lengths: NDArray[np.intp], offsets: _Offsets) -> None: ...
def softmax(a: NDArray[_R]) -> None: ...
