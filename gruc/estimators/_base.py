"""What GRUClassifier and GRURegressor share: X, weights, the order of a fit."""

import zlib
from numbers import Integral
from operator import is_not
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from ..conventions.callbacks import CallbackSupportMixin, EpochCallbacks, fit_task
from ..conventions.inputs import (
    SequenceInputMixin,
    by_sequence,
    check_as_many,
    check_sample_weight,
    check_targets_given,
    elements_at,
    errors_name,
    refuse_missing,
    warn_of_one_step,
)
from ..conventions.interrupts import is_one_of_several_fits
from ..conventions.parameter_names import ParameterNamesMixin
from ..conventions.pickles import VersionedPickleMixin
from ..conventions.transactions import all_or_nothing
from ..conventions.user_warnings import warn_user
from ..network import GRUNetwork
from ..runtime import Predictor
from ..runtime.fitted_network import FittedNetworkMixin
from ..sequences import Framing, Moments, Numbers, check_range
from ..training import (
    DESCRIBED_AS,
    History,
    StepMemory,
    TrainingData,
    TrainingSettings,
    TrainingState,
    TrainingStep,
    state_of_trainer,
    train,
)
from ._holdout import Validation
from ._saved import save

# The statistics of partial_fit are those of its first calls, until they have seen so many sequences:
# the deviation of ten is right to a quarter of itself, and that of one says nothing.
ENOUGH_SEQUENCES = 10


