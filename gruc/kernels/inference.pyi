from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_R = TypeVar("_R", np.float32, np.float64)
_Offsets = NDArray[np.intp]

def has(isa: int) -> bool: ...
def use(isa: int, provider: object | None = None) -> None: ...

class Mailbox:
    busy: bool
    def stir(self) -> None: ...
    def post(self) -> None: ...
    def serve(self) -> None: ...
    def done(self) -> None: ...
    def wait(self) -> None: ...

class Task:
    def run(self, mailboxes: list[Mailbox]) -> None: ...

def exp(out: NDArray[_R], x: NDArray[_R]) -> None: ...
def sigmoid(out: NDArray[_R], x: NDArray[_R]) -> None: ...
def tanh(out: NDArray[_R], x: NDArray[_R]) -> None: ...
def widen_range(lowest: NDArray[_R], highest: NDArray[_R], x: NDArray[_R]) -> bool: ...

class Source:
    width: int
    holds_tokens: bool
    def __init__(
        self,
        arrays: NDArray[Any] | tuple[NDArray[Any], ...] | list[NDArray[Any]],
        frame_length: int = 1,
        hop_length: int = 1,
        tokens: bool = False,
    ) -> None: ...
    def extent(self, indices: NDArray[np.intp]) -> tuple[int, int]: ...

def gather(
    values: NDArray[_R],
    order: NDArray[np.intp],
    lengths: NDArray[np.intp],
    offsets: _Offsets,
    source: Source,
    indices: NDArray[np.intp],
    mean: NDArray[np.float64] | None,
    scale: NDArray[np.float64] | None,
) -> None: ...
def gather_tokens(
    tokens: NDArray[np.int32],
    order: NDArray[np.intp],
    lengths: NDArray[np.intp],
    offsets: _Offsets,
    source: Source,
    indices: NDArray[np.intp],
    n_tokens: int,
) -> None: ...
def softmax(a: NDArray[_R]) -> None: ...

LINKS: dict[str, int]

SEEN: int
NEVER: int

class Streams:
    n: int
    width: int
    size: int
    def __init__(self, n: int, weights: Weights, inputs: Any, outputs: Any, largest: float) -> None: ...
    def step(
        self, x: NDArray[np.float64], out: NDArray[np.float64], rows: NDArray[np.intp] | None = None
    ) -> int: ...
    def one_step(self, x: NDArray[np.float64], out: NDArray[Any]) -> bool: ...
    def one_token(self, token: int, out: NDArray[Any]) -> bool: ...
    def draw(
        self,
        tokens: NDArray[np.int32],
        uniforms: NDArray[np.float64],
        marks: NDArray[np.uint8],
        end: int,
        temperature: float,
        top_k: int,
        top_p: float,
        repetition: float,
    ) -> int: ...
    def reset(
        self, rows: NDArray[np.intp] | None = None, states: NDArray[np.uint8] | None = None
    ) -> None: ...
    def snapshot(self) -> tuple[bytes, bytes]: ...
    def restore(self, steps: bytes, numbers: bytes) -> None: ...

MEAN: int
MAX: int
ATTENTION: int
GRU: int
GRU_RESET_BEFORE: int
FIO: int
DENSE: int
DROPOUT: int
EMBED: int
PERMUTE: int
ATTEND: int
ATTEND_GENERAL: int
CONV: int
CONV_POOL: int
POOL: int
COPY: int
KEYS: int
GRU_ATTENDING: int
GRU_ATTENDING_RESET_BEFORE: int
N_CLOCKS: int
EMBED_SHARED: int
DENSE_TABLE: int
DENSE_SAMPLED: int

class Program:
    values: tuple[Any, ...]
    operations: tuple[Any, ...]
    strides: tuple[int, ...]
    n_dense: int
    n_parameters: int
    n_clocks: int
    def __init__(
        self,
        values: list[Any],
        ops: list[Any],
        n_inputs: int,
        output: int,
        n_parameters: int,
        strides: Sequence[int] = (1,),
    ) -> None: ...

class Weights:
    dtype: np.dtype[Any]
    parts: int
    def __init__(self, program: Program, parameters: NDArray[Any], parts: int = 0) -> None: ...
    def infer(
        self,
        inputs: list[NDArray[Any] | None],
        wanted: list[tuple[int, NDArray[Any]]],
        kept: list[tuple[int, NDArray[Any]]],
        lengths: NDArray[np.intp],
        offsets: _Offsets,
        order: NDArray[np.intp] | None = None,
        second: tuple[NDArray[np.intp], _Offsets, NDArray[np.intp]] | None = None,
    ) -> None: ...

class ArrayTask(Task):
    out: NDArray[Any]
    def __init__(
        self,
        weights: Weights,
        X: NDArray[Any],
        value: int,
        frame_length: int,
        hop_length: int,
        mean: NDArray[np.float64] | None,
        scale: NDArray[np.float64] | None,
        n_chunks: int = 1,
        n_threads: int = 1,
    ) -> None: ...
    def fits(self, limit: float) -> bool: ...

def search(
    weights: Weights,
    inputs: list[NDArray[Any] | None],
    clock: tuple[NDArray[np.intp], _Offsets, NDArray[np.intp]],
    start: int,
    end: int,
    most: NDArray[np.intp],
    beam: int = 1,
    length_penalty: float = 1.0,
    allowed: NDArray[np.uint8] | None = None,
) -> list[NDArray[np.int32]]: ...
def memory_of(program: Program, whole_sequences: bool) -> dict[str, Any]: ...
