"""Labels as targets: of one class for each sequence, or of several labels at once.

`ClassTargets`, `IndicatorTargets` and `_value_targets.ValueTargets` have the same attributes and
methods. Each fit makes one. It knows what follows from y, and changes nothing of the estimator.
"""

from numbers import Real
from typing import NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from ..conventions.inputs import LARGEST_WEIGHT
from ..outputs import Classes, Labels
from ..training import Loss


class ClassSettings(NamedTuple):
    """Parameters of a classifier that concern its targets."""

    class_weight: dict | str | None
    label_smoothing: float
    dtype: str


class ClassTargets:
    """Labels of one class for each sequence.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels.
    sample_weight : ndarray of shape (n,) or None
    settings : ClassSettings
    known : Classes, Labels or None
        What the outputs mean, for a network whose training continues; None for a new one.
    classes : array-like or None
        All classes, where the user gives them.
    incremental : bool
        Whether this is a `partial_fit`.

    Attributes
    ----------
    values : ndarray
        Targets as the loss expects them.
    weights : ndarray of shape (n,) or None
        Weights of sequences: sample weights times class weights.
    loss, loss_val : Loss
        The loss that is minimised, and the one that is measured on a validation set.
    outputs : Classes
        What the outputs of the network mean.
    """

    def __init__(self, y, sample_weight, settings, known=None, classes=None, incremental=False):
        if known is not None and known.multilabel:
            raise ValueError(
                f"y must be (n_sequences, {len(known.classes)}) of 0 and 1, as in the first call."
            )
        classes = plain_labels(classes)
        places = None
        if known is not None and (classes is None or np.array_equal(classes, known.classes)):
            self.outputs, places = known, _places_of_integers(y, known.classes)
        if places is None:
            y, all_classes = _checked_labels(y, classes, known)
            advice = " The first call saw none of these; give all there will be as classes there."
            places = _places_among(all_classes, y, "y", "" if known is None else advice)
            self.outputs = Classes(all_classes)
        self._settings = settings
        self._weight_of_class = self._class_weights(y, places, incremental)
        self.weights = self._weighted(places, sample_weight)
        self.values = self._as_targets(places, settings.label_smoothing)
        is_binary = self.outputs.link == "two"
        self.loss = Loss("sigmoid") if is_binary else Loss("softmax", (float(settings.label_smoothing),))

    @property
    def loss_val(self):
        """The loss of a validation set, whose labels are not smoothed."""
        return self.loss._replace(settings=(0.0,))

    def attributes(self):
        """Attributes of an estimator that is fitted to these targets."""
        return {"classes_": self.outputs.classes, "out_activation_": self.outputs.activation}

    def initialise(self, parameters, weights):
        """Set initial parameters, views by name, by what is known of the targets: for labels, none."""

    def encode_validation(self, y):
        """Targets of a validation set, without smoothing, as the loss expects them."""
        return self._as_targets(_places_among(self.outputs.classes, column_or_1d(y, warn=True), "y_val"))

    def validation_weights(self, y, sample_weight):
        """Weights of the sequences of a validation set, or None."""
        if self._weight_of_class is None:
            return sample_weight
        places = _places_among(self.outputs.classes, column_or_1d(y), "y_val")
        return self._weighted(places, sample_weight, " of the validation set")

    def missing_classes(self, y):
        """Words for the classes that a validation set has no member of; "" if there are none."""
        return _in_words(np.setdiff1d(self.outputs.classes, column_or_1d(y)))

    def score(self, y, predicted, sample_weight):
        """Accuracy of predictions."""
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def _as_targets(self, places, smoothing=0.0):
        if self.outputs.link == "two":
            return _smoothed(places[:, np.newaxis], smoothing, self._settings.dtype)
        return places.astype(np.intp)

    def _class_weights(self, y, places, incremental):
        """Weight of each class, (n_classes,), or None; in fit, where ratios matter, the largest is 1."""
        class_weight, classes = self._settings.class_weight, self.outputs.classes
        if class_weight is None:
            return None
        if incremental and class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all of y at once, which partial_fit does not see. Give "
                "a dict of weights, for instance from sklearn.utils.class_weight.compute_class_weight."
            )
        weights = np.zeros(len(classes))
        if class_weight == "balanced":
            # a class may be missing where training continues
            present = np.unique(places)
            weights[present] = compute_class_weight("balanced", classes=present, y=places)
        else:
            if not all(isinstance(weight, Real) for weight in class_weight.values()):
                raise ValueError(f"class_weight must hold numbers; got {class_weight}.")
            weights[:] = compute_class_weight(class_weight, classes=classes, y=y)
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise ValueError(
                f"class_weight must hold finite weights that are not negative; got {class_weight}."
            )
        if incremental:
            if weights.max() > LARGEST_WEIGHT:
                raise ValueError(
                    f"class_weight reaches {weights.max():g}, and partial_fit takes weights as they are "
                    f"given, up to {LARGEST_WEIGHT:g}. Divide them by their mean."
                )
            return weights
        return weights / max(weights.max(), np.finfo(np.float64).tiny)

    def _weighted(self, places, sample_weight, where=""):
        """Weights of sequences times those of their classes, or None without either."""
        if self._weight_of_class is None:
            return sample_weight
        weights = self._weight_of_class[places] * (1.0 if sample_weight is None else sample_weight)
        if not weights.any():
            raise ValueError(f"class_weight leaves no sample{where} with a weight above zero.")
        return weights


