"""GRUClassifier."""

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from ..conventions.inputs import by_sequence
from ..conventions.parameters import fit_context, names_of
from ._base import BaseGRU
from ._class_targets import ClassSettings, class_targets, plain_labels, strata
from ._docs import shared_docs
from ._files import in_files
from ._parameters import ClassifierParameters, Regression


@shared_docs
@in_files
class GRUClassifier(ClassifierParameters, ClassifierMixin, BaseGRU):
    """Gated recurrent unit classifier of sequences.

    Minimises the cross-entropy by Adam or another `solver` over mini-batches, its gradients
    back-propagated through time.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted; of a multilabel y the numbers of its columns.
    {attributes}

    See Also
    --------
    GRURegressor : The same for real-valued targets.

    Notes
    -----
    {notes}

    Examples
    --------
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> X[0].shape, X[1].shape  # frames of speech: as many as the speaker took
    ((20, 12), (26, 12))
    >>> model = GRUClassifier(max_iter=100, random_state=0).fit(X, y)
    >>> X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
    >>> model.score(X_test, y_test) > 0.9
    True
    """

    classes_: NDArray[Any]

    _parameters_elsewhere = dict.fromkeys(names_of(Regression), "a parameter of GRURegressor")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
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
        """Fit to sequences X and labels y.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            See the notes of the class. Never copied as a whole.
        y : array-like of shape (n_sequences,) or (n_sequences, n_classes)
            Labels: integers, strings or booleans, of two or more classes; or, if a sequence can have
            several labels, a multilabel indicator: 1 where it has the label, else 0.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights, not negative; only their ratios matter. A sequence of weight 2 counts as two
            sequences, in every batch, and one of weight 0 is left out.
        X_val, y_val : as X and y, default=None
            Sequences and labels to validate on after each epoch; they are not trained on.
        sample_weight_val : array-like of shape (n_sequences_val,), default=None
            Their weights.

        Returns
        -------
        self : GRUClassifier

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
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on X and y, starting from where the last call ended.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,)
        classes : array-like of shape (n_classes,), default=None
            All labels of this and of later calls; needed at the first call unless y
            contains all of them.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights, not negative. Used as given, since the mean weight of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRUClassifier

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C: the estimator is as it was before the call.
        ValueError
            As in `fit`, or for labels that are not among the classes.
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def _plain_targets(self, y):
        return plain_labels(y)

    def _strata(self, y):
        return strata(y)

    def _known_targets(self, gathers):
        return self._predictor.decoding

    def _targets_of(self, y, sample_weight, known, incremental, classes=None):
        settings = ClassSettings(self.class_weight, self.label_smoothing, self.dtype)
        return class_targets(y, sample_weight, settings, known, classes, incremental)

    def _restore_targets(self, outputs):
        self.classes_ = outputs.classes

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy: the fraction of sequences whose label, or all of whose labels, are predicted.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,) or (n_sequences, n_classes)
        sample_weight : array-like of shape (n_sequences,), default=None

        Returns
        -------
        float
        """
        X, y, sample_weight = by_sequence(self, X, y=y, sample_weight=sample_weight)
        return super().score(X, plain_labels(y), sample_weight)

    def predict(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """The most probable label of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, one for each sequence or the same for all; F is
            the number of units of a layer, of both directions. With layers of different widths a list
            of one array (n_sequences, F_l) or (F_l,) for each layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,), or (n_sequences, n_classes) of 0 and 1 if y was a
        multilabel indicator
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)

    def predict_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Probability of each class.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of `dtype`
            Columns in the order of `classes_`.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict_proba(sequences, initial_state=initial_state)

    def predict_log_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Logarithm of the probability of each class, finite where the probability underflows.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array or list of arrays, default=None
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of `dtype`
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict_log_proba(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUClassifier.__module__ = "gruc"
__test__ = {"GRUClassifier": GRUClassifier}
