"""States to start from, as the user gives them."""

import numpy as np

from ..sequences import LARGEST, numeric_array


def states_by_layer(given, n, widths, dtype, name):
    """States of n sequences as the user gives them, checked: an array (n, F) of `dtype` for each layer."""
    L, F = len(widths), widths[0]
    if len(set(widths)) == 1:
        array, expected = _numeric(given, name), f"({n}, {L}, {F}) or ({L}, {F})"
        if array.shape not in ((n, L, F), (L, F)):
            raise ValueError(f"{name} has shape {array.shape}; expected {expected}.")
        layers = [array[..., index, :] for index in range(L)]
    else:
        if not isinstance(given, (list, tuple)) or len(given) != L:
            raise ValueError(
                f"{name} must be a list of {L} arrays, one for each layer, since the layers have "
                f"different widths: {', '.join(map(str, widths))}."
            )
        layers = [_numeric(each, f"{name}[{index}]") for index, each in enumerate(given)]
        for index, (array, F) in enumerate(zip(layers, widths, strict=True)):
            if array.shape not in ((n, F), (F,)):
                raise ValueError(f"{name}[{index}] has shape {array.shape}; expected ({n}, {F}) or ({F},).")
    for array in layers:
        outside = ~(np.abs(array) <= LARGEST[dtype])  # NaN too
        if outside.any():
            raise ValueError(
                f"{name} holds {array[outside][0]:g}; states must be finite and no larger than "
                f"{LARGEST[dtype]:.0e}, beyond which {dtype} cannot compute with them."
            )
    return [np.broadcast_to(array.astype(dtype), (n, F)) for array, F in zip(layers, widths, strict=True)]


def _numeric(given, name):
    try:
        return numeric_array(given, name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} is no array of numbers: {error}") from None
