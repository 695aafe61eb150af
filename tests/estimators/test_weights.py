"""sample_weight and class_weight."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import vowels

FULL_BATCH = dict(
    hidden_layer_sizes=(5,),
    batch_size=10**6,
    shuffle=False,
    dtype="float64",
    max_iter=15,
    tol=0,
    random_state=0,
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
@pytest.mark.parametrize("structure", [{}, {"bidirectional": True, "pooling": "mean", "reset_after": False}])
def test_weight_k_is_k_copies(Estimator, structure):
    X, y = vowels()
    counts = np.random.default_rng(0).integers(0, 4, len(X))
    counts[y == 0] += 1
    repeats = np.repeat(np.arange(len(X)), counts)
    weighted = Estimator(**FULL_BATCH, **structure).fit(X, y, sample_weight=counts)
    copied = Estimator(**FULL_BATCH, **structure).fit([X[i] for i in repeats], y[repeats])
    np.testing.assert_allclose(weighted.loss_curve_, copied.loss_curve_, rtol=1e-10)
    for name, weights in weighted.weights_.items():
        np.testing.assert_allclose(weights, copied.weights_[name], rtol=0, atol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scale_of_weights_does_not_matter():
    X, y = vowels()
    weights = np.random.default_rng(0).random(len(X))
    a = GRUClassifier(**FULL_BATCH).fit(X, y, sample_weight=weights)
    b = GRUClassifier(**FULL_BATCH).fit(X, y, sample_weight=1000 * weights)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=0, atol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_weights_of_any_size(size):
    X, y = vowels()
    a = GRUClassifier(**FULL_BATCH).fit(X, y)
    b = GRUClassifier(**FULL_BATCH).fit(X, y, sample_weight=np.full(len(X), size))
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=0, atol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_class_weight_is_sample_weight():
    X, y = vowels()
    names = np.array(["ann", "bob", "cy"])[y]
    of_names = {"ann": 2.0, "cy": 0.5}  # bob: 1
    own = np.linspace(0.5, 1, len(X))
    a = GRUClassifier(**FULL_BATCH, class_weight=of_names).fit(X, names, sample_weight=own)
    b = GRUClassifier(**FULL_BATCH).fit(X, names, sample_weight=own * np.array([2.0, 1.0, 0.5])[y])
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=0, atol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_balanced_weights_move_the_boundary():
    X, y = vowels(2, 20)
    # one feature, one step: the classes overlap, and the first is ten times as frequent
    X, few = [x[:1, :1] for x in X], np.r_[:20, 20:22]
    y = np.isin(np.arange(40), few[20:]).astype(int)
    plain = GRUClassifier(max_iter=20, random_state=0).fit(X, y)
    balanced = GRUClassifier(max_iter=20, random_state=0, class_weight="balanced").fit(X, y)
    assert (balanced.predict_proba(X)[:, 1] > plain.predict_proba(X)[:, 1]).all()


def test_class_weight_in_a_chunk_without_the_classes_it_names():
    X, y = vowels()
    model = GRUClassifier(**FULL_BATCH, class_weight={0: 2.0, 1: 3.0}).partial_fit(X, y)
    assert np.isfinite(model.partial_fit(X[16:], y[16:]).predict_proba(X)).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_balanced_where_a_class_is_missing_as_training_goes_on():
    X, y = vowels()
    model = GRUClassifier(**FULL_BATCH, class_weight="balanced", warm_start=True).fit(X, y)
    assert np.isfinite(model.fit(X[:16], y[:16]).predict_proba(X)).all()


def test_balanced_counts_samples():
    X, y = vowels()
    keep = np.r_[0:8, 8:12, 16:18]
    X, y = [X[i] for i in keep], y[keep]
    inverse = len(y) / (3 * np.bincount(y))
    settings = FULL_BATCH | {"max_iter": 2}
    with pytest.warns(UserWarning, match="Maximum iterations"):
        a = GRUClassifier(**settings, class_weight="balanced").fit(X, y)
        b = GRUClassifier(**settings).fit(X, y, sample_weight=inverse[y])
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))
