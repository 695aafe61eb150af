"""Written by tools/signatures.py from _translation_parameters.py; changes belong there."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

class Network:
    hidden_layer_sizes: int | Sequence[int]
    cell: Literal["gru", "fio"]
    reset_after: bool
    update_gate_bias_init: float | Literal["chrono"]

class Translation:
    source: Any | None
    target: Any | None
    embedding_dim: int
    attention: Literal["dot", "general", "additive"] | None
    bidirectional_encoder: bool
    scheduled_sampling: float
    max_target_length: int | None

class Dropout:
    dropout: float
    recurrent_dropout: float

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

class TranslationStopping:
    tol: float
    n_iter_no_change: int | float
    early_stopping: bool
    validation_fraction: float
    scoring: Literal["loss"] | None

class Execution:
    warm_start: bool
    dtype: Literal["float32", "float64"]
    matmul_precision: Literal["highest", "high", "medium"]
    n_jobs: int | None
    verbose: bool

class TranslationParameters(Network, Translation, Dropout, Training, TranslationStopping, Execution):
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128,),
        *,
        cell: Literal["gru", "fio"] = "gru",
        reset_after: bool = True,
        update_gate_bias_init: float | Literal["chrono"] = 1.0,
        source: Any | None = None,
        target: Any | None = None,
        embedding_dim: int = 64,
        attention: Literal["dot", "general", "additive"] | None = "general",
        bidirectional_encoder: bool = True,
        scheduled_sampling: float = 0.0,
        max_target_length: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        solver: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: Literal[
            "constant", "invscaling", "adaptive", "exponential", "step", "cosine"
        ] = "cosine",
        learning_rate_init: float = 0.003,
        power_t: float = 0.5,
        decay_rate: float = 0.5,
        decay_steps: float = 20,
        warmup: float = 0,
        max_iter: int = 30,
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
        scoring: Literal["loss"] | None = None,
        warm_start: bool = False,
        dtype: Literal["float32", "float64"] = "float32",
        matmul_precision: Literal["highest", "high", "medium"] = "highest",
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None: ...
