"""GRULanguageModel: what it learns, what it says of texts, and what it writes."""

import math
import pickle

import gruc
import numpy as np
import pytest
import reference
from gruc import GRULanguageModel
from gruc.training import step
from problems import bits_of
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold

FAST = dict(hidden_layer_sizes=(7,), embedding_dim=5, window=8, batch_size=4, max_iter=3, random_state=0)
TEXT = "Peter Piper picked a peck of pickled peppers. " * 12
NAMES = ["anna", "berta", "", "carla", "dora"] * 9


def told(model, tokens):
    """Log-probabilities (n + 1, K) before and after each of n tokens, by the oracle."""
    weights = {name: np.float64(weight) for name, weight in model.weights_.items()}
    end = 1 if model.vocabulary_ is not None else model.n_tokens_ - 1
    rows = weights["embedding.weight"][[end, *tokens]]
    for layer in range(model.n_layers_ - 2):
        names = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
        rows, _ = reference.gru_forward(rows, *(weights[f"gru.{name}_l{layer}"] for name in names))
    logits = rows @ weights["head.weight"].T + weights["head.bias"]
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), rows


def likelihood(model, tokens):
    """Mean log-likelihood of tokens, by the oracle."""
    return told(model, tokens[:-1])[0][np.arange(len(tokens)), tokens].mean()


@pytest.fixture(scope="module")
def of_text():
    return GRULanguageModel(**FAST | {"hidden_layer_sizes": (7, 6), "dtype": "float64"}).fit(TEXT)


@pytest.fixture(scope="module")
def of_names():
    return GRULanguageModel(**FAST | {"dtype": "float64", "max_iter": 40}).fit(NAMES)


def test_score_of_a_text(of_text):
    tokens = [of_text.vocabulary_.get(character, 0) for character in "a peck? No."]
    assert tokens[6] == 0  # a question mark is unknown
    expected = likelihood(of_text, tokens)
    assert of_text.score("a peck? No.") == pytest.approx(expected, rel=1e-12)
    assert of_text.perplexity("a peck? No.") == pytest.approx(math.exp(-expected), rel=1e-12)
    assert of_text.bits_per_character("a peck? No.") == pytest.approx(-expected / math.log(2), rel=1e-12)


def test_score_of_several_texts_has_their_ends(of_names):
    index = of_names.vocabulary_
    tokens = [index["a"], index["d"], 1, 1, index["o"], 1]
    expected = likelihood(of_names, tokens)
    assert of_names.score(["ad", "", "o"]) == pytest.approx(expected, rel=1e-12)
    bits = -expected * len(tokens) / math.log(2)
    assert of_names.bits_per_character(["ad", "", "o"]) == pytest.approx(bits / 3, rel=1e-12)


def test_long_texts_are_scored_in_pieces(of_text, monkeypatch):
    whole = of_text.score(TEXT)
    monkeypatch.setattr("gruc.runtime.language_mixin.OUTPUTS_AT_ONCE", 30 * of_text.n_tokens_)
    assert of_text.score(TEXT) == pytest.approx(whole, rel=1e-14)


def test_vocabulary():
    text = "b a\nbb A"
    assert GRULanguageModel(**FAST).fit(text).vocabulary_ == {
        term: token for token, term in enumerate(["<unk>", "</s>", "\n", " ", "A", "a", "b"])
    }
    kept = GRULanguageModel(**FAST, lowercase=True, min_frequency=2).fit(text)
    assert list(kept.vocabulary_) == ["<unk>", "</s>", " ", "a", "b"]
    kept = GRULanguageModel(**FAST, max_features=2).fit(text)
    assert list(kept.vocabulary_) == ["<unk>", "</s>", " ", "b"]
    words = GRULanguageModel(**FAST, analyzer="word").fit(["One word, two.", "Two"])
    assert list(words.vocabulary_) == ["<unk>", "</s>", ",", ".", "One", "Two", "two", "word"]
    given = GRULanguageModel(**FAST, vocabulary=["b", "c"]).fit(text)
    assert given.vocabulary_ == {"<unk>": 0, "</s>": 1, "b": 2, "c": 3}
    assert given.n_tokens_ == 4


