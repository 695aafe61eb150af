"""Writing and reading whole files: by path, or through a binary file object.

Everything that gruc writes for a user goes through `write`: model files, C headers, ONNX graphs and
what the command line is asked to put into a file.
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

# A reader or writer that would block is asked again after so many seconds.
PAUSE = 0.002

# Bytes to ask a reader for at a time: what it promises may be more than it has.
PORTION = 1 << 24

# Why a new file cannot be put in the place of an old one that may itself be written to: no right to make
# files in its folder, a file mounted alone, a name beside it that would be too long.
NOT_BESIDE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ENAMETOOLONG}


class UnexpectedEnd(ValueError):
    """A file ends too early, or goes on where it should end."""


def _is_path(given):
    return isinstance(given, str) or hasattr(given, "__fspath__")


def described(given):
    """What to call a file in messages: its path, a file object's name, or what it is."""
    if _is_path(given):
        return os.fsdecode(given)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return f"the model file given as {type(given).__name__}"
    name = getattr(given, "name", None)
    return name if isinstance(name, str) and name else f"the {type(given).__name__}"


def _path_of(given, argument, also):
    if not _is_path(given):
        raise TypeError(f"{argument} must be a path (str or os.PathLike) or {also}; got {given!r:.60}.")
    path = os.fsdecode(given)
    if not path:
        raise FileNotFoundError(errno.ENOENT, "The path is empty", path)
    return path


# ---- writing


def check_target(target, argument="path"):
    """Raise where `write` could not write to a target of this kind; nothing is written."""
    if _is_path(target) or not hasattr(target, "write"):
        _path_of(target, argument, "a file object opened for writing in binary mode")
        return
    try:
        if isinstance(target, io.TextIOBase):
            raise TypeError
        target.write(b"")  # text files that are wrapped do not take bytes
    except TypeError:
        raise TypeError(
            f"{argument} is a file object in text mode ({described(target)}), and what is written to it is "
            "bytes; open it in binary mode, as open(..., 'wb')."
        ) from None


def write(target, content, argument="path"):
    """Write a file.

    Parameters
    ----------
    target : str, path-like or binary file object
        A file object is written to from where it stands, and neither flushed nor closed. A path of
        what exists and is no regular file (a device, a FIFO, /dev/stdout), or a link to it, is opened and
        written to. A regular file is replaced: the new one is written beside it, flushed to the disk
        and then renamed, so that whatever happens at any moment leaves the old one or the new one;
        if the process is killed in between, with a part of the new one beside it, as .gruc-*. It keeps the
        mode, the extended attributes (ACLs on Linux) and, where the process may give files away,
        the owner and the group of the old one. Where there can be no file beside it (a folder without
        write permission, a file that is mounted alone), the old one is written over; if that fails, its
        content is put back.
    content : bytes
    argument : str
        What the user knows `target` as, for errors.

    Raises
    ------
    TypeError
        Not a path or binary file object.
    OSError
        It cannot be written; the message has the path as the user gave it.
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
        # never the name of a file that the user has not heard of
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
    if number is not None:  # opening it anew would write from the start of a file that it appends to
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
    if old is not None and not _is_at(place, old):  # links of /proc lead to what has no path
        _write_over(path, content)
        return
    try:
        _replace(place, content, old)
    except OSError as error:
        if old is None:
            if error.errno == errno.ENAMETOOLONG:  # the name beside it is the longer one
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
    beside = os.path.join(folder, f".gruc-{os.urandom(8).hex()}")
    mode = 0o666 if old is None else 0o600  # nobody opens it who may not read the old one
    with _new_file(beside, mode) as file:
        if old is not None and os.name == "posix":
            _liken(file.fileno(), path, old)
        _write_all(file, content)
        os.fsync(file.fileno())
        file.close()  # Windows renames no open files
        os.replace(beside, path)
    if os.name == "posix":  # the renaming itself, where the folder may be read
        with contextlib.suppress(OSError):
            directory = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)


@contextlib.contextmanager
def _new_file(path, mode=0o666):
    """A file that is new, and is gone again if anything is raised inside."""
    # No line of Python lies between the system's file and its object: a signal's handler could lose it there.
    opener = functools.partial(os.open, mode=mode)
    try:
        file = open(path, "xb", buffering=0, opener=opener)  # noqa: SIM115
    except BaseException as error:
        if getattr(error, "errno", None) is None:  # no error of the system: the file may be there
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


def _liken(descriptor, path, old):
    """Give a new file the owner, group, mode and extended attributes of the old one at `path`."""
    new, mode = os.fstat(descriptor), old.st_mode & 0o777
    # what others may do, for a group that had other rights than the new file's group
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
    with contextlib.suppress(OSError, AttributeError):  # Linux has them
        attributes = os.listxattr(path)
    os.fchmod(descriptor, mode)
    for name in attributes:
        try:
            os.setxattr(descriptor, name, os.getxattr(path, name))
        except OSError:
            if name == "system.posix_acl_access":  # beside it the mode's group bits mean another thing
                os.fchmod(descriptor, without_group)


def _write_new(path, content):
    with _new_file(path) as file:
        _write_all(file, content)
        os.fsync(file.fileno())


def _write_over(path, content):
    """Write into the file that is there; if that fails, put back what it held."""
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
    """All of `content`, through writers that take a part of it at a time or would block."""
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
            elif n_written is None:  # writers of other making say nothing, and have written all
                return
            elif not 0 < n_written <= len(rest):
                raise OSError(f"{described(file)} says that it has written {n_written} of {len(rest)} bytes.")
        rest = rest[n_written:]


# ---- reading


@contextlib.contextmanager
def opened(source, argument="path"):
    """A `Reader` of a file.

    Parameters
    ----------
    source : str, path-like, binary file object, bytes, bytearray or memoryview
        A file object is read from where it stands. Bytes are the file's content, never its path.
    argument : str
        What the user knows `source` as, for errors.

    Raises
    ------
    TypeError
        None of these.
    OSError
        It cannot be opened.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield Reader(io.BytesIO(source))
    elif not _is_path(source) and hasattr(source, "read"):
        if isinstance(source, io.TextIOBase) or isinstance(source.read(0), str):
            raise TypeError(
                f"{argument} is a file object in text mode ({described(source)}); open it in binary mode, as "
                "open(..., 'rb')."
            )
        yield Reader(source, shared=True)
    else:
        path = _path_of(source, argument, "a file object in binary mode, or the file's content as bytes")
        with open(path, "rb", buffering=0) as file:
            yield Reader(file)


class Reader:
    """Takes bytes from a file object, whose reads may be short or find nothing yet.

    Nothing is mapped into memory: if another process shortens the file meanwhile, it ends early,
    and that is all.

    Parameters
    ----------
    file : object
        Has ``read(n)``.
    shared : bool, default=False
        Whether something else may follow in it, which is left there.
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
            raise UnexpectedEnd("it holds nothing after its current position; seek(0) after writing to it")
        if missing:
            raise UnexpectedEnd(f"it ends after {self._n_taken} bytes, {missing} too early")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end(self):
        """Raise `UnexpectedEnd` if the file goes on."""
        if not self._shared and self._read(1):
            raise UnexpectedEnd(f"it goes on after {self._n_taken} bytes, where it should end")

    def _read(self, n):
        """From 1 to n bytes, or none at the end."""
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
