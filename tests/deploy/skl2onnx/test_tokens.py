"""Models that read tokens, or answer each step, through skl2onnx."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger, GRUTransformer
from gruc.preprocessing import SequenceScaler, TextSequencer
from problems import vowels
from skl2onnx.common.data_types import Int32TensorType
from skl2onnx_graphs import CUBE, TABLE, Int64TensorType, converted, padded, run
from sklearn.pipeline import make_pipeline

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the runtimes' own
]
TOKENS = Int64TensorType([None, None])
FAST = dict(hidden_layer_sizes=(5,), embedding_dim=4, n_tokens=9, max_iter=2, random_state=0)
rng = np.random.default_rng(0)
X = [rng.integers(0, 9, n) for n in (4, 1, 7, 5, 6, 3)]
Y = np.array(["ann", "bob", "ünï"])


def padded_tokens(X, n_more=2, dtype=np.int64):
    out = np.full((len(X), max(map(len, X)) + n_more), -1, dtype)
    for i, x in enumerate(X):
        out[i, : len(x)] = x
    return out


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_classifier(pooling):
    model = GRUClassifier(**FAST, pooling=pooling, bidirectional=True).fit(X, Y[[len(x) % 3 for x in X]])
    proto = converted(model, TOKENS, options={"zipmap": False})
    for part in (X, X[1:2], X[:3]):
        got = run(proto, X=padded_tokens(part))
        np.testing.assert_allclose(got["probabilities"], model.predict_proba(part), rtol=0, atol=1e-6)
        assert np.array_equal(got["label"], model.predict(part))
    proto = converted(model, Int32TensorType([None, None]), options={"zipmap": False})
    got = run(proto, X=padded_tokens(X, dtype=np.int32))
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), rtol=0, atol=1e-6)


def test_regressor_and_transformer():
    y = [float(len(x)) for x in X]
    model = GRURegressor(**FAST).fit(X, y)
    got = run(converted(model, TOKENS), X=padded_tokens(X))
    np.testing.assert_allclose(got["variable"][:, 0], model.predict(X), rtol=0, atol=1e-5)
    model = GRUTransformer(GRURegressor(**FAST)).fit(X, y)
    got = run(converted(model, TOKENS), X=padded_tokens(X))
    np.testing.assert_allclose(got["variable"], model.transform(X), rtol=0, atol=1e-6)


def test_tagger():
    model = GRUTagger(**FAST, bidirectional=True).fit(X, [Y[x % 3] for x in X])
    got = run(converted(model, TOKENS), X=padded_tokens(X))
    assert list(got) == ["label", "probabilities"]
    for i, (labels, proba) in enumerate(zip(model.predict(X), model.predict_proba(X), strict=True)):
        assert np.array_equal(got["label"][i, : len(labels)], labels)
        np.testing.assert_allclose(got["probabilities"][i, : len(proba)], proba, rtol=0, atol=1e-6)
        assert np.isnan(got["probabilities"][i, len(proba) :]).all()


def test_steps_of_numbers_in_a_pipeline():
    frames, _ = vowels()
    y = [x[:, 0] for x in frames]
    settings = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0)
    model = make_pipeline(SequenceScaler(), GRUStepRegressor(**settings)).fit(frames, y)
    got = run(converted(model), X=padded(frames))
    for i, values in enumerate(model.predict(frames)):
        np.testing.assert_allclose(got["variable"][i, : len(values), 0], values, rtol=0, atol=1e-5)
    tagger = GRUTagger(**settings).fit(frames, [np.arange(len(x)) % 2 for x in frames])
    got = run(converted(tagger), X=padded(frames))
    for i, labels in enumerate(tagger.predict(frames)):
        assert np.array_equal(got["label"][i, : len(labels)], labels)


def test_tokens_that_a_model_does_not_have():
    model = GRURegressor(**FAST).fit(X, [float(len(x)) for x in X])
    array = padded_tokens(X)
    array[0, 1], array[1], array[2, 3] = 9, -5, -1
    got = run(converted(model, TOKENS), X=array)["variable"][:, 0]
    assert np.isnan(got[:3]).all()
    np.testing.assert_allclose(got[3:], model.predict(X[3:]), rtol=0, atol=1e-5)


def test_refused():
    model = GRUClassifier(**FAST).fit(X, [len(x) % 2 for x in X])
    for kind in (TABLE, CUBE, Int64TensorType([None, None, 1])):
        with pytest.raises(
            ValueError, match=r"GRUClassifier reads tokens: .* Int64TensorType\(\[None, None\]\)"
        ):
            converted(model, kind)
    texts = ["abc", "ba", "cab"]
    pipeline = make_pipeline(TextSequencer(analyzer="char"), GRUClassifier(**FAST)).fit(texts, [0, 1, 0])
    with pytest.raises(ValueError, match="TextSequencer has no converter: .* Convert the steps after it"):
        converted(pipeline, TOKENS)
