"""Weights to and from torch and Keras of models that read tokens, or answer each step."""

import os

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(5,), max_iter=3, random_state=0)
N_TOKENS, LENGTHS = 9, [4, 1, 7, 5, 6, 3]
rng = np.random.default_rng(0)
TOKENS = [rng.integers(0, N_TOKENS, n) for n in LENGTHS]
STEPS = [rng.standard_normal((n, 3)).astype("float32") for n in LENGTHS]


def fitted(estimator, X=TOKENS):
    """The estimator, fitted on targets of its kind."""
    of_sequence = [len(x) % 3 for x in X]
    of_steps = [np.arange(len(x)) % 3 for x in X]
    return estimator.fit(X, of_steps if isinstance(estimator, (GRUTagger, GRUStepRegressor)) else of_sequence)


TOKEN = FAST | dict(embedding_dim=4, n_tokens=N_TOKENS)
MODELS = {
    "classifier": (GRUClassifier(**TOKEN), TOKENS),
    "both": (GRUClassifier(**TOKEN | dict(hidden_layer_sizes=(4, 4)), bidirectional=True, pooling="max"), TOKENS),
    "regressor": (GRURegressor(**TOKEN, pooling="mean"), TOKENS),
    "tagger": (GRUTagger(**TOKEN, bidirectional=True), TOKENS),
    "tagger of numbers": (GRUTagger(**FAST), STEPS),
    "step regressor": (GRUStepRegressor(**TOKEN), TOKENS),
}  # fmt: skip


@pytest.fixture(scope="module")
def models():
    return {name: fitted(estimator, X) for name, (estimator, X) in MODELS.items()}


def template(model, **settings):
    """An estimator with what weights do not say."""
    if model._each_step:
        return type(model)(bidirectional=model.bidirectional, **settings)
    return type(model)(pooling=model.pooling, bidirectional=model.bidirectional, **settings)


def outputs(model, X):
    """Probabilities or values, one array."""
    told = model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)
    return np.concatenate(list(told)) if model._each_step else told


def agree(copy, model, X):
    np.testing.assert_allclose(outputs(copy, X), outputs(model, X), rtol=0, atol=1e-5)
    if X is TOKENS:
        assert (copy.embedding_dim, copy.n_tokens) == (4, N_TOKENS)
        assert np.array_equal(copy.weights_["embedding.weight"], model.weights_["embedding.weight"])
        with pytest.raises(ValueError, match=f"token {N_TOKENS}"):
            copy.predict([[N_TOKENS]])
    targets = [np.arange(len(x)) % 3 for x in X] if model._each_step else [len(x) % 3 for x in X]
    before = copy.weights_["head.weight"].copy()
    copy.partial_fit(X, targets)
    assert not np.array_equal(copy.weights_["head.weight"], before)


@pytest.mark.parametrize("name", MODELS)
def test_there_and_back(models, name):
    model, X = models[name], MODELS[name][1]
    gru_state, head_state, *embedding = gruc.to_torch(model)
    assert len(embedding) == (X is TOKENS)
    options = {"embedding_state": embedding[0]} if embedding else {}
    agree(gruc.from_torch(template(model), gru_state, head_state, **options), model, X)
    hint = {"embedding_dim": 1} if embedding else {}  # says that there is one, not how wide it is
    agree(gruc.from_keras(template(model, **hint), gruc.to_keras(model)), model, X)


@pytest.mark.parametrize("name", MODELS)
def test_torch_itself(models, name):
    torch = pytest.importorskip("torch")
    model, X = models[name], MODELS[name][1]
    states = [
        {key: torch.as_tensor(array.copy()) for key, array in state.items()} for state in gruc.to_torch(model)
    ]
    sizes = model.hidden_layer_sizes
    gru = torch.nn.GRU(
        4 if X is TOKENS else 3, sizes[0], len(sizes), batch_first=True, bidirectional=model.bidirectional
    )
    head = torch.nn.Linear(sizes[-1] * (1 + model.bidirectional), len(states[1]["weight"]))
    gru.load_state_dict(states[0])
    head.load_state_dict(states[1])
    embedding = torch.nn.Identity()
    if X is TOKENS:
        embedding = torch.nn.Embedding(N_TOKENS, 4)
        embedding.load_state_dict(states[2])
    told = []
    for x in X:
        with torch.no_grad():
            h, last = gru(embedding(torch.as_tensor(x[None])))
        pooled = {None: h[0], "last": last[-1], "mean": h.mean(1), "max": h.amax(1)}
        out = head(pooled[getattr(model, "pooling_", None)])
        told.append((torch.softmax(out, -1) if hasattr(model, "classes_") else out).detach().numpy())
    np.testing.assert_allclose(
        np.concatenate(told).reshape(outputs(model, X).shape), outputs(model, X), rtol=0, atol=1e-5
    )
    options = {"embedding_state": embedding.state_dict()} if X is TOKENS else {}
    agree(gruc.from_torch(template(model), gru.state_dict(), head.state_dict(), **options), model, X)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")
