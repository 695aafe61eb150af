"""Convolutions to and from Keras: arrays, layers, and Keras itself where it is installed."""

import os

import gruc
import numpy as np
import pytest
from framework_weights import close, fake
from gruc import GRUClassifier, GRUTagger
from problems import tagged_vowels, vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
LAYERS = {
    "two": dict(conv_channels=(5, 4), conv_kernel_size=(4, 3)),
    "not pooled": dict(conv_channels=(5,), conv_kernel_size=1, conv_pool=1, pooling="max"),
    "by three": dict(conv_channels=(5, 4), conv_pool=(3, 1), bidirectional=True, standardize=False),
}


def keras_layers(layers, model):
    """Layers of a Keras model, of a module `layers` or of fakes, without weights."""
    parts = []
    if model.standardize:
        parts.append(layers.BatchNormalization(center=False, scale=False, epsilon=0.0, trainable=False))
    channels = model.conv_channels
    sizes, pools = (
        np.resize(each, len(channels)).tolist() for each in (model.conv_kernel_size, model.conv_pool)
    )
    for n, k, p in zip(channels, sizes, pools, strict=True):
        parts.append(layers.Conv1D(n, k, padding="causal", use_bias=False))
        parts += [layers.BatchNormalization(epsilon=1e-5), layers.ReLU()]
        if p > 1:
            parts += [layers.ZeroPadding1D((0, p - 1)), layers.MaxPooling1D(p)]
    gru = layers.GRU(6, return_sequences=model.pooling != "last")
    parts.append(layers.Bidirectional(gru) if model.bidirectional else gru)
    if model.pooling == "max":
        parts.append(layers.GlobalMaxPooling1D())
    return [*parts, layers.Dense(3, activation="softmax")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")
@pytest.mark.parametrize("settings", LAYERS.values(), ids=LAYERS)
def test_keras_itself(settings):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    X, y = vowels()
    X = [x + 7.0 for x in X]
    model = GRUClassifier(**FAST | settings).fit(X, y)
    network = keras.Sequential([keras.Input((None, 12)), *keras_layers(keras.layers, model)])
    network.set_weights(gruc.to_keras(model))
    proba = [keras.ops.convert_to_numpy(network(x[None].astype("float32")))[0] for x in X]
    close(np.array(proba), model.predict_proba(X), "float32")
    template = GRUClassifier(bidirectional=model.bidirectional, pooling=model.pooling)
    back = gruc.from_keras(template, network)
    close(back.predict_proba(X), model.predict_proba(X), "float32")
    assert np.ravel(back.conv_pool).tolist() == np.resize(model.conv_pool, len(model.conv_channels)).tolist()
    # as a Keras program would have it: other epsilons, biases, a Normalization
    scaling = keras.layers.Normalization()
    scaling.adapt(np.concatenate(X))
    conv, norm = keras.layers.Conv1D(4, 3, padding="causal"), keras.layers.BatchNormalization()
    parts = [
        scaling,
        conv,
        norm,
        keras.layers.Activation("relu"),
        keras.layers.MaxPooling1D(2, padding="same"),
    ]
    network = keras.Sequential([keras.Input((None, 12)), *parts, *keras_layers(keras.layers, model)[-2:]])
    if model.pooling == "last":
        network.build((None, None, 12))
        rng = np.random.default_rng(0)
        conv.set_weights([rng.normal(size=w.shape) for w in conv.get_weights()])
        norm.set_weights([rng.uniform(0.1, 1, w.shape) for w in norm.get_weights()])
        proba = [keras.ops.convert_to_numpy(network(x[None].astype("float32")))[0] for x in X]
        back = gruc.from_keras(GRUClassifier(bidirectional=model.bidirectional), network)
        close(back.predict_proba(X), np.array(proba), "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("settings", LAYERS.values(), ids=LAYERS)
def test_arrays(settings, dtype):
    X, y = vowels()
    model = GRUClassifier(**FAST | settings, dtype=dtype).fit([x + 7.0 for x in X], y)
    names = {name: settings[name] for name in ("conv_pool", "bidirectional", "pooling") if name in settings}
    template = GRUClassifier(dtype=dtype, conv_channels=(1,) * len(model.conv_channels), **names)
    back = gruc.from_keras(template, gruc.to_keras(model))
    close(back.predict_proba(X), model.predict_proba(X), dtype)
    assert back.conv_channels == model.conv_channels
    back.partial_fit(X, y)


def test_tokens():
    X, y = vowels()
    tokens = [x[:, 0].argsort() % 11 for x in X]
    model = GRUClassifier(**FAST, embedding_dim=3, conv_channels=(5, 4)).fit(tokens, y)
    template = GRUClassifier(embedding_dim=3, conv_channels=(5, 4))
    back = gruc.from_keras(template, gruc.to_keras(model))
    close(back.predict_proba(tokens), model.predict_proba(tokens), "float32")


class Fakes:
    """Layers whose weights and configurations are given."""

    def __init__(self, arrays):
        self.arrays = arrays

    def __getattr__(self, kind):
        n = {"Conv1D": 1, "BatchNormalization": 4, "GRU": 3, "Dense": 2}.get(kind, 0)

        def made(*sizes, **config):
            if kind == "BatchNormalization" and not config.get("center", True):
                arrays = self.take(2)
            else:
                arrays = self.take(n)
            if kind == "MaxPooling1D":
                config = {"pool_size": sizes, "strides": sizes, "padding": "valid"} | config
            if kind == "ZeroPadding1D":
                config["padding"] = sizes[0]
            return fake(kind, arrays, **config)

        return made

    def take(self, n):
        taken, self.arrays = self.arrays[:n], self.arrays[n:]
        return taken


def fake_layers(model):
    return keras_layers(Fakes(gruc.to_keras(model)), model)


def changed(layers, place, **config):
    """The layers, one of them with another configuration."""
    layers = list(layers)
    layer = layers[place]
    layers[place] = fake(type(layer).__name__, layer.arrays, **layer.config | config)
    return layers


def test_layers():
    X, y = vowels()
    model = GRUClassifier(**FAST, **{"pooling": "last"} | LAYERS["two"]).fit(X, y)
    layers = fake_layers(model)
    back = gruc.from_keras(GRUClassifier(), layers)
    close(back.predict_proba(X), model.predict_proba(X), "float32")
    assert (back.conv_channels, back.conv_kernel_size, back.conv_pool) == ((5, 4), (4, 3), (2, 2))
    for place, config, message in (
        (0, {"center": True}, "my_BatchNormalization' has center=True"),
        (1, {"padding": "same"}, "my_Conv1D' has padding='same'; gruc's models have padding='causal'"),
        (1, {"dilation_rate": (2,)}, "has dilation_rate=2"),
        (1, {"strides": (2,)}, "has strides=2"),
        (1, {"activation": "relu"}, "has activation='relu'"),
        (3, {"max_value": 6.0}, "must be followed by a plain ReLU"),
        (4, {"padding": (1, 0)}, "adds zeros before the first step"),
        (4, {"padding": (0, 0)}, "has padding='valid'; gruc's models take the largest"),
        (5, {"strides": (1,)}, "has strides=1"),
    ):
        with pytest.raises(ValueError, match=message):
            gruc.from_keras(GRUClassifier(), changed(layers, place, **config))
    with pytest.raises(ValueError, match="must be followed by a plain ReLU"):
        gruc.from_keras(GRUClassifier(), [*layers[:3], *layers[4:]])
    with pytest.raises(ValueError, match="moving variance of convolution 0 must not be negative"):
        arrays = [np.copy(a) for a in gruc.to_keras(model)]
        arrays[6] -= 1e3
        gruc.from_keras(GRUClassifier(conv_channels=(1, 1)), arrays)
    with pytest.raises(ValueError, match="is followed by arrays of shapes"):
        gruc.from_keras(
            GRUClassifier(conv_channels=(1, 1)), gruc.to_keras(model)[:3] + gruc.to_keras(model)[4:]
        )
    with pytest.raises(ValueError, match="conv_channels=.*, but the weights have no convolutions"):
        gruc.from_keras(GRUClassifier(conv_channels=(1, 1)), gruc.to_keras(GRUClassifier(**FAST).fit(X, y)))
    tagged, tags = tagged_vowels()
    tagger = GRUTagger(**FAST, conv_channels=(4,)).fit(tagged, tags)
    back = gruc.from_keras(GRUTagger(conv_channels=(1,)), gruc.to_keras(tagger))
    assert all(map(np.array_equal, back.predict(tagged), tagger.predict(tagged)))
    with pytest.raises(ValueError, match="pooled by .2, 2.; a GRUTagger predicts each step"):
        gruc.from_keras(GRUTagger(), changed(layers, 11, return_sequences=True))
