"""GRUClassifier."""

from numbers import Real

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.utils import assert_all_finite
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from ..conventions.inputs import LARGEST_WEIGHT, by_sequence
from ..outputs import Classes, Labels
from ..training import Loss
from ._base import BaseGRU
from ._docs import shared_docs
from ._parameter_names import explains_unknown_parameters
from ._saved import in_files


def places_among(classes, y, name, advice=""):
    """Place of each label of y among the classes, which are sorted and hold them all."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(f"{name} holds labels that are not among the classes {classes}: {unknown}.{advice}")
    return np.searchsorted(classes, y)


def n_columns(y):
    """Columns of a y of two dimensions, else 1."""
    y = y if isinstance(y, np.ndarray) else np.asarray(y)
    return y.shape[1] if y.ndim == 2 else 1


def plain_labels(y):
    """Objects that are all booleans, or all numbers, as an array of these; any other y as it is.

    scikit-learn calls an array of such objects a target of unknown type.
    """
    if hasattr(y, "columns") and getattr(y, "shape", (0, 1))[1] > 1:  # columns of pandas' "boolean", "Int64"
        y = np.asarray(y)
    dtype = getattr(y, "dtype", None)
    if not (isinstance(dtype, np.dtype) and dtype.hasobject):
        return y
    values = np.asarray(y)
    kinds = {type(value) for value in values.flat}
    are_flags = {issubclass(kind, (bool, np.bool_)) for kind in kinds}
    if len(are_flags) == 1 and all(issubclass(kind, (np.bool_, Real)) for kind in kinds):
        plain = np.array(values.tolist())
        return plain if plain.dtype.kind in "biuf" and plain.shape == values.shape else y
    return y


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

    def _encode_targets(self, y, sample_weight, goes_on, incremental, gathers, classes=None):
        classes = plain_labels(classes)
        if n_columns(y) > 1:
            return self._encode_indicator(y, sample_weight, goes_on, classes)
        if goes_on and self._multilabel:
            raise ValueError(
                f"y must be (n_sequences, {len(self.classes_)}) of 0 and 1, as in the first call."
            )
        self._multilabel = False
        labels = None
        if goes_on and (classes is None or np.array_equal(classes, self.classes_)):
            labels = self._known_labels(y)
        if labels is None:
            y, labels = self._check_labels(y, classes, goes_on)
        self._weight_of_classes = self._class_weights(y, labels, incremental)
        weights = self._weighted(labels, sample_weight)
        if len(self.classes_) == 2:
            self.out_activation_ = "logistic"
            return self._smoothed(labels[:, np.newaxis]), Loss("sigmoid"), 1, weights
        self.out_activation_ = "softmax"
        loss = Loss("softmax", (float(self.label_smoothing),))
        return labels.astype(np.intp), loss, len(self.classes_), weights

    def _encode_indicator(self, y, sample_weight, goes_on, classes):
        y = self._check_indicator(y, "y")
        if self.class_weight is not None:
            raise ValueError(
                "class_weight is for one label a sequence; weight multilabel ones by sample_weight."
            )
        if goes_on and not (self._multilabel and y.shape[1] == len(self.classes_)):
            known = f"(n_sequences, {len(self.classes_)})" if self._multilabel else "(n_sequences,)"
            raise ValueError(f"y has shape {y.shape}, but the network to go on with was made for {known}.")
        if classes is not None and len(classes) != y.shape[1]:
            raise ValueError(f"y has {y.shape[1]} columns, but there are {len(classes)} classes.")
        self._multilabel = True
        self._weight_of_classes = None
        self.classes_ = np.arange(y.shape[1])
        self.out_activation_ = "logistic"
        return self._smoothed(y), Loss("sigmoid"), y.shape[1], sample_weight

    @staticmethod
    def _check_indicator(y, name):
        y = np.asarray(y)
        if type_of_target(y, input_name=name) != "multilabel-indicator" or not np.isin(y, (0, 1)).all():
            raise ValueError(
                f"{name} has shape {y.shape} and is no multilabel indicator, which holds 0 and 1 only. For "
                "one label a sequence give a 1-D array."
            )
        return y

    def _smoothed(self, y):
        """Targets of the sigmoid: y, drawn towards 1/2 by `label_smoothing`."""
        y = y.astype(self.dtype)
        if self.label_smoothing:
            y = (1 - self.label_smoothing) * y + self.label_smoothing / 2
        return np.ascontiguousarray(y, self.dtype)

    def _encode_validation_targets(self, y, n_outputs):
        if self._multilabel:
            y = self._check_indicator(y, "y_val")
            if y.shape[1] != n_outputs:
                raise ValueError(f"y_val has {y.shape[1]} columns, but y has {n_outputs}.")
            return np.ascontiguousarray(y, self.dtype)
        y = column_or_1d(y, warn=True)
        labels = places_among(self.classes_, y, "y_val")
        if len(self.classes_) == 2:
            return labels[:, np.newaxis].astype(self.dtype)
        return labels.astype(np.intp)

    def _validation_loss(self, loss):
        return loss._replace(settings=(0.0,))  # labels as they are, not smoothed

    def _restore_targets(self, predictor):
        self.classes_, self._multilabel = predictor.classes, predictor.multilabel
        self._weight_of_classes = None  # worked out anew by each fit

    def _decoding(self):
        return super()._decoding() | {"decoding": (Labels if self._multilabel else Classes)(self.classes_)}

    def _strata(self, y):
        if n_columns(y) > 1:
            return None
        y = column_or_1d(y)
        check_classification_targets(y)
        return y

    def _score_of(self, y, predicted, weights):
        return float(accuracy_score(y, predicted, sample_weight=weights))

    def _known_labels(self, y):
        """Places of y among the classes, where y is plainly an array of just these; else None."""
        if (
            not isinstance(y, np.ndarray)
            or y.ndim != 1
            or y.dtype != self.classes_.dtype
            or y.dtype.kind not in "iu"
        ):
            return None
        labels = np.searchsorted(self.classes_, y)
        labels[labels == len(self.classes_)] = 0
        return labels if np.array_equal(self.classes_[labels], y) else None

    def _check_labels(self, y, classes, goes_on):
        """Y as an array, and its places among the classes, which are set."""
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        if classes is not None:
            classes = column_or_1d(classes)
            assert_all_finite(classes, input_name="classes")
            classes = np.unique(classes)
            if goes_on and not np.array_equal(classes, self.classes_):
                raise ValueError(f"classes={classes} differ from those of the first call, {self.classes_}.")
        elif goes_on:
            classes = self.classes_
        else:
            classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(
                f"{len(classes)} class only: {classes}. A classifier needs samples of at least 2 classes."
            )
        advice = (
            " The first call saw none of these; give all there will be as classes there." if goes_on else ""
        )
        labels = places_among(classes, y, "y", advice)
        self.classes_ = classes
        return y, labels

    def _class_weights(self, y, labels, incremental):
        """Weight of each class, (n_classes,), or None; for fit, where ratios matter, the largest is 1."""
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all of y at once, which partial_fit does not see. Give "
                "a dict of weights, for instance from sklearn.utils.class_weight.compute_class_weight."
            )
        of_classes = np.zeros(len(self.classes_))
        if self.class_weight == "balanced":
            # a class may be missing where training goes on
            present = np.unique(labels)
            of_classes[present] = compute_class_weight("balanced", classes=present, y=labels)
        else:
            if not all(isinstance(weight, Real) for weight in self.class_weight.values()):
                raise ValueError(f"class_weight must hold numbers; got {self.class_weight}.")
            of_classes[:] = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        if not np.isfinite(of_classes).all() or (of_classes < 0).any():
            raise ValueError(
                f"class_weight must hold finite weights that are not negative; got {self.class_weight}."
            )
        if incremental:
            if of_classes.max() > LARGEST_WEIGHT:
                raise ValueError(
                    f"class_weight reaches {of_classes.max():g}, and partial_fit takes weights as they are "
                    f"given, up to {LARGEST_WEIGHT:g}. Divide them by their mean."
                )
            return of_classes
        return of_classes / max(of_classes.max(), np.finfo(np.float64).tiny)

    def _weighted(self, labels, sample_weight, where=""):
        """Weights of sequences times those of their classes, or None without either."""
        if self._weight_of_classes is None:
            return sample_weight
        weights = self._weight_of_classes[labels] * (1.0 if sample_weight is None else sample_weight)
        if not weights.any():
            raise ValueError(f"class_weight leaves no sample{where} with a weight above zero.")
        return weights

    def _missing_classes(self, y_val):
        if self._multilabel:
            missing = self.classes_[~np.asarray(y_val).any(axis=0)]
        else:
            missing = np.setdiff1d(self.classes_, column_or_1d(y_val))
        if not len(missing):
            return ""
        named = ", ".join(str(label)[:100] for label in missing[:5]) + (", ..." if len(missing) > 5 else "")
        return f"{'class' if len(missing) == 1 else f'{len(missing)} classes:'} {named}"

    def _validation_weights(self, y_val, sample_weight):
        if self._weight_of_classes is None:
            return sample_weight
        labels = places_among(self.classes_, column_or_1d(y_val), "y_val")
        return self._weighted(labels, sample_weight, " of the validation set")

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
        sequences = self._sequences_to_predict(X)
        predictor = self._predictor.with_n_jobs(self.n_jobs)
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
        sequences = self._sequences_to_predict(X)
        predictor = self._predictor.with_n_jobs(self.n_jobs)
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
        sequences = self._sequences_to_predict(X)
        predictor = self._predictor.with_n_jobs(self.n_jobs)
        return predictor.predict_log_proba(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUClassifier.__module__ = "gruc"
__test__ = {"GRUClassifier": GRUClassifier}
