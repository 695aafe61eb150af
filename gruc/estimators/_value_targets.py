"""Real values as targets."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils.validation import check_array, column_or_1d

from ..outputs import Values
from ..sequences import Scaling, check_range
from ..training import Loss

# losses whose targets are standardized by median and interquartile range, which outliers do not move
ROBUST_LOSSES = ("absolute_error", "huber", "quantile")


class ValueSettings(NamedTuple):
    """Parameters of a regressor that concern its targets."""

    loss: str
    quantile: float | tuple
    delta: float
    standardize: bool
    dtype: str

    @property
    def levels(self):
        """Quantiles to predict, in order, (n_quantiles,); None for the other losses."""
        return quantile_levels(self.quantile) if self.loss == "quantile" else None

    @property
    def n_quantiles(self):
        """Outputs of the network for each target."""
        return len(self.levels) if self.loss == "quantile" else 1


class KnownValues(NamedTuple):
    """What is known of the targets of a network whose training continues."""

    loss: str
    levels: np.ndarray | None
    scaling: Scaling | None
    # y and weights of all calls of partial_fit so far, while the scaling is that of all of them
    first: tuple | None = None


class ValueTargets:
    """Real values, one or several for each sequence.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_targets)
    sample_weight : ndarray of shape (n,) or None
    settings : ValueSettings
    known : KnownValues or None
        Of a network whose training continues; None for a new one.

    Attributes
    ----------
    As of `_class_targets.ClassTargets`.
    """

    def __init__(self, y, sample_weight, settings, known=None):
        self._settings = settings
        y = self._checked(y, "y")
        self._levels = settings.levels
        lowest, highest = y.min(axis=0), y.max(axis=0)
        if known is not None:
            self._check_goes_on(known)
        self._first = None
        scaling = None if known is None else known.scaling
        if known is None or known.first is not None:
            scaling = self._gather(y, sample_weight, known)
        n_targets = y.shape[1]
        # a wrong number of outputs is refused with the network's shape, later
        if scaling is not None and len(scaling.mean) != n_targets:
            scaling = None
        check_range(lowest, highest, scaling, settings.dtype, "y")
        is_log = settings.loss == "poisson"
        self.outputs = Values(n_targets, scaling, is_log, settings.n_quantiles)
        self.loss = self.loss_val = Loss(settings.loss, self._loss_settings())
        self.values = self._as_targets(y)
        self.weights = sample_weight

    def _loss_settings(self):
        if self._levels is not None:
            return tuple(self._levels)
        return (float(self._settings.delta),) if self._settings.loss == "huber" else (0.0,)

    def attributes(self):
        """Attributes of an estimator that is fitted to these targets."""
        attributes = {
            "out_activation_": self.outputs.activation,
            "_trained_loss": (self._settings.loss, self._levels),
        }
        return attributes if self._first is None else attributes | {"_first_targets": self._first}

    def initialise(self, parameters, weights):
        """Set initial parameters, views by name, by what is known of the targets.

        The outputs of a constant target start at the constant, with weights of 0 in the head: so
        there is no error, and no gradient, that could lead away from it. With "poisson" all start at the
        mean, so that training need not find the scale of y first.
        """
        counted = self.values if weights is None else self.values[weights > 0]
        constant = (counted == counted[0]).all(axis=0)
        parameters["head.weight"][:, constant] = 0
        parameters["head.bias"][constant] = counted[0, constant]
        if self._settings.loss == "poisson":
            mean = np.average(self.values, axis=0, weights=weights)
            smallest = np.finfo(self._settings.dtype).tiny
            parameters["head.bias"][:] = np.log(np.maximum(mean, smallest))

    def encode_validation(self, y):
        """Targets of a validation set as the loss expects them."""
        y, n_targets = self._checked(y, "y_val"), self.outputs.n_targets
        if y.shape[1] != n_targets:
            raise ValueError(f"y_val has {y.shape[1]} outputs, but y has {n_targets}.")
        check_range(y.min(axis=0), y.max(axis=0), self.outputs.scaling, self._settings.dtype, "y_val")
        return self._as_targets(y)

    def validation_weights(self, y, sample_weight):
        """Weights of the sequences of a validation set, or None."""
        return sample_weight

    def missing_classes(self, y):
        """No words: there are no classes."""
        return ""

    def score(self, y, predicted, sample_weight):
        """R2, or the mean of D2 pinball scores, of predictions."""
        return value_score(y, predicted, sample_weight, self._levels)

    def _checked(self, y, name):
        """Values of y, (n, n_targets)."""
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name=name, estimator="GRURegressor")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if y.ndim > 2 or y.shape[1:] == (0,):
            raise ValueError(
                f"{name} has shape {y.shape}; expected (n_sequences,) or (n_sequences, n_outputs)."
            )
        if self._settings.loss == "poisson" and (y < 0).any():
            raise ValueError(f"{name} must not be negative with loss='poisson'; it reaches {y.min():g}.")
        return y.reshape(len(y), -1)

    def _check_goes_on(self, known):
        """Refuse another loss, or other quantiles, than those of the existing network."""
        loss, levels = self._settings.loss, self._levels
        if loss == known.loss and np.array_equal(levels, known.levels):
            return
        names = [
            f"loss={loss!r}" + ("" if levels is None else f" and quantile={list(map(float, levels))}")
            for loss, levels in ((loss, levels), (known.loss, known.levels))
        ]
        raise ValueError(
            f"The parameters have {names[0]}, but the existing network has {names[1]}. "
            "To start anew, call fit with warm_start=False, or clone the estimator."
        )

    def _gather(self, y, sample_weight, known):
        """The scaling of targets: by these and, in further calls of partial_fit, those before; or None."""
        if not self._settings.standardize or self._settings.loss == "poisson":
            return None
        check_range(y.min(axis=0), y.max(axis=0), None, "float64", "y")  # squares must not overflow
        if known is not None and known.first[0].shape[1] == y.shape[1]:
            y_before, weight_before = known.first
            if not (sample_weight is None and weight_before is None):
                weights = [
                    np.ones(len(part)) if weight is None else weight
                    for part, weight in ((y_before, weight_before), (y, sample_weight))
                ]
                sample_weight = np.concatenate(weights)
            y = np.concatenate([y_before, y])
        self._first = y, sample_weight
        statistics = Scaling.robust if self._settings.loss in ROBUST_LOSSES else Scaling.of_rows
        return statistics(y, sample_weight)

    def _as_targets(self, y):
        scaling, dtype, n_quantiles = self.outputs.scaling, self._settings.dtype, self.outputs.n_quantiles
        y = y if scaling is None else scaling.apply(y, dtype)
        if n_quantiles > 1:  # the outputs of one target stand together
            y = np.repeat(y, n_quantiles, axis=1)
        return np.ascontiguousarray(y, dtype)


class ValueTargetsMixin:
    """Mixin of estimators whose targets are these."""

    def _known_targets(self, gathers):
        first = vars(self).get("_first_targets") if gathers else None
        return KnownValues(*self._trained_loss, self._predictor.decoding.scaling, first)

    def _targets_of(self, y, sample_weight, known, incremental):
        return ValueTargets(y, sample_weight, self._target_settings(), known)

    def _target_settings(self):
        return ValueSettings(self.loss, self.quantile, self.delta, self.standardize, self.dtype)

    def _fitted_loss(self):
        loss, levels = self._trained_loss
        return {"loss": loss, "quantile": None if levels is None else list(levels)}

    def _restore_targets(self, outputs, loss, quantile):
        self._trained_loss = loss, None if quantile is None else np.array(quantile)


def quantile_levels(quantile):
    """The parameter `quantile` as an array (n_quantiles,)."""
    try:
        levels = np.atleast_1d(np.asarray(quantile, np.float64))
    except (TypeError, ValueError):
        levels = np.empty(0)
    if levels.ndim > 1 or len(levels) == 0 or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(f"quantile must be one or several numbers between 0 and 1; got {quantile!r}.")
    if (np.diff(levels) <= 0).any():
        raise ValueError(f"quantile must rise from one to the next; got {quantile!r}.")
    return levels


def value_score(y, predicted, sample_weight, levels):
    """R2; with several quantiles the mean of their D2 pinball scores."""
    if levels is None or len(levels) == 1:
        return float(r2_score(y, predicted, sample_weight=sample_weight))
    scores = [
        d2_pinball_score(y, predicted[..., i], sample_weight=sample_weight, alpha=level)
        for i, level in enumerate(levels)
    ]
    return float(np.mean(scores))
