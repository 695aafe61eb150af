"""Language models from model files."""

from typing import NamedTuple

from ..files.fields import Fields, is_flag
from ..sequences import Tokens
from .language import LanguagePredictor
from .language_texts import Vocabulary
from .loading import Content
from .steps import TextStep

LANGUAGE_MODEL = "GRULanguageModel"


class LanguageContent(NamedTuple):
    """What the file of a language model contains, checked as far as is possible without scikit-learn."""

    predictor: LanguagePredictor
    gruc_version: str
    kind: str
    parameters: dict
    fitted: dict

    @classmethod
    def of_file(cls, description, arrays, where):
        """The content of a file's description and arrays; errors call the file `where`."""
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
        predictor, *rest = Content.of_file(description, arrays, where)
        n_tokens = predictor.config["n_outputs"]
        fits = isinstance(predictor.inputs, Tokens) and predictor.inputs.n_tokens == n_tokens
        if not fits or (encoder is not None and len(encoder.index) != n_tokens):
            fields.refuse("its vocabulary does not fit its network")
        return cls(LanguagePredictor(predictor, Vocabulary(n_tokens, encoder, several)), *rest)
