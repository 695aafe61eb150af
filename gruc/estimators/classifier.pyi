from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from ..runtime import Stream
from ._base import BaseGRU

class GRUClassifier(ClassifierMixin, BaseGRU):
    classes_: NDArray[Any]
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64,),
        *,
        bidirectional: bool = False,
        reset_after: bool = True,
        update_gate_bias_init: float | Literal["chrono"] = 1.0,
        pooling: Literal["last", "mean", "max", "attention"] = "last",
        frame_length: int | Literal["auto"] = "auto",
        hop_length: int | None = None,
        standardize: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        label_smoothing: float = 0.0,
        solver: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: Literal[
            "constant", "invscaling", "adaptive", "exponential", "step", "cosine"
        ] = "adaptive",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        decay_rate: float = 0.5,
        decay_steps: float = 20,
        warmup: float = 0,
        max_iter: int = 300,
        max_grad_norm: float | None = 1.0,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        n_iter_no_change: int | float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        rho: float = 0.99,
        warm_start: bool = False,
        dtype: Literal["float32", "float64"] = "float32",
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None: ...
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self: ...
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self: ...
    def predict(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]: ...
    def save(self, path: Any) -> None: ...
    def stream(self, n: int | None = None, *, initial_state: Any = None) -> Stream: ...
    def hidden_states(
        self, X: ArrayLike, layer: int = -1, *, initial_state: Any = None
    ) -> NDArray[Any] | list[NDArray[Any]]: ...
    def gate_activations(
        self, X: ArrayLike, layer: int = -1, *, initial_state: Any = None
    ) -> dict[str, Any]: ...
    def set_callbacks(self, *callbacks: Any) -> Self: ...
    def predict_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]: ...
    def predict_log_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float: ...
