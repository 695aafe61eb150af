"""Bad calls and the exact error each gives."""

import re
import warnings

import numpy as np
import pandas as pd
import polars
import pytest
import scipy.sparse
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.preprocessing import SequenceScaler
from gruc.runtime import Predictor
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
    "None": (None, y, TypeError, "X is a NoneType. Expected an array of numbers or a list of arrays, one for each sequence."),
    "a dict": ({"a": 1}, y, TypeError, "X is a dict."),
    "masked": (np.ma.masked_less(TABLE, 0), y, ValueError, "X is a masked array with masked values. Give X.filled(...)"),
    "an element that is None": ([*X[:-1], None], y, TypeError, "X[23] is a NoneType. Expected an array of numbers or a list of arrays, one for each sequence."),
    "too large for float32": ([x * 1e30 for x in X], y, ValueError, "X contains values too large to compute with in float32: column 0 reaches 2.13e+30, the limit is 1e+18. Rescale them, or use dtype float64."),
    "too large to standardize": ([x * 1e200 for x in X], y, ValueError, "X contains values too large to compute with in float64: column 0 reaches 2.13e+200, the limit is 1e+150. Rescale them."),
    "sparse sequences": ([scipy.sparse.csr_array(x) for x in X], y, TypeError, "X[0] is sparse; sequences are dense. Use [x.toarray() for x in X]."),
    "sparse sequences, later": ([*X[:-1], scipy.sparse.csr_array(X[-1])], y, TypeError, "X[23] is sparse; sequences are dense. Use X[23].toarray()."),
    "sparse sequences of an old kind": ([scipy.sparse.coo_matrix(x) for x in X], y, TypeError, "X[0] is sparse"),
    "dates in a column": ([pd.DataFrame({"d": pd.date_range("2020", periods=len(x)), "v": x[:, 0]}) for x in X], y, ValueError, "in column 'd'. Leave this column out, or encode it as numbers. Give times as numbers"),
    "dates in a table": (pd.DataFrame({"d": pd.date_range("2020", periods=24), "v": y}), y, ValueError, "X holds elements that are not numbers (float() argument must be a string or a real number, not 'Timestamp'): Timestamp('2020-01-01 00:00:00') in column 'd'."),
    "dates alone": ([np.arange("2020-01-01", "2020-01-09", dtype="M8[D]")] * 24, y, ValueError, "X[0] holds datetime64[D], not numbers. Give times as numbers, for instance the seconds since the first"),
    "words in a column": ([pd.DataFrame({"d": "a", "v": x[:, 0]}) for x in X], y, ValueError, "'a' in column 'd'. Leave this column out, or encode it as numbers."),
    "a missing value of pandas": ([pd.DataFrame({"d": [1, pd.NA]}, dtype=object)] * 24, y, ValueError, "<NA> in column 'd'. Impute or remove missing values."),
    "a long frame": (pd.DataFrame({"id": np.repeat(list("abcdefgh"), 3), "v": np.arange(24.0)}), y[:8], ValueError, "if rows are steps and a column identifies the sequence, use gruc.sequences.from_long(X, by='id')."),
    "a long frame of polars": (polars.DataFrame({"id": np.repeat(list("abcdefgh"), 3), "v": np.arange(24.0)}), y[:8], ValueError, "gruc.sequences.from_long(X, by='id')"),
    "a long frame of numbers": (pd.DataFrame({"v": np.arange(24.0), "id": np.repeat(range(8), 3)}), y[:8], ValueError, "inconsistent numbers of samples: [24, 8] A row of a DataFrame is a sequence; if rows are steps, and a column identifies the sequence, use gruc.sequences.from_long(X, by='id')."),
    "one sequence of one feature": (X[0][:, :1], [1], ValueError, "inconsistent numbers of samples: [20, 1] A 2-D X is one sequence a row, 20 of one step here; give one sequence alone as [X]."),
    "one sequence of features": (X[0], [1], ValueError, "20 of 12 steps here; give one sequence alone as [X]."),
    "axes swapped": ([x.T for x in X], y, ValueError, "X[1] has 26 features, but X[0] has 20; a sequence is an array (n_steps, n_features). For arrays (n_features, n_steps_i), as in aeon and sktime, use gruc.sequences.from_channels_first(X)."),
    "a dict of sequences": (dict(enumerate(X)), y, TypeError, "X is a dict. Expected an array of numbers or a list of arrays, one for each sequence, as list(X.values())"),
    "a generator": ((x for x in X), y, TypeError, "X is a generator, which can only be iterated over. Give list(X)."),
    "values of a dict": (dict(enumerate(X)).values(), y, TypeError, "X is a dict_values, which can only be iterated over. Give list(X)."),
    "pairs of a groupby": (list(pd.DataFrame({"id": np.arange(48) % 24, "v": 1.0}).groupby("id")), y, TypeError, "Leave the keys out: [frame for _, frame in X]; or give the groupby itself."),
    "None among labels": (X, [None, *"ab" * 11, "a"], ValueError, "Input y contains None: element 0 is missing. Leave out sequences without a label or value."),
    "None among labels of an array": (X, np.array(["a", *"ab" * 11, None], object), ValueError, "Input y contains None: element 23 is missing."),
    "NA among labels": (X, pd.Series(["a", *"ab" * 11, None], dtype="string"), ValueError, "Input y contains <NA>: element 23 is missing."),
    "NaN among labels of an array": (X, np.array(["a", *"ab" * 11, np.nan], object), ValueError, "Input y contains NaN: element 23 is missing."),
    "null among labels of polars": (X, polars.Series(["a", *"ab" * 11, None]), ValueError, "Input y contains None: element 23 is missing."),
    "fewer labels": (X, y[:-1], ValueError, "Found input variables with inconsistent numbers of samples: [24, 23]"),
    "no labels": (X, None, ValueError, REQUIRED.format("GRUClassifier")),
    "one class": (X, np.zeros(24, int), ValueError, "1 class only: [0]. A classifier needs samples of at least 2 classes."),
    "real labels": (X, np.linspace(0, 1, 24), ValueError, "Unknown label type: continuous."),
    "NaN labels": (X, np.where(y == 1, np.nan, y), ValueError, "Input y contains NaN."),
    "labels in columns": (X, np.eye(3)[y] + 1, ValueError, "y has shape (24, 3) and is not a multilabel indicator"),
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
    ({"hidden_layer_sizes": ()}, "hidden_layer_sizes must contain positive integers, one per GRU layer, at least one; got ()."),
    ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must contain positive integers, one per GRU layer, at least one; got (5, 0)."),
    ({"hidden_layer_sizes": (5.5,)}, "hidden_layer_sizes must contain positive integers, one per GRU layer, at least one; got (5.5,)."),
    ({"hidden_layer_sizes": ("a",)}, "hidden_layer_sizes must contain positive integers"),
    ({"hidden_layer_sizes": (True,)}, "hidden_layer_sizes must contain positive integers"),
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
    ({"hidden_layer_sizes": {5, 3}}, "hidden_layer_sizes must contain positive integers"),
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
    "too large": (np.where(y == 1, 1e200, y), "y contains values too large to compute with in float64: column 0 reaches 1e+200, the limit is 1e+150. Rescale them."),
    "missing": (None, REQUIRED.format("GRURegressor")),
    "too few": (y[:5], "Found input variables with inconsistent numbers of samples: [24, 5]"),
}  # fmt: skip

