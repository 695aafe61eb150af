"""sample_weight and class_weight."""

import itertools
import pickle

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from problems import vowels
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight

FULL_BATCH = dict(
    hidden_layer_sizes=(5,),
    alpha=0.0,
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
    # one feature, one step: the classes overlap, and the first is nineteen times as frequent
    X = [x[:1, :1] for x in X]
    y = np.isin(np.arange(40), (20, 21)).astype(int)
    plain = GRUClassifier(random_state=0).fit(X, y).predict_proba(X)[:, 1]
    balanced = GRUClassifier(random_state=0, class_weight="balanced").fit(X, y).predict_proba(X)[:, 1]
    # where a likelihood is largest the mean of the probabilities is that of the labels, weights included
    assert plain.mean() == pytest.approx(2 / 40, abs=0.02)
    assert np.average(balanced, weights=np.where(y, 19, 1)) == pytest.approx(0.5, abs=0.02)


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


# ---- a weight counts as much in every batch

PATTERNS = np.array([np.zeros((6, 1)), np.ones((6, 1))])


def rare_class(n_rare, n=1000):
    """X of two patterns and a rare class, four fifths of it in the second; balanced weights.

    Nothing but the two patterns can be learned, so the best probabilities are known.
    """
    y = np.r_[np.ones(n_rare, int), np.zeros(n - n_rare, int)]
    pattern = np.r_[np.arange(n_rare) < n_rare * 4 // 5, np.arange(n - n_rare) < (n - n_rare) // 2].astype(
        int
    )
    weights = compute_sample_weight("balanced", y)
    best = [np.average(y[pattern == i], weights=weights[pattern == i]) for i in (0, 1)]
    return PATTERNS[pattern], y, weights, best


SMALL = dict(hidden_layer_sizes=(8,), random_state=0)
COSINE = dict(max_iter=40, learning_rate="cosine", n_iter_no_change=np.inf)


# rmsprop forgets the size of gradients within some hundred batches, and divides a rare, large one by itself
@pytest.mark.parametrize(
    "n_rare, settings",
    [
        *itertools.product([5, 20, 100], [{}, COSINE | {"batch_size": 8}]),
        *itertools.product([20, 100], [COSINE | {"solver": "rmsprop"}]),
    ],
    ids=str,
)
def test_a_rare_class_counts_by_its_weight(n_rare, settings):
    X, y, _, best = rare_class(n_rare)
    model = GRUClassifier(**SMALL | settings, class_weight="balanced").fit(X, y)
    np.testing.assert_allclose(model.predict_proba(PATTERNS)[:, 1], best, atol=0.02)


def test_rare_values_and_rare_labels_count_by_their_weight():
    X, y, weights, best = rare_class(10)
    regressor = GRURegressor(**SMALL).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(regressor.predict(PATTERNS), best, atol=0.02)
    labels = np.c_[y, 1 - y]
    model = GRUClassifier(**SMALL | COSINE).fit(X, labels, sample_weight=weights)
    np.testing.assert_allclose(model.predict_proba(PATTERNS)[:, 0], best, atol=0.02)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_weights_reach_the_network_of_a_transformer():
    X, y, weights, _ = rare_class(10)
    model = GRUClassifier(**SMALL, max_iter=2)
    transformer = GRUTransformer(model).fit(X, y, sample_weight=weights)
    assert np.array_equal(
        transformer.transform(PATTERNS),
        GRUTransformer(model.set_params(class_weight="balanced")).fit(X, y).transform(PATTERNS),
    )
    assert not np.array_equal(
        transformer.transform(PATTERNS),
        GRUTransformer(model.set_params(class_weight=None)).fit(X, y).transform(PATTERNS),
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", [{}, {"batch_size": 4}, {"alpha": 0.1}], ids=str)
@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_a_sequence_of_weight_0_is_not_there(Estimator, settings):
    X, y = vowels()
    X = [
        *X,
        np.full((50, 12), 9.0),
        *X,
    ]  # a long one of no weight, which changes no mean, scale or length of frames
    y, weights = np.r_[y, 0, y], np.r_[np.linspace(0.5, 2, 24), 0, np.zeros(24)]
    settings = dict(max_iter=5, random_state=0) | settings
    with_them = Estimator(**settings).fit(X, y, sample_weight=weights)
    without = Estimator(**settings).fit(X[:24], y[:24], sample_weight=weights[:24])
    for name, values in with_them.weights_.items():
        np.testing.assert_allclose(values, without.weights_[name], rtol=0, atol=1e-6, err_msg=name)
    assert with_them.t_ == without.t_ == 5 * 24


def test_a_sequence_of_hardly_any_weight_has_hardly_any_effect():
    X, y, weights, best = rare_class(100)
    X, y = np.concatenate([X, X]), np.r_[y, 1 - y]
    model = GRUClassifier(**SMALL).fit(X, y, sample_weight=np.r_[weights, 1e-9 * weights])
    np.testing.assert_allclose(model.predict_proba(PATTERNS)[:, 1], best, atol=0.02)


def test_partial_fit_takes_weights_as_they_are():
    X = np.repeat(PATTERNS[1:], 10, axis=0)
    settings = SMALL | dict(solver="sgd", momentum=0.0, learning_rate="constant", learning_rate_init=0.02)
    settings |= dict(max_grad_norm=None)  # which would take from a chunk of one label
    model = GRUClassifier(**settings)
    by_class = GRUClassifier(**settings, class_weight={0: 1, 1: 9})
    for _ in range(150):  # chunks of one label each, the one nine times as heavy as the other
        model.partial_fit(X, np.zeros(10, int), classes=[0, 1])
        by_class.partial_fit(X, np.zeros(10, int), classes=[0, 1])
        after_light = model.predict_proba(X)[0, 1]
        model.partial_fit(X, np.ones(10, int), sample_weight=np.full(10, 9.0))
        by_class.partial_fit(X, np.ones(10, int))
    after_heavy = model.predict_proba(X)[0, 1]
    assert (after_light + after_heavy) / 2 == pytest.approx(0.9, abs=0.01)
    assert np.array_equal(by_class.predict_proba(X), model.predict_proba(X))


def test_weights_that_partial_fit_cannot_take_as_they_are():
    X, y = vowels()
    model = GRUClassifier(**SMALL)
    with pytest.raises(ValueError, match=r"sample_weight\[3\] is 1e\+200.*mean"):
        model.partial_fit(X, y, sample_weight=np.where(np.arange(len(X)) == 3, 1e200, 1))
    with pytest.raises(ValueError, match="class_weight reaches 1e\\+200"):
        GRUClassifier(**SMALL, class_weight={0: 1e200}).partial_fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("alpha", [0.01, 0.1])
def test_one_heavy_sequence_does_not_multiply_the_penalty(alpha):
    X, y, _, _ = rare_class(500)
    settings = SMALL | COSINE | {"alpha": alpha}
    sizes = []
    for weights in (None, np.r_[1000.0, np.ones(len(X) - 1)], np.where(np.arange(len(X)) % 2, 1e-3, 1.0)):
        model = GRUClassifier(**settings).fit(X, y, sample_weight=weights)
        sizes.append(
            np.sqrt(sum(np.square(w).sum() for name, w in model.weights_.items() if "weight" in name))
        )
    assert sizes[1] > sizes[0] / 2
    assert sizes[2] == pytest.approx(sizes[0], rel=0.25)


# ---- validation


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_classes_have_their_weight_in_validation():
    X, y = vowels(3, 20)
    y = np.minimum(y, 1)
    chosen, held = slice(0, None, 2), slice(1, None, 2)
    of_classes = {0: 5.0, 1: 0.5}
    settings = dict(max_iter=3, random_state=0, class_weight=of_classes)
    model = GRUClassifier(**settings).fit(X[chosen], y[chosen], X_val=X[held], y_val=y[held])
    weights = np.array([5.0, 0.5])[y[held]]
    expected = log_loss(y[held], model.predict_proba(X[held]), sample_weight=weights)
    assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-5)
    assert model.validation_scores_[-1] == pytest.approx(model.score(X[held], y[held], sample_weight=weights))

    own = np.linspace(0.1, 1, len(X))
    stopped = GRUClassifier(**settings, early_stopping=True, validation_fraction=0.3).fit(X, y, own)
    seed = int(np.random.default_rng(0).integers(2**31))
    _, held = train_test_split(np.arange(len(X)), test_size=0.3, random_state=seed, stratify=y)
    log_proba = stopped.predict_log_proba([X[i] for i in held])[np.arange(len(held)), y[held]]
    expected = np.average(-log_proba, weights=own[held] * np.array([5.0, 0.5])[y[held]])
    assert stopped.validation_loss_curve_[stopped.best_iter_ - 1] == pytest.approx(expected, rel=1e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["two classes", "three classes", "labels"])
@pytest.mark.parametrize("given", [False, True])
def test_labels_held_out_are_not_smoothed(kind, given):
    X, y = vowels(3, 20)
    if kind == "two classes":
        y = np.minimum(y, 1)
    elif kind == "labels":
        y = np.c_[y == 0, y == 2].astype(int)
    settings = dict(label_smoothing=0.4, early_stopping=True, scoring="loss", max_iter=4, random_state=0)
    held = np.arange(0, len(X), 4)
    if given:
        rest = np.setdiff1d(np.arange(len(X)), held)
        model = GRUClassifier(**settings).fit(
            [X[i] for i in rest], y[rest], X_val=[X[i] for i in held], y_val=y[held]
        )
    else:
        model = GRUClassifier(**settings).fit(X, y)
        seed = int(np.random.default_rng(0).integers(2**31))
        strata = y if y.ndim == 1 else None
        _, held = train_test_split(np.arange(len(X)), test_size=0.1, random_state=seed, stratify=strata)
    p, y = np.exp(model.predict_log_proba([X[i] for i in held]).astype(float)), y[held]
    if kind == "labels":
        expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1).mean()
    else:
        expected = -np.log(p[np.arange(len(y)), y]).mean()
    assert model.validation_loss_curve_[model.best_iter_ - 1] == pytest.approx(expected, rel=1e-4)


