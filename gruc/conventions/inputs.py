"""scikit-learn's conventions for sequences: checks of X, y and weights."""

from contextlib import contextmanager

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    validate_data,
)

from ..sequences import (
    Groups,
    as_groups,
    as_sequences,
    as_tokens,
    columns_of,
    is_lazy,
    is_list_of_arrays,
    is_missing,
    numeric_array,
    refuse_column,
    refuse_masked,
    shown_missing,
)
from .user_warnings import warn_user


class SequenceInputMixin:
    """Mixin of estimators whose X is sequences in any of gruc's forms.

    A 2-D X is checked by scikit-learn's own `validate_data`, so that names and numbers of
    columns and error messages are the usual ones.
    """

    _fitted_on_tokens = False

    def _wants_tokens(self):
        """Whether the parameters ask for an X of integer tokens."""
        return False

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _check_X(self, X, reset, name="X"):
        """`Sequences` of X; unless `reset`, compared with the X of the first fit."""
        X = as_groups(X, name)
        if self._wants_tokens() if reset else self._fitted_on_tokens:
            return self._check_tokens(X, reset, name)
        is_frame = columns_of(X) is not None  # not all frames have ndim
        is_supported = isinstance(X, np.ndarray) or is_frame or is_list_of_arrays(X) or hasattr(X, "toarray")
        if not is_supported and not (is_lazy(X) and len(X.shape) == 3):
            X = numeric_array(X, name)
        refuse_masked(X, name)
        is_table = is_frame or getattr(X, "ndim", None) == 2
        if is_table:
            X = self._check_table(X, reset)
        sequences = as_sequences(X, name)
        if reset:
            self._fitted_on_table = is_table
            vars(self).pop("_fitted_on_tokens", None)
            if not is_table:
                self.n_features_in_ = sequences.n_features
                vars(self).pop("feature_names_in_", None)
                if sequences.names and all(isinstance(name, str) for name in sequences.names):
                    self.feature_names_in_ = np.array(sequences.names, dtype=object)
            return sequences
        if not self._fitted_on_table:
            refuse_column(sequences, name)
        expected = 1 if self._fitted_on_table else self.n_features_in_
        if sequences.n_features != expected:
            hint = " A 2-D X is univariate sequences; give one sequence alone as [X]." if is_table else ""
            raise ValueError(
                f"{name} has {sequences.n_features} features per step, but {type(self).__name__} is "
                f"expecting {expected} features per step, as in the X it was fitted on.{hint}"
            )
        fitted_names = [] if self._fitted_on_table else list(getattr(self, "feature_names_in_", []))
        if sequences.names and fitted_names and sequences.names != fitted_names:
            raise ValueError(
                f"The feature names should match those that were passed during fit: {name}[0] has columns "
                f"{sequences.names}, the model was fitted on {fitted_names}."
            )
        return sequences

    def _check_tokens(self, X, reset, name):
        """The same of sequences of integer tokens."""
        is_table = columns_of(X) is not None or getattr(X, "ndim", None) == 2
        if is_table:
            X = self._check_table(X, reset, dtype=None)
        sequences = as_tokens(X, name)
        if reset:
            self._fitted_on_table, self._fitted_on_tokens = is_table, True
            if not is_table:
                self.n_features_in_ = 1
                vars(self).pop("feature_names_in_", None)
        return sequences

    def _check_table(self, X, reset, dtype="numeric"):
        """A 2-D X as an array, checked by scikit-learn."""
        checks = {"dtype": dtype, "ensure_all_finite": False}
        try:
            if reset or self._fitted_on_table:
                table = validate_data(self, X, reset=reset, **checks)
            else:
                table = check_array(X, estimator=self, **checks)
        except (TypeError, ValueError):
            if columns_of(X) is not None:  # for a frame the message names the column that is not numeric
                numeric_array(X, "X")
            raise
        return numeric_array(X, "X") if table.dtype == object and dtype is not None else table


def warn_of_one_step(sequences, is_table):
    """Warn if all sequences have one step: most often the axes of X are not as intended."""
    if sequences.lengths.max() > 1 or (len(sequences) if is_table else sequences.n_features) == 1:
        return
    if is_table:
        n = len(sequences)
        message = (
            f"X of shape ({n}, 1) is {n} sequences of one step, in which there is no order to learn from. If "
            f"it is one sequence of {n} steps, give [X], with one label."
        )
    else:
        message = (
            f"All sequences of X have one step, of {sequences.n_features} features, in which there is no "
            "order to learn from. If X is (n_sequences, n_features, n_steps), as aeon and sktime have it, "
            "give gruc.sequences.from_channels_first(X)."
        )
    warn_user(message)


