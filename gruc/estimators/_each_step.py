"""What GRUTagger and GRUStepRegressor share: a target, and an answer, for each step."""

import numpy as np
from sklearn.base import BaseEstimator

from ..conventions.inputs import by_sequence, check_as_many, check_sample_weight
from ..sequences import is_missing
from ._class_targets import plain_labels


class EachStepMixin:
    """Mixin of estimators whose y has a target for each step of each sequence.

    Classes define `_values_wanted`: whether y is values, of one or several targets, else labels.
    """

    _each_step = True
    _values_wanted = False
    _settled = {"pooling": None, "frame_length": 1, "hop_length": None}  # no readout; each step is an input

    def _target_rows(self, y, weights, lengths, name="y"):
        rows = rows_of(y, lengths, name, self._values_wanted)
        return rows, None if weights is None else np.repeat(weights, lengths)

    def _scored_rows(self, X, y, sample_weight):
        """Targets, predictions and weights, or None, of all steps."""
        X, y, sample_weight = by_sequence(self, X, y=y, sample_weight=sample_weight)
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        check_as_many(sequences, y, X)
        weights = check_sample_weight(sample_weight, sequences)
        y, weights = self._target_rows(y, weights, sequences.lengths)
        sequences = predictor.inputs.check(sequences, predictor.parameters.dtype)
        return y, predictor.decoding.decode(predictor.output_rows(sequences)), weights


class AnswersOfAllSteps(BaseEstimator):
    """A fitted tagger or step regressor for scikit-learn's metrics, which know no ragged arrays.

    Parameters
    ----------
    model : GRUTagger or GRUStepRegressor
        Fitted. Its answers follow one another in one array, sequence after sequence.
    """

    def __init__(self, model):
        self.model = model

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor" if self.model._values_wanted else "classifier"
        return tags

    @property
    def classes_(self):
        """Those of the model."""
        return self.model.classes_

    def predict(self, X):
        """Labels (n_rows,) or values (n_rows,) or (n_rows, k) of all steps."""
        return np.concatenate(self.model.predict(X))

    def predict_proba(self, X):
        """Probabilities (n_rows, n_classes) of all steps."""
        return np.concatenate(self.model.predict_proba(X))


def rows_of(y, lengths, name, values):
    """Targets of all steps, sequence after sequence.

    Parameters
    ----------
    y : array of shape (n, n_steps), or collection of n arrays of shape (n_steps_i,)
        Of values also (n, n_steps, k) or (n_steps_i, k).
    lengths : ndarray of shape (n,)
        Steps of each sequence.
    name : str
        Name of y in errors, "y" or "y_val".
    values : bool
        Whether these are values, which become float64, else labels.

    Returns
    -------
    ndarray of shape (n_rows,) or (n_rows, k)
    """
    if hasattr(y, "columns") or not hasattr(y, "__iter__"):
        y = np.asarray(y)
    parts = [
        _part(element, i, int(length), name, values)
        for i, (element, length) in enumerate(zip(y, lengths, strict=True))
    ]
    for i, part in enumerate(parts):
        if part.shape[1:] != parts[0].shape[1:]:
            raise ValueError(
                f"{name}[{i}] has shape {part.shape}, but {name}[0] has {parts[0].shape}; give each step "
                "as many values."
            )
    if len({part.dtype.kind in "US" for part in parts}) > 1:  # as one array NumPy would write all as text
        parts = [part.astype(object) for part in parts]
    rows = np.concatenate(parts)
    rows = _as_floats(rows, name) if values else plain_labels(rows)
    _refuse_missing(rows, lengths, name, values)
    return rows


def _part(element, i, length, name, values):
    """The targets of one sequence as an array, as long as the sequence."""
    what = "values" if values else "labels"
    try:
        part = element if isinstance(element, np.ndarray) else np.asarray(element)
    except ValueError:  # nested lists of different lengths
        part = np.empty(0).reshape(0, 0, 0)
    if part.ndim == 0:
        raise ValueError(
            f"{name}[{i}] is {str(element)[:100]!r}; expected {length} {what}, one for each step of the "
            f"sequence. Where a sequence has one, use {'GRURegressor' if values else 'GRUClassifier'}."
        )
    if part.ndim > 1 + values:
        shape = "(n_steps,) or (n_steps, n_outputs)" if values else "(n_steps,)"
        raise ValueError(f"{name}[{i}] has {part.ndim} dimensions; expected {what} of shape {shape}.")
    if len(part) != length:
        X = name.replace("y", "X")
        raise ValueError(f"{name}[{i}] has {len(part)} {what}, but {X}[{i}] has {length} steps.")
    if part.dtype.kind not in "US" or part is element or all(isinstance(label, str) for label in element):
        return part
    return np.array(list(element), dtype=object)  # NumPy has written numbers as text


def _as_floats(rows, name):
    if rows.dtype.kind == "c":
        raise ValueError(f"{name} holds complex numbers; give real values.")
    try:
        return rows.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from None


def _refuse_missing(rows, lengths, name, values):
    """Raise a ValueError for the first step whose label is missing, or whose value is not finite."""
    if rows.dtype == object:
        wrong = np.array([is_missing(label) for label in rows])
        if len({isinstance(label, str) for label in rows[~wrong]}) > 1:
            raise ValueError(f"Labels must be all text or all numbers, but {name} holds both.")
    elif rows.dtype.kind == "f":
        wrong = ~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)
    else:
        return
    if wrong.any():
        row = int(np.argmax(wrong))
        i = int(np.searchsorted(np.cumsum(lengths), row, side="right"))
        raise ValueError(
            f"{name}[{i}] contains {rows[row]} at step {row - int(lengths[:i].sum())}; each step needs "
            f"{'finite values' if values else 'a label'}."
        )
