"""Runs that cost the rows of tables that they see: spare buffers, copies of the best parameters."""

import copy
import pickle
import signal
import time
import tracemalloc

import joblib
import numpy as np
import pytest
from gruc import GRUClassifier
from gruc.runtime import Predictor
from gruc.training.changed_rows import ChangedRows
from gruc.training.gradients import Gradient, TableGradient
from problems import bits_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_TOKENS, D = 6, 2
START = 3  # elements before the table


def gradient(*tokens):
    rows = np.ones((len(tokens), D))
    return Gradient(np.ones(START), [TableGradient(START, N_TOKENS, np.array(tokens, np.int32), rows)])


@pytest.mark.parametrize("seen", [[[1, 4]], [[1], [4, 5], [1]], [[0, 1, 2], [1, 2, 3], [4]], [[]]])
def test_copies_of_the_rows_that_have_changed(seen):
    changed, later = ChangedRows(), ChangedRows()
    for tokens in seen[:1]:
        changed.add(gradient(*tokens))
    for tokens in seen[1:]:
        later.add(gradient(*tokens))
    changed.merge(later)
    source, to = np.arange(START + N_TOKENS * D) + 1.0, np.zeros(START + N_TOKENS * D)
    changed.copy(source, to)
    assert np.array_equal(to[:START], source[:START])
    copied = (to[START:].reshape(N_TOKENS, D) == source[START:].reshape(N_TOKENS, D)).all(axis=1)
    expected = set().union(*seen)
    assert expected <= set(np.flatnonzero(copied))
    assert len(expected) == copied.sum() or sum(map(len, seen)) >= N_TOKENS  # or all of them
    assert changed.are_finite(source)
    for i in range(len(source)):
        broken = source.copy()
        broken[i] = np.inf
        looked_at = i < START or copied[(i - START) // D]
        assert changed.are_finite(broken) != looked_at


def test_tokens_are_kept_though_the_next_step_overwrites_them():
    one, changed = gradient(2), ChangedRows()
    changed.add(one)
    one.tables[0].tokens[:] = 5
    source, to = np.ones(START + N_TOKENS * D), np.zeros(START + N_TOKENS * D)
    changed.copy(source, to)
    assert np.flatnonzero(to[START:]).tolist() == [4, 5]


SETTINGS = dict(hidden_layer_sizes=(5,), embedding_dim=3, n_tokens=40, batch_size=8, random_state=0)


def chunks(n=6, n_tokens=40):
    """Chunks of sequences of which each sees other tokens."""
    rng = np.random.default_rng(0)
    X = [[rng.integers(i, n_tokens - n + i, 5) for _ in range(16)] for i in range(n)]
    return [(x, np.arange(16) % 2) for x in X]


def no_spares(model):
    """Let the next run of a model take new buffers."""
    model._training_state.spares.clear()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver": "sgd"},
        {"solver": "adamw", "alpha": 0.1},
        {"train_embedding": False},
        {"embedding_dropout": 0.5},
        {"batch_size": 16},
    ],
    ids=str,
)
def test_spare_buffers_change_no_bit(settings):
    model, plain = (GRUClassifier(**SETTINGS | settings) for _ in range(2))
    before = None
    for i, (X, y) in enumerate(chunks()):
        model.partial_fit(X, y)
        plain.partial_fit(X, y)
        no_spares(plain)
        assert bits_of(model) == bits_of(plain)
        assert model._training_state == plain._training_state
        now = model._predictor.parameters.ctypes.data
        assert i < 2 or now == before[-2]  # two buffers take turns
        before = [*(before or []), now]


def test_what_others_read_is_not_overwritten():
    model, readers = GRUClassifier(**SETTINGS), []
    X, y = chunks()[0]
    for chunk in chunks():
        model.partial_fit(*chunk)
        predictor = Predictor.from_estimator(model)
        readers.append((predictor, predictor.predict_proba(X)))
    weights = model.weights_["embedding.weight"]
    kept = weights.copy()
    other = model._predictor.with_n_jobs(1)
    expected = model.predict_proba(X)
    for _ in range(4):
        model.partial_fit(X, y)
    assert np.array_equal(weights, kept)
    assert np.array_equal(other.predict_proba(X), expected)
    for predictor, probabilities in readers:
        assert np.array_equal(predictor.predict_proba(X), probabilities)


