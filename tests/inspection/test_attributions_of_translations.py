"""Attributions of encoder-decoders: the source's tokens and each token of the answer."""

import copy
import functools
import io

import gruc
import numpy as np
import pytest
from gruc import GRUSeq2Seq
from gruc.inspection import _translations, attributions
from gruc.runtime import Translator
from sklearn.exceptions import NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# different tokens each, so that a row of the table is the vector of one place
SOURCES = ["31", "2", "40751", "897", "0162534"]
SETTINGS = [
    {"attention": None, "bidirectional_encoder": False},
    {"attention": None, "hidden_layer_sizes": (5, 4)},
    {"attention": "dot", "bidirectional_encoder": False, "reset_after": False},
    {"attention": "dot", "hidden_layer_sizes": (5, 4), "cell": "fio"},
    {"attention": "general", "bidirectional_encoder": False, "hidden_layer_sizes": (5, 4)},
    {"attention": "general"},
    {"attention": "additive", "bidirectional_encoder": False},
    {"attention": "additive", "hidden_layer_sizes": (5, 4)},
]


@functools.cache
def fitted(**options):
    rng = np.random.default_rng(0)
    X = [str(number) for number in rng.integers(0, 100_000, 60)] + SOURCES
    settings = dict(
        hidden_layer_sizes=(6,), embedding_dim=5, max_target_length=7, batch_size=16, max_iter=6,
        learning_rate_init=0.02, dtype="float64", random_state=0,
    )  # fmt: skip
    return GRUSeq2Seq(**settings | options).fit(X, [text[::-1] for text in X])


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def model(request):
    return fitted(**request.param)


def logits(model, i, replaced=None):
    """Logits of the tokens of answer i, by the inference of the network.

    `replaced` maps tokens of the source to vectors that stand in their rows of the table.
    """
    translator = model._fitted_predictor()
    source = translator.source.encode(SOURCES[i : i + 1], "X")
    answer = np.append(translator.answers(source)[0], translator.target.end)[: translator.max_target_length]
    parameters, found = translator.parameters.copy(), []
    table = translator.network.table.torch_views(parameters)["source_embedding.weight"]
    for token, vector in (replaced or {}).items():
        table[token] = vector
    changed = Translator(
        translator.network, parameters, translator.source, translator.target, translator.max_target_length
    )
    changed.outputs(
        source,
        [np.append(translator.target.start, answer[:-1]).astype(np.int32)],
        lambda chunk, batch, outputs: found.append(outputs[np.arange(len(answer)), answer]),
    )
    return found[0]


def source_tokens(model, i):
    translator = model._fitted_predictor()
    return translator.source.encode(SOURCES[i : i + 1], "X")[0]


def test_shapes_are_those_of_attention_weights():
    model = fitted()
    for method in ("gradient", "gradient_x_input", "integrated_gradients", "occlusion"):
        got = attributions(model, SOURCES, method=method, n_steps=3)
        assert [told.shape for told in got] == [w.shape for w in model.attention_weights(SOURCES)]
        one = attributions(model, SOURCES, method=method, n_steps=3, target=0)
        assert [told.shape for told in one] == [told.shape[1:] for told in got]
    assert len({len(told) for told in got}) > 1


@pytest.mark.parametrize("baseline", [None, np.linspace(-1, 1, 5)])
def test_integrated_gradients_are_complete(model, baseline):
    got, gaps = attributions(model, SOURCES, n_steps=128, baseline=baseline, return_gap=True)
    for i, (told, gap) in enumerate(zip(got, gaps, strict=True)):
        nothing = dict.fromkeys(source_tokens(model, i), 0.0 if baseline is None else baseline)
        difference = logits(model, i) - logits(model, i, nothing)
        assert np.abs(difference).max() > 1e-2
        np.testing.assert_allclose(told.sum(axis=1), difference, rtol=0, atol=1e-5)
        np.testing.assert_allclose(gap, difference - told.sum(axis=1), rtol=0, atol=1e-12)


def test_gradients_against_central_differences(model):
    by_vector = attributions(model, SOURCES, method="gradient")
    times_vector = attributions(model, SOURCES, method="gradient_x_input")
    table, step = model.weights_["source_embedding.weight"], 1e-5
    for i in (0, 2):
        for t, token in enumerate(source_tokens(model, i)):
            slopes = []
            for moved in step * np.eye(5):
                after, before = (logits(model, i, {token: table[token] + d}) for d in (moved, -moved))
                slopes.append((after - before) / (2 * step))
            slopes = np.array(slopes).T  # (n_target_tokens, embedding_dim)
            np.testing.assert_allclose(by_vector[i][:, t], slopes.sum(axis=1), rtol=0, atol=1e-8)
            np.testing.assert_allclose(times_vector[i][:, t], slopes @ table[token], rtol=0, atol=1e-8)


