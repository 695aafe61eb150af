"""Single operations of inference over a packed batch."""

import numpy as np
from gruc.kernels import inference


def weights_of(kind, parameters, D, H, *, width=None, column=0, reverse=False, x_per_step=True):
    """`Weights` of a program of one operation, which reads value 0 and writes value 2 (of cells also 3).

    Value 1 is what a cell starts from. The operation writes H columns from `column` on, of `width`.
    """
    cell = kind in (inference.GRU, inference.GRU_RESET_BEFORE, inference.FIO)
    embeds = kind == inference.EMBED
    y_per_step = x_per_step and (cell or embeds or kind == inference.DENSE)
    width = width or H
    states = 2 * width if kind == inference.FIO else width
    values = [
        (0, per_step, embeds and i == 0, -1, size)
        for i, (per_step, size) in enumerate(
            [(x_per_step, 1 if embeds else D), (False, states), (y_per_step, width), (False, states)]
        )
    ]
    operation = (kind, 0, 1 if cell else -1, 2, 3 if cell else -1, reverse, D, H, column, 0, 0, -1)
    flat = np.concatenate([np.ravel(part) for part in parameters]) if parameters else np.zeros(0)
    program = inference.Program(values, [operation], 2, 2, len(flat))
    return inference.Weights(program, flat)


def gru(batch, weights, reset_after, reverse, *, h=None, state=None, gates=None, column=0):
    """States (B, H) after each sequence's last step; fills h (N, width), from `column` on, and gates (N, 4H)."""
    kind = inference.GRU if reset_after else inference.GRU_RESET_BEFORE
    return cell(kind, batch, weights, reverse, h=h, state=state, gates=gates, column=column)


def cell(kind, batch, weights, reverse, *, h=None, state=None, gates=None, column=0):
    """The same of any cell; states of the cell with forget, input and output gates are (B, 2H)."""
    W_ih, W_hh, *biases = weights
    H, D = W_hh.shape[1], W_ih.shape[1]
    n_states = 2 if kind == inference.FIO else 1
    width = H if h is None else h.shape[1]
    parameters = [W_ih.T, W_hh.T, *[bias for bias in biases if bias is not None]]
    made = weights_of(kind, parameters, D, H, width=width, column=column, reverse=reverse)
    columns = np.concatenate([i * width + column + np.arange(H) for i in range(n_states)])
    initial = None
    if state is not None:
        initial = np.full((len(state), n_states * width), np.nan, W_ih.dtype)
        initial[:, columns] = state
    last = np.empty((len(batch.lengths), n_states * width), W_ih.dtype)
    wanted = [(3, last)] if h is None else [(2, h), (3, last)]
    kept = [] if gates is None else [(0, gates)]
    made.infer([batch.values, initial], wanted, kept, batch.lengths, batch.offsets)
    return last[:, columns]


def affine(x, W, bias):
    """X W + bias, of rows x (m, k)."""
    out = np.empty((len(x), W.shape[1]), x.dtype)
    made = weights_of(inference.DENSE, [W, bias], *W.shape, x_per_step=False)
    steps = np.array([1] * len(x)), np.array([0, len(x)])
    made.infer([x, None], [(2, out)], [], *steps)
    return out


def readout(kind, batch, parameters=(), a=None):
    """What a readout makes of the rows of each sequence; fills a (N,) with weights of attention."""
    F = batch.values.shape[1]
    out = np.empty((len(batch.lengths), F), batch.values.dtype)
    if not parameters:
        parameters = [np.zeros(1, batch.values.dtype)]
    made = weights_of(kind, parameters, F, F)
    made.infer([batch.values, None], [(2, out)], [] if a is None else [(0, a)], batch.lengths, batch.offsets)
    return out
