"""GRURegressor alone."""

import numpy as np
import pytest
from gruc import GRURegressor
from problems import vowels
from sklearn.exceptions import DataConversionWarning

FAST = dict(hidden_layer_sizes=(6,), max_iter=5, random_state=0)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def means(X):
    """Two real targets: what a network must carry along to know them."""
    return np.array([[x[:, 0].mean(), 50 * x[:, 1].max() - 1000] for x in X])


def test_learns_several_outputs_of_different_scale():
    X, _ = vowels(9, 20)
    Y = means(X)
    model = GRURegressor(alpha=0.0, random_state=0).fit(X, Y)
    prediction = model.predict(X)
    assert prediction.shape == Y.shape
    assert prediction.dtype == np.float64
    assert model.score(X, Y) > 0.97
    assert model.n_outputs_ == 2


def test_targets_are_standardized_and_undone():
    X, _ = vowels()
    y = means(X)[:, 0]
    a = GRURegressor(**FAST, dtype="float64").fit(X, y)
    b = GRURegressor(**FAST, dtype="float64").fit(X, 1e6 * y + 1e9)
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(1e6 * a.predict(X) + 1e9, b.predict(X), rtol=1e-9)


def test_without_standardize_the_loss_is_in_the_targets_units():
    X, _ = vowels()
    Y = means(X)
    settings = dict(standardize=False, dtype="float64", batch_size=len(X), alpha=0.0)
    model = GRURegressor(**FAST, **settings).fit(X, Y)
    expected = ((model.predict(X) - Y) ** 2).mean() / 2
    assert model.partial_fit(X, Y).loss_ == pytest.approx(expected, rel=1e-12)


def test_a_constant_target():
    X, _ = vowels()
    model = GRURegressor(random_state=0).fit(X, np.full(len(X), 7.0))
    np.testing.assert_allclose(model.predict(X), 7, rtol=0, atol=0.05)


def test_column_vector_is_raveled_with_a_warning():
    X, _ = vowels()
    y = means(X)[:, :1]
    with pytest.warns(DataConversionWarning):
        model = GRURegressor(**FAST).fit(X, y)
    assert model.predict(X).shape == (len(X),)


def test_going_on_needs_as_many_outputs():
    X, _ = vowels()
    model = GRURegressor(**FAST).partial_fit(X, means(X))
    with pytest.raises(ValueError, match="n_outputs is 1, but the existing network has 2"):
        model.partial_fit(X, means(X)[:, 0])


def test_silence_and_the_floating_point_mode(float_mode):
    """A fit of sequences that fade into silence has the same bits in any floating-point mode, and leaves it."""
    rng = np.random.default_rng(0)
    X = np.zeros((12, 700, 1), "float32")
    X[:, 0] = rng.standard_normal((12, 1))
    fitted = []
    for mode in float_mode.modes:
        model = GRURegressor((6,), frame_length=1, standardize=False, max_iter=2, random_state=0)
        with float_mode.set(mode):
            model.fit(X, X[:, 0, 0])
            after = float_mode.get()
        assert after == mode
        fitted.append(model._predictor.parameters)
    assert np.array_equal(*fitted)
