"""GRURegressor."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from ..conventions.inputs import by_sequence
from ..conventions.parameters import fit_context, names_of
from ._base import BaseGRU
from ._docs import shared_docs
from ._files import in_files
from ._parameters import Classification, RegressorParameters
from ._value_targets import ValueTargetsMixin, value_score


@shared_docs
@in_files
class GRURegressor(RegressorParameters, ValueTargetsMixin, RegressorMixin, BaseGRU):
    """Gated recurrent unit regressor of sequences.

    Minimises the squared error of one or many outputs, or another loss, by Adam or another
    `solver` over mini-batches, its gradients back-propagated through time.

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

    _parameters_elsewhere = dict.fromkeys(names_of(Classification), "a parameter of GRUClassifier")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit to sequences X and values y.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            See the notes of the class. Never copied as a whole.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Values, finite.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights, not negative; only their ratios matter. A sequence of weight 2 counts as two
            sequences, in every batch, and one of weight 0 is left out.
        X_val, y_val : as X and y, default=None
            Sequences and values to validate on after each epoch; they are not trained on.
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
            Ctrl-C: the model keeps what it has learned so far, including the unfinished epoch,
            which `n_iter_` does not count. A fit inside a search, a cross-validation or an ensemble
            raises KeyboardInterrupt instead, and the estimator is as it was before the call.
        """
        validation = X_val, y_val, sample_weight_val
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch on X and y, starting from where the last call ended.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights, not negative. Used as given, since the mean weight of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRURegressor

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C: the estimator is as it was before the call.
        ValueError
            As in `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """R2; with several quantiles the mean of their D2 pinball scores.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
        sample_weight : array-like of shape (n_sequences,), default=None

        Returns
        -------
        float
        """
        X, y, sample_weight = by_sequence(self, X, y=y, sample_weight=sample_weight)
        predicted = self.predict(X)
        _, levels = self._trained_loss  # parameters may have changed since
        return value_score(y, predicted, sample_weight, levels)

    def predict(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[np.float64]:
        """Predicted values.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, one for each sequence or the same for all; F is
            the number of units of a layer, of both directions. With layers of different widths a list
            of one array (n_sequences, F_l) or (F_l,) for each layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs), float64
            With several quantiles there is one more axis, for these.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRURegressor.__module__ = "gruc"
__test__ = {"GRURegressor": GRURegressor}
