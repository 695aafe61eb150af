"""Steps of pipelines before their predictor: what they do to X, and how a model file describes them."""

import codecs
import re

import numpy as np

from ..files.estimator_fields import FITTED
from ..files.fields import is_count, is_flag
from ..files.strings import strings_as_arrays, strings_from_arrays
from ..sequences import Numbers, Scaling, as_sequences, numeric_array, refuse_column
from ..sequences.analyzers import STRIP_ACCENTS, Analyzer, as_documents
from ..sequences.vocabulary import START, TextEncoder, TokenRules, terms_in_order

# characters of a regular expression in a file
LONGEST_PATTERN = 10_000

# what a step knows of the X of its fit
FITTED_ON = ("n_features_in_", "feature_names_in_", "fitted_on_table")


class TextStep:
    """Texts as sequences of tokens, as a fitted `TextSequencer` makes them.

    Parameters
    ----------
    encoder : TextEncoder
    """

    kind = "TextSequencer"
    reads_texts = True

    def __init__(self, encoder):
        self.encoder = encoder

    @property
    def n_tokens(self):
        """Number of tokens of the vocabulary."""
        return len(self.encoder.index)

    def transform(self, X):
        """List of 1-D arrays of tokens, one for each text."""
        return self.encoder.encode(as_documents(X))

    def check_stream(self, n):
        """Refuse settings by which a piece of a text does not stand for itself."""
        analyzer, rules = self.encoder.analyzer, self.encoder.rules
        if n is not None:
            raise ValueError(f"A stream of texts is one text; make one stream for each of {n}.")
        for name, is_wrong in {
            "max_length": rules.max_length is not None,
            "add_end": rules.add_end,
            "ngram_range": tuple(analyzer.ngram_range) != (1, 1),
            "input": analyzer.input != "content",
        }.items():
            if is_wrong:
                raise ValueError(
                    f"A stream reads a text piece by piece, which {name} of the TextSequencer does not "
                    "allow; fit with the default."
                )

    def first(self):
        """What a stream reads before any piece: blocks of steps."""
        rules = self.encoder.rules
        return [np.array([self.encoder.index[START]])] if rules.add_start else []

    def piece(self, text):
        """Tokens of a part of a text."""
        return self.encoder.encode_part(text)

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        analyzer, rules = self.encoder.analyzer, self.encoder.rules
        arrays = strings_as_arrays(terms_in_order(self.encoder.index), "terms")
        arrays |= strings_as_arrays(sorted(analyzer.stop_words or ()), "stop_words")
        return {
            "analyzer": analyzer.options(),
            "has_stop_words": analyzer.stop_words is not None,
            "rules": rules._asdict(),
            "dtype": self.encoder.dtype.name,
        }, arrays

    @classmethod
    def described(cls, fields, arrays):
        """The step that `describe` described; its arrays are popped."""
        terms = strings_from_arrays(fields, arrays, "terms")
        index = {term: token for token, term in enumerate(terms)}
        if len(index) != len(terms):
            fields.refuse("terms has a term twice")
        stop_words = frozenset(strings_from_arrays(fields, arrays, "stop_words"))
        if not fields.take("has_stop_words", is_flag):
            if stop_words:
                fields.refuse("stop_words are present but should not be")
            stop_words = None
        analyzer = _described_analyzer(fields.take_object("analyzer"), stop_words)
        rules = _described_rules(fields.take_object("rules"), index)
        dtype = fields.take("dtype", lambda v: isinstance(v, str) and re.fullmatch(r"u?int(8|16|32|64)", v))
        if len(terms) - 1 > np.iinfo(dtype).max:
            fields.refuse(f"its tokens do not fit into {dtype}")
        fields.end()
        return cls(TextEncoder(analyzer, rules, index, dtype))


