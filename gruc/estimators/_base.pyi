from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

class BaseGRU(BaseEstimator):
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    n_iter_: int
    frame_length_: int
    hop_length_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    loss_: float
    best_loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    t_: int
    @property
    def weights_(self) -> dict[str, NDArray[Any]]: ...
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float: ...
