"""save and load: round trips to the last bit, and what cannot be saved."""

import os
import pickle
import subprocess
import sys

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.estimators._files import save
from helpers import STRUCTURES, structure_id
from problems import forms_of_vowels, vowels
from safetensors.numpy import load as tensors_of
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.gruc"


def same(model, path, X):
    """Save, load as estimator and as predictor, hold both against the model; returns the estimator."""
    model.save(path)
    loaded, predictor = gruc.load(path), gruc.runtime.load(path)
    assert type(loaded) is type(model)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        if hasattr(model, method):
            expected = getattr(model, method)(X)
            for other in (loaded, predictor):
                got = getattr(other, method)(X)
                assert got.dtype == expected.dtype
                assert np.array_equal(got, expected)
    return loaded


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("structure", STRUCTURES, ids=structure_id)
def test_every_structure(structure, dtype, path):
    X, y = vowels()
    loaded = same(GRUClassifier(**FAST | structure, dtype=dtype).fit(X, y), path, X)
    assert loaded.get_params() == GRUClassifier(**FAST | structure, dtype=dtype).get_params()


@pytest.mark.parametrize("form", forms_of_vowels())
@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_every_form_of_X(Estimator, form, path):
    X, y = forms_of_vowels()[form]
    loaded = same(Estimator(**FAST, frame_length=2, hop_length=1).fit(X, y), path, X)
    assert loaded.n_features_in_ == {"3-D": 12, "list of 2-D": 12, "list of 1-D": 1, "2-D": 7}[form]


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, -1, 7]),
        np.array([0, 200, 255], np.uint8),
        np.array(["ann", "bob", "ünï"]),
        np.array(["ann", "bob", "c"], object),
        np.array([0.0, 1.0, 2.0]),
        np.array([False, True]),
        np.array([2**62, 2**62 + 1]),
    ],
    ids=lambda labels: labels.dtype.str,
)
def test_labels(labels, path):
    X, y = vowels(len(labels))
    loaded = same(GRUClassifier(**FAST).fit(X, labels[y]), path, X)
    assert loaded.classes_.dtype == labels.dtype
    assert np.array_equal(loaded.classes_, np.unique(labels))


@pytest.mark.parametrize(
    "settings, targets",
    [
        ({}, lambda y: y * 1.5),
        ({}, lambda y: np.stack([y, -y], axis=1)),
        ({"standardize": False}, lambda y: y),
        ({"loss": "poisson"}, lambda y: y),
        ({"loss": "huber", "delta": 0.5}, lambda y: y),
        ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, lambda y: np.stack([y, y * 2], axis=1)),
    ],
)
def test_targets(settings, targets, path):
    X, y = vowels()
    same(GRURegressor(**FAST, **settings).fit(X, targets(y)), path, X)


def test_several_labels_at_once(path):
    X, y = vowels()
    same(GRUClassifier(**FAST).fit(X, np.stack([y == 0, y < 2], axis=1).astype(int)), path, X)


