"""Tables of tokens: pretrained vectors, tables that are not learned, tokens that do not occur, dropout."""

import io
import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier
from gruc.training import TrainingState, step
from problems import bits_of
from sklearn.base import clone
from token_problems import FAST, N_TOKENS, in_a_file, parity

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

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
            with pytest.raises(
                ValueError, match="embedding_weights are not the vectors that the existing network"
            ):
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