def test_copies_of_a_model_do_not_share_what_is_overwritten(tmp_path):
    (X, y), *others = chunks()
    model = GRUClassifier(**SETTINGS).partial_fit(X, y).partial_fit(X, y)
    joblib.dump(model, tmp_path / "model")
    copies = [
        copy.copy(model),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model", mmap_mode="r"),
        joblib.load(tmp_path / "model", mmap_mode="c"),
    ]
    before = bits_of(model)
    for chunk in others:
        model.partial_fit(*chunk)
    after = bits_of(model)
    for each in copies:
        assert bits_of(each) == before
        for chunk in others:
            each.partial_fit(*chunk)
        assert bits_of(each) == after
    assert bits_of(joblib.load(tmp_path / "model")) == before


@pytest.mark.parametrize("changes", [{"solver": "rmsprop"}, {"train_embedding": False}])
def test_another_optimizer_between_runs(changes):
    model, plain = (GRUClassifier(**SETTINGS) for _ in range(2))
    for i, (X, y) in enumerate(chunks()):
        if i in (3, 5):
            for each in (model, plain):
                each.set_params(**changes if i == 3 else {"solver": "adam", "train_embedding": True})
        model.partial_fit(X, y)
        plain.partial_fit(X, y)
        no_spares(plain)
        assert model._training_state == plain._training_state


def test_a_run_that_fails_leaves_the_model_and_its_next_run_right():
    model, plain = (GRUClassifier(**SETTINGS) for _ in range(2))
    for i, (X, y) in enumerate(chunks()):
        if i == 3:
            before = bits_of(model)
            weight = np.full(len(X), 1.0)
            model.set_params(max_grad_norm=None, learning_rate_init=1e38)
            with pytest.raises(ValueError, match="not finite"):
                model.partial_fit(X, y, sample_weight=weight)
            model.set_params(max_grad_norm=1.0, learning_rate_init=0.01)
            assert bits_of(model) == before
        model.partial_fit(X, y)
        plain.partial_fit(X, y)
        assert bits_of(model) == bits_of(plain)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_runs_that_are_interrupted_anywhere():
    def handler(*_):
        raise TimeoutError

    model, plain = (GRUClassifier(**SETTINGS) for _ in range(2))
    expected = []
    for X, y in 8 * chunks():
        plain.partial_fit(X, y)
        no_spares(plain)
        expected.append(bits_of(plain))
    model.partial_fit(*chunks()[0]).partial_fit(*chunks()[1])
    durations = []
    for again in [pickle.loads(pickle.dumps(model)) for _ in range(5)]:
        started = time.perf_counter()
        again.partial_fit(*chunks()[2])
        durations.append(time.perf_counter() - started)
    duration = min(
        durations
    )  # on a busy machine one alone may be far too long for any call to be interrupted
    rng, done, n_raised = np.random.default_rng(0), 2, 0
    earlier = signal.signal(signal.SIGALRM, handler)
    try:
        while done < len(expected):
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.2, 3) * duration)
                    model.partial_fit(*chunks()[done % 6])
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except TimeoutError:
                n_raised += 1
            if bits_of(model) != expected[done - 1]:
                assert bits_of(model) == expected[done]
                done += 1
    finally:
        signal.signal(signal.SIGALRM, earlier)
    assert n_raised > 3


def test_moments_of_a_table_that_is_not_learned_take_no_memory():
    model = GRUClassifier(**SETTINGS, train_embedding=False).partial_fit(*chunks()[0])
    n_dense = sum(w.size for name, w in model.weights_.items() if name != "embedding.weight")
    assert [len(moment) for moment in model._training_state.optimizer.moments] == [n_dense] * 2


def test_a_call_of_partial_fit_takes_no_memory_of_the_size_of_the_table():
    large = GRUClassifier(**SETTINGS | {"n_tokens": 200_000, "embedding_dim": 16})
    for X, y in chunks(3):
        large.partial_fit(X, y)
    table = large.weights_["embedding.weight"].nbytes
    tracemalloc.start()
    large.partial_fit(*chunks()[3])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < table / 20


def test_early_stopping_restores_the_best_epoch():
    (X, y), (X_val, y_val) = chunks()[:2]
    model = GRUClassifier(**SETTINGS | {"early_stopping": True, "max_iter": 30, "learning_rate_init": 0.05})
    model.fit(X, y, X_val=X_val, y_val=y_val)
    shorter = GRUClassifier(**model.get_params()).set_params(early_stopping=False, max_iter=model.best_iter_)
    assert 1 < model.best_iter_ < model.n_iter_
    assert bits_of(shorter.fit(X, y, X_val=X_val, y_val=y_val)) == bits_of(model)
    assert not model._training_state.spares