# id: (X to predict, message) after a fit on sequences of 12 features
BAD_QUERIES = {
    "other features": ([x[:, :4] for x in X], "X has 4 features per step, but GRUClassifier is expecting 12 features per step, as in the X it was fitted on."),
    "a table": (TABLE, "X has 1 features per step, but GRUClassifier is expecting 12 features per step, as in the X it was fitted on. A 2-D X is univariate sequences; give one sequence alone as [X]."),
    "NaN": (NAN_LIST, "X[23] contains NaN at step 0."),
    "an empty list": ([], "X has no sequences: it is empty."),
    "a list of sparse sequences": ([scipy.sparse.csr_array(x) for x in X], "X[0] is sparse; sequences are dense. Use [x.toarray() for x in X]."),
    "axes swapped": ([x.T for x in X], "gruc.sequences.from_channels_first(X)"),
    "one sequence alone": (X[0][0], "X is one-dimensional. Expected 2D array"),
    "too large": ([x * 1e30 for x in X], "X contains values too large to compute with in float32: column"),
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
        with raises((ValueError, TypeError), message):
            method(query)


def test_balanced_class_weight_in_partial_fit():
    with raises(
        ValueError,
        "class_weight='balanced' needs all of y at once, which partial_fit does not see.",
    ):
        GRUClassifier(**FAST, class_weight="balanced").partial_fit(X, y)


def test_too_large_targets_for_float32():
    with raises(ValueError, "y contains values too large to compute with in float32: column 0 reaches 1e+60"):
        GRURegressor(**FAST, standardize=False).fit(X, np.where(y == 1, 1e60, y))


COLUMN = "X of shape (7, 1) is 7 sequences of one step. Give one sequence of 7 steps as [X], or 7 sequences of one step as X[:, :, None]."


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "given", [CUBE[:, :, :1], list(CUBE[:, :, :1]), list(CUBE[:, :, 0])], ids=["3-D", "2-D", "1-D"]
)
def test_one_sequence_given_alone(given):
    """A model of one feature takes (T, 1) for T sequences of one step, and so it does not."""
    model = GRUClassifier(**FAST).fit(given, y)
    alone = CUBE[3, :, :1]
    predictor = Predictor.from_estimator(model)
    for method in (model.predict, model.predict_proba, model.hidden_states, predictor.predict):
        with raises(ValueError, COLUMN):
            method(alone)
    with raises(ValueError, COLUMN.replace("X", "X_val")):
        GRUClassifier(**FAST).fit(given, y, X_val=alone, y_val=y[:7])
    expected = model.predict_proba(CUBE[3:4, :, :1])
    assert np.array_equal(model.predict_proba([alone]), expected)
    assert np.array_equal(model.predict_proba(CUBE[:, :, 0])[3:4], expected)
    assert len(model.predict(alone[:, :, None])) == 7