# ---- settings between two calls of partial_fit

CHANGES = {
    "label_smoothing": 0.9, "alpha": 0.1, "l1_ratio": 1.0, "batch_size": 4, "learning_rate": "step", "learning_rate_init": 0.1, "power_t": 2.0,
    "decay_rate": 0.1, "decay_steps": 1, "warmup": 7, "max_iter": 9, "max_grad_norm": 0.01, "shuffle": False, "beta_1": 0.1, "beta_2": 0.1,
    "epsilon": 0.1, "momentum": 0.1, "nesterovs_momentum": False, "rho": 0.1, "dropout": 0.5, "recurrent_dropout": 0.5, "solver": "rmsprop",
    "class_weight": {0: 9.0}, "delta": 0.01,
}  # fmt: skip
WANTED_BY = {
    "l1_ratio": dict(alpha=0.1), "power_t": dict(learning_rate="invscaling"), "decay_rate": dict(learning_rate="exponential"),
    "decay_steps": dict(learning_rate="exponential"), "learning_rate": dict(decay_steps=1), "max_iter": dict(learning_rate="cosine"), "momentum": dict(solver="sgd"),
    "nesterovs_momentum": dict(solver="sgd"), "rho": dict(solver="rmsprop"), "delta": dict(loss="huber"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_settings_are_obeyed_from_the_next_partial_fit_on(name):
    X, y = vowels()
    Estimator = GRURegressor if name == "delta" else GRUClassifier
    model = Estimator(hidden_layer_sizes=(5,), random_state=0, **WANTED_BY.get(name, {}))
    for _ in range(2):
        model.partial_fit(X, y)
    unchanged, copy = (pickle.loads(pickle.dumps(model)) for _ in range(2))
    for changed in (model, copy):
        changed.set_params(**{name: CHANGES[name]}).partial_fit(X, y).partial_fit(X, y)
    unchanged.partial_fit(X, y).partial_fit(X, y)
    assert np.array_equal(
        model.predict(X) if name == "delta" else model.predict_proba(X),
        copy.predict(X) if name == "delta" else copy.predict_proba(X),
    )
    assert not np.array_equal(model.weights_["head.weight"], unchanged.weights_["head.weight"])
