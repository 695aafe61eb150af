"""Layers of a fitted network: shapes, parameters, memory, operations."""

from __future__ import annotations

import html
from math import prod
from typing import NamedTuple

from ..network import KINDS


class LayerSummary(NamedTuple):
    """A line of a `Summary`.

    Parameters
    ----------
    name : str
    output : str
        Shape of its output for a sequence of T frames, steps or tokens.
    parameters : int
    bytes : int
        Memory of the parameters.
    operations : int
        Additions and multiplications of its matrix products, per frame, step or token, or per answer.
    each_row : bool
        Whether they are per frame, step or token.
    """

    name: str
    output: str
    parameters: int
    bytes: int
    operations: int
    each_row: bool


class Summary:
    """Layers of a network, as text or, in a notebook, as a table.

    Parameters
    ----------
    title : str
    layers : list of LayerSummary
    notes : list of str
        Remarks below the table.
    row : {"step", "frame", "token"}
        What an input of the network is.
    steps_per_row : int
        Steps of X from one row to the next.

    Attributes
    ----------
    n_parameters : int
    n_bytes : int
        Memory of all parameters.
    operations_per_step : float
        Operations of the layers that run for each frame, divided by the hop between frames.
    operations_per_answer : int
        Operations of the layers that run once per sequence.
    """

    def __init__(
        self,
        title: str,
        layers: list[LayerSummary],
        notes: list[str],
        row: str = "step",
        steps_per_row: int = 1,
    ):
        self.title, self.layers, self.notes, self.row = title, layers, notes, row
        self.n_parameters = sum(layer.parameters for layer in layers)
        self.n_bytes = sum(layer.bytes for layer in layers)
        self._operations_per_row = sum(layer.operations for layer in layers if layer.each_row)
        self.operations_per_step = self._operations_per_row / steps_per_row
        self.operations_per_answer = sum(layer.operations for layer in layers if not layer.each_row)

    HEADS = ("layer", "output", "parameters", "memory", "operations")

    def _per(self, each_row):
        return f"per {self.row}" if each_row else "per answer"

    def _cells(self):
        """Text of all lines of the table, the sums last."""
        lines = [
            (
                layer.name,
                layer.output,
                f"{layer.parameters:,}" if layer.parameters else "",
                bytes_as_text(layer.bytes) if layer.bytes else "",
                f"{layer.operations:,} {self._per(layer.each_row)}" if layer.operations else "",
            )
            for layer in self.layers
        ]
        sums = [(self._operations_per_row, True), (self.operations_per_answer, False)]
        total = " + ".join(f"{n:,} {self._per(each_row)}" for n, each_row in sums if n)
        return [*lines, ("total", "", f"{self.n_parameters:,}", bytes_as_text(self.n_bytes), total)]

    def __str__(self):
        lines = [self.HEADS, *self._cells()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.HEADS))]
        aligns = "<", "<", ">", ">", ">"
        text = [
            "  ".join(
                f"{cell:{align}{width}}" for cell, align, width in zip(line, aligns, widths, strict=True)
            ).rstrip()
            for line in lines
        ]
        rule = "-" * max(map(len, text))
        return "\n".join([self.title, "", text[0], rule, *text[1:-1], rule, text[-1], "", *self.notes])

    __repr__ = __str__

    def _repr_html_(self):
        """A table, for notebooks; colours are those of the page."""
        cell = "padding:0.15em 0.8em;border:none;white-space:nowrap;text-align:"
        aligns = ("left", "left", "right", "right", "right")

        def row(line, tag="td", style=""):
            cells = "".join(
                f'<{tag} style="{cell}{align};{style}">{html.escape(text)}</{tag}>'
                for text, align in zip(line, aligns, strict=True)
            )
            return f"<tr>{cells}</tr>"

        *layers, total = self._cells()
        line = "border-top:1px solid currentColor;"
        notes = "".join(f"<div>{html.escape(note)}</div>" for note in self.notes)
        return (
            '<div style="font-size:90%;margin:0.6em 0">'
            f'<div style="font-weight:bold;margin-bottom:0.3em">{html.escape(self.title)}</div>'
            f'<table style="border-collapse:collapse">{row(self.HEADS, "th")}'
            + "".join(row(layer, style=line if i == 0 else "") for i, layer in enumerate(layers))
            + row(total, style=line + "font-weight:bold")
            + f'</table><div style="margin-top:0.3em">{notes}</div></div>'
        )


def bytes_as_text(n):
    """A number of bytes in the unit that leaves three digits or fewer before the point."""
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"


