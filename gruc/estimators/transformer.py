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

# Up to this many different whole numbers are taken to be labels.
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
    """Features of sequences: the pooled hidden states of a trained or random GRU.

    Each sequence, of any length, becomes one row of a table of features for any scikit-learn estimator.

    Parameters
    ----------
    estimator : GRUClassifier, GRURegressor or None, default=None
        The network, which is cloned. Its `hidden_layer_sizes`, `bidirectional` and `pooling` determine
        the features. None: a `GRUClassifier`, or a `GRURegressor` for real-valued `y`. More than 20
        distinct whole numbers in `y` are ambiguous and refused, unless they are consecutive, start with
        0 or 1 and occur ten times each on average.
    trained : bool, default=True
        Whether to fit the network to `X` and `y`. Otherwise its weights stay at their random initial
        values, which needs no `y` and usually many units: the features are those of an echo state
        network [1]_. X is standardized in both cases.
    random_state : int, RandomState instance or None, default=None
        Random state of the network; None: that of `estimator`.

    Attributes
    ----------
    estimator_ : GRUClassifier or GRURegressor
        The fitted or randomly initialised network.
    n_features_in_ : int
        Number of features per step, or, after a fit on a 2-D X, its number of columns (steps).
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, if X was a DataFrame whose column names are all strings.

    See Also
    --------
    GRUClassifier.hidden_states : The hidden states at every step.

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
        """Train the network, or initialise it at random.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs), default=None
            Required if `trained`; otherwise y and the following are ignored.
        sample_weight : array-like of shape (n_sequences,), default=None
        X_val, y_val, sample_weight_val : default=None
            Validation data of the network, as in its `fit`.

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
        """Compute the features of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            Initial hidden states, one per sequence or the same for all; F is the number of units of a
            layer, in both directions together. For layers of different widths, a list with one array
            (n_sequences, F_l) or (F_l,) per layer. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_features_out)
            One feature per unit of the last layer, in both directions, of the estimator's `dtype`.
        """
        check_is_fitted(self)
        return self.estimator_._features(X, initial_state)

    @property
    def _n_features_out(self):
        return self.estimator_._predictor.n_features_out

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Names of the features: grutransformer0, grutransformer1, ...

        Parameters
        ----------
        input_features : None or array-like of str
            Only compared with the column names of X; present for pipelines.

        Returns
        -------
        ndarray of str
        """
        return super().get_feature_names_out(input_features)


# what pickles name, wherever in the package the class stands; doctest finds it by the second line
GRUTransformer.__module__ = "gruc"
__test__ = {"GRUTransformer": GRUTransformer}
