"""Weights to and from torch and Keras: against the oracle always, against both where they are installed."""

import os

import gruc
import numpy as np
import pytest
import reference
from gruc import GRUClassifier, GRURegressor
from gruc.runtime import Predictor
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
STACKED = {"hidden_layer_sizes": (5, 5), "bidirectional": True}
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def frames_of(x, k):
    """Rows of k steps end to end, the last step repeated where they run out."""
    n = -(-len(x) // k)
    return np.concatenate([x, np.repeat(x[-1:], n * k - len(x), axis=0)]).reshape(n, -1)


def outputs_of_oracle(weights, config, X, k):
    return np.array([reference.network_forward(frames_of(x, k), weights, config)[0] for x in X])


def as_weights(gru_state, head_state):
    return {f"gru.{k}": v for k, v in gru_state.items()} | {f"head.{k}": v for k, v in head_state.items()}


def close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[dtype] * np.abs(expected).max())


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "settings",
    [{}, STACKED, {"pooling": "mean"}, {"pooling": "max"}, {"frame_length": 3}, {"standardize": False}],
    ids=str,
)
@pytest.mark.parametrize("Estimator", [GRUClassifier, GRURegressor])
class TestOut:
    """What is handed out takes X, and gives y, as they are."""

    def test_torch(self, Estimator, settings, dtype):
        X, y = vowels()
        model = Estimator(**FAST | settings, dtype=dtype).fit(X, y)
        gru_state, head_state = gruc.to_torch(model)
        assert {a.dtype for a in (gru_state | head_state).values()} == {np.dtype(dtype)}
        got = outputs_of_oracle(
            as_weights(gru_state, head_state), model._predictor.config, X, model.frame_length_
        )
        expected = model.predict(X)[:, None] if Estimator is GRURegressor else model._predictor.outputs(X)
        close(got, expected, dtype)

    def test_and_in_again(self, Estimator, settings, dtype):
        X, y = vowels()
        model = Estimator(**FAST | settings, dtype=dtype).fit(X, y)
        template = Estimator(
            pooling=model.pooling,
            dtype=dtype,
            frame_length=model.frame_length_,
            bidirectional=model.bidirectional,
        )
        for copy in (
            gruc.from_torch(template, *gruc.to_torch(model)),
            gruc.from_keras(template, gruc.to_keras(model)),
        ):
            assert copy.get_params()["standardize"] is False
            assert copy.hidden_layer_sizes == model.hidden_layer_sizes
            close(copy._predictor.outputs(X), copy._predictor.outputs(X), dtype)
            if Estimator is GRURegressor:
                close(copy.predict(X), model.predict(X), dtype)
            else:
                close(copy.predict_proba(X), model.predict_proba(X), dtype)
                assert np.array_equal(copy.classes_, model.classes_)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("settings", [{}, STACKED, {"frame_length": 2}], ids=str)
def test_torch_itself(settings, dtype):
    torch = pytest.importorskip("torch")
    X, y = vowels()
    model = GRUClassifier(**FAST | settings, dtype=dtype).fit(X, y)
    gru_state, head_state = gruc.to_torch(model)
    sizes, k = model.hidden_layer_sizes, model.frame_length_
    kind = getattr(torch, dtype)
    gru = torch.nn.GRU(
        12 * k, sizes[0], len(sizes), batch_first=True, bidirectional=model.bidirectional, dtype=kind
    )
    head = torch.nn.Linear(sizes[-1] * (1 + model.bidirectional), 3, dtype=kind)
    gru.load_state_dict({name: torch.as_tensor(a.copy()) for name, a in gru_state.items()})
    head.load_state_dict({name: torch.as_tensor(a.copy()) for name, a in head_state.items()})
    with torch.no_grad():
        proba = []
        for x in X:
            _, h = gru(torch.as_tensor(frames_of(x, k)[None], dtype=kind))
            last = h[-2:].transpose(0, 1).reshape(1, -1) if model.bidirectional else h[-1]
            proba.append(torch.softmax(head(last), 1).numpy()[0])
    close(np.array(proba), model.predict_proba(X), dtype)
    back = gruc.from_torch(
        GRUClassifier(dtype=dtype, frame_length=k, random_state=0), gru.state_dict(), head.state_dict()
    )
    close(back.predict_proba(X), np.array(proba), dtype)
    assert back.partial_fit(X, y).loss_ < np.log(3)


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


