"""Arrays of sequences of equal length, which are predicted in one call: the bits of other forms of X."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, threads
from gruc.runtime import Predictor, chunks

SETTINGS = {
    "plain": {},
    "frames": dict(frame_length=3, hop_length=2),
    "two layers, both directions": dict(hidden_layer_sizes=(5, 3), bidirectional=True, pooling="mean"),
    "slower clock": dict(conv_channels=(4,), conv_kernel_size=2, conv_pool=2),
    "float64": dict(dtype="float64"),
}


def predictor_of(**settings):
    rng = np.random.default_rng(0)
    X, y = 3 + 2 * rng.standard_normal((12, 7, 2)), np.arange(12) % 3
    model = GRUClassifier(**{"hidden_layer_sizes": (17,), "random_state": 0} | settings)
    return Predictor.from_estimator(model.partial_fit(X, y)), X


@pytest.fixture
def calls(monkeypatch):
    """Which of the calls of `Predictor._at_once` had an answer."""
    answered, at_once = [], Predictor._at_once

    def counted(self, X):
        outputs = at_once(self, X)
        answered.append(outputs is not None)
        return outputs

    monkeypatch.setattr(Predictor, "_at_once", counted)
    return answered


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_bits_of_lists_and_of_other_layouts(settings, dtype, calls):
    predictor, X = predictor_of(**settings)
    X = X.astype(dtype)
    probabilities = predictor.predict_proba(X)
    assert calls == [True]
    forms = [list(X), np.asfortranarray(X), X.astype(X.dtype.newbyteorder())]
    assert all(np.array_equal(predictor.predict_proba(form), probabilities) for form in forms)
    assert calls == [True, False, False, False]
    alone = [predictor.predict_proba(X[i : i + 1])[0] for i in range(len(X))]
    assert np.array_equal(alone, probabilities)
    states = np.zeros((len(predictor.network.layers), predictor.network.widths[0]))
    if len(set(predictor.network.widths)) == 1:
        assert np.array_equal(predictor.predict_proba(X, initial_state=states), probabilities)


def test_of_two_dimensions_and_of_many_sequences(calls, monkeypatch):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((3000, 6)), rng.standard_normal(3000)
    model = GRURegressor((40,), random_state=0, n_jobs=1).partial_fit(X[:50], y[:50])
    few, many = model.predict(X[:100]), model.predict(X)
    assert calls == [True, True]
    assert np.array_equal(few, many[:100])
    assert np.array_equal(model.predict(X[:100, :, np.newaxis]), few)
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 1000)
    assert np.array_equal(model.predict(X), many)  # of too many chunks, between which signals have their turn
    assert calls[-1] is False


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_chunks_and_threads(settings, n_threads, calls, monkeypatch):
    predictor, X = predictor_of(**settings)
    X = np.resize(X, (23, *X.shape[1:]))
    expected = predictor.predict_proba(X)
    monkeypatch.setattr(chunks, "OPERATIONS_PER_THREAD_IN_ARRAYS", 1)
    monkeypatch.setattr(threads.limits, "_n_processors", lambda: n_threads)
    predictor.n_jobs = n_threads
    for size in (1, 500, 3000, 1 << 19):  # chunks of a sequence, of some that do not divide 23, of all
        monkeypatch.setattr(chunks, "CHUNK_SIZE", size)
        assert np.array_equal(predictor.predict_proba(X), expected)
    assert True in calls[1:]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"X\[2\] contains NaN at step 1"),
        (-np.inf, r"X\[2\] contains infinity \(inf\) at step 1"),
        (1e19, r"column 1 reaches .* after standardization, the limit is 1e\+18"),
        (-1e300, r"column 1 reaches .* after standardization, the limit is 1e\+18"),
    ],
)
def test_numbers_that_cannot_be_used_are_refused_as_in_lists(value, message):
    predictor, X = predictor_of()
    X[2, 1, 1] = value
    for form in (X, list(X)):
        with pytest.raises(ValueError, match=message):
            predictor.predict(form)


def test_other_features_and_nothing_are_refused():
    predictor, X = predictor_of()
    with pytest.raises(ValueError, match="X has 1 features per step, but the model was fitted with 2"):
        predictor.predict(np.ascontiguousarray(X[:, :, :1]))
    with pytest.raises(ValueError, match="X has no steps"):
        predictor.predict(X[:, :0])