@pytest.mark.parametrize("name", MODELS)
def test_keras_itself(models, name):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    model, X = models[name], MODELS[name][1]
    layers = [keras.Input((None,), dtype="int32") if X is TOKENS else keras.Input((None, 3))]
    if X is TOKENS:
        layers.append(keras.layers.Embedding(N_TOKENS, 4))
    pooled_by = getattr(model, "pooling_", None)
    for i, size in enumerate(model.hidden_layer_sizes):
        top = i + 1 == len(model.hidden_layer_sizes)
        gru = keras.layers.GRU(size, return_sequences=not top or pooled_by != "last")
        layers.append(keras.layers.Bidirectional(gru) if model.bidirectional else gru)
    pooling = {"mean": keras.layers.GlobalAveragePooling1D, "max": keras.layers.GlobalMaxPooling1D}
    if pooled_by in pooling:
        layers.append(pooling[pooled_by]())
    activation = "softmax" if hasattr(model, "classes_") else "linear"
    dense = keras.layers.Dense(len(model.weights_["head.bias"]), activation=activation)
    layers.append(keras.layers.TimeDistributed(dense) if name == "tagger" else dense)
    network = keras.Sequential(layers)
    network.set_weights(gruc.to_keras(model))
    told = np.concatenate([keras.ops.convert_to_numpy(network(x[None]))[0].reshape(-1) for x in X])
    np.testing.assert_allclose(told, outputs(model, X).ravel(), rtol=0, atol=1e-5)
    agree(gruc.from_keras(template(model), network), model, X)
    agree(gruc.from_keras(template(model), network.layers), model, X)


def fake(kind, arrays=(), **config):
    """A layer as Keras has it: a class of this name, a configuration and weights."""
    methods = {
        "get_config": lambda self: dict(config, name=f"my_{kind}"),
        "get_weights": lambda self: list(arrays),
    }
    return type(kind, (), methods)()


def fake_layers(model, X):
    arrays = gruc.to_keras(model)
    layers = [fake("InputLayer")]
    if X is TOKENS:
        layers += [fake("Embedding", [arrays.pop(0)], mask_zero=True), fake("SpatialDropout1D")]
    return [
        *layers,
        fake("GRU", arrays[:3], return_sequences=model._each_step),
        fake("Dense", arrays[3:], activation="softmax"),
    ]


def test_layers(models):
    tagger, classifier = models["tagger of numbers"], models["classifier"]
    *layers, dense = fake_layers(tagger, STEPS)
    inside = {"class_name": "Dense", "config": {"activation": "softmax", "use_bias": True}}
    each = fake("TimeDistributed", dense.get_weights(), layer=inside)
    for given in ([*layers, dense], [*layers, each]):
        agree(gruc.from_keras(GRUTagger(), given), tagger, STEPS)
    agree(gruc.from_keras(GRUClassifier(), fake_layers(classifier, TOKENS)), classifier, TOKENS)
    with pytest.raises(ValueError, match="a result for each step; a GRUClassifier has one for each sequence"):
        gruc.from_keras(GRUClassifier(), [*layers, each])
    with pytest.raises(ValueError, match="a result for each sequence; a GRUTagger has one for each step"):
        gruc.from_keras(GRUTagger(), fake_layers(classifier, TOKENS))
    with pytest.raises(ValueError, match="'my_TimeDistributed' is a TimeDistributed, which gruc's"):
        gruc.from_keras(GRUTagger(), [*layers, fake("TimeDistributed", layer={"class_name": "Conv1D"})])
    layers = fake_layers(classifier, TOKENS)
    with pytest.raises(
        ValueError, match="'my_Embedding' is a Embedding, which gruc's models do not have there"
    ):
        gruc.from_keras(GRUClassifier(), [*layers[:3], *layers[1:]])
    with pytest.raises(ValueError, match=r"embedding_dim=4, but the weights have no embedding"):
        gruc.from_keras(GRUClassifier(embedding_dim=4), [layers[0], *layers[2:]])


def test_refused(models):
    gru_state, head_state, embedding = gruc.to_torch(models["classifier"])
    with pytest.raises(ValueError, match="embedding_dim=3, but the weights have no embedding"):
        gruc.from_torch(GRUClassifier(embedding_dim=3), gru_state, head_state)
    for table in (embedding["weight"][:, :3], embedding["weight"][0]):
        with pytest.raises(ValueError, match=r"embedding.weight is .*expected \(n_tokens, 4\)"):
            gruc.from_torch(GRUClassifier(), gru_state, head_state, embedding_state={"weight": table})
    with pytest.raises(
        ValueError, match=r"embedding_state must have .* torch.nn.Embedding; missing: \['weight'\]"
    ):
        gruc.from_torch(GRUClassifier(), gru_state, head_state, embedding_state={})
    with pytest.raises(ValueError, match=r"embedding_state\['weight'\] contains values that are not finite"):
        gruc.from_torch(
            GRUClassifier(), gru_state, head_state, embedding_state={"weight": np.full((9, 4), np.nan)}
        )
    with pytest.raises(ValueError, match="a GRUTagger predicts one label per step"):
        gruc.from_torch(GRUTagger(), *gruc.to_torch(models["tagger of numbers"]), multilabel=True)
    with pytest.raises(ValueError, match="classes are given, but the estimator is a GRUStepRegressor"):
        gruc.from_torch(GRUStepRegressor(), gru_state, head_state, [1, 2, 3])
    with pytest.raises(ValueError, match="weights has 7 arrays; an Embedding has 1, GRU layers with"):
        gruc.from_keras(GRUClassifier(embedding_dim=4), [*gruc.to_keras(models["classifier"]), np.zeros(3)])
