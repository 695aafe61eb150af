"""Written by tools/signatures.py from _forecast_parameters.py; changes belong there."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

class Network:
    hidden_layer_sizes: int | Sequence[int]
    cell: Literal["gru", "fio"]
    reset_after: bool
    update_gate_bias_init: float | Literal["chrono"]

class Directions:
    bidirectional: bool

class Readout:
    pooling: Literal["last", "mean", "max", "attention"] | list[str] | tuple[str, ...]

class Forecasting:
    lags: int | Literal["auto"]
    horizon: int | None
    season_length: int | None
    strategy: Literal["direct", "recursive", "decoder"]
    scale: Literal["window", "series"] | None
    difference: int
    past_only: Sequence
    calendar: Literal["auto"] | Sequence[str] | None
    holidays: str | None
    calibration: Literal["split", "adaptive"] | None

class Dropout:
    dropout: float
    recurrent_dropout: float

class ForecastLoss:
    loss: Literal["squared_error", "absolute_error", "huber", "quantile"]
    quantile: float | Sequence[float]
    delta: float

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

class ForecastStopping:
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

class ForecasterParameters(
    Network, Directions, Readout, Forecasting, Dropout, ForecastLoss, Training, ForecastStopping, Execution
):
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (32,),
        *,
        cell: Literal["gru", "fio"] = "gru",
        reset_after: bool = True,
        update_gate_bias_init: float | Literal["chrono"] = 1.0,
        bidirectional: bool = False,
        pooling: Literal["last", "mean", "max", "attention"] | list[str] | tuple[str, ...] = "last",
        lags: int | Literal["auto"] = "auto",
        horizon: int | None = None,
        season_length: int | None = None,
        strategy: Literal["direct", "recursive", "decoder"] = "direct",
        scale: Literal["window", "series"] | None = "window",
        difference: int = 0,
        past_only: Sequence = (),
        calendar: Literal["auto"] | Sequence[str] | None = None,
        holidays: str | None = None,
        calibration: Literal["split", "adaptive"] | None = "split",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        loss: Literal["squared_error", "absolute_error", "huber", "quantile"] = "squared_error",
        quantile: float | Sequence[float] = (0.1, 0.5, 0.9),
        delta: float = 0.25,
        solver: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam",
        alpha: float = 0.1,
        l1_ratio: float = 0.0,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: Literal[
            "constant", "invscaling", "adaptive", "exponential", "step", "cosine"
        ] = "constant",
        learning_rate_init: float = 0.003,
        power_t: float = 0.5,
        decay_rate: float = 0.5,
        decay_steps: float = 20,
        warmup: float = 0,
        max_iter: int = 300,
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
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        dtype: Literal["float32", "float64"] = "float32",
        matmul_precision: Literal["highest", "high", "medium"] = "highest",
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None: ...
