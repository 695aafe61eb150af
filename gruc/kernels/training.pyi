from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .inference import Source

_R = TypeVar("_R", np.float32, np.float64)
_Offsets = NDArray[np.intp]
_Weights = NDArray[np.float64]

LAST: int
MEAN: int
MAX: int
ATTENTION: int
SOFTMAX: int
SIGMOID: int
SQUARED_ERROR: int
ABSOLUTE_ERROR: int
HUBER: int
QUANTILE: int
POISSON: int

class Shape:
    size: int
    def __init__(
        self,
        n_features: int,
        units: NDArray[np.intp],
        bidirectional: bool,
        reset_after: bool,
        readout: int,
        n_outputs: int,
    ) -> None: ...
    def packed_size(self, want_dx: bool, double_precision: bool) -> int: ...
    def workspace_size(self, N: int, B: int, double_precision: bool) -> int: ...
    def dropout_size(self, N: int, B: int, double_precision: bool) -> int: ...

def use(isa: int, plain: tuple[object, object, int] | None = None) -> None: ...
def pack(packed: NDArray[_R], parameters: NDArray[_R], shape: Shape, want_dx: bool) -> None: ...
def fill_masks(
    dropout: NDArray[_R],
    seeds: NDArray[np.uint64],
    lengths: NDArray[np.intp],
    offsets: _Offsets,
    rate: float,
    recurrent_rate: float,
    shape: Shape,
) -> None: ...
def forward(
    outputs: NDArray[_R],
    workspace: NDArray[_R],
    x: NDArray[_R],
    lengths: NDArray[np.intp],
    offsets: _Offsets,
    parameters: NDArray[_R],
    packed: NDArray[_R],
    shape: Shape,
    want_dx: bool,
    dropout: NDArray[_R] | None = None,
) -> None: ...
def backward(
    gradients: NDArray[_R],
    dx: NDArray[_R] | None,
    doutputs: NDArray[_R],
    workspace: NDArray[_R],
    x: NDArray[_R],
    lengths: NDArray[np.intp],
    offsets: _Offsets,
    parameters: NDArray[_R],
    packed: NDArray[_R],
    shape: Shape,
    want_dx: bool,
    dropout: NDArray[_R] | None = None,
) -> None: ...

class Memory: ...

def loss_and_gradient(
    gradients: NDArray[_R],
    memory: Memory,
    source: Source,
    indices: NDArray[np.intp],
    mean: _Weights | None,
    scale: _Weights | None,
    loss: int,
    settings: _Weights,
    labels: NDArray[np.intp] | None,
    y: NDArray[_R] | None,
    weights: _Weights | None,
    total: float,
    parameters: NDArray[_R],
    packed: NDArray[_R],
    shape: Shape,
    seeds: NDArray[np.uint64] | None = None,
    dropout: float = 0,
    recurrent_dropout: float = 0,
) -> float: ...
def softmax_cross_entropy(
    a: NDArray[_R], labels: NDArray[np.intp], weights: _Weights, total: float, smoothing: float = 0
) -> float: ...
def sigmoid_cross_entropy(a: NDArray[_R], y: NDArray[_R], weights: _Weights, total: float) -> float: ...
def error_loss(
    a: NDArray[_R],
    y: NDArray[_R],
    weights: _Weights,
    total: float,
    loss: int,
    settings: _Weights,
) -> float: ...
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
    weight_decay: float,
) -> None: ...
def add_penalty(g: NDArray[_R], p: NDArray[_R], l2: float, l1: float) -> float: ...
def sgd(
    new_p: NDArray[_R],
    new_m: NDArray[_R],
    p: NDArray[_R],
    m: NDArray[_R],
    g: NDArray[_R],
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> None: ...
def rmsprop(
    new_p: NDArray[_R],
    new_v: NDArray[_R],
    p: NDArray[_R],
    v: NDArray[_R],
    g: NDArray[_R],
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None: ...
def add_penalty_rows(
    g: NDArray[_R], table: NDArray[_R], tokens: NDArray[np.int32], l2: float, l1: float
) -> float: ...
def adam_rows(
    table: NDArray[_R],
    m: NDArray[_R],
    v: NDArray[_R],
    tokens: NDArray[np.int32],
    g: NDArray[_R],
    t: int,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
) -> None: ...
def sgd_rows(
    table: NDArray[_R],
    m: NDArray[_R],
    tokens: NDArray[np.int32],
    g: NDArray[_R],
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> None: ...
def rmsprop_rows(
    table: NDArray[_R],
    v: NDArray[_R],
    tokens: NDArray[np.int32],
    g: NDArray[_R],
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None: ...
