"""Writing and reading whole files: by path, or through a binary file object.

Everything that gruc writes for a user goes through `write`: model files, C headers, ONNX graphs and
output of the command line.
"""

import contextlib
import errno
import functools
import io
import os
import re
import stat
import time

__all__ = ["UnexpectedEnd", "check_target", "described", "descriptor_of", "opened", "write"]

# seconds after which a reader or writer that would block is tried again
PAUSE = 0.002

# bytes to read at a time: a header may announce more than the file has
PORTION = 1 << 24

# errors for which a writable file cannot be replaced by a new one: no permission to create files in its
# folder, a file that is a mount point, a temporary name that would be too long
NOT_BESIDE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ENAMETOOLONG}


class UnexpectedEnd(ValueError):
    """A file ends too early, or continues where it should end."""


def _is_path(file):
    return isinstance(file, str) or hasattr(file, "__fspath__")


def described(file):
    """The name of a file in messages: its path, a file object's name, or its type."""
    if _is_path(file):
        return os.fsdecode(file)
    if isinstance(file, (bytes, bytearray, memoryview)):
        return f"the model file given as {type(file).__name__}"
    name = getattr(file, "name", None)
    return name if isinstance(name, str) and name else f"the {type(file).__name__}"


def _path_of(file, argument, also):
    if not _is_path(file):
        raise TypeError(f"{argument} must be a path (str or os.PathLike) or {also}; got {file!r:.60}.")
    path = os.fsdecode(file)
    if not path:
        raise FileNotFoundError(errno.ENOENT, "The path is empty", path)
    return path


# ---- writing


def check_target(target, argument="path"):
    """Raise if `write` does not support this kind of target; nothing is written."""
    if _is_path(target) or not hasattr(target, "write"):
        _path_of(target, argument, "a file object opened for writing in binary mode")
        return
    try:
        if isinstance(target, io.TextIOBase):
            raise TypeError
        target.write(b"")  # text files that are wrapped do not take bytes
    except TypeError:
        raise TypeError(
            f"{argument} is a file object in text mode ({described(target)}), but bytes are written to "
            "it; open it in binary mode: open(..., 'wb')."
        ) from None


def write(target, content, argument="path"):
    """Write a file.

    Parameters
    ----------
    target : str, path-like or binary file object
        A file object is written to at its current position, and neither flushed nor closed. An
        existing path that is not a regular file (a device, a FIFO, /dev/stdout), or a link to one, is
        opened and written to. A regular file is replaced: the new one is written next to it, flushed
        to disk and then renamed, so that at any moment there is either the old or the new file; if
        the process is killed, a part of the new file may remain next to it, as .gruc-*. It keeps
        the mode, the extended attributes (ACLs on Linux) and, if the process has the permission, the
        owner and the group of the old file. If no file can be created next to it (a folder without
        write permission, a file that is a mount point), the old file is overwritten; if that fails,
        its content is restored.
    content : bytes
    argument : str
        Name of the argument in errors.

    Raises
    ------
    TypeError
        `target` is neither a path nor a binary file object.
    OSError
        The file cannot be written; the message has the user's path.
    """
    check_target(target, argument)
    if not _is_path(target):
        _write_all(target, content)
        return
    path = os.fsdecode(target)
    try:
        _write_to_path(path, content)
    except OSError as error:
        if error.errno is None:
            raise
        # never the name of the temporary file
        raise OSError(error.errno, error.strerror, path) from None


def descriptor_of(path):
    """The descriptor of this process that a path such as /dev/stdout or /dev/fd/3 stands for, or None."""
    if os.name != "posix":
        return None
    for _ in range(40):  # links, as the system follows them
        folder, name = os.path.split(path)
        if name.isdecimal():
            folder = os.path.realpath(folder)
            if folder in (f"/proc/{os.getpid()}/fd", "/dev/fd") or re.fullmatch(
                rf"/proc/{os.getpid()}/task/\d+/fd", folder
            ):
                return int(name)
        if not os.path.islink(path):
            return None
        path = os.path.join(folder, os.readlink(path))
    return None


