"""Written by tools/signatures.py from _parameters.py; changes belong there."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

class Network:
    hidden_layer_sizes: int | Sequence[int]
    cell: Literal["gru", "fio"]
    reset_after: bool
    update_gate_bias_init: float | Literal["chrono"]

class Directions:
    bidirectional: bool

class Automatic:
    pooling: Literal["auto", "last", "mean", "max", "attention"] | list[str] | tuple[str, ...]
    conv_channels: Literal["auto"] | int | Sequence[int]
    conv_kernel_size: Literal["auto"] | int | Sequence[int]
    learning_rate: Literal["auto", "constant", "invscaling", "adaptive", "exponential", "step", "cosine"]
    learning_rate_init: float | Literal["auto"]
    max_iter: int | Literal["auto"]

class ConvolutionPooling:
    conv_pool: int | Sequence[int]

class Averaging:
    n_estimators: int | Literal["auto"]

class Embedding:
    embedding_dim: int | None
    n_tokens: int | None
    embedding_weights: Sequence[float] | None
    train_embedding: bool
    embedding_dropout: float

class Frames:
    frame_length: int | Literal["auto"]
    hop_length: int | None

class Standardization:
    standardize: bool

class Dropout:
    dropout: float
    recurrent_dropout: float

class Classification:
    label_smoothing: float
    class_weight: Literal["balanced"] | dict[Any, float] | None

class Training:
    solver: Literal["adam", "adamw", "sgd", "rmsprop"]
    alpha: float
    l1_ratio: float
    batch_size: int | Literal["auto"]
    learning_rate: Literal["constant", "invscaling", "adaptive", "exponential", "step", "cosine"]
    learning_rate_init: float
    power_t: float
    decay_rate: float
    decay_steps: float
    warmup: float
    max_iter: int
    max_grad_norm: float | None
    shuffle: bool
    random_state: int | np.random.RandomState | None
    beta_1: float
    beta_2: float
    epsilon: float
    momentum: float
    nesterovs_momentum: bool
    rho: float

class Stopping:
    tol: float
    n_iter_no_change: int | float
    early_stopping: bool
    validation_fraction: float
    scoring: str | Callable[..., float] | None

class Execution:
    warm_start: bool
    dtype: Literal["float32", "float64"]
    matmul_precision: Literal["highest", "high", "medium"]
    n_jobs: int | None
    verbose: bool

class Regression:
    loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"]
    quantile: float | Sequence[float]
    delta: float

class AutomaticPenalty:
    alpha: float | Literal["auto"]

class TrainingOfClassifierParameters:
    solver: Literal["adam", "adamw", "sgd", "rmsprop"]
    alpha: float
    l1_ratio: float
    batch_size: int | Literal["auto"]
    power_t: float
    decay_rate: float
    decay_steps: float
    warmup: float
    max_grad_norm: float | None
    shuffle: bool
    random_state: int | np.random.RandomState | None
    beta_1: float
    beta_2: float
    epsilon: float
    momentum: float
    nesterovs_momentum: bool
    rho: float

class ClassifierParameters(
    Network,
    Directions,
    Automatic,
    ConvolutionPooling,
    Averaging,
    Embedding,
    Frames,
    Standardization,
    Dropout,
    Classification,
    TrainingOfClassifierParameters,
    Stopping,
    Execution,
):
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64,),
        *,
        cell: Literal["gru", "fio"] = "gru",
        reset_after: bool = True,
        update_gate_bias_init: float | Literal["chrono"] = 1.0,
        bidirectional: bool = False,
        pooling: Literal["auto", "last", "mean", "max", "attention"] | list[str] | tuple[str, ...] = "auto",
        conv_channels: Literal["auto"] | int | Sequence[int] = "auto",
        conv_kernel_size: Literal["auto"] | int | Sequence[int] = "auto",
        learning_rate: Literal[
            "auto", "constant", "invscaling", "adaptive", "exponential", "step", "cosine"
        ] = "auto",
        learning_rate_init: float | Literal["auto"] = "auto",
        max_iter: int | Literal["auto"] = "auto",
        conv_pool: int | Sequence[int] = 2,
        n_estimators: int | Literal["auto"] = "auto",
        embedding_dim: int | None = None,
        n_tokens: int | None = None,
        embedding_weights: Sequence[float] | None = None,
        train_embedding: bool = True,
        embedding_dropout: float = 0.0,
        frame_length: int | Literal["auto"] = "auto",
        hop_length: int | None = None,
        standardize: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: Literal["balanced"] | dict[Any, float] | None = None,
        solver: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        batch_size: int | Literal["auto"] = "auto",
        power_t: float = 0.5,
        decay_rate: float = 0.5,
        decay_steps: float = 20,
        warmup: float = 0,
        max_grad_norm: float | None = 1.0,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        rho: float = 0.99,
        tol: float = 0.0001,
        n_iter_no_change: int | float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        warm_start: bool = False,
        dtype: Literal["float32", "float64"] = "float32",
        matmul_precision: Literal["highest", "high", "medium"] = "highest",
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None: ...

class TrainingOfRegressorParameters:
    solver: Literal["adam", "adamw", "sgd", "rmsprop"]
    l1_ratio: float
    batch_size: int | Literal["auto"]
    power_t: float
    decay_rate: float
    decay_steps: float
    warmup: float
    max_grad_norm: float | None
    shuffle: bool
    random_state: int | np.random.RandomState | None
    beta_1: float
    beta_2: float
    epsilon: float
    momentum: float
    nesterovs_momentum: bool
    rho: float

class RegressorParameters(
    Network,
    Directions,
    Automatic,
    ConvolutionPooling,
    Averaging,
    Embedding,
    Frames,
    Standardization,
    Dropout,
    Regression,
    AutomaticPenalty,
    TrainingOfRegressorParameters,
    Stopping,
    Execution,
):
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64,),
        *,
        cell: Literal["gru", "fio"] = "gru",
        reset_after: bool = True,
        update_gate_bias_init: float | Literal["chrono"] = 1.0,
        bidirectional: bool = False,
        pooling: Literal["auto", "last", "mean", "max", "attention"] | list[str] | tuple[str, ...] = "auto",
        conv_channels: Literal["auto"] | int | Sequence[int] = "auto",
        conv_kernel_size: Literal["auto"] | int | Sequence[int] = "auto",
        learning_rate: Literal[
            "auto", "constant", "invscaling", "adaptive", "exponential", "step", "cosine"
        ] = "auto",
        learning_rate_init: float | Literal["auto"] = "auto",
        max_iter: int | Literal["auto"] = "auto",
        conv_pool: int | Sequence[int] = 2,
        n_estimators: int | Literal["auto"] = "auto",
        embedding_dim: int | None = None,
        n_tokens: int | None = None,
        embedding_weights: Sequence[float] | None = None,
        train_embedding: bool = True,
        embedding_dropout: float = 0.0,
        frame_length: int | Literal["auto"] = "auto",
        hop_length: int | None = None,
        standardize: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        delta: float = 0.25,
        alpha: float | Literal["auto"] = "auto",
        solver: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam",
        l1_ratio: float = 0.0,
        batch_size: int | Literal["auto"] = "auto",
        power_t: float = 0.5,
        decay_rate: float = 0.5,
        decay_steps: float = 20,
        warmup: float = 0,
        max_grad_norm: float | None = 1.0,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        rho: float = 0.99,
        tol: float = 0.0001,
        n_iter_no_change: int | float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        warm_start: bool = False,
        dtype: Literal["float32", "float64"] = "float32",
        matmul_precision: Literal["highest", "high", "medium"] = "highest",
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None: ...
