"""Estimators of integer tokens."""

import pickle

import gruc
import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.runtime import chunks
from problems import bits_of
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from token_problems import FAST, N_TOKENS, in_a_file, parity

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def equal_lengths(n=40, seed=1):
    X = np.random.default_rng(seed).integers(0, N_TOKENS, (n, 7))
    return X, (np.mean(X % 2 == 0, axis=1) > 0.5).astype(int)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bidirectional": True, "pooling": "max", "early_stopping": True},
        {"pooling": "attention", "dtype": "float64", "class_weight": "balanced"},
        {"hidden_layer_sizes": (6, 5), "reset_after": False, "pooling": "mean", "dropout": 0.1},
    ],
)
def test_classifiers_learn(settings):
    X, y, _ = parity()
    model = GRUClassifier(**FAST | settings).fit(X, y)
    assert model.score(X, y) > 0.85
    assert model.predict_proba(X).dtype == model.dtype
    assert model.weights_["embedding.weight"].shape == (N_TOKENS, 6)
    assert (model.n_features_in_, model.frame_length_, model.hop_length_) == (1, 1, 1)


def test_regressors_learn():
    X, _, share = parity()
    model = GRURegressor(**FAST).fit(X, share, sample_weight=np.arange(1, len(X) + 1))
    assert model.score(X, share) > 0.8


def test_validation_on_given_tokens():
    X, y, _ = parity()
    X_val, y_val, _ = parity(seed=5)
    model = GRUClassifier(**FAST).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.validation_scores_[-1] == model.score(X_val, y_val)
    X_val[3] = np.array([0, N_TOKENS])
    with pytest.raises(ValueError, match=r"X_val\[3\] has token 12 at step 1"):
        GRUClassifier(**FAST).fit(X, y, X_val=X_val, y_val=y_val)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_forms_of_tokens_give_the_same_bits(early_stopping):
    X, y, _ = parity()
    settings = FAST | {"max_iter": 3, "early_stopping": early_stopping}
    expected = bits_of(GRUClassifier(**settings).fit(X, y))
    objects = np.empty(len(X), object)
    objects[:] = X
    for form in (
        [x.tolist() for x in X], objects, pd.Series([list(x) for x in X]), [x.astype(np.uint8) for x in X]
    ):  # fmt: skip
        model = GRUClassifier(**settings).fit(form, y)
        assert bits_of(model) == expected
        assert model.predict(form).shape == y.shape
    mixed = [x.astype(t) for x, t in zip(X, ["int32", "int64", "uint16"] * 32, strict=True)]
    assert bits_of(GRUClassifier(**settings).fit(mixed, y)) == expected


def test_tables_of_tokens():
    X, y = equal_lengths()
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.n_features_in_ == 7
    assert model.hidden_states(X).shape == (len(X), 7, 8)
    probabilities = model.predict_proba(X)
    assert np.array_equal(model.predict_proba(list(X)), probabilities)
    with pytest.raises(ValueError, match="7 features"):
        model.predict(X[:, :4])
    frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(7)])
    of_frame = GRUClassifier(**FAST).fit(frame, y)
    assert list(of_frame.feature_names_in_) == list(frame.columns)
    assert np.array_equal(of_frame.predict_proba(frame), probabilities)
    ragged = GRUClassifier(**FAST).fit(list(X), y)
    assert np.array_equal(ragged.predict_proba(X), probabilities)


def test_partial_fit_and_warm_start():
    X, y, _ = parity()
    model = GRUClassifier(**FAST | {"n_tokens": 20})
    for _ in range(15):
        model.partial_fit(X[:48], y[:48]).partial_fit(X[48:], y[48:])
    assert model.score(X, y) > 0.85
    assert model.weights_["embedding.weight"].shape == (20, 6)
    model.predict([[19]])
    with pytest.raises(ValueError, match=r"X\[0\] has token 20 at step 1"):
        model.partial_fit([[3, 20]], [1])
    warm = GRUClassifier(**FAST | {"warm_start": True, "max_iter": 2}).fit(X, y)
    before = warm.loss_
    assert warm.fit(X, y).loss_ < before


def test_partial_fit_of_values_keeps_the_statistics_of_the_first_sequences():
    X, _, share = parity()
    model = GRURegressor(**FAST)
    for i in range(12):
        model.partial_fit(X[i : i + 1], 100 + share[i : i + 1])
    assert 99 < model.predict(X).mean() < 102


