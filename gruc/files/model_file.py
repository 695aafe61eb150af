"""The file of a model: tensors and a JSON description in a safetensors container.

Nothing in a file is ever executed. Reading it needs NumPy alone; what the description means is up
to `runtime`, which makes a predictor without scikit-learn, and `estimators`.
"""

import json
import zlib
from math import prod
from typing import NamedTuple

import numpy as np

from . import whole_files as files
from .fields import QUOTED, ModelFileError, quoted
from .storage import SCALE, STORAGES, Stored, is_matrix, stored

__all__ = ["FORMAT", "as_bytes", "read", "storage_of"]

# number of the latest format; `read` accepts all up to it
FORMAT = 2
# numbers of the formats that `as_bytes` writes: the second has matrices in other types, see `storage`
PLAIN, NARROW = 1, 2

# characters of a description: a history of some 100,000 epochs
MAX_DESCRIPTION = 1 << 23

# bytes of the container's header, and arrays and objects in it, which take memory
MAX_HEADER = 1 << 24
MAX_BRACKETS = 1 << 19

# Keys of safetensors' metadata: the description and, since version 0.1, a checksum of it and of the
# tensors. The checksum detects accidental damage; it is not a signature.
KEY = "gruc"
CHECKSUM = "crc32"

# dtypes of tensors by safetensors' names
DTYPES = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    # of strings
    "U8": np.dtype("u1"),
    "I64": np.dtype("<i8"),
}
# of matrices in files of the second format, by what they are called there; bfloat16 is its bits
NARROW_DTYPES = {
    "F16": ("float16", np.dtype("<f2")),
    "BF16": ("bfloat16", np.dtype("<u2")),
    "I8": ("int8", np.dtype("i1")),
}


