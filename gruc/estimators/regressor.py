"""GRURegressor."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from ..conventions.inputs import by_sequence
from ..conventions.parameters import fit_context, names_of
from ._automatic import StructureMixin
from ._base import BaseGRU
from ._docs import shared_docs
from ._files import in_files
from ._parameters import Classification, RegressorParameters
from ._value_targets import ValueTargetsMixin, value_score


@shared_docs
@in_files
class GRURegressor(RegressorParameters, ValueTargetsMixin, RegressorMixin, StructureMixin, BaseGRU):
    """Gated recurrent unit regressor of sequences.

    Minimises the squared error of one or several outputs, or another loss, by backpropagation through
    time, with Adam or another `solver` on mini-batches.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}
    conv_channels_, conv_kernel_size_ : tuple of int
        Outputs of each convolution, and the steps that it reads; () without convolutions.
    pooling_ : str or tuple of str
        The readouts.
    n_estimators_ : int
        Number of networks.
    estimators_ : list of GRURegressor
        Fitted estimators of one network each; only if there are several. Attributes of this estimator about
        training, such as `loss_curve_`, are those of the first. After loading from a file, all of them
        have the mean of the biases of their output layers.

    See Also
    --------
    GRUClassifier : The same for labels.
    GRUStepRegressor : Values for each step of a sequence.
    GRUForecaster : Forecasts of time series.

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
        """Fit the model to sequences X and values y.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            Sequences; see Notes. X is never copied as a whole.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Finite values.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights; only their ratios matter. A sequence of weight 2 counts as two
            sequences whatever mini-batch it falls into, and one of weight 0 is ignored.
        X_val, y_val : as X and y, default=None
            Validation data, evaluated after each epoch. They are not used for training.
        sample_weight_val : array-like of shape (n_sequences_val,), default=None
            Weights of the validation data.

        Returns
        -------
        self : GRURegressor

        Raises
        ------
        ValueError
            If the input is invalid, or training diverges. The estimator is then left unchanged.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` is reached before training has converged, or training has not lowered the loss.
        UserWarning
            On Ctrl-C. The model keeps what it has learned so far, including the unfinished epoch, which
            `n_iter_` does not count, and without networks whose training has not begun (`n_estimators_` is
            the number of the others). A fit inside a search, a cross-validation or an ensemble, or one that
            is still choosing between convolutions and frames, raises KeyboardInterrupt instead and leaves
            the estimator unchanged.
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
            Non-negative weights, used as given, since the mean weight of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRURegressor

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The estimator is left unchanged.
        ValueError
            As in `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Coefficient of determination R2; with several quantiles, the mean of their D2 pinball scores.

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
        """Predict the values of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            Initial hidden states, one per sequence or the same for all; F is the number of units of a
            layer, in both directions together. For layers of different widths, a list with one array
            (n_sequences, F_l) or (F_l,) per layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs), float64
            With several quantiles, they are an additional last axis.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRURegressor.__module__ = "gruc"
__test__ = {"GRURegressor": GRURegressor}
