"""scikit-learn's callbacks on the estimators (its version 1.9 and later)."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.preprocessing import SequenceScaler
from problems import vowels
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

callback = pytest.importorskip("sklearn.callback")

FAST = dict(hidden_layer_sizes=(6,), max_iter=4, tol=0, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Recorder:
    """Records each hook, and calls `at` at the end of an epoch."""

    def __init__(self, at=None):
        self.events, self.fitted, self.at = [], [], at

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        self.fitted.append(fitted_estimator)
        self.given = X, y, metadata
        if context.task_name == "epoch" and self.at is not None:
            return self.at()
        return None


def test_hooks_in_their_order():
    X, y = vowels()
    recorder = Recorder()
    weights = np.linspace(0.5, 1, len(X))
    model = GRUClassifier(**FAST).set_callbacks(recorder).fit(X, y, sample_weight=weights)
    epochs = ["begin epoch", "end epoch"] * model.n_iter_
    assert recorder.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    assert recorder.given[0] is X
    assert recorder.given[1] is y
    assert recorder.given[2]["sample_weight"] is weights


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_callbacks_see_the_model_as_it_is(Estimator):
    """After each epoch the model of a fit that ends there, which later epochs do not change."""
    X, y = vowels()
    recorder = Recorder()
    Estimator(**FAST).set_callbacks(recorder).fit(X, y)
    for n_epochs, fitted in enumerate(recorder.fitted[:-1], 1):
        shorter = Estimator(**FAST | {"max_iter": n_epochs}).fit(X, y)
        assert np.array_equal(fitted.predict(X), shorter.predict(X))


def test_they_change_no_number():
    X, y = vowels()
    plain = GRUClassifier(**FAST).fit(X, y)
    watched = GRUClassifier(**FAST).set_callbacks(Recorder()).fit(X, y)
    assert np.array_equal(plain.predict_proba(X), watched.predict_proba(X))


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_a_callback_may_stop_a_fit():
    X, y = vowels()
    model = GRUClassifier(**FAST | {"max_iter": 50}).set_callbacks(Recorder(lambda: True)).fit(X, y)
    assert model.n_iter_ == 1


def test_a_callback_that_stops_a_fit_ends_it_for_all_networks():
    """What was not trained would spoil the mean."""
    X, y = vowels()
    epochs = []

    def stop():
        epochs.append(1)
        return len(epochs) == 4 + 2

    model = GRUClassifier(**FAST, n_estimators=3, warm_start=True).set_callbacks(Recorder(stop)).fit(X, y)
    assert [one.n_iter_ for one in model.estimators_] == [4, 2]
    model = GRUClassifier(**FAST, n_estimators=2).set_callbacks(Recorder(lambda: True)).partial_fit(X, y)
    assert [one.n_iter_ for one in model.estimators_] == [1, 1]


def test_an_error_in_a_callback_leaves_the_model_as_it_was():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)

    def fail():
        raise RuntimeError("of the callback")

    recorder = Recorder(fail)
    with pytest.raises(RuntimeError, match="of the callback"):
        model.set_callbacks(recorder).fit(X, y)
    assert recorder.events[-1] == "teardown"
    assert np.array_equal(model.predict_proba(X), before)
    assert model.set_callbacks().fit(X, y).n_iter_ == 4


def test_bad_input_tears_them_down():
    recorder = Recorder()
    with pytest.raises(ValueError, match="empty"):
        GRUClassifier(**FAST).set_callbacks(recorder).fit([], [])
    assert recorder.events == ["setup", "begin fit", "teardown"]


def test_partial_fit_is_one_epoch():
    X, y = vowels()
    recorder = Recorder()
    model = GRUClassifier(**FAST).set_callbacks(recorder)
    for _ in range(2):
        model.partial_fit(X, y)
    assert recorder.events.count("end epoch") == recorder.events.count("teardown") == 2


def test_what_is_no_callback_is_refused():
    with pytest.raises(TypeError, match="callbacks must be instances following the FitCallback protocol"):
        GRUClassifier().set_callbacks(print)


def test_scoring_monitor():
    X, y = vowels()
    monitor = callback.ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = GRUClassifier(**FAST).set_callbacks(monitor).fit(X, y)
    epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(epochs) == 4
    assert epochs[-1]["accuracy"] == model.score(X, y)
    assert epochs[-1]["neg_log_loss"] > epochs[0]["neg_log_loss"]


def test_monitor_through_a_search_over_a_pipeline():
    X, y = vowels()
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = GRUClassifier(**FAST).set_callbacks(monitor)
    assert clone(model)._skl_callbacks
    pipeline = make_pipeline(FunctionTransformer(), model)
    GridSearchCV(pipeline, {"gruclassifier__hidden_layer_sizes": [(3,), (5,)]}, cv=2).fit(X, y)
    assert sum(row["task_name"] == "epoch" for row in monitor.get_logs().data) == 4 * (2 * 2 + 1)


def test_progress_bar(capsys):
    pytest.importorskip("rich")
    X, y = vowels()
    GRUClassifier(**FAST).set_callbacks(callback.ProgressBar()).fit(X, y)
    assert "GRUClassifier - fit" in capsys.readouterr().out


def test_through_a_pipeline_down_to_the_epochs(capsys):
    pytest.importorskip("rich")
    X, y = vowels()
    encoder = GRUTransformer(GRUClassifier(**FAST))
    pipeline = make_pipeline(SequenceScaler(), encoder, LogisticRegression())
    pipeline.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, y)
    output = capsys.readouterr().out
    for name in ("SequenceScaler", "GRUTransformer", "GRUClassifier"):
        assert name in output


@pytest.mark.parametrize("trained", [True, False])
def test_transformers_report_their_fit(trained):
    X, y = vowels()
    recorder = Recorder()
    GRUTransformer(GRUClassifier(**FAST), trained=trained).set_callbacks(recorder).fit(X, y)
    inner = ["begin fit network", "end fit network"] if trained else []
    assert recorder.events == ["setup", "begin fit", *inner, "end fit", "teardown"]
    assert recorder.fitted[-1].transform(X).shape == (len(X), 6)


def test_with_early_stopping_and_in_two_processes():
    X, y = vowels()
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = GRUClassifier(**FAST, early_stopping=True, validation_fraction=0.3).set_callbacks(monitor)
    GridSearchCV(model, {"hidden_layer_sizes": [(3,), (5,)]}, cv=2, n_jobs=2).fit(X, y)
    assert sum(row["task_name"] == "epoch" for row in monitor.get_logs().data) > 0
