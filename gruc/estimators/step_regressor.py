"""GRUStepRegressor."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..conventions.parameters import fit_context, names_of
from ._base import BaseGRU
from ._docs import shared_docs
from ._each_step import EachStepMixin
from ._files import in_files
from ._network_parameters import ConvolutionPooling, Readout
from ._parameters import Averaging, Classification, Frames
from ._step_parameters import StepRegressorParameters
from ._value_targets import ValueTargetsMixin, value_score


@shared_docs
@in_files
class GRUStepRegressor(StepRegressorParameters, EachStepMixin, ValueTargetsMixin, BaseGRU):
    """Gated recurrent unit regressor of each step of sequences.

    Predicts one or several values for each step of a sequence. Minimises the mean squared error, or
    another loss, over the steps of mini-batches of sequences, with Adam or another `solver`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    GRURegressor : One target, or several, for each sequence.
    GRUTagger : The same for labels.

    Notes
    -----
    Unless `bidirectional` is set, the value at a step depends only on that step and the previous ones.

    A mini-batch consists of `batch_size` sequences. Its loss is the mean over all their steps, so that a
    long sequence counts more than a short one. With weights it is the weighted sum, divided by the number
    of steps times the mean weight of all steps of the fit. Where a parameter refers to frames, read
    steps.

    scikit-learn's cross-validation and searches accept X and y as lists of arrays, and use `score`. For
    another metric, see the notes of `GRUTagger`.

    {notes}

    Examples
    --------
    A running mean:

    >>> import numpy as np
    >>> from gruc import GRUStepRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.standard_normal(n) for n in rng.integers(5, 40, 200)]
    >>> y = [np.cumsum(x) / np.arange(1, len(x) + 1) for x in X]
    >>> model = GRUStepRegressor(early_stopping=True, random_state=0).fit(X[:150], y[:150])
    >>> X[150].shape, model.predict(X[150:])[0].shape
    ((6,), (6,))
    >>> model.score(X[150:], y[150:]) > 0.9
    True
    """

    _values_wanted = True
    _parameters_elsewhere = (
        dict.fromkeys(names_of(Classification), "a parameter of GRUTagger")
        | dict.fromkeys(
            names_of(Readout), "a parameter of GRURegressor, which makes one prediction per sequence"
        )
        | dict.fromkeys(
            names_of(ConvolutionPooling), "a parameter of GRURegressor; here each step has a prediction"
        )
        | dict.fromkeys(names_of(Frames), "a parameter of GRURegressor; here each step is an input")
        | dict.fromkeys(names_of(Averaging), "a parameter of GRURegressor")
    )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the model to sequences X and values y of their steps.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            Sequences; see Notes. X is never copied as a whole.
        y : list of arrays of shape (n_steps_i,) or (n_steps_i, n_outputs)
            Finite values, one or several for each step of each sequence. Arrays of shape
            (n_sequences, n_steps) or (n_sequences, n_steps, n_outputs) and nested lists are accepted. If
            X is a DataFrame with a (series, time) MultiIndex or a groupby, so is a Series or DataFrame
            with the values of each row.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights; only their ratios matter. A sequence of weight 2 counts as two
            sequences whatever mini-batch it falls into, and one of weight 0 is ignored.
        X_val, y_val : as X and y, default=None
            Validation data, evaluated after each epoch. They are not used for training.
        sample_weight_val : array-like of shape (n_sequences_val,), default=None
            Weights of the validation data.

        Returns
        -------
        self : GRUStepRegressor

        Raises
        ------
        ValueError
            If the input is invalid, or training diverges. The estimator is then left unchanged.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` is reached before training has converged, or training has not lowered the loss.
        UserWarning
            On Ctrl-C, as in `GRURegressor.fit`.
        """
        validation = X_val, y_val, sample_weight_val
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: ArrayLike, y: Any, *, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch on X and y, starting from where the last call ended.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : list of arrays of shape (n_steps_i,) or (n_steps_i, n_outputs)
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights, used as given, since the mean weight of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRUStepRegressor

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The estimator is left unchanged.
        ValueError
            As in `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def score(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """R2 over all steps; with several quantiles the mean of their D2 pinball scores.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : list of arrays of shape (n_steps_i,) or (n_steps_i, n_outputs)
        sample_weight : array-like of shape (n_sequences,), default=None

        Returns
        -------
        float
        """
        y, predicted, weights = self._scored_rows(X, y, sample_weight)
        _, levels = self._trained_loss  # parameters may have changed since
        return value_score(y, predicted, weights, levels)

    def predict(
        self, X: ArrayLike, *, initial_state: Any = None
    ) -> NDArray[np.float64] | NDArray[np.object_]:
        """Predict the values at each step.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            Initial hidden states, as in `GRURegressor.predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps), or of arrays of shape (n_steps_i,)
            Values of type float64. An array if X is an array, otherwise a 1-D object array with one array
            per sequence. Several outputs, and several quantiles, add one axis each.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUStepRegressor.__module__ = "gruc"
__test__ = {"GRUStepRegressor": GRUStepRegressor}
