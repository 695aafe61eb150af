"""scikit-learn's own tools of inspection on sequences: the ways that docs/inspection.md shows."""

import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, GRURegressor
from sklearn.inspection import PartialDependenceDisplay, partial_dependence, permutation_importance
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def cube(n=80, T=5, D=3):
    """Sequences whose feature 1 at the last step decides."""
    X = np.random.default_rng(0).standard_normal((n, T, D))
    return X, (X[:, -1, 1] > 0).astype(int)


def test_permuted_columns_of_a_frame_of_steps():
    """All steps of a feature are permuted, across the sequences of whatever lengths."""
    X, y = cube()
    frame = pd.concat({i: pd.DataFrame(x[i % 3 :], columns=list("abc")) for i, x in enumerate(X)})
    model = GRUClassifier((8,), max_iter=40, random_state=0, learning_rate_init=0.02).fit(frame, y)
    importances = permutation_importance(model, frame, y, n_repeats=3, random_state=0).importances_mean
    assert importances[1] > 0.25
    assert max(importances[[0, 2]]) < 0.15


def as_cube(table):
    return np.asarray(table).reshape(len(table), 5, 3)


def test_a_column_for_each_feature_of_each_step():
    X, y = cube()
    table = pd.DataFrame(
        X.reshape(len(X), -1), columns=[f"{name}, step {t}" for t in range(5) for name in "abc"]
    )
    model = make_pipeline(
        FunctionTransformer(as_cube),
        GRUClassifier((8,), max_iter=40, random_state=0, learning_rate_init=0.02),
    ).fit(table, y)
    importances = permutation_importance(model, table, y, n_repeats=3, random_state=0).importances_mean
    assert np.argmax(importances) == table.columns.get_loc("b, step 4")
    dependence = partial_dependence(model, table, ["b, step 4"])["average"][0]
    assert dependence[-1] - dependence[0] > 0.4


def test_partial_dependence_display():
    pytest.importorskip("matplotlib").use("Agg")
    X, _ = cube()
    table = X.reshape(len(X), -1)
    model = make_pipeline(FunctionTransformer(as_cube), GRURegressor((8,), max_iter=40, random_state=0))
    model.fit(table, X[:, -1, 1])
    display = PartialDependenceDisplay.from_estimator(model, table, [13, 3], kind="both")
    rises = [result["average"][0] for result in display.pd_results]
    assert np.ptp(rises[0]) > 5 * np.ptp(rises[1])
    display.figure_.canvas.draw()
