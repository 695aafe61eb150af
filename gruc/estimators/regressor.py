"""GRURegressor."""

from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from ..conventions.inputs import by_sequence
from ._base import BaseGRU
from ._docs import shared_docs
from ._parameter_names import explains_unknown_parameters
from ._saved import in_files
from ._value_targets import KnownValues, ValueSettings, ValueTargets, value_score


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

    def _known_targets(self, gathers):
        first = vars(self).get("_first_targets") if gathers else None
        return KnownValues(*self._trained_loss, self._predictor.decoding.scaling, first)

    def _targets_of(self, y, sample_weight, known, incremental):
        return ValueTargets(y, sample_weight, self._target_settings(), known)

    def _target_settings(self):
        return ValueSettings(self.loss, self.quantile, self.delta, self.standardize, self.dtype)

    def _fitted_loss(self):
        loss, levels = self._trained_loss
        return {"loss": loss, "quantile": None if levels is None else list(levels)}

    def _restore_targets(self, outputs, loss, quantile):
        self._trained_loss = loss, None if quantile is None else np.array(quantile)

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
        predicted = self.predict(X)
        _, levels = self._trained_loss  # parameters may have changed since
        return value_score(y, predicted, sample_weight, levels)

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
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.predict(sequences, initial_state=initial_state)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRURegressor.__module__ = "gruc"
__test__ = {"GRURegressor": GRURegressor}
