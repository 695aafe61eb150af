"""dropout and recurrent_dropout on the estimators."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.datasets import load_japanese_vowels
from problems import vowels

SMALL = dict(hidden_layer_sizes=(12,), max_iter=5, tol=0, random_state=0)
KINDS = [{"dropout": 0.3}, {"recurrent_dropout": 0.3}]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_it_is_off_in_prediction(kind):
    X, y = vowels()
    model = GRUClassifier(**SMALL, **kind).fit(X, y)
    expected = model.predict_proba(X)
    assert np.array_equal(model.predict_proba(X), expected)
    plain = GRUClassifier(**SMALL).fit(X, y)
    plain._predictor.parameters[:] = model._predictor.parameters
    assert np.array_equal(plain.predict_proba(X), expected)


@pytest.mark.parametrize("kind", [{"dropout": 0.3}, {"recurrent_dropout": 0.5}], ids=str)
def test_the_loss_in_training_is_that_of_the_thinned_network(kind):
    """Above that of the whole network, at weights that stand still."""
    X, y = vowels()
    model = GRUClassifier(**SMALL | {"max_iter": 40}).fit(X, y)
    of_whole = model.loss_
    model.set_params(**kind, learning_rate_init=1e-12)
    assert np.mean([model.partial_fit(X, y).loss_ for _ in range(20)]) > 1.1 * of_whole


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_masks_come_from_random_state(kind):
    X, y = vowels()
    same = [GRURegressor(**SMALL, **kind).fit(X, y) for _ in range(2)]
    other = GRURegressor(**SMALL | {"random_state": 1}, **kind).fit(X, y)
    assert same[0].loss_curve_ == same[1].loss_curve_ != other.loss_curve_
    state = np.random.get_state()[1].copy()
    GRURegressor(**SMALL | {"random_state": None}, **kind).fit(X, y)
    assert np.array_equal(np.random.get_state()[1], state)


def test_without_it_nothing_is_drawn():
    X, y = vowels()
    assert (
        GRUClassifier(**SMALL, dropout=0.0).fit(X, y).loss_curve_
        == GRUClassifier(**SMALL).fit(X, y).loss_curve_
    )


def test_partial_fit_draws_again():
    X, y = vowels()
    model = GRUClassifier(**SMALL | {"shuffle": False, "learning_rate_init": 1e-12}, dropout=0.5)
    losses = [model.partial_fit(X, y).loss_ for _ in range(3)]
    assert len(set(losses)) == 3, "the weights stand still, the masks do not"


def test_it_reduces_overfitting():
    """Few utterances, labels of which a third are wrong: with dropout the others are classified better."""
    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
    rng = np.random.default_rng(0)
    wrong = rng.random(len(y)) < 1 / 3
    noisy = np.where(wrong, rng.integers(0, 9, len(y)), y)
    settings = dict(hidden_layer_sizes=(48,), max_iter=60, tol=0)
    scores = {
        rate: np.mean(
            [
                GRUClassifier(**settings, random_state=seed, dropout=rate, recurrent_dropout=rate)
                .fit(X, noisy)
                .score(X_test, y_test)
                for seed in range(2)
            ]
        )
        for rate in (0.0, 0.3)
    }
    assert scores[0.3] > scores[0.0] + 0.03, scores