def as_bytes(description, arrays, weights=None):
    """The bytes of a file.

    Parameters
    ----------
    description : dict
        What `json` can write, without infinity and NaN.
    arrays : dict of str to ndarray
        Arrays of float32, float64, uint8 or int64.
    weights : str or None
        What matrices among these are stored as, one of `STORAGES`; None: as they are.

    Raises
    ------
    ValueError
        Something is too large for the file, or for the type of weights.
    """
    number = PLAIN
    if weights is not None:
        types = {array.dtype.name for name, array in arrays.items() if is_matrix(name, array)}
        if types != {weights}:
            number, (dtype,) = NARROW, types
            description = {"weights": {"stored": weights, "read": dtype}, **description}
            arrays = stored(arrays, weights)
    text = json.dumps({"format": number, **description}, allow_nan=False)
    if len(text) > MAX_DESCRIPTION:
        raise ValueError(
            f"The model's history, labels and names take more than {MAX_DESCRIPTION} characters."
        )
    header, parts, start = {"__metadata__": {KEY: text, CHECKSUM: _checksum(text, arrays)}}, [], 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):  # so that all are aligned
        array = arrays[name]
        parts.append(_little_endian(array).tobytes())
        (dtype,) = (key for key, known in ALL_DTYPES.items() if known == _little_endian(array).dtype)
        offsets = [start, start + array.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        start += array.nbytes
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    return b"".join([len(encoded).to_bytes(8, "little"), encoded, *parts])


ALL_DTYPES = DTYPES | {key: dtype for key, (_, dtype) in NARROW_DTYPES.items()}


def _little_endian(array):
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def _checksum(text, arrays):
    checksum = zlib.crc32(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        checksum = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode(), checksum)
        checksum = zlib.crc32(_little_endian(array), checksum)
    return f"{checksum:08x}"


def read(source, build=None, where=None):
    """Read a file; whatever is wrong with it is a `ModelFileError`.

    Parameters
    ----------
    source : str, path-like, binary file object, bytes, bytearray or memoryview
        See `files.opened`.
    build : callable or None
        Makes the result: build(description, arrays, where).
    where : str or None
        Name of the file in messages; None: that of `files.described`.

    Returns
    -------
    result : object
        What `build` returns; without it the tuple (description, arrays): a dict, and a dict of
        read-only arrays of the types of `as_bytes` by name, finite.

    Raises
    ------
    ModelFileError
    TypeError
        `source` is none of these.
    OSError
        The file cannot be read.
    """
    where = files.described(source) if where is None else where
    header, data = _read_container(source, where)
    try:
        text, checksum = _metadata(header, where)
        description, kept = _parsed(text, where)
        arrays = _arrays(header, data, where, kept)
        read = arrays if kept is None else _expanded(arrays, kept, where)
        result = (description, read) if build is None else build(description, read, where)
        # last, since a particular error says more
        if checksum is not None and checksum != _checksum(text, arrays):
            raise ModelFileError(f"{where} is damaged: its content does not match its checksum.")
        return result
    except ModelFileError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ModelFileError(f"{where} is damaged: {str(error)[: 5 * QUOTED]}") from error


def _read_container(source, where):
    """Header and data of a safetensors container."""
    problem = f"{where} is not a gruc model, or is damaged"
    with files.opened(source) as reader:
        try:
            n = int.from_bytes(reader.take(8), "little")
            if not 2 <= n <= MAX_HEADER:
                raise ModelFileError(f"{problem}: it does not begin with a safetensors header.")
            header = reader.take(n)
            if header.count(b"[") + header.count(b"{") > MAX_BRACKETS:
                raise ModelFileError(f"{problem}: its header has more than {MAX_BRACKETS} objects.")
            header = _json_object(header, problem, "its header")
            data = reader.take(_data_size(header, problem))
            reader.end()
        except files.UnexpectedEnd as error:
            raise ModelFileError(f"{problem}: {error}.") from None
    return header, data


def _json_object(text, problem, what):
    """The object of a JSON text without NaN and infinity."""

    def refuse(constant):
        raise ValueError(f"{constant} is not a number")

    try:
        value = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{problem}: {what} is not JSON ({error}).") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"{problem}: {what} is not an object.")
    return value


def _data_size(header, problem):
    """Bytes of the tensors of a header, which must be contiguous."""
    ranges = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        match entry:
            case {"dtype": str(), "shape": list(shape), "data_offsets": [int(start), int(stop)]} if (
                len(entry) == 3 and len(shape) <= 8 and all(type(n) is int and 0 <= n < 2**48 for n in shape)
            ):
                ranges.append((start, stop))
            case _:
                raise ModelFileError(f"{problem}: its header has an invalid entry for {quoted(name)}.")
    size = 0
    for start, stop in sorted(ranges):
        if start != size or stop < start:
            raise ModelFileError(f"{problem}: its tensors are not contiguous.")
        size = stop
    if size >= 2**48:
        raise ModelFileError(f"{problem}: its tensors would have {size:.3g} bytes.")
    return size


def storage_of(source, where=None):
    """What matrices of a file are stored as, one of `STORAGES`, or None: as what they are read.

    Raises
    ------
    ModelFileError, OSError
        As `read`, without reading what the file says of its model.
    """
    where = files.described(source) if where is None else where
    header, _ = _read_container(source, where)
    _, kept = _parsed(_metadata(header, where)[0], where)
    return None if kept is None else kept.stored


def _metadata(header, where):
    """Description's text, and checksum (None in old files), of a container."""
    metadata = header.pop("__metadata__", {})
    text, checksum = metadata.pop(KEY, None), metadata.pop(CHECKSUM, None)
    if not isinstance(text, str):
        raise ModelFileError(f"{where} is a safetensors file, but not a gruc model.")
    if len(text) > MAX_DESCRIPTION:
        raise ModelFileError(f"{where} is damaged: its description has {len(text)} characters.")
    if metadata:  # so that a damaged key of the checksum is not taken for an old file
        raise ModelFileError(f"{where} is damaged: it has other metadata, {quoted(list(metadata))}.")
    return text, checksum


def _arrays(header, data, where, kept):
    """Arrays of a container as they are stored, all finite; `kept` is None, or says how matrices are."""
    arrays = {}
    for name, entry in header.items():
        dtype, shown = DTYPES.get(entry["dtype"]), name[:QUOTED]
        narrow, narrow_dtype = NARROW_DTYPES.get(entry["dtype"], (None, None))
        if kept is not None and narrow == kept.stored:
            dtype = narrow_dtype
        if dtype is None:
            raise ModelFileError(f"{where} is damaged: {shown} is neither float32 nor float64.")
        (start, stop), shape = entry["data_offsets"], entry["shape"]
        if prod(shape) * dtype.itemsize != stop - start:
            raise ModelFileError(f"{where} is damaged: {shown} has a size that does not match its shape.")
        arrays[name] = np.frombuffer(data, dtype, prod(shape), start).reshape(shape)
        if not np.isfinite(arrays[name]).all():
            raise ModelFileError(f"{where} is damaged: {shown} contains values that are not finite.")
    return arrays


class _Kept(NamedTuple):
    """What a file of the second format says of its matrices."""

    stored: str  # their type in the file
    dtype: np.dtype  # and when they are read


def _expanded(arrays, kept, where):
    """Arrays of a file of the second format as a model has them."""
    scales = {}
    if kept.stored == "int8":
        names = [name for name, array in arrays.items() if array.dtype == np.int8]
        scales = {name: _scale(arrays, name, where) for name in names}
        arrays = {name: array for name, array in arrays.items() if name.removesuffix(SCALE) not in names} | {
            name: arrays[name] for name in names
        }
    expanded = {}
    for name, array in arrays.items():
        is_narrow = array.dtype in (np.float16, np.uint16, np.int8)
        if is_narrow or (kept.stored == "float32" and is_matrix(name, array)):
            array = Stored(array, scales.get(name)).expanded(kept.dtype)
            if not np.isfinite(array).all():
                raise ModelFileError(
                    f"{where} is damaged: {name[:QUOTED]} contains values that are not finite."
                )
            array.flags.writeable = False
        expanded[name] = array
    return expanded


def _scale(arrays, name, where):
    """Scales of the rows of a matrix of int8."""
    scale, array = arrays.get(name + SCALE), arrays[name]
    if scale is None or scale.dtype != np.float32 or scale.shape != array.shape[:1] or (scale < 0).any():
        raise ModelFileError(f"{where} is damaged: {name[:QUOTED]} has no scales of its rows.")
    return scale


def _parsed(text, where):
    """The description, and a `_Kept` of the second format, or None."""
    description = _json_object(text, f"{where} is damaged", "its description")
    number = description.pop("format", None)
    if type(number) is not int or number < 1:
        raise ModelFileError(f"{where} is damaged: it has no valid format number.")
    if number > FORMAT:
        raise ModelFileError(
            f"{where} has format {quoted(number)}, this version of gruc reads formats up to {FORMAT}; update "
            "gruc."
        )
    if number < NARROW:
        return description, None
    match description.pop("weights", None):
        case {"stored": str(name), "read": "float32" | "float64" as dtype, **others} if not others:
            if name in STORAGES and name != dtype:
                return description, _Kept(name, np.dtype(dtype))
    raise ModelFileError(f"{where} is damaged: it does not say how its weights are stored.")
