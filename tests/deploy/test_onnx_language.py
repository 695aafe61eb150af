"""ONNX graphs of language models: probabilities of the next token, over whole texts and step by step."""

import gruc
import numpy as np
import pytest
from gruc import GRULanguageModel

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the runtime's own
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
TEXT = "row, row, row your boat " * 20
FAST = dict(window=8, batch_size=4, embedding_dim=5, max_iter=4, random_state=0)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("sizes", [(7,), (5,), (4, 6)])
def test_probabilities(sizes, tied):
    model = GRULanguageModel(hidden_layer_sizes=sizes, tie_weights=tied, **FAST).fit(TEXT)
    stream, tokens = model.stream(), [1, *(model.vocabulary_[character] for character in "row your")]
    expected = np.exp([stream.log_probabilities, *(stream.step(token) for token in tokens[1:])])
    whole = runtime.InferenceSession(gruc.to_onnx(model).SerializeToString())
    X = np.array([tokens], np.int64)
    labels, got = whole.run(None, {"X": X, "lengths": np.array([X.shape[1]])})
    np.testing.assert_allclose(got[0], expected, rtol=0, atol=1e-6)
    assert np.array_equal(labels[0], expected.argmax(axis=1))

    steps = runtime.InferenceSession(gruc.to_onnx(model, stateful=True).SerializeToString())
    names = [output.name for output in steps.get_outputs()]
    state = {"state_h": np.zeros((1, sum(sizes)), np.float32), "state_steps": np.zeros(1, np.int64)}
    for token, row in zip(tokens, expected, strict=True):
        inputs = {"X": np.array([[token]]), "lengths": np.array([1]), **state}
        done = dict(zip(names, steps.run(None, inputs), strict=True))
        np.testing.assert_allclose(done["probabilities"][0, 0], row, rtol=0, atol=1e-6)
        state = {name: done[f"{name}_out"] for name in state}


def test_torch_and_keras_have_no_tied_weights():
    model = GRULanguageModel(hidden_layer_sizes=(5,), tie_weights=True, **FAST).fit(TEXT)
    for export in (gruc.to_torch, gruc.to_keras):
        with pytest.raises(ValueError, match="With tie_weights=True or n_negatives there is no output layer"):
            export(model)
