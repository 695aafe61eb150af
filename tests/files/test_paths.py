"""Files by path: what is written where, all of it or nothing."""

import contextlib
import errno
import os
import pathlib
import socket
import stat
import subprocess
import sys
import threading

import gruc
import pytest
from gruc import files
from problems import same

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
posix = pytest.mark.skipif(os.name != "posix", reason="files as POSIX has them")
# processes that may do everything see no PermissionError
ROOT = os.name == "posix" and os.geteuid() == 0
NOBODY = 65534


@contextlib.contextmanager
def as_nobody(folder):
    """Without root's rights, in a folder of one's own."""
    if not ROOT:
        yield
        return
    os.chown(folder, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def reading(path):
    """Begins to read a FIFO; returns what gives all that came."""
    came = []

    def read():
        with open(path, "rb") as file:
            came.append(file.read())

    thread = threading.Thread(target=read)
    thread.start()

    def result():
        thread.join(30)
        return came[0]

    return result


@posix
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("writer", ["save", "to_c", "to_onnx"])
def test_a_fifo_is_written_to(here, model, writer, linked):
    if writer == "to_onnx":
        pytest.importorskip("onnx")
    os.mkfifo("fifo")
    os.symlink("fifo", "link")
    result = reading("fifo")
    path = "link" if linked else "fifo"
    if writer == "save":
        model.save(path)
        assert same(model, gruc.load(result()))
    else:
        getattr(gruc, writer)(model, path)
        assert len(result()) > 1000
    assert stat.S_ISFIFO(os.stat("fifo").st_mode)
    assert os.path.islink("link")


@pytest.mark.skipif(not ROOT or sys.platform != "linux", reason="only root makes devices")
def test_a_device_is_written_to(here, model):
    try:
        os.mknod("null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        open("null", "wb").close()
    except PermissionError:
        pytest.skip("no devices in this container")
    os.symlink("null", "link")
    for path in ("null", "link"):
        model.save(path)
        gruc.to_c(model, path)
        assert stat.S_ISCHR(os.stat("null").st_mode)
    assert sorted(os.listdir()) == ["link", "null"]


@posix
def test_a_socket_stays(here, model):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(OSError, match="socket"):
            model.save("socket")
    assert stat.S_ISSOCK(os.stat("socket").st_mode)


@posix
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1"])
def test_standard_output_goes_on_where_it_stands(here, path):
    pathlib.Path("log").write_bytes(b"before\n")
    program = "import sys; from gruc import files; files.write(sys.argv[1], b'now\\n')"
    with open("log", "ab") as file:
        subprocess.run([sys.executable, "-c", program, path], stdout=file, check=True)
    assert pathlib.Path("log").read_bytes() == b"before\nnow\n"


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_owner_group_and_mode_stay(here, model):
    model.save("m.gruc")
    os.chown("m.gruc", 1234, 2345)
    os.chmod("m.gruc", 0o640)
    model.save("m.gruc")
    status = os.stat("m.gruc")
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 2345, 0o640)


@posix
def test_another_group_gets_no_more_than_others(here, monkeypatch):
    pathlib.Path("file").write_bytes(b"old")
    os.chmod("file", 0o664)
    old = os.stat("file")

    def elsewhere(descriptor):  # the new file belongs to another group, and cannot be given away
        return os.stat_result([*old[:5], old.st_gid + 1, *old[6:]])

    def refused(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fstat", elsewhere)
    monkeypatch.setattr(os, "fchown", refused)
    files.write("file", b"new")
    assert os.stat("file").st_mode & 0o777 == 0o644


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="Linux has extended attributes")
def test_extended_attributes_stay(here):
    pathlib.Path("file").write_bytes(b"old")
    try:
        os.setxattr("file", "user.kind", b"x")
    except OSError:
        pytest.skip("not on this file system")
    files.write("file", b"new")
    assert os.getxattr("file", "user.kind") == b"x"


@posix
@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM])
def test_where_nothing_can_be_renamed_the_file_is_written_over(here, monkeypatch, number):
    pathlib.Path("file").write_bytes(b"something old")
    inode = os.stat("file").st_ino

    def busy(*_):  # as where a file alone is mounted
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", busy)
    files.write("file", b"new")
    assert pathlib.Path("file").read_bytes() == b"new"
    assert os.stat("file").st_ino == inode

    def full(descriptor):
        if os.fstat(descriptor).st_ino == inode:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device: 'file'"):
        files.write("file", b"something that is longer")
    assert pathlib.Path("file").read_bytes() == b"new"
    assert os.listdir() == ["file"]


@posix
def test_a_writable_file_in_a_folder_that_is_not(here):
    with as_nobody(here):
        pathlib.Path("file").write_bytes(b"old")
        os.chmod(".", 0o500)
        files.write("file", b"new")
        assert pathlib.Path("file").read_bytes() == b"new"
        with pytest.raises(PermissionError, match="Permission denied: 'other'"):
            files.write("other", b"new")
        os.chmod("file", 0o400)
        with pytest.raises(PermissionError, match="Permission denied: 'file'"):
            files.write("file", b"newer")
        assert pathlib.Path("file").read_bytes() == b"new"


@posix
def test_names_as_long_as_the_system_takes_them(here):
    longest = os.pathconf(".", "PC_NAME_MAX")
    for content in (b"new", b"newer"):
        files.write("n" * longest, content)
        assert pathlib.Path("n" * longest).read_bytes() == content
    with pytest.raises(OSError, match="too long"):
        files.write("n" * (longest + 1), b"new")
    deep = "/".join(["d" * 200] * 30)[: os.pathconf(".", "PC_PATH_MAX") - 4]
    os.makedirs(deep)
    for content in (b"new", b"newer"):
        files.write(deep + "/f", content)
        assert pathlib.Path(deep + "/f").read_bytes() == content
    assert os.listdir(deep) == ["f"]


@pytest.mark.parametrize(
    "path, Error, message",
    [
        ("no/folder/m.gruc", FileNotFoundError, "No such folder: 'no/folder/m.gruc'"),
        ("a_folder", IsADirectoryError, "Is a directory: 'a_folder'"),
        ("new/", IsADirectoryError, "Is a directory: 'new/'"),
        ("a_file/m.gruc", NotADirectoryError, "Not a directory: 'a_file/m.gruc'"),
        ("to_nowhere", FileNotFoundError, "No such folder: 'to_nowhere'"),
        ("", FileNotFoundError, "The path is empty: ''"),
        (7, TypeError, "path must be a path .* or a file object opened for writing in binary mode; got 7"),
        (b"m.gruc", TypeError, "path must be a path .* got b'm.gruc'"),
        (None, TypeError, "path must be a path .* got None"),
    ],
)
def test_errors_name_the_path_as_it_was_given(here, model, path, Error, message):
    os.mkdir("a_folder")
    pathlib.Path("a_file").write_bytes(b"old")
    os.symlink("no/folder", "to_nowhere")
    before = sorted(os.listdir())
    for write in (model.save, lambda path: gruc.to_c(model, path)):
        with pytest.raises(Error, match=message):
            write(path)
    assert sorted(os.listdir()) == before


def test_paths_of_other_libraries(here, model):
    class Path:  # as py.path.local, which has read and write too
        def __fspath__(self):
            return "m.gruc"

        def write(self, data):
            raise AssertionError

        read = write

    model.save(Path())
    assert same(model, gruc.load(Path()))
    assert same(model, gruc.load(pathlib.Path("m.gruc")))
