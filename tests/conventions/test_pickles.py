"""Pickles say which version made them; skops carries models without executing anything."""

import copy
import pickle
import warnings

import gruc.conventions.pickles
import joblib
import numpy as np
import pytest
from fixtures import make_old_pickles
from gruc import GRUClassifier, GRURegressor, GRUTagger, GRUTransformer
from gruc.preprocessing import SequenceScaler
from problems import classes_in, tagged_vowels, vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
KINDS = [
    GRUClassifier(**FAST),
    GRURegressor(**FAST),
    GRUTransformer(GRUClassifier(**FAST)),
    SequenceScaler(),
]


@pytest.mark.parametrize("estimator", KINDS, ids=lambda estimator: type(estimator).__name__)
def test_another_version_is_reported(estimator, monkeypatch):
    X, y = vowels()
    data = pickle.dumps(estimator.fit(X, y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "_gruc_version" not in vars(pickle.loads(data))
        copy.deepcopy(estimator)
    monkeypatch.setattr(gruc.conventions.pickles, "__version__", "9.9")
    with pytest.warns(UserWarning, match=r"was pickled by gruc \d.*, and this is 9.9: .* use save\(\)"):
        pickle.loads(data)


@pytest.mark.parametrize("estimator", KINDS, ids=lambda estimator: type(estimator).__name__)
def test_skops(estimator):
    skops = pytest.importorskip("skops.io")
    X, y = vowels()
    method = "predict" if hasattr(estimator, "predict") else "transform"
    data = skops.dumps(estimator.fit(X, y))
    loaded = skops.loads(data, trusted=skops.get_untrusted_types(data=data))
    for a, b in zip(getattr(loaded, method)(X), getattr(estimator, method)(X), strict=True):
        assert np.array_equal(a, b)


def test_pickles_name_public_classes_only():
    X, y = vowels()
    estimator = GRUClassifier(**FAST, solver="adamw").fit(X, y)
    predictor = gruc.runtime.Predictor.from_estimator(estimator)
    untrained = GRUTransformer(GRUClassifier(**FAST), trained=False).fit(X)
    for value, expected in [
        (estimator, {"gruc.GRUClassifier"}),
        (GRURegressor(**FAST, loss="quantile", quantile=[0.1, 0.9]).fit(X, y), {"gruc.GRURegressor"}),
        (GRUTagger(**FAST).fit(*tagged_vowels()), {"gruc.GRUTagger"}),
        (untrained, {"gruc.GRUTransformer", "gruc.GRUClassifier"}),
        (SequenceScaler().fit(X), {"gruc.preprocessing.SequenceScaler"}),
        (predictor, {"gruc.runtime.Predictor"}),
        (predictor.stream(3), {"gruc.runtime.Predictor", "gruc.runtime.Stream"}),
    ]:
        assert classes_in(pickle.dumps(value, protocol=2)) == expected


def test_skops_asks_to_trust_the_estimator_only():
    skops = pytest.importorskip("skops.io")
    X, y = vowels()
    data = skops.dumps(GRUClassifier(**FAST).fit(X, y))
    assert skops.get_untrusted_types(data=data) == ["gruc.GRUClassifier"]


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop"])
def test_training_continues_bit_for_bit(solver, tmp_path):
    """By pickle, copy and joblib with mapped arrays, as if there had been no pickle."""
    X, y = vowels()
    model = GRURegressor(**FAST, solver=solver, alpha=0.01, dropout=0.2).partial_fit(X, y)
    joblib.dump(model, tmp_path / "model")
    others = [
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        copy.copy(model),
        joblib.load(tmp_path / "model", mmap_mode="r"),
    ]
    for _ in range(2):
        model.partial_fit(X, y)
    for other in others:
        other = pickle.loads(pickle.dumps(other.partial_fit(X, y))).partial_fit(X, y)
        for name, weight in model.weights_.items():
            assert np.array_equal(other.weights_[name], weight), name
        assert other.loss_curve_ == model.loss_curve_


@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator", "ignore:.*was pickled by gruc")
@pytest.mark.parametrize("name", ["classifier", "early stopping", "adamw"])
def test_pickles_made_before_states_of_training(name):
    """They predict, and training goes on: history, moments, schedule, generator and split are there."""
    with np.load(make_old_pickles.PATH) as file:
        data, expected, trained_on = (
            file[f"{name}/{part}"] for part in ("pickle", "predictions", "trained on")
        )
    estimator = pickle.loads(data.tobytes())
    n_epochs, losses = estimator.n_iter_, estimator.loss_curve_
    np.testing.assert_allclose(make_old_pickles.predictions_of(estimator), expected, rtol=1e-9)
    np.testing.assert_allclose(make_old_pickles.train_on(name, estimator), trained_on, rtol=1e-7)
    assert estimator.n_iter_ > n_epochs
    assert estimator.loss_curve_[:n_epochs] == losses
