"""GRUTagger."""

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score

from ..conventions.parameters import fit_context, names_of
from ._base import BaseGRU
from ._class_targets import ClassSettings, ClassTargets
from ._docs import shared_docs
from ._each_step import EachStepMixin
from ._files import in_files
from ._network_parameters import ConvolutionPooling, Readout
from ._parameters import Averaging, Frames, Regression
from ._step_parameters import TaggerParameters


@shared_docs
@in_files
class GRUTagger(TaggerParameters, EachStepMixin, BaseGRU):
    """Gated recurrent unit classifier of each step of sequences.

    Predicts a label for each step of a sequence. Minimises the mean cross-entropy over the steps of
    mini-batches of sequences, with Adam or another `solver`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    {attributes}

    See Also
    --------
    GRUClassifier : One label for each sequence.
    GRUStepRegressor : The same for real-valued targets.

    Notes
    -----
    Unless `bidirectional` is set, the label of a step depends only on that step and the previous ones.

    A mini-batch consists of `batch_size` sequences. Its loss is the mean over all their steps, so that a
    long sequence counts more than a short one. With weights it is the weighted sum, divided by the number
    of steps times the mean weight of all steps of the fit. The sequences held out by `early_stopping` are
    drawn at random, without stratification. Where a parameter refers to frames, read
    steps.

    scikit-learn's cross-validation and searches accept X and y as lists of arrays, and use `score`. For
    another metric over all steps::

        def f1_over_steps(y, predicted):
            return f1_score(np.concatenate(y), np.concatenate(predicted), average="macro")

        GridSearchCV(GRUTagger(), grid, scoring=make_scorer(f1_over_steps))

    {notes}

    Examples
    --------
    Identify the speaker at each step of an utterance:

    >>> import numpy as np
    >>> from gruc import GRUTagger
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> labels = [np.full(len(x), speaker) for x, speaker in zip(X, y)]
    >>> model = GRUTagger(early_stopping=True, random_state=0).fit(X, labels)
    >>> X[0].shape, model.predict(X)[0].shape, model.predict_proba(X)[0].shape
    ((20, 12), (20,), (20, 9))
    >>> model.score(X, labels) > 0.9
    True
    """

    classes_: NDArray[Any]

    _parameters_elsewhere = (
        dict.fromkeys(names_of(Regression), "a parameter of GRUStepRegressor")
        | dict.fromkeys(
            names_of(Readout), "a parameter of GRUClassifier, which makes one prediction per sequence"
        )
        | dict.fromkeys(
            names_of(ConvolutionPooling), "a parameter of GRUClassifier; here each step has a prediction"
        )
        | dict.fromkeys(names_of(Frames), "a parameter of GRUClassifier; here each step is an input")
        | dict.fromkeys(names_of(Averaging), "a parameter of GRUClassifier")
    )

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
        """Fit the model to sequences X and labels y of their steps.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            Sequences; see Notes. X is never copied as a whole.
        y : list of arrays of shape (n_steps_i,), or array of shape (n_sequences, n_steps)
            Labels: integers, strings or booleans, one for each step of each sequence. Nested lists are
            accepted. If X is a DataFrame with a (series, time) MultiIndex or a groupby, so is a Series
            with one label per row.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights; only their ratios matter. A sequence of weight 2 counts as two
            sequences whatever mini-batch it falls into, and one of weight 0 is ignored.
        X_val, y_val : as X and y, default=None
            Validation data, evaluated after each epoch. They are not used for training.
        sample_weight_val : array-like of shape (n_sequences_val,), default=None
            Weights of the validation data.

        Returns
        -------
        self : GRUTagger

        Raises
        ------
        ValueError
            If the input is invalid, or training diverges. The estimator is then left unchanged.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` is reached before training has converged, or training has not lowered the loss.
        UserWarning
            On Ctrl-C, as in `GRUClassifier.fit`.
        """
        validation = X_val, y_val, sample_weight_val
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: Any,
        *,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on X and y, starting from where the last call ended.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : list of arrays of shape (n_steps_i,), or array of shape (n_sequences, n_steps)
        classes : array-like of shape (n_classes,), default=None
            All labels of this and later calls. Required in the first call unless y
            contains all of them.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights, used as given, since the mean weight of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRUTagger

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The estimator is left unchanged.
        ValueError
            As in `fit`, or if a label is not among the classes.
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def _known_targets(self, gathers):
        return self._predictor.decoding

    def _targets_of(self, y, sample_weight, known, incremental, classes=None):
        settings = ClassSettings(self.class_weight, self.label_smoothing, self.dtype)
        return ClassTargets(y, sample_weight, settings, known, classes, incremental)

    def _restore_targets(self, outputs):
        self.classes_ = outputs.classes

    def score(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy: the fraction of all steps whose label is predicted correctly.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : list of arrays of shape (n_steps_i,), or array of shape (n_sequences, n_steps)
        sample_weight : array-like of shape (n_sequences,), default=None

        Returns
        -------
        float
        """
        y, predicted, weights = self._scored_rows(X, y, sample_weight)
        return float(accuracy_score(y, predicted, sample_weight=weights))

    def predict(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict the most probable label of each step.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            Initial hidden states, as in `GRUClassifier.predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps), or of arrays of shape (n_steps_i,)
            An array if X is an array, otherwise a 1-D object array with one array per sequence.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)

    def predict_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict the probability of each class at each step.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps, n_classes), or of arrays of shape (n_steps_i, n_classes)
            As in `predict`, of type `dtype`. Columns are in the order of `classes_`.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict_proba(sequences, initial_state=initial_state)

    def predict_log_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict the log-probability of each class at each step, finite where the probability underflows.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps, n_classes), or of arrays of shape (n_steps_i, n_classes)
            As in `predict`, of type `dtype`.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict_log_proba(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUTagger.__module__ = "gruc"
__test__ = {"GRUTagger": GRUTagger}
