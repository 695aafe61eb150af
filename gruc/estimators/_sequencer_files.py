"""TextSequencer to and from model files."""

from collections.abc import Mapping

from ..files.fields import Fields, ModelFileError, is_flag
from ..files.json_values import as_json
from ..preprocessing import TextSequencer
from ..runtime.steps import TextStep
from ..sequences.vocabulary import terms_in_order

# parameters that neither the analyzer nor the rules have, or that differ there
OWN = ("lowercase", "max_df", "min_df", "max_features")


def describe(sequencer, name):
    """What the file of a pipeline holds of a fitted sequencer: the step, parameters, and no more arrays."""
    encoder = sequencer._encoder()
    custom = encoder.analyzer.custom()
    if custom is not None:
        function = getattr(sequencer, custom)
        raise TypeError(
            f"A model file cannot hold functions of your own: {custom} of step {name!r} is {function!r:.80}. "
            "Apply it to the texts before the pipeline (analyzer=None takes sequences of str tokens), or "
            "pickle the model."
        )
    parameters = {key: as_json(getattr(sequencer, key), f"{key} of {name!r}") for key in OWN}
    parameters |= {
        "stop_words_are_english": isinstance(sequencer.stop_words, str),
        "vocabulary": None
        if sequencer.vocabulary is None
        else "mapping"
        if isinstance(sequencer.vocabulary, Mapping)
        else "terms",
    }
    return TextStep(encoder), parameters, {}


def built(part, where):
    """The sequencer of a `StepContent`."""
    where = f"{where}, step {part.name!r},"
    fields, encoder = Fields(part.parameters, where), part.step.encoder
    own = {
        key: fields.take(key, lambda v: v is None or isinstance(v, bool | int | float | str)) for key in OWN
    }
    are_english = fields.take("stop_words_are_english", is_flag)
    given = fields.take("vocabulary", lambda v: v in (None, "mapping", "terms"))
    fields.end()
    if part.arrays:
        fields.refuse(f"it has unknown tensors, {sorted(part.arrays)}")
    options, words = encoder.analyzer.options(), encoder.analyzer.stop_words
    stop_words = None if words is None else "english" if are_english else sorted(words)
    sequencer = TextSequencer(
        **{**options, "ngram_range": tuple(options["ngram_range"]), **encoder.rules._asdict(), **own},
        stop_words=stop_words,
        vocabulary={None: None, "mapping": dict(encoder.index), "terms": terms_in_order(encoder.index)}[
            given
        ],
        dtype=encoder.dtype.name,
    )
    try:
        sequencer._validate_params()
    except ValueError as error:
        raise ModelFileError(f"{where} is damaged: {str(error)[:300]}") from None
    sequencer.vocabulary_, sequencer.n_tokens_ = encoder.index, len(encoder.index)
    sequencer.lowercase_ = encoder.analyzer.lowercase
    return sequencer
