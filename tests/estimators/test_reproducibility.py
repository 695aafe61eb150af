"""A prediction depends on its sequence alone, a fit on its data and seed."""

import threading

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.sequences import from_padded
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import forms_of_vowels, outputs, vowels

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
FORMS = forms_of_vowels()
ESTIMATORS = [GRUClassifier, GRURegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@settings(deadline=None, max_examples=25)
@given(
    structure=st.fixed_dictionaries(
        {
            "hidden_layer_sizes": st.sampled_from([(1,), (7,), (16,), (33,), (5, 4)]),
            "bidirectional": st.booleans(),
            "reset_after": st.booleans(),
            "pooling": st.sampled_from(["last", "mean", "max", "attention"]),
            "dtype": st.sampled_from(["float32", "float64"]),
        }
    ),
    seed=st.integers(0, 999),
)
def test_a_prediction_is_bitwise_its_own(structure, seed):
    """Alone, in a batch, in another order, from a padded array: the same bits."""
    rng = np.random.default_rng(seed)
    X, y = vowels()
    model = GRUClassifier(max_iter=1, random_state=seed, batch_size=8, **structure).fit(X, y)
    expected = model.predict_proba(X)
    order = rng.permutation(len(X))
    assert np.array_equal(model.predict_proba([X[i] for i in order]), expected[order])
    chosen = order[: rng.integers(1, len(X))]
    assert np.array_equal(model.predict_proba([X[i] for i in chosen]), expected[chosen])
    i = order[0]
    assert np.array_equal(model.predict_proba(X[i][np.newaxis])[0], expected[i])
    padded = np.full((len(X), 99, 12), np.nan)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    assert np.array_equal(model.predict_proba(from_padded(padded)), expected)
    shuffled = [X[i] for i in order]
    assert np.array_equal(model.predict_log_proba(shuffled), model.predict_log_proba(X)[order])
    model.set_params(batch_size=3)
    assert np.array_equal(model.predict_proba(X), expected)
    regressor = GRURegressor(max_iter=1, random_state=seed, **structure).fit(X, y)
    assert np.array_equal(regressor.predict(shuffled), regressor.predict(X)[order])


def test_chunks_of_prediction_leave_no_trace(monkeypatch):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    expected = model.predict_proba(X)
    for size in (1, 500, 10**9):
        monkeypatch.setattr("gruc.runtime.chunks.CHUNK_SIZE", size)
        assert np.array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_workspace_is_given_back_by_fit_and_kept_by_partial_fit(Estimator):
    X, y = vowels()
    model = Estimator(**FAST).fit(X, y)
    assert not hasattr(model, "_step_memory")
    memory = model.partial_fit(X, y)._step_memory
    assert model.partial_fit(X, y)._step_memory is memory


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_the_order_of_samples_reaches_the_recurrence_nowhere(Estimator):
    """What sktime's GRUClassifier gets wrong: recurring over the batch."""
    X, y = FORMS["3-D"]
    model = Estimator(**FAST).fit(X, y)
    assert np.array_equal(outputs(model, X[::-1]), outputs(model, X)[::-1])
    assert not np.allclose(outputs(model, X[:, ::-1]), outputs(model, X))


def test_same_seed_same_bits_other_seed_others():
    X, y = vowels()
    a, b, c = (GRUClassifier(**(FAST | {"random_state": seed})).fit(X, y) for seed in (0, 0, 1))
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))
    assert not np.array_equal(a.predict_proba(X), c.predict_proba(X))


def test_random_state_kinds_and_the_global_seed():
    X, y = vowels()
    state = np.random.RandomState(3)
    a = GRUClassifier(**(FAST | {"random_state": state})).fit(X, y)
    b = GRUClassifier(**(FAST | {"random_state": state})).fit(X, y)  # the state moved on
    assert not np.array_equal(a.predict_proba(X), b.predict_proba(X))
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    GRUClassifier(**(FAST | {"random_state": None})).fit(X, y)
    assert np.array_equal(np.random.get_state()[1], before)


def test_many_threads_predict_on_one_model():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    expected, wrong = model.predict_proba(X), []

    def predict():
        for _ in range(20):
            if not np.array_equal(model.predict_proba(X), expected):
                wrong.append(1)

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
