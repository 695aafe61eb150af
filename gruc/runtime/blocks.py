"""Steps of streams, as the user gives them."""

from numbers import Real

import numpy as np

from ..sequences import Tokens, integer_array, numeric_array


def as_blocks(x, inputs, m):
    """Steps of m streams as an array (m, k, D): k steps of each, of float64, or tokens of int32.

    Parameters
    ----------
    x : number, array or list
    inputs : Numbers or Tokens
    m : int or None
        None: there is one stream, and x has no axis for it.

    Raises
    ------
    ValueError
        x has another shape, or tokens are not the model's.
    """
    blocks = _of_tokens(x, m) if isinstance(inputs, Tokens) else _of_numbers(x, inputs.n_features, m)
    n_rows, n_steps, n_features = blocks.shape if blocks.ndim == 3 else (0, 0, 0)
    if n_rows != (m or 1) or n_steps == 0 or n_features != inputs.n_features:
        if isinstance(inputs, Tokens):
            expected = "a token or (n_steps,)"
        else:
            expected = f"({inputs.n_features},) or (n_steps, {inputs.n_features})"
        if m is not None:
            expected = f"one of {expected} for each of {m} streams"
        raise ValueError(f"x has shape {np.shape(x)}; expected {expected}.")
    if isinstance(inputs, Tokens):
        wrong = (blocks < 0) | (blocks >= inputs.n_tokens)
        if wrong.any():
            raise ValueError(
                f"x has token {blocks[wrong][0]}, but the model knows tokens 0 to "
                f"{inputs.n_tokens - 1} only. Give such tokens the number of a token that stands for unknown "
                "ones."
            )
        blocks = blocks.astype(np.int32, copy=False)
    return np.ascontiguousarray(blocks)


def _of_numbers(x, n_features, m):
    x = np.float64([x]) if isinstance(x, Real) else numeric_array(x, "x").astype(np.float64, copy=False)
    if m is None:
        return np.atleast_2d(x)[np.newaxis] if x.ndim in (1, 2) else x[np.newaxis]
    if x.shape == (m,) and n_features == 1:
        x = x[:, np.newaxis]
    return x[:, np.newaxis] if x.ndim == 2 else x


def _of_tokens(x, m):
    x = integer_array([x], "x")[0] if np.ndim(x) == 0 else integer_array(x, "x")
    x = x if m is not None else x[np.newaxis]
    if x.ndim == 1:  # a token of each stream
        x = x[:, np.newaxis]
    return x[..., np.newaxis]
