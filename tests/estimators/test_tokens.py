"""Estimators of integer tokens."""

import io
import pickle

import gruc
import numpy as np
import pandas as pd
import pytest
from gruc import GRUClassifier, GRURegressor, GRUTransformer
from gruc.runtime import chunks
from gruc.training import TrainingState, step
from problems import bits_of
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

N_TOKENS = 12
FAST = dict(hidden_layer_sizes=(8,), embedding_dim=6, max_iter=15, learning_rate_init=0.02, random_state=0)


def parity(n=96, seed=0):
    """Tokens of which most are even, or most are odd; and the share of even ones."""
    rng = np.random.default_rng(seed)
    X = [rng.integers(0, N_TOKENS, rng.integers(1, 12)) for _ in range(n)]
    X[0][0] = N_TOKENS - 1  # so that the size of the table is known
    share = np.array([np.mean(x % 2 == 0) for x in X])
    return X, (share > 0.5).astype(int), share


def equal_lengths(n=40, seed=1):
    X = np.random.default_rng(seed).integers(0, N_TOKENS, (n, 7))
    return X, (np.mean(X % 2 == 0, axis=1) > 0.5).astype(int)


def in_a_file(model):
    """Bytes of the model's file."""
    file = io.BytesIO()
    model.save(file)
    return file.getvalue()


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
        ({"embedding_dim": 5}, "embedding_dim is 5, but the network to go on with was made with 6"),
        ({"embedding_dim": None}, "embedding_dim is None, but the network"),
        ({"n_tokens": 13}, "n_tokens is 13, but the network to go on with was made with 12"),
        ({"frame_length": 5}, "frame_length is 5, and with embedding_dim"),
        ({"embedding_weights": np.ones((12, 7))}, r"shape \(12, 7\)"),
        ({"embedding_weights": np.ones((12, 6))}, "embedding_weights are not the vectors that the network"),
    ],
)
def test_other_parameters_of_a_network_to_go_on_with(settings, message):
    X, y, _ = parity()
    model = GRUClassifier(**FAST).fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.set_params(**settings).partial_fit(X, y)


VECTORS = np.random.default_rng(9).normal(size=(N_TOKENS + 3, 6))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pretrained_vectors(dtype):
    X, y, _ = parity()
    vectors = VECTORS.copy()
    settings = FAST | {"embedding_weights": vectors, "dtype": dtype, "max_iter": 3}
    frozen = GRUClassifier(**settings, train_embedding=False, solver="adamw", alpha=0.1).fit(X, y)
    assert np.array_equal(frozen.weights_["embedding.weight"], VECTORS.astype(dtype))
    frozen.partial_fit(X, y)
    learned = GRUClassifier(**settings).fit(X, y)
    moved = learned.weights_["embedding.weight"] != VECTORS.astype(dtype)
    assert moved[:N_TOKENS].all()
    assert not moved[N_TOKENS:].any()  # tokens that do not occur
    assert np.array_equal(vectors, VECTORS)
    vectors[:] = 0
    assert np.array_equal(frozen.weights_["embedding.weight"], VECTORS.astype(dtype))
    assert frozen.predict([[N_TOKENS + 2]]).shape == (1,)
    as_lists = GRUClassifier(**settings | {"embedding_weights": VECTORS.tolist()}).fit(X, y)
    assert bits_of(as_lists) == bits_of(learned)


def test_other_vectors_than_those_a_fit_began_with():
    X, y, _ = parity()
    model = GRUClassifier(**FAST | {"embedding_weights": VECTORS, "max_iter": 2, "warm_start": True}).fit(
        X, y
    )
    models = [model, pickle.loads(pickle.dumps(model)), gruc.load(in_a_file(model))]
    for each in models:
        each.set_params(embedding_weights=VECTORS + 1)
        for call in (each.fit, each.partial_fit):
            with pytest.raises(ValueError, match="embedding_weights are not the vectors that the network"):
                call(X, y)
        with pytest.raises(ValueError, match="not the vectors that the model was fitted with"):
            each.save(io.BytesIO())
        for right in (VECTORS.tolist(), None):  # the same numbers, or none
            each.set_params(embedding_weights=right).partial_fit(X, y)
            in_a_file(each)
    assert len({str(bits_of(each)) for each in models[:2]}) == 1
    model.set_params(embedding_weights=VECTORS + 1, warm_start=False).fit(X, y)
    in_a_file(model)


