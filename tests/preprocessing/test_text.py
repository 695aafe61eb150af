"""TextSequencer."""

import inspect
import pickle
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
import sklearn
from gruc.preprocessing import SequenceScaler, TextSequencer
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

TEXTS = ["To be, or not to be.", "Be!", "", "Not\tI\N{GRINNING FACE}"]


def lists(sequences):
    return [tokens.tolist() for tokens in sequences]


@pytest.mark.parametrize(
    "check",
    [
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_param_validation",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_sklearn_checks(check):
    """Those that give no X, which scikit-learn generates for arrays of numbers alone."""
    if not hasattr(estimator_checks, check):
        pytest.skip("not in this version of scikit-learn")
    getattr(estimator_checks, check)("TextSequencer", TextSequencer())


def test_parameters_are_those_of_count_vectorizer():
    theirs = inspect.signature(CountVectorizer).parameters
    ours = inspect.signature(TextSequencer).parameters
    assert set(theirs) - set(ours) == {"binary"}
    differ = {name for name in theirs if name in ours and theirs[name].default != ours[name].default}
    assert differ == {"token_pattern", "lowercase", "dtype"}
    assert {part.kind for part in ours.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_parameters_in_the_docstring():
    text = inspect.getdoc(TextSequencer)
    section = text[text.index("Parameters\n---") : text.index("Attributes\n---")]
    entries = re.findall(r"^(\w+) : .*, default=.*$", section, re.MULTILINE)
    assert entries == list(inspect.signature(TextSequencer).parameters)


def test_words():
    sequencer = TextSequencer()
    found = sequencer.fit_transform(TEXTS)
    names = sequencer.get_feature_names_out()
    assert names.tolist() == ["<unk>", "!", ",", ".", "be", "i", "not", "or", "to", "\N{GRINNING FACE}"]
    assert lists(found) == [[8, 4, 2, 7, 6, 8, 4, 3], [4, 1], [0], [6, 5, 9]]
    assert sequencer.vocabulary_ == {name: i for i, name in enumerate(names)}
    assert sequencer.n_tokens_ == 10
    assert lists(sequencer.transform(TEXTS)) == lists(found)
    assert {tokens.dtype for tokens in found} == {np.dtype("int32")}


def test_characters():
    sequencer = TextSequencer(analyzer="char")
    found = sequencer.fit_transform(TEXTS)
    assert [len(tokens) for tokens in found] == [20, 3, 1, 6]
    assert ["".join(terms) for terms in sequencer.inverse_transform(found)] == [
        text.lower() or "<unk>" for text in TEXTS
    ]
    assert sequencer.vocabulary_["<unk>"] == 0
    assert list(sequencer.vocabulary_)[1:] == sorted(set("".join(TEXTS).lower()))


def test_special_tokens_come_first():
    sequencer = TextSequencer(add_start=True, add_end=True).fit(["b a", "<s>"])
    assert sequencer.get_feature_names_out().tolist() == ["<unk>", "<s>", "</s>", "<", ">", "a", "b", "s"]
    assert lists(sequencer.transform(["a c", ""])) == [[1, 5, 0, 2], [1, 2]]


def test_a_word_that_is_a_special_token():
    sequencer = TextSequencer(analyzer=None, add_end=True)
    found = sequencer.fit_transform([["a", "<unk>"], ["</s>", "<s>"]])
    assert sequencer.vocabulary_ == {"<unk>": 0, "</s>": 1, "<s>": 2, "a": 3}
    assert lists(found) == [[3, 0, 1], [1, 2, 1]]


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_terms_are_counted_after_truncation(analyzer):
    texts = ["a a b c", "d a c c"]
    sequencer = TextSequencer(analyzer=analyzer, max_length=2, add_end=True, truncation="left")
    found = sequencer.fit_transform(texts)
    assert set(np.concatenate(found)) | {0} == set(range(sequencer.n_tokens_))
    assert [terms.tolist() for terms in sequencer.inverse_transform(found)] == [["c", "</s>"]] * 2
    assert lists(TextSequencer(analyzer=analyzer, max_length=2).fit_transform(texts)) == (
        [[1, 1], [2, 1]] if analyzer == "word" else [[2, 1], [3, 1]]
    )


def test_unknown_tokens():
    texts = ["a b c", "x y"]
    assert lists(TextSequencer().fit(["a c"]).transform(texts)) == [[1, 0, 2], [0, 0]]
    assert lists(TextSequencer(unknown="skip").fit(["a c"]).transform(texts)) == [[1, 2], [0]]


@pytest.mark.parametrize("unknown", ["token", "skip"])
def test_rare_terms_are_unknown_in_what_fit_returns(unknown):
    texts = ["a b", "a c", "d"]
    sequencer = TextSequencer(min_df=2, unknown=unknown)
    found = sequencer.fit_transform(texts)
    assert sequencer.vocabulary_ == {"<unk>": 0, "a": 1}
    assert lists(found) == ([[1, 0], [1, 0], [0]] if unknown == "token" else [[1], [1], [0]])
    assert lists(sequencer.transform(texts)) == lists(found)


def test_ngrams_keep_the_order():
    sequencer = TextSequencer(ngram_range=(1, 2))
    (terms,) = sequencer.inverse_transform(sequencer.fit_transform(["a b c"]))
    assert terms.tolist() == ["a", "b", "a b", "c", "b c"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"ngram_range": (1, 3)},
        {"analyzer": "char_wb", "ngram_range": (1, 4)},
        {"analyzer": "char_wb", "ngram_range": (3, 5)},
        {"analyzer": "char", "ngram_range": (1, 3)},
        {"stop_words": "english"},
        {"strip_accents": "unicode", "min_df": 2},
        {"strip_accents": "ascii", "max_df": 0.5, "lowercase": False},
        {"max_features": 5},
    ],
)
def test_tokens_are_what_count_vectorizer_counts(settings):
    """Where it leaves out nothing: its pattern of words, and no whitespace that it would merge."""
    texts = ["Eté, l'été! the café", "un café au lait a b", "Über the lait", "b a b a b a", ""]
    pattern = {"token_pattern": r"\w+"} if settings.get("analyzer", "word") == "word" else {}
    theirs = CountVectorizer(**pattern, **settings)
    ours = TextSequencer(**pattern, **{"lowercase": True} | settings)
    counts = theirs.fit_transform(texts).toarray()
    sequences = ours.fit_transform(texts)
    if "max_features" not in settings:  # of equally frequent ones it takes any
        assert ours.get_feature_names_out()[1:].tolist() == theirs.get_feature_names_out().tolist()
        for tokens, row in zip(sequences, counts, strict=True):
            np.testing.assert_array_equal(np.bincount(tokens, minlength=ours.n_tokens_)[1:], row)
    else:
        kept = {term: ours.vocabulary_[term] for term in ours.vocabulary_ if term != "<unk>"}
        assert len(kept) == 5
        total = np.bincount(np.concatenate(sequences), minlength=6)[1:]
        assert sorted(total) == sorted(counts.sum(axis=0))


def test_tokens_that_are_given():
    tokens = [["New York", "Is", " "], ("Is",), np.array(["x", "Is"]), []]
    sequencer = TextSequencer(analyzer=None)
    assert lists(sequencer.fit_transform(tokens)) == [[3, 2, 1], [2], [4, 2], [0]]
    assert {type(term) for term in sequencer.vocabulary_} == {str}
    square = np.array([["b", "a"], ["a", "a"]])
    assert lists(sequencer.fit_transform(square)) == [[2, 1], [1, 1]]
    with pytest.raises(ValueError, match=r"X\[0\] is 'ab', but with analyzer=None"):
        sequencer.fit(["ab"])


def test_labels_of_tokens_keep_capitals():
    texts, y = ["Ab", "aBc"], [[0, 1], np.array([1, 0, 1])]
    for labels in (y, np.array(y, dtype=object), pd.Series(y)):
        sequencer = TextSequencer(analyzer="char").fit(texts, labels)
        assert not sequencer.lowercase_
        assert sorted(sequencer.vocabulary_) == ["<unk>", "A", "B", "a", "b", "c"]
    assert TextSequencer(analyzer="char", lowercase=True).fit(texts, y).lowercase_
    for other in (None, [0, 1], ["ab", "abc"], [[0, 1], [0, 1]], np.zeros((2, 2)), [[0, 1]]):
        assert TextSequencer(analyzer="char").fit(texts, other).lowercase_
    assert TextSequencer().fit(texts, [[0], [1]]).lowercase_ is False
    # several outputs, though as many as tokens
    assert TextSequencer(analyzer="char").fit(["ABC", "abx"], np.array([[1, 0, 1], [0, 1, 1]])).lowercase_
    assert not TextSequencer(analyzer="char").fit(["AB", "ab"], np.array([["x", "y"], ["y", "y"]])).lowercase_


def test_given_terms():
    sequencer = TextSequencer(vocabulary=["b", "a"], add_end=True)
    assert lists(sequencer.fit_transform(["a c"])) == [[3, 0, 1]]
    assert sequencer.vocabulary_ == {"<unk>": 0, "</s>": 1, "b": 2, "a": 3}
    assert TextSequencer(vocabulary={"b", "a"}).fit(["a"]).vocabulary_ == {"<unk>": 0, "a": 1, "b": 2}
    given = ["<unk>", "b", "a"]
    assert TextSequencer(vocabulary=given).fit(["a"]).get_feature_names_out().tolist() == given
    mapping = {"a": 0, "<unk>": 2, "b": 1}
    sequencer = TextSequencer(vocabulary=mapping).fit(["a"])
    assert sequencer.vocabulary_ == mapping
    assert lists(sequencer.transform(["b a c", ""])) == [[1, 0, 2], [2]]


@pytest.mark.parametrize(
    "vocabulary, message",
    [
        ({"a": 0, "b": 1}, "without the special token '<unk>'. Give it an integer of its own"),
        ({"<unk>": 0, "a": 0}, "repeated indices"),
        ({"<unk>": 0, "a": 2}, "doesn't contain index 1"),
        ({"<unk>": 0, "a": 1.0}, "maps a term to 1.0; tokens are integers"),
        (["a", "b", "a"], "Duplicate term in vocabulary: 'a'"),
        ([], "empty vocabulary"),
        (["a", 3], "the term 3, which is not a str"),
        ("abc", "vocabulary is the str 'abc'"),
    ],
)
def test_vocabularies_that_are_refused(vocabulary, message):
    with pytest.raises(ValueError, match=message):
        TextSequencer(vocabulary=vocabulary).fit(["a"])
    with pytest.raises(ValueError, match=message):
        TextSequencer(vocabulary=vocabulary).transform(["a"])


def test_capitals_in_given_terms():
    terms = ["Rome", "is"]
    with pytest.warns(UserWarning, match="Upper case characters found in vocabulary"):
        TextSequencer(vocabulary=terms, lowercase=True).fit(["a"])
    sequencer = TextSequencer(vocabulary=terms)
    assert lists(sequencer.fit_transform(["Rome is"])) == [[1, 2]]
    assert lists(TextSequencer(vocabulary=["rome", "is"]).fit_transform(["Rome IS"])) == [[1, 2]]


@pytest.mark.parametrize("name", ["add_start", "add_end"])
def test_special_tokens_that_were_set_after_fit(name):
    sequencer = TextSequencer().fit(["a b"]).set_params(**{name: True})
    for call in (sequencer.transform, sequencer.inverse_transform):
        with pytest.raises(
            ValueError, match=f"{name} was set after fit, and the vocabulary has no .*; fit again"
        ):
            call([[0]])
    assert lists(sequencer.fit_transform(["a b"]))[0] in ([1, 2, 3], [2, 3, 1])


def test_without_fit():
    for call in (
        lambda s: s.transform(["a"]),
        lambda s: s.inverse_transform([[0]]),
        lambda s: s.get_feature_names_out(),
    ):
        with pytest.raises(NotFittedError, match="has no vocabulary yet"):
            call(TextSequencer())
        call(TextSequencer(vocabulary=["a"]))
    fixed = TextSequencer(vocabulary=["a"])
    assert lists(fixed.transform(["a b"])) == [[1, 0]]
    assert not hasattr(fixed, "vocabulary_")


def test_a_failed_fit_changes_nothing():
    sequencer = TextSequencer().fit(["a b"])
    before = dict(vars(sequencer))
    with pytest.raises(ValueError, match=r"X\[1\] is None"):
        sequencer.fit(["c", None])
    assert vars(sequencer) == before


@pytest.mark.parametrize(
    "settings, texts, message",
    [
        ({}, ["", " "], "empty vocabulary; perhaps the documents only contain stop words"),
        ({"stop_words": "english"}, ["the"], "empty vocabulary"),
        ({"min_df": 2}, ["a", "b"], "After pruning, no terms remain. Try a lower min_df or a higher max_df"),
        ({"min_df": 3, "max_df": 2}, ["a"], "max_df corresponds to < documents than min_df"),
        ({"ngram_range": (2, 1)}, ["a"], r"ngram_range=\(2, 1\) is invalid"),
        ({"ngram_range": (0, 1)}, ["a"], "the first at least 1"),
        ({"token_pattern": None}, ["a"], 'analyzer="word" needs a tokenizer'),
        ({"token_pattern": "(a)(b)"}, ["a"], "More than 1 capturing group"),
        ({"token_pattern": "(a"}, ["a"], r"token_pattern='\(a' is not a regular expression: missing \)"),
        ({"dtype": "float32"}, ["a"], "dtype must be an integer type; got 'float32'"),
        ({"dtype": "words"}, ["a"], "dtype must be an integer type"),
        (
            {"dtype": "int8", "analyzer": None},
            [list(map(str, range(200)))],
            "201 tokens do not fit into dtype=int8",
        ),
        ({"max_length": 1, "add_end": True}, ["a"], "max_length=1 leaves no room"),
    ],
)
def test_refused(settings, texts, message):
    with pytest.raises(ValueError, match=message):
        TextSequencer(**settings).fit(texts)


@pytest.mark.parametrize(
    "settings, name, cause",
    [
        ({"stop_words": ["a"], "analyzer": "char"}, "stop_words", "analyzer"),
        ({"token_pattern": r"\w", "analyzer": "char"}, "token_pattern", "analyzer"),
        ({"token_pattern": r"\w", "tokenizer": str.split}, "token_pattern", "tokenizer"),
        ({"tokenizer": str.split, "analyzer": "char_wb"}, "tokenizer", "analyzer"),
        ({"ngram_range": (1, 2), "analyzer": str.split}, "ngram_range", "analyzer"),
        ({"preprocessor": str.strip, "analyzer": str.split}, "preprocessor", "analyzer"),
        ({"strip_accents": "ascii", "preprocessor": str.strip}, "strip_accents", "preprocessor"),
        ({"lowercase": True, "analyzer": str.split}, "lowercase", "analyzer"),
        ({"lowercase": False, "preprocessor": str.strip}, "lowercase", "preprocessor"),
        ({"min_df": 2, "vocabulary": ["a"]}, "min_df", "vocabulary"),
    ],
)
def test_unused_parameters_are_named(settings, name, cause):
    with pytest.warns(UserWarning, match=f"parameter '{name}' will not be used, because of '{cause}'"):
        TextSequencer(**settings).fit(["a b"])


def test_stop_words_that_would_not_be_found():
    texts = ["The pizza don't"]
    for words, others in [(["don't"], [chr(39), "don", "t"]), (["The"], ["the"])]:
        with pytest.warns(UserWarning, match="inconsistent with your preprocessing") as warned:
            TextSequencer(stop_words=words).fit(texts)
        assert f"generated tokens {others!r} not in" in str(warned[0].message)
    TextSequencer(stop_words=["the"]).fit(texts)
    TextSequencer(stop_words="english").fit(["pizza"])
    TextSequencer(stop_words=["don't"], tokenizer=str.split).fit(texts)


def test_functions_of_the_user():
    sequencer = TextSequencer(analyzer=lambda text: text.split("-"))
    assert lists(sequencer.fit_transform(["a-b", "b"])) == [[1, 2], [2]]
    normal = TextSequencer(preprocessor=lambda text: unicodedata.normalize("NFC", text))
    assert normal.fit(["e\u0301t", "ét"]).n_tokens_ == 2
    assert TextSequencer(tokenizer=str.split).fit(["a, b"]).vocabulary_ == {"<unk>": 0, "a,": 1, "b": 2}


def test_inverse():
    sequencer = TextSequencer().fit(["a b"])
    found = sequencer.inverse_transform(np.array([[0, 1], [2, 2]], dtype="uint8"))
    assert [terms.tolist() for terms in found] == [["<unk>", "a"], ["b", "b"]]
    assert sequencer.inverse_transform([[]])[0].tolist() == []
    for bad, message in [
        ([[0], [1, 3]], r"X\[1\] has the token 3 at step 1; there are 3 tokens"),
        ([[-1]], r"X\[0\] has the token -1 at step 0"),
        ([[1.0]], r"X\[0\] must be a 1-D array of integers; got shape \(1,\) of float64"),
        ([1], r"X\[0\] must be a 1-D array of integers; got shape \(\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            sequencer.inverse_transform(bad)


def test_containers():
    sequencer = TextSequencer()
    assert sequencer.set_output(transform="default") is sequencer
    assert sequencer.set_output() is sequencer
    for asked in ("pandas", "polars"):
        with pytest.raises(ValueError, match=f"list of arrays, which transform='{asked}' cannot hold"):
            sequencer.set_output(transform=asked)
        with pytest.raises(ValueError, match="cannot hold"):
            make_pipeline(TextSequencer(), SequenceScaler()).set_output(transform=asked)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(TextSequencer().fit_transform(["a"]), list)
    assert lists(sequencer.fit_transform(pd.Series(["a b", "b"], index=[5, 7]))) == [[1, 2], [2]]


def test_copies_are_the_same():
    sequencer = TextSequencer(ngram_range=(1, 2), stop_words=["x"]).fit(TEXTS)
    again = pickle.loads(pickle.dumps(sequencer))
    assert lists(again.transform(TEXTS)) == lists(sequencer.transform(TEXTS))
    assert again.build_analyzer()("A x B") == ["a", "b", "a b"]
    copy = clone(sequencer)
    assert copy.get_params() == sequencer.get_params()
    assert not hasattr(copy, "vocabulary_")


def test_tags():
    tags = sklearn.utils.get_tags(TextSequencer())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit
    assert not sklearn.utils.get_tags(TextSequencer(vocabulary=["a"])).requires_fit


def test_unknown_parameters():
    with pytest.raises(TypeError, match="'maxlen'. Did you mean max_length?"):
        TextSequencer(maxlen=3)
    with pytest.raises(TypeError, match="binary is a parameter of CountVectorizer"):
        TextSequencer(binary=True)
