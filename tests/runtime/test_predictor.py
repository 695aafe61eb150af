"""The bare predictor: the estimators' numbers, with NumPy alone."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.outputs import Classes
from gruc.runtime import Predictor
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def test_the_estimators_bits():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    predictor = Predictor.from_estimator(model)
    assert np.array_equal(predictor.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(predictor.predict_log_proba(X), model.predict_log_proba(X))
    assert np.array_equal(predictor.predict(X), model.predict(X))
    targets = np.array([x[:2].sum(axis=0)[:2] for x in X])
    model = GRURegressor(**FAST).fit(X, targets)
    assert np.array_equal(Predictor.from_estimator(model).predict(X), model.predict(X))


def test_further_training_leaves_it_alone():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    predictor = Predictor.from_estimator(model)
    before = predictor.predict_proba(X)
    model.partial_fit(X, y)
    assert np.array_equal(predictor.predict_proba(X), before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_that_overflow_when_scaled_are_refused_without_a_warning(dtype):
    X, y = vowels()
    model = GRUClassifier(**FAST, dtype=dtype).fit(X, y)
    predictor = Predictor.from_estimator(model)
    for value in (1e308, -1.7e308):
        for given in ([np.full((3, 12), value)], np.full((1, 3, 12), value)):
            for call in (predictor.predict_proba, model.predict, model.hidden_states):
                with pytest.raises(ValueError, match="reaches inf after standardization"):
                    call(given)


def test_refuses():
    X, y = vowels()
    regressor = Predictor.from_estimator(GRURegressor(**FAST).fit(X, y))
    for method in (regressor.predict_proba, regressor.predict_log_proba):
        with pytest.raises(AttributeError, match="belongs to classifiers"):
            method(X)
    with pytest.raises(ValueError, match="X has 3 features per step, but the model was fitted with 12"):
        regressor.predict([x[:, :3] for x in X])
    with pytest.raises(TypeError, match="expected a fitted GRUClassifier or GRURegressor"):
        Predictor.from_estimator(GRUClassifier())
    for parameters in (np.r_[regressor.parameters, 0], regressor.parameters.astype("float16")):
        with pytest.raises(ValueError, match="parameters must be .* numbers of float32 or float64"):
            Predictor(regressor.config, parameters.astype(parameters.dtype))
    with pytest.raises(ValueError, match="classes must be 2, one an output; got 3"):
        Predictor(regressor.config, regressor.parameters, decoding=Classes([0, 1, 2]))


def test_without_scipy_and_sklearn(tmp_path):
    """A pickled predictor answers in a process where neither can be imported."""
    X, y = vowels()
    predictor = Predictor.from_estimator(GRUClassifier(**FAST, bidirectional=True, pooling="mean").fit(X, y))
    expected = predictor.predict_proba(X)
    (tmp_path / "job").write_bytes(pickle.dumps((predictor, X)))
    program = """
import pickle, sys
for name in ("scipy", "sklearn"):
    sys.modules[name] = None
import gruc.runtime
predictor, X = pickle.load(open(sys.argv[1], "rb"))
pickle.dump(predictor.predict_proba(X), open(sys.argv[2], "wb"))
"""
    subprocess.run([sys.executable, "-c", program, tmp_path / "job", tmp_path / "done"], check=True)
    assert np.array_equal(pickle.loads((tmp_path / "done").read_bytes()), expected)


def test_pickles_that_list_every_field():
    """As the first version wrote them: fields of other kinds of models are there, with their defaults."""
    X, y = vowels()
    defaults = {
        "classes": None, "multilabel": False, "target_scaling": None, "log_link": False, "n_quantiles": 1
    }  # fmt: skip
    for model in (
        GRUClassifier(**FAST).fit(X, y),
        GRUClassifier(**FAST).fit(X, np.eye(3, dtype=int)[y]),
        GRURegressor(**FAST, loss="quantile", quantile=[0.1, 0.9]).fit(X, y),
        GRURegressor(**FAST, loss="poisson", standardize=False).fit(X, y),
    ):
        predictor = Predictor.from_estimator(model)
        other = Predictor.__new__(Predictor)
        other.__setstate__(defaults | predictor.__getstate__())
        assert np.array_equal(other.predict(X), predictor.predict(X))
        assert other.describe()[0] == predictor.describe()[0]
