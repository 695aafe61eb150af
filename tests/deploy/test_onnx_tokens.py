"""ONNX graphs of models that read tokens, or answer each step."""

import gruc
import numpy as np
import pytest
from gruc import GRUTagger
from gruc.sequences import Framing, Numbers, Tokens
from random_models import N_TOKENS, every_kind, random_predictor, random_sequences_for

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the runtime's own

MODELS = every_kind()


def session_of(proto):
    return runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])


def run(session, **inputs):
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def padded(predictor, X, n_more=2):
    """X with something that must not matter behind each sequence, and lengths."""
    tokens, lengths = isinstance(predictor.inputs, Tokens), np.array([len(x) for x in X])
    shape = (len(X), lengths.max(initial=0) + n_more)
    if tokens:
        out = np.full(shape, -7, np.int64)
    else:
        out = np.full((*shape, predictor.n_features_in), np.nan, np.float32)
    for i, x in enumerate(X):
        out[i, : len(x)] = x
    return dict(X=out, lengths=lengths)


def answers(predictor, X):
    """What the predictor says of ragged X: labels or None, and probabilities or values, one array each."""
    if predictor.classes is None:
        return None, predictor.predict(X)
    return predictor.predict(X), predictor.predict_proba(X)


def agrees(predictor, got, X):
    labels, expected = answers(predictor, X)
    values = got["variable" if labels is None else "probabilities"]
    each = predictor.config["pooling"] is None
    for i, x in enumerate(X):
        of_sequence = values[i, : len(x)] if each else values[i]
        scale = max(1, np.abs(expected[i]).max())
        np.testing.assert_allclose(of_sequence.ravel(), np.ravel(expected[i]), rtol=0, atol=1e-6 * scale)
        if labels is not None:
            label = got["label"][i, : len(x)] if each else got["label"][i]
            assert np.array_equal(label, labels[i])
        if each:
            assert np.isnan(values[i, len(x) :]).all()


@pytest.mark.parametrize("name", MODELS)
def test_every_model(name):
    predictor = MODELS[name]
    session = session_of(gruc.to_onnx(predictor))
    X = random_sequences_for(predictor)
    for part in (X, X[:1], X[1:2]):
        agrees(predictor, run(session, **padded(predictor, part)), part)
        agrees(predictor, run(session, **padded(predictor, part, 0)), part)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("both", [False, True])
def test_a_tagger(both):
    X = random_sequences_for(random_predictor())
    settings = dict(bidirectional=both, embedding_dim=3, n_tokens=N_TOKENS, max_iter=3, random_state=0)
    model = GRUTagger((5,), **settings).fit(X, [np.array(["odd", "even", "none"])[x % 3] for x in X])
    agrees(model._predictor, run(session_of(gruc.to_onnx(model)), **padded(model._predictor, X)), X)


@pytest.mark.parametrize("opset", [13, 17, 18])
@pytest.mark.parametrize("pooling", ["max", None])
def test_opsets(opset, pooling):
    predictor = random_predictor(pooling, both=True)
    X = random_sequences_for(predictor)
    agrees(predictor, run(session_of(gruc.to_onnx(predictor, opset=opset)), **padded(predictor, X)), X)


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("pooling", ["mean", None])
def test_forms(pooling, tokens):
    predictor = random_predictor(pooling, tokens=tokens)
    proto = gruc.to_onnx(predictor)
    info = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in [*proto.graph.input, *proto.graph.output]
    }
    rows = ["N", "T"] if pooling is None else ["N"]
    assert info == {
        "X": ["N", "T"] if tokens else ["N", "T", 3], "lengths": ["N"], "label": rows, "probabilities": [*rows, 4]
    }  # fmt: skip
    session = session_of(proto)
    none = padded(predictor, random_sequences_for(predictor))
    got = run(session, X=none["X"][:0], lengths=none["lengths"][:0])
    assert got["probabilities"].shape == ((0, none["X"].shape[1], 4) if pooling is None else (0, 4))
    got = run(session, X=none["X"][:, :0], lengths=none["lengths"] * 0)
    assert np.isnan(got["probabilities"]).all()
    assert got["probabilities"].shape == ((4, 0, 4) if pooling is None else (4, 4))


