"""scikit-learn's tools on every form of X, copies and pickles."""

import io
import pickle

import joblib
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from gruc.preprocessing import SequenceScaler
from problems import forms_of_vowels, outputs, vowels
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
FORMS = forms_of_vowels()
ESTIMATORS = [GRUClassifier, GRURegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_tools_of_sklearn(Estimator, form):
    X, y = FORMS[form]
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    pipeline = make_pipeline(SequenceScaler(), Estimator(**FAST))
    score = pipeline.fit(X_train, y_train).score(X_test, y_test)
    metric = accuracy_score if Estimator is GRUClassifier else r2_score
    assert score == metric(y_test, pipeline.predict(X_test))
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


def test_a_pickle_continues_training_with_the_same_bits():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(model.partial_fit(X, y).predict_proba(X), copy.partial_fit(X, y).predict_proba(X))