class IndicatorTargets:
    """Several labels at once: (n, n_labels), 1 where a sequence has a label, else 0.

    Parameters and attributes as of `ClassTargets`.
    """

    loss = loss_val = Loss("sigmoid")

    def __init__(self, y, sample_weight, settings, known=None, classes=None):
        y = _checked_indicator(y, "y")
        if settings.class_weight is not None:
            raise ValueError("class_weight is not supported for multilabel targets; use sample_weight.")
        n_labels = y.shape[1]
        if known is not None and not (known.multilabel and len(known.classes) == n_labels):
            shape = f"(n_sequences, {len(known.classes)})" if known.multilabel else "(n_sequences,)"
            raise ValueError(f"y has shape {y.shape}, but the existing network was made for {shape}.")
        if classes is not None and len(plain_labels(classes)) != n_labels:
            raise ValueError(f"y has {n_labels} columns, but there are {len(classes)} classes.")
        self._dtype = settings.dtype
        self.outputs = Labels(np.arange(n_labels))
        self.values = _smoothed(y, settings.label_smoothing, settings.dtype)
        self.weights = sample_weight

    attributes = ClassTargets.attributes
    initialise = ClassTargets.initialise
    score = ClassTargets.score

    def encode_validation(self, y):
        """Targets of a validation set, without smoothing, as the loss expects them."""
        y = _checked_indicator(y, "y_val")
        if y.shape[1] != self.outputs.n_outputs:
            raise ValueError(f"y_val has {y.shape[1]} columns, but y has {self.outputs.n_outputs}.")
        return np.ascontiguousarray(y, self._dtype)

    def validation_weights(self, y, sample_weight):
        """Weights of the sequences of a validation set, or None."""
        return sample_weight

    def missing_classes(self, y):
        """Words for the labels that no sequence of a validation set has; "" if there are none."""
        return _in_words(self.outputs.classes[~np.asarray(y).any(axis=0)])


def class_targets(y, sample_weight, settings, known=None, classes=None, incremental=False):
    """The targets of y; arguments as of `ClassTargets`."""
    if n_columns(y) > 1:
        return IndicatorTargets(y, sample_weight, settings, known, classes)
    return ClassTargets(y, sample_weight, settings, known, classes, incremental)


def strata(y):
    """Labels by which to split y so that each part has the same share of each class; or None."""
    if n_columns(y) > 1:
        return None
    y = column_or_1d(y)
    check_classification_targets(y)
    return y


def n_columns(y):
    """Columns of a y of two dimensions, else 1."""
    y = y if isinstance(y, np.ndarray) else np.asarray(y)
    return y.shape[1] if y.ndim == 2 else 1


def plain_labels(y):
    """Objects that are all booleans, or all numbers, as an array of these; any other y as it is.

    scikit-learn calls an array of such objects a target of unknown type.
    """
    if hasattr(y, "columns") and getattr(y, "shape", (0, 1))[1] > 1:  # columns of pandas' "boolean", "Int64"
        y = np.asarray(y)
    dtype = getattr(y, "dtype", None)
    if not (isinstance(dtype, np.dtype) and dtype.hasobject):
        return y
    values = np.asarray(y)
    kinds = {type(value) for value in values.flat}
    are_flags = {issubclass(kind, (bool, np.bool_)) for kind in kinds}
    if len(are_flags) == 1 and all(issubclass(kind, (np.bool_, Real)) for kind in kinds):
        plain = np.array(values.tolist())
        return plain if plain.dtype.kind in "biuf" and plain.shape == values.shape else y
    return y


def _places_of_integers(y, classes):
    """Places of y among the classes, if y is an array of such integers and nothing else; else None."""
    if not isinstance(y, np.ndarray) or y.ndim != 1 or y.dtype != classes.dtype or y.dtype.kind not in "iu":
        return None
    places = classes.searchsorted(y) % len(classes)  # those beyond the last class begin anew
    return places if (classes[places] == y).all() else None


def _checked_labels(y, classes, known):
    """Y as an array, and all classes."""
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    if classes is not None:
        classes = column_or_1d(classes)
        assert_all_finite(classes, input_name="classes")
        classes = np.unique(classes)
        if known is not None and not np.array_equal(classes, known.classes):
            raise ValueError(f"classes={classes} differ from those of the first call, {known.classes}.")
    elif known is not None:
        classes = known.classes
    else:
        classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"{len(classes)} class only: {classes}. A classifier needs samples of at least 2 classes."
        )
    return y, classes


def _places_among(classes, y, name, advice=""):
    """Place of each label of y among the classes, which are sorted and hold them all."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(f"{name} holds labels that are not among the classes {classes}: {unknown}.{advice}")
    return np.searchsorted(classes, y)


def _checked_indicator(y, name):
    y = np.asarray(y)
    if type_of_target(y, input_name=name) != "multilabel-indicator" or not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"{name} has shape {y.shape} and is not a multilabel indicator, which contains only 0 and 1. For "
            "one label a sequence give a 1-D array."
        )
    return y


def _smoothed(y, smoothing, dtype):
    """Targets of the sigmoid: y, drawn towards 1/2 by label smoothing."""
    y = y.astype(dtype)
    if smoothing:
        y = (1 - smoothing) * y + smoothing / 2
    return np.ascontiguousarray(y, dtype)


def _in_words(missing):
    if not len(missing):
        return ""
    named = ", ".join(str(label)[:100] for label in missing[:5]) + (", ..." if len(missing) > 5 else "")
    return f"{'class' if len(missing) == 1 else f'{len(missing)} classes:'} {named}"