@pytest.mark.parametrize("baseline", [None, np.linspace(-1, 1, 5)])
def test_occlusion_takes_a_vector_away(model, baseline):
    got = attributions(model, SOURCES, method="occlusion", baseline=baseline)
    for i, told in enumerate(got[:3]):
        at_x = logits(model, i)
        for t, token in enumerate(source_tokens(model, i)):
            without = logits(model, i, {token: 0.0 if baseline is None else baseline})
            np.testing.assert_allclose(told[:, t], at_x - without, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["gradient", "integrated_gradients", "occlusion"])
def test_a_target_is_a_row_of_all(method):
    model = fitted(attention="additive")
    got = attributions(model, SOURCES, method=method, n_steps=5)
    for target in (0, 1, -1):
        one = attributions(model, SOURCES, method=method, n_steps=5, target=target)
        for told, of_one in zip(got, one, strict=True):
            np.testing.assert_allclose(of_one, told[target], rtol=0, atol=1e-12)
    _, gap = attributions(model, SOURCES, target=-1, n_steps=5, return_gap=True)
    _, gaps = attributions(model, SOURCES, n_steps=5, return_gap=True)
    assert gap.shape == (len(SOURCES),)
    np.testing.assert_allclose(gap, [of_all[-1] for of_all in gaps], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_attributions_do_not_depend_on_company_or_threads(monkeypatch, dtype):
    model = fitted(dtype=dtype)
    together = attributions(model, SOURCES, n_steps=5)
    monkeypatch.setattr("gruc.runtime.chunks.OPERATIONS_PER_THREAD", 1)
    in_threads = attributions(copy.deepcopy(model).set_params(n_jobs=2), SOURCES * 9, n_steps=5)
    for i, told in enumerate(together):
        (alone,) = attributions(model, SOURCES[i : i + 1], n_steps=5)
        assert np.array_equal(told, alone)
        assert np.array_equal(told, in_threads[len(SOURCES) * 8 + i])


@pytest.mark.parametrize("method", ["gradient", "integrated_gradients", "occlusion"])
def test_the_size_of_passes_says_nothing(monkeypatch, method):
    model = fitted()
    whole = attributions(model, SOURCES, method=method, n_steps=5)
    monkeypatch.setattr(_translations, "PASS_SIZE", 500)
    for told, in_parts in zip(whole, attributions(model, SOURCES, method=method, n_steps=5), strict=True):
        np.testing.assert_allclose(in_parts, told, rtol=0, atol=1e-12)


def test_of_a_loaded_model_and_of_integers():
    model, file = fitted(dtype="float32"), io.BytesIO()
    gruc.save(model, file)
    loaded = gruc.runtime.load(file.getvalue())
    for told, of_loaded in zip(attributions(model, SOURCES), attributions(loaded, SOURCES), strict=True):
        assert np.array_equal(told, of_loaded)
    tokens = [[0, 1], [1, 0], [2]] * 8
    of_integers = GRUSeq2Seq((4,), embedding_dim=3, max_iter=2, random_state=0).fit(tokens, tokens)
    assert attributions(of_integers, tokens, target=-1)[2].shape == (2,)  # the token and its end


def test_a_copied_token_comes_from_its_place():
    """Of numbers read backwards, each digit speaks most for the digit of the answer that it is."""
    X = [str(number) for number in np.random.default_rng(1).integers(0, 100_000, 400)]
    y = [text[::-1] for text in X]
    model = GRUSeq2Seq(
        hidden_layer_sizes=(24,), embedding_dim=8, batch_size=16, max_iter=25, learning_rate_init=0.01,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    x = "86420"
    assert model.predict([x])[0] == x[::-1]
    (told,) = attributions(model, [x])
    assert told[:5].argmax(axis=1).tolist() == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("target", [(0, 1), 1.0, True, "a", [0] * 5])
def test_targets_that_are_no_steps(target):
    with pytest.raises(ValueError, match="target=.* is invalid; for a GRUSeq2Seq it is None"):
        attributions(fitted(), SOURCES[:1], target=target)


def test_bad_targets_baselines_and_sequences():
    model = fitted()
    length = len(attributions(model, SOURCES[:1], method="gradient")[0])
    for target in (length, -length - 1):
        with pytest.raises(ValueError, match=rf"target={target} is no step of the output for X\[0\]"):
            attributions(model, SOURCES[:1], target=target)
    for baseline in ("mean", 0.0, np.zeros(3)):
        with pytest.raises(ValueError, match=r"baseline=.* of tokens it is None, .* or an array \(5,\)"):
            attributions(model, SOURCES, baseline=baseline)
    with pytest.raises(ValueError, match=r"X\[1\] is empty"):
        attributions(model, ["12", ""])
    with pytest.raises(NotFittedError):
        attributions(GRUSeq2Seq(), SOURCES)


def test_wide_gaps_are_told_of():
    model = fitted(max_iter=30)
    with pytest.warns(UserWarning, match="do not add up"):
        attributions(model, SOURCES, n_steps=1)
