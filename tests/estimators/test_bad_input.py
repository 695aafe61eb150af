"""Bad calls and the exact error each gives."""

import re

import numpy as np
import pytest
import scipy.sparse
from gruc import GRUClassifier, GRURegressor
from problems import vowels

X, y = vowels()
CUBE = np.stack([x[:7] for x in X])
TABLE = CUBE[:, :, 0]
NAN_LIST = [*X[:-1], np.where(np.arange(12) == 3, np.nan, X[-1])]
INF_CUBE = np.where(np.arange(CUBE.size).reshape(CUBE.shape) == 100, np.inf, CUBE)
FAST = dict(hidden_layer_sizes=(3,), max_iter=1, random_state=0)
REQUIRED = "This {} estimator requires y to be passed, but the target y is None."
PARAMETER = "The {!r} parameter of GRUClassifier must be "

# id: (X, y, error, message)
BAD_DATA = {
    "NaN in a list": (NAN_LIST, y, ValueError, "X[23] contains NaN at step 0. Impute or remove such steps; for sequences padded with NaN see gruc.sequences.from_padded."),
    "inf in an array": (INF_CUBE, y, ValueError, "X[1] contains infinity (inf) at step 1. Impute or remove such steps"),
    "NaN in a table": (np.where(TABLE[2, 3] == TABLE, np.nan, TABLE), y, ValueError, "X[2] contains NaN at step 3."),
    "empty sequence": ([*X[:-1], np.empty((0, 12))], y, ValueError, "X[23] is an empty sequence; remove it, or give it a step."),
    "mixed numbers of features": ([*X[:-1], X[-1][:, :5]], y, ValueError, "X[23] has 5 features, but X[0] has 12; a sequence is an array (n_steps, n_features)."),
    "mixed dimensions": ([*X[:-1], X[-1][:, 0]], y, ValueError, "X[23] has 1 dimensions, but X[0] has 2; give all sequences as (n_steps, n_features), or all as (n_steps,)."),
    "complex": (CUBE.astype(complex), y, ValueError, "Complex data not supported: X is complex128. Give real and imaginary parts as features."),
    "text": ([np.array([["a"]])] * len(y), y, ValueError, "X[0] holds <U1, not numbers. Encode it as numbers first."),
    "text in a table": (np.full((len(y), 2), "a"), y, ValueError, "dtype='numeric' is not compatible with arrays of bytes/strings"),
    "sparse": (scipy.sparse.csr_array(TABLE), y, TypeError, "Sparse data was passed for X, but dense data is required. Use '.toarray()' to convert to a dense numpy array."),
    "one-dimensional": (TABLE[0], y, ValueError, "X is one-dimensional. Expected 2D array (n_sequences, n_steps), 3D array (n_sequences, n_steps, n_features) or a list of arrays. Reshape your data, a single series with X.reshape(1, -1)."),
    "four-dimensional": (CUBE[None], y, ValueError, "X has 4 dimensions. Expected (n_sequences, n_steps, n_features) or (n_sequences, n_steps)."),
    "ragged nested lists": ([[1.0, 2.0], [3.0]], [0, 1], ValueError, "make each element an array: [np.asarray(s) for s in X]."),
    "no sequences": (np.empty((0, 3)), [], ValueError, "Found array with 0 sample(s) (shape=(0, 3)) while a minimum of 1 is required by GRUClassifier."),
    "no steps": (np.empty((24, 0, 2)), y, ValueError, "X has no steps: its shape is (24, 0, 2)."),
    "no features": (np.empty((24, 2, 0)), y, ValueError, "X has no features: its shape is (24, 2, 0)."),
    "empty list": ([], [], ValueError, "X has no sequences: it is empty."),
    "None": (None, y, TypeError, "X is a NoneType. Expected an array of numbers or a list of arrays, one a sequence."),
    "a dict": ({"a": 1}, y, TypeError, "X is a dict."),
    "masked": (np.ma.masked_less(TABLE, 0), y, ValueError, "X is a masked array with masked values. Give X.filled(...)"),
    "an element that is None": ([*X[:-1], None], y, TypeError, "X[23] is a NoneType. Expected an array of numbers or a list of arrays, one a sequence."),
    "too large for float32": ([x * 1e30 for x in X], y, ValueError, "X holds values too large to compute with in float32: column 0 reaches 2.13e+30, the limit is 1e+18. Rescale them, or use dtype float64."),
    "too large to standardize": ([x * 1e200 for x in X], y, ValueError, "X holds values too large to compute with in float64: column 0 reaches 2.13e+200, the limit is 1e+150. Rescale them."),
    "fewer labels": (X, y[:-1], ValueError, "Found input variables with inconsistent numbers of samples: [24, 23]"),
    "no labels": (X, None, ValueError, REQUIRED.format("GRUClassifier")),
    "one class": (X, np.zeros(24, int), ValueError, "1 class only: [0]. A classifier needs samples of at least 2 classes."),
    "real labels": (X, np.linspace(0, 1, 24), ValueError, "Unknown label type: continuous."),
    "NaN labels": (X, np.where(y == 1, np.nan, y), ValueError, "Input y contains NaN."),
    "labels in columns": (X, np.eye(3)[y] + 1, ValueError, "y has shape (24, 3) and is no multilabel indicator"),
}  # fmt: skip

