"""The file of a model: tensors and a JSON description in a safetensors container.

Nothing in a file is ever executed. What reads it needs NumPy alone; what the description means is
for `runtime` (what makes a predictor, and of the rest what can be told without scikit-learn) and
`estimators`.
"""

import json
import re
import reprlib
import zlib
from math import prod

import numpy as np

from . import whole_files as files

__all__ = ["FORMAT", "Fields", "ModelFileError", "as_bytes", "built", "labels_as_json", "quoted", "read"]

# Number of the format that `as_bytes` makes. `read` takes all up to it.
FORMAT = 1

# A description may have so many characters: a history of some 100,000 epochs.
LONGEST = 1 << 23

# The container's header may have so many bytes, and arrays and objects in it, which take memory.
LONGEST_HEADER = 1 << 24
MOST_BRACKETS = 1 << 19

# Keys of safetensors' metadata: under them stand the description, and since version 0.1 its checksum and
# the tensors', which tells damage from accident. It is no signature: who changes a file on purpose
# makes a new one. Versions before it read such files too.
KEY = "gruc"
CHECKSUM = "crc32"

# A label may have so many characters: predictions hold one of the longest for each sequence.
LONGEST_LABEL = 10_000

# of tensors, by safetensors' names
DTYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}

# Errors quote so many characters of what stands in a file.
QUOTED = 60


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
            raise ModelFileError(f"{self.where} is damaged: {name} is {quoted(value)}.")
        return value

    def take_object(self, name):
        """`Fields` of an object within this one."""
        return Fields(self.take(name, lambda value: isinstance(value, dict)), f"{self.where}, {name},")

    def take_counts(self, name, length=None):
        """The list of counts `name`, not empty, or of this length."""

        def is_right(value):
            if not isinstance(value, list) or not all(map(is_count, value)):
                return False
            return len(value) > 0 if length is None else len(value) == length

        return self.take(name, is_right)

    def refuse(self, problem):
        """Raise the error that something is wrong beyond a single field."""
        raise ModelFileError(f"{self.where} is damaged: {problem}.")

    def end(self):
        """Refuse fields that were not taken: a later version may have meant something by them."""
        if self._values:
            raise ModelFileError(
                f"{self.where} holds what this version of gruc does not know: {quoted(list(self._values))}."
            )


_quoting = reprlib.Repr()
_quoting.maxstring = _quoting.maxother = _quoting.maxlong = QUOTED


def quoted(value):
    """A value in Python's notation, cut: large ones are never put into words as a whole."""
    text = _quoting.repr(value)
    return text if len(text) <= QUOTED else text[:QUOTED] + "..."


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
        f"{quoted(values)}."
    )


def labels_of_json(fields, n):
    """The n labels of `Fields` of what `labels_as_json` made.

    Of strings the array has room for the longest, whatever the file says: predictions have that size.
    """
    kind = fields.take("kind", lambda v: isinstance(v, str) and v in LABELS)
    dtype, of_json = LABELS[kind]
    values = fields.take("values", lambda v: isinstance(v, list))
    if len(values) != n:
        raise ModelFileError(
            f"{fields.where} is damaged: classes must be {n}, one an output; got {len(values)}."
        )
    if not all(type(value) is of_json for value in values):
        raise ModelFileError(f"{fields.where} is damaged: values is {quoted(values)}.")
    # what dtype.str gives of such labels: other texts are programs to np.dtype
    name = fields.take("dtype", lambda v: isinstance(v, str) and re.fullmatch(r"[<>|](O|[biufU]\d{1,8})", v))
    fields.end()
    if kind == "string" and max(map(len, values)) > LONGEST_LABEL:
        raise ModelFileError(f"{fields.where} is damaged: a label has more than {LONGEST_LABEL} characters.")
    try:
        given = np.dtype(name)
        if kind == "string" and given.kind == "U":
            labels = np.array(values)
            fits = labels.itemsize <= given.itemsize
        else:  # "|O" is how NumPy keeps strings in an object array
            fits = (kind == "string" and given.kind == "O") or np.can_cast(given, dtype, "same_kind")
            labels = np.array(values, given) if fits else None
    except (TypeError, ValueError, OverflowError):
        fits = False
    rising = all(a < b for a, b in zip(values, values[1:], strict=False))  # as scikit-learn has classes
    if not fits or labels.tolist() != values or not rising:
        raise ModelFileError(f"{fields.where} is damaged: labels of {name!r}.")
    return labels


# ---- what an estimator knows beside its predictor


def _is_number(value):
    return type(value) in (int, float)


def _is_curve(value):
    return isinstance(value, list) and all(map(_is_number, value))


def _is_text(value):
    return isinstance(value, str)


def _is_natural(value):
    return type(value) is int and 0 <= value < 2**63


