"""A vocabulary of characters in exported C: from Unicode code points to tokens."""

import numpy as np

from ..preprocessing import TextSequencer
from ..runtime.steps import TextStep
from ..sequences.vocabulary import END, START, UNKNOWN
from .c_constants import table_text
from .c_language import vocabulary_of

N_CODE_POINTS = 0x110000
SURROGATES = range(0xD800, 0xE000)


class Characters:
    """Code points and their tokens, for a text whose characters are tokens.

    Parameters
    ----------
    encoder : TextEncoder

    Attributes
    ----------
    code_points, tokens : list of int
        All code points that are characters of the vocabulary once texts are prepared, in
        ascending order, and their tokens.

    Raises
    ------
    ValueError
        Tokens are not single characters, or depend on more than one.
    """

    def __init__(self, encoder):
        analyzer, rules = encoder.analyzer, encoder.rules
        for name, is_wrong in {
            "analyzer": analyzer.analyzer != "char",
            "ngram_range": tuple(analyzer.ngram_range) != (1, 1),
            "preprocessor": analyzer.preprocessor is not None,
            "strip_accents": analyzer.strip_accents is not None,
            "max_length": rules.max_length is not None,
        }.items():
            if is_wrong:
                raise ValueError(
                    'C reads texts character by character, as analyzer="char" with defaults does, which '
                    f"{name} of the TextSequencer changes. Export the last step alone, model[-1], "
                    "and give it the tokens."
                )
        self.rules, self.special = rules, encoder.index
        prepared = ((c, analyzer.prepare(chr(c))) for c in range(N_CODE_POINTS) if c not in SURROGATES)
        pairs = [(c, encoder.index[text]) for c, text in prepared if text in encoder.index]
        self.code_points, self.tokens = map(list, zip(*pairs, strict=True)) if pairs else ([], [])

    @classmethod
    def of(cls, step):
        """Those of a fitted `TextSequencer`, or of the first step of a pipeline from a file."""
        return cls(step._encoder() if isinstance(step, TextSequencer) else step.encoder)

    @property
    def n_bytes(self):
        """Bytes of the tables."""
        return len(self.tokens) * (4 + self._token_bits() // 8)

    def _token_bits(self):
        return 16 if max(self.tokens, default=0) <= np.iinfo(np.uint16).max else 32

    def declarations(self, prefix):
        """Macros, tables and the function of a header, a list."""
        upper, bits, n = prefix.upper(), self._token_bits(), len(self.tokens)
        unknown = -1 if self.rules.unknown == "skip" else self.special[UNKNOWN]
        macros = [f"#define {upper}_UNKNOWN ({unknown}) /* what {prefix}_token gives other characters */"]
        if self.rules.add_start:
            macros.append(f"#define {upper}_START {self.special[START]} /* the token before each text */")
        if self.rules.add_end:
            macros.append(f"#define {upper}_END {self.special[END]} /* the token after each text */")
        left_out = ",\n * which are left out of texts" if unknown < 0 else ""
        points, tokens = f"gruc_characters_of_{prefix}", f"gruc_character_tokens_of_{prefix}"
        return [
            "\n".join(macros),
            table_text("uint32_t", points, [f"0x{point:x}" for point in self.code_points], each=12),
            table_text(f"uint{bits}_t", tokens, list(map(str, self.tokens)), each=12),
            f"""\
/* The token of a character, a Unicode code point; {upper}_UNKNOWN of one that is not in the
 * vocabulary{left_out}. */
GRUC_STATIC int32_t {prefix}_token(uint32_t character)
{{
    size_t low = 0, high = {n};
    while (low < high) {{
        size_t middle = low + (high - low) / 2;
        if (GRUC_READ_32({points} + middle) < character)
            low = middle + 1;
        else
            high = middle;
    }}
    if (low == {n} || GRUC_READ_32({points} + low) != character) return {upper}_UNKNOWN;
    return (int32_t)GRUC_READ_{bits}({tokens} + low);
}}""",
        ]


def taken_apart(model):
    """The first step of a pipeline if it reads texts, or None, and the model that is exported.

    Parameters
    ----------
    model : estimator, Predictor, LanguagePredictor, Pipeline or PipelinePredictor
    """
    vocabulary = vocabulary_of(model)
    if vocabulary is not None:
        by_character = vocabulary.encoder is not None and vocabulary.encoder.analyzer.is_by_character
        return TextStep(vocabulary.encoder) if by_character else None, model._fitted_predictor()
    steps = list(getattr(model, "steps", []))
    if hasattr(model, "named_steps"):  # of scikit-learn
        steps, model_itself = [step for _, step in steps[:-1]], steps[-1][1]
    else:
        model_itself = getattr(model, "predictor", model)
    if len(steps) == 1 and isinstance(steps[0], (TextSequencer, TextStep)):
        return steps[0], model_itself
    return None, model