def _described_analyzer(fields, stop_words):
    def one_of(*values):
        return lambda v: (v is None or isinstance(v, str)) and v in values

    options = {
        "analyzer": fields.take("analyzer", one_of("word", "char", "char_wb", None)),
        "input": fields.take("input", one_of("content", "file", "filename")),
        "encoding": fields.take("encoding", _is_encoding),
        "decode_error": fields.take("decode_error", one_of("strict", "ignore", "replace")),
        "strip_accents": fields.take("strip_accents", one_of(None, *STRIP_ACCENTS)),
        "lowercase": fields.take("lowercase", is_flag),
        "preprocessor": fields.take("preprocessor", lambda v: v is None),
        "tokenizer": fields.take("tokenizer", lambda v: v is None),
        "token_pattern": fields.take(
            "token_pattern", lambda v: v is None or (isinstance(v, str) and len(v) <= LONGEST_PATTERN)
        ),
        "ngram_range": tuple(fields.take_counts("ngram_range", 2)),
    }
    fields.end()
    shortest, longest = options["ngram_range"]
    if shortest > longest:
        fields.refuse("ngram_range is not in order")
    analyzer = Analyzer(stop_words=stop_words, **options)
    if analyzer.analyzer == "word":
        try:
            analyzer.words  # noqa: B018, compiles the pattern
        except (TypeError, ValueError, re.error) as error:
            fields.refuse(f"token_pattern is no regular expression ({error})")
    return analyzer


def _is_encoding(value):
    if not isinstance(value, str) or not re.fullmatch(r"[\w-]{1,40}", value, re.ASCII):
        return False
    try:
        codecs.lookup(value)
    except LookupError:
        return False
    return True


def _described_rules(fields, index):
    def one_of(*values):
        return lambda v: isinstance(v, str) and v in values

    rules = TokenRules(
        fields.take("max_length", lambda v: v is None or is_count(v)),
        fields.take("truncation", one_of("right", "left")),
        fields.take("unknown", one_of("token", "skip")),
        fields.take("add_start", is_flag),
        fields.take("add_end", is_flag),
    )
    fields.end()
    rules.check()
    absent = [term for term in rules.special if term not in index]
    if absent:
        fields.refuse(f"terms lacks {absent[0]}")
    return rules


class ScalingStep:
    """Sequences scaled, as a fitted `SequenceScaler` does it.

    Parameters
    ----------
    scaling : Scaling
    fitted : dict
        What is known of the X of the fit: `n_features_in_`, `feature_names_in_` (a list or None), and
        `fitted_on_table`, whether it was 2-D.
    """

    kind = "SequenceScaler"
    reads_texts = False

    def __init__(self, scaling, fitted):
        self.scaling, self.fitted = scaling, fitted

    def transform(self, X):
        """Scaled sequences, in the form of X."""
        sequences = as_sequences(X)
        if not self.fitted["fitted_on_table"]:
            refuse_column(sequences, "X")
        inputs = Numbers(len(self.scaling.mean), self.scaling)
        sequences = inputs.check(sequences, sequences.float_type)
        return sequences.map(lambda values: self.scaling.apply(values, sequences.float_type))

    def check_stream(self, n):
        """Steps are scaled one by one: there is nothing to refuse."""

    def first(self):
        """What a stream reads before any piece: nothing."""
        return []

    def piece(self, x):
        """Steps of a stream, scaled."""
        x = np.atleast_1d(numeric_array(x, "x"))
        return self.scaling.apply(x, np.float32 if x.dtype == np.float32 else np.float64)

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name."""
        return {"fitted": self.fitted}, self.scaling.arrays("scaling")

    @classmethod
    def described(cls, fields, arrays):
        """The step that `describe` described; its arrays are popped."""
        fitted_fields = fields.take_object("fitted")
        fields.end()
        fitted = {name: fitted_fields.take(name, FITTED[name]) for name in FITTED_ON}
        fitted_fields.end()
        names, n_columns = fitted["feature_names_in_"], fitted["n_features_in_"]
        if names is not None and len(names) != n_columns:
            fields.refuse("its names of features are not as many as its features")
        n_features = 1 if fitted["fitted_on_table"] else n_columns
        scaling = Scaling.described(fields, arrays, "scaling", n_features)
        if scaling is None:
            fields.refuse("scaling is missing")
        return cls(scaling, fitted)


KINDS = {step.kind: step for step in (TextStep, ScalingStep)}
