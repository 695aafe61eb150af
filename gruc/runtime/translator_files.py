"""Translators from model files."""

from ..files.estimator_fields import PARAMETERS, take_estimator
from ..files.fields import Fields, ModelFileError, is_count, is_flag
from ..network import ATTENTIONS, EncoderDecoder
from .loading import Content, described_cell, described_parameters
from .symbols import KINDS
from .translator import Translator

# what the file has of a sequencer beside its vocabulary; the estimator reads it
SEQUENCERS = "sequencers"
SIDES = "source", "target"


def translator_content(description, arrays, where):
    """The `Content` of the file of a `GRUSeq2Seq`; errors call the file `where`."""
    own = {name: value for name, value in description.items() if name != SEQUENCERS}
    sequencers = description.get(SEQUENCERS)
    fields = Fields(own, where)
    of_network = {name: array for name, array in arrays.items() if not name.startswith(PARAMETERS)}
    predictor = _described(fields.take_object("predictor"), of_network)
    version, kind, parameters, fitted = take_estimator(fields, arrays)
    if not isinstance(sequencers, dict) or set(sequencers) != set(SIDES):
        fields.refuse(f"{SEQUENCERS} is missing")
    return Content(predictor, version, kind, parameters, fitted | {SEQUENCERS: sequencers})


def _described(fields, arrays):
    """The translator that `Translator.describe` described; `fields` are `Fields`."""
    arrays = dict(arrays)
    of_sides = {
        side: {name.removeprefix(f"{side}."): arrays.pop(name) for name in list(arrays) if _is_of(side, name)}
        for side in SIDES
    }
    network = _described_network(fields.take_object("network"), len(arrays))
    source, target = (_described_symbols(fields.take_object(side), of_sides[side]) for side in SIDES)
    longest = fields.take("max_target_length", is_count)
    fields.end()
    if (source.n_tokens, target.n_tokens) != (network.n_source_inputs, network.n_inputs):
        fields.refuse("its vocabularies do not fit its network")
    parameters = described_parameters(fields.where, arrays, network)
    return Translator(network, parameters, source, target, longest)


def _is_of(side, name):
    return name.startswith((f"{side}.terms.", f"{side}.stop_words."))


def _described_network(fields, n_arrays):
    """The network of a description that comes with `n_arrays` arrays."""
    config = {
        "n_source_inputs": fields.take("n_source_inputs", is_count),
        "n_inputs": fields.take("n_inputs", is_count),
        "hidden_layer_sizes": fields.take_counts("hidden_layer_sizes"),
        "n_outputs": fields.take("n_outputs", is_count),
        "bidirectional": fields.take("bidirectional", is_flag),
        "embedding": fields.take("embedding", is_count),
        "attention": fields.take("attention", _is_attention),
        **described_cell(fields),
    }
    fields.end()
    if 6 * len(config["hidden_layer_sizes"]) > n_arrays:  # before there is an object for each
        raise ModelFileError(f"{fields.where} is damaged: tensors that are missing, of its layers.")
    if config["n_outputs"] != config["n_inputs"]:
        fields.refuse("it has as many outputs as it has tokens of answers")
    try:
        return EncoderDecoder(**config)
    except ValueError as error:
        raise ModelFileError(f"{fields.where} is damaged: {error}") from None


def _is_attention(value):
    return value is None or (isinstance(value, str) and value in ATTENTIONS)


def _described_symbols(fields, arrays):
    """The symbols of one side; their arrays are all used."""
    kind = fields.take("kind", lambda v: isinstance(v, str) and v in KINDS)
    try:
        symbols = KINDS[kind].described(fields, arrays)
    except KeyError as error:  # a special token that the vocabulary lacks
        fields.refuse(f"its vocabulary has no {error}")
    if arrays:
        fields.refuse(f"it has unknown tensors, {sorted(arrays)}")
    return symbols