def by_sequence(estimator, X, name="X", **aligned):
    """X and arrays aligned with it, in a form that scikit-learn's tools can index.

    Groups of rows become sequences, with one element of the other arrays for each; y of one that answers
    each step may have one for each row instead. Tensors become arrays.

    Parameters
    ----------
    estimator : estimator
        For messages.
    X : sequences in any form
    name : str
        Name of X in errors.
    **aligned : array-like or None
        y and weights by their names in errors; reordered to the order of the groups.

    Returns
    -------
    list
        X, a list of arrays if it was a grouped frame, and the others in their order.
    """
    X = as_groups(_from_tensor(X, name), name)
    aligned = {argument: _from_tensor(values, argument) for argument, values in aligned.items()}
    if not isinstance(X, Groups):
        return [X, *aligned.values()]
    who = type(estimator).__name__
    if getattr(estimator, "_each_step", False):
        for argument in aligned.keys() & {"y", "y_val"}:
            aligned[argument] = X.split(aligned[argument], argument)
    return [X, *(X.aligned(values, argument, who) for argument, values in aligned.items())]


def _from_tensor(values, name):
    """A tensor of torch as an array, for metrics and scikit-learn's array API dispatch."""
    return numeric_array(values, name) if hasattr(values, "detach") else values


def elements_at(X, indices):
    """The sequences of X at `indices`, in the user's form if scikit-learn can index it."""
    if is_lazy(X):  # HDF5 requires ascending indices
        return [X[int(i)] for i in indices]
    return _safe_indexing(X, indices)


def check_targets_given(estimator, y):
    """Raise scikit-learn's error if y is None."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )


def check_as_many(sequences, y, X=None):
    """Raise scikit-learn's error if y does not have one element for each sequence.

    X in the user's form is used for the advice in the message.
    """
    if hasattr(y, "toarray"):
        raise TypeError("y is sparse; give it dense, as y.toarray().")
    if not hasattr(y, "__len__") or len(y) != len(sequences):
        try:
            check_consistent_length(sequences, y)  # raises; slow, since it tries many kinds of y
        except ValueError as error:
            raise ValueError(f"{error}{_advice_on_length(X, len(y))}") from None


def _advice_on_length(X, n):
    """Advice for a table X whose number of rows differs from the number of elements of y."""
    if not hasattr(X, "shape") or len(X.shape) != 2:
        return ""
    n_rows, n_columns = X.shape
    if n == 1:
        steps = "one step" if n_columns == 1 else f"{n_columns} steps"
        return f" A 2-D X is one sequence a row, {n_rows} of {steps} here; give one sequence alone as [X]."
    names = columns_of(X)
    if names is None or n > n_rows:
        return ""
    keys = [name for name in names if len(set(X[name])) == n]
    by = repr(keys[0]) if keys else "..."
    return (
        " A row of a DataFrame is a sequence; if rows are steps, and a column identifies the sequence, use "
        f"gruc.sequences.from_long(X, by={by})."
    )


def refuse_missing(y, name="y"):
    """Raise a ValueError for None, NaN and pandas' NA in a y of objects, which cannot be sorted.

    Numeric arrays are left to scikit-learn's checks.
    """
    dtype = getattr(y, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "fiubUS":
        return
    if not isinstance(y, (list, tuple, np.ndarray)) and not hasattr(y, "to_list"):
        return
    for i, label in enumerate(y):
        if is_missing(label):
            raise ValueError(
                f"Input {name} contains {shown_missing(label)}: element {i} is missing. Leave out sequences "
                "without a label or value."
            )


# partial_fit does not normalise weights, so that float32 must be able to compute with them
LARGEST_WEIGHT = 1e15


def check_sample_weight(sample_weight, sequences, name="sample_weight", as_given=False):
    """Weights (n,) in float64, not negative; or None.

    The largest becomes 1, which is enough where only ratios matter; `as_given` leaves them unchanged.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, (list, tuple)) and any(np.ndim(weight) for weight in sample_weight):
        raise ValueError(f"{name} has several weights for a sequence; expected one for each sequence.")
    weights = _check_sample_weight(sample_weight, sequences, dtype=np.float64)
    if (weights < 0).any():
        i = int(np.argmax(weights < 0))
        raise ValueError(f"{name} must not be negative; {name}[{i}] is {weights[i]:g}.")
    if not weights.any():
        raise ValueError(f"{name} is zero for all samples; at least one must count.")
    if not as_given:
        return weights / weights.max()
    if weights.max() > LARGEST_WEIGHT:
        i = int(np.argmax(weights))
        raise ValueError(
            f"{name}[{i}] is {weights[i]:g}, and partial_fit takes weights as they are, up to "
            f"{LARGEST_WEIGHT:g}. Divide them by the mean weight of all the data."
        )
    return weights


@contextmanager
def errors_name(name):
    """Context in which a ValueError gets the name of the argument."""
    try:
        yield
    except ValueError as error:
        if name in str(error):
            raise
        raise ValueError(f"{name}: {error}") from None
