"""Samples of language models: drawn as a plain sampler in NumPy draws them."""

import numpy as np
import pytest
from gruc import GRULanguageModel
from gruc.runtime import language_mixin

TEXT = "the cat sat on the mat, and a dog ran to the log. " * 10
SETTINGS = dict(hidden_layer_sizes=(9,), window=8, batch_size=4, max_iter=4, dtype="float64", random_state=0)


@pytest.fixture(scope="module")
def model():
    return GRULanguageModel(**SETTINGS).fit(TEXT)


def plain_sample(model, uniforms, read="", temperature=1.0, top_k=None, top_p=None, repetition_penalty=1.0):
    """A text, by the equations, one step after the other."""
    weights, index = model.weights_, model.vocabulary_
    terms, seen, text = list(index), {index[character] for character in read}, ""
    for u in uniforms:
        state = model.hidden_states(read + text)[-1] if read + text else first_state(model)
        logits = weights["head.weight"] @ state + weights["head.bias"]
        for token in seen:
            logits[token] *= repetition_penalty if logits[token] < 0 else 1 / repetition_penalty
        logits[:2] = -np.inf  # neither the unknown token nor an end
        if temperature == 0:
            token = int(logits.argmax())
        else:
            p = np.exp((logits - logits.max()) / temperature)
            order = np.argsort(-p, kind="stable")[:top_k]
            if top_p is not None:
                shares = np.cumsum(p[order]) / p[order].sum()
                order = order[: 1 + np.searchsorted(shares, top_p)]
            if top_k is None and top_p in (None, 1):
                order = np.arange(len(p))
            sums = np.cumsum(p[order])
            token = int(order[np.searchsorted(sums, u * sums[-1], side="right")])
        seen.add(token)
        text += terms[token]
    return text


def first_state(model):
    stream = model.stream()
    return stream.stream.state[0]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0},
        {"temperature": 0.5},
        {"temperature": 3.0},
        {"top_k": 1},
        {"top_k": 3, "temperature": 2.0},
        {"top_k": 1000},
        {"top_p": 0.3},
        {"top_p": 0.9, "temperature": 1.5},
        {"top_p": 1e-9},
        {"top_p": 1.0},
        {"top_k": 5, "top_p": 0.6, "temperature": 2.0},
        {"repetition_penalty": 1.3},
        {"repetition_penalty": 0.8, "temperature": 0},
    ],
    ids=str,
)
@pytest.mark.parametrize("prefix", ["", "a dog"])
def test_sample_is_that_of_a_plain_sampler(model, settings, prefix):
    n = 40
    uniforms = np.random.default_rng(7).random(n)
    expected = plain_sample(model, uniforms, prefix, **settings)
    assert model.sample(n, prefix=prefix, random_state=7, **settings) == expected


def test_frequencies_are_the_probabilities(model):
    stream = model.stream()
    probabilities = np.exp(stream.step("the"))
    probabilities[:2] = 0
    probabilities /= probabilities.sum()
    index, rng, n = model.vocabulary_, np.random.default_rng(0), 3000
    counts = np.zeros(len(index))
    for _ in range(n):
        counts[index[model.sample(1, prefix="the", random_state=rng)]] += 1
    kept = probabilities * n > 5
    chi2 = ((counts - n * probabilities)[kept] ** 2 / (n * probabilities[kept])).sum()
    assert chi2 < kept.sum() + 4 * np.sqrt(2 * kept.sum())


def test_random_state(model):
    samples = [model.sample(50, random_state=seed) for seed in (0, 0, 1)]
    assert samples[0] == samples[1] != samples[2]
    by_state = [model.sample(50, random_state=np.random.RandomState(3)) for _ in range(2)]
    assert by_state[0] == by_state[1]
    generator = np.random.default_rng(5)
    assert model.sample(50, random_state=generator) != model.sample(50, random_state=generator)
    assert model.sample(50) != model.sample(50)
    assert model.sample(0) == ""


def test_words_are_joined_by_spaces():
    model = GRULanguageModel(**SETTINGS | {"max_iter": 60}, analyzer="word").fit(TEXT)
    assert model.sample(4, prefix="the cat sat", temperature=0) == "on the mat ,"


def test_memory_is_that_of_what_is_written(model, monkeypatch):
    """Texts of any length are asked for where they end by themselves; pieces are as one."""
    whole = model.sample(300, prefix="a dog", random_state=3)
    monkeypatch.setattr(language_mixin, "FIRST_PIECE", 7)
    assert model.sample(300, prefix="a dog", random_state=3) == whole
    assert model.sample(300, prefix="a dog", repetition_penalty=1.2, random_state=3) != whole
    names = GRULanguageModel(**SETTINGS | {"max_iter": 20}).fit(["anna", "berta", "carla"] * 20)
    short = [names.sample(1000, random_state=seed) for seed in range(5)]
    assert max(map(len, short)) < 1000
    assert [names.sample(10**30, random_state=seed) for seed in range(5)] == short


def test_top_k_may_be_any_number(model):
    assert model.sample(30, top_k=10**30, random_state=0) == model.sample(30, top_k=1000, random_state=0)


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"length": -1}, ValueError, "length must be 0 or larger; got -1"),
        ({"length": 2.0}, TypeError, "length must be an integer"),
        ({"temperature": -0.1}, ValueError, "temperature must be 0 or larger"),
        ({"temperature": float("nan")}, ValueError, "temperature must be finite"),
        ({"temperature": float("inf")}, ValueError, "temperature must be finite"),
        ({"temperature": "hot"}, TypeError, "temperature must be a number"),
        ({"prefix": 3}, TypeError, "prefix is 3; expected a text, or integer tokens"),
        ({"random_state": -1}, ValueError, "random_state must be an integer from 0 on"),
        ({"random_state": "a"}, TypeError, "random_state must be an integer from 0 on"),
        ({"top_k": 0}, ValueError, "top_k must be 1 or larger"),
        ({"top_p": 0}, ValueError, "top_p must be above 0, and at most 1"),
        ({"top_p": 1.1}, ValueError, "top_p must be above 0"),
        ({"repetition_penalty": 0}, ValueError, "repetition_penalty must be larger than 0"),
        ({"prefix": [1, 2]}, ValueError, "prefix is integer tokens"),
        ({"prefix": 3}, TypeError, "prefix is 3; expected"),
        ({"prefix": ["a", "b"]}, ValueError, "prefix is a list of texts; give one"),
    ],
)
def test_bad_settings(model, settings, error, message):
    with pytest.raises(error, match=message):
        model.sample(**{"length": 3} | settings)
