"""C and C++ programs over gruc's headers, by whatever compilers are at hand."""

import contextlib
import ctypes
import functools
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import gruc
import numpy as np
import pytest
from gruc import kernels

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]
STRICT = ["-O2", *WARNINGS]
BUILDS = {
    "baseline": [],
    "one number at a time": ["-DGRUC_NO_VECTORS"],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"],
}
# -O0: every access is there to be checked, and -O2 takes three times as long to compile
SANITIZE = ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
# what runs a program for another processor: Debian's qemu-user
EMULATORS = {"aarch64-linux-gnu-gcc": "qemu-aarch64", "arm-linux-gnueabihf-gcc": "qemu-arm"}


def builds(*cases):
    """Parameters of tests that compile: the first as it is, the others marked `compilers`."""
    rest = (each if isinstance(each, tuple) else (each,) for each in cases[1:])
    return [cases[0], *(pytest.param(*each, marks=pytest.mark.compilers) for each in rest)]


def program_of(text, compiler, build, folder, more=()):
    """A function that gives a program its numbers and returns those that it prints.

    Skips the test where the compiler, the emulator or the instruction set is not there.
    """
    run = _emulator(compiler, build)
    if SANITIZE[-1] in more and not _links(compiler, SANITIZE[1]):
        pytest.skip(f"{compiler} has no sanitizers' library to link: tools/install_test_tools.sh installs it")
    cpp = compiler.endswith("++")
    source = "program.cc" if cpp else "program.c"
    (folder / source).write_text(text)
    subprocess.run(
        [compiler, "-std=c++11" if cpp else "-std=c99", *STRICT, *BUILDS[build], *more, *(["-static"] if run else []),
         f"-I{gruc.get_include()}", source, "-lm", "-o", "program"],
        cwd=folder, check=True,
    )  # fmt: skip

    def program(numbers):
        done = subprocess.run(
            [*run, folder / "program"], input=numbers, capture_output=True, text=True, check=True,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
        ).stdout  # fmt: skip
        return np.array(done.split(), float)

    return program


@functools.cache
def _links(compiler, flag):
    """Whether the compiler makes a program with this flag."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "empty.c"
        source.write_text("int main(void) { return 0; }")
        command = [compiler, flag, source, "-o", source.with_suffix("")]
        return subprocess.run(command, capture_output=True).returncode == 0


def _emulator(compiler, build):
    """The command before a program, a list."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    if compiler != "cc" and _real(compiler) == _real("cc"):
        pytest.skip(f"{compiler} is cc here")
    if compiler in EMULATORS:
        if build.startswith("avx"):
            pytest.skip("not an instruction set of this processor")
        if shutil.which(EMULATORS[compiler]) is None:
            pytest.skip(f"no {EMULATORS[compiler]} to run it")
        return [EMULATORS[compiler]]
    if build.startswith("avx") and build not in kernels.available():
        pytest.skip(f"this processor has no {build}")
    return []


def _real(compiler):
    return os.path.realpath(shutil.which(compiler) or compiler)


FLOAT_MODE = """
#if defined(__x86_64__)
#include <xmmintrin.h>
unsigned long get_mode(void) { return _mm_getcsr() & ~0x3fu; /* without what has happened so far */ }
void set_mode(unsigned long mode) { _mm_setcsr((unsigned)mode); }
#else
unsigned long get_mode(void)
{
    unsigned long mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
void set_mode(unsigned long mode) { __asm__ volatile("msr fpcr, %0" ::"r"(mode)); }
#endif
"""
# bits that make subnormal numbers count as 0
FLUSH = {"x86_64": 0x8040, "aarch64": 1 << 24}


class FloatMode:
    """The floating-point mode of this thread, read and set through a small library of C."""

    def __init__(self, library):
        self._library = library
        library.get_mode.restype = ctypes.c_ulong
        library.set_mode.argtypes = [ctypes.c_ulong]
        usual = self.get()
        self.modes = [usual, usual | FLUSH[platform.machine()]]

    def get(self):
        """The mode, as a number."""
        return self._library.get_mode()

    @contextlib.contextmanager
    def set(self, mode):
        """Within it `mode`, then the mode before."""
        before = self.get()
        self._library.set_mode(mode)
        try:
            yield
        finally:
            self._library.set_mode(before)


def float_mode(folder):
    """A `FloatMode`; skips the test where there is none."""
    if platform.machine() not in FLUSH or shutil.which("cc") is None:
        pytest.skip("no cc, or a processor whose floating-point mode this test cannot read")
    (folder / "mode.c").write_text(FLOAT_MODE)
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "mode.c", "-o", "mode.so"], cwd=folder, check=True)
    return FloatMode(ctypes.CDLL(str(folder / "mode.so")))