def summary_of(predictor, name):
    """The `Summary` of a predictor's network, which its title calls `name`."""
    network, config = predictor.network, predictor.config
    itemsize = predictor.parameters.dtype.itemsize
    framing, is_tokens = predictor.inputs.framing, config.get("n_tokens") is not None
    row = "token" if is_tokens else "step" if framing == (1, 1) else "frame"
    rows_in = "(T,)" if is_tokens else f"(T, {predictor.inputs.width})"
    layers = [LayerSummary("input", rows_in, 0, 0, 0, True)]
    layers += [_of_parameters(network, names, itemsize) for names in _names_by_layer(network)]
    if config.get("tied"):  # the vectors of tokens, which are listed as embedding
        n_scores = config["n_outputs"]
        products = 2 * config["n_features"] * n_scores
        layers.append(LayerSummary("head, of the embedding", f"(T, {n_scores})", 0, 0, products, True))
    if network.readouts not in ([], ["attention"]):
        readouts = f"pooling {', '.join(network.readouts)}"
        readout = LayerSummary(readouts, f"({network.head.n_inputs},)", 0, 0, 0, False)
        layers.insert(len(layers) - 1, readout)
    return Summary(_title(predictor, name), layers, _notes(predictor, row), row, framing.hop)


def _title(predictor, name):
    config, inputs, decoding = predictor.config, predictor.inputs, predictor.decoding
    if config.get("n_tokens") is not None:
        reads = f"{config['n_tokens']:,} tokens"
    else:
        n = predictor.n_features_in
        reads = f"{n} feature{'s' * (n > 1)} per step"
        if inputs.framing.length > 1:
            reads += f", frames of {inputs.framing.length} steps, {inputs.framing.hop} apart"
    if decoding.classes is None:
        n, answer = decoding.n_outputs, "value"
    else:
        n, answer = len(decoding.classes), "label" if decoding.multilabel else "class"
    answers = f"{n} {answer}{('es' if answer == 'class' else 's') * (n > 1)}"
    each = " for each step" if predictor.network.answers_each_step else ""
    return f"{name}: {reads} -> {answers}{each}, {predictor.parameters.dtype}"


def _notes(predictor, row):
    notes = [
        f"T is the number of {row}s. An operation is an addition or a multiplication of a matrix product."
    ]
    if not predictor.config["bidirectional"]:
        kept = predictor.network.row_by_row_memory()["states_size"]
        if row != "token":
            kept += predictor.inputs.width  # steps of a frame that is not full yet
        kept = bytes_as_text(kept * predictor.parameters.dtype.itemsize)
        notes.append(f"A stream keeps {kept} for each sequence.")
    return notes


def _names_by_layer(network):
    """Names of the parameters of each layer, both directions together, in the order of the program."""
    groups = {}
    for name, _ in network.table.entries:
        groups.setdefault(_layer_of(name), []).append(name)
    operations = network.program().operations
    return sorted(groups.values(), key=lambda names: _place_of(network, operations, names))


def _layer_of(name):
    """(kind, number or None) of the layer that a parameter belongs to, in all of several networks."""
    if name.startswith("estimators."):  # estimators.0.head.weight
        name = name.split(".", 2)[2]
    kind, _, rest = name.partition(".")
    if kind in ("conv", "norm"):  # conv.0.weight
        return "conv", rest.partition(".")[0]
    numbers = [part[1:] for part in rest.split("_") if part[:1] == "l" and part[1:].isdigit()]
    return kind, numbers[0] if numbers else None  # gru.weight_ih_l0_reverse, head.bias


def _place_of(network, operations, names):
    """The first operation whose weights begin with these parameters."""
    start = network.table.offset(names[0])
    return next(i for i, operation in enumerate(operations) if operation.weights == start)


def _of_parameters(network, names, itemsize):
    program, tables = network.program(), network.table.lookup_tables
    operations, place = program.operations, _place_of(network, program.operations, names)
    y = program.values[operations[place].y]
    shapes = {name: shape for name, shape in network.table.entries if name in names}
    size = sum(map(prod, shapes.values()))
    products = sum(prod(shape) for name, shape in shapes.items() if len(shape) > 1 and name not in tables)
    # weights of attention are worked out for each row, although one row is the answer
    kind, number = _layer_of(names[0])
    shown = network.named_config["cell"] if kind == "gru" else kind
    each_row = y.per_step or kind == "attention"
    stride = program.strides[y.clock] if each_row else 1  # steps that make one of its rows
    if place + 1 < len(operations) and operations[place + 1].kind == KINDS.POOL:
        y = program.values[operations[place + 1].y]
    rows = "T" if program.strides[y.clock] == 1 else f"T / {program.strides[y.clock]}"
    output = f"({rows}, {y.width})" if y.per_step else f"({y.width},)"
    both = ", both directions" if any(name.endswith("_reverse") for name in names) else ""
    several = f", {network.n_estimators} networks" if names[0].startswith("estimators.") else ""
    name = (shown if number is None else f"{shown} {number}") + both + several
    return LayerSummary(name, output, size, size * itemsize, round(2 * products / stride), each_row)