def _write_to_path(path, content):
    number = descriptor_of(path)
    if number is not None:  # opening it again would write from the start of a file that it appends to
        with open(os.dup(number), "wb", buffering=0) as file:
            _write_all(file, content)
        return
    try:
        old = os.stat(path)
    except FileNotFoundError:
        old = None
    if os.path.basename(path) == "" or (old is not None and stat.S_ISDIR(old.st_mode)):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
    if old is not None and not stat.S_ISREG(old.st_mode):
        with open(path, "wb", buffering=0) as file:
            _write_all(file, content)
        return
    place = os.path.realpath(path) if os.path.islink(path) else path
    if old is not None and not _is_at(place, old):  # links in /proc may lead to files without a path
        _write_over(path, content)
        return
    try:
        _replace(place, content, old)
    except OSError as error:
        if old is None:
            if error.errno == errno.ENAMETOOLONG:  # the temporary name is longer
                _write_new(place, content)
                return
            if error.errno == errno.ENOENT:
                raise OSError(error.errno, "No such folder", path) from None
            raise
        if error.errno not in NOT_BESIDE:
            raise
        _write_over(place, content)


def _is_at(place, old):
    try:
        return os.path.samestat(os.stat(place), old)
    except OSError:
        return False


def _replace(path, content, old):
    """Rename a new file to `path`, where `old` is the status of the file that is there, or None."""
    folder, name = os.path.split(path)
    folder = folder or os.curdir
    temporary = os.path.join(folder, f".gruc-{os.urandom(8).hex()}")
    mode = 0o666 if old is None else 0o600  # not readable by those who may not read the old one
    with _new_file(temporary, mode) as file:
        if old is not None and os.name == "posix":
            _copy_attributes(file.fileno(), path, old)
        _write_all(file, content)
        os.fsync(file.fileno())
        file.close()  # Windows cannot rename open files
        os.replace(temporary, path)
    if os.name == "posix":  # the renaming itself, if the folder can be read
        with contextlib.suppress(OSError):
            directory = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)


@contextlib.contextmanager
def _new_file(path, mode=0o666):
    """Context with a new file, which is removed if anything is raised."""
    # no line of Python between the system's file and its object: a signal's handler could lose it there
    opener = functools.partial(os.open, mode=mode)
    try:
        file = open(path, "xb", buffering=0, opener=opener)  # noqa: SIM115
    except BaseException as error:
        if getattr(error, "errno", None) is None:  # not an error of the system: the file may exist
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise
    with file:
        try:
            yield file
        except BaseException:
            file.close()
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise


def _copy_attributes(descriptor, path, old):
    """Give a new file the owner, group, mode and extended attributes of the old one at `path`."""
    new, mode = os.fstat(descriptor), old.st_mode & 0o777
    # the permissions of others, for a group with other permissions than the new file's group
    without_group = (mode & 0o707) | ((mode & 0o007) << 3)
    if new.st_gid != old.st_gid:
        try:
            os.fchown(descriptor, -1, old.st_gid)
        except OSError:
            mode = without_group
    if new.st_uid != old.st_uid:
        with contextlib.suppress(OSError):
            os.fchown(descriptor, old.st_uid, -1)
    attributes = []
    with contextlib.suppress(OSError, AttributeError):  # only on Linux
        attributes = os.listxattr(path)
    os.fchmod(descriptor, mode)
    for name in attributes:
        try:
            os.setxattr(descriptor, name, os.getxattr(path, name))
        except OSError:
            if name == "system.posix_acl_access":  # with it the group bits of the mode have another meaning
                os.fchmod(descriptor, without_group)


def _write_new(path, content):
    with _new_file(path) as file:
        _write_all(file, content)
        os.fsync(file.fileno())


