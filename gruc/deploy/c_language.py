"""What the exported C of a language model has beside the network: tokens drawn, and their characters."""

from ..runtime.language_mixin import LanguageMixin
from ..sequences.vocabulary import terms_in_order
from .c_constants import table_text


def vocabulary_of(model):
    """The `Vocabulary` of a language model; None for other models."""
    return model._fitted_vocabulary() if isinstance(model, LanguageMixin) else None


def language_declarations(prefix, vocabulary, has_characters):
    """Functions of a header, a list.

    Parameters
    ----------
    prefix : str
    vocabulary : Vocabulary
    has_characters : bool
        Whether tokens are characters, and the header has a function from these to tokens.
    """
    upper, found = prefix.upper(), []
    never = [] if vocabulary.unknown is None else [vocabulary.unknown]
    never += [] if vocabulary.several else [vocabulary.end]
    if not has_characters:
        found.append(f"#define {upper}_END {vocabulary.end} /* the token after each text */")
    left_out = " || ".join(f"j == {token}" for token in never)
    condition = f"        if ({left_out}) continue;\n" if never else ""
    which = "tokens that no text has are" if never else "none is"
    found.append(f"""\
/* A token drawn by the probabilities that {prefix}_step wrote, {which} left out. `uniform` is from 0 to 1,
 * 1 excluded. */
GRUC_STATIC int32_t {prefix}_draw(const float *out, float uniform)
{{
    float total = 0, sum = 0;
    int32_t drawn = 0;
    for (int32_t j = 0; j < {upper}_N_OUTPUTS; j++) {{
{condition}        total += out[j];
    }}
    for (int32_t j = 0; j < {upper}_N_OUTPUTS; j++) {{
{condition}        sum += out[j];
        drawn = j;
        if (sum > uniform * total) break;
    }}
    return drawn;
}}""")
    if has_characters:
        terms = terms_in_order(vocabulary.encoder.index)
        points = [f"0x{ord(term):x}" if len(term) == 1 else "0" for term in terms]
        table = f"gruc_written_of_{prefix}"
        found.append(table_text("uint32_t", table, points, each=12))
        found.append(f"""\
/* The character of a token, a Unicode code point; 0 for tokens that are none */
GRUC_STATIC uint32_t {prefix}_character(int32_t token)
{{
    return GRUC_READ_32({table} + token);
}}""")
    return found
