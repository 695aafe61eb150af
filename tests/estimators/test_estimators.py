"""What a user of either estimator relies on."""

import io
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.preprocessing import SequenceScaler
from gruc.sequences import from_padded
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import forms_of_vowels, vowels
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
FORMS = forms_of_vowels()
ESTIMATORS = [GRUClassifier, GRURegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def outputs(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


# ---- scikit-learn's tools on every form of X


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_tools_of_sklearn(Estimator, form):
    X, y = FORMS[form]
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    pipeline = make_pipeline(SequenceScaler(), Estimator(**FAST))
    pipeline.fit(X_train, y_train).score(X_test, y_test)
    name = Estimator.__name__.lower()
    search = GridSearchCV(pipeline, {f"{name}__hidden_layer_sizes": [(3,), (4, 2)]}, cv=2)
    assert search.fit(X, y).best_estimator_.predict(X).shape == y.shape
    assert np.isfinite(cross_val_score(Estimator(**FAST), X, y, cv=2, n_jobs=2)).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_clone_pickle_joblib(Estimator, form):
    X, y = FORMS[form]
    model = Estimator(**FAST).fit(X, y)
    expected = outputs(model, X)
    assert np.array_equal(outputs(clone(model).fit(X, y), X), expected)
    assert np.array_equal(outputs(pickle.loads(pickle.dumps(model)), X), expected)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    assert np.array_equal(outputs(joblib.load(file), X), expected)


def test_weights_may_be_memory_mapped(tmp_path):
    X, y = vowels()
    model = GRUClassifier(hidden_layer_sizes=(300,), max_iter=1, random_state=0).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert np.array_equal(mapped.predict_proba(X), model.predict_proba(X))
    # training goes on from read-only arrays, too
    assert np.isfinite(mapped.partial_fit(X, y).predict_proba(X)).all()


def test_pickle_goes_on_training_with_the_same_bits():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(model.partial_fit(X, y).predict_proba(X), copy.partial_fit(X, y).predict_proba(X))


# ---- numbers do not depend on company


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
    assert model._trainer._step is None
    step = model.partial_fit(X, y)._trainer._step
    assert model.partial_fit(X, y)._trainer._step is step is not None


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


# ---- shapes of X at fit and at predict


def test_lengths_are_free_where_steps_are_not_columns():
    X, y = FORMS["3-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.n_features_in_ == 12
    assert len(model.predict(X[:, :3])) == len(model.predict([x[:5] for x in X])) == len(y)


def test_after_a_2d_fit():
    X, y = FORMS["2-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.n_features_in_ == 7
    assert model.predict([X[0], X[1][:3]]).shape == (2,)
    assert model.predict(X[:, :4, np.newaxis]).shape == y.shape
    assert np.array_equal(model.predict_proba(X), model.predict_proba(list(X)))
    with pytest.raises(ValueError, match="X has 5 features, but GRUClassifier is expecting 7 features"):
        model.predict(X[:, :5])


def test_after_a_univariate_fit_tables_of_any_width_are_taken():
    X, y = FORMS["list of 1-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.n_features_in_ == 1
    assert model.predict(np.zeros((2, 5))).shape == (2,)


def test_a_table_has_one_feature():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    with pytest.raises(ValueError, match="X has 1 features a step, but GRUClassifier is expecting 12"):
        model.predict(np.zeros((2, 12)))


def test_names_of_the_columns_of_dataframes_in_a_list():
    X, y = vowels()
    names = list("abcdefghijkl")
    frames = [pd.DataFrame(x, columns=names) for x in X]
    model = GRUClassifier(**FAST).fit(frames, y)
    assert model.feature_names_in_.tolist() == names
    assert np.array_equal(model.predict_proba(frames), model.predict_proba(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict([frame[names[::-1]] for frame in frames])


def test_names_of_columns():
    X, y = FORMS["2-D"]
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = GRUClassifier(**FAST).fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcdefg")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("bacdefg")])
    model.fit(*FORMS["3-D"])
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cast", [np.int64, np.float16, np.float32, np.longdouble, bool])
def test_types_of_numbers(cast, dtype):
    X, y = FORMS["3-D"]
    model = GRUClassifier(**FAST, dtype=dtype).fit((10 * X).astype(cast), y)
    assert model.predict_proba((10 * X).astype(cast)).dtype == dtype
    assert np.array_equal(
        model.predict_proba((10 * X).astype(cast)),
        model.predict_proba((10 * X).astype(cast).astype("float64")),
    )


@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda X: X[::-1][::-1], lambda X: np.repeat(X, 2, axis=1)[:, ::2]],
)
def test_memory_layout_of_x(layout):
    X, y = FORMS["3-D"]
    model = GRUClassifier(**FAST).fit(X, y)
    strange = GRUClassifier(**FAST).fit(layout(X), y)
    assert np.array_equal(model.predict_proba(X), strange.predict_proba(layout(X)))


def test_edges_of_size():
    X = [np.array([[1.0]]), np.array([[2.0]])]
    model = GRUClassifier(hidden_layer_sizes=(1,), max_iter=2, random_state=0).fit(X, [0, 1])
    assert model.predict_proba(X).shape == (2, 2)
    assert GRURegressor(hidden_layer_sizes=1, max_iter=2, random_state=0).fit([[3.0]], [1.0]).predict(
        [[3.0]]
    ) == [1]


# ---- parameters


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_layer_sizes": (7,)},
        {"hidden_layer_sizes": (6, 6)},
        {"bidirectional": True},
        {"reset_after": False},
        {"pooling": "mean"},
        {"pooling": "max"},
        {"pooling": "attention"},
        {"standardize": False},
        {"dropout": 0.2},
        {"recurrent_dropout": 0.2},
        {"batch_size": 5},
        {"learning_rate_init": 0.02},
        {"max_iter": 4},
        {"max_grad_norm": 0.01},
        {"max_grad_norm": None},
        {"shuffle": False},
        {"beta_1": 0.5},
        {"beta_2": 0.5},
        {"epsilon": 0.1},
        {"dtype": "float64"},
        {"class_weight": {0: 3.0}},
    ],
    ids=str,
)
def test_every_parameter_does_something(change):
    X, y = vowels()
    # a max_grad_norm that is felt
    plain = GRUClassifier(**(FAST | {"max_grad_norm": 0.1})).fit(X, y)
    changed = GRUClassifier(**(FAST | {"max_grad_norm": 0.1} | change)).fit(X, y)
    assert not np.array_equal(plain.predict_proba(X), changed.predict_proba(X))


def test_an_int_is_one_layer():
    X, y = vowels()
    a = GRUClassifier(**(FAST | {"hidden_layer_sizes": 6})).fit(X, y)
    b = GRUClassifier(**(FAST | {"hidden_layer_sizes": np.array([6])})).fit(X, y)
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))


def test_standardize_undoes_any_scale_of_features():
    X, y = vowels()
    far = [1000 * x - 5e4 for x in X]
    a, b = (GRUClassifier(**FAST, dtype="float64").fit(data, y) for data in (X, far))
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(far), rtol=1e-6)


