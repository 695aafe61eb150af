"""Layers of a fitted encoder-decoder: shapes, parameters, memory, operations."""

from __future__ import annotations

from math import prod

from .summary import LayerSummary, Summary


class TranslationSummary(Summary):
    """Layers of an encoder-decoder, which run for each input token or for each output token.

    Parameters
    ----------
    title, layers, notes : as of `Summary`

    Attributes
    ----------
    operations_per_step : float
        Operations of the layers that run for each input token.
    operations_per_answer : int
        Operations of the layers that run for each output token, of one hypothesis.
    """

    def __init__(self, title, layers, notes):
        super().__init__(title, layers, notes, row="token")

    def _per(self, each_row):
        return "per input token" if each_row else "per output token"


def translation_summary(translator, name):
    """The `TranslationSummary` of a `Translator`, which its title calls `name`."""
    network, config = translator.network, translator.config
    itemsize, shapes = translator.parameters.dtype.itemsize, dict(network.table.entries)
    n_in, n_out, width = config["n_source_inputs"], config["n_inputs"], config["embedding"]
    cell, layers = network.named_config["cell"], [LayerSummary("X", "(S,)", 0, 0, 0, True)]

    def add(shown, output, names, each_row, products=True):
        sizes = [shapes[each] for each in names]
        size = sum(map(prod, sizes))
        operations = 2 * sum(prod(shape) for shape in sizes if len(shape) > 1) if products else 0
        layers.append(LayerSummary(shown, output, size, size * itemsize, operations, each_row))

    def of(parts):
        return [entry for part in parts for entry, _ in part.entries()]

    add("input embedding", f"(S, {width})", of([network.source_embedding]), True, products=False)
    for i, directions in enumerate(network.encoder):
        both = ", both directions" if len(directions) > 1 else ""
        units = sum(direction.n_units for direction in directions)
        add(f"encoder {cell} {i}{both}", f"(S, {units})", of(directions), True)
    add("output embedding", f"(T, {width})", of([network.embedding]), False, products=False)
    for i, directions in enumerate(network.decoder):
        add(f"decoder {cell} {i}", f"(T, {directions[0].n_units})", of(directions), False)
    notes = [
        "S and T are the numbers of input and output tokens. An operation is an addition or a "
        "multiplication of a product with weights."
    ]
    if config["attention"] is not None:
        shown, read = f"attention {config['attention']}", f"(T, {network.attention.n_features})"
        names = of([network.attention])
        keys = [each for each in names if "key" in each]
        if keys:
            add("attention keys", f"(S, {network.attention.n_queries})", keys, True)
        add(shown, read, [each for each in names if each not in keys], False)
        notes.append(f"Attention takes about {4 * network.attention.n_units:,} S more per output token.")
    add("head", f"(T, {config['n_outputs']})", of([network.head]), False)
    title = f"{name}: {n_in:,} tokens -> {n_out:,} tokens, {translator.parameters.dtype}"
    return TranslationSummary(title, layers, notes)