def auto_batch_size(n_sequences):
    """A 64th of the sequences, within 8 and 128: few need many steps, many need speed."""
    return min(max(8, n_sequences // 64), 128)


def auto_frame_length(lengths):
    """A 25th of the median length, but 4 at least and 16 at most; in short sequences a sixth or less.

    Found by cross-validation inside training parts: benchmarks/defaults.py.
    """
    n_steps = int(np.median(lengths))
    return max(1, min(n_steps // 6, max(4, n_steps // 25), 16))


class BaseGRU(
    ParameterNamesMixin,
    CallbackSupportMixin,
    VersionedPickleMixin,
    SequenceInputMixin,
    FittedNetworkMixin,
    BaseEstimator,
):
    """Base of the estimators; subclasses encode targets and decode outputs."""

    n_features_in_: int
    feature_names_in_: NDArray[Any]
    n_iter_: int
    frame_length_: int
    hop_length_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    loss_: float
    best_loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    validation_epochs_: list[int] | None
    best_iter_: int
    best_validation_score_: float | None
    t_: int

    @property
    def weights_(self) -> dict[str, NDArray[Any]]:
        """Fitted weights: dict of read-only views by torch's names."""
        if "_predictor" not in vars(self):
            raise AttributeError(f"{type(self).__name__} is not fitted yet and has no weights_.")
        return dict(self._predictor.weights)

    # what partial_fit knows of its first sequences, where these are too few; None: statistics stay
    _first_statistics = None

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_known_params", None)  # parameters of an earlier call, which may not even pickle
        # no class of gruc's but the estimator's own: who loads it need trust and keep no others
        state.pop("_step_memory", None)  # which the next batch overwrites anyway
        for name in ("_training_state", "_predictor"):
            if name in state:
                state[name] = state[name].__getstate__()
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        of_self = vars(self)
        if "_trainer" in of_self:
            of_self["_training_state"] = state_of_trainer(of_self.pop("_trainer"))
        for name, kind in (("_training_state", TrainingState), ("_predictor", Predictor)):
            if name in of_self:
                part = kind.__new__(kind)
                part.__setstate__(of_self[name])
                of_self[name] = part

    def __sklearn_is_fitted__(self):
        return "_predictor" in vars(self)

    # ---- fitting

    def _fit(self, X, y, sample_weight, incremental, validation=(None, None, None), **targets_options):
        """fit, or with `incremental` one pass for partial_fit; all of it or, on error, nothing."""
        X, y, sample_weight = by_sequence(self, X, y=y, sample_weight=sample_weight)
        validation = by_sequence(
            self, validation[0], "X_val", y_val=validation[1], sample_weight_val=validation[2]
        )
        y, y_val = self._plain_targets(y), self._plain_targets(validation[1])
        validation = validation[0], y_val, validation[2]
        n_epochs = 1 if incremental else self.max_iter
        task = fit_task(self, X, y, sample_weight, max_subtasks=n_epochs)
        with task as context, all_or_nothing(self) as attempt:
            callbacks = None if context is None else EpochCallbacks(self, context, X, y, sample_weight)
            goes_on = (incremental or self.warm_start) and "_training_state" in vars(self)
            if goes_on:
                attempt._training_state = self._training_state.copy()
            attempt._fit_or_fail(
                X, y, sample_weight, goes_on, incremental, validation, callbacks, **targets_options
            )
        return self

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

    def _fit_or_fail(
        self, X, y, sample_weight, goes_on, incremental, validation, callbacks, **targets_options
    ):
        changed = self._params_changed()
        if incremental and self.early_stopping:
            raise ValueError(
                "early_stopping=True needs all data at once, which partial_fit does not see. Set it to "
                "False, and score held-out data between the calls."
            )
        sequences = self._check_X(X, reset=not goes_on)
        check_targets_given(self, y)
        check_as_many(sequences, y, X)
        refuse_missing(y)
        if not goes_on:
            warn_of_one_step(sequences, self._fitted_on_table)
        sample_weight = check_sample_weight(sample_weight, sequences, as_given=incremental)
        rng = self._training_state.rng if goes_on else self._generator()
        learned_from = held_out = split_seed = None
        training_weight = sample_weight
        if self.early_stopping and validation[0] is None:
            # of a series of fits that go on: another split would validate on what is learned already
            split_seed = self._training_state.history.split_seed if goes_on else None
            if split_seed is None:
                split_seed = int(rng.integers(2**31))
            learned_from, held_out = self._split(y, split_seed)
            # nothing is learned of those held out, means and scales included
            training_weight = np.ones(len(sequences)) if sample_weight is None else sample_weight.copy()
            if not (training_weight[held_out].any() and training_weight[learned_from].any()):
                raise ValueError(
                    "early_stopping=True held out sequences such that all of them, or all others, have "
                    "sample_weight 0. Leave out sequences of no weight, set another validation_fraction, or "
                    "give X_val and y_val."
                )
            training_weight[held_out] = 0
        gathers = not goes_on or (incremental and self._first_statistics is not None)
        known = self._known_targets(gathers) if goes_on else None
        targets = self._targets_of(y, training_weight, known, incremental, **targets_options)
        vars(self).update(targets.attributes())
        weights, n_outputs = targets.weights, targets.outputs.n_outputs
        if weights is not None:
            counted = np.flatnonzero(weights) if learned_from is None else learned_from
            counted = counted[weights[counted] > 0]
            if len(counted) < len(sequences):
                learned_from = counted
            if not incremental:
                weights = weights / weights[counted].mean()
        if goes_on:
            state, network = self._training_state, self._predictor.network
            inputs = self._predictor.inputs
            if changed or n_outputs != network.config["n_outputs"]:
                self._check_goes_on(self._network_config(inputs, n_outputs))
        else:
            lengths = sequences.lengths if sample_weight is None else sequences.lengths[sample_weight > 0]
            inputs = Numbers(sequences.n_features, None, self._framing_of(lengths))
            network = GRUNetwork(**self._network_config(inputs, n_outputs))
            state = TrainingState.initial(network, self.dtype, rng)
            self._start_update_gates(network, state, inputs, sequences, weights)
            targets.initialise(network.table.views(state.parameters), weights)
        if gathers:
            inputs = self._standardized(inputs, sequences, weights, goes_on, incremental)
        inputs.check_range(sequences, self.dtype, "X")

        def fitted_with(parameters):
            return self._fitted_with(
                Predictor(network, parameters, inputs, targets.outputs, n_jobs=self.n_jobs)
            )

        self._set_optimizer(network, state, keep=incremental)
        self._remember_split(state.history, split_seed, held_out)
        validate = None
        if held_out is not None:
            y_val = _safe_indexing(y, held_out)
            validate = self._validation_of(
                fitted_with, targets, sequences.subset(held_out), lambda: elements_at(X, held_out), y_val,
                None if sample_weight is None else sample_weight[held_out],
            )  # fmt: skip
        elif validation[0] is not None:
            validate = self._validation_on(fitted_with, targets, inputs, *validation)
        elif any(part is not None for part in validation[1:]):
            raise ValueError("y_val or sample_weight_val is given, but not X_val.")
        if self.early_stopping and self._strata(y) is not None:  # several labels are not split by class
            missing = targets.missing_classes(validate.y)
            if missing:
                warn_user(
                    f"The validation set, {len(validate.sequences)} sequences, has none of {missing}: its "
                    "score says nothing about that. Give X_val and y_val with members of every class, or set "
                    "a larger validation_fraction.",
                )
        batch_size = self.batch_size
        if batch_size == "auto":
            n_weighted = len(sequences) if sample_weight is None else np.count_nonzero(sample_weight)
            batch_size = auto_batch_size(n_weighted)
        data = TrainingData(
            sequences, inputs.scaling, targets.values, weights, indices=learned_from, framing=inputs.framing
        )
        l2, l1 = self._penalty()
        settings = TrainingSettings(
            max_epochs=1 if incremental else self.max_iter,
            batch_size=batch_size,
            shuffle=self.shuffle,
            max_grad_norm=self.max_grad_norm,
            l2=l2,
            l1=l1,
            tol=self.tol,
            patience=None if incremental else self.n_iter_no_change,
            early_stopping=self.early_stopping,
            verbose=self.verbose,
        )
        memory = vars(self).get("_step_memory")
        if memory is None or memory.network is not network:
            memory = self._step_memory = StepMemory(network)
        if callbacks is not None:
            callbacks.attributes_with = lambda parameters: vars(fitted_with(parameters.copy()))
        with TrainingStep(memory, targets.loss, (self.dropout, self.recurrent_dropout), self.n_jobs) as step:
            stopped_by = train(state, data, step, settings, validate=validate, watcher=callbacks)
        if stopped_by == "interrupt" and (incremental or is_one_of_several_fits()):
            raise KeyboardInterrupt
        if stopped_by == "interrupt":
            warn_user(
                f"Training interrupted in epoch {state.history.n_epochs + 1}; the model keeps "
                f"{'the best' if self.early_stopping else 'what'} it learned so far.",
            )
        elif stopped_by == "max_iter" and not incremental and self._would_stop_sooner():
            warn_user(
                f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )
        if not incremental:
            state.schedule = None  # it has come to its end
            del self._step_memory
        self._set_fitted(state, fitted_with(state.parameters)._predictor)

    def _would_stop_sooner(self):
        """Whether to end at max_iter is anything but what the parameters ask for."""
        return self.n_iter_no_change != np.inf and self.learning_rate != "cosine"

    def _draw(self, X, sample_weight):
        """As if fitted, with start values for weights: for `GRUTransformer`."""
        with all_or_nothing(self) as attempt:
            attempt._draw_or_fail(X, sample_weight)
        return self

    def _draw_or_fail(self, X, sample_weight):
        self._params_changed()
        X, sample_weight = by_sequence(self, X, sample_weight=sample_weight)
        sequences = self._check_X(X, reset=True)
        warn_of_one_step(sequences, self._fitted_on_table)
        weights = check_sample_weight(sample_weight, sequences)
        inputs = Numbers(sequences.n_features, None, self._framing_of(sequences.lengths))
        inputs = self._standardized(inputs, sequences, weights, goes_on=False, incremental=False)
        inputs.check_range(sequences, self.dtype, "X")
        network = GRUNetwork(**self._network_config(inputs, 1))
        state = TrainingState.initial(network, self.dtype, self._generator())
        self._start_update_gates(network, state, inputs, sequences, weights)
        self._predictor = Predictor(network, state.parameters, inputs, n_jobs=self.n_jobs)

    def _start_update_gates(self, network, state, inputs, sequences, weights):
        """Set the initial biases of the update gates by `update_gate_bias_init`."""
        bias = self.update_gate_bias_init
        parameters = network.table.views(state.parameters)
        if bias != "chrono":
            network.set_update_gate_bias(parameters, bias)
            return
        lengths = inputs.lengths(sequences)
        n_rows = int((lengths if weights is None else lengths[weights > 0]).max(initial=1))
        network.draw_update_gate_bias(parameters, n_rows, state.rng)

    def _plain_targets(self, y):
        """The user's y, or an equal array of another type that scikit-learn understands."""
        return y

    def _strata(self, y):
        """Labels that a split of y is stratified by, or None."""
        return None

    def _remember_split(self, history, seed, held_out):
        """Keep the split for fits that go on, and warn where it differs from that of earlier fits."""
        digest = None
        if held_out is not None:
            history.split_seed = seed
            digest = zlib.crc32(np.sort(held_out).astype("<i8").tobytes())
            if history.n_epochs and history.held_out_digest != digest:
                warn_user(
                    "early_stopping=True holds out sequences that the earlier fits of this model may have "
                    "learned from, since they held out others or none: the validation score may be too "
                    "high. Go on with the same X, y and validation_fraction, or give X_val and y_val.",
                )
        history.held_out_digest = digest

    def _split(self, y, seed):
        """Places of the sequences to learn from, and of those held out for validation."""
        strata = self._strata(y)
        try:
            return train_test_split(
                np.arange(len(y)), test_size=self.validation_fraction, random_state=seed, stratify=strata
            )
        except ValueError as error:
            raise ValueError(
                f"early_stopping=True cannot hold out validation_fraction={self.validation_fraction:g} of "
                f"{len(y)} sequences{'' if strata is None else ', each class in its share'}: {error} Set "
                "another validation_fraction, or give X_val and y_val."
            ) from None

    def _validation_on(self, fitted_with, targets, inputs, X_val, y_val, sample_weight_val):
        """The `Validation` on the user's X_val and y_val."""
        with errors_name("X_val"):
            sequences = self._check_X(X_val, reset=False, name="X_val")
            inputs.check_range(sequences, self.dtype, "X_val")
        with errors_name("y_val"):
            if y_val is None:
                raise ValueError("X_val is given, but not y_val.")
            check_as_many(sequences, y_val, X_val)
            refuse_missing(y_val, "y_val")
        with errors_name("sample_weight_val"):
            weights = check_sample_weight(sample_weight_val, sequences, "sample_weight_val")
        return self._validation_of(fitted_with, targets, sequences, lambda: X_val, y_val, weights)

    def _validation_of(self, fitted_with, targets, sequences, X_as_given, y_val, sample_weight):
        """The `Validation` on checked sequences: targets as they are, weighted as those of the fit."""
        with errors_name("y_val"):
            values = targets.encode_validation(y_val)
        weights = targets.validation_weights(y_val, sample_weight)
        return Validation(self, fitted_with, targets, sequences, values, weights, X_as_given, y_val)

    def _penalty(self):
        """(l2, l1) in the loss; under "adamw" weights decay by themselves."""
        if self.solver == "adamw":
            if self.l1_ratio > 0 and self.alpha > 0:
                raise ValueError(
                    f"l1_ratio={self.l1_ratio:g} does not go with solver='adamw', whose decay of weights is "
                    "no penalty. Set l1_ratio to 0, or take solver='adam'."
                )
            return 0.0, 0.0
        return self.alpha * (1 - self.l1_ratio), self.alpha * self.l1_ratio

    def _standardized(self, inputs, sequences, weights, goes_on, incremental):
        """Inputs scaled by the statistics of these sequences and, as partial_fit goes on, those before."""
        moments, n_sequences = None, len(sequences) if weights is None else np.count_nonzero(weights)
        if self.standardize:
            # squares must not overflow
            check_range(sequences.lowest, sequences.highest, None, "float64", "X")
            moments = Moments.of_sequences(sequences, weights)
        if goes_on:
            n_before, state = self._first_statistics
            n_sequences += n_before
            moments = None if moments is None else Moments.of_state(state).combined(moments)
        for name in ("_first_statistics", "_first_targets"):
            if name in vars(self) and not (incremental and n_sequences < ENOUGH_SEQUENCES):
                delattr(self, name)
        if incremental and n_sequences < ENOUGH_SEQUENCES:
            self._first_statistics = n_sequences, None if moments is None else moments.state()
        return inputs._replace(scaling=None if moments is None else moments.scaling())

    def _framing_of(self, lengths):
        length = auto_frame_length(lengths) if self.frame_length == "auto" else int(self.frame_length)
        return Framing(length, length if self.hop_length is None else int(self.hop_length))

    def _network_config(self, inputs, n_outputs):
        """Arguments of `GRUNetwork`."""
        return {
            "n_features": inputs.width,
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

    def _set_optimizer(self, network, state, keep):
        """Optimiser and schedule; with `keep` those at hand, under the settings of now."""
        smallest = np.finfo(self.dtype).tiny  # kernels count smaller numbers as 0
        if self.epsilon < smallest:
            raise ValueError(
                f"epsilon={self.epsilon:g} counts as 0 in {self.dtype}; use {smallest:g} or more."
            )
        if not keep:
            state.optimizer = state.schedule = None
        settings = {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "weight_decay": self.alpha,
            "momentum": self.momentum,
            "nesterov": self.nesterovs_momentum,
            "rho": self.rho,
        }
        state.set_optimizer(self.solver, network.table.weights(), settings)
        state.set_schedule(
            {
                "kind": self.learning_rate,
                "learning_rate_init": self.learning_rate_init,
                "warmup": self.warmup,
                "power_t": self.power_t,
                "decay_rate": self.decay_rate,
                "decay_steps": self.decay_steps,
                "max_iter": self.max_iter,
            }
        )
        if state.schedule.has_ended():
            warn_user(
                f"learning_rate={self.learning_rate!r} has come down to 0 after max_iter={self.max_iter} "
                "epochs: partial_fit learns nothing more. Set a larger max_iter, or another learning_rate."
            )

    def _fitted_with(self, predictor):
        """A copy of this estimator as if fitted, with this predictor."""
        fitted = object.__new__(type(self))
        vars(fitted).update(vars(self), _predictor=predictor)
        return fitted

    def _set_fitted(self, state, predictor):
        self._training_state, self._predictor = state, predictor
        vars(self).update(state.history.attributes())
        self.frame_length_, self.hop_length_ = predictor.inputs.framing
        self.n_layers_ = len(predictor.network.layers) + 2
        self.n_outputs_ = predictor.network.head.n_outputs

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
        inputs = self._predictor.inputs
        trained = self._predictor.config | {
            "dtype": self._training_state.parameters.dtype.name,
            "standardize": inputs.scaling is not None,
            "frame_length": inputs.framing.length,
            "hop_length": inputs.framing.hop,
        }
        config |= {"dtype": self.dtype, "standardize": self.standardize}
        if self.frame_length != "auto":
            config["frame_length"], config["hop_length"] = self._framing_of(None)
        elif self.hop_length is not None:
            config["hop_length"] = self.hop_length
        for name, value in config.items():
            if trained[name] != value:
                raise ValueError(
                    f"{name} is {value}, but the network to go on with was made with "
                    f"{trained[name]}. To start anew, call fit with warm_start=False, or clone the estimator."
                )

    # ---- prediction

    def _fitted_predictor(self):
        check_is_fitted(self)
        return self._predictor.with_n_jobs(self.n_jobs)

    def _sequences_to_predict(self, X):
        check_is_fitted(self)
        return self._check_X(X, reset=False)

    # ---- model files

    def save(self, path: Any) -> None:
        """Write the fitted model to a file, for `gruc.load` and `gruc.runtime.load`.

        A safetensors container with a JSON description; nothing in it is ever executed. A checksum
        tells accidental damage; it is no signature. The state of the optimiser is not kept.

        Parameters
        ----------
        path : str, path-like or binary file object
            A regular file is replaced: written beside the old one and then renamed, so that whatever
            happens, the old one or the new one is there, with the old one's mode and, where allowed,
            its owner. Other files, such as a FIFO or /dev/stdout, are opened and written to.
            A file object is written to from its current position, and not closed.

        Raises
        ------
        TypeError
            A parameter or label that JSON does not hold; the message names it. Or a file object in
            text mode.
        ValueError
            A model that could not be read again, such as one with invalid parameters.
        OSError
            The file cannot be written.

        Examples
        --------
        >>> import gruc
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
        >>> model.save("vowels.gruc")
        >>> bool((gruc.load("vowels.gruc").predict(X) == model.predict(X)).all())
        True
        """
        save(self, path)

    def _fitted_state(self):
        """What a fitted model knows beside parameters and predictor: plain values, for `_restored`."""
        return {
            "n_features_in_": self.n_features_in_,
            "feature_names_in_": list(getattr(self, "feature_names_in_", [])) or None,
            "fitted_on_table": self._fitted_on_table,
            "out_activation_": self.out_activation_,
            **self._fitted_loss(),
            **self._training_state.history.describe(),
        }

    def _fitted_loss(self):
        """What a regressor knows of its loss, beside its predictor."""
        return {}

    def _restored(self, predictor, state):
        """Fit this estimator by what `_fitted_predictor` and `_fitted_state` told of it."""
        state = dict(state)
        self._fitted_on_table = state.pop("fitted_on_table")
        self.n_features_in_ = state.pop("n_features_in_")
        names = state.pop("feature_names_in_")
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        self.out_activation_ = state.pop("out_activation_")
        history = History.described({name: state.pop(name) for name in DESCRIBED_AS if name in state})
        self._restore_targets(predictor.decoding, **state)
        state = TrainingState(predictor.parameters, self._generator(), history)
        self._set_fitted(state, predictor.with_n_jobs(self.n_jobs))
        return self

    def _features(self, X, initial_state):
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.features(sequences, initial_state=initial_state)
