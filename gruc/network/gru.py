"""Layers of cells in one direction: parameters, and their operation.

The equations stand in include/gruc/layers/gru_step.body.h and fio_step.body.h.
"""

import numpy as np

from .parameters import glorot_uniform, orthogonal
from .program import KINDS


class GRULayer:
    """H units over D inputs, one direction.

    Parameters
    ----------
    index : int
        Place in the stack, from 0; part of the parameters' names.
    n_inputs, n_units : int
        D and H.
    reset_after : bool
        Reset gate after the recurrent product (torch, cuDNN; two biases) or
        before it (Cho et al. 2014; one bias).
    reverse : bool
        From each sequence's last step to its first.
    prefix : str
        Of the parameters' names.

    Attributes
    ----------
    gates : dict of str to int
        Slots of the gates and of the candidate among the `n_slots` that inference keeps, H columns each.
    n_states : int
        States that are carried on, H columns each; the first one is what other layers read.
    """

    gates = {"reset": 0, "update": 1, "candidate": 2}
    n_slots = 4
    n_blocks = 3  # of the weights' columns, H each
    n_states = 1
    keeping = 1  # the block of the gate that keeps the old state
    folds_shifts = True  # of x into its biases

    def __init__(self, index, n_inputs, n_units, reset_after=True, reverse=False, prefix="gru"):
        self.n_inputs = n_inputs
        self.n_units = n_units
        self.reset_after = reset_after
        self.reverse = reverse
        suffix = f"l{index}{'_reverse' if reverse else ''}"
        self.weight_ih = f"{prefix}.weight_ih_{suffix}"
        self.weight_hh = f"{prefix}.weight_hh_{suffix}"
        self.bias_ih = f"{prefix}.bias_ih_{suffix}"
        self.bias_hh = f"{prefix}.bias_hh_{suffix}" if reset_after else None

    def entries(self):
        """Names and shapes for the parameter table."""
        D, H = self.n_inputs, self.n_units
        entries = [
            (self.weight_ih, (D, self.n_blocks * H)),
            (self.weight_hh, (H, self.n_blocks * H)),
            (self.bias_ih, (self.n_blocks * H,)),
        ]
        if self.bias_hh is not None:
            entries.append((self.bias_hh, (3 * H,)))
        return entries

    def initialize(self, parameters, rng):
        """Per block: Glorot uniform W_ih, orthogonal W_hh; biases zero, but 1 for the gate that keeps."""
        D, H = self.n_inputs, self.n_units
        for gate in range(self.n_blocks):
            block = slice(gate * H, (gate + 1) * H)
            parameters[self.weight_ih][:, block] = glorot_uniform(rng, (H, D)).T
            parameters[self.weight_hh][:, block] = orthogonal(rng, H).T
        parameters[self.bias_ih][:] = 0
        if self.bias_hh is not None:
            parameters[self.bias_hh][:] = 0
        self.set_update_gate_bias(parameters, 1)

    def set_update_gate_bias(self, parameters, bias):
        """Start value of the bias of the gate that keeps the old state: a number, or one for each unit.

        A bias of 1 starts z of a GRU near 0.7, which keeps most of the old state, so that gradients
        reach far back before anything is learned (Jozefowicz, Zaremba and Sutskever 2015,
        for the LSTM's forget gate). benchmarks/learning.py shows what it gains and costs.
        """
        H, first = self.n_units, self.keeping * self.n_units
        parameters[self.bias_ih][first : first + H] = bias

    @property
    def kind(self):
        """The kind of its operation."""
        return KINDS.GRU if self.reset_after else KINDS.GRU_RESET_BEFORE

    def lay_out(self, builder, x, y, last, column, state0=-1):
        """Append the operation that fills columns of y (N, ...) and last (B, ...) from `column` on."""
        builder.operation(
            self.kind, x, y, self.weight_ih,
            last=last, x2=state0, reverse=self.reverse, H=self.n_units, column=column,
        )  # fmt: skip


class FIOLayer(GRULayer):
    """H units with forget, input and output gates over D inputs, one direction.

    Parameters
    ----------
    index, n_inputs, n_units, reverse, prefix : as of `GRULayer`
    reset_after : bool
        Of a GRU; without effect.
    """

    gates = {"forget": 0, "input": 1, "output": 2, "candidate": 4}
    n_slots = 5
    n_blocks = 4
    n_states = 2  # h, and the candidate of the step before
    keeping = 0
    folds_shifts = False  # b_c is added after the product with f
    kind = KINDS.FIO

    def __init__(self, index, n_inputs, n_units, reset_after=True, reverse=False, prefix="gru"):
        super().__init__(index, n_inputs, n_units, False, reverse, prefix)


CELLS = {"gru": GRULayer, "fio": FIOLayer}


def layer_of(config, index, n_inputs, prefix):
    """The directions of layer `index` of a network whose `named_config` this is."""
    cell, n_units = CELLS[config["cell"]], config["hidden_layer_sizes"][index]
    directions = (False, True) if config["bidirectional"] else (False,)
    return [cell(index, n_inputs, n_units, config["reset_after"], reverse, prefix) for reverse in directions]


def cell_config(reset_after, cell):
    """What describes the cells of a network; of GRUs without their name, as in files that know no others."""
    if cell == "gru":
        return {"reset_after": bool(reset_after)}
    return {"reset_after": True, "cell": cell}


class Cells:
    """What networks do with all their cells: a mix-in over `config` and `cells`, the directions of layers."""

    @property
    def named_config(self):
        """`config` with the name of the cells, whichever they are."""
        return self.config | {"cell": self.config.get("cell", "gru")}

    def set_update_gate_bias(self, parameters, bias):
        """Start the gates that keep the old state at this bias instead of that of `initialize`."""
        for layer in self.cells:
            layer.set_update_gate_bias(parameters, bias)

    def draw_update_gate_bias(self, parameters, n_rows, rng):
        """Chrono initialisation (Tallec and Ollivier 2018) for sequences of up to `n_rows` rows.

        A unit with an update gate of constant z forgets over about 1 / (1 - z) rows, which for
        z = sigmoid(b) is 1 + exp(b). With ``b = log(u)``, u uniform over 1 to n_rows - 1, the
        units' memories are spread evenly over the lengths that there are.
        """
        longest = max(n_rows - 1, 1)
        for layer in self.cells:
            layer.set_update_gate_bias(parameters, np.log(rng.uniform(1, longest, layer.n_units)))


def lay_out_layer(builder, directions, x, state0=-1):
    """Append a layer, its directions side by side; returns its states (N, F) and where they end (B, F ...).

    Behind h of all directions stands what else their cells carry on.
    """
    width = sum(direction.n_units for direction in directions)
    y = builder.like(x, width)
    last = builder.value(width * directions[0].n_states, builder.values[y].clock, per_step=False)
    if state0 >= 0 and builder.values[state0].gradient >= 0:
        builder.share_gradient(state0, last)
    column = 0
    for direction in directions:
        direction.lay_out(builder, x, y, last, column, state0)
        column += direction.n_units
    return y, last
