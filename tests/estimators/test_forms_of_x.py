"""Shapes, names, types and memory layouts of X at fit and at predict."""

import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import forms_of_vowels, vowels

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
FORMS = forms_of_vowels()

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_lengths_are_free_where_steps_are_not_columns():
    X, y = FORMS["3-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.n_features_in_ == 12
    assert len(model.predict(X[:, :3])) == len(model.predict([x[:5] for x in X])) == len(y)


def test_after_a_2d_fit():
    X, y = FORMS["2-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.n_features_in_ == 7
    assert model.predict([X[0], X[1][:3]]).shape == (2,)
    assert model.predict(X[:, :4, np.newaxis]).shape == y.shape
    assert np.array_equal(model.predict_proba(X), model.predict_proba(list(X)))
    with pytest.raises(ValueError, match="X has 5 features, but GRUClassifier is expecting 7 features"):
        model.predict(X[:, :5])


def test_after_a_univariate_fit_tables_of_any_width_are_taken():
    X, y = FORMS["list of 1-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.n_features_in_ == 1
    assert model.predict(np.zeros((2, 5))).shape == (2,)


def test_a_table_has_one_feature():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    with pytest.raises(ValueError, match="X has 1 features per step, but GRUClassifier is expecting 12"):
        model.predict(np.zeros((2, 12)))


def test_names_of_the_columns_of_dataframes_in_a_list():
    X, y = vowels()
    names = list("abcdefghijkl")
    frames = [pd.DataFrame(x, columns=names) for x in X]
    model = GRUClassifier(**FAST).fit(frames, y)
    assert model.feature_names_in_.tolist() == names
    assert np.array_equal(model.predict_proba(frames), model.predict_proba(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict([frame[names[::-1]] for frame in frames])


def test_names_of_columns():
    X, y = FORMS["2-D"]
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = GRUClassifier(**FAST).fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcdefg")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("bacdefg")])
    model.fit(*FORMS["3-D"])
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cast", [np.int64, np.float16, np.float32, np.longdouble, bool])
def test_types_of_numbers(cast, dtype):
    X, y = FORMS["3-D"]
    model = GRUClassifier(**FAST, dtype=dtype).fit((10 * X).astype(cast), y)
    assert model.predict_proba((10 * X).astype(cast)).dtype == dtype
    assert np.array_equal(
        model.predict_proba((10 * X).astype(cast)),
        model.predict_proba((10 * X).astype(cast).astype("float64")),
    )


@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda X: X[::-1][::-1], lambda X: np.repeat(X, 2, axis=1)[:, ::2]],
)
def test_memory_layout_of_x(layout):
    X, y = FORMS["3-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    strange = GRUClassifier(**FAST).fit(layout(X), y)
    assert np.array_equal(model.predict_proba(X), strange.predict_proba(layout(X)))


def test_edges_of_size():
    X = [np.array([[1.0]]), np.array([[2.0]])]
    model = GRUClassifier(hidden_layer_sizes=(1,), max_iter=2, random_state=0).fit(X, [0, 1])
    assert model.predict_proba(X).shape == (2, 2)
    assert GRURegressor(hidden_layer_sizes=1, max_iter=2, random_state=0).fit([[3.0]], [1.0]).predict(
        [[3.0]]
    ) == [1]
