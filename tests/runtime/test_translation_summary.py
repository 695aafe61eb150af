"""What `summary` says of an encoder-decoder."""

import pytest
from gruc import GRUSeq2Seq
from sklearn.exceptions import NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

WORDS = ["abc", "cab", "bca", "aabb"]


def fitted(**settings):
    settings = dict(hidden_layer_sizes=(3,), embedding_dim=4, max_iter=1, random_state=0) | settings
    return GRUSeq2Seq(**settings).fit(WORDS, WORDS)


@pytest.mark.parametrize("cell", ["gru", "fio"])
def test_numbers(cell):
    """By hand: an encoder in both directions, a decoder as wide as both, a matrix between them."""
    model = fitted(cell=cell)
    summary, n_tokens, blocks = model.summary(), model.source_.n_tokens_, 3 if cell == "gru" else 4
    biases = 2 if cell == "gru" else 1
    rows = [
        (layer.name, layer.output, layer.parameters, layer.operations, layer.each_row)
        for layer in summary.layers
    ]
    encoder, decoder = blocks * 3 * (4 + 3), blocks * 6 * (4 + 6)
    assert rows == [
        ("X", "(S,)", 0, 0, True),
        ("input embedding", "(S, 4)", 4 * n_tokens, 0, True),
        (
            f"encoder {cell} 0, both directions",
            "(S, 6)",
            2 * (encoder + biases * blocks * 3),
            4 * encoder,
            True,
        ),
        ("output embedding", "(T, 4)", 4 * n_tokens, 0, False),
        (f"decoder {cell} 0", "(T, 6)", decoder + biases * blocks * 6, 2 * decoder, False),
        ("attention general", "(T, 12)", 36, 72, False),
        ("head", f"(T, {n_tokens})", 13 * n_tokens, 24 * n_tokens, False),
    ]
    assert summary.n_parameters == sum(weight.size for weight in model.weights_.values())
    assert summary.n_bytes == 4 * summary.n_parameters
    assert summary.operations_per_step == 4 * encoder
    assert summary.operations_per_answer == 2 * decoder + 72 + 24 * n_tokens
    assert f"{4 * encoder:,} per input token + " in str(summary)


@pytest.mark.parametrize("attention", [None, "dot", "additive"])
def test_all_parameters_are_listed(attention):
    model = fitted(attention=attention, hidden_layer_sizes=(3, 2), bidirectional_encoder=False)
    assert model.summary().n_parameters == sum(weight.size for weight in model.weights_.values())
    assert ("attention keys" in str(model.summary())) == (attention == "additive")
    assert "attention" in str(model.summary()) or attention is None


def test_in_notebooks_and_without_a_fit():
    html = fitted()._repr_mimebundle_()["text/html"]
    assert "per output token" in html
    with pytest.raises(NotFittedError):
        GRUSeq2Seq().summary()
    assert "per output token" not in GRUSeq2Seq()._repr_mimebundle_()["text/html"]
