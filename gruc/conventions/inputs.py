"""scikit-learn's conventions for sequences: what every estimator asks of X and weights."""

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
    columns_of,
    is_lazy,
    is_list_of_arrays,
    numeric_array,
    refuse_column,
    refuse_masked,
)
from .user_warnings import warn_user


class SequenceInputMixin:
    """Mixin of estimators whose X is sequences in any of gruc's forms.

    A 2-D X goes through scikit-learn's own `validate_data`, so that names and
    numbers of columns are checked, and errors read, as everywhere.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _check_X(self, X, reset, name="X"):
        """`Sequences` of X; unless `reset`, held against the X of the first fit."""
        X = as_groups(X, name)
        is_frame = columns_of(X) is not None  # not every library's has ndim
        as_it_is = isinstance(X, np.ndarray) or is_frame or is_list_of_arrays(X) or hasattr(X, "toarray")
        if not as_it_is and not (is_lazy(X) and len(X.shape) == 3):
            X = numeric_array(X, name)
        refuse_masked(X, name)
        is_table = is_frame or getattr(X, "ndim", None) == 2
        if is_table:
            X = self._check_table(X, reset)
        sequences = as_sequences(X, name)
        if reset:
            self._fitted_on_table = is_table
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
                f"{name} has {sequences.n_features} features a step, but {type(self).__name__} is expecting "
                f"{expected} features a step, as in the X it was fitted on.{hint}"
            )
        fitted_names = [] if self._fitted_on_table else list(getattr(self, "feature_names_in_", []))
        if sequences.names and fitted_names and sequences.names != fitted_names:
            raise ValueError(
                f"The feature names should match those that were passed during fit: {name}[0] has columns "
                f"{sequences.names}, the model was fitted on {fitted_names}."
            )
        return sequences

    def _check_table(self, X, reset):
        """A 2-D X as an array, checked by scikit-learn."""
        checks = {"dtype": "numeric", "ensure_all_finite": False}
        try:
            if reset or self._fitted_on_table:
                table = validate_data(self, X, reset=reset, **checks)
            else:
                table = check_array(X, estimator=self, **checks)
        except (TypeError, ValueError):
            if columns_of(X) is not None:  # of a frame one can say which column is no number
                numeric_array(X, "X")
            raise
        return numeric_array(X, "X") if table.dtype == object else table


def warn_of_one_step(sequences, is_table):
    """Warn where all sequences are one step long: the axes of X are most often not as meant."""
    if sequences.lengths.max() > 1 or (len(sequences) if is_table else sequences.n_features) == 1:
        return
    if is_table:
        n = len(sequences)
        said = (
            f"X of shape ({n}, 1) is {n} sequences of one step, in which there is no order to learn from. If "
            f"it is one sequence of {n} steps, give [X], with one label."
        )
    else:
        said = (
            f"All sequences of X have one step, of {sequences.n_features} features, in which there is no "
            "order to learn from. If X is (n_sequences, n_features, n_steps), as aeon and sktime have it, "
            "give gruc.sequences.from_channels_first(X)."
        )
    warn_user(said)


def by_sequence(estimator, X, name="X", **aligned):
    """X, and what goes with it by name, in the form that scikit-learn's tools can take apart.

    Groups of rows become sequences, and what goes with them one for each; tensors become arrays.

    Parameters
    ----------
    estimator : estimator
        Who wants them, for messages.
    X : as the estimators take it
    name : str
        What to call X in errors.
    **aligned : array-like or None
        y and weights by the names that they have in errors; put in the order of the groups.

    Returns
    -------
    list
        X, a list of arrays in place of a grouped frame, and the others in their order.
    """
    X = as_groups(_from_tensor(X, name), name)
    aligned = {argument: _from_tensor(values, argument) for argument, values in aligned.items()}
    if not isinstance(X, Groups):
        return [X, *aligned.values()]
    who = type(estimator).__name__
    return [X, *(X.aligned(values, argument, who) for argument, values in aligned.items())]


def _from_tensor(values, name):
    """A tensor of torch as an array, which metrics and scikit-learn's array API dispatch want alike."""
    return numeric_array(values, name) if hasattr(values, "detach") else values


def elements_at(X, indices):
    """The sequences of X at `indices`, in the user's form where scikit-learn can take it apart."""
    if is_lazy(X):  # HDF5 wants rising indices
        return [X[int(i)] for i in indices]
    return _safe_indexing(X, indices)


def check_targets_given(estimator, y):
    """Raise, in scikit-learn's words, where y is None."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )


def check_as_many(sequences, y, X=None):
    """Raise, in scikit-learn's words, where y is not one an element of sequences.

    X as the user has it is looked at for what to advise then.
    """
    if hasattr(y, "toarray"):
        raise TypeError("y is sparse; give it dense, as y.toarray().")
    if not hasattr(y, "__len__") or len(y) != len(sequences):
        try:
            check_consistent_length(sequences, y)  # raises; asks many kinds of y, which takes long
        except ValueError as error:
            raise ValueError(f"{error}{_advice_on_length(X, len(y))}") from None


def _advice_on_length(X, n):
    """What to say where X, a table, has another number of rows than y has elements."""
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
        " A row of a DataFrame is a sequence; if rows are steps, and a column says of which sequence, give "
        f"gruc.sequences.from_long(X, by={by})."
    )


def refuse_missing(y, name="y"):
    """Refuse None, NaN and pandas' NA in a y of objects, which cannot be sorted.

    Arrays of numbers are left to scikit-learn's checks.
    """
    dtype = getattr(y, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "fiubUS":
        return
    if not isinstance(y, (list, tuple, np.ndarray)) and not hasattr(y, "to_list"):
        return
    for i, label in enumerate(y):
        is_nan = isinstance(label, float) and label != label
        if label is None or is_nan or type(label).__name__ in ("NAType", "NaTType"):
            raise ValueError(
                f"Input {name} contains {'NaN' if is_nan else repr(label)}: element {i} is missing. Leave "
                "out sequences without a label or value."
            )


# as partial_fit takes weights as they are given, float32 has to compute with them
LARGEST_WEIGHT = 1e15


def check_sample_weight(sample_weight, sequences, name="sample_weight", as_given=False):
    """Weights (n,) in float64, not negative; or None.

    Where only their ratios matter, the largest becomes 1; with `as_given` they stay as they are.
    """
    if sample_weight is None:
        return None
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
            f"{name}[{i}] is {weights[i]:g}, and partial_fit takes weights as they are given, up to "
            f"{LARGEST_WEIGHT:g}. Divide them by the mean weight of all the data."
        )
    return weights


@contextmanager
def errors_name(name):
    """A ValueError raised inside says which argument it is about."""
    try:
        yield
    except ValueError as error:
        if name in str(error):
            raise
        raise ValueError(f"{name}: {error}") from None