def test_bits_per_character_count_the_text_as_given():
    model = GRULanguageModel(**FAST, analyzer="word").fit("one  two one  two one  two")
    nats = -model.score("one  two") * 2
    assert model.bits_per_character("one  two") == pytest.approx(nats / math.log(2) / 8)


def test_rare_words_share_a_token_that_is_learned():
    text = " ".join(f"name {i}" for i in range(300))
    model = GRULanguageModel(**FAST | {"max_iter": 20}, analyzer="word", min_frequency=2).fit(text)
    assert set(model.vocabulary_) == {"<unk>", "</s>", "name"}
    assert model.perplexity("name 1000 name 1001 name 7") < 1.3


def test_same_bits_for_every_n_jobs(monkeypatch):
    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    settings = FAST | {"batch_size": 64, "dropout": 0.2, "recurrent_dropout": 0.1, "embedding_dropout": 0.1}
    text = TEXT * 3
    one, two = (GRULanguageModel(**settings, n_jobs=n_jobs).fit(text) for n_jobs in (1, 2))
    assert bits_of(one) == bits_of(two)
    assert one.score(TEXT) == two.score(TEXT)
    assert bits_of(one) == bits_of(clone(one).fit(text))
    assert bits_of(one) != bits_of(clone(one).set_params(random_state=1).fit(text))


def test_states_are_carried_from_window_to_window():
    """The last letter of five is the first; in three of four groups a window of four begins between them."""
    letters = np.random.default_rng(0).choice(list("xy"), 800)
    text = "".join(f"{letter}--{letter};" for letter in letters)
    settings = dict(hidden_layer_sizes=(16,), batch_size=16, learning_rate_init=0.01, random_state=0)
    model = GRULanguageModel(**settings, window=4, max_iter=30).fit(text)
    # one letter of five is a surprise, and without states of the window before, three quarters of another one
    assert model.loss_ < (1 + 0.2) * math.log(2) / 5


def test_early_stopping_holds_out_the_end(of_text):
    settings = FAST | {"dtype": "float64", "early_stopping": True, "validation_fraction": 0.25}
    text = TEXT[:400]
    model = GRULanguageModel(**settings, vocabulary=sorted(set(text))).fit(text)
    known = GRULanguageModel(**settings | {"early_stopping": False}, vocabulary=sorted(set(text)))
    known.fit(text[:300], X_val=text[300:])
    assert model.loss_curve_ == known.loss_curve_
    assert model.validation_scores_ == known.validation_scores_
    assert known.validation_scores_[-1] == known.score(text[300:])
    assert model.best_validation_score_ == model.score(text[300:])
    assert model.validation_loss_curve_ == [-score for score in model.validation_scores_]


def test_early_stopping_holds_out_whole_texts():
    model = GRULanguageModel(**FAST, early_stopping=True, validation_fraction=0.3).fit(NAMES)
    parts = [NAMES[i:] for i in range(1, len(NAMES))]
    assert model.best_validation_score_ in [model.score(part) for part in parts]
    with pytest.raises(ValueError, match="in one text, too few to hold out 0.1 of them"):
        GRULanguageModel(**FAST, early_stopping=True).fit([TEXT])


def test_auto_batch_size():
    """Weights are those of the number that the text asks for."""
    for n, n_streams in ((30, 3), (2000, 8), (6000, 11), (30000, 32)):
        text = (TEXT * 60)[:n]
        auto, given = (
            GRULanguageModel(**FAST | {"batch_size": size, "max_iter": 1}).fit(text)
            for size in ("auto", n_streams)
        )
        assert auto.t_ == n_streams
        assert bits_of(auto) == bits_of(given)


