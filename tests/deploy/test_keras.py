"""Weights to and from Keras: arrays, layers, and Keras itself where it is installed."""

import os

import gruc
import numpy as np
import pytest
from framework_weights import close, fake
from gruc import GRUClassifier, GRURegressor
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
STACKED = {"hidden_layer_sizes": (5, 5), "bidirectional": True}
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("settings", [{}, STACKED], ids=str)
def test_keras_itself(settings, reset_after, dtype, request):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    if dtype == "float64" and keras.backend.backend() != "tensorflow":
        pytest.skip("Keras multiplies matrices of float64 in float32, but over TensorFlow")
    X, y = vowels()
    model = GRUClassifier(**FAST | settings, frame_length=1, reset_after=reset_after, dtype=dtype).fit(X, y)
    # of the model too, which casts what it is given
    request.addfinalizer(lambda: keras.config.set_dtype_policy("float32"))
    keras.config.set_dtype_policy(dtype)
    layers = [keras.Input((None, 12), dtype=dtype)]
    for i, size in enumerate(model.hidden_layer_sizes):
        top = i == len(model.hidden_layer_sizes) - 1
        gru = keras.layers.GRU(size, reset_after=reset_after, return_sequences=not top, dtype=dtype)
        layers.append(keras.layers.Bidirectional(gru, dtype=dtype) if model.bidirectional else gru)
    layers.append(keras.layers.Dense(3, activation="softmax", dtype=dtype))
    network = keras.Sequential(layers)
    network.set_weights(gruc.to_keras(model))
    proba = np.array([keras.ops.convert_to_numpy(network(x[None].astype(dtype)))[0] for x in X[::4]])
    close(proba, model.predict_proba(X[::4]), dtype)
    back = gruc.from_keras(
        GRUClassifier(dtype=dtype, bidirectional=model.bidirectional),
        network.get_weights(),
        classes=[0, 1, 2],
    )
    close(back.predict_proba(X), model.predict_proba(X), dtype)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("sizes", [(6,), (2, 2), (2, 2, 2, 2), (5, 3)], ids=str)
def test_keras_without_biases(sizes, reset_after, bidirectional):
    X, y = vowels()
    settings = dict(hidden_layer_sizes=sizes, reset_after=reset_after, bidirectional=bidirectional)
    model = GRUClassifier(**FAST | settings, frame_length=1, standardize=False).fit(X, y)
    template = GRUClassifier(reset_after=reset_after, bidirectional=bidirectional)
    *layers, kernel, bias = gruc.to_keras(model)
    gru_zero = [a * (i % 3 < 2) for i, a in enumerate(layers)]
    gru_bare = [a for i, a in enumerate(layers) if i % 3 < 2]
    for with_zeros, bare in (
        ([*gru_zero, kernel, bias], [*gru_bare, kernel, bias]),
        ([*layers, kernel, 0 * bias], [*layers, kernel]),
        ([*gru_zero, kernel, 0 * bias], [*gru_bare, kernel]),
    ):
        a, b = (gruc.from_keras(template, weights) for weights in (with_zeros, bare))
        assert a.hidden_layer_sizes == b.hidden_layer_sizes == sizes
        assert np.array_equal(a.predict_proba(X), b.predict_proba(X))


def fake_layers(model, **of_gru):
    """The layers of a model of one direction, as a Keras program would have them."""
    *arrays, kernel, bias = gruc.to_keras(model)
    layers = [fake("InputLayer"), fake("Masking")]
    n, pooling = len(arrays) // 3, {"mean": "GlobalAveragePooling1D", "max": "GlobalMaxPooling1D"}
    for i in range(n):
        config = dict(
            activation="tanh", recurrent_activation="sigmoid", go_backwards=False, stateful=False,
            use_bias=True, reset_after=model.reset_after,
            return_sequences=i + 1 < n or model.pooling_ != "last",
        )  # fmt: skip
        layers += [fake("GRU", arrays[3 * i : 3 * i + 3], **config | of_gru), fake("Dropout")]
    if model.pooling_ != "last":
        layers.append(fake(pooling[model.pooling_]))
    return [*layers, fake("Dense", [kernel, bias], activation="softmax", use_bias=True)]


def changed(layers, kind, **config):
    """The layers, the first of this kind with another configuration."""
    layers = list(layers)
    i = next(i for i, layer in enumerate(layers) if type(layer).__name__ == kind)
    layers[i] = fake(kind, layers[i].arrays, **layers[i].config | config)
    return layers


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("sizes", [(6,), (5, 3)], ids=str)
def test_layers(sizes, pooling, reset_after):
    X, y = vowels()
    settings = dict(hidden_layer_sizes=sizes, pooling=pooling, reset_after=reset_after)
    model = GRUClassifier(**FAST | settings, frame_length=1).fit(X, y)
    layers = fake_layers(model)
    network = type("Sequential", (), {"layers": layers})()
    expected = gruc.from_keras(GRUClassifier(pooling=pooling), gruc.to_keras(model)).predict_proba(X)
    for given in (layers, tuple(layers), network, [layers[0], network]):
        copy = gruc.from_keras(GRUClassifier(pooling=pooling), given)
        assert copy.reset_after == reset_after
        assert np.array_equal(copy.predict_proba(X), expected)
    split = [*layers[:-1], fake("Dense", layers[-1].arrays), fake("Activation", activation="softmax")]
    assert np.array_equal(gruc.from_keras(GRUClassifier(pooling=pooling), split).predict_proba(X), expected)


