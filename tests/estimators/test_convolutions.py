"""Convolutions before the GRU layers, in estimators."""

import pickle

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger, GRUTransformer
from gruc.network import take_running
from gruc.runtime import Predictor
from gruc.training import TrainingState, step
from problems import bits_of, forms_of_vowels, same, tagged_vowels, vowels
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

OF_STEPS = dict(hidden_layer_sizes=(6,), conv_channels=(5, 4), max_iter=3, random_state=0)
FAST = OF_STEPS | dict(pooling="last", batch_size=8, learning_rate="adaptive", learning_rate_init=0.01)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def motifs(n, seed, n_steps=90):
    """Noise with a ramp at a random place, which rises or falls."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = [0.5 * rng.standard_normal(rng.integers(n_steps // 2, n_steps)) for _ in range(n)]
    for x, label in zip(X, y, strict=True):
        start = rng.integers(0, len(x) - 10)
        x[start : start + 10] += np.linspace(-2, 2, 10)[:: 1 if label else -1]
    return X, y


def test_motifs_at_random_places_are_learned():
    X, y = motifs(240, 0)
    model = GRUClassifier(
        (16,), conv_channels=(16, 16), conv_kernel_size=(7, 5), pooling="max", max_iter=25, random_state=0
    )
    assert model.fit(X, y).score(*motifs(100, 1)) > 0.95


@pytest.mark.parametrize("form", forms_of_vowels())
def test_all_forms_of_x(form):
    X, y = forms_of_vowels()[form]
    model = GRUClassifier(**FAST).fit(X, y)
    assert model.frame_length_ == 1
    assert model.predict_proba(X).shape == (len(y), 3)


def test_what_states_there_are():
    X, y = vowels()
    model = GRUClassifier(**FAST, conv_pool=(2, 3)).fit(X, y)
    for x, states in zip(X, model.hidden_states(X), strict=True):
        assert states.shape == (-(-len(x) // 6), 6)
    last = np.array([states[-1] for states in model.hidden_states(X)])
    assert np.array_equal(GRUTransformer(model).fit(X, y).transform(X), last)


@pytest.mark.parametrize("Estimator", [GRUTagger, GRUStepRegressor])
def test_an_answer_for_each_step(Estimator):
    X, y = tagged_vowels()
    model = Estimator(**OF_STEPS).fit(X, y)
    assert [len(row) for row in model.predict(X)] == [len(x) for x in X]
    assert "conv_pool" not in model.get_params()
    one = [model.predict([x])[0] for x in X]
    assert all(np.array_equal(a, b) for a, b in zip(one, model.predict(X), strict=True))


def test_tokens():
    X, y = vowels()
    tokens = [x[:, 0].argsort() % 11 for x in X]
    model = GRUClassifier(**FAST, embedding_dim=3, embedding_dropout=0.2, dropout=0.1).fit(tokens, y)
    assert set(model.weights_) > {"conv.0.weight", "embedding.weight"}
    before = GRUClassifier(**FAST | {"max_iter": 1, "learning_rate_init": 1e-9}, embedding_dim=3).fit(
        tokens, y
    )
    moved = np.abs(model.weights_["embedding.weight"] - before.weights_["embedding.weight"]).max()
    assert moved > 1e-3


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_a_fit_does_not_depend_on_threads(n_jobs, monkeypatch):
    X, y = vowels(3, 24)
    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    settings = FAST | {"batch_size": 64, "dropout": 0.1}
    one = GRUClassifier(**settings, n_jobs=1).fit(X, y)
    assert bits_of(GRUClassifier(**settings, n_jobs=n_jobs).fit(X, y)) == bits_of(one)
    assert same(clone(one).set_params(n_jobs=n_jobs).fit(X, y), one)


def test_constants_are_those_of_the_shards(monkeypatch):
    """Means over shards, each weighted by its rows, in the first step."""
    X, y = vowels(3, 24)
    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    seen = []

    def watched(program, gradient):
        running = take_running(program, gradient)
        seen.append([part.values.copy() for part in running])
        return running

    monkeypatch.setattr(step, "take_running", watched)
    model = GRUClassifier(**FAST | {"max_iter": 1, "batch_size": len(X)}, standardize=False, dtype="float64")
    weight = model.fit(X, y).weights_
    np.testing.assert_allclose(weight["norm.0.running_mean"], seen[0][0][:5], rtol=1e-12)
    np.testing.assert_allclose(weight["norm.0.running_var"], seen[0][0][5:], rtol=1e-12)
    initial = clone(model).set_params(learning_rate_init=1e-300).fit(X, y).weights_["conv.0.weight"]
    sums = np.concatenate([
        sum(np.pad(x, ((4, 0), (0, 0)))[j : j + len(x)] @ initial[:, :, j].T for j in range(5)) for x in X
    ])  # fmt: skip
    np.testing.assert_allclose(weight["norm.0.running_mean"], sums.mean(axis=0), rtol=0, atol=1e-12)
    assert (weight["norm.0.running_var"] <= sums.var(axis=0)).all()  # within shards
    assert (weight["norm.0.running_var"] > 0.8 * sums.var(axis=0)).all()


@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
def test_files_pickles_and_going_on(Estimator, tmp_path):
    X, y = vowels()
    model = Estimator(**FAST, conv_pool=(2, 1), conv_kernel_size=(3, 2)).partial_fit(X, y)
    model.save(tmp_path / "m.gruc")
    loaded = gruc.load(tmp_path / "m.gruc")
    assert loaded.get_params() == model.get_params()
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert np.array_equal(gruc.runtime.load(tmp_path / "m.gruc").predict(X), model.predict(X))
    pickled = pickle.loads(pickle.dumps(model))
    assert bits_of(pickled.partial_fit(X, y)) == bits_of(model.partial_fit(X, y))
    number = model.weights_["norm.0.num_batches_tracked"]
    assert number == 2 * -(-len(X) // 8)
    loaded.partial_fit(X, y)  # with a new optimiser, but the constants go on
    assert np.array_equal(loaded.weights_["norm.0.num_batches_tracked"], number)
    warm = clone(model).set_params(warm_start=True, max_iter=1)
    assert warm.fit(X, y).fit(X, y).weights_["norm.0.num_batches_tracked"] == number


def test_early_stopping_restores_constants_with_weights():
    X, y = vowels()
    settings = FAST | {"max_iter": 6, "early_stopping": True, "learning_rate": "constant"}
    model = GRUClassifier(**settings).fit(X, y, X_val=X, y_val=y)
    shorter = GRUClassifier(**settings | {"max_iter": model.best_iter_}).fit(X, y, X_val=X, y_val=y)
    assert bits_of(model) == bits_of(shorter)


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop"])
def test_no_solver_or_penalty_moves_constants(solver):
    X, y = vowels()
    settings = FAST | {"max_iter": 1, "solver": solver, "batch_size": 24, "learning_rate_init": 0.01}
    plain = GRUClassifier(**settings).fit(X, y).weights_
    decayed = GRUClassifier(**settings, alpha=5.0, max_grad_norm=0.01).fit(X, y).weights_
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        assert np.array_equal(plain[f"norm.0.{name}"], decayed[f"norm.0.{name}"])
    assert not np.array_equal(plain["conv.0.weight"], decayed["conv.0.weight"])


def test_scikit_learns_tools():
    X, y = vowels()
    scores = cross_val_score(GRUClassifier(**FAST | {"max_iter": 12}), X, y, cv=3)
    assert scores.mean() > 0.6
    assert isinstance(GRUClassifier(**FAST).fit(X, y)._training_state, TrainingState)


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(conv_channels=(), conv_kernel_size=7), "conv_kernel_size is 7, but conv_channels is"),
        (dict(conv_channels=(), conv_pool=3), "conv_pool is 3, but conv_channels is"),
        (dict(conv_channels=(4, 0)), "conv_channels must be a positive integer, or one for each"),
        (dict(conv_channels=(4, 2.5)), "conv_channels must be"),
        (
            dict(conv_channels=(4,), conv_kernel_size=(3, 3)),
            "conv_kernel_size is .3, 3., and conv_channels has 1",
        ),
        (
            dict(conv_kernel_size=10**7),
            "conv_kernel_size is 10000000; a convolution reads at most 4096 steps",
        ),
        (dict(conv_kernel_size=(5, 4097)), "at most 4096"),
        (dict(conv_channels=(4,) * 8), "7 convolutions with a conv_pool above 1"),
        (dict(conv_channels=(4, 4), conv_pool=2**20), "the most there can be"),
    ],
    ids=str,
)
def test_parameters_that_do_not_go_together(settings, message):
    X, y = vowels()
    with pytest.raises(ValueError, match=message):
        GRUClassifier(**FAST | settings).fit(X, y)


def test_another_network_is_refused_where_a_fit_goes_on():
    X, y = vowels()
    model = GRUClassifier(**FAST).partial_fit(X, y)
    bits = bits_of(model)
    for change in (
        dict(conv_channels=(5, 5)),
        dict(conv_kernel_size=4),
        dict(conv_pool=1),
        dict(conv_channels=()),
    ):
        (name,) = change
        with pytest.raises(ValueError, match=f"{name} is .*, but the existing network has"):
            clone_of = pickle.loads(pickle.dumps(model)).set_params(**change)
            clone_of.partial_fit(X, y)
    assert bits_of(model) == bits
    model.set_params(conv_kernel_size=(5, 5)).partial_fit(X, y)  # the same, said otherwise


def test_predictors_of_constants_alone():
    """A prediction is that of the weights that the normalisation's constants are part of."""
    X, y = vowels()
    model = GRUClassifier(**FAST, dtype="float64").fit(X, y)
    predictor, network = model._predictor, model._predictor.network
    weights = dict(network.table.views(predictor.parameters))
    for convolution in network.convolutions:
        W, b = convolution.folded(weights)
        weights[convolution.weight] = W
        for name, value in zip(convolution.norm, (1, b, 0, 1 - 1e-5, 0), strict=True):
            weights[name] = np.full_like(weights[name], value) if np.ndim(value) == 0 else value
    weights = {name: weight.T for name, weight in weights.items()}
    folded = Predictor.of_weights(predictor.config, weights, "float64", predictor.inputs, predictor.decoding)
    np.testing.assert_allclose(folded.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-12)


def test_weights_of_attention_are_of_pooled_steps():
    X, y = vowels()
    model = GRUClassifier(**FAST | dict(conv_pool=(2, 3), pooling="attention")).fit(X, y)
    weights, states = model.attention_weights(X), model.hidden_states(X)
    for x, a, h in zip(X, weights, states, strict=True):
        assert len(a) == len(h) == -(-len(x) // 6)
        assert a.sum() == pytest.approx(1, rel=1e-6)
    pooled = np.array([a @ h for a, h in zip(weights, states, strict=True)])
    features = GRUTransformer(model).fit(X, y).transform(X)
    np.testing.assert_allclose(features, pooled, rtol=0, atol=1e-6)
