"""How a fit ends: convergence, divergence, errors."""

import warnings

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import vowels
from sklearn.exceptions import ConvergenceWarning

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
ESTIMATORS = [GRUClassifier, GRURegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_convergence_warning_at_max_iter_only():
    X, y = vowels()
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\)"):
        GRUClassifier(**FAST).fit(X, y)


@pytest.mark.filterwarnings("error")
def test_stops_by_itself():
    X, y = vowels()
    model = GRUClassifier(random_state=0, max_iter=1000).fit(X, y)
    assert 10 < model.n_iter_ < 200


def test_verbose(capsys):
    X, y = vowels()
    GRUClassifier(**FAST, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [["Epoch", f"{i}/3", "loss"] for i in (1, 2, 3)]


def test_convergence_warning_points_at_the_users_line():
    X, y = vowels()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GRUClassifier(**FAST).fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_divergence_raises_and_loses_nothing(method, warm_start):
    X, y = vowels()
    model = GRURegressor(**FAST, warm_start=warm_start).fit(X, y)
    before, state = model.predict(X), dict(vars(model))
    model.set_params(learning_rate_init=1e300)
    with pytest.raises(ValueError, match="diverged: lower learning_rate_init"):
        getattr(model, method)(X, y)
    model.set_params(learning_rate_init=0.01)
    assert np.array_equal(model.predict(X), before)
    assert {k: id(v) for k, v in vars(model).items()} == {
        k: id(v) for k, v in (state | {"learning_rate_init": 0.01}).items()
    }


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_a_failed_fit_changes_nothing(Estimator):
    X, y = vowels()
    model = Estimator(**FAST).fit(X, y)
    before = dict(vars(model))
    for bad_X, bad_y in [
        (np.zeros((3, 4)), [1, 2]),
        (np.full((3, 4), np.nan), [0, 1, 2]),
        (X, None),
        ([X[0]], [0]),
    ]:
        if Estimator is GRURegressor and len(bad_X) == 1:
            continue
        with pytest.raises(ValueError):
            model.fit(bad_X, bad_y)
        assert vars(model) == before
