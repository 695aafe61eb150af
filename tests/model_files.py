"""Bytes of model files, taken apart and put together."""

import json

import gruc
import numpy as np
import pytest
from gruc import ModelFileError
from hypothesis import strategies as st
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as container_of


def split(content):
    """Description and tensors of a file's bytes."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return json.loads(header["__metadata__"]["gruc"]), tensors_of(content)


def joined(description, tensors):
    return container_of(
        tensors, {"gruc": description if isinstance(description, str) else json.dumps(description)}
    )


def refuses(path, content, message):
    path.write_bytes(content)
    for load in (gruc.load, gruc.runtime.load):
        with pytest.raises(ModelFileError, match=message) as info:
            load(path)
        assert str(path) in str(info.value)


def refuses_changed_tensors(whole, path, change, message):
    """The file `whole` is refused after `change(tensors)`."""
    description, tensors = split(whole)
    tensors = {name: array.copy() for name, array in tensors.items()}
    change(tensors)
    refuses(path, joined(description, tensors), message)


def loads_or_is_refused(content, X):
    """Damaged bytes are refused, or are those of a model that predicts."""
    try:
        model = gruc.load(content)  # which reads what gruc.runtime.load reads, and more
    except ModelFileError:
        return
    try:
        with np.errstate(all="ignore"):
            assert len(model.predict(X)) == len(X)
    except ValueError as error:  # a scale that is a number, but not the model's
        if "too large to compute with" not in str(error):
            raise


def rewritten(path, change):
    """The file again, its description changed."""
    data = path.read_bytes()
    n = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + n])
    description = json.loads(header["__metadata__"]["gruc"])
    change(description)
    header["__metadata__"]["gruc"] = json.dumps(description)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + n :])


def damaged(whole, data):
    """The bytes of a file, with its checksum or without, damaged in up to four ways."""
    content = bytearray(whole if data.draw(st.booleans()) else joined(*split(whole)))
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["cut", "flip", "grow", "splice", "header", "word"]))
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        if kind == "cut":
            del content[at:]
        elif kind == "flip" and content:
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "grow":
            content += data.draw(st.binary(max_size=20))
        elif kind == "splice":
            content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
        elif kind == "header":
            content[:8] = data.draw(st.integers(0, 2**64 - 1)).to_bytes(8, "little")
        else:  # numbers and words of the header for others
            old = data.draw(
                st.sampled_from([b"3", b"1", b"true", b"false", b"F32", b"F64", b"12", b"null", b"last"])
            )
            new = data.draw(
                st.sampled_from([b"0", b"-1", b"99999999999", b"{}", b"[]", b"I64", b"F64", b"1e400", b""])
            )
            content = bytearray(bytes(content).replace(old, new, 1 + at % 3))
    return bytes(content)