def test_rows_of_tokens_that_do_not_occur_stay_as_they_are():
    X, y, _ = parity()
    settings = FAST | {"n_tokens": 20, "alpha": 0.1, "solver": "adamw"}
    start, end = (
        GRUClassifier(**settings | {"max_iter": n, "learning_rate_init": rate}).fit(X, y)
        for n, rate in ((1, 1e-30), (5, 0.01))
    )
    start, end = (model.weights_["embedding.weight"] for model in (start, end))
    assert np.array_equal(start[N_TOKENS:], end[N_TOKENS:])
    assert (start[:N_TOKENS] != end[:N_TOKENS]).all()


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_copies_predict_the_same(Estimator):
    X, y, _ = parity()
    model = Estimator(**FAST | {"bidirectional": True, "n_tokens": 15}).fit(X, y)
    file = in_a_file(model)
    copies = [pickle.loads(pickle.dumps(model)), gruc.load(file), gruc.runtime.load(file)]
    copies.append(clone(model).fit(X, y))
    for copy in copies:
        assert np.array_equal(copy.predict(X), model.predict(X))
        with pytest.raises(ValueError, match=r"X\[0\] has token 15 at step 0"):
            copy.predict([[15]])
    assert gruc.load(file).n_features_in_ == 1
    assert in_a_file(gruc.load(file)) == file
    again, expected = gruc.load(file).partial_fit(X, y), gruc.load(file).partial_fit(X, y)
    assert bits_of(again) == bits_of(expected) != bits_of(model)
    with pytest.raises(ValueError, match=r"holds float64"):
        gruc.load(file).predict([np.zeros(3)])


