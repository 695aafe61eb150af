"""Attributions of language models: logits of the next token by the tokens of a text."""

import io

import gruc
import numpy as np
import pytest
import reference
from gruc import GRULanguageModel
from gruc.inspection import AttributionDisplay, attributions
from gruc.runtime import Predictor
from sklearn.exceptions import NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NAMES = ["amber", "berta", "carlo", "doris", "emil"] * 4
MODELS = {
    "own head": {},
    "tied": {"tie_weights": True},
    "tied, as wide as vectors": {"tie_weights": True, "embedding_dim": 7},
    "head by a table": {"n_negatives": 4},
    "two layers": {"hidden_layer_sizes": (5, 4)},
    "fio": {"cell": "fio"},
}
WORDS = ["bd", "carol", "erre"]
STEP = 1e-5


def fitted(X=NAMES, **settings):
    options = dict(hidden_layer_sizes=(7,), embedding_dim=4, window=4, max_iter=12, learning_rate_init=0.02)
    return GRULanguageModel(**options | {"random_state": 0, "dtype": "float64"} | settings).fit(X)


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return fitted(**MODELS[request.param])


def vectors_of(model, text):
    """Vectors (1 + n, D) of what is read: the end of another text, and the text."""
    tokens = [model.vocabulary_["</s>"], *(model.vocabulary_[character] for character in text)]
    return model.weights_["embedding.weight"][tokens]


def logits(model, vectors):
    """Logits (1 + n, V) after each of `vectors`, by NumPy: a tied head reads the table as it is."""
    weights, x = model.weights_, vectors
    for layer in range(len(model.hidden_layer_sizes)):
        x, _ = reference.cell_forward(x, *reference.layer_weights(weights, f"l{layer}"))
    if "projection.weight" in weights:
        x = x @ weights["projection.weight"].T + weights["projection.bias"]
    if model.tie_weights or model.n_negatives is not None:
        return x @ weights["embedding.weight" if model.tie_weights else "head.weight"].T
    return x @ weights["head.weight"].T + weights["head.bias"]


def slopes_by_vectors(model, text, value_of):
    """Central differences of value_of(logits) by the vectors of a text's own tokens, (n, D)."""
    vectors = vectors_of(model, text)
    slopes = np.empty(vectors.shape)
    for place in np.ndindex(vectors.shape):
        value, sides = vectors[place], []
        for vectors[place] in (value + STEP, value - STEP):
            sides.append(value_of(logits(model, vectors)))
        vectors[place] = value
        slopes[place] = (sides[0] - sides[1]) / (2 * STEP)
    return slopes[1:]


def test_the_equations_are_those_of_the_model(model):
    for text in WORDS:
        at_end = np.log(np.exp(logits(model, vectors_of(model, text))).sum(axis=1))
        stream = model.stream()
        told = [stream.step(character) for character in text][-1]
        expected = logits(model, vectors_of(model, text))[-1] - at_end[-1]
        np.testing.assert_allclose(told, expected, rtol=0, atol=1e-10)


def test_gradients_against_central_differences(model):
    token = model.vocabulary_["a"]
    got = attributions(model, WORDS, method="gradient", target=(-1, token))
    times_vector = attributions(model, WORDS, method="gradient_x_input", target=(-1, token))
    for text, told, product in zip(WORDS, got, times_vector, strict=True):
        slopes = slopes_by_vectors(model, text, lambda outputs: outputs[-1, token])
        assert abs(slopes.sum(axis=1)).max() > 1e-3
        np.testing.assert_allclose(told, slopes.sum(axis=1), rtol=0, atol=1e-8)
        expected = (slopes * vectors_of(model, text)[1:]).sum(axis=1)
        np.testing.assert_allclose(product, expected, rtol=0, atol=1e-8)


