"""What GRUClassifier and GRURegressor share: X, weights, the order of a fit."""

import warnings
from contextlib import nullcontext
from numbers import Integral, Real
from operator import is_not

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._validation import (
    SequenceInputMixin,
    all_or_nothing,
    check_sample_weight,
    check_targets_given,
)
from ..network import GRUNetwork
from ..runtime import Predictor
from ..sequences import Scaling, check_range
from ..training import Adam, Trainer, TrainingData


def auto_batch_size(n_sequences):
    """A 64th of the sequences, within 8 and 128: few need many steps, many need speed."""
    return min(max(8, n_sequences // 64), 128)


class BaseGRU(SequenceInputMixin, BaseEstimator):
    """Base of the estimators; subclasses encode targets and decode outputs."""

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "reset_after": ["boolean"],
        "pooling": [StrOptions({"last", "mean"})],
        "standardize": ["boolean"],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "warm_start": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"})],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(64,),
        *,
        bidirectional=False,
        reset_after=True,
        pooling="last",
        standardize=True,
        batch_size="auto",
        learning_rate_init=0.01,
        max_iter=200,
        max_grad_norm=1.0,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        n_iter_no_change=10,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        warm_start=False,
        dtype="float32",
        n_jobs=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.bidirectional = bidirectional
        self.reset_after = reset_after
        self.pooling = pooling
        self.standardize = standardize
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.max_grad_norm = max_grad_norm
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warm_start = warm_start
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.verbose = verbose

    @property
    def weights_(self):
        """Fitted weights: dict of read-only views by torch's names."""
        if "_predictor" not in vars(self):
            raise AttributeError(f"{type(self).__name__} is not fitted yet and has no weights_.")
        return dict(self._predictor.weights)

    def __sklearn_is_fitted__(self):
        return "_predictor" in vars(self)

    # ---- fitting

    def _fit(self, X, y, sample_weight, incremental, **targets_options):
        """fit, or with `incremental` one pass for partial_fit; all of it or, on error, nothing."""
        with all_or_nothing(self):
            goes_on = (incremental or self.warm_start) and "_trainer" in vars(self)
            before = self._trainer.or_as_before() if goes_on else nullcontext()
            with before:
                return self._fit_or_fail(X, y, sample_weight, goes_on, incremental, **targets_options)

    def _params_changed(self):
        """Whether parameters are other objects than at the last call; validates them if so."""
        params = [getattr(self, name) for name in self._parameter_constraints]
        known = vars(self).get("_known_params", ())
        same = len(known) == len(params) and not any(map(is_not, params, known))
        if same and isinstance(self.hidden_layer_sizes, (tuple, Integral)):  # a list may change within
            return False
        self._validate_params()  # scikit-learn does so in fit, but only in the first partial_fit
        self._known_params = params
        return True

    def _fit_or_fail(self, X, y, sample_weight, goes_on, incremental, **targets_options):
        changed = self._params_changed()
        sequences = self._check_X(X, reset=not goes_on)
        check_targets_given(self, y)
        if not hasattr(y, "__len__") or len(y) != len(sequences):
            check_consistent_length(sequences, y)  # raises; asks many kinds of y, which takes long
        sample_weight = check_sample_weight(sample_weight, sequences)
        targets, loss, n_outputs, weights = self._encode_targets(
            y, sample_weight, goes_on=goes_on, incremental=incremental, **targets_options
        )
        if goes_on:
            trainer = self._trainer
            known = trainer.network.config
            if changed or (sequences.n_features, n_outputs) != (known["n_features"], known["n_outputs"]):
                self._check_goes_on(self._network_config(sequences.n_features, n_outputs))
        else:
            self._scaling = self._scaling_of(sequences, weights)
            network = GRUNetwork(**self._network_config(sequences.n_features, n_outputs))
            trainer = Trainer(network, loss, self.dtype, self._generator())
        check_range(sequences.lowest, sequences.highest, self._scaling, self.dtype, "X")
        self._set_optimizer(trainer, keep=incremental)
        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = auto_batch_size(len(sequences))
        stopped_by = trainer.run(
            TrainingData(sequences, self._scaling, targets, weights),
            max_epochs=1 if incremental else self.max_iter,
            batch_size=batch_size,
            shuffle=self.shuffle,
            max_grad_norm=self.max_grad_norm,
            tol=self.tol,
            patience=None if incremental else self.n_iter_no_change,
            verbose=self.verbose,
            n_jobs=self.n_jobs,
        )
        if stopped_by == "interrupt":
            warnings.warn(
                f"Training interrupted in epoch {trainer.n_epochs + 1}; the model keeps what it "
                "learned so far.",
                stacklevel=5,
            )
        elif stopped_by == "max_iter" and not incremental:
            warnings.warn(
                f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=5,
            )
        if not incremental:
            trainer.release_workspace()
        self._set_fitted(trainer)
        return self

    def _scaling_of(self, sequences, weights):
        if not self.standardize:
            return None
        # squares must not overflow
        check_range(sequences.lowest, sequences.highest, None, "float64", "X")
        return Scaling.of_sequences(sequences, weights)

    def _network_config(self, n_features, n_outputs):
        """Arguments of `GRUNetwork`."""
        return {
            "n_features": n_features,
            "hidden_layer_sizes": self._check_hidden_layer_sizes(),
            "bidirectional": bool(self.bidirectional),
            "reset_after": bool(self.reset_after),
            "pooling": self.pooling,
            "n_outputs": n_outputs,
        }

    def _generator(self):
        """One stream for all; from a RandomState a seed is drawn. No global seed is touched."""
        seed = self.random_state
        if isinstance(seed, np.random.RandomState):
            seed = seed.randint(np.iinfo(np.int32).max)
        return np.random.default_rng(seed)

    def _set_optimizer(self, trainer, keep):
        settings = {
            "learning_rate": self.learning_rate_init,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
        smallest = np.finfo(self.dtype).tiny  # Adam counts smaller numbers as 0
        if self.epsilon < smallest:
            raise ValueError(
                f"epsilon={self.epsilon:g} counts as 0 in {self.dtype}; use {smallest:g} or more."
            )
        if keep and trainer.optimizer is not None:
            vars(trainer.optimizer).update(settings)
        else:
            trainer.optimizer = Adam(trainer.parameters, **settings)

    def _set_fitted(self, trainer):
        self._trainer = trainer
        self._predictor = Predictor(
            trainer.network,
            trainer.parameters,
            scaling=self._scaling,
            classes=getattr(self, "classes_", None),
            target_scaling=getattr(self, "_target_scaling", None),
            n_jobs=self.n_jobs,
        )
        self.n_iter_ = trainer.n_epochs
        self.t_ = trainer.n_samples_seen
        self.loss_curve_ = trainer.loss_curve
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = trainer.best_loss if self.loss_curve_ else np.nan
        self.n_layers_ = len(trainer.network.layers) + 2
        self.n_outputs_ = trainer.network.head.n_outputs

    # ---- checks

    def _check_hidden_layer_sizes(self):
        sizes = self.hidden_layer_sizes
        in_order = not isinstance(sizes, (set, frozenset, dict, str))
        sizes = np.atleast_1d(np.asarray(sizes, dtype=object)).tolist() if in_order else []
        if not sizes or not all(
            isinstance(size, Integral) and not isinstance(size, bool) and size > 0 for size in sizes
        ):
            raise ValueError(
                "hidden_layer_sizes must be positive integers, one a GRU layer, at least one; got "
                f"{self.hidden_layer_sizes!r}."
            )
        return [int(size) for size in sizes]

    def _check_goes_on(self, config):
        """Refuse to go on with a network of another shape."""
        trained = self._trainer.network.config | {
            "dtype": self._trainer.parameters.dtype.name,
            "standardize": self._scaling is not None,
        }
        for name, value in (config | {"dtype": self.dtype, "standardize": self.standardize}).items():
            if trained[name] != value:
                raise ValueError(
                    f"{name} is {value}, but the network to go on with was made with "
                    f"{trained[name]}. To start anew, call fit with warm_start=False, or clone the estimator."
                )

    # ---- prediction

    def _sequences_to_predict(self, X):
        check_is_fitted(self)
        return self._check_X(X, reset=False)