@pytest.mark.parametrize("classes", [None, ["no", "yes"], ["yes", "no"], [7, 3]])
@pytest.mark.parametrize("n_rows", [1, 2])
def test_heads_for_two_classes(n_rows, classes):
    X, y = vowels(2)
    gru_state, head_state = gruc.to_torch(GRUClassifier(**FAST, frame_length=2, dtype="float64").fit(X, y))
    W, b = head_state["weight"], head_state["bias"]
    if n_rows == 2:  # the same probabilities by a softmax
        head_state = {"weight": np.concatenate([W * 0.25, W * 1.25]), "bias": np.r_[b * 0.25, b * 1.25]}
    template = GRUClassifier(dtype="float64", frame_length=2)
    model = gruc.from_torch(template, gru_state, head_state, classes)
    second = outputs_of_oracle(
        as_weights(gru_state, {"weight": W, "bias": b}), model._predictor.config, X, 2
    )[:, 0]
    names = np.array([0, 1] if classes is None else classes)
    assert np.array_equal(model.classes_, np.sort(names))
    column = int(np.flatnonzero(model.classes_ == names[1])[0])
    np.testing.assert_allclose(
        model.predict_proba(X)[:, column], reference.sigmoid(second), rtol=0, atol=1e-12
    )
    assert np.array_equal(model.predict(X), names[(second > 0).astype(int)])


def test_classes_in_any_order():
    X, y = vowels()
    model = GRUClassifier(**FAST, frame_length=1).fit(X, y)
    copy = gruc.from_torch(GRUClassifier(), *gruc.to_torch(model), classes=["c", "a", "b"])
    assert copy.classes_.tolist() == ["a", "b", "c"]
    assert np.array_equal(copy.predict(X), np.array(["c", "a", "b"])[model.predict(X)])


def test_a_gru_without_biases():
    X, y = vowels()
    gru_state, head_state = gruc.to_torch(GRUClassifier(**FAST, frame_length=1).fit(X, y))
    zeros = {name: a * name.startswith("weight") for name, a in gru_state.items()}
    bare = {name: a for name, a in gru_state.items() if name.startswith("weight")}
    a, b = (gruc.from_torch(GRUClassifier(), state, head_state) for state in (zeros, bare))
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))


@pytest.mark.parametrize("loss", ["poisson", "quantile"])
def test_links_and_quantiles(loss):
    X, y = vowels()
    settings = dict(loss=loss, quantile=[0.1, 0.9], frame_length=1, dtype="float64")
    model = GRURegressor(**FAST, **settings).fit(X, y)
    copy = gruc.from_torch(GRURegressor(**settings), *gruc.to_torch(model))
    close(copy.predict(X), model.predict(X), "float64")
    assert np.isfinite(copy.partial_fit(X, y).loss_)


def test_training_goes_on_after_an_import():
    X, y = vowels()
    model = GRUClassifier(**FAST, frame_length=1).fit(X, y)
    copy = gruc.from_torch(GRUClassifier(random_state=0), *gruc.to_torch(model))
    losses = [copy.partial_fit(X, y).loss_ for _ in range(10)]
    assert losses[-1] < 0.5 * losses[0] < model.loss_curve_[0]
    assert copy.n_iter_ == 10