# id: (weights, error, message)
BAD_WEIGHTS = {
    "negative": (np.where(y == 1, -1.0, 1.0), ValueError, "sample_weight must not be negative; sample_weight[8] is -1."),
    "all zero": (np.zeros(24), ValueError, "zero"),
    "too few": (np.ones(23), ValueError, "sample_weight.shape == (23,), expected (24,)!"),
    "two-dimensional": (np.ones((24, 2)), ValueError, "Sample weights must be 1D array or scalar"),
    "NaN": (np.where(y == 1, np.nan, 1.0), ValueError, "Input sample_weight contains NaN."),
    "inf": (np.where(y == 1, np.inf, 1.0), ValueError, "Input sample_weight contains infinity"),
    "text": (["a"] * 24, ValueError, "could not convert string to float"),
}  # fmt: skip

# (parameters, error, message)
BAD_PARAMETERS = [
    ({"hidden_layer_sizes": ()}, "hidden_layer_sizes must be positive integers, one a GRU layer, at least one; got ()."),
    ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be positive integers, one a GRU layer, at least one; got (5, 0)."),
    ({"hidden_layer_sizes": (5.5,)}, "hidden_layer_sizes must be positive integers, one a GRU layer, at least one; got (5.5,)."),
    ({"hidden_layer_sizes": ("a",)}, "hidden_layer_sizes must be positive integers"),
    ({"hidden_layer_sizes": (True,)}, "hidden_layer_sizes must be positive integers"),
    ({"hidden_layer_sizes": 0}, PARAMETER.format("hidden_layer_sizes")),
    ({"hidden_layer_sizes": None}, PARAMETER.format("hidden_layer_sizes")),
    ({"bidirectional": "yes"}, PARAMETER.format("bidirectional")),
    ({"reset_after": 2}, PARAMETER.format("reset_after")),
    *(
        ({"update_gate_bias_init": value}, PARAMETER.format("update_gate_bias_init"))
        for value in ("long", None, np.nan, np.inf, 41.0, -1e300, (1.0,))
    ),
    ({"pooling": "median"}, PARAMETER.format("pooling")),
    ({"dropout": -0.1}, PARAMETER.format("dropout")),
    ({"dropout": 1.0}, PARAMETER.format("dropout")),
    ({"dropout": None}, PARAMETER.format("dropout")),
    ({"recurrent_dropout": 1.0}, PARAMETER.format("recurrent_dropout")),
    ({"recurrent_dropout": np.nan}, PARAMETER.format("recurrent_dropout")),
    ({"standardize": None}, PARAMETER.format("standardize")),
    ({"batch_size": 0}, PARAMETER.format("batch_size")),
    ({"batch_size": 2.5}, PARAMETER.format("batch_size")),
    ({"batch_size": "big"}, PARAMETER.format("batch_size")),
    ({"learning_rate_init": 0.0}, PARAMETER.format("learning_rate_init")),
    ({"learning_rate_init": -1.0}, PARAMETER.format("learning_rate_init")),
    ({"learning_rate_init": np.nan}, PARAMETER.format("learning_rate_init")),
    ({"learning_rate_init": np.inf}, PARAMETER.format("learning_rate_init")),
    ({"max_iter": 0}, PARAMETER.format("max_iter")),
    ({"max_iter": 1.5}, PARAMETER.format("max_iter")),
    ({"max_grad_norm": 0.0}, PARAMETER.format("max_grad_norm")),
    ({"shuffle": "no"}, PARAMETER.format("shuffle")),
    ({"random_state": "seed"}, PARAMETER.format("random_state")),
    ({"random_state": -1}, PARAMETER.format("random_state")),
    ({"tol": -1e-3}, PARAMETER.format("tol")),
    ({"n_iter_no_change": 0}, PARAMETER.format("n_iter_no_change")),
    ({"beta_1": 1.0}, PARAMETER.format("beta_1")),
    ({"beta_2": -0.1}, PARAMETER.format("beta_2")),
    ({"epsilon": 0.0}, PARAMETER.format("epsilon")),
    ({"warm_start": "always"}, PARAMETER.format("warm_start")),
    ({"dtype": "float16"}, PARAMETER.format("dtype")),
    ({"verbose": -1}, PARAMETER.format("verbose")),
    ({"class_weight": "fair"}, PARAMETER.format("class_weight")),
    ({"hidden_layer_sizes": {5, 3}}, "hidden_layer_sizes must be positive integers"),
    ({"class_weight": {7: 1.0}}, "The classes, [0, 1, 2], are not in class_weight"),
    ({"class_weight": {0: [1]}}, "class_weight must hold numbers; got {0: [1]}."),
    ({"class_weight": {0: None}}, "class_weight must hold numbers; got {0: None}."),
    ({"class_weight": {0: "a"}}, "class_weight must hold numbers; got {0: 'a'}."),
    ({"epsilon": 1e-60}, "epsilon=1e-60 counts as 0 in float32; use 1.17549e-38 or more."),
    ({"epsilon": 1.1e-38}, "epsilon=1.1e-38 counts as 0 in float32"),
    ({"class_weight": {0: -1.0}}, "class_weight must hold finite weights that are not negative; got {0: -1.0}."),
    ({"class_weight": {0: np.nan}}, "class_weight must hold finite weights"),
    *(
        ({name: value}, PARAMETER.format(name))
        for name, value in {
            "solver": "lbfgs", "alpha": -1.0, "l1_ratio": 1.5, "learning_rate": "fast", "power_t": -1.0,
            "decay_rate": 0.0, "decay_steps": 0, "warmup": -1, "early_stopping": "yes", "validation_fraction": 1.0,
            "scoring": 3, "momentum": 1.0, "nesterovs_momentum": 2, "rho": 1.0, "n_jobs": 0, "hop_length": 0,
            "frame_length": 0, "label_smoothing": 1.0,
        }.items()
    ),
    ({"class_weight": {0: 0, 1: 0, 2: 0}}, "class_weight leaves no sample with a weight above zero."),
]  # fmt: skip