def test_states_and_gates():
    X, y, _ = parity()
    model = GRUClassifier(**FAST).fit(X, y)
    states = model.hidden_states(X)
    assert [len(s) for s in states] == [len(x) for x in X]
    head = [model.weights_[f"head.{name}"] for name in ("weight", "bias")]
    logits = np.array([s[-1] @ head[0][0] + head[1][0] for s in states])
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), model.predict_proba(X)[:, 1], atol=1e-6)
    assert set(model.gate_activations(X)) == {"reset", "update", "candidate"}
    first, second = [x[:1] for x in X if len(x) > 1], [x[1:] for x in X if len(x) > 1]
    carried = np.stack([s[-1] for s in model.hidden_states(first)])[:, np.newaxis]
    expected = model.predict_proba([x for x in X if len(x) > 1])
    assert np.array_equal(model.predict_proba(second, initial_state=carried), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_a_prediction_is_bitwise_its_own(pooling, dtype, monkeypatch):
    X, y, _ = parity()
    settings = FAST | {"max_iter": 1, "bidirectional": True, "pooling": pooling, "dtype": dtype}
    model = GRUClassifier(**settings).fit(X, y)
    expected = model.predict_proba(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert np.array_equal(model.predict_proba([X[i] for i in order]), expected[order])
    assert np.array_equal(model.predict_proba(X[order[0]][np.newaxis])[0], expected[order[0]])
    assert np.array_equal(model.predict_proba([X[i] for i in order[:7]]), expected[order[:7]])
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 200)
    assert np.array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop"])
def test_a_weight_of_two_is_the_same_as_two_sequences_and_of_zero_as_none(solver):
    X, y, _ = parity(12)
    settings = FAST | {"batch_size": 100, "shuffle": False, "dtype": "float64", "solver": solver}
    settings |= {"max_iter": 4, "n_tokens": N_TOKENS, "max_grad_norm": None}
    weights = np.array([2.0, 1, 0, 1] * 3)
    repeated = [i for i, n in enumerate(weights) for _ in range(int(n))]
    one = GRUClassifier(**settings).fit(X, y, sample_weight=weights)
    two = GRUClassifier(**settings).fit([X[i] for i in repeated], y[repeated])
    for name, weight in one.weights_.items():
        np.testing.assert_allclose(weight, two.weights_[name], rtol=0, atol=1e-9, err_msg=name)


def test_transformer():
    X, y, _ = parity()
    for transformer in (
        GRUTransformer(GRUClassifier(**FAST)).fit(X, y),
        GRUTransformer(GRURegressor(**FAST), trained=False).fit(X),
    ):
        features = transformer.transform(X)
        assert features.shape == (len(X), 8)
        assert np.array_equal(pickle.loads(pickle.dumps(transformer)).transform(X), features)


def test_tools_of_scikit_learn():
    X, y, _ = parity()
    model = GRUClassifier(**FAST | {"n_tokens": N_TOKENS})
    assert cross_val_score(model, X, y, cv=3).mean() > 0.6
    assert cross_val_predict(model, X, y, cv=3, method="predict_proba").shape == (len(X), 2)
    search = GridSearchCV(model, {"embedding_dim": [3, 5]}, cv=2).fit(X, y)
    assert search.best_estimator_.weights_["embedding.weight"].shape[0] == N_TOKENS


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"embedding_dim": None, "n_tokens": 12}, "n_tokens is 12, but embedding_dim is None"),
        ({"frame_length": 2}, "frame_length is 2, and with embedding_dim"),
        ({"hop_length": 2}, "hop_length is 2, and with embedding_dim"),
        ({"n_tokens": 11}, r"X\[0\] has token 11 at step 0.*0 to 10 only"),
        ({"n_tokens": 2**31}, "n_tokens is 2147483648; the most there can be is 2147483647"),
        ({"embedding_dim": 0}, "'embedding_dim' parameter"),
        ({"embedding_dim": None, "embedding_dropout": 0.5}, "embedding_dropout is 0.5, but embedding_dim is"),
        ({"embedding_dim": None, "train_embedding": False}, "train_embedding is False, but embedding_dim is"),
        ({"embedding_dim": None, "embedding_weights": np.ones((12, 6))}, "embedding_weights is given, but"),
        ({"embedding_weights": np.ones((12, 5))}, r"shape \(12, 5\); expected .* is \(n_tokens, 6\)"),
        ({"embedding_weights": np.ones(6)}, r"shape \(6,\); expected"),
        ({"embedding_weights": np.ones((12, 6)), "n_tokens": 13}, r"shape \(12, 6\); .* is \(13, 6\)"),
        ({"embedding_weights": np.ones((11, 6))}, r"X\[0\] has token 11 at step 0"),
        ({"embedding_weights": np.full((12, 6), 1e39)}, r"embedding_weights\[0\] is not finite in float32"),
        ({"embedding_weights": [["a"]]}, "embedding_weights holds"),
        ({"embedding_dropout": 1.0}, "'embedding_dropout' parameter"),
    ],
)
def test_parameters_that_do_not_fit(settings, message):
    X, y, _ = parity()
    model = GRUClassifier(**FAST | settings)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            call(X, y)
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"embedding_dim": 5}, "embedding_dim is 5, but the existing network has 6"),
        ({"embedding_dim": None}, "embedding_dim is None, but the existing network"),
        ({"n_tokens": 13}, "n_tokens is 13, but the existing network has 12"),
        ({"frame_length": 5}, "frame_length is 5, and with embedding_dim"),
        ({"embedding_weights": np.ones((12, 7))}, r"shape \(12, 7\)"),
        (
            {"embedding_weights": np.ones((12, 6))},
            "embedding_weights are not the vectors that the existing network",
        ),
    ],
)
def test_other_parameters_of_a_network_to_go_on_with(settings, message):
    X, y, _ = parity()
    model = GRUClassifier(**FAST).fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.set_params(**settings).partial_fit(X, y)


def test_standardize_and_frames_of_one_step_change_nothing():
    X, y, _ = parity()
    expected = GRUClassifier(**FAST).fit(X, y)
    other = GRUClassifier(**FAST | {"standardize": False, "frame_length": 1, "hop_length": 1}).fit(X, y)
    assert bits_of(other) == bits_of(expected)
    other.set_params(standardize=True).partial_fit(X, y)


def test_a_model_of_numbers_becomes_one_of_tokens_and_back():
    X, y, _ = parity()
    model = GRUClassifier(**FAST | {"embedding_dim": None}).fit([x.astype(float) for x in X], y)
    model.set_params(embedding_dim=4).fit(X, y, X_val=X, y_val=y)
    assert model.weights_["embedding.weight"].shape == (N_TOKENS, 4)
    model.set_params(embedding_dim=None).fit(X, y, X_val=[x / 2 for x in X], y_val=y)
    assert "embedding.weight" not in model.weights_
