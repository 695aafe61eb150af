"""Losses of the regressor: what each of them finds."""

import pickle

import gruc
import numpy as np
import pytest
from gruc import GRURegressor
from gruc.runtime import Predictor
from problems import vowels
from sklearn.metrics import d2_pinball_score, r2_score

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")
SMALL = dict(hidden_layer_sizes=(8,), random_state=0)


def noisy(n=400, seed=0):
    """A level that the sequence shows, and noise of one side: the median is not the mean."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(-1, 1, n)
    X = level[:, None, None] + 0.01 * rng.standard_normal((n, 5, 1))
    noise = rng.exponential(1, n)
    return X, level, level + noise


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("standardize", [True, False])
def test_every_loss_learns_one_and_many_outputs(loss, standardize):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 6, 2))
    Y = np.column_stack([5 + 3 * X[:, -1, 0], X[:, -1, 1]])
    for y in (Y[:, 1], Y):
        model = GRURegressor(**SMALL, loss=loss, standardize=standardize, max_iter=300, tol=0).fit(X, y)
        assert model.predict(X).shape == y.shape
        assert model.score(X, y) > 0.9


def test_absolute_error_finds_the_median_and_squared_error_the_mean():
    X, level, y = noisy()
    settings = SMALL | dict(max_iter=100, batch_size=100)
    median = GRURegressor(**settings, loss="absolute_error").fit(X, y).predict(X) - level
    mean = GRURegressor(**settings).fit(X, y).predict(X) - level
    assert np.mean(median) == pytest.approx(np.log(2), abs=0.1)  # of an exponential
    assert np.mean(mean) == pytest.approx(1, abs=0.1)


def test_huber_is_not_drawn_by_outliers():
    X, level, _ = noisy()
    y = level.copy()
    y[::20] += 1000
    robust = GRURegressor(**SMALL, loss="huber", delta=0.01, max_iter=100).fit(X, y).predict(X)
    drawn = GRURegressor(**SMALL, max_iter=100).fit(X, y).predict(X)
    assert np.median(np.abs(robust - level)) < 0.1 * np.median(np.abs(drawn - level))


class TestQuantiles:
    def test_several_at_once_give_an_interval(self):
        X, _, y = noisy()
        X_test, _, y_test = noisy(seed=1)
        model = GRURegressor(**SMALL, loss="quantile", quantile=[0.1, 0.5, 0.9], max_iter=100).fit(X, y)
        found = model.predict(X_test)
        assert found.shape == (400, 3)
        assert (np.diff(found, axis=1) >= 0).all()
        np.testing.assert_allclose(
            (y_test[:, None] <= found).mean(axis=0), [0.1, 0.5, 0.9], rtol=0, atol=0.06
        )
        assert model.n_outputs_ == 3
        expected = np.mean(
            [d2_pinball_score(y_test, found[:, i], alpha=q) for i, q in enumerate([0.1, 0.5, 0.9])]
        )
        assert model.score(X_test, y_test) == pytest.approx(expected)

    def test_one_is_a_vector(self):
        X, _, y = noisy()
        model = GRURegressor(**SMALL, loss="quantile", quantile=0.8, max_iter=60).fit(X, y)
        assert model.predict(X).shape == (400,)
        assert np.mean(y <= model.predict(X)) == pytest.approx(0.8, abs=0.06)
        assert model.score(X, y) == r2_score(y, model.predict(X))

    def test_of_many_targets(self):
        X, level, y = noisy()
        Y = np.column_stack([y, 100 * level])
        model = GRURegressor(**SMALL, loss="quantile", quantile=(0.25, 0.75), max_iter=60).fit(X, Y)
        assert model.predict(X).shape == (400, 2, 2)
        assert np.abs(model.predict(X)[:, 1] - 100 * level[:, None]).max() < 40
        for other in (
            pickle.loads(pickle.dumps(model)),
            pickle.loads(pickle.dumps(Predictor.from_estimator(model))),
        ):
            assert np.array_equal(other.predict(X), model.predict(X))

    def test_with_early_stopping(self):
        X, _, y = noisy(100)
        model = GRURegressor(**SMALL, loss="quantile", quantile=(0.2, 0.8), early_stopping=True, max_iter=20)
        model.fit(X, y)
        assert model.best_validation_score_ == max(model.validation_scores_)
        model.set_params(early_stopping=False).fit(X, y, X_val=X, y_val=y)
        assert model.validation_scores_[-1] == pytest.approx(model.score(X, y))


class TestPoisson:
    def test_finds_rates(self):
        rng = np.random.default_rng(0)
        level = rng.uniform(0, 3, 600)
        X = level[:, None, None] + 0.01 * rng.standard_normal((600, 4, 1))
        y = rng.poisson(np.exp(level))
        model = GRURegressor(**SMALL, loss="poisson", max_iter=100).fit(X, y)
        assert (model.predict(X) > 0).all()
        assert r2_score(np.exp(level), model.predict(X)) > 0.9
        assert model.out_activation_ == "exp"

    def test_starts_at_the_mean(self):
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((50, 4, 1)), rng.poisson(1000, 50)
        model = GRURegressor(**SMALL, loss="poisson", max_iter=1, learning_rate_init=1e-12).fit(X, y)
        assert np.log(model.predict(X)).mean() == pytest.approx(np.log(y.mean()), abs=0.5)

    def test_refuses_negative_numbers(self):
        X, _, y = noisy(20)
        with pytest.raises(ValueError, match="y must not be negative with loss='poisson'; it reaches"):
            GRURegressor(loss="poisson").fit(X, y - 5)
        with pytest.raises(ValueError, match="y_val must not be negative"):
            GRURegressor(loss="poisson").fit(X, np.abs(y), X_val=X, y_val=y - 5)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (dict(loss="cubic"), "The 'loss' parameter of GRURegressor must be"),
        (dict(loss="quantile", quantile=1.0), "The 'quantile' parameter|quantile must be"),
        (dict(loss="quantile", quantile=[0.5, 1.5]), "numbers between 0 and 1"),
        (dict(loss="quantile", quantile=[]), "numbers between 0 and 1"),
        (dict(loss="quantile", quantile=[0.5, 0.1]), "quantile must rise"),
        (dict(loss="huber", delta=0.0), "The 'delta' parameter of GRURegressor must be"),
    ],
)
def test_bad_parameters(wrong, message):
    X, _, y = noisy(20)
    with pytest.raises(ValueError, match=message):
        GRURegressor(**wrong).fit(X, y)


def test_going_on_with_another_loss_is_refused():
    X, _, y = noisy(20)
    model = GRURegressor(**SMALL).partial_fit(X, y)
    with pytest.raises(ValueError, match="have loss='huber', .* has loss='squared_error'"):
        model.set_params(loss="huber").partial_fit(X, y)
    model.set_params(loss="squared_error").partial_fit(X, y)


def test_score_is_of_what_was_fitted():
    X, y = vowels()
    model = GRURegressor((6,), loss="quantile", quantile=[0.1, 0.9], max_iter=2, random_state=0).fit(X, y)
    expected = model.score(X, y)
    assert model.set_params(quantile=[0.1, 0.5, 0.9]).score(X, y) == expected
    assert model.set_params(loss="squared_error").score(X, y) == expected


# ---- targets with outliers, and targets that do not vary


def noisy_means(n=600, seed=0):
    """Sequences whose mean is the target, and clean ones to measure on; the targets' deviation is 1."""
    rng = np.random.default_rng(seed)
    X, X_test = rng.standard_normal((2, n, 12, 1))
    y, y_test = (np.sqrt(12) * part.mean(axis=(1, 2)) for part in (X, X_test))
    return X, y + 0.1 * rng.standard_normal(n), X_test, y_test


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("outlier", [10.0, -9999.0, 1e9])
@pytest.mark.parametrize("loss", ["huber", "absolute_error", "quantile"])
def test_robust_losses_bear_outliers(loss, outlier):
    X, y, X_test, y_test = noisy_means()
    y[::100] = outlier
    model = GRURegressor((16,), loss=loss, max_iter=100, random_state=0).fit(X, y)
    assert np.abs(model.predict(X_test) - y_test).mean() < 0.08  # a constant: 0.8


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_intervals_bear_outliers_in_one_of_two_targets():
    X, y, X_test, y_test = noisy_means()
    two = np.c_[y, y]
    two[::100, 0] = -9999
    model = GRURegressor((16,), loss="quantile", quantile=[0.1, 0.9], max_iter=100, random_state=0).fit(
        X, two
    )
    low, high = model.predict(X_test).transpose(2, 0, 1)
    observed = y_test + 0.1 * np.random.default_rng(1).standard_normal(len(y_test))
    for k in (0, 1):
        assert 0.6 < np.mean((low[:, k] < observed) & (observed < high[:, k])) < 0.9
        assert np.mean(high[:, k] - low[:, k]) < 0.4