def test_standardize_false_takes_numbers_as_they_are():
    X, y = vowels()
    model = GRUClassifier(**FAST, standardize=False).fit(X, y)
    scaled = SequenceScaler().fit(X)
    by_hand = GRUClassifier(**FAST, standardize=False, dtype="float64").fit(scaled.transform(X), y)
    inside = GRUClassifier(**FAST, dtype="float64").fit(X, y)
    np.testing.assert_allclose(
        by_hand.predict_proba(scaled.transform(X)), inside.predict_proba(X), rtol=1e-12
    )
    assert not np.allclose(model.predict_proba(X), inside.predict_proba(X))


# ---- attributes


def test_attributes_of_a_fit():
    X, y = vowels()
    model = GRUClassifier(hidden_layer_sizes=(6, 5), bidirectional=True, max_iter=4, random_state=0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 4
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.t_ == 4 * len(X)
    assert model.n_layers_ == 4
    assert model.n_outputs_ == 3
    assert model.out_activation_ == "softmax"
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.weights_["gru.weight_ih_l1_reverse"].shape == (15, 12)
    assert model.weights_["head.weight"].shape == (3, 10)
    with pytest.raises(ValueError, match="read-only"):
        model.weights_["head.bias"][0] = 1
    assert GRUClassifier(**FAST).fit(X, y > 0).out_activation_ == "logistic"
    assert GRURegressor(**FAST).fit(X, y).out_activation_ == "identity"


def test_unfitted():
    for Estimator in ESTIMATORS:
        with pytest.raises(NotFittedError):
            Estimator().predict(vowels()[0])
        assert not hasattr(Estimator(), "weights_")


# ---- training goes on


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_partial_fit_epoch_by_epoch_is_fit(Estimator):
    X, y = vowels()
    whole = Estimator(**FAST, tol=0).fit(X, y)
    steps = Estimator(**FAST)
    for _ in range(3):
        steps.partial_fit(X, y)
    assert np.array_equal(outputs(whole, X), outputs(steps, X))
    assert whole.loss_curve_ == steps.loss_curve_
    assert (steps.n_iter_, steps.t_) == (3, 3 * len(X))


def test_partial_fit_in_the_given_order():
    X, y = vowels()
    settings = FAST | {"batch_size": 6, "shuffle": False, "standardize": False}
    whole = GRUClassifier(**settings).partial_fit(X, y)
    parts = GRUClassifier(**settings)
    for start in range(0, len(X), 6):
        parts.partial_fit(X[start : start + 6], y[start : start + 6], classes=[0, 1, 2])
    assert np.array_equal(whole.predict_proba(X), parts.predict_proba(X))


def test_partial_fit_keeps_the_first_statistics():
    X, y = vowels()
    model = GRUClassifier(**FAST).partial_fit(X, y)
    scaling = model._scaling
    model.partial_fit([1000 * x for x in X], y)
    assert model._scaling is scaling


def test_partial_fit_takes_a_changed_rate():
    X, y = vowels()
    model = GRUClassifier(**FAST).partial_fit(X, y)
    still = model.predict_proba(X)
    model.set_params(learning_rate_init=1e-30).partial_fit(X, y)
    assert np.array_equal(model.predict_proba(X), still)


def test_warm_start_goes_on_and_cold_start_does_not():
    X, y = vowels()
    model = GRUClassifier(**(FAST | {"max_iter": 10}), warm_start=True).fit(X, y)
    first = model.loss_
    model.fit(X, y)
    assert model.loss_curve_[10] < first * 1.2
    assert (model.n_iter_, len(model.loss_curve_)) == (20, 20)
    model.set_params(warm_start=False).fit(X, y)
    assert model.n_iter_ == 10


@pytest.mark.parametrize(
    "change",
    [{"hidden_layer_sizes": (7,)}, {"dtype": "float64"}, {"pooling": "mean"}, {"standardize": False}],
    ids=str,
)
def test_warm_start_refuses_another_network(change):
    X, y = vowels()
    model = GRUClassifier(**FAST, warm_start=True).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=f"{next(iter(change))} is .*warm_start=False"):
        model.set_params(**change).fit(X, y)
    assert np.array_equal(model.predict_proba(X), before)


def test_a_set_parameter_does_not_change_a_fitted_model():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)
    model.set_params(hidden_layer_sizes=(99,), pooling="mean", dtype="float64", bidirectional=True)
    assert np.array_equal(model.predict_proba(X), before)


# ---- endings


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


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.filterwarnings("ignore:Training interrupted", "ignore:Maximum iterations")
@pytest.mark.parametrize("error", [TimeoutError, KeyboardInterrupt])
def test_an_error_out_of_a_signal_handler_changes_all_or_nothing(error):
    def handler(*_):
        raise error

    def state_of(model):
        """Everything a fit changes, as plain text."""
        trainer = model._trainer
        parts = [vars(model), vars(trainer), vars(trainer.optimizer), vars(trainer.schedule)]
        plain = (bool, int, float, str, list, dict, np.ndarray)
        texts = [
            {name: repr(value) for name, value in part.items() if isinstance(value, plain)} for part in parts
        ]
        return texts, trainer.parameters.tobytes(), repr(trainer.rng.bit_generator.state)

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
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, duration))
                    model.partial_fit(X, y)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except error:
                raised += 1
                assert state_of(model) in (before, after)
    finally:
        signal.signal(signal.SIGALRM, earlier)
    assert raised > 5
