"""Models in, files out, messages to a terminal: what commands share."""

import os
import sys
from contextlib import suppress

from .. import files
from ..files import model_file
from ..runtime.model_files import content_of_file


class InputError(ValueError):
    """Data or options that cannot be used; the message says where."""


def read_model(path):
    """The `Content` or `PipelineContent` of a model file, and its size in bytes; "-" is standard input."""
    return read_model_and_storage(path)[:2]


def read_model_and_storage(path):
    """The same, and what its weights are stored as where that is another type than they are read as."""
    if path == "-":
        data, where = sys.stdin.buffer.read(), "standard input"
        return model_file.read(data, content_of_file, where), len(data), model_file.storage_of(data, where)
    return model_file.read(path, content_of_file), os.path.getsize(path), model_file.storage_of(path)


def check_output(output, *inputs):
    """Refuse an output that is one of the inputs (path, what it is), by whatever name or link."""
    for path, what in inputs:
        with suppress(OSError):  # a missing file is reported when it is read
            if os.path.samefile(path, output) and os.path.isfile(path):
                raise InputError(f"{output} is the {what} itself; name another file for the output.")


def write(output, content):
    """Write bytes to a file, completely or, if it is a regular file, not at all; "-" is standard output."""
    if output != "-":
        files.write(output, content, "output")
        return
    sys.stdout.flush()
    files.write(getattr(sys.stdout, "buffer", sys.stdout), content)


def printable(text):
    """Text for a terminal, with control characters escaped."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in str(text)
    )


def progress(message, last=False):
    """Show progress on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{message}", end="\n" if last else " ", file=sys.stderr, flush=True)
