"""SequenceScaler: StandardScaler for sequences."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..conventions.callbacks import CallbackSupportMixin, fit_task
from ..conventions.inputs import LARGEST_WEIGHT, SequenceInputMixin, by_sequence, check_sample_weight
from ..conventions.parameters import fit_context
from ..conventions.pickles import VersionedPickleMixin
from ..conventions.transactions import all_or_nothing
from ..sequences import Moments, Scaling, check_range


def _names_its_outputs(scaler):
    """Whether there are names for scikit-learn to ask for.

    Not where these would be put over a list or a cube: set_output makes DataFrames of all that
    has names.
    """
    wanted = getattr(scaler, "_sklearn_output_config", {}).get("transform", get_config()["transform_output"])
    return getattr(scaler, "_fitted_on_table", True) or wanted == "default"


class SequenceScaler(
    CallbackSupportMixin,
    VersionedPickleMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    SequenceInputMixin,
    BaseEstimator,
):
    """Standardize each feature over all steps of all sequences.

    The counterpart of `sklearn.preprocessing.StandardScaler` for 3-D arrays, lists of arrays of any
    lengths, and 2-D arrays of univariate sequences. In a 2-D array, all columns are steps of the same
    feature and share one mean and scale.

    Parameters
    ----------
    with_mean : bool, default=True
        Whether to centre.
    with_std : bool, default=True
        Whether to scale to unit standard deviation.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,), float64
        Mean and scale of each feature; n_features is 1 after a fit on a 2-D X. Constant features have
        scale 1.
    n_samples_seen_ : int or float
        Number of steps of all sequences seen, or the sum of their weights.
    n_features_in_ : int
        Number of features per step, or, after a fit on a 2-D X, its number of columns (steps).
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, if X was a DataFrame whose column names are all strings.

    Examples
    --------
    >>> import numpy as np
    >>> from gruc.preprocessing import SequenceScaler
    >>> X = [np.array([[0.0, 10.0], [2.0, 10.0]]), np.array([[4.0, 10.0]])]
    >>> scaler = SequenceScaler().fit(X)
    >>> scaler.mean_
    array([ 2., 10.])
    >>> scaler.transform(X)[1]
    array([[1.22474487, 0.        ]])
    """

    _parameter_constraints = {"with_mean": ["boolean"], "with_std": ["boolean"]}

    def __init__(self, *, with_mean: bool = True, with_std: bool = True):
        self.with_mean = with_mean
        self.with_std = with_std

    @available_if(_names_its_outputs)
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Names of the features, or of the columns of a 2-D X.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names to return; by default those of the X of fit.

        Returns
        -------
        ndarray of str
        """
        return super().get_feature_names_out(input_features)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Compute the mean and standard deviation of each feature.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : None
            Ignored; present for compatibility with pipelines.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence, and so of each of its steps.

        Returns
        -------
        self : SequenceScaler
        """
        return self._fit(X, y, sample_weight, partial=False)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Update the mean and standard deviation of each feature with X.

        After several calls they equal those of one `fit` on all of the data, to rounding.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : None
            Ignored; present for compatibility with pipelines.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence, and so of each of its steps.

        Returns
        -------
        self : SequenceScaler

        Examples
        --------
        >>> import numpy as np
        >>> from gruc.preprocessing import SequenceScaler
        >>> X = np.arange(24.0).reshape(4, 3, 2)
        >>> scaler = SequenceScaler()
        >>> for chunk in (X[:1], X[1:]):
        ...     scaler = scaler.partial_fit(chunk)
        >>> scaler.n_samples_seen_, scaler.mean_
        (12, array([11., 12.]))
        """
        return self._fit(X, y, sample_weight, partial=True)

    def _fit(self, X, y, sample_weight, partial):
        continues = partial and "_moments" in vars(self)
        X, sample_weight = by_sequence(self, X, sample_weight=sample_weight)
        with fit_task(self, X, y, sample_weight), all_or_nothing(self) as attempt:
            sequences = attempt._check_X(X, reset=not continues)
            weights = check_sample_weight(sample_weight, sequences, as_given=partial)
            heaviest = 1.0
            if weights is not None:  # only ratios matter; the sum is kept for later calls of partial_fit
                weights = weights / weights.max()
                heaviest = min(float(np.asarray(sample_weight, np.float64).max()), LARGEST_WEIGHT)
            check_range(sequences.lowest, sequences.highest, None, "float64", "X")
            moments = Moments.of_sequences(sequences, weights)
            moments = moments.times(heaviest)
            if continues:
                moments = Moments.of_state(self._moments).combined(moments)
            scaling = moments.scaling()
            attempt._moments = moments.state()
            attempt.mean_ = scaling.mean if self.with_mean else np.zeros_like(scaling.mean)
            attempt.scale_ = scaling.scale if self.with_std else np.ones_like(scaling.scale)
            seen = moments.weight
            attempt.n_samples_seen_ = int(seen) if seen == int(seen) else seen
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any] | list[NDArray[Any]]:
        """Return a scaled copy of X in the same form: an array for an array, a list for a list.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray or list of ndarray
            float32 if X is float32, otherwise float64.
        """
        check_is_fitted(self)
        sequences = self._check_X(X, reset=False)
        scaling = Scaling(self.mean_, self.scale_)
        check_range(sequences.lowest, sequences.highest, scaling, sequences.float_type, "X")
        return sequences.map(lambda values: scaling.apply(values, sequences.float_type))

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any] | list[NDArray[Any]]:
        """Return X on the original scale, in the same form.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray or list of ndarray
            float32 if X is float32, otherwise float64.
        """
        check_is_fitted(self)
        sequences = self._check_X(X, reset=False)
        return sequences.map(Scaling(self.mean_, self.scale_).undo)


# the module that pickles name; doctest finds the class by the second line
SequenceScaler.__module__ = "gruc.preprocessing"
__test__ = {"SequenceScaler": SequenceScaler}