def _is_uint32_or_none(value):
    return value is None or (type(value) is int and 0 <= value < 2**32)


# fitted values that files written before there were any do not have, and what they were then
ADDED_FITTED = {"split_seed": None, "held_out_digest": None}
KINDS = ("GRUClassifier", "GRURegressor")
FITTED = {
    "n_features_in_": is_count,
    "feature_names_in_": lambda v: v is None or (isinstance(v, list) and all(map(_is_text, v))),
    "fitted_on_table": is_flag,
    "n_iter_": _is_natural,
    "t_": _is_natural,
    "loss_curve_": _is_curve,
    "best_loss_": _is_number,
    "validation_loss_curve_": _is_curve,
    "validation_scores_": _is_curve,
    "validation_epochs_": lambda v: isinstance(v, list) and all(map(is_count, v)),
    "best_iter_": _is_natural,
    "split_seed": _is_uint32_or_none,
    "held_out_digest": _is_uint32_or_none,
    "out_activation_": _is_text,
}
FITTED_OF_REGRESSORS = {
    "loss": _is_text,
    "quantile": lambda v: v is None or (_is_curve(v) and len(v) > 0),
}


def take_estimator(fields):
    """Of a description's `Fields`: version of gruc, kind, parameters and fitted values by name."""
    version = fields.take("gruc_version", lambda v: _is_text(v) and v.isprintable() and len(v) < 40)
    kind = fields.take("kind", lambda v: _is_text(v) and v in KINDS)
    parameters, given = (
        {name: _of_json(value, fields.where) for name, value in fields.take(part, _is_object).items()}
        for part in ("parameters", "fitted")
    )
    fields.end()
    of_fitted = Fields(ADDED_FITTED | given, f"{fields.where}, fitted,")
    names = FITTED | (FITTED_OF_REGRESSORS if kind == "GRURegressor" else {})
    fitted = {name: of_fitted.take(name, is_right) for name, is_right in names.items()}
    of_fitted.end()
    epochs, n_epochs = fitted["validation_epochs_"], fitted["n_iter_"]
    lengths = {len(fitted[name]) for name in ("validation_loss_curve_", "validation_scores_")} | {len(epochs)}
    if len(lengths) > 1 or fitted["best_iter_"] not in {n_epochs, *epochs}:
        raise ModelFileError(f"{fields.where} is damaged: its history contradicts itself.")
    return version, kind, parameters, fitted


def _is_object(value):
    return isinstance(value, dict)


def _of_json(value, where, depth=4):
    """A parameter or fitted value; what JSON does not have is {kind: ...}."""
    if not isinstance(value, (list, dict)):
        return value
    if depth == 0:
        raise ModelFileError(f"{where} is damaged: a value of a parameter holds too much.")
    if isinstance(value, list):
        return [_of_json(item, where, depth - 1) for item in value]
    if len(value) == 1:
        match next(iter(value.items())):
            case ("float", ("inf" | "-inf" | "nan") as text):
                return float(text)
            case ("tuple", list(items)):
                return tuple(_of_json(item, where, depth - 1) for item in items)
            case ("dict", list(pairs)) if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
                keys = [pair[0] for pair in pairs]
                if all(isinstance(key, (str, int, float)) for key in keys):
                    return {
                        key: _of_json(pair[1], where, depth - 1)
                        for key, pair in zip(keys, pairs, strict=True)
                    }
    raise ModelFileError(f"{where} is damaged: {quoted(value)} is no value of a parameter.")


# ---- the container


