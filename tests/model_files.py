"""Bytes of model files, taken apart and put together."""

import json

import gruc
import pytest
from gruc import ModelFileError
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