def test_integer_tokens():
    sequence = np.tile([0, 3, 1, 3], 60).astype(np.uint8)
    model = GRULanguageModel(**FAST | {"max_iter": 60}).fit(sequence)
    assert model.n_tokens_ == 5
    assert model.vocabulary_ is None
    tokens = model.sample(6, prefix=[0], temperature=0)
    assert tokens.dtype == np.int32
    assert tokens.tolist() == [3, 1, 3, 0, 3, 1]
    assert model.score(sequence.tolist()) == model.score(sequence)
    several = GRULanguageModel(**FAST | {"max_iter": 60}, n_tokens=9).fit([[0, 3, 1]] * 90)
    assert several.n_tokens_ == 10
    assert several.sample(9, temperature=0).tolist() == [0, 3, 1]  # then comes the end
    assert several.perplexity([[0, 3, 1]] * 3) < 1.2
    with pytest.raises(ValueError, match="X has no characters"):
        several.bits_per_character([[0, 3, 1]])
    with pytest.raises(ValueError, match=r"X\[1\] has token 9 at step 2, but the model knows tokens 0 to 8"):
        several.score([[0], [0, 1, 9]])


def test_hidden_states(of_text, of_names):
    states = of_text.hidden_states("Peter")
    tokens = [of_text.vocabulary_[character] for character in "Peter"]
    np.testing.assert_allclose(states, told(of_text, tokens)[1][1:], rtol=0, atol=1e-12)
    assert of_text.hidden_states("Peter", layer=0).shape == (5, 7)
    alone, beside = of_names.hidden_states(["anna"]), of_names.hidden_states(["dora", "anna"])
    assert isinstance(beside, list)
    assert np.array_equal(alone[0], beside[1])
    gates = of_names.gate_activations(["dora", "anna"])
    assert set(gates) == {"reset", "update", "candidate"}
    assert gates["update"][1].shape == (4, 7)
    with pytest.raises(ValueError, match=r"X\[1\] is a text without tokens"):
        of_names.hidden_states(["anna", ""])