def as_bytes(description, arrays):
    """The bytes of a file.

    Parameters
    ----------
    description : dict
        What `json` holds, without infinities and NaN.
    arrays : dict of str to ndarray
        Of float32 or float64.
    """
    text = json.dumps({"format": FORMAT, **description}, allow_nan=False)
    if len(text) > LONGEST:
        raise ValueError(f"The model's history, labels and names take more than {LONGEST} characters.")
    header, parts, place = {"__metadata__": {KEY: text, CHECKSUM: _checksum(text, arrays)}}, [], 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):  # all are aligned
        array = arrays[name]
        parts.append(_little_endian(array).tobytes())
        (dtype,) = (key for key, known in DTYPES.items() if known == _little_endian(array).dtype)
        offsets = [place, place + array.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        place += array.nbytes
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    return b"".join([len(encoded).to_bytes(8, "little"), encoded, *parts])


def _little_endian(array):
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def _checksum(text, arrays):
    told = zlib.crc32(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        told = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode(), told)
        told = zlib.crc32(_little_endian(array), told)
    return f"{told:08x}"


def built(source, build, where=None):
    """What build(description, arrays, where) makes of a file; whatever is wrong is a `ModelFileError`.

    Parameters
    ----------
    source : str, path-like, binary file object, bytes, bytearray or memoryview
        See `files.opened`.
    build : callable
    where : str or None
        What messages call the file; None: as `files.described` has it.
    """
    where = files.described(source) if where is None else where
    header, data = _read(source, where)
    try:
        text, checksum, arrays = _content(header, data, where)
        result = build(_parsed(text, where), arrays, where)
        # at the end: what is wrong in particular says more
        if checksum is not None and checksum != _checksum(text, arrays):
            raise ModelFileError(f"{where} is damaged: its content does not have the checksum that it names.")
        return result
    except ModelFileError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ModelFileError(f"{where} is damaged: {str(error)[: 5 * QUOTED]}") from error


def read(source):
    """Description and arrays of a file.

    Parameters
    ----------
    source : str, path-like, binary file object, bytes, bytearray or memoryview

    Returns
    -------
    description : dict
    arrays : dict of str to ndarray
        Finite numbers of float32 or float64, read-only.

    Raises
    ------
    ModelFileError
    TypeError
        Nothing that can be read.
    OSError
        The file cannot be read.
    """
    return built(source, lambda description, arrays, where: (description, arrays))


def _read(source, where):
    """Header and data of a safetensors container, as they are."""
    odd = f"{where} is no model of gruc's, or damaged"
    with files.opened(source) as reader:
        try:
            n = int.from_bytes(reader.take(8), "little")
            if not 2 <= n <= LONGEST_HEADER:
                raise ModelFileError(f"{odd}: it begins with no header of safetensors.")
            header = reader.take(n)
            if header.count(b"[") + header.count(b"{") > MOST_BRACKETS:
                raise ModelFileError(f"{odd}: its header has more than {MOST_BRACKETS} objects.")
            header = _object(header, odd, "its header is")
            data = reader.take(_size_of_data(header, odd))
            reader.end()
        except files.UnexpectedEnd as error:
            raise ModelFileError(f"{odd}: {error}.") from None
    return header, data


def _object(text, odd, subject):
    """The object of a JSON text, which has no NaN or infinity."""

    def refuse(constant):
        raise ValueError(f"{constant} is no number")

    try:
        value = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{odd}: {subject} no JSON ({error}).") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"{odd}: {subject} no object.")
    return value


def _size_of_data(header, odd):
    """Bytes of the tensors of a header, which must follow each other without gaps."""
    places = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        match entry:
            case {"dtype": str(), "shape": list(shape), "data_offsets": [int(start), int(stop)]} if (
                len(entry) == 3 and len(shape) <= 8 and all(type(n) is int and 0 <= n < 2**48 for n in shape)
            ):
                places.append((start, stop))
            case _:
                raise ModelFileError(f"{odd}: its header has no place for {quoted(name)}.")
    size = 0
    for start, stop in sorted(places):
        if start != size or stop < start:
            raise ModelFileError(f"{odd}: its tensors do not follow each other.")
        size = stop
    if size >= 2**48:
        raise ModelFileError(f"{odd}: its tensors would have {size:.3g} bytes.")
    return size


def _content(header, data, where):
    """Description's text, checksum (None in old files) and arrays, all finite, of a container."""
    metadata = header.pop("__metadata__", {})
    text, checksum = metadata.pop(KEY, None), metadata.pop(CHECKSUM, None)
    if not isinstance(text, str):
        raise ModelFileError(f"{where} is a safetensors file, but no model of gruc's.")
    if len(text) > LONGEST:
        raise ModelFileError(f"{where} is damaged: its description has {len(text)} characters.")
    if metadata:  # a damaged name of the checksum is none of an old file
        raise ModelFileError(f"{where} is damaged: it has other metadata, {quoted(list(metadata))}.")
    arrays = {}
    for name, entry in header.items():
        dtype, called = DTYPES.get(entry["dtype"]), name[:QUOTED]
        if dtype is None:
            raise ModelFileError(f"{where} is damaged: {called} is not of float32 or float64.")
        (start, stop), shape = entry["data_offsets"], entry["shape"]
        if prod(shape) * dtype.itemsize != stop - start:
            raise ModelFileError(f"{where} is damaged: {called} has another size than its shape.")
        arrays[name] = np.frombuffer(data, dtype, prod(shape), start).reshape(shape)
        if not np.isfinite(arrays[name]).all():
            raise ModelFileError(f"{where} is damaged: {called} holds numbers that are not finite.")
    return text, checksum, arrays


def _parsed(text, where):
    description = _object(text, f"{where} is damaged", "its description is")
    number = description.pop("format", None)
    if type(number) is not int or number < 1:
        raise ModelFileError(f"{where} is damaged: it has no format number.")
    if number > FORMAT:
        raise ModelFileError(
            f"{where} has format {quoted(number)}, this version of gruc reads formats up to {FORMAT}; update "
            "gruc."
        )
    return description
