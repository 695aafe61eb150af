"""Lists of strings as tensors of a model file: vocabularies are too large for its description."""

import numpy as np

# lone surrogates, as Python's surrogateescape makes them, are kept
ERRORS = "surrogatepass"


def strings_as_arrays(strings, name):
    """The arrays of a list of strings, by name: their bytes in UTF-8, and where each begins and ends."""
    if not strings:
        return {}
    encoded = [text.encode("utf-8", ERRORS) for text in strings]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(part) for part in encoded], out=offsets[1:])
    return {f"{name}.utf8": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.offsets": offsets}


def strings_from_arrays(fields, arrays, name):
    """The strings that `strings_as_arrays` stored, a list; their arrays are popped.

    `fields` are `Fields`, for errors.
    """
    data, offsets = arrays.pop(f"{name}.utf8", None), arrays.pop(f"{name}.offsets", None)
    if data is None and offsets is None:
        return []
    if data is None or offsets is None or data.dtype != np.uint8 or data.ndim != 1:
        fields.refuse(f"{name} is not bytes and their offsets")
    if offsets.dtype != np.int64 or offsets.ndim != 1 or len(offsets) < 2:
        fields.refuse(f"{name} has no valid offsets")
    if offsets[0] != 0 or offsets[-1] != len(data) or (np.diff(offsets) < 0).any():
        fields.refuse(f"{name} has offsets that do not fit its bytes")
    content, bounds = data.tobytes(), offsets.tolist()
    try:
        return [
            content[start:stop].decode("utf-8", ERRORS)
            for start, stop in zip(bounds, bounds[1:], strict=False)
        ]
    except UnicodeDecodeError:
        fields.refuse(f"{name} holds bytes that are not UTF-8")
