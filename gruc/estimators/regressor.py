"""GRURegressor."""

from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, column_or_1d

from ..conventions.inputs import by_sequence
from ..outputs import Values
from ..sequences import Scaling, check_range
from ..training import Loss
from ._base import BaseGRU
from ._docs import shared_docs
from ._parameter_names import explains_unknown_parameters
from ._saved import in_files

# whose targets are standardized by median and interquartile range, which outliers do not move
ROBUST_LOSSES = ("absolute_error", "huber", "quantile")


@shared_docs(
    standardize=";\n        targets too, which is undone on output, but not for the Poisson loss; by"
    "\n        median and interquartile range for the losses that bear outliers",
    out_activation='"identity", or of the Poisson loss "exp".',
    loss_curve=", on\n        the targets' standardized scale",
)
@in_files
class GRURegressor(RegressorMixin, BaseGRU):
    """Gated recurrent unit regressor of sequences.

    Minimises the squared error of one or many outputs, or another loss, by Adam or another
    `solver` over mini-batches, its gradients back-propagated through time.

    Parameters
    ----------
    {parameters}
    loss : str, default="squared_error"
        "squared_error" (half of it), "absolute_error", "huber", "quantile", or "poisson" for
        counts and rates, whose logarithm the network then gives.
    quantile : float or sequence of float, default=0.5
        What "quantile" predicts; several at once, in rising order, give an interval.
    delta : float, default=0.25
        Where "huber" goes from the square to the line. With `standardize` in robust standard
        deviations of the target: its interquartile range over 1.35. Unlike HuberRegressor's
        `epsilon` it does not refer to the residuals, which are smaller: with 1.35 a network
        learns gross outliers.

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

    _parameter_constraints = BaseGRU._parameter_constraints | {
        "loss": [StrOptions({"squared_error", "absolute_error", "huber", "poisson", "quantile"})],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "delta": [Interval(Real, 0, None, closed="neither")],
    }

    _parameters_elsewhere = dict.fromkeys(("class_weight", "label_smoothing"), "a parameter of GRUClassifier")

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
        loss="squared_error",
        quantile=0.5,
        delta=0.25,
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
        self.loss = loss
        self.quantile = quantile
        self.delta = delta

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
            Weights, not negative; only their ratios matter. A sequence of weight 2 counts as two of
            them, whatever batch it falls into, and one of weight 0 is left out.
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
            broken off included, which `n_iter_` does not count. A fit inside a
            search, a cross-validation or an ensemble raises KeyboardInterrupt instead, and the
            estimator is as it was before the call.
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
            Weights, not negative. Taken as they are given, since the mean of all the data is not
            known: a chunk of weight 2 counts twice as much as a chunk of weight 1.

        Returns
        -------
        self : GRURegressor

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C: the estimator is as it was before the call.
        ValueError
            As `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _levels(self):
        """Quantiles to predict, in order."""
        if self.loss != "quantile":
            return None
        try:
            levels = np.atleast_1d(np.asarray(self.quantile, np.float64))
        except (TypeError, ValueError):
            levels = np.empty(0)
        if levels.ndim > 1 or len(levels) == 0 or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(
                f"quantile must be one or several numbers between 0 and 1; got {self.quantile!r}."
            )
        if (np.diff(levels) <= 0).any():
            raise ValueError(f"quantile must rise from one to the next; got {self.quantile!r}.")
        return levels

    def _encode_targets(self, y, sample_weight, goes_on, incremental, gathers):
        y = self._check_values(y, "y")
        lowest, highest = y.min(axis=0), y.max(axis=0)
        levels = self._levels()
        known = self._trained_loss if goes_on else (self.loss, levels)
        if self.loss != known[0] or not np.array_equal(levels, known[1]):
            names = [
                f"loss={loss!r}" + ("" if of_loss is None else f" and quantile={list(map(float, of_loss))}")
                for loss, of_loss in ((self.loss, levels), known)
            ]
            raise ValueError(
                f"The parameters have {names[0]}, but the network to go on with was made with {names[1]}. "
                "To start anew, call fit with warm_start=False, or clone the estimator."
            )
        self._trained_loss, self._n_targets = (self.loss, levels), y.shape[1]
        if gathers:
            self._gather_targets(y, sample_weight, goes_on)
        # a wrong number of outputs is refused with the network's shape, later
        scaling = self._target_scaling
        if scaling is not None and len(scaling.mean) != y.shape[1]:
            scaling = None
        check_range(lowest, highest, scaling, self.dtype, "y")
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        settings = {"huber": (float(self.delta),), "quantile": () if levels is None else tuple(levels)}
        loss = Loss(self.loss, settings.get(self.loss, (0.0,)))
        return self._as_targets(y, scaling), loss, self._n_outputs_of(y), sample_weight

    def _gather_targets(self, y, sample_weight, goes_on):
        """Set the scaling of targets: by these and, as partial_fit goes on, those before."""
        self._target_scaling = None
        if not self.standardize or self.loss == "poisson":
            return
        check_range(y.min(axis=0), y.max(axis=0), None, "float64", "y")  # squares must not overflow
        if goes_on and self._first_targets[0].shape[1] == y.shape[1]:
            y_before, weight_before = self._first_targets
            if not (sample_weight is None and weight_before is None):
                weights = [
                    np.ones(len(part)) if weight is None else weight
                    for part, weight in ((y_before, weight_before), (y, sample_weight))
                ]
                sample_weight = np.concatenate(weights)
            y = np.concatenate([y_before, y])
        statistics = Scaling.robust if self.loss in ROBUST_LOSSES else Scaling.of_rows
        self._target_scaling = statistics(y, sample_weight)
        self._first_targets = y, sample_weight

    def _gather_statistics(self, sequences, weights, goes_on, incremental):
        super()._gather_statistics(sequences, weights, goes_on, incremental)
        if self._first_statistics is None:  # those of the targets are complete, too
            vars(self).pop("_first_targets", None)

    def _n_quantiles(self):
        """Outputs a target."""
        return len(self._levels()) if self.loss == "quantile" else 1

    def _n_outputs_of(self, y):
        return y.shape[1] * self._n_quantiles()

    def _as_targets(self, y, scaling):
        y = y if scaling is None else scaling.apply(y, self.dtype)
        if self._n_quantiles() > 1:  # the outputs of one target stand together
            y = np.repeat(y, self._n_quantiles(), axis=1)
        return np.ascontiguousarray(y, self.dtype)

    def _start(self, parameters, targets, weights):
        """With "poisson" from the mean, so that training need not find the scale of y first.

        The outputs of a constant target start at the constant, with weights of 0 in the head: so
        there is no error, and no gradient, that could lead away from it.
        """
        counted = targets if weights is None else targets[weights > 0]
        constant = (counted == counted[0]).all(axis=0)
        parameters["head.weight"][:, constant] = 0
        parameters["head.bias"][constant] = counted[0, constant]
        if self.loss == "poisson":
            mean = np.average(targets, axis=0, weights=weights)
            parameters["head.bias"][:] = np.log(np.maximum(mean, np.finfo(self.dtype).tiny))

    def _validation_loss(self, loss):
        return loss

    def _fitted_state(self):
        loss, levels = self._trained_loss
        return super()._fitted_state() | {"loss": loss, "quantile": None if levels is None else list(levels)}

    def _restore_targets(self, predictor, loss, quantile):
        self._trained_loss = loss, None if quantile is None else np.array(quantile)
        self._target_scaling, self._n_targets = predictor.decoding.scaling, predictor.decoding.n_targets

    def _decoding(self):
        is_log = self.loss == "poisson"
        values = Values(self._n_targets, self._target_scaling, is_log, self._n_quantiles())
        return super()._decoding() | {"decoding": values}

    def _check_values(self, y, name):
        """Values of y, (n, K)."""
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name=name, estimator=self)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if y.ndim > 2 or y.shape[1:] == (0,):
            raise ValueError(
                f"{name} has shape {y.shape}; expected (n_sequences,) or (n_sequences, n_outputs)."
            )
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"{name} must not be negative with loss='poisson'; it reaches {y.min():g}.")
        return y.reshape(len(y), -1)

    def _encode_validation_targets(self, y, n_outputs):
        y = self._check_values(y, "y_val")
        if self._n_outputs_of(y) != n_outputs:
            known = n_outputs * y.shape[1] // self._n_outputs_of(y)
            raise ValueError(f"y_val has {y.shape[1]} outputs, but y has {known}.")
        check_range(y.min(axis=0), y.max(axis=0), self._target_scaling, self.dtype, "y_val")
        return self._as_targets(y, self._target_scaling)

    def _strata(self, y):
        return None

    def _score_of(self, y, predicted, weights):
        _, levels = self._trained_loss  # parameters may have changed since
        if levels is None or len(levels) == 1:
            return float(r2_score(y, predicted, sample_weight=weights))
        of_levels = [
            d2_pinball_score(y, predicted[..., i], sample_weight=weights, alpha=level)
            for i, level in enumerate(levels)
        ]
        return float(np.mean(of_levels))

    def score(self, X, y, sample_weight=None):
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
        return self._score_of(y, self.predict(X), sample_weight)

    def predict(self, X, *, initial_state=None):
        """Predicted values.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; F are a
            layer's units, of both directions. With layers of different widths a list of one
            array (n_sequences, F_l) or (F_l,) for each layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs), float64
            With several quantiles one more axis, of these.
        """
        sequences = self._sequences_to_predict(X)
        predictor = self._predictor.with_n_jobs(self.n_jobs)
        return predictor.predict(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRURegressor.__module__ = "gruc"
__test__ = {"GRURegressor": GRURegressor}
