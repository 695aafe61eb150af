"""GRUTransformer."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from ..conventions.callbacks import CallbackSupportMixin, fit_task
from ..conventions.inputs import check_targets_given, refuse_missing
from ..conventions.parameter_names import ParameterNamesMixin, explains_unknown_parameters
from ..conventions.parameters import fit_context, names_of
from ..conventions.pickles import VersionedPickleMixin
from ..conventions.transactions import all_or_nothing
from ._parameters import ClassifierParameters, RegressorParameters
from .classifier import GRUClassifier
from .regressor import GRURegressor

# So many different whole numbers are taken for labels whatever they are.
LABELS_SURELY = 20


def _is_labels(y):
    """Whether y is labels, else real values; refuses whole numbers that may be either."""
    refuse_missing(y)
    kind = type_of_target(y)
    if kind == "multiclass":
        values = np.unique(np.asarray(y))
        n, n_values = len(y), len(values)
        if values.dtype.kind in "fiu" and n_values > LABELS_SURELY:
            numbered = values[-1] - values[0] == n_values - 1 and values[0] in (0, 1)
            if not numbered or n < 10 * n_values:
                raise ValueError(
                    f"estimator is None, and y holds {n_values} different whole numbers among {n}, which may "
                    "be values or labels. Say which: estimator=GRURegressor() or estimator=GRUClassifier()."
                )
    return not kind.startswith("continuous")


class GRUTransformer(
    ParameterNamesMixin,
    CallbackSupportMixin,
    VersionedPickleMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Features of sequences: what the readout of a GRU, trained or random, makes of them.

    Each sequence, of any length, becomes one row of numbers that any estimator of
    scikit-learn's takes.

    Parameters
    ----------
    estimator : GRUClassifier, GRURegressor or None, default=None
        The network, whose `hidden_layer_sizes`, `bidirectional` and `pooling` say what the
        features are; it is cloned. None: a `GRUClassifier`, or for real-valued `y` a
        `GRURegressor`; more than 20 different whole numbers in `y` are refused where they
        may be values, that is unless they are 0 or 1 and on without a gap, each ten times
        on average.
    trained : bool, default=True
        Whether `estimator` is first fitted to `X` and `y`. Otherwise its start values are
        taken as they are drawn, which needs no `y`, and most often many units: features of a
        random recurrent network [1]_. X is standardized all the same.
    random_state : int, RandomState instance or None, default=None
        Of the network; None: as `estimator` has it.

    Attributes
    ----------
    estimator_ : GRUClassifier or GRURegressor
        Fitted, or with start values for weights.
    n_features_in_ : int
        Features a step, or, after a fit on a 2-D X, its number of columns (steps).
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, where X was a DataFrame whose names are all strings.

    See Also
    --------
    GRUClassifier.hidden_states : The states at every step.

    References
    ----------
    .. [1] Jaeger (2001). The "echo state" approach to analysing and training recurrent
       neural networks. GMD report 148.

    Examples
    --------
    >>> from gruc import GRUClassifier, GRUTransformer
    >>> from gruc.datasets import load_japanese_vowels
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> encoder = GRUTransformer(GRUClassifier((200,), pooling="mean"), trained=False, random_state=0)
    >>> model = make_pipeline(encoder, LogisticRegression(C=100, max_iter=1000))
    >>> X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
    >>> model.fit(X, y).score(X_test, y_test) > 0.9
    True
    """

    _parameter_constraints: dict[str, list] = {
        "estimator": [GRUClassifier, GRURegressor, None],
        "trained": ["boolean"],
        "random_state": ["random_state"],
    }

    _parameters_elsewhere = dict.fromkeys(
        [*names_of(ClassifierParameters), *names_of(RegressorParameters)],
        "a parameter of the network, which is given as estimator: a GRUClassifier or GRURegressor",
    )

    @explains_unknown_parameters
    def __init__(self, estimator: Any = None, *, trained: bool = True, random_state: Any = None):
        self.estimator = estimator
        self.trained = trained
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = self.trained
        tags.transformer_tags.preserves_dtype = []  # features are of the estimator's dtype
        return tags

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network, or draw it.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs), default=None
            Needed where `trained`, ignored where not; so are the others.
        sample_weight : array-like of shape (n_sequences,), default=None
        X_val, y_val, sample_weight_val : default=None
            For the validation of the network, as its `fit` has them.

        Returns
        -------
        self : GRUTransformer
        """
        if self.trained:
            check_targets_given(self, y)
        with fit_task(self, X, y, sample_weight, max_subtasks=int(self.trained)) as context:
            if self.trained:
                validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
                network = self._train(self._network(y), context, X, y, sample_weight, validation)
            else:
                network = self._network(None)._draw(X, sample_weight)
            with all_or_nothing(self) as attempt:
                attempt.estimator_ = network
                for name in ("n_features_in_", "feature_names_in_"):
                    vars(attempt).pop(name, None)
                    if hasattr(network, name):
                        setattr(attempt, name, getattr(network, name))
        return self

    def _train(self, network, context, X, y, sample_weight, validation):
        if context is None:
            return network.fit(X, y, sample_weight, **validation)
        of_network = context.subcontext(task_name="fit network")
        of_network.call_on_fit_task_begin(estimator=self)
        with of_network.propagate_callback_context(network):
            network.fit(X, y, sample_weight, **validation)
        of_network.call_on_fit_task_end(estimator=self)
        return network

    def _network(self, y):
        if self.estimator is not None:
            network = clone(self.estimator)
        elif y is not None and _is_labels(y):
            network = GRUClassifier()
        else:
            network = GRURegressor()
        return network if self.random_state is None else network.set_params(random_state=self.random_state)

    def transform(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Features of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, one for each sequence or the same for all; F is
            the number of units of a layer, of both directions. With layers of different widths a list
            of one array (n_sequences, F_l) or (F_l,) for each layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_features_out), of the estimator's `dtype`
            One feature for each unit of the last layer, of both directions.
        """
        check_is_fitted(self)
        return self.estimator_._features(X, initial_state)

    @property
    def _n_features_out(self):
        return self.estimator_._predictor.n_features_out

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """grutransformer0, grutransformer1, ...

        Parameters
        ----------
        input_features : None or array-like of str
            Not used but held against the names of X, for pipelines.

        Returns
        -------
        ndarray of str
        """
        return super().get_feature_names_out(input_features)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUTransformer.__module__ = "gruc"
__test__ = {"GRUTransformer": GRUTransformer}
