"""What the estimators share that are trained."""

from functools import cache
from numbers import Integral
from operator import attrgetter, is_not
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..conventions.callbacks import CallbackSupportMixin, EpochCallbacks, fit_task
from ..conventions.inputs import SequenceInputMixin, by_sequence
from ..conventions.notebooks import SummaryInNotebooksMixin
from ..conventions.parameter_names import ParameterNamesMixin
from ..conventions.pickles import VersionedPickleMixin, unpickled
from ..conventions.transactions import all_or_nothing
from ..runtime import Predictor
from ..runtime.fitted_network import FittedNetworkMixin
from ..sequences import Tokens
from ..training import DESCRIBED_AS, History, TrainingState, state_of_trainer
from ._files import SavingMixin
from ._fit import Given, draw, run_fit
from ._holdout import GivenValidation
from ._networks import is_auto, origin_of, random_generator

# parameters that may be lists
LISTS = "hidden_layer_sizes", "conv_channels", "conv_kernel_size", "conv_pool", "pooling"


@cache
def _getter_of_parameters(estimator):
    """A function that gives all parameters of an estimator of this class."""
    return attrgetter(*estimator._parameter_constraints)


class BaseGRU(
    ParameterNamesMixin,
    CallbackSupportMixin,
    VersionedPickleMixin,
    SequenceInputMixin,
    FittedNetworkMixin,
    SummaryInNotebooksMixin,
    SavingMixin,
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
        """Fitted weights: dict of read-only views by torch's names.

        Of several networks, the names begin with ``estimators.0.``, ``estimators.1.`` and so on.
        """
        if "_predictor" not in vars(self):
            raise AttributeError(f"{type(self).__name__} is not fitted yet and has no weights_.")
        return dict(self._predictor.weights)

    # what identifies the `embedding_weights` that the table started from
    _embedding_origin = None
    # of a model with several estimators, the states of all but the first
    _further_states: list[TrainingState] = []
    # whether this is one of the copies that a fit chooses a structure by
    _is_trial = False
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
        if "_further_states" in state:
            state["_further_states"] = [each.__getstate__() for each in self._further_states]
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        of_self = vars(self)
        for part in self._declared:  # parameters that there were not when the pickle was made
            of_self.setdefault(part.name, part.default)
        if "_trainer" in of_self:
            of_self["_training_state"] = state_of_trainer(of_self.pop("_trainer"))
        for name, kind in (("_training_state", TrainingState), ("_predictor", Predictor)):
            if name in of_self:
                of_self[name] = unpickled(kind, of_self[name])
        if "_further_states" in of_self:
            of_self["_further_states"] = [unpickled(TrainingState, each) for each in self._further_states]

    def __sklearn_is_fitted__(self):
        return "_predictor" in vars(self)

    # ---- fitting

    def _fit(self, X, y, sample_weight, incremental, validation=None, classes=None):
        """fit or, with `incremental`, partial_fit; all of it or, if an error is raised, nothing."""
        X, y, sample_weight = by_sequence(self, X, y=y, sample_weight=sample_weight)
        y = self._plain_targets(y)
        given = Given(X, y, sample_weight, self._given_validation(validation), incremental, classes)
        task = fit_task(self, X, y, sample_weight, max_subtasks=self._most_epochs(incremental))
        with task as context, all_or_nothing(self) as attempt:
            callbacks = None if context is None else EpochCallbacks(self, context, X, y, sample_weight)
            run_fit(attempt, given, callbacks)
        return self

    def _most_epochs(self, incremental):
        """Epochs of a fit, of all networks together, or None if they depend on the data."""
        n_epochs, n_networks = 1 if incremental else self.max_iter, getattr(self, "n_estimators", 1)
        return None if is_auto(n_epochs) or is_auto(n_networks) else n_epochs * n_networks

    def _given_validation(self, validation):
        """X_val, y_val and sample_weight_val, in the form that scikit-learn's tools can take apart."""
        if validation is None:
            return GivenValidation()
        X, y, sample_weight = validation
        X, y, sample_weight = by_sequence(self, X, "X_val", y_val=y, sample_weight_val=sample_weight)
        return GivenValidation(X, self._plain_targets(y), sample_weight)

    def _params_changed(self):
        """Whether parameters are other objects than at the last call; validates them if so."""
        params = _getter_of_parameters(type(self))(self)
        known = vars(self).get("_known_params", ())
        if len(known) == len(params) and not any(map(is_not, params, known)):
            return False
        self._validate_params()  # scikit-learn does so in fit, but only in the first partial_fit
        # Integral last, since it is the slowest to ask
        plain = [isinstance(getattr(self, name, ()), (tuple, int, str, NoneType, Integral)) for name in LISTS]
        self._known_params = params if all(plain) else ()  # a list may change within
        return True

    def _draw(self, X, sample_weight):
        """As if fitted, with initial values for weights: for `GRUTransformer`."""
        X, sample_weight = by_sequence(self, X, sample_weight=sample_weight)
        with all_or_nothing(self) as attempt:
            draw(attempt, X, sample_weight)
        return self

    def _plain_targets(self, y):
        """The user's y, or an equal array of another type that scikit-learn understands."""
        return y

    _each_step = False  # whether y has a target for each step, else one for each sequence

    def _target_rows(self, y, weights, lengths, name="y"):
        """Targets of sequences of these lengths, with as many weights, or None.

        Here as they are given, one for each sequence; where each step has one, those of all steps.
        """
        return y, weights

    def _strata(self, y):
        """Labels that a split of y is stratified by, or None."""
        return None

    def _wants_tokens(self):
        return self.embedding_dim is not None

    @property
    def _training_states(self):
        """The states of all estimators."""
        return [self._training_state, *self._further_states]

    def _set_fitted(self, states, predictor):
        (self._training_state, *further), self._predictor = states, predictor
        vars(self).pop("_further_states", None)
        if further:
            self._further_states = further
        vars(self).update(self._training_state.history.attributes())
        self.frame_length_, self.hop_length_ = predictor.inputs.framing
        self.n_layers_ = len(predictor.config["hidden_layer_sizes"]) + 2
        self.n_outputs_ = predictor.network.head.n_outputs

    # ---- prediction

    def _fitted_predictor(self):
        check_is_fitted(self)
        return self._predictor.with_n_jobs(self.n_jobs).with_precision(self.matmul_precision)

    def _sequences_to_predict(self, X):
        check_is_fitted(self)
        return self._check_X(X, reset=False)

    # ---- model files: SavingMixin

    def _fitted_state(self):
        """What a fitted model knows beside parameters and predictor: plain values, for `_restored`."""
        further = [state.history.describe() for state in self._further_states]
        return {
            "n_features_in_": self.n_features_in_,
            "feature_names_in_": list(getattr(self, "feature_names_in_", [])) or None,
            "fitted_on_table": self._fitted_on_table,
            "out_activation_": self.out_activation_,
            **self._fitted_loss(),
            **self._training_state.history.describe(),
            **({"further_fits": further} if further else {}),
        }

    def _fitted_loss(self):
        """What a regressor knows of its loss, beside its predictor."""
        return {}

    def _restored(self, predictor, state):
        """Fit this estimator by what `_fitted_predictor` and `_fitted_state` returned."""
        state = dict(state)
        self._fitted_on_table = state.pop("fitted_on_table")
        if isinstance(predictor.inputs, Tokens):
            self._fitted_on_tokens, self._embedding_origin = True, origin_of(self)
        self.n_features_in_ = state.pop("n_features_in_")
        names = state.pop("feature_names_in_")
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        self.out_activation_ = state.pop("out_activation_")
        fits = [
            {name: state.pop(name) for name in DESCRIBED_AS if name in state},
            *state.pop("further_fits", []),
        ]
        self._restore_targets(predictor.decoding, **state)
        rng = random_generator(self.random_state)
        states = [
            TrainingState(parameters, generator, History.described(fit))
            for parameters, generator, fit in zip(
                predictor.network.separated(predictor.parameters),
                [rng, *rng.spawn(len(fits) - 1)],
                fits,
                strict=True,
            )
        ]
        self._set_fitted(states, predictor.with_n_jobs(self.n_jobs).with_precision(self.matmul_precision))
        return self

    def _features(self, X, initial_state):
        predictor, sequences = self._fitted_predictor(), self._sequences_to_predict(X)
        return predictor.features(sequences, initial_state=initial_state)
