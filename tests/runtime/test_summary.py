"""What `summary` says of a network, as text and in notebooks."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRUForecaster, GRULanguageModel, GRURegressor, GRUTagger
from gruc.runtime import Predictor
from gruc.runtime.summary import bytes_as_text
from problems import tagged_vowels, vowels
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from token_problems import FAST, parity


def partly_fitted(kind=GRUClassifier, **settings):
    X, y = tagged_vowels() if kind is GRUTagger else vowels()
    return kind(**settings, random_state=0).partial_fit(X, y)


def test_text():
    model = partly_fitted(hidden_layer_sizes=(8,), frame_length=3, hop_length=2)
    lines = str(model.summary()).splitlines()
    assert lines == [
        "GRUClassifier: 12 features per step, frames of 3 steps, 2 apart -> 3 classes, float32",
        "",
        "layer         output   parameters  memory                       operations",
        "--------------------------------------------------------------------------",
        "input         (T, 36)",
        "gru 0         (T, 8)        1,104  4.4 kB                  2,112 per frame",
        "pooling last  (8,)",
        "head          (3,)             27   108 B                    48 per answer",
        "--------------------------------------------------------------------------",
        "total                       1,131  4.5 kB  2,112 per frame + 48 per answer",
        "",
        "T is the number of frames. An operation is an addition or a multiplication of a matrix product.",
        "A stream keeps 176 B for each sequence.",
    ]
    assert repr(model.summary()) == "\n".join(lines)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers(dtype):
    """By hand: two layers in both directions, then attention."""
    model = partly_fitted(
        hidden_layer_sizes=(5, 4), bidirectional=True, pooling="attention", frame_length=1, dtype=dtype
    )
    summary = model.summary()
    itemsize = np.dtype(dtype).itemsize
    assert summary.n_parameters == sum(weight.size for weight in model.weights_.values())
    assert summary.n_bytes == itemsize * summary.n_parameters
    assert [(layer.name, layer.output, layer.operations, layer.each_row) for layer in summary.layers] == [
        ("input", "(T, 12)", 0, True),
        ("gru 0, both directions", "(T, 10)", 2 * 2 * 3 * 5 * (12 + 5), True),
        ("gru 1, both directions", "(T, 8)", 2 * 2 * 3 * 4 * (10 + 4), True),
        ("attention", "(8,)", 2 * (8 * 8 + 8), True),
        ("head", "(3,)", 2 * 8 * 3, False),
    ]
    assert summary.operations_per_step == sum(layer.operations for layer in summary.layers[:-1])
    assert summary.operations_per_answer == 48
    assert [layer.parameters for layer in summary.layers] == [0, 2 * 285, 2 * 192, 80, 27]
    assert "stream" not in str(summary)  # there is none of a bidirectional model


def test_steps_between_frames_share_operations():
    frames, steps = (partly_fitted(hidden_layer_sizes=(8,), frame_length=n).summary() for n in (2, 1))
    assert frames.operations_per_step == 2 * 3 * 8 * (24 + 8) / 2
    assert steps.operations_per_step == 2 * 3 * 8 * (12 + 8)
    assert "per step +" in str(steps)


def test_convolutions():
    """Rows of slower layers count for as many steps as make them."""
    sizes = dict(conv_channels=(6, 5), conv_kernel_size=3, conv_pool=(2, 3))
    model = partly_fitted(hidden_layer_sizes=(8,), pooling="last", **sizes)
    summary = model.summary()
    assert [(layer.name, layer.output, layer.operations) for layer in summary.layers] == [
        ("input", "(T, 12)", 0),
        ("conv 0", "(T / 2, 6)", 2 * 3 * 12 * 6),
        ("conv 1", "(T / 6, 5)", 2 * 3 * 6 * 5 / 2),
        ("gru 0", "(T / 6, 8)", 2 * 3 * 8 * (5 + 8) / 6),
        ("pooling last", "(8,)", 0),
        ("head", "(3,)", 48),
    ]
    assert summary.n_parameters == sum(weight.size for weight in model.weights_.values())


def test_state_of_a_stream():
    """What the summary says is what a snapshot of a stream holds."""
    convolutions = {"conv_channels": (6, 5), "conv_pool": (2, 3)}
    for pooling, more in (("last", {}), ("mean", {}), ("attention", {}), ("last", convolutions)):
        settings = {"hidden_layer_sizes": (8, 6), "pooling": pooling}
        model = partly_fitted(**settings, **(more or {"frame_length": 2}))
        kept = len(model.stream().snapshot()["numbers"])
        assert f"A stream keeps {bytes_as_text(kept)} for each sequence." in str(model.summary())


def test_models_that_answer_each_step():
    summary = partly_fitted(GRUTagger, hidden_layer_sizes=(8,)).summary()
    assert summary.title == "GRUTagger: 12 features per step -> 3 classes for each step, float32"
    assert [layer.output for layer in summary.layers] == ["(T, 12)", "(T, 8)", "(T, 3)"]
    assert summary.operations_per_answer == 0


def test_tokens():
    X, _, share = parity()
    summary = GRURegressor(**FAST).partial_fit(X, share).summary()
    assert summary.title == "GRURegressor: 12 tokens -> 1 value, float32"
    table = summary.layers[1]
    assert table == ("embedding", "(T, 6)", 72, 288, 0, True)
    assert "T is the number of tokens" in str(summary)


def test_predictors():
    model = partly_fitted(hidden_layer_sizes=(8,))
    of_model, of_predictor = (str(m.summary()).splitlines() for m in (model, Predictor.from_estimator(model)))
    assert of_predictor[0] == of_model[0].replace("GRUClassifier", "Predictor")
    assert of_predictor[1:] == of_model[1:]


def test_bytes():
    assert [bytes_as_text(n) for n in (0, 999, 1000, 12_345, 10**6, 2_500_000_000)] == [
        "0 B", "999 B", "1.0 kB", "12.3 kB", "1.0 MB", "2.5 GB",
    ]  # fmt: skip


def test_notebooks_show_it_below_the_diagram():
    model = GRUClassifier((8,), random_state=0)
    with pytest.raises(NotFittedError):
        model.summary()
    assert "operations" not in model._repr_html_()
    model.partial_fit(*vowels())
    table = model.summary()._repr_html_()
    assert table.count("<tr>") == 6
    assert "12 features per step" in table
    assert model._repr_html_().endswith(table)
    assert model._repr_mimebundle_()["text/html"].endswith(table)
    with config_context(display="text"):
        assert list(model._repr_mimebundle_()) == ["text/plain"]
        assert not hasattr(model, "_repr_html_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_forecasters():
    model = GRUForecaster((8,), max_iter=1, season_length=4, horizon=3, lags=6, random_state=0)
    model.fit(np.sin(np.arange(60.0)))
    summary = model.summary()
    assert summary.title == "GRUForecaster: 3 features per step -> 3 values, float32"
    assert summary.n_parameters == sum(weight.size for weight in model.weights_.values())
    assert str(model._predictor.summary())[20:] in str(summary)
    assert model._repr_html_().endswith(summary._repr_html_())
    assert "operations" not in GRUForecaster()._repr_html_()


def test_tied_weights():
    """The scores of tokens are a product with the vectors that are listed already."""
    model = GRULanguageModel(
        hidden_layer_sizes=(8,), embedding_dim=6, tie_weights=True, window=8, batch_size=2, random_state=0
    )
    summary = model.partial_fit("the cat sat on the mat. " * 4).summary()
    n = model.n_tokens_
    assert [(layer.name, layer.output, layer.parameters, layer.operations) for layer in summary.layers][-2:] == [
        ("projection", f"(T, {6})", 8 * 6 + 6, 2 * 8 * 6),
        ("head, of the embedding", f"(T, {n})", 0, 2 * 6 * n),
    ]  # fmt: skip
    assert summary.n_parameters == sum(weight.size for weight in model.weights_.values())