def test_one_sequence_given_alone_to_a_scaler():
    with raises(ValueError, COLUMN):
        SequenceScaler().fit(CUBE[:, :, :1]).transform(CUBE[3, :, :1])


ONE_STEP = "All sequences of X have one step, of 12 features, in which there is no order to learn from. If X is (n_sequences, n_features, n_steps), as aeon and sktime have it, give gruc.sequences.from_channels_first(X)."


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "one_step, message",
    [
        (CUBE[:, :1], ONE_STEP),
        (list(CUBE[:, :1]), ONE_STEP),
        (TABLE[:, :1], "X of shape (24, 1) is 24 sequences of one step, in which there is no order to learn from. If it is one sequence of 24 steps, give [X], with one label."),
    ],
    ids=["3-D", "list", "2-D"],
)  # fmt: skip
@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_one_step_is_warned_of_once(Estimator, one_step, message):
    settings = FAST | {"n_iter_no_change": np.inf}  # and so nothing else is warned of
    models = Estimator(**settings), Estimator(**settings), GRUTransformer(Estimator(), trained=False)
    for fit in (models[0].fit, models[1].partial_fit, models[2].fit):
        with pytest.warns(UserWarning, match="of one step|have one step") as caught:
            fit(one_step, y)
        assert [str(warning.message) for warning in caught] == [message]
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        models[0].predict(one_step)
        models[1].partial_fit(one_step, y)
        Estimator(**settings).fit(CUBE[:, :2], y, X_val=CUBE[:, :1], y_val=y)
        Estimator(**settings).fit([CUBE[0, :1], *CUBE[1:]], y)


def test_tensors_that_numpy_cannot_read():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(CUBE)
    for bad in (
        tensor.clone().requires_grad_(),
        tensor.to(torch.bfloat16),
        tensor.to_sparse(),
        list(tensor.to("meta")),
    ):
        name = "X[0]" if isinstance(bad, list) else "X"
        with pytest.raises(
            TypeError, match=re.escape(name) + r" is a Tensor that NumPy cannot read \(.*Use .*detach"
        ):
            GRUClassifier(**FAST).fit(bad, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "Estimator, scoring",
    [(GRUClassifier, "f1_macro"), (GRURegressor, "neg_mean_absolute_error"), (GRURegressor, None)],
)
def test_tensors_with_a_scorer(Estimator, scoring):
    torch = pytest.importorskip("torch")
    settings = FAST | dict(scoring=scoring, early_stopping=True, validation_fraction=0.25)
    model = Estimator(**settings).fit(CUBE, y)
    for given in (torch.tensor(CUBE), [torch.tensor(x) for x in CUBE]):
        same = Estimator(**settings).fit(given, torch.tensor(y))
        assert same.validation_scores_ == model.validation_scores_
        assert same.score(given, torch.tensor(y)) == model.score(CUBE, y)


# id: (arguments of fit, message)
BAD_VALIDATIONS = {
    "other features": (dict(X_val=[x[:, :3] for x in X], y_val=y), "X_val has 3 features per step"),
    "NaN": (dict(X_val=NAN_LIST, y_val=y), "X_val[23] contains NaN at step 0."),
    "too large": (dict(X_val=[x * 1e30 for x in X], y_val=y), "X_val contains values too large to compute with"),
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
def test_invalid_quantiles(quantile):
    with pytest.raises(ValueError, match="quantile"):
        GRURegressor(**FAST, loss="quantile", quantile=quantile).fit(X, y)