BAD_TARGETS = {
    "NaN": (np.where(y == 1, np.nan, y), "Input y contains NaN."),
    "inf": (np.where(y == 1, np.inf, y), "Input y contains infinity"),
    "text": (np.array(["a"] * 24), "could not convert string to float"),
    "three dimensions": (np.ones((24, 2, 2)), "Found array with dim 3"),
    "no outputs": (np.ones((24, 0)), "Found array with 0 feature(s) (shape=(24, 0)) while a minimum of 1 is required"),
    "too large": (np.where(y == 1, 1e200, y), "y holds values too large to compute with in float64: column 0 reaches 1e+200, the limit is 1e+150. Rescale them."),
    "missing": (None, REQUIRED.format("GRURegressor")),
    "too few": (y[:5], "Found input variables with inconsistent numbers of samples: [24, 5]"),
}  # fmt: skip

# id: (X to predict, message) after a fit on sequences of 12 features
BAD_QUERIES = {
    "other features": ([x[:, :4] for x in X], "X has 4 features a step, but GRUClassifier is expecting 12 features a step, as in the X it was fitted on."),
    "a table": (TABLE, "X has 1 features a step, but GRUClassifier is expecting 12 features a step, as in the X it was fitted on. A 2-D X is univariate sequences; give one sequence alone as [X]."),
    "NaN": (NAN_LIST, "X[23] contains NaN at step 0."),
    "an empty list": ([], "X has no sequences: it is empty."),
    "one sequence alone": (X[0][0], "X is one-dimensional. Expected 2D array"),
    "too large": ([x * 1e30 for x in X], "X holds values too large to compute with in float32: column"),
}  # fmt: skip


def raises(error, message):
    return pytest.raises(error, match=re.escape(message))


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data(name):
    bad_X, bad_y, error, message = BAD_DATA[name]
    model = GRUClassifier(**FAST, standardize=name != "too large for float32")
    for fit in (model.fit, model.partial_fit):
        with raises(error, message):
            fit(bad_X, bad_y)
        assert not [attribute for attribute in vars(model) if attribute.endswith("_")]


