"""Language models from model files."""

from ..files.fields import Fields, is_flag
from ..sequences import Tokens
from .language import LanguagePredictor
from .language_texts import Vocabulary
from .loading import Content, predictor_content
from .steps import TextStep

LANGUAGE_MODEL = "GRULanguageModel"


def language_model_content(description, arrays, where):
    """The `Content` of the file of a language model; errors call the file `where`."""
    of_text = {name.removeprefix("text."): array for name, array in arrays.items() if name[:5] == "text."}
    arrays = {name: array for name, array in arrays.items() if name[:5] != "text."}
    own = {name: description[name] for name in ("several", "text") if name in description}
    fields = Fields(own, where)
    several, encoder = fields.take("several", is_flag), None
    if "text" in fields:
        encoder = TextStep.described(fields.take_object("text"), of_text).encoder
    if of_text:
        fields.refuse("it has tensors that it does not need")
    description = {name: value for name, value in description.items() if name not in own}
    predictor, *rest = predictor_content(description, arrays, where)
    n_tokens = predictor.config["n_outputs"]
    fits = isinstance(predictor.inputs, Tokens) and predictor.inputs.n_tokens == n_tokens
    if not fits or (encoder is not None and len(encoder.index) != n_tokens):
        fields.refuse("its vocabulary does not fit its network")
    return Content(LanguagePredictor(predictor, Vocabulary(n_tokens, encoder, several)), *rest)
