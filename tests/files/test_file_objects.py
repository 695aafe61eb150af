"""File objects: what is written to them, and what is read."""

import codecs
import gzip
import io
import os
import pathlib
import socket
import tempfile
import threading
import zipfile

import gruc
import numpy as np
import pytest
from gruc import ModelFileError, files
from problems import same

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
posix = pytest.mark.skipif(os.name != "posix", reason="files as POSIX has them")


class Partial(io.RawIOBase):
    """Takes and gives some bytes at a time, and sometimes would block."""

    def __init__(self, content=b""):
        self.content, self.n_calls = bytearray(content), 0

    def readable(self):
        return True

    writable = readable

    def write(self, data):
        self.n_calls += 1
        if self.n_calls % 3 == 0:
            return None
        self.content += data[:700]
        return min(len(data), 700)

    def read(self, n=-1):
        self.n_calls += 1
        if n and self.n_calls % 3 == 0:
            return None
        part = bytes(self.content[: min(n, 700)])
        del self.content[: len(part)]
        return part


def test_objects_that_take_and_give_a_part(model, content):
    file = Partial()
    model.save(file)
    assert file.content == content
    assert same(model, gruc.load(file))


def test_a_writer_that_returns_none(content):
    class Silent:
        def __init__(self):
            self.parts = []

        def write(self, data):
            self.parts.append(bytes(data))

    file = Silent()
    files.write(file, content)
    assert b"".join(file.parts) == content


@posix
def test_pipes_that_do_not_wait(model, content):
    """Both ends non-blocking: more than fits into a pipe."""
    many = content * 40
    given, taken = os.pipe()
    for descriptor in (given, taken):
        os.set_blocking(descriptor, False)
    came = []
    with open(taken, "wb", buffering=0) as writer, open(given, "rb", buffering=0) as reader:
        with files.opened(reader) as source:
            thread = threading.Thread(target=lambda: came.append(source.take(len(many))))
            thread.start()
            files.write(writer, many)
            thread.join(30)
        assert came[0] == many
        with open(os.dup(taken), "wb") as buffered:
            model.save(buffered)
        assert same(model, gruc.load(reader))


def test_sockets(model):
    """The end of a model is found without the end of the stream, so that a conversation can go on."""
    a, b = socket.socketpair()
    with a, b, a.makefile("wb") as writer, b.makefile("rb") as reader:
        for _ in range(2):
            model.save(writer)
            writer.write(b"ok")
            writer.flush()
            assert same(model, gruc.runtime.load(reader))
            assert reader.read(2) == b"ok"


def test_archives(here, model):
    with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("m.gruc", "w") as file:
        model.save(file)
    with zipfile.ZipFile("a.zip") as archive, archive.open("m.gruc") as file:
        file.seekable = lambda: False
        assert same(model, gruc.load(file))
    with gzip.open("m.gz", "wb") as file:
        model.save(file)
    with gzip.open("m.gz", "rb") as file:
        assert same(model, gruc.runtime.load(file))


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_content(model, content, form):
    given = form(content)
    for load in (gruc.load, gruc.runtime.load):
        assert same(model, load(given))
    if form is bytearray:  # what is loaded does not see what becomes of it
        loaded = gruc.load(given)
        given[:] = bytes(len(given))
        assert same(model, loaded)


def test_objects_in_memory(model, content):
    file = io.BytesIO()
    file.write(b"before")
    model.save(file)
    model.save(file)
    with pytest.raises(
        ModelFileError, match=r"the BytesIO .* no content after its current position; seek\(0\)"
    ):
        gruc.load(file)
    file.seek(len(b"before"))
    assert same(model, gruc.load(file))
    assert same(model, gruc.runtime.load(file))
    assert file.read() == b""
    with pytest.raises(ModelFileError, match="given as bytes is not a gruc model"):
        gruc.load(b"m.gruc")
    with pytest.raises(ModelFileError, match="it ends after .* too early"):
        gruc.load(content[:-1])
    with pytest.raises(ModelFileError, match="it continues after"):
        gruc.load(content + b"x")


def test_text_is_refused(here, model):
    model.save("m.gruc")
    with (
        open("t.txt", "w") as text,
        codecs.open("c.txt", "w", "utf-8") as of_codecs,
        tempfile.NamedTemporaryFile("w+") as temporary,
    ):
        for file in (text, io.StringIO(), of_codecs, temporary):
            with pytest.raises(TypeError, match=r"path is a file object in text mode .*open\(..., 'wb'\)"):
                model.save(file)
    with open("m.gruc") as text, tempfile.NamedTemporaryFile("w+") as temporary:
        for file in (text, io.StringIO("x"), temporary):
            for load in (gruc.load, gruc.runtime.load):
                with pytest.raises(
                    TypeError, match=r"path is a file object in text mode .*open\(..., 'rb'\)"
                ):
                    load(file)
    for wrong in (7, None, np.zeros(3)):
        with pytest.raises(TypeError, match="path must be a path .* or the file's content as bytes"):
            gruc.load(wrong)


@pytest.mark.parametrize("returns", [-1, 0, 10**9])
def test_a_writer_that_cannot_be_right(content, returns):
    class Odd(io.RawIOBase):
        def write(self, data):
            return returns if len(data) else 0

    with pytest.raises(OSError, match="the Odd returned"):
        files.write(Odd(), content)


def test_exports_take_file_objects(model, here):
    header = io.BytesIO()
    gruc.to_c(model, header)
    gruc.to_c(model, "m.h")
    assert header.getvalue() == pathlib.Path("m.h").read_bytes()
    pytest.importorskip("onnx")
    graph = io.BytesIO()
    gruc.to_onnx(model, graph)
    assert graph.getvalue() == gruc.to_onnx(model).SerializeToString()