def test_history_and_parameters(path):
    X, y = vowels()
    parameters = dict(
        hidden_layer_sizes=[6, 5], class_weight={0: 2.0, 1: 1}, n_iter_no_change=np.inf, scoring="accuracy",
        alpha=np.float32(0.25), max_grad_norm=None, n_jobs=1, early_stopping=True, validation_fraction=0.3,
        max_iter=np.int64(3),
    )  # fmt: skip
    model = GRUClassifier(**FAST | parameters).fit(X, y)
    loaded = same(model, path, X)
    assert loaded.get_params() == model.get_params()
    for name in ("n_iter_", "t_", "loss_", "best_loss_", "loss_curve_", "validation_loss_curve_"):
        assert getattr(loaded, name) == getattr(model, name), name
    for name in ("validation_scores_", "best_validation_score_", "n_layers_", "n_outputs_", "frame_length_"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert {**vars(model)}.keys() - {"_known_params"} == vars(loaded).keys()


def test_names_of_features(path):
    pd = pytest.importorskip("pandas")
    X, y = vowels()
    frames = [pd.DataFrame(x, columns=[f"c{i}" for i in range(12)]) for x in X]
    loaded = same(GRUClassifier(**FAST).fit(frames, y), path, frames)
    assert list(loaded.feature_names_in_) == [f"c{i}" for i in range(12)]
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.predict([frame[frame.columns[::-1]] for frame in frames])


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_training_continues(Estimator, path):
    X, y = vowels()
    model = Estimator(**FAST, warm_start=True).fit(X, y)
    loss = same(model, path, X).partial_fit(X, y).loss_
    assert loss < model.loss_curve_[0]
    loaded = gruc.load(path)
    loaded.fit(X, y)
    assert loaded.n_iter_ == 4
    assert loaded.loss_ < model.loss_
    with pytest.raises(ValueError, match="hidden_layer_sizes is"):
        loaded.set_params(hidden_layer_sizes=(3,)).fit(X, y)


def test_after_set_params_the_file_holds_what_was_fitted(path):
    X, y = vowels()
    model = GRURegressor(**FAST, loss="quantile", quantile=[0.1, 0.9]).fit(X, y)
    expected = model.predict(X)
    model.set_params(loss="squared_error", hidden_layer_sizes=(9, 9), frame_length=1).save(path)
    assert np.array_equal(gruc.load(path).predict(X), expected)


def test_loaded_models_save_and_pickle(path, tmp_path):
    X, y = vowels()
    GRUClassifier(**FAST).fit(X, y).save(path)
    again = tmp_path / "again.gruc"
    gruc.load(path).save(again)
    assert path.read_bytes() == again.read_bytes()
    assert np.array_equal(pickle.loads(pickle.dumps(gruc.load(path))).predict(X), gruc.load(path).predict(X))


def test_the_runtime_reads_it_without_scipy_and_sklearn(path, tmp_path):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    model.save(path)
    (tmp_path / "X").write_bytes(pickle.dumps(X))
    program = """
import pickle, sys
for name in ("scipy", "sklearn"):
    sys.modules[name] = None
import gruc.runtime
X = pickle.load(open(sys.argv[2], "rb"))
pickle.dump(gruc.runtime.load(sys.argv[1]).predict_proba(X), open(sys.argv[3], "wb"))
"""
    done = tmp_path / "done"
    subprocess.run([sys.executable, "-c", program, path, tmp_path / "X", done], check=True)
    assert np.array_equal(pickle.loads(done.read_bytes()), model.predict_proba(X))


def test_other_tools_read_the_weights(path):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    model.save(path)
    tensors = tensors_of(path.read_bytes())
    for name, weight in model.weights_.items():
        assert np.array_equal(tensors[name], weight)


def test_refused(path):
    X, y = vowels()
    with pytest.raises(NotFittedError):
        GRUClassifier().save(path)
    for name, value in [
        ("scoring", lambda model, X, y: 0.0),
        ("random_state", np.random.RandomState(0)),
        ("class_weight", {0: 1.0, 1: np.random}),
    ]:
        model = GRUClassifier(**FAST).fit(X, y).set_params(**{name: value})
        with pytest.raises(TypeError, match=rf"but {name} is a .*set_params\({name}=...\), or pickle"):
            model.save(path)
    for model in (GRUTransformer(GRUClassifier(**FAST)).fit(X, y), FunctionTransformer()):
        with pytest.raises(TypeError, match="a model file holds a GRUClassifier or "):
            save(model, path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        GRUClassifier(**FAST).fit(X, y).save(path.parent / "nowhere" / "model.gruc")
    assert os.listdir(path.parent) == []


def test_a_failing_write_leaves_the_old_file(path, monkeypatch):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    model.save(path)
    before = path.read_bytes()

    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        model.partial_fit(X, y).save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_killed_at_any_moment_a_file_is_whole(path):
    """kill -9 while a process saves model after model, 25 times."""
    X, y = vowels()
    models = [GRUClassifier(**FAST | {"hidden_layer_sizes": (size,)}).fit(X, y) for size in (64, 200)]
    models[0].save(path)
    program = """
import os, pickle, random, signal, sys, time
import gruc, numpy as np
models, X, expected = pickle.load(sys.stdin.buffer)
random.seed(0)
for _ in range(25):
    ready, begun = os.pipe()
    child = os.fork()
    if child == 0:
        models[0].save(sys.argv[1])
        os.write(begun, b"x")
        while True:
            for model in models:
                model.save(sys.argv[1])
    os.read(ready, 1)
    time.sleep(random.uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    got = gruc.load(sys.argv[1]).predict_proba(X)
    assert any(np.array_equal(got, proba) for proba in expected)
"""
    given = pickle.dumps((models, X, [model.predict_proba(X) for model in models]))
    subprocess.run([sys.executable, "-c", program, path], input=given, check=True, timeout=120)


@pytest.mark.parametrize(
    "parameters", [{"alpha": -1.0}, {"solver": "foo"}, {"learning_rate_init": np.nan}], ids=str
)
def test_what_could_not_be_read_is_not_written(path, parameters):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    model.save(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"No file was written.*{next(iter(parameters))}"):
        model.set_params(**parameters).save(path)
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="links and modes of POSIX")
def test_links_and_modes_stay(tmp_path):
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    model.save(tmp_path / "target.gruc")
    (tmp_path / "target.gruc").chmod(0o600)
    (tmp_path / "link.gruc").symlink_to("target.gruc")
    model.partial_fit(X, y).save(tmp_path / "link.gruc")
    assert (tmp_path / "link.gruc").is_symlink()
    assert (tmp_path / "target.gruc").stat().st_mode & 0o777 == 0o600
    assert gruc.load(tmp_path / "target.gruc").n_iter_ == 3