CONSTANT_FITS = [
    *(dict(loss=loss) for loss in ("squared_error", "absolute_error", "huber")),
    dict(loss="quantile", quantile=[0.1, 0.5, 0.9]),
    dict(alpha=0.1, dropout=0.2, pooling="attention"),
    dict(solver="adamw", alpha=0.1),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", CONSTANT_FITS, ids=str)
@pytest.mark.parametrize("constant", [1e-9, 1e9, 0.0, -np.pi])
def test_a_constant_target_is_predicted_exactly(settings, constant, tmp_path):
    X, y, X_test, _ = noisy_means(60)
    model = GRURegressor((5,), max_iter=5, random_state=0, **settings).fit(X, np.full(60, constant))
    model.save(tmp_path / "m.gruc")
    model.partial_fit(X[:20], np.full(20, constant))
    for fitted in (model, gruc.load(tmp_path / "m.gruc"), gruc.runtime.load(tmp_path / "m.gruc")):
        assert np.all(fitted.predict(X_test) == constant)
    assert np.all(model.stream().step(X_test[0]) == constant)
    beside = GRURegressor((5,), max_iter=5, random_state=0, **settings).fit(
        X, np.c_[y, np.full(60, constant)]
    )
    assert np.all(beside.predict(X_test)[:, 1] == constant)
    assert beside.predict(X_test)[:, 0].std() > 0
    by_weight = GRURegressor((5,), max_iter=5, random_state=0, **settings)
    by_weight.fit(X, np.r_[y[:30], np.full(30, constant)], sample_weight=np.r_[np.zeros(30), np.ones(30)])
    assert np.all(by_weight.predict(X_test) == constant)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_constant_target_in_exports(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    X, _, X_test, _ = noisy_means(60)
    model = GRURegressor((5,), max_iter=3, random_state=0).fit(X, np.full(60, 0.1))
    session = onnxruntime.InferenceSession(gruc.to_onnx(model).SerializeToString())
    lengths = np.full(len(X_test), X_test.shape[1], np.int64)
    inputs = dict(
        zip((i.name for i in session.get_inputs()), (X_test.astype(np.float32), lengths), strict=True)
    )
    assert np.all(session.run(None, inputs)[0] == np.float32(0.1))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_constant_beginning_does_not_end_learning():
    X, y, X_test, y_test = noisy_means()
    model = GRURegressor((8,), random_state=0, learning_rate="constant").partial_fit(X, np.zeros(len(X)))
    for _ in range(60):
        model.partial_fit(X, y)
    assert np.corrcoef(model.predict(X_test), y_test)[0, 1] > 0.9


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_numbers_whose_squares_underflow_vary_all_the_same(loss):
    X, y, X_test, _ = noisy_means(200)
    settings = dict(hidden_layer_sizes=(8,), loss=loss, max_iter=10, random_state=0)
    plain = GRURegressor(**settings).fit(X, y).predict(X_test)
    small = 2.0**-990  # exactly the same problem
    tiny = GRURegressor(**settings).fit(small * X, small * y).predict(small * X_test)
    np.testing.assert_allclose(tiny / small, plain, rtol=1e-12)


# ---- statistics of partial_fit


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
@pytest.mark.parametrize("first", [1, 2, 5])
def test_a_first_chunk_of_few_sequences_spoils_nothing(first, loss):
    X, y, X_test, y_test = noisy_means(300)
    X, y, X_test, y_test = 40 * X + 7, 50 * y + 300, 40 * X_test + 7, 50 * y_test + 300
    model = GRURegressor((8,), loss=loss, learning_rate="constant", random_state=0)
    chunks = [slice(i * first, (i + 1) * first) for i in range(20 // first)] + [slice(20, None)]
    for chunk in chunks:
        model.partial_fit(X[chunk], y[chunk])
    assert model._first_statistics is None
    n_first = next(i * first for i in range(1, 21) if i * first >= 10)
    assert model._predictor.inputs.scaling.mean == pytest.approx(X[:n_first].mean(), rel=1e-12)
    assert model._predictor.inputs.scaling.scale == pytest.approx(X[:n_first].std(), rel=1e-12)
    for _ in range(40):
        model.partial_fit(X, y)
    assert r2_score(y_test, model.predict(X_test)) > 0.95
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.partial_fit(X, y).predict(X_test), model.partial_fit(X, y).predict(X_test))


def test_statistics_continue_after_pickling_and_with_weights():
    X, y, _, _ = noisy_means(30)
    weights = np.linspace(0, 2, 30)
    model = GRURegressor((4,), random_state=0).partial_fit(X[:3], y[:3])
    model = pickle.loads(pickle.dumps(model)).partial_fit(X[3:5], y[3:5], sample_weight=weights[3:5])
    model.partial_fit(X[5:], y[5:])
    weights = np.r_[np.ones(3), weights[3:5], np.ones(25)]
    assert model._predictor.inputs.scaling.mean == pytest.approx(
        np.average(X.mean(axis=1)[:, 0], weights=weights), rel=1e-12
    )
    assert model._predictor.decoding.scaling.mean == pytest.approx(np.average(y, weights=weights), rel=1e-12)
    settled = model._predictor.inputs.scaling
    model.partial_fit(X + 9, y)
    assert model._predictor.inputs.scaling is settled


def test_a_refused_chunk_is_no_part_of_the_statistics():
    X, y, X_test, _ = noisy_means(30)
    model = GRURegressor((4,), random_state=0).partial_fit(X[:2], y[:2])
    before = model.predict(X_test)
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(X[2:4] * np.nan, y[2:4])
    assert np.array_equal(model.predict(X_test), before)
    clean = GRURegressor((4,), random_state=0).partial_fit(X[:2], y[:2]).partial_fit(X[2:], y[2:])
    assert np.array_equal(model.partial_fit(X[2:], y[2:]).predict(X_test), clean.predict(X_test))
