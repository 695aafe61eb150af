"""The file of a model: tensors and a JSON description in a safetensors container.

Nothing in a file is ever executed. What reads it needs NumPy and safetensors alone; what
the description means is for `runtime` (the part "predictor") and `deploy.saving` (the rest).
"""

import contextlib
import json
import os
import re

import numpy as np

__all__ = ["FORMAT", "Fields", "ModelFileError", "labels_as_json", "read", "write"]

# Number of the format that `write` writes. `read` takes all up to it.
FORMAT = 1

# A description may have so many characters: a history of some 100,000 epochs.
LONGEST = 1 << 23

# key of safetensors' metadata under which the description stands
KEY = "gruc"


class ModelFileError(ValueError):
    """A file that is no model of gruc's, is damaged, or was written by a later version."""


class Fields:
    """An object of a description, whose fields are taken one by one until none is left.

    Parameters
    ----------
    values : object
        What the file holds in its place.
    where : str
        What it is, for errors: the file and the object's name.
    """

    def __init__(self, values, where):
        if not isinstance(values, dict):
            raise ModelFileError(f"{where} is damaged: it is no object.")
        self._values, self.where = dict(values), where

    def take(self, name, is_right):
        """The field `name`, for which is_right(value) must hold."""
        if name not in self._values:
            raise ModelFileError(f"{self.where} is damaged: {name} is missing.")
        value = self._values.pop(name)
        if not is_right(value):
            raise ModelFileError(f"{self.where} is damaged: {name} is {_short(value)}.")
        return value

    def take_object(self, name):
        """`Fields` of an object within this one."""
        return Fields(self.take(name, lambda value: isinstance(value, dict)), f"{self.where}, {name},")

    def end(self):
        """Refuse fields that were not taken: a later version may have meant something by them."""
        if self._values:
            raise ModelFileError(
                f"{self.where} holds what this version of gruc does not know: {sorted(self._values)}."
            )


def _short(value):
    text = repr(value)
    return text if len(text) < 60 else text[:60] + "..."


def is_flag(value):
    """Whether a value is true or false."""
    return isinstance(value, bool)


def is_count(value):
    """Whether a value is an integer above 0, small enough for arithmetic on sizes."""
    return type(value) is int and 0 < value < 2**31


# name of a kind of labels in a file: their dtype, and the type of each in JSON
LABELS = {
    "integer": (np.int64, int),
    "string": (np.str_, str),
    "boolean": (np.bool_, bool),
    "float": (np.float64, float),
}


def labels_as_json(classes):
    """Labels (n_classes,) as a description holds them, in `labels_of_json`'s form.

    Raises
    ------
    TypeError
        They are neither numbers, strings nor booleans.
    """
    values = classes.tolist()
    for kind, (_, of_json) in LABELS.items():
        if all(type(value) is of_json for value in values):
            return {"kind": kind, "dtype": classes.dtype.str, "values": values}
    raise TypeError(
        "A model file holds labels that are integers, strings, booleans or floats; these are "
        f"{_short(values)}."
    )


def labels_of_json(fields):
    """Labels from the `Fields` of what `labels_as_json` made."""
    kind = fields.take("kind", LABELS.__contains__)
    dtype, of_json = LABELS[kind]
    values = fields.take("values", lambda v: isinstance(v, list) and all(type(x) is of_json for x in v))
    # what dtype.str gives of such labels: other texts are programs to np.dtype
    name = fields.take("dtype", lambda v: isinstance(v, str) and re.fullmatch(r"[<>|](O|[biufU]\d{1,8})", v))
    fields.end()
    try:
        given = np.dtype(name)
        # "|O" is how NumPy keeps strings in an object array
        fits = (kind == "string" and given.kind == "O") or np.can_cast(given, dtype, "same_kind")
        labels = np.array(values, given) if fits and given.itemsize * len(values) < 10**8 else None
    except (TypeError, ValueError, OverflowError):
        labels = None
    rising = all(a < b for a, b in zip(values, values[1:], strict=False))  # as scikit-learn has classes
    if labels is None or labels.tolist() != values or not rising:
        raise ModelFileError(f"{fields.where} is damaged: labels of {name!r}.")
    return labels


def write(path, description, arrays):
    """Write a file, all of it or nothing.

    Parameters
    ----------
    path : str or path-like
    description : dict
        What `json` holds, without infinities and NaN.
    arrays : dict of str to ndarray
    """
    from safetensors.numpy import save

    text = json.dumps({"format": FORMAT, **description}, allow_nan=False)
    if len(text) > LONGEST:
        raise ValueError(f"The model's history, labels and names take more than {LONGEST} characters.")
    replace(path, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {KEY: text}))


def replace(path, content):
    """Put a file of these bytes in the place of an old one.

    The new file is written beside the old one, flushed to the disk and then renamed, so that
    whatever happens at any moment leaves the old one or the new; and, where the process is killed
    in between, what there is of the new one under a hidden name.
    """
    path = os.path.realpath(path)  # what a link points to
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    try:
        with open(beside, "xb") as file:
            if os.name == "posix" and os.path.exists(path):  # who may read it
                os.fchmod(file.fileno(), os.stat(path).st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    if os.name == "posix":  # the renaming itself, where the folder may be read
        with contextlib.suppress(OSError):
            directory = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)


def read(path):
    """Description and arrays of a file.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    description : dict
    arrays : dict of str to ndarray
        Finite numbers of float32 or float64.

    Raises
    ------
    ModelFileError
    OSError
        The file cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    with open(path, "rb"):  # what cannot be opened is OSError, with the path in it
        pass
    arrays = {}
    try:
        with safe_open(path, "np") as file:
            text = (file.metadata() or {}).get(KEY)
            if text is None:
                raise ModelFileError(f"{path} is a safetensors file, but no model of gruc's.")
            for name in file.keys():  # noqa: SIM118 (no dict)
                if file.get_slice(name).get_dtype() not in ("F32", "F64"):
                    raise ModelFileError(f"{path} is damaged: {name} is not of float32 or float64.")
                arrays[name] = file.get_tensor(name)
    except SafetensorError as error:
        raise ModelFileError(f"{path} is no model of gruc's, or damaged: {error}.") from None
    description = _parsed(text, path)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelFileError(f"{path} is damaged: {name} holds numbers that are not finite.")
    return description, arrays


def _parsed(text, path):
    if len(text) > LONGEST:
        raise ModelFileError(f"{path} is damaged: its description has {len(text)} characters.")

    def refuse(constant):
        raise ValueError(f"{constant} is no number")

    try:
        description = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: its description is no JSON ({error}).") from None
    if not isinstance(description, dict):
        raise ModelFileError(f"{path} is damaged: its description is no object.")
    number = description.pop("format", None)
    if type(number) is not int or number < 1:
        raise ModelFileError(f"{path} is damaged: it has no format number.")
    if number > FORMAT:
        raise ModelFileError(
            f"{path} has format {number}, this version of gruc reads formats up to {FORMAT}; update gruc."
        )
    return description
