"""Labels of every type, beside scikit-learn's own classifiers."""

import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, load
from sklearn.linear_model import LogisticRegression

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations", "ignore:The number of unique classes")

N = 40
FLAGS = np.arange(N) % 2 == 0
NUMBERS = FLAGS.astype(int)
WORDS = np.where(FLAGS, "yes", "no")
X = np.random.default_rng(0).standard_normal((N, 5)) * 0.1 + FLAGS[:, None]

AS_SCIKIT_LEARN = {
    "bool": FLAGS,
    "list of bool": FLAGS.tolist(),
    "uint8": NUMBERS.astype("uint8"),
    "float": NUMBERS.astype(float),
    "str": WORDS,
    "tuple of str": tuple(WORDS.tolist()),
    "objects str": WORDS.astype(object),
    "dates": np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]")[NUMBERS],
    "pandas bool": pd.Series(FLAGS),
    "pandas boolean": pd.Series(FLAGS, dtype="boolean"),
    "pandas Int64": pd.Series(NUMBERS, dtype="Int64"),
    "pandas UInt8": pd.Series(NUMBERS, dtype="UInt8"),
    "pandas Float64": pd.Series(NUMBERS, dtype="Float64"),
    "pandas string": pd.Series(WORDS, dtype="string"),
    "pandas category of str": pd.Series(WORDS, dtype="category"),
    "pandas category of int": pd.Series(NUMBERS, dtype="category"),
    "pandas category of bool": pd.Series(FLAGS, dtype="category"),
    "pandas array": pd.array(FLAGS, dtype="boolean"),
    "pandas Categorical": pd.Categorical(WORDS),
    "pandas Index": pd.Index(WORDS),
}
MODEL = dict(hidden_layer_sizes=(4,), max_iter=60, learning_rate_init=0.05, frame_length=1, random_state=0)


@pytest.mark.parametrize("y", AS_SCIKIT_LEARN.values(), ids=AS_SCIKIT_LEARN)
def test_classes_are_those_of_scikit_learn(y):
    """pandas' "boolean" and "Int64" come back as floats there, and so they do here."""
    expected = LogisticRegression().fit(X, y)
    model = GRUClassifier(**MODEL).fit(X, y)
    assert model.classes_.dtype == expected.classes_.dtype
    assert model.classes_.tolist() == expected.classes_.tolist()
    predicted = model.predict(X)
    assert predicted.dtype == expected.predict(X).dtype
    assert predicted.tolist() == expected.predict(X).tolist()
    assert model.score(X, y) == expected.score(X, y) == 1


OBJECTS = {
    "bool": (FLAGS.astype(object), [False, True], "bool"),
    "numpy bool": (np.array([*list(FLAGS), None], dtype=object)[:-1], [False, True], "bool"),
    "int": (NUMBERS.astype(object), [0, 1], "int64"),
    "numpy int": (np.array([*list(NUMBERS), None], dtype=object)[:-1], [0, 1], "int64"),
    "float": (NUMBERS.astype(float).astype(object), [0.0, 1.0], "float64"),
    "pandas bool": (pd.Series(FLAGS, dtype=object), [False, True], "bool"),
}


@pytest.mark.parametrize("y, classes, dtype", OBJECTS.values(), ids=OBJECTS)
def test_objects_that_are_all_booleans_or_numbers(y, classes, dtype, tmp_path):
    """scikit-learn's message here is "Unknown label type: unknown"."""
    model = GRUClassifier(**MODEL, early_stopping=True).fit(X, y, X_val=X, y_val=y)
    assert model.classes_.dtype == dtype
    assert model.classes_.tolist() == classes
    assert model.predict(X).tolist() == list(y)
    assert model.score(X, y) == 1
    GRUClassifier(**MODEL, early_stopping=True, class_weight="balanced").fit(X, y)  # splits by class
    again = GRUClassifier(**MODEL).partial_fit(X[:3], y[:3], classes=y).partial_fit(X, y)
    assert again.classes_.dtype == dtype
    model.save(tmp_path / "m.gruc")
    assert load(tmp_path / "m.gruc").classes_.dtype == dtype


@pytest.mark.parametrize("dtype", ["boolean", "Int64", object])
def test_several_labels_in_columns_of_pandas(dtype):
    Y = pd.DataFrame({"a": FLAGS, "b": ~FLAGS}, dtype=dtype)
    model = GRUClassifier(**MODEL).fit(X, Y)
    plain = GRUClassifier(**MODEL).fit(X, np.stack([FLAGS, ~FLAGS], axis=1).astype(int))
    assert np.array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert model.score(X, Y) == 1


@pytest.mark.parametrize(
    "y, error, message",
    [
        ([True, 1, False, 0] * 10, None, None),  # a list becomes integers
        (np.array([True, 1, False, 0] * 10, dtype=object), ValueError, "Unknown label type"),
        (np.array(["a", 1] * 20, dtype=object), TypeError, "not supported between instances"),
        (pd.Series([None, *WORDS[1:]], dtype="string"), ValueError, "element 0 is missing"),
        (pd.Series([None, *NUMBERS[1:]], dtype="Int64"), ValueError, "element 0 is missing"),
        (pd.Series([None, *WORDS[1:]], dtype="category"), ValueError, "element 0 is missing"),
    ],
)
def test_mixed_and_missing_labels(y, error, message):
    """Refused as scikit-learn does; what is missing is named."""
    for model in (LogisticRegression(), GRUClassifier(**MODEL | {"max_iter": 1})):
        if error is None:
            assert model.fit(X, y).classes_.tolist() == [0, 1]
            continue
        with pytest.raises((TypeError, ValueError)) as refused:
            model.fit(X, y)
    if error is not None:
        assert refused.type is error
        assert message in str(refused.value)
