"""GRUClassifier."""

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from ..conventions.inputs import by_sequence
from ..conventions.parameters import fit_context, names_of
from ._automatic import StructureMixin
from ._base import BaseGRU
from ._class_targets import ClassSettings, class_targets, plain_labels, strata
from ._docs import shared_docs
from ._files import in_files
from ._parameters import ClassifierParameters, Regression


@shared_docs
@in_files
class GRUClassifier(ClassifierParameters, ClassifierMixin, StructureMixin, BaseGRU):
    """Gated recurrent unit classifier of sequences.

    Minimises the cross-entropy by backpropagation through time, with Adam or another `solver`
    on mini-batches.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted; for a multilabel y, the indices of its columns.
    {attributes}
    conv_channels_, conv_kernel_size_ : tuple of int
        Outputs of each convolution, and the steps that it reads; () without convolutions.
    pooling_ : str or tuple of str
        The readouts.
    n_estimators_ : int
        Number of networks.
    estimators_ : list of GRUClassifier
        Fitted estimators of one network each; only if there are several. Attributes of this estimator about
        training, such as `loss_curve_`, are those of the first. After loading from a file, all of them
        have the mean of the biases of their output layers.

    See Also
    --------
    GRURegressor : The same for real-valued targets.
    GRUTagger : A label for each step of a sequence.
    GRUTransformer : Features of sequences for other estimators.

    Notes
    -----
    {notes}

    Examples
    --------
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> X[0].shape, X[1].shape  # frames of speech, as many as the utterance has
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
        """Fit the model to sequences X and labels y.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            Sequences; see Notes. X is never copied as a whole.
        y : array-like of shape (n_sequences,) or (n_sequences, n_classes)
            Labels: integers, strings or booleans, of two or more classes. If a sequence can have
            several labels, a multilabel indicator matrix of zeros and ones.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights; only their ratios matter. A sequence of weight 2 counts as two
            sequences whatever mini-batch it falls into, and one of weight 0 is ignored.
        X_val, y_val : as X and y, default=None
            Validation data, evaluated after each epoch. They are not used for training.
        sample_weight_val : array-like of shape (n_sequences_val,), default=None
            Weights of the validation data.

        Returns
        -------
        self : GRUClassifier

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
            All labels of this and later calls. Required in the first call unless y
            contains all of them.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights, used as given, since the mean weight of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRUClassifier

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The estimator is left unchanged.
        ValueError
            As in `fit`, or if a label is not among the classes.
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
        """Accuracy: the fraction of sequences whose labels are all predicted correctly.

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
        """Predict the most probable label of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            Initial hidden states, one per sequence or the same for all; F is the number of units of a
            layer, in both directions together. For layers of different widths, a list with one array
            (n_sequences, F_l) or (F_l,) per layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_classes)
            Labels, or an indicator matrix if y was multilabel.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)

    def predict_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict the probability of each class.

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
        """Predict the log-probability of each class, which is finite where the probability underflows.

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