@pytest.mark.parametrize("name", BAD_WEIGHTS)
@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_bad_weights(Estimator, name):
    weights, error, message = BAD_WEIGHTS[name]
    with raises(error, message):
        Estimator(**FAST).fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("parameters, message", BAD_PARAMETERS, ids=lambda p: str(p)[:40])
@pytest.mark.parametrize("goes_on", [False, True])
def test_bad_parameters(parameters, message, goes_on):
    """At the first call and at a later one, which scikit-learn would not check by itself."""
    if goes_on and parameters.get("class_weight") == "fair":
        message = "class_weight"
    model = GRUClassifier(**FAST)
    if goes_on:
        model.partial_fit(X, y)
    model.set_params(**parameters)
    for fit in (model.fit, model.partial_fit):
        with raises(ValueError, message):
            fit(X, y)


@pytest.mark.parametrize(
    "classes, message",
    [
        ([], "0 class only"),
        ([0, 1, np.nan], "Input classes contains NaN"),
        ([0, 1], "not among the classes [0 1]: [2]"),
    ],
)
def test_bad_classes(classes, message):
    with raises(ValueError, message):
        GRUClassifier(**FAST).partial_fit(X, y, classes=classes)


@pytest.mark.parametrize("name", BAD_TARGETS)
def test_bad_targets(name):
    targets, message = BAD_TARGETS[name]
    with raises(ValueError, message):
        GRURegressor(**FAST).fit(X, targets)


@pytest.mark.parametrize("name", BAD_QUERIES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_bad_queries(name):
    query, message = BAD_QUERIES[name]
    model = GRUClassifier(**FAST, standardize=name != "too large").fit(X, y)
    for method in (model.predict, model.predict_proba, model.predict_log_proba):
        with raises(ValueError, message):
            method(query)


def test_balanced_class_weight_in_partial_fit():
    with raises(
        ValueError,
        "class_weight='balanced' needs all of y at once, which partial_fit does not see.",
    ):
        GRUClassifier(**FAST, class_weight="balanced").partial_fit(X, y)


def test_too_large_targets_for_float32():
    with raises(ValueError, "y holds values too large to compute with in float32: column 0 reaches 1e+60"):
        GRURegressor(**FAST, standardize=False).fit(X, np.where(y == 1, 1e60, y))


# id: (arguments of fit, message)
BAD_VALIDATIONS = {
    "other features": (dict(X_val=[x[:, :3] for x in X], y_val=y), "X_val has 3 features a step"),
    "NaN": (dict(X_val=NAN_LIST, y_val=y), "X_val[23] contains NaN at step 0."),
    "too large": (dict(X_val=[x * 1e30 for x in X], y_val=y), "X_val holds values too large to compute with"),
    "fewer labels": (dict(X_val=X, y_val=y[:-1]), "y_val: Found input variables with inconsistent numbers of samples: [24, 23]"),
    "labels in columns": (dict(X_val=X, y_val=np.ones((24, 2))), "y_val: y should be a 1d array"),
    "unknown labels": (dict(X_val=X, y_val=y + 7), "y_val holds labels that are not among the classes"),
    "too few weights": (dict(X_val=X, y_val=y, sample_weight_val=np.ones(3)), "sample_weight_val: sample_weight.shape == (3,), expected (24,)!"),
    "NaN weights": (dict(X_val=X, y_val=y, sample_weight_val=np.full(24, np.nan)), "sample_weight_val: Input sample_weight contains NaN."),
}  # fmt: skip


@pytest.mark.parametrize("arguments, message", BAD_VALIDATIONS.values(), ids=BAD_VALIDATIONS)
def test_bad_validation_is_named(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        GRUClassifier(**FAST).fit(X, y, **arguments)


def test_a_table_of_other_columns_to_validate_on():
    with pytest.raises(ValueError, match="X_val: X has 5 features, but GRUClassifier is expecting 7"):
        GRUClassifier(**FAST).fit(TABLE, y, X_val=TABLE[:, :5], y_val=y)


def test_sparse_targets():
    with pytest.raises(TypeError, match="y is sparse; give it dense"):
        GRUClassifier(**FAST).fit(X, scipy.sparse.csr_array(np.eye(3)[y]))


@pytest.mark.parametrize("quantile", [["a"], {0.5}, None, [], [[0.1]], 0.0, [0.5, 0.5]], ids=str)
def test_quantiles_that_are_none(quantile):
    with pytest.raises(ValueError, match="quantile"):
        GRURegressor(**FAST, loss="quantile", quantile=quantile).fit(X, y)