def test_stream_gives_what_comes_next(of_text):
    tokens = [of_text.vocabulary_[character] for character in "a peck"]
    expected, _ = told(of_text, tokens)
    stream = of_text.stream()
    np.testing.assert_allclose(stream.log_probabilities, expected[0], rtol=0, atol=1e-12)
    for character, row in zip("a peck", expected[1:], strict=True):
        np.testing.assert_allclose(stream.step(character), row, rtol=0, atol=1e-12)
    stream.reset()
    np.testing.assert_allclose(stream.step("a peck"), expected[-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(of_text.stream().step(tokens), expected[-1], rtol=0, atol=1e-12)
    assert np.exp(stream.log_probabilities).sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="token is a text without tokens"):
        stream.step("")
    with pytest.raises(ValueError, match="token has token 99, but the model knows tokens 0 to"):
        stream.step(99)
    with pytest.raises(ValueError, match="token has None"):
        stream.step(None)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_partial_fit_and_warm_start():
    whole = GRULanguageModel(**FAST | {"max_iter": 2, "learning_rate": "constant"}).fit(TEXT)
    by_call = clone(whole).partial_fit(TEXT).partial_fit(TEXT)
    assert bits_of(whole) == bits_of(by_call)
    assert by_call.n_iter_ == 2
    warm = clone(whole).set_params(warm_start=True).fit(TEXT).fit(TEXT)
    assert warm.n_iter_ == 4
    assert warm.loss_ < whole.loss_
    assert by_call.partial_fit("Peter 7").vocabulary_ == whole.vocabulary_  # 7 is unknown
    with pytest.raises(ValueError, match="embedding_dim is 3, but the existing network has 5"):
        by_call.set_params(embedding_dim=3).partial_fit(TEXT)
    with pytest.raises(ValueError, match="early_stopping=True needs all data at once"):
        clone(whole).set_params(early_stopping=True).partial_fit(TEXT)


@pytest.mark.parametrize(
    "X, changed, message",
    [
        (TEXT, {"vocabulary": ["P", "e"]}, "vocabulary is not that of the existing network"),
        (TEXT, {"analyzer": "word"}, "analyzer is word, but the existing network has char"),
        (TEXT, {"lowercase": True}, "lowercase is True, but the existing network has False"),
        ([0, 1, 2] * 9, {"n_tokens": 7}, "n_tokens is 7, but the existing network has 3"),
    ],
)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_what_goes_on_has_the_same_vocabulary(X, changed, message, call):
    model = GRULanguageModel(**FAST, warm_start=True).fit(X)
    before = bits_of(model)
    with pytest.raises(ValueError, match=message):
        getattr(model.set_params(**changed), call)(X)
    assert bits_of(model) == before
    anew = model.set_params(warm_start=False).fit(X)
    assert bits_of(anew) == bits_of(GRULanguageModel(**FAST, **changed).fit(X))
    anew.set_params(warm_start=True).fit(X)  # the parameters are those of the network now


def test_iterators_are_read_once():
    model = GRULanguageModel(**FAST).fit(iter(NAMES), X_val=iter(NAMES[:5]))
    assert bits_of(model) == bits_of(GRULanguageModel(**FAST).fit(NAMES))
    assert len(model.validation_scores_) == model.n_iter_


def test_ends_are_drawn_once_texts_have_some():
    model = GRULanguageModel(**FAST).partial_fit("abab" * 20)
    assert len(model.sample(200, random_state=0)) == 200
    for _ in range(30):
        model.partial_fit(["ab"] * 40)
    assert len(model.sample(200, random_state=0)) < 200


def test_search_over_texts():
    search = GridSearchCV(GRULanguageModel(**FAST), {"embedding_dim": [2, 5]}, cv=KFold(3))
    search.fit(NAMES)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ < 0


def test_converging_is_asked_for_where_the_rate_does_not_fall():
    settings = FAST | {"learning_rate": "constant", "max_iter": 1}
    with pytest.warns(ConvergenceWarning):
        GRULanguageModel(**settings).fit(TEXT)


@pytest.mark.parametrize(
    "X, message",
    [
        ("", "X is a text without tokens|X has no tokens to be learned"),
        ([], "contains no texts"),
        (["", ""], "X has no tokens to be learned"),
        ([None, "a"], r"X\[0\] is None, a text that is missing"),
        ([float("nan")], r"X\[0\] is nan, which is no text"),
        (["a", 3], r"X\[1\] is 3 of type int"),
        ([0.5, 1.0], "float"),
        ([[0, -1]], "negative"),
        (np.array([[0.5]]), "float64"),
        ({"a": 1}, "dict"),
        (3, "3"),
    ],
)
def test_bad_texts(X, message):
    model = GRULanguageModel(**FAST).fit(TEXT)
    before = bits_of(model)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X)
    assert bits_of(model) == before


def test_texts_and_tokens_do_not_mix(of_text):
    with pytest.raises(ValueError, match="X is integer tokens, but the model was fitted on texts"):
        of_text.score([1, 2, 3])
    with pytest.raises(ValueError, match="prefix is texts, but the model was fitted on integer tokens"):
        GRULanguageModel(**FAST).fit([0, 1] * 30).sample(3, prefix="a")
    with pytest.raises(ValueError, match="vocabulary has 'ab', which is not a character"):
        GRULanguageModel(**FAST, vocabulary=["ab"]).fit(TEXT)
    with pytest.raises(ValueError, match="vocabulary has 'a' more than once"):
        GRULanguageModel(**FAST, vocabulary=["a", "b", "a"]).fit(TEXT)
    with pytest.raises(ValueError, match="vocabulary is empty"):
        GRULanguageModel(**FAST, vocabulary=[]).fit(TEXT)