def test_layers_that_compute_something_else():
    X, y = vowels()
    model = GRUClassifier(**FAST | {"hidden_layer_sizes": (5, 3)}, frame_length=1).fit(X, y)
    layers = fake_layers(model)
    custom = {"module": "builtins", "class_name": "function", "config": "my_tanh"}
    leaky = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.3}}
    gru_cases = [
        ({"recurrent_activation": "hard_sigmoid"}, "my_GRU' has recurrent_activation='hard_sigmoid'"),
        ({"activation": "relu"}, "has activation='relu'; gruc's GRU has activation='tanh'"),
        ({"activation": custom}, "has activation='my_tanh'"),
        ({"activation": leaky}, "has activation='LeakyReLU'"),
        ({"go_backwards": True}, "has go_backwards=True"),
        ({"stateful": True}, "has stateful=True"),
        ({"reset_after": False}, "Some GRU layers have reset_after=True, others do not"),
        ({"use_bias": False}, "has 3 arrays of weights, expected 2"),
    ]
    for config, message in gru_cases:
        with pytest.raises(ValueError, match=message):
            gruc.from_keras(GRUClassifier(), changed(layers, "GRU", **config))
    for activation in ("sigmoid", "relu", "hard_sigmoid", "tanh", custom):
        with pytest.raises(ValueError, match="The Dense layer's activation is"):
            gruc.from_keras(GRUClassifier(), changed(layers, "Dense", activation=activation))
    with pytest.raises(ValueError, match="For several labels that is multilabel=True"):
        gruc.from_keras(GRUClassifier(), changed(layers, "Dense", activation="sigmoid"))
    with pytest.raises(ValueError, match="this GRURegressor of 3 outputs has 'linear'"):
        gruc.from_keras(GRURegressor(), changed(layers, "Dense", activation="relu"))
    with pytest.raises(ValueError, match="The layers make pooling='last'; the estimator has 'mean'"):
        gruc.from_keras(GRUClassifier(pooling="mean"), layers)
    each_step = fake_layers(model, return_sequences=True)
    with pytest.raises(ValueError, match="a result for each step"):
        gruc.from_keras(GRUClassifier(), each_step)
    for extra in ("BatchNormalization", "LSTM", "Conv1D", "Normalization", "Dense"):
        with pytest.raises(ValueError, match=f"'my_{extra}' is a {extra}, which gruc's models do not have"):
            gruc.from_keras(GRUClassifier(), [*layers, fake(extra)])
        if extra not in ("Dense", "Conv1D"):
            with pytest.raises(ValueError, match=f"is a {extra}, which"):
                gruc.from_keras(GRUClassifier(), [fake(extra), *layers])
    with pytest.raises(ValueError, match="weights must have GRU layers and, after them, a Dense layer"):
        gruc.from_keras(GRUClassifier(), layers[:-1])
    with pytest.raises(TypeError, match="weights holds a ndarray among layers"):
        gruc.from_keras(GRUClassifier(), [*layers, np.zeros(3)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")
def test_layers_of_keras_itself():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    X, y = vowels()
    keras.utils.set_random_seed(0)

    def holds(network, estimator, expected=None, **options):
        model = gruc.from_keras(estimator, network, **options)
        got = np.array([keras.ops.convert_to_numpy(network(x[None].astype("float32")))[0] for x in X[:6]])
        predicted = model.predict_proba(X[:6]) if isinstance(model, GRUClassifier) else model.predict(X[:6])
        if got.shape[1] == 1 and isinstance(model, GRUClassifier):
            got = np.concatenate([1 - got, got], axis=1)
        close(predicted.reshape(got.shape), got, "float32")

    for reset_after in (True, False):
        for use_bias in (True, False):
            gru = dict(reset_after=reset_after, use_bias=use_bias, bias_initializer="random_normal")
            holds(
                keras.Sequential([
                    keras.Input((None, 12)),
                    layers.GRU(5, return_sequences=True, **gru), layers.Dropout(0.5),
                    layers.GRU(4, recurrent_dropout=0.3, **gru), layers.Dense(3, activation="softmax"),
                ]),
                GRUClassifier(),
            )  # fmt: skip
            both = layers.Bidirectional(layers.GRU(4, return_sequences=True, **gru))
            network = [keras.Input((None, 12)), both, layers.GlobalMaxPooling1D()]
            holds(
                keras.Sequential([*network, layers.Dense(3, "sigmoid")]),
                GRUClassifier(pooling="max"),
                multilabel=True,
            )
    for activation, units, estimator in (
        ("sigmoid", 1, GRUClassifier()), (None, 2, GRURegressor()), ("exponential", 1, GRURegressor(loss="poisson")),
    ):  # fmt: skip
        given = keras.Input((None, 12))
        out = layers.Dense(units, activation=activation)(layers.Bidirectional(layers.GRU(4))(given))
        holds(keras.Model(given, out), estimator)
    for gru, message in (
        (layers.GRU(4, recurrent_activation="hard_sigmoid"), "recurrent_activation='hard_sigmoid'"),
        (layers.GRU(4, go_backwards=True), "go_backwards=True"),
        (layers.GRU(4, activation="relu"), "activation='relu'"),
        (layers.Bidirectional(layers.GRU(4, activation="relu")), "activation='relu'"),
        (layers.Bidirectional(layers.GRU(4), merge_mode="sum"), "merge_mode='sum'"),
        (layers.Bidirectional(layers.LSTM(4)), "wraps a LSTM"),
        (layers.LSTM(4), "is a LSTM"),
    ):
        network = keras.Sequential([keras.Input((None, 12)), gru, layers.Dense(3, activation="softmax")])
        with pytest.raises(ValueError, match=message):
            gruc.from_keras(GRUClassifier(), network)
