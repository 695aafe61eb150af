"""Values of Python as a description holds them: what JSON has not is {kind: ...}."""

from numbers import Integral, Real

import numpy as np

from .fields import ModelFileError, quoted


def as_json(value, name, advice=None):
    """A value as JSON holds it, which `from_json` reads.

    Raises
    ------
    TypeError
        A value of a type that a file does not hold; it names `name`, and ends with `advice`, by default that
        for a parameter.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        value = float(value)
        return value if np.isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [as_json(item, name, advice) for item in value]}
    if isinstance(value, (list, np.ndarray)):
        return [as_json(item, name, advice) for item in value]
    if isinstance(value, dict):
        pairs = ((as_json(key, name, advice), as_json(item, name, advice)) for key, item in value.items())
        return {"dict": [[key, item] for key, item in pairs]}
    if advice is None:
        advice = f"Set it to another value with set_params({name}=...), or pickle the model."
    raise TypeError(
        f"A model file holds numbers, strings and lists of them, but {name} is a {type(value).__name__}. "
        f"{advice}"
    )


def from_json(value, where, depth=4):
    """The value that `as_json` described; `where` names the file in errors."""
    if not isinstance(value, (list, dict)):
        return value
    if depth == 0:
        raise ModelFileError(f"{where} is damaged: a value of a parameter is nested too deeply.")
    if isinstance(value, list):
        return [from_json(item, where, depth - 1) for item in value]
    if len(value) == 1:
        match next(iter(value.items())):
            case ("float", ("inf" | "-inf" | "nan") as text):
                return float(text)
            case ("tuple", list(items)):
                return tuple(from_json(item, where, depth - 1) for item in items)
            case ("dict", list(pairs)) if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
                keys = [pair[0] for pair in pairs]
                if all(isinstance(key, (str, int, float)) for key in keys):
                    return {
                        key: from_json(pair[1], where, depth - 1)
                        for key, pair in zip(keys, pairs, strict=True)
                    }
    raise ModelFileError(f"{where} is damaged: {quoted(value)} is not a value of a parameter.")