@pytest.mark.parametrize("bad", [-1, N_TOKENS, 2**40, -(2**40)])
@pytest.mark.parametrize("pooling", ["mean", None])
def test_tokens_that_a_model_does_not_have(pooling, bad):
    predictor = random_predictor(pooling, both=True)
    X = random_sequences_for(predictor)
    given = padded(predictor, X)
    given["X"][0, 2] = bad
    given["X"][1, len(X[1]) :] = bad  # behind its end, without effect
    got = run(session_of(gruc.to_onnx(predictor)), **given)
    assert np.isnan(got["probabilities"][0]).all()
    agrees(predictor, {name: values[1:] for name, values in got.items()}, X[1:])


def test_frames_are_answered_one_by_one():
    predictor = random_predictor(
        None, tokens=False, both=True, width=6, inputs=Numbers(2, None, Framing(3, 2))
    )
    X = random_sequences_for(predictor, lengths=[1, 4, 9, 8])
    got = run(session_of(gruc.to_onnx(predictor)), **padded(predictor, X))
    for i, expected in enumerate(predictor.predict_proba(X)):
        n = len(expected)
        np.testing.assert_allclose(got["probabilities"][i, :n], expected, rtol=0, atol=1e-6)
        assert np.isnan(got["probabilities"][i, n:]).all()


FORWARD = {name: model for name, model in MODELS.items() if not model.config["bidirectional"]}


@pytest.mark.parametrize("name", FORWARD)
def test_blocks(name):
    """Three sequences in blocks of different lengths, of none too, beside streams."""
    predictor = FORWARD[name]
    each = predictor.config["pooling"] is None
    proto = gruc.to_onnx(predictor, stateful=True)
    session, streams = session_of(proto), predictor.stream(3)
    X = random_sequences_for(predictor, lengths=[9, 9, 9])
    states = {
        given.name: np.zeros(
            [3 if size == "N" else size for size in given.shape],
            np.int64 if "int64" in given.type else np.float32,
        )
        for given in session.get_inputs()
        if given.name.startswith("state")
    }
    assert set(states) == {"state_h", "state_steps"} | (
        set() if each or predictor.config["pooling"] == "last" else {"state_readout"}
    )
    done = np.zeros(3, int)
    for sizes in ([1, 2, 3], [4, 0, 1], [2, 3, 3], [0, 0, 1]):
        blocks = [x[at : at + n] for x, at, n in zip(X, done, sizes, strict=True)]
        got = run(session, **padded(predictor, blocks), **states)
        for i in np.flatnonzero(sizes):
            expected = streams.step(blocks[i][np.newaxis], [i], every=True)[0]
            expected = expected if each else expected[-1]
            values = got["variable" if predictor.classes is None else "probabilities"][i]
            scale = max(1, np.abs(expected).max())
            told = values[: sizes[i]] if each else values
            np.testing.assert_allclose(told.ravel(), np.ravel(expected), rtol=0, atol=2e-6 * scale)
            assert not each or np.isnan(values[sizes[i] :]).all()
        states = {state: got[f"{state}_out"] for state in states}
        done += sizes
        assert np.array_equal(states["state_steps"], done)


@pytest.mark.parametrize("pooling", ["mean", None])
def test_blocks_with_a_token_that_the_model_does_not_have(pooling):
    predictor = random_predictor(pooling)
    session = session_of(gruc.to_onnx(predictor, stateful=True))
    states = {"state_h": np.full((2, 5), 0.5, np.float32), "state_steps": np.array([3, 3])}
    if pooling:
        states["state_readout"] = np.full((2, 5), 1.5, np.float32)
    X = np.array([[1, 2], [1, N_TOKENS]])
    got = run(session, X=X, lengths=np.array([2, 2]), **states)
    assert np.isnan(got["probabilities"][1]).all()
    assert not np.isnan(got["probabilities"][0]).any()
    for name, state in states.items():
        assert np.array_equal(got[f"{name}_out"][1], state[1])
        assert not np.array_equal(got[f"{name}_out"][0], state[0])