def test_the_sum_over_all_steps_is_of_those_of_the_text(model):
    got = attributions(model, "carol", method="gradient")
    most = logits(model, vectors_of(model, "carol")).argmax(axis=1)
    slopes = slopes_by_vectors(model, "carol", lambda a: a[np.arange(1, 6), most[1:]].sum())
    np.testing.assert_allclose(got, slopes.sum(axis=1), rtol=0, atol=1e-8)
    by_step = [attributions(model, "carol", method="gradient", target=(step, None)) for step in range(5)]
    np.testing.assert_allclose(got, np.sum(by_step, axis=0), rtol=0, atol=1e-12)


def test_integrated_gradients_add_up(model):
    token = model.vocabulary_["a"]
    got, gap = attributions(model, WORDS, target=(-1, token), n_steps=128, return_gap=True)
    assert [told.shape for told in got] == [(len(text),) for text in WORDS]
    assert (abs(gap) < 1e-5).all()
    for text, told in zip(WORDS, got, strict=True):
        vectors = vectors_of(model, text)
        nothing = vectors.copy()
        nothing[1:] = 0  # the end of another text stays
        difference = logits(model, vectors)[-1, token] - logits(model, nothing)[-1, token]
        assert abs(difference) > 1e-4
        assert told.sum() == pytest.approx(difference, abs=1e-5)


@pytest.mark.parametrize("of_baseline", [None, 0.3])
def test_occlusion_takes_a_vector_away(model, of_baseline):
    token, vectors = model.vocabulary_["a"], vectors_of(model, "carol")
    baseline = None if of_baseline is None else np.full(vectors.shape[1], of_baseline)
    got = attributions(model, "carol", method="occlusion", target=(3, token), baseline=baseline)
    at_x = logits(model, vectors)[4, token]
    assert got[4] == 0  # read after the answer
    for t in range(4):
        changed = vectors.copy()
        changed[1 + t] = of_baseline or 0
        assert got[t] == pytest.approx(at_x - logits(model, changed)[4, token], abs=1e-12)


def test_ways_to_name_a_token():
    model = fitted()
    tokens = [model.vocabulary_[term] for term in ("a", "</s>", "o")]
    expected = [
        attributions(model, text, target=(0, token)) for text, token in zip(WORDS, tokens, strict=True)
    ]
    for target in ((0, ["a", "</s>", "o"]), (np.zeros(3, int), np.array(tokens))):
        for told, alone in zip(attributions(model, WORDS, target=target), expected, strict=True):
            assert told.tobytes() == alone.tobytes()
    last = attributions(model, WORDS, target=([1, 4, 3], None))
    likeliest = [int(logits(model, vectors_of(model, text))[-1].argmax()) for text in WORDS]
    for told, alone in zip(last, attributions(model, WORDS, target=(-1, likeliest)), strict=True):
        assert told.tobytes() == alone.tobytes()


def test_a_text_is_explained_by_itself_on_any_number_of_threads():
    model = fitted(tie_weights=True)
    together = attributions(model, NAMES)
    alone = [attributions(model, name) for name in NAMES]
    threads = attributions(model.set_params(n_jobs=2), NAMES)
    for one, two, three in zip(together, alone, threads, strict=True):
        assert one.tobytes() == two.tobytes() == three.tobytes()


@pytest.mark.parametrize("settings", [{}, {"tie_weights": True}, {"n_negatives": 4}])
def test_loaded_models(settings):
    model = fitted(**settings)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    loaded = gruc.runtime.load(file)
    for target in (None, (-1, "a")):
        expected = attributions(model, WORDS, target=target)
        for one, two in zip(attributions(loaded, WORDS, target=target), expected, strict=True):
            assert one.tobytes() == two.tobytes()


def test_integer_tokens_and_sequences_of_str():
    tokens = [[0, 3, 1, 2, 1], [2, 1, 0]] * 5
    model = fitted(tokens)
    one = attributions(model, np.array(tokens[0]), target=(-1, 3))
    many = attributions(model, tokens[:2], target=(-1, 3))
    assert one.shape == (5,)
    assert [told.shape for told in many] == [(5,), (3,)]
    assert one.tobytes() == many[0].tobytes()
    words = [["to", "be", "or"], ["not", "to", "be", "or"]]
    (first, second) = attributions(fitted(words * 5), words, target=(-1, "be"))
    assert first.shape == (3,)
    assert second.shape == (4,)