def test_tables_without_memory(monkeypatch):
    X, y, _ = parity()
    X[3] = np.array([1, 2**31 - 2, 2])

    def initial(*args):
        raise MemoryError

    monkeypatch.setattr(TrainingState, "initial", initial)
    with pytest.raises(
        ValueError, match=r"X\[3\] has token 2147483646 at step 1, the largest.*51.5 GB.*gaps"
    ):
        GRUClassifier(**FAST).fit(X, y)
    with pytest.raises(ValueError, match=r"^There is no memory for a table of 2147483647 tokens"):
        GRUClassifier(**FAST | {"n_tokens": 2**31 - 1}).fit(X, y)
    with pytest.raises(MemoryError):
        GRUClassifier().fit(np.ones((4, 3)), [0, 1, 0, 1])


def test_frozen_vectors_are_learned_from_when_thawed():
    X, y, _ = parity()
    settings = FAST | {"embedding_weights": VECTORS, "train_embedding": False}
    model = GRUClassifier(**settings).partial_fit(X, y)
    model.set_params(train_embedding=True).partial_fit(X, y)
    thawed = model.weights_["embedding.weight"].copy()
    assert (thawed[:N_TOKENS] != VECTORS[:N_TOKENS].astype("float32")).all()
    model.set_params(train_embedding=False).partial_fit(X, y)
    assert np.array_equal(model.weights_["embedding.weight"], thawed)


@pytest.mark.parametrize("train_embedding", [False, True])
def test_vectors_in_files(train_embedding):
    X, y, _ = parity()
    settings = FAST | {"embedding_weights": VECTORS, "train_embedding": train_embedding, "max_iter": 2}
    model = GRUClassifier(**settings).fit(X, y)
    file = in_a_file(model)
    loaded = gruc.load(file)
    assert np.array_equal(loaded.embedding_weights, VECTORS.astype("float32"))
    assert np.array_equal(gruc.runtime.load(file).predict_proba(X), model.predict_proba(X))
    assert bits_of(clone(loaded).fit(X, y)) == bits_of(model)
    assert in_a_file(loaded) == file
    tables = 2 if train_embedding else 1  # one that was not learned is there once
    assert len(file) - len(in_a_file(model.set_params(embedding_weights=None))) == pytest.approx(
        (tables - 1) * VECTORS.size * 4, abs=200
    )


def test_tokens_that_do_not_occur_start_at_zero():
    X, y, _ = parity()
    settings = FAST | {"n_tokens": N_TOKENS + 5, "max_iter": 1}
    weight = np.ones(len(X))
    weight[[i for i, x in enumerate(X) if 3 in x]] = 0
    table = GRUClassifier(**settings).fit(X, y, sample_weight=weight).weights_["embedding.weight"]
    assert not table[[3, *range(N_TOKENS, N_TOKENS + 5)]].any()
    assert table[[0, 1, 2, *range(4, N_TOKENS)]].all()


def test_dropout_of_tokens_does_not_depend_on_n_jobs(monkeypatch):
    X, y, _ = parity()
    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    settings = FAST | {"embedding_dropout": 0.3, "batch_size": 64, "max_iter": 3}
    one, two = (GRUClassifier(**settings, n_jobs=n).fit(X, y) for n in (1, 2))
    assert bits_of(one) == bits_of(two)
    plain = GRUClassifier(**settings | {"embedding_dropout": 0.0}).fit(X, y)
    assert bits_of(plain) != bits_of(one)
    thorough = GRUClassifier(**FAST | {"embedding_dropout": 0.999, "alpha": 0.1, "max_iter": 2}).fit(X, y)
    assert np.isfinite(thorough.loss_)


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
