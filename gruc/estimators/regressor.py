"""GRURegressor."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_array, column_or_1d

from ..sequences import Scaling, check_range
from ._base import BaseGRU
from ._docs import shared_docs


@shared_docs(
    standardize=";\n        targets too, which is undone on output",
    out_activation='"identity".',
    loss_curve=",\n        half the squared error on the standardized targets' scale",
)
class GRURegressor(RegressorMixin, BaseGRU):
    """Gated recurrent unit regressor of sequences.

    Minimises the squared error of one or many outputs by Adam over
    mini-batches, its gradients back-propagated through time.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    GRUClassifier : The same for labels.

    Notes
    -----
    {notes}

    Examples
    --------
    >>> import numpy as np
    >>> from gruc import GRURegressor
    >>> series = np.arange(1.0, 21.0)  # 1, 2, 3, ...: what comes next?
    >>> X = np.lib.stride_tricks.sliding_window_view(series[:-1], 4)
    >>> y = series[4:]
    >>> model = GRURegressor(random_state=0, max_iter=500).fit(X, y)
    >>> float(abs(model.predict([[2.0, 3.0, 4.0, 5.0]])[0] - 6.0)) < 0.5
    True
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit to sequences X and values y.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            See the notes of the class. Never copied as a whole.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Values, finite.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights, not negative. A batch's loss is their weighted mean.
        X_val, y_val : as X and y, default=None
            Sequences and values to validate on after each epoch; they are not learned from.
        sample_weight_val : array-like of shape (n_sequences_val,), default=None
            Their weights.

        Returns
        -------
        self : GRURegressor

        Raises
        ------
        ValueError
            Bad input (the message names it), or weights that are not finite.
            The estimator is as it was before the call.

        Warns
        -----
        ConvergenceWarning
            `max_iter` was reached before the loss stopped falling.
        UserWarning
            Ctrl-C: the model keeps what it learned so far, the epoch that was
            broken off included, which `n_iter_` does not count.
        """
        validation = X_val, y_val, sample_weight_val
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, *, sample_weight=None):
        """One pass over X and y, going on from where the last call ended.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
        sample_weight : array-like of shape (n_sequences,), default=None

        Returns
        -------
        self : GRURegressor

        Raises
        ------
        ValueError
            As `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _encode_targets(self, y, sample_weight, goes_on, incremental):
        y = self._check_values(y, "y")
        lowest, highest = y.min(axis=0), y.max(axis=0)
        if not goes_on:
            self._target_scaling = None
            if self.standardize:
                check_range(lowest, highest, None, "float64", "y")  # squares must not overflow
                self._target_scaling = Scaling.of_rows(y, sample_weight)
        # a wrong number of outputs is refused with the network's shape, later
        scaling = self._target_scaling
        if scaling is not None and len(scaling.mean) == y.shape[1]:
            check_range(lowest, highest, scaling, self.dtype, "y")
            y = scaling.apply(y, self.dtype)
        else:
            check_range(lowest, highest, None, self.dtype, "y")
            y = np.ascontiguousarray(y, self.dtype)
        self.out_activation_ = "identity"
        return y, "squared_error", y.shape[1], sample_weight

    def _check_values(self, y, name):
        """Values of y, (n, K)."""
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name=name, estimator=self)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if y.ndim > 2 or y.shape[1:] == (0,):
            raise ValueError(
                f"{name} has shape {y.shape}; expected (n_sequences,) or (n_sequences, n_outputs)."
            )
        return y.reshape(len(y), -1)

    def _encode_validation_targets(self, y, n_outputs):
        y = self._check_values(y, "y_val")
        if y.shape[1] != n_outputs:
            raise ValueError(f"y_val has {y.shape[1]} outputs, but y has {n_outputs}.")
        scaling = self._target_scaling
        check_range(y.min(axis=0), y.max(axis=0), scaling, self.dtype, "y_val")
        return np.ascontiguousarray(y, self.dtype) if scaling is None else scaling.apply(y, self.dtype)

    def _strata(self, y):
        return None

    def _score_of(self, y, predicted, weights):
        return float(r2_score(y, predicted, sample_weight=weights))

    def predict(self, X):
        """Predicted values.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs), float64
        """
        sequences = self._sequences_to_predict(X)
        return self._predictor.with_n_jobs(self.n_jobs).predict(sequences)