def test_sequences_of_str_are_as_their_words(tmp_path):
    """Tokens in the order of the words, so that fits have the same bits."""
    texts = ["the cat sat on the mat", "a dog", "The dog sat"] * 12
    tokens = [text.split() for text in texts]
    words = GRULanguageModel(**FAST, analyzer="word").fit(texts)
    model = GRULanguageModel(**FAST).fit(tokens)
    assert bits_of(model) == bits_of(words)
    assert model.vocabulary_ == words.vocabulary_
    assert model.score(tokens[:2]) == words.score(texts[:2])
    model.save(tmp_path / "m.gruc")
    settings = dict(prefix=["the", "dog"], random_state=0)
    for other in (model, gruc.runtime.load(tmp_path / "m.gruc"), pickle.loads(pickle.dumps(model))):
        assert " ".join(other.sample(6, **settings)) == words.sample(6, **settings | {"prefix": "the dog"})
        np.testing.assert_array_equal(other.stream().step("dog"), words.stream().step("dog"))
        with pytest.raises(
            ValueError, match="X is texts, but the model was fitted on sequences of str tokens"
        ):
            other.score("the dog")
        with pytest.raises(ValueError, match="prefix is texts, but the model was fitted on sequences of str"):
            other.sample(3, prefix="the dog")
        with pytest.raises(ValueError, match="X has no characters"):
            other.bits_per_character(tokens)
    with pytest.raises(ValueError, match="X is sequences of str tokens, but the model was fitted on texts"):
        words.score(tokens)
    for mixed in (["a b", ["a"], "b"], [["a"], "b"]):
        with pytest.raises(
            ValueError, match=r"X\[[01]\] is a list, but X\[[01]\] is a text; give texts only"
        ):
            GRULanguageModel(**FAST).fit(mixed)
    with pytest.raises(ValueError, match=r"X\[1\] has a token that is not a str: 3 at 1"):
        GRULanguageModel(**FAST).fit([["a", "b"], ["a", 3]])


def test_the_end_token_is_refused_within_sequences():
    """As the integer of the end is; otherwise it would divide a sequence into two."""
    sequences = [["a", "b", "<unk>", "<s>", "<pad>"]] * 40
    model = GRULanguageModel(**FAST).fit(sequences)
    assert sorted(model.vocabulary_) == ["</s>", "<pad>", "<s>", "<unk>", "a", "b"]
    assert model.vocabulary_["<unk>"] == 0
    assert model.score([["a", "<unk>"]]) == model.score([["a", "never seen"]])
    message = r" contains '</s>' at position 2, the token that the model adds at the end of a sequence. Leave"
    wrong = ["a", "b", "</s>"]
    for call in (GRULanguageModel(**FAST).fit, model.partial_fit, model.score, model.perplexity):
        with pytest.raises(ValueError, match=r"X\[1\]" + message):
            call([["a"], wrong])
    with pytest.raises(ValueError, match="prefix" + message):
        model.sample(3, prefix=wrong)
    by_name, by_number = model.stream(), model.stream()  # which may read on, from sequence to sequence
    for token in ("a", "</s>", "b"):
        np.testing.assert_array_equal(by_name.step(token), by_number.step(model.vocabulary_[token]))


def test_negatives():
    """All tokens as candidates are the full softmax, without a bias; some come near it."""
    words = " ".join(np.random.default_rng(0).choice(TEXT.split() + [f"w{i}" for i in range(40)], 1500))
    settings = FAST | {"analyzer": "word", "dtype": "float64", "max_iter": 6, "tie_weights": True}
    full = GRULanguageModel(**settings).fit(words)
    every = GRULanguageModel(**settings, n_negatives=full.n_tokens_).fit(words)
    for name, weight in full.weights_.items():
        np.testing.assert_allclose(every.weights_[name], weight, rtol=0, atol=1e-9, err_msg=name)
    some = GRULanguageModel(**settings, n_negatives=10).fit(words)
    assert abs(some.score(words) - full.score(words)) < 0.1
    untied = GRULanguageModel(**settings | {"tie_weights": False}, n_negatives=10).fit(words)
    assert untied.weights_["head.weight"].shape == (full.n_tokens_, 7)
    assert "head.bias" not in untied.weights_
    assert abs(untied.score(words) - full.score(words)) < 0.2
    with pytest.raises(ValueError, match="n_negatives is None, but the existing network has a number"):
        untied.set_params(n_negatives=None).partial_fit(words)


def test_negatives_are_the_same_for_every_n_jobs(monkeypatch):
    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    settings = FAST | {"batch_size": 64, "n_negatives": 5}
    one, two = (GRULanguageModel(**settings, n_jobs=n_jobs).fit(TEXT * 3) for n_jobs in (1, 2))
    assert bits_of(one) == bits_of(two)
