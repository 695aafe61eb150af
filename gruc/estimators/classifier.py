"""GRUClassifier."""

from numbers import Real

from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from ..conventions.inputs import by_sequence
from ._base import BaseGRU
from ._class_targets import ClassSettings, class_targets, plain_labels, strata
from ._docs import shared_docs
from ._parameter_names import explains_unknown_parameters
from ._saved import in_files


@shared_docs(
    standardize="",
    out_activation='"logistic" (two classes) or "softmax".',
    loss_curve="",
)
@in_files
class GRUClassifier(ClassifierMixin, BaseGRU):
    """Gated recurrent unit classifier of sequences.

    Minimises the cross-entropy by Adam or another `solver` over mini-batches, its gradients
    back-propagated through time.

    Parameters
    ----------
    {parameters}
    label_smoothing : float, default=0.0
        Share of a label's weight that all classes get alike; labels of two classes, and of
        several at once, are drawn towards 1/2 by it.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes, ``{label: weight}``; "balanced": inversely to how
        often they occur. Multiplied with `sample_weight`, in validation, too.

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

    _parameter_constraints = BaseGRU._parameter_constraints | {
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    _parameters_elsewhere = dict.fromkeys(("loss", "quantile", "delta"), "a parameter of GRURegressor")

    @explains_unknown_parameters
    def __init__(
        self,
        hidden_layer_sizes=(64,),
        *,
        bidirectional=False,
        reset_after=True,
        update_gate_bias_init=1.0,
        pooling="last",
        frame_length="auto",
        hop_length=None,
        standardize=True,
        dropout=0.0,
        recurrent_dropout=0.0,
        label_smoothing=0.0,
        solver="adam",
        alpha=0.0,
        l1_ratio=0.0,
        batch_size="auto",
        learning_rate="adaptive",
        learning_rate_init=0.01,
        power_t=0.5,
        decay_rate=0.5,
        decay_steps=20,
        warmup=0,
        max_iter=300,
        max_grad_norm=1.0,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        scoring=None,
        class_weight=None,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        momentum=0.9,
        nesterovs_momentum=True,
        rho=0.99,
        warm_start=False,
        dtype="float32",
        n_jobs=None,
        verbose=False,
    ):
        super().__init__(
            hidden_layer_sizes,
            bidirectional=bidirectional,
            reset_after=reset_after,
            update_gate_bias_init=update_gate_bias_init,
            pooling=pooling,
            frame_length=frame_length,
            hop_length=hop_length,
            standardize=standardize,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            solver=solver,
            alpha=alpha,
            l1_ratio=l1_ratio,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            decay_rate=decay_rate,
            decay_steps=decay_steps,
            warmup=warmup,
            max_iter=max_iter,
            max_grad_norm=max_grad_norm,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            scoring=scoring,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            rho=rho,
            warm_start=warm_start,
            dtype=dtype,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit to sequences X and labels y.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
            See the notes of the class. Never copied as a whole.
        y : array-like of shape (n_sequences,) or (n_sequences, n_classes)
            Labels: integers, strings or booleans, of two or more classes; or, for several at
            once, 1 where a class is there, else 0.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights, not negative; only their ratios matter. A sequence of weight 2 counts as two of
            them, whatever batch it falls into, and one of weight 0 is left out.
        X_val, y_val : as X and y, default=None
            Sequences and labels to validate on after each epoch; they are not learned from.
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
            Ctrl-C: the model keeps what it learned so far, the epoch that was
            broken off included, which `n_iter_` does not count. A fit inside a
            search, a cross-validation or an ensemble raises KeyboardInterrupt instead, and the
            estimator is as it was before the call.
        """
        validation = X_val, y_val, sample_weight_val
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, *, classes=None, sample_weight=None):
        """One pass over X and y, going on from where the last call ended.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,)
        classes : array-like of shape (n_classes,), default=None
            All labels there will ever be; needed at the first call unless y
            holds them all.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights, not negative. Taken as they are given, since the mean of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRUClassifier

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C: the estimator is as it was before the call.
        ValueError
            As `fit`, or for labels that are not among the classes.
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

    def score(self, X, y, sample_weight=None):
        """Accuracy: the share of sequences whose label, or whose every label, is predicted.

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

    def predict(self, X, *, initial_state=None):
        """The most probable label of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; F are a
            layer's units, of both directions. With layers of different widths a list of one
            array (n_sequences, F_l) or (F_l,) for each layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,), or (n_sequences, n_classes) of 0 and 1 after a
        multilabel fit
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)

    def predict_proba(self, X, *, initial_state=None):
        """Probability of each class.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; F are a
            layer's units, of both directions. With layers of different widths a list of one
            array (n_sequences, F_l) or (F_l,) for each layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of `dtype`
            Columns in the order of `classes_`.
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict_proba(sequences, initial_state=initial_state)

    def predict_log_proba(self, X, *, initial_state=None):
        """Logarithm of the probability of each class, finite where that underflows.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; F are a
            layer's units, of both directions. With layers of different widths a list of one
            array (n_sequences, F_l) or (F_l,) for each layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of `dtype`
        """
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict_log_proba(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUClassifier.__module__ = "gruc"
__test__ = {"GRUClassifier": GRUClassifier}
