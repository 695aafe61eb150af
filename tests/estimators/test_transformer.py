"""GRUTransformer: readouts as features."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTagger, GRUTransformer
from gruc.datasets import load_japanese_vowels
from gruc.preprocessing import SequenceScaler
from helpers import sklearn_checks
from problems import forms_of_vowels, vowels
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

FAST = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# full batches: with shuffled mini-batches weight k is not k copies (test_sklearn_checks.py)
FULL_BATCHES = GRUClassifier((3,), max_iter=2, batch_size=1000, shuffle=False, dtype="float64")


@pytest.mark.parametrize(
    "estimator, check", sklearn_checks([GRUTransformer(FULL_BATCHES), GRUTransformer(trained=False)])
)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_features_are_what_the_head_sees(pooling):
    X, y = vowels()
    transformer = GRUTransformer(GRUClassifier(**FAST, bidirectional=True, pooling=pooling)).fit(X, y)
    features, model = transformer.transform(X), transformer.estimator_
    assert features.shape == (len(X), 12)
    logits = features @ model.weights_["head.weight"].T + model.weights_["head.bias"]
    np.testing.assert_allclose(
        np.log(model.predict_proba(X)), logits - np.log(np.exp(logits).sum(1))[:, None], rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("form", forms_of_vowels())
@pytest.mark.parametrize("trained", [True, False])
def test_every_form_of_X(form, trained):
    X, y = forms_of_vowels()[form]
    transformer = GRUTransformer(GRUClassifier(**FAST), trained=trained)
    features = transformer.fit_transform(X, y)
    assert features.shape == (len(y), 6)
    assert transformer.n_features_in_ == {"3-D": 12, "list of 2-D": 12, "list of 1-D": 1, "2-D": 7}[form]
    np.testing.assert_array_equal(transformer.transform(X[:3]), features[:3])


def test_names_and_frames():
    pytest.importorskip("pandas")
    X, _ = vowels()
    frame = (
        GRUTransformer(GRURegressor(**FAST), trained=False).set_output(transform="pandas").fit_transform(X)
    )
    assert list(frame.columns) == [f"grutransformer{i}" for i in range(6)]


def test_a_random_encoder_is_drawn_by_random_state_and_needs_no_y():
    X, _ = vowels()
    features = [
        GRUTransformer(GRURegressor((6,), random_state=seed), trained=False).fit_transform(X)
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(features[0], features[1])
    assert not np.allclose(features[0], features[2])
    with pytest.raises(ValueError, match="GRUTransformer estimator requires y"):
        GRUTransformer().fit(X)


def test_the_default_network_follows_y():
    X, y = vowels()
    assert isinstance(GRUTransformer().fit(X, y).estimator_, GRUClassifier)
    assert isinstance(GRUTransformer().fit(X, y + 0.5).estimator_, GRURegressor)


def test_the_estimator_given_is_left_alone():
    X, y = vowels()
    given = GRUClassifier(**FAST)
    GRUTransformer(given).fit(X, y)
    assert not hasattr(given, "classes_")
    with pytest.raises(ValueError, match="The 'estimator' parameter of GRUTransformer must be"):
        GRUTransformer(LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match="must be an instance of .*'gruc.GRURegressor'"):
        GRUTransformer(GRUTagger()).fit(X, [np.zeros(len(x)) for x in X])


def test_a_failing_fit_leaves_it_as_it_was():
    X, y = vowels()
    transformer = GRUTransformer(GRUClassifier(**FAST)).fit(X, y)
    before = transformer.transform(X)
    for wrong in ([], [np.full((3, 12), np.nan)]):
        with pytest.raises(ValueError):
            transformer.fit(wrong, y[: len(wrong)])
    assert np.array_equal(transformer.transform(X), before)


def test_sample_weight_reaches_the_network():
    X, y = vowels()
    weights = np.where(y == 0, 0.01, 1.0)
    features = [
        GRUTransformer(GRUClassifier(**FAST)).fit(X, y, sample_weight=w).transform(X) for w in (None, weights)
    ]
    assert not np.allclose(*features)


def test_random_features_and_logistic_regression_hear_the_speakers():
    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
    encoder = GRUTransformer(GRUClassifier((100,), pooling="mean", random_state=0), trained=False)
    model = make_pipeline(encoder, LogisticRegression(C=100, max_iter=2000)).fit(X, y)
    assert model.score(X_test, y_test) > 0.94


def test_in_a_search():
    X, y = vowels()
    model = make_pipeline(GRUTransformer(GRUClassifier(**FAST), trained=False), LogisticRegression())
    search = GridSearchCV(model, {"grutransformer__estimator__hidden_layer_sizes": [(2,), (20,)]}, cv=2).fit(
        X, y
    )
    assert search.best_params_ == {"grutransformer__estimator__hidden_layer_sizes": (20,)}
    assert np.isfinite(cross_val_score(search.best_estimator_, X, y, cv=2)).all()


def test_names_through_a_pipeline():
    X, y = vowels()
    encoder = GRUTransformer(GRUClassifier(**FAST))
    names = make_pipeline(SequenceScaler(), encoder).fit(X, y).get_feature_names_out()
    assert names.tolist() == [f"grutransformer{i}" for i in range(6)]


def test_a_validation_of_its_own():
    X, y = vowels()
    encoder = GRUTransformer(GRUClassifier(**FAST, early_stopping=True))
    encoder.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2], sample_weight_val=np.ones(12))
    assert len(encoder.estimator_.validation_scores_) == 2
    assert encoder.estimator_.t_ == 24


WHOLE = np.round(np.random.default_rng(0).normal(100, 60, 240))


@pytest.mark.filterwarnings("ignore:The number of unique classes is greater")
@pytest.mark.parametrize(
    "targets",
    [WHOLE, WHOLE.astype(int), WHOLE.astype(int).tolist(), np.arange(240), np.repeat(np.arange(24) * 2, 10)],
    ids=["floats", "ints", "a list", "each once", "with gaps"],
)
def test_whole_numbers_that_may_be_values_or_labels(targets):
    X = np.random.default_rng(1).random((240, 3))
    n = len(np.unique(targets))
    message = (
        f"estimator is None, and y holds {n} different whole numbers among 240, which may be values or labels"
    )
    with pytest.raises(ValueError, match=message):
        GRUTransformer().fit(X, targets)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_labels_and_values_that_are_plain():
    X = np.random.default_rng(1).random((240, 3))
    words = [f"w{i % 60}" for i in range(240)]
    for targets in (np.arange(240) % 20 * 3, np.arange(240) % 24, 1 + np.arange(240) % 24, words):
        assert isinstance(GRUTransformer()._network(targets), GRUClassifier)
    assert isinstance(GRUTransformer()._network(WHOLE + 0.5), GRURegressor)
    encoder = GRUTransformer(GRURegressor((3,), max_iter=1)).fit(X, WHOLE)
    assert isinstance(encoder.estimator_, GRURegressor)
    with pytest.raises(ValueError, match="Input y contains None: element 1 is missing"):
        GRUTransformer().fit(X[:2], ["a", None])
