from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .inference import Program, Source, Task

_R = TypeVar("_R", np.float32, np.float64)
_Weights = NDArray[np.float64]

SOFTMAX: int
SIGMOID: int
SQUARED_ERROR: int
ABSOLUTE_ERROR: int
HUBER: int
QUANTILE: int
POISSON: int

def use(
    isa: int, provider: tuple[object, object, int] | None = None, tiles: object | None = None
) -> None: ...

class Block: ...
class Memory: ...

class Weights:
    program: Program
    parameters: NDArray[Any]
    packed_size: int
    parts: int
    def __init__(self, program: Program, parameters: NDArray[_R], parts: int = 0) -> None: ...
    def pack(self, parameters: NDArray[_R]) -> None: ...
    def release(self) -> None: ...

class Pass:
    outputs: NDArray[Any] | None
    gradients: NDArray[Any] | None
    def __init__(
        self,
        weights: Weights,
        inputs: Sequence[NDArray[Any]],
        clocks: Sequence[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]],
        seeds: NDArray[np.uint64] | None = None,
        rate: float = 0,
        rate_states: float = 0,
        rate_tokens: float = 0,
    ) -> None: ...
    def forward(self) -> NDArray[Any]: ...
    def backward(self, doutputs: NDArray[Any]) -> NDArray[Any]: ...
    def loss(self, targets: Targets, total: float) -> float: ...
    def rows(self, value: int) -> NDArray[Any]: ...
    def gradient(self, value: int) -> NDArray[Any]: ...
    def table_gradients(self) -> list[tuple[NDArray[np.int32], NDArray[Any]]]: ...
    def masks(self, op: int) -> NDArray[Any] | None: ...

class TableGradients:
    def __init__(self, weights: Weights) -> None: ...
    def arrays(self) -> list[tuple[NDArray[np.int32], NDArray[Any]]]: ...
    def merge(self, parts: Sequence[TableGradients], memory: Memory) -> None: ...

class Inputs:
    def __init__(
        self,
        source: Source,
        scaling: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
        second: Source | None = None,
        state0: NDArray[Any] | None = None,
        last_state: NDArray[Any] | None = None,
    ) -> None: ...

class Targets:
    def __init__(
        self,
        loss: int,
        settings: Sequence[float],
        values: NDArray[Any],
        weights: NDArray[np.float64] | None = None,
        starts: NDArray[np.intp] | None = None,
    ) -> None: ...

class Shard:
    def __init__(
        self,
        gradients: NDArray[Any],
        weights: Weights,
        inputs: Inputs,
        indices: NDArray[np.intp],
        targets: Targets,
        total: float,
        dropout: tuple[Any, ...] | None = None,
        tables: TableGradients | None = None,
        candidates: tuple[NDArray[np.int32], NDArray[np.float64]] | None = None,
    ) -> None: ...
    def run(self, memory: Memory) -> float: ...

class Shards(Task):
    def __init__(self, shards: list[Shard], memories: list[Memory]) -> None: ...
    def losses(self) -> list[float]: ...

def loss_and_gradient(
    gradients: NDArray[_R],
    memory: Memory,
    weights: Weights,
    inputs: Inputs,
    indices: NDArray[np.intp],
    targets: Targets,
    total: float,
    dropout: tuple[Any, ...] | None = None,
    tables: TableGradients | None = None,
    candidates: tuple[NDArray[np.int32], NDArray[np.float64]] | None = None,
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
