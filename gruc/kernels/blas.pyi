from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_R = TypeVar("_R", np.float32, np.float64)

def provider() -> tuple[object, object, int]: ...
def matmul(
    C: NDArray[_R],
    A: NDArray[_R],
    B: NDArray[_R],
    trans_A: bool,
    trans_B: bool,
    alpha: float,
    beta: float,
) -> None: ...
