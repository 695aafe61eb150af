"""gruc sample: texts written by a language model."""

import sys

from ..runtime import LanguagePredictor
from .common import InputError, printable, read_model


def sample(arguments):
    """Print a text that a language model writes."""
    content, _ = read_model(arguments.model)
    predictor = content.predictor
    if not isinstance(predictor, LanguagePredictor):
        raise InputError(f"{arguments.model} is a {content.kind}; texts are written by a GRULanguageModel.")
    if predictor.vocabulary.encoder is None:
        raise InputError(f"{arguments.model} was fitted on integer tokens, and writes no texts.")
    of_str = predictor.vocabulary.encoder.analyzer.analyzer is None  # tokens, here with spaces between them
    text = predictor.sample(
        arguments.length,
        prefix=arguments.prefix.split() if of_str else arguments.prefix,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        random_state=arguments.seed,
    )
    text = " ".join(text) if of_str else text
    print(printable(text) if sys.stdout.isatty() else text)