def _write_over(path, content):
    """Overwrite the existing file; if that fails, restore its content."""
    before = None
    with contextlib.suppress(OSError), open(path, "rb") as file:
        before = file.read()
    kept = os.O_TRUNC | os.O_CREAT
    with open(path, "wb", buffering=0, opener=lambda path, flags: os.open(path, flags & ~kept)) as file:
        try:
            _write_all(file, content)
            file.truncate(len(content))
            os.fsync(file.fileno())
        except BaseException:
            if before is not None:
                with contextlib.suppress(OSError):
                    file.seek(0)
                    _write_all(file, before)
                    file.truncate(len(before))
            raise


def _write_all(file, content):
    """Write all of `content`, also through writers that write a part at a time or would block."""
    rest = memoryview(content)
    while rest:
        try:
            n_written = file.write(rest)
        except BlockingIOError as error:
            n_written = error.characters_written if hasattr(error, "characters_written") else 0
            time.sleep(PAUSE)
        else:
            if n_written is None and isinstance(file, io.RawIOBase):  # it would block
                n_written = 0
                time.sleep(PAUSE)
            elif n_written is None:  # other kinds of writers return None and have written all
                return
            elif not 0 < n_written <= len(rest):
                raise OSError(f"{described(file)} returned {n_written} for a write of {len(rest)} bytes.")
        rest = rest[n_written:]


# ---- reading


@contextlib.contextmanager
def opened(source, argument="path"):
    """A `Reader` of a file.

    Parameters
    ----------
    source : str, path-like, binary file object, bytes, bytearray or memoryview
        A file object is read from its current position. Bytes are the file's content, never its path.
    argument : str
        Name of the argument in errors.

    Raises
    ------
    TypeError
        `source` is none of these.
    OSError
        The file cannot be opened.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield Reader(io.BytesIO(source))
    elif not _is_path(source) and hasattr(source, "read"):
        if isinstance(source, io.TextIOBase) or isinstance(source.read(0), str):
            raise TypeError(
                f"{argument} is a file object in text mode ({described(source)}); open it in binary mode: "
                "open(..., 'rb')."
            )
        yield Reader(source, shared=True)
    else:
        path = _path_of(source, argument, "a file object in binary mode, or the file's content as bytes")
        with open(path, "rb", buffering=0) as file:
            yield Reader(file)


class Reader:
    """Reads from a file object, whose reads may be short or return None.

    Nothing is mapped into memory: if another process shortens the file in the meantime, it ends
    early.

    Parameters
    ----------
    file : object
        Has ``read(n)``.
    shared : bool, default=False
        Whether other content may follow, which is not read.
    """

    def __init__(self, file, shared=False):
        self._file, self._shared = file, shared
        self._n_taken = 0

    def take(self, n):
        """The next n bytes; `UnexpectedEnd` if there are fewer."""
        parts, missing = [], n
        while missing and (part := self._read(min(missing, PORTION))):
            parts.append(part)
            missing -= len(part)
            self._n_taken += len(part)
        if missing and self._shared and not self._n_taken:
            raise UnexpectedEnd("it has no content after its current position; seek(0) after writing to it")
        if missing:
            raise UnexpectedEnd(f"it ends after {self._n_taken} bytes, {missing} too early")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end(self):
        """Raise `UnexpectedEnd` if the file continues."""
        if not self._shared and self._read(1):
            raise UnexpectedEnd(f"it continues after {self._n_taken} bytes, where it should end")

    def _read(self, n):
        """From 1 to n bytes; at the end, none."""
        while True:
            with contextlib.suppress(BlockingIOError):
                part = self._file.read(n)
                if part is not None:
                    break
            time.sleep(PAUSE)
        if not isinstance(part, (bytes, bytearray, memoryview)):
            raise TypeError(f"read() of {described(self._file)} returned {type(part).__name__}, not bytes.")
        if len(part) > n:
            raise OSError(f"read({n}) of {described(self._file)} returned {len(part)} bytes.")
        return bytes(part)
