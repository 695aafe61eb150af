"""Written by tools/signatures.py from _language_parameters.py; changes belong there."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

class LanguageTokens:
    analyzer: Literal["char", "word"]
    lowercase: bool
    min_frequency: int
    max_features: int | None
    vocabulary: Sequence[str] | dict | None
    n_tokens: int | None

class LanguageEmbedding:
    embedding_dim: int
    embedding_dropout: float
    tie_weights: bool
    n_negatives: int | None

class Network:
    hidden_layer_sizes: int | Sequence[int]
    cell: Literal["gru", "fio"]
    reset_after: bool
    update_gate_bias_init: float | Literal["chrono"]

class Windows:
    window: int
    batch_size: int | Literal["auto"]

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

class LanguageStopping:
    tol: float
    n_iter_no_change: int | float
    early_stopping: bool
    validation_fraction: float

class Execution:
    warm_start: bool
    dtype: Literal["float32", "float64"]
    matmul_precision: Literal["highest", "high", "medium"]
    n_jobs: int | None
    verbose: bool

class TrainingOfLanguageParameters:
    solver: Literal["adam", "adamw", "sgd", "rmsprop"]
    alpha: float
    l1_ratio: float
    learning_rate: Literal["constant", "invscaling", "adaptive", "exponential", "step", "cosine"]
    learning_rate_init: float
    power_t: float
    decay_rate: float
    decay_steps: float
    warmup: float
    max_iter: int
    max_grad_norm: float | None
    random_state: int | np.random.RandomState | None
    beta_1: float
    beta_2: float
    epsilon: float
    momentum: float
    nesterovs_momentum: bool
    rho: float

class LanguageParameters(
    LanguageTokens,
    LanguageEmbedding,
    Network,
    Windows,
    Dropout,
    TrainingOfLanguageParameters,
    LanguageStopping,
    Execution,
):
    def __init__(
        self,
        *,
        analyzer: Literal["char", "word"] = "char",
        lowercase: bool = False,
        min_frequency: int = 1,
        max_features: int | None = None,
        vocabulary: Sequence[str] | dict | None = None,
        n_tokens: int | None = None,
        embedding_dim: int = 64,
        embedding_dropout: float = 0.0,
        tie_weights: bool = False,
        n_negatives: int | None = None,
        hidden_layer_sizes: int | Sequence[int] = (128,),
        cell: Literal["gru", "fio"] = "gru",
        reset_after: bool = True,
        update_gate_bias_init: float | Literal["chrono"] = 1.0,
        window: int = 64,
        batch_size: int | Literal["auto"] = "auto",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        solver: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        learning_rate: Literal[
            "constant", "invscaling", "adaptive", "exponential", "step", "cosine"
        ] = "cosine",
        learning_rate_init: float = 0.005,
        power_t: float = 0.5,
        decay_rate: float = 0.5,
        decay_steps: float = 20,
        warmup: float = 0,
        max_iter: int = 20,
        max_grad_norm: float | None = 1.0,
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
        warm_start: bool = False,
        dtype: Literal["float32", "float64"] = "float32",
        matmul_precision: Literal["highest", "high", "medium"] = "highest",
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None: ...
