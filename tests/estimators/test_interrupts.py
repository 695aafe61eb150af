"""Ctrl-C and errors out of signal handlers."""

import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from gruc import GRUClassifier
from gruc.preprocessing import SequenceScaler
from problems import forms_of_vowels, vowels
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
FORMS = forms_of_vowels()

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_interrupt_keeps_the_model(monkeypatch):
    X, y = vowels()
    from gruc.training.optimizers import Adam

    step, calls = Adam.step, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        step(self, *args)

    monkeypatch.setattr(Adam, "step", interrupted)
    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        model = GRUClassifier(**(FAST | {"max_iter": 50}), batch_size=8).fit(X, y)
    assert model.n_iter_ == 2
    assert model.predict(X).shape == y.shape


@pytest.fixture
def interrupted_fits(monkeypatch):
    """Ctrl-C in the second epoch of every fit, or in every partial_fit; the list of its calls."""
    from gruc.training.optimizers import Adam

    step, calls = Adam.step, []

    def interrupted(self, *args):
        calls.append(self.t)
        if self.t % 3 == 2:
            raise KeyboardInterrupt
        step(self, *args)

    monkeypatch.setattr(Adam, "step", interrupted)
    return calls


class TestCtrlCInOneOfSeveralFits:
    """A search or a loop must not go on with half-trained models."""

    model = GRUClassifier(**FAST | {"max_iter": 50}, batch_size=100)

    def test_searches_and_cross_validation_end(self, interrupted_fits):
        X, y = vowels()
        with pytest.raises(KeyboardInterrupt):
            cross_val_score(self.model, X, y, cv=2)
        assert interrupted_fits == [0, 1, 2], "the second fold must not begin"
        for model, prefix in (
            (self.model, ""),
            (make_pipeline(SequenceScaler(), self.model), "gruclassifier__"),
        ):
            with pytest.raises(KeyboardInterrupt):
                GridSearchCV(model, {f"{prefix}alpha": [0, 1]}, cv=2).fit(X, y)

    def test_ensembles_and_other_tools_end(self, interrupted_fits):
        from sklearn.ensemble import VotingClassifier
        from sklearn.multiclass import OneVsRestClassifier

        cube, y = FORMS["2-D"]
        for tool in (
            OneVsRestClassifier(self.model),
            VotingClassifier([("a", self.model), ("b", self.model)]),
        ):
            with pytest.raises(KeyboardInterrupt):
                tool.fit(cube, y)

    def test_loops_over_partial_fit_end_with_the_model_as_before(self, interrupted_fits):
        X, y = vowels()
        model = clone(self.model).partial_fit(X, y)
        before = model.predict_proba(X)
        with pytest.raises(KeyboardInterrupt):
            for _ in range(10):
                model.partial_fit(X, y)
        assert interrupted_fits == [0, 1, 2]
        assert model.t_ == 2 * len(X)
        assert not np.array_equal(model.predict_proba(X), before)

    def test_a_pipeline_is_one_fit(self, interrupted_fits):
        X, y = vowels()
        with pytest.warns(UserWarning, match="interrupted in epoch 3"):
            pipeline = make_pipeline(SequenceScaler(), self.model).fit(X, y)
        assert pipeline.predict(X).shape == y.shape

    @pytest.mark.filterwarnings("error:Training interrupted")
    def test_the_warning_as_an_error_leaves_the_model_as_it_was(self, interrupted_fits):
        X, y = vowels()
        model = clone(self.model)
        with pytest.raises(UserWarning, match="Training interrupted"):
            model.fit(X, y)
        with pytest.raises(NotFittedError):
            model.predict(X)


def test_ctrl_c_for_real():
    """A signal in the middle of a long fit: answered at once, the model kept, at the user's line."""
    program = """
import os, signal, threading, time, warnings
import numpy as np
from gruc import GRUClassifier
X = np.random.default_rng(0).standard_normal((2000, 50, 3))
y = (X.sum(axis=(1, 2)) > 0).astype(int)
sent = []
def press():
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
model = GRUClassifier(max_iter=100_000, tol=0, n_iter_no_change=np.inf).partial_fit(X[:64], y[:64])
threading.Timer(1.0, press).start()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(X, y)
assert time.perf_counter() - sent[0] < 2
(warning,) = caught
assert "interrupted" in str(warning.message) and warning.filename == "<string>", warning
assert model.predict(X).shape == y.shape
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.filterwarnings("ignore:Training interrupted", "ignore:Maximum iterations")
@pytest.mark.parametrize("error", [TimeoutError, KeyboardInterrupt])
def test_an_error_out_of_a_signal_handler_changes_all_or_nothing(error):
    armed = False

    def handler(*_):
        if armed:  # on a busy machine another thread may take the signal after the timer was stopped
            raise error

    def state_of(model):
        """Everything a fit changes, as plain text."""
        state = model._training_state
        parts = [vars(model), state.history.describe(), vars(state.optimizer), vars(state.schedule)]
        plain = (bool, int, float, str, list, dict, np.ndarray)
        texts = [
            {name: repr(value) for name, value in part.items() if isinstance(value, plain)} for part in parts
        ]
        return texts, state.parameters.tobytes(), repr(state.rng.bit_generator.state)

    X, y = vowels()
    pickled = pickle.dumps(GRUClassifier((5,), random_state=0).partial_fit(X, y).partial_fit(X, y))
    model = pickle.loads(pickled)
    before = state_of(model)
    after = state_of(model.partial_fit(X, y))
    started = time.perf_counter()
    model.partial_fit(X, y)
    duration = time.perf_counter() - started
    rng, raised = np.random.default_rng(0), 0
    earlier = signal.signal(signal.SIGALRM, handler)
    try:
        for _ in range(250):
            model = pickle.loads(pickled)
            try:
                try:
                    armed = True
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, duration))
                    model.partial_fit(X, y)
                finally:
                    armed = False
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except error:
                raised += 1
                assert state_of(model) in (before, after)
    finally:
        signal.signal(signal.SIGALRM, earlier)
    assert raised > 5
