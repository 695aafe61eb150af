"""The graphs of an encoder and of a step of its decoder, against GRUSeq2Seq."""

import gruc
import numpy as np
import pytest
from gruc import GRUSeq2Seq

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LAYERS = (5, 3)


def session(proto):
    return onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])


def greedy(protos, translator, X):
    """Answers by the two graphs, all sequences in one batch, and the weights of attention."""
    encoder, step = map(session, protos)
    sources = translator.source.encode(X, "X")
    lengths = np.array([len(tokens) for tokens in sources])
    padded = np.zeros((len(X), lengths.max()), np.int64)
    for row, tokens in zip(padded, sources, strict=True):
        row[: len(tokens)] = tokens
    names = [output.name for output in encoder.get_outputs()]
    values = dict(zip(names, encoder.run(None, {"X": padded, "lengths": lengths}), strict=True))
    fixed = {"memory": values["memory"], "lengths": lengths} if "memory" in values else {}
    states = {name: value for name, value in values.items() if name.startswith("state")}
    token = np.full(len(X), translator.target.start, np.int64)
    answers, attended = [[] for _ in X], []
    ended = np.zeros(len(X), bool)
    while not ended.all() and len(attended) < translator.max_target_length:
        outputs = step.run(None, {"token": token, **fixed, **states})
        made = dict(zip([output.name for output in step.get_outputs()], outputs, strict=True))
        states = {name: made[f"{name}_out"] for name in states}
        logits = made["logits"]
        if translator.target.allowed is not None:
            logits[:, translator.target.allowed == 0] = -np.inf
        token = logits.argmax(axis=1)
        attended.append(made.get("attention"))
        ended |= token == translator.target.end
        for answer, one, done in zip(answers, token, ended, strict=True):
            if not done:
                answer.append(one)
    return translator.target.decode([np.array(answer, np.intp) for answer in answers]), attended


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("attention", [None, "dot", "general", "additive"])
def test_answers_are_those_of_the_model(attention, reset_after):
    X = [str(number) for number in range(7, 3_000, 41)]
    model = GRUSeq2Seq(
        LAYERS, embedding_dim=4, attention=attention, reset_after=reset_after, max_iter=3, random_state=0
    ).fit(X, [text[::-1] for text in X])
    found, attended = greedy(gruc.to_onnx(model), model._fitted_predictor(), X)
    assert found.tolist() == model.predict(X).tolist()
    if attention is not None:
        for i, weights in enumerate(model.attention_weights(X)):
            steps = np.array([step[i] for step in attended[: len(weights)]])
            np.testing.assert_allclose(steps[:, : weights.shape[1]], weights, rtol=0, atol=1e-5)
            assert (steps[:, weights.shape[1] :] == 0).all()


def test_files_and_integers(tmp_path):
    X = [np.array([1, 2, 0]), np.array([0, 1])] * 4
    model = GRUSeq2Seq((4,), embedding_dim=3, bidirectional_encoder=False, max_iter=2, random_state=0).fit(
        X, X
    )
    protos = gruc.to_onnx(model, tmp_path / "m.onnx", opset=13)
    read = [onnx.load(tmp_path / f"m.{part}.onnx") for part in ("encoder", "step")]
    assert [proto.SerializeToString() for proto in read] == [proto.SerializeToString() for proto in protos]
    found, _ = greedy(protos, model._fitted_predictor(), X)
    assert [list(answer) for answer in found] == [answer.tolist() for answer in model.predict(X)]
    with pytest.raises(ValueError, match="stateful=True is for sequences in blocks"):
        gruc.to_onnx(model, stateful=True)