def test_refused():
    X, y = vowels()
    model = GRUClassifier(**FAST, frame_length=1).fit(X, y)
    gru_state, head_state = gruc.to_torch(model)
    with pytest.raises(ValueError, match="cannot hold a model with reset_after=False"):
        gruc.to_torch(GRUClassifier(**FAST, reset_after=False).fit(X, y))
    for out in (gruc.to_torch, gruc.to_keras):
        with pytest.raises(ValueError, match="has no layer for the additive attention"):
            out(GRUClassifier(**FAST, pooling="attention").fit(X, y))
        with pytest.raises(TypeError, match="expected a fitted GRUClassifier or GRURegressor"):
            out(GRUClassifier())
    for estimator in (None, GRUClassifier, LookupError()):
        with pytest.raises(TypeError, match="expected a GRUClassifier or GRURegressor"):
            gruc.from_torch(estimator, gru_state, head_state)
    bad = [
        (gru_state | {"more": np.ones(3)}, head_state, {}, r"unknown: \['more'\]"),
        (
            {k: v for k, v in gru_state.items() if k != "bias_hh_l0"},
            head_state,
            {},
            r"missing: \['bias_hh_l0'\]",
        ),
        (
            gru_state | {"bias_hh_l0": np.ones(7)},
            head_state,
            {},
            r"gru.bias_hh_l0 is \(7,\), expected \(18,\)",
        ),
        (
            gru_state | {"bias_hh_l0": ["a"]},
            head_state,
            {},
            r"gru_state\['bias_hh_l0'\] is not a numeric array",
        ),
        (gru_state | {"bias_hh_l0": np.full(18, np.inf)}, head_state, {}, "not finite"),
        (gru_state, {"weight": np.ones((3, 5))}, {}, r"head.weight is \(3, 5\), expected \(3, 6\)"),
        (gru_state, {"weight": np.ones((3, 6)), "bias": np.ones(2)}, {}, "the head's weight is"),
        (gru_state, head_state, {"classes": [1, 2]}, "classes must be 3 different labels"),
        (gru_state, head_state, {"classes": [1, 2, 2]}, "classes must be 3 different labels"),
    ]
    for gru, head, options, message in bad:
        with pytest.raises(ValueError, match=message):
            gruc.from_torch(GRUClassifier(), gru, head, **options)
    with pytest.raises(ValueError, match="which is not a multiple of frame_length=5"):
        gruc.from_torch(GRUClassifier(frame_length=5), gru_state, head_state)
    with pytest.raises(ValueError, match="classes are given, but the estimator is a GRURegressor"):
        gruc.from_torch(GRURegressor(), gru_state, head_state, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="pooling='attention'"):
        gruc.from_torch(GRUClassifier(pooling="attention"), gru_state, head_state)
    with pytest.raises(
        ValueError, match="3 rows, which is not a multiple of the number of levels of quantile"
    ):
        gruc.from_torch(GRURegressor(loss="quantile", quantile=[0.1, 0.9]), gru_state, head_state)
    weights = gruc.to_keras(model)
    with pytest.raises(ValueError, match="weights has 4 arrays"):
        gruc.from_keras(GRUClassifier(), weights[1:])
    with pytest.raises(ValueError, match="weights has 5 arrays; GRU layers with bidirectional=True"):
        gruc.from_keras(GRUClassifier(bidirectional=True), weights)
    with pytest.raises(ValueError, match=r"weights\[1\] is \(6, 17\)"):
        gruc.from_keras(GRUClassifier(), [weights[0], weights[1][:, :17], *weights[2:]])


def test_a_bare_predictor_is_handed_out_too():
    X, y = vowels()
    model = GRUClassifier(**FAST).fit(X, y)
    for name, weight in gruc.to_torch(Predictor.from_estimator(model))[0].items():
        assert np.array_equal(weight, gruc.to_torch(model)[0][name])


def test_weights_that_do_not_fit_the_dtype():
    X, y = vowels()
    model = GRUClassifier(**FAST, frame_length=1).fit(X, y)
    gru, head = gruc.to_torch(model)
    head["weight"] = head["weight"].astype("float64") * 1e39
    with pytest.raises(ValueError, match="the weights contain .*, which does not fit float32"):
        gruc.from_torch(GRUClassifier(), gru, head)
    tiny = GRUClassifier(**FAST, frame_length=1).fit([x * 1e-40 for x in X], y)
    with pytest.raises(ValueError, match="gru.weight_ih_l0, .* folded in, does not fit float32"):
        gruc.to_torch(tiny)


def test_several_quantiles_of_several_targets():
    X, y = vowels()
    targets = np.stack([y, 50.0 + 20 * y], axis=1)
    model = GRURegressor(**FAST, frame_length=1, loss="quantile", quantile=[0.1, 0.9], dtype="float64")
    model.fit(X, targets)
    gru, head = gruc.to_torch(model)
    back = gruc.from_torch(model, gru, head)
    close(back.predict(X), model.predict(X), "float64")


# ---- several labels


def multilabel_model(**settings):
    X, y = vowels()
    model = GRUClassifier(**FAST | settings, frame_length=1, dtype="float64")
    return X, y, model.fit(X, np.stack([y == 0, y > 0, y == 2, y < 2], axis=1).astype(int))


@pytest.mark.parametrize("settings", [{}, STACKED | {"pooling": "mean"}], ids=str)
def test_several_labels(settings):
    X, y, model = multilabel_model(**settings)
    template = GRUClassifier(
        dtype="float64", pooling=model.pooling, bidirectional=model.bidirectional, random_state=0
    )
    gru_state, head_state = gruc.to_torch(model)
    outputs = outputs_of_oracle(as_weights(gru_state, head_state), model._predictor.config, X, 1)
    copies = [
        gruc.from_torch(template, gru_state, head_state, multilabel=True),
        gruc.from_keras(template, gruc.to_keras(model), multilabel=True),
    ]
    for copy in copies:
        np.testing.assert_allclose(copy.predict_proba(X), reference.sigmoid(outputs), rtol=0, atol=1e-10)
        np.testing.assert_allclose(copy.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-10)
        assert np.array_equal(copy.predict(X), model.predict(X))
        assert np.array_equal(copy.classes_, model.classes_)
        assert copy.out_activation_ == "logistic"
        before = copy.predict_proba(X)
        copy.partial_fit(X, model.predict(X))  # of four columns, as the head is
        assert not np.array_equal(copy.predict_proba(X), before)
    with pytest.raises(ValueError, match="y must be .n_sequences, 4. of 0 and 1"):
        copy.partial_fit(X, y)


