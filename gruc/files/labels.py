"""Labels of classes in a model file's description."""

import re

import numpy as np

from .fields import ModelFileError, quoted

# labels may have this many characters: predictions take the memory of the longest for each sequence
LONGEST_LABEL = 10_000

# dtype of each kind of labels, and the Python type of their JSON values
LABELS = {
    "integer": (np.int64, int),
    "string": (np.str_, str),
    "boolean": (np.bool_, bool),
    "float": (np.float64, float),
}


def labels_as_json(classes):
    """Labels (n_classes,) as an object of a description, which `labels_from_json` reads.

    Raises
    ------
    TypeError
        Labels that are neither numbers, strings nor booleans.
    """
    values = classes.tolist()
    for kind, (_, json_type) in LABELS.items():
        if all(type(value) is json_type for value in values):
            return {"kind": kind, "dtype": classes.dtype.str, "values": values}
    raise TypeError(
        f"A model file can hold labels that are integers, strings, booleans or floats; got {quoted(values)}."
    )


def labels_from_json(fields, n):
    """The n labels of an object that `labels_as_json` made, given as `Fields`.

    An array of strings has the width of the longest, whatever dtype the file has: predictions have
    that width.
    """
    kind = fields.take("kind", lambda v: isinstance(v, str) and v in LABELS)
    dtype, json_type = LABELS[kind]
    values = fields.take("values", lambda v: isinstance(v, list))
    if len(values) != n:
        raise ModelFileError(
            f"{fields.where} is damaged: expected {n} classes, one for each output; got {len(values)}."
        )
    if not all(type(value) is json_type for value in values):
        raise ModelFileError(f"{fields.where} is damaged: values is {quoted(values)}.")
    # the form of dtype.str of such labels: np.dtype also evaluates other texts
    name = fields.take("dtype", lambda v: isinstance(v, str) and re.fullmatch(r"[<>|](O|[biufU]\d{1,8})", v))
    fields.end()
    if kind == "string" and max(map(len, values)) > LONGEST_LABEL:
        raise ModelFileError(f"{fields.where} is damaged: a label has more than {LONGEST_LABEL} characters.")
    try:
        written = np.dtype(name)
        if kind == "string" and written.kind == "U":
            labels = np.array(values)
            fits = labels.itemsize <= written.itemsize
        else:  # "|O": strings in an object array
            fits = (kind == "string" and written.kind == "O") or np.can_cast(written, dtype, "same_kind")
            labels = np.array(values, written) if fits else None
    except (TypeError, ValueError, OverflowError):
        fits = False
    is_sorted = all(a < b for a, b in zip(values, values[1:], strict=False))  # as in scikit-learn
    if not fits or labels.tolist() != values or not is_sorted:
        raise ModelFileError(f"{fields.where} is damaged: labels of {name!r}.")
    return labels
