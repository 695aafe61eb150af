"""A GRU layer in one direction: parameters, and the inference pass.

The equations stand in include/gruc/layers/gru.body.h.
"""

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
    """

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
            (self.weight_ih, (D, 3 * H)),
            (self.weight_hh, (H, 3 * H)),
            (self.bias_ih, (3 * H,)),
        ]
        if self.reset_after:
            entries.append((self.bias_hh, (3 * H,)))
        return entries

    def initialize(self, parameters, rng):
        """Per gate block: Glorot uniform W_ih, orthogonal W_hh; biases zero, but 1 for z."""
        D, H = self.n_inputs, self.n_units
        for gate in range(3):
            block = slice(gate * H, (gate + 1) * H)
            parameters[self.weight_ih][:, block] = glorot_uniform(rng, (H, D)).T
            parameters[self.weight_hh][:, block] = orthogonal(rng, H).T
        parameters[self.bias_ih][:] = 0
        if self.reset_after:
            parameters[self.bias_hh][:] = 0
        self.set_update_gate_bias(parameters, 1)

    def set_update_gate_bias(self, parameters, bias):
        """Start value of z's bias: a number, or one for each unit.

        A bias of 1 starts z near 0.7, which keeps most of the old state, so that gradients
        reach far back before anything is learned (Jozefowicz, Zaremba and Sutskever 2015,
        for the LSTM's forget gate). benchmarks/learning.py shows what it gains and costs.
        """
        parameters[self.bias_ih][self.n_units : 2 * self.n_units] = bias

    def lay_out(self, builder, x, y, last, column, state0=-1):
        """Append the operation that fills columns of y (N, ...) and last (B, ...) from `column` on."""
        kind = KINDS.GRU if self.reset_after else KINDS.GRU_RESET_BEFORE
        builder.operation(
            kind, x, y, self.weight_ih,
            last=last, x2=state0, reverse=self.reverse, H=self.n_units, column=column,
        )  # fmt: skip


def lay_out_layer(builder, directions, x, state0=-1):
    """Append a layer, its directions side by side; returns its states (N, F) and where they end (B, F)."""
    width = sum(direction.n_units for direction in directions)
    y = builder.like(x, width)
    last = builder.per_sequence(y)
    if state0 >= 0 and builder.values[state0].gradient >= 0:
        builder.share_gradient(state0, last)
    column = 0
    for direction in directions:
        direction.lay_out(builder, x, y, last, column, state0)
        column += direction.n_units
    return y, last