def test_float32_is_near_float64():
    model = fitted(tie_weights=True)
    predictor = Predictor.from_estimator(model)
    weights = {name: weight.astype(np.float32) for name, weight in model.weights_.items()}
    single = Predictor.of_weights(predictor.config, weights, np.float32, predictor.inputs, predictor.decoding)
    single = gruc.runtime.LanguagePredictor(single, model._fitted_vocabulary())
    for method in ("gradient", "integrated_gradients", "occlusion"):
        exact = attributions(model, "carol", method=method)
        got = attributions(single, "carol", method=method)
        np.testing.assert_allclose(got, exact, rtol=0, atol=1e-4 * abs(exact).max())


@pytest.mark.parametrize(
    "target, message",
    [
        (3, r"give \(step, an index into the \d+ tokens\)"),
        (([0, 5, 3], None), r"target has step 5, but X\[1\] has 5 steps"),
        ((-3, None), r"target has step -3, but X\[0\] has 2 steps"),
        ((0, 99), "target has index 99, but the model has 14 tokens: give one from 0 to 13"),
        ((0, -1), "target has index -1"),
        ((0, "ö"), "target has token 'ö', which is not in the vocabulary"),
        ((0, ["a", "b"]), r"of shape \(2,\), but X has 3 sequences"),
        ((0, 1.5), "target has 1.5 where"),
        (("a", 0), "target has 'a' where a step is expected"),
    ],
)
def test_bad_targets(target, message):
    with pytest.raises(ValueError, match=message):
        attributions(fitted(max_iter=1), WORDS, target=target)


def test_bad_input():
    model = fitted([[0, 3, 1, 2], [2, 1, 0]] * 5, max_iter=1)
    with pytest.raises(
        ValueError, match="the model was fitted on integer tokens: give an integer from 0 to 4"
    ):
        attributions(model, [0, 1], target=(0, "a"))
    with pytest.raises(ValueError, match="X is texts, but the model was fitted on integer tokens"):
        attributions(model, "ab")
    with pytest.raises(ValueError, match=r"X\[1\] is a text without tokens"):
        attributions(fitted(max_iter=1), ["ab", ""])
    with pytest.raises(ValueError, match="of tokens it is None, the vector of zeros"):
        attributions(model, [0, 1], baseline="mean")
    with pytest.raises(NotFittedError):
        attributions(GRULanguageModel(), ["a"])


def test_display():
    model = fitted(lowercase=True)
    told = attributions(model, "Carol", target=(2, "l"))
    for X, index in (("Carol", 0), (["sim", "Carol"], 1)):
        display = AttributionDisplay.from_estimator(model, X, index=index, target=(2, "l"))
        assert display.pieces == list(zip("Carol", told.tolist(), strict=True))
        assert display.output_name == "next token 'l' after step 2"
    assert "attributions to next token &#x27;l&#x27; after step 2" in display._repr_html_()
    likeliest = AttributionDisplay.from_estimator(model, "sim", target=(-1, None)).output_name
    terms = {token: term for term, token in model.vocabulary_.items()}
    expected = terms[int(logits(model, vectors_of(model, "sim"))[-1].argmax())]
    assert likeliest == f"next token {expected!r} after step 2"
    assert AttributionDisplay.from_estimator(model, "sim").output_name == "all steps"
    with pytest.raises(ValueError, match="index must be an integer from -1 to 0"):
        AttributionDisplay.from_estimator(model, "sim", index=1)


def test_display_of_integer_tokens():
    model = fitted([[0, 3, 1, 2], [2, 1, 0]] * 5, max_iter=1)
    display = AttributionDisplay.from_estimator(model, [[0, 1], [2, 3, 1]], index=1, target=(-1, 0))
    assert [text for text, _ in display.pieces] == [" 2 ", " 3 ", " 1 "]
    assert display.output_name == "next token 0 after step 2"
