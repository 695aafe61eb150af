"""Weights to and from torch and Keras, against the oracle."""

import gruc
import numpy as np
import pytest
import reference
from framework_weights import as_weights, close, multilabel_model, outputs_of_oracle
from gruc import GRUClassifier, GRURegressor
from gruc.preprocessing import TextSequencer
from gruc.runtime import Predictor
from problems import vowels
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
STACKED = {"hidden_layer_sizes": (5, 5), "bidirectional": True}
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


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


def test_training_continues_after_an_import():
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
        with pytest.raises(NotFittedError, match="This GRUClassifier instance is not fitted yet"):
            out(GRUClassifier())
        with pytest.raises(TypeError, match="expected a fitted GRUClassifier or GRURegressor"):
            out(LinearRegression())
    for estimator in (None, GRUClassifier, LookupError()):
        with pytest.raises(TypeError, match="expected a GRUClassifier, GRURegressor, GRUTagger or"):
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


def test_numbers_that_are_not_real():
    X, y = vowels()
    gru_state, head_state = gruc.to_torch(GRUClassifier(**FAST, frame_length=1).fit(X, y))
    for wrong in (np.full(18, 1j), np.full(18, "1"), np.full(18, 1, "m8[s]"), {}):
        with pytest.raises(ValueError, match=r"gru_state\['bias_hh_l0'\] is not a numeric array"):
            gruc.from_torch(GRUClassifier(), gru_state | {"bias_hh_l0": wrong}, head_state)


@pytest.mark.parametrize("export", [gruc.to_torch, gruc.to_keras, gruc.to_onnx])
def test_a_pipeline_is_exported_by_its_last_step(export, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if export is gruc.to_onnx:
        pytest.importorskip("onnx")
    pipeline = make_pipeline(TextSequencer(analyzer="char"), GRUClassifier(**FAST | dict(embedding_dim=3)))
    pipeline.fit(["ab", "ba", "b"], [0, 1, 1])
    with pytest.raises(TypeError, match=r"model is a Pipeline, .* Pass its last step, model\[-1\]"):
        export(pipeline)
    gruc.save(pipeline, "p.gruc")
    predictor = gruc.runtime.load("p.gruc")
    with pytest.raises(TypeError, match="Pass its last step, model.predictor"):
        export(predictor)
    export(pipeline[-1])
    export(predictor.predictor)
