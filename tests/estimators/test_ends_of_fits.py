"""How a fit ends: convergence, divergence, errors."""

import warnings

import numpy as np
import pytest
from gruc import GRUClassifier, GRUForecaster, GRULanguageModel, GRURegressor, GRUSeq2Seq
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


DIGITS = [[int(d) for d in str(n)] for n in range(100, 160)]
SERIES = np.sin(np.arange(200) / 5) + 0.1 * np.random.default_rng(0).normal(size=200)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize(
    ("Estimator", "data", "settings"),
    [
        (GRUClassifier, vowels, {}),
        (GRUClassifier, vowels, {"early_stopping": True, "validation_fraction": 0.2}),
        (GRURegressor, vowels, {"learning_rate": "cosine"}),
        (GRUClassifier, vowels, {"n_estimators": 2}),
        (GRULanguageModel, lambda: (DIGITS,), {}),
        (GRUSeq2Seq, lambda: (DIGITS, DIGITS), {}),
        (GRUForecaster, lambda: (SERIES,), {"early_stopping": False, "alpha": 0.0}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fit_that_is_worse_than_none_warns(Estimator, data, settings, solver):
    """The loss stays finite by the clipping of gradients, but says that nothing was learned."""
    settings = {"max_iter": 12, "hidden_layer_sizes": (6,), "random_state": 0} | settings
    model = Estimator(solver=solver, learning_rate_init=1e6, **settings)
    with pytest.warns(
        ConvergenceWarning, match=r"not lowered the loss, which is .* lower learning_rate_init"
    ):
        model.fit(*data())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_targets_without_any_signal_are_no_divergence(Estimator):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 10, 2)), rng.integers(2, size=60)
    Estimator(max_iter=1000, hidden_layer_sizes=(2,), dropout=0.3, alpha=1.0, random_state=0).fit(X, y)
    Estimator(max_iter=1000, hidden_layer_sizes=(2,), batch_size=1, random_state=0).fit(X, y)
    Estimator(max_iter=1000, hidden_layer_sizes=(2,), random_state=0).fit(X, np.r_[1, np.zeros(59, int)])


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