def test_several_labels_are_refused():
    X, _, model = multilabel_model()
    states, weights = gruc.to_torch(model), gruc.to_keras(model)
    for convert, given in ((gruc.from_torch, states), (gruc.from_keras, (weights,))):
        with pytest.raises(ValueError, match="classes are given with multilabel=True"):
            convert(GRUClassifier(), *given, classes=[0, 1, 2, 3], multilabel=True)
        with pytest.raises(ValueError, match="multilabel=True is given, but the estimator is a GRURegressor"):
            convert(GRURegressor(), *given, multilabel=True)
    one_row = {name: a[:1] for name, a in states[1].items()}
    with pytest.raises(ValueError, match="multilabel=True is for a head of two rows or more"):
        gruc.from_torch(GRUClassifier(), states[0], one_row, multilabel=True)


# ---- tensors of every kind


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_tensors(dtype):
    torch = pytest.importorskip("torch")
    X, y = vowels()
    torch.manual_seed(0)
    gru = torch.nn.GRU(12, 6, bias=False, dtype=getattr(torch, dtype))
    head = torch.nn.Linear(6, 3, bias=False, dtype=getattr(torch, dtype))
    states = [dict(gru.named_parameters()), dict(head.named_parameters())]  # which require gradients
    assert all(value.requires_grad for state in states for value in state.values())
    model = gruc.from_torch(GRUClassifier(dtype="float64"), *states)
    for name, value in states[0].items():
        assert np.array_equal(model.weights_[f"gru.{name}"], value.detach().double().numpy())
    assert np.array_equal(model.weights_["head.weight"], states[1]["weight"].detach().double().numpy())
    assert not model.weights_["head.bias"].any()
    gru, head = gru.double(), head.double()
    with torch.no_grad():
        proba = [torch.softmax(head(gru(torch.as_tensor(x))[1]), 1).numpy()[0] for x in X]
    np.testing.assert_allclose(model.predict_proba(X), proba, rtol=0, atol=1e-12)


def test_numbers_that_are_not_real():
    X, y = vowels()
    gru_state, head_state = gruc.to_torch(GRUClassifier(**FAST, frame_length=1).fit(X, y))
    for wrong in (np.full(18, 1j), np.full(18, "1"), np.full(18, 1, "m8[s]"), {}):
        with pytest.raises(ValueError, match=r"gru_state\['bias_hh_l0'\] is not a numeric array"):
            gruc.from_torch(GRUClassifier(), gru_state | {"bias_hh_l0": wrong}, head_state)


# ---- Keras without biases


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


# ---- Keras's layers


class FakeLayer:
    """What `from_keras` asks of a layer."""

    def __init__(self, arrays=(), **config):
        self.arrays, self.config = arrays, {"name": f"my_{type(self).__name__}"} | config

    def get_config(self):
        return self.config

    def get_weights(self):
        return list(self.arrays)


def fake(kind, arrays=(), **config):
    return type(kind, (FakeLayer,), {})(arrays, **config)


def fake_layers(model, **of_gru):
    """The layers of a model of one direction, as a Keras program would have them."""
    *arrays, kernel, bias = gruc.to_keras(model)
    layers = [fake("InputLayer"), fake("Masking")]
    n, pooling = len(arrays) // 3, {"mean": "GlobalAveragePooling1D", "max": "GlobalMaxPooling1D"}
    for i in range(n):
        config = dict(
            activation="tanh", recurrent_activation="sigmoid", go_backwards=False, stateful=False,
            use_bias=True, reset_after=model.reset_after,
            return_sequences=i + 1 < n or model.pooling != "last",
        )  # fmt: skip
        layers += [fake("GRU", arrays[3 * i : 3 * i + 3], **config | of_gru), fake("Dropout")]
    if model.pooling != "last":
        layers.append(fake(pooling[model.pooling]))
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
        if extra != "Dense":
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
