"""Checkouts that were not built, builds without a compiler, and flags of the environment."""

import os
import runpy
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import gruc
import pytest
from installs import ROOT

pytestmark = pytest.mark.packaging


@pytest.mark.parametrize(
    "arguments, before",
    [
        (["-c", "import gruc.runtime"], "ImportError: "),
        (["-c", "from gruc import GRUClassifier"], "ImportError: "),
        (["-c", "import gruc; gruc.show_config()"], "ImportError: "),
        (["-m", "gruc", "info", "model.gruc"], "gruc: "),
        (["-m", "pytest", "-q"], "ERROR: "),
    ],
)
def test_a_checkout_that_was_not_built_says_what_to_do(not_built, arguments, before):
    """Also where gruc is installed elsewhere: there the checkout comes first."""
    folder, run = not_built
    done = run(*arguments)
    assert done.returncode != 0
    assert done.stderr.rstrip().splitlines()[-1] == (
        f"{before}gruc was imported from {folder / 'gruc'}, which lacks its compiled modules "
        "(gruc.kernels._cyutility, gruc.kernels.inference, gruc.kernels.training, gruc.kernels.blas, gruc.kernels.tiles). "
        "If this is a checkout, build them there with 'pip install -e .', or run from another folder "
        "to import the gruc that is installed."
    )
    if "-c" not in arguments:
        assert "Traceback" not in done.stderr


def test_tests_of_a_checkout_that_was_not_built_beside_an_installed_gruc(not_built):
    """As the script pytest finds it, which does not look in the current folder."""
    folder, _ = not_built
    environment = {**os.environ, "PYTHONPATH": str(Path(gruc.__file__).parent.parent)}
    command = [sys.executable, "-P", "-m", "pytest", "-q", "tests/test_show_config.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode != 0
    (line,) = done.stderr.strip().splitlines()
    assert f"would import {folder / 'gruc'}, which is not built. Build it with 'pip install -e .'" in line
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    command[-1:] = [folder / "tests" / "test_show_config.py", "--collect-only"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=elsewhere, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_frozen_program_without_some_modules_says_which(not_built):
    folder, run = not_built
    for path in (ROOT / "gruc" / "kernels").glob("inference.*"):
        if path.suffix in (".so", ".pyd"):
            shutil.copy(path, folder / "gruc" / "kernels")
    done = run("-c", "import sys; sys.frozen = True; import gruc.runtime")
    last = done.stderr.rstrip().splitlines()[-1]
    assert (
        "(gruc.kernels._cyutility, gruc.kernels.training, gruc.kernels.blas, gruc.kernels.tiles). Name them as hidden"
        in last
    )


def test_a_compiled_module_that_cannot_be_loaded_gives_its_own_error(not_built):
    folder, run = not_built
    for name in ("_cyutility", "inference", "training", "blas", "tiles"):
        (folder / "gruc" / "kernels" / f"{name}{EXTENSION_SUFFIXES[0]}").write_text("damaged")
    done = run("-c", "import gruc.runtime")
    assert done.returncode == 1
    assert "pip install -e" not in done.stderr
    assert "_cyutility" in done.stderr


PRECISE = """
#include <stdio.h>
#include "gruc/gruc.h"
int main(void)
{
    volatile float small = 1e-38f, x = 0.5f;
    float y[] = {x, NAN};
    gruc_map_tanh_f32(y, y, 2);
    printf("%.6f %d %d", (double)y[0], y[1] != y[1], small * 0.1f > 0);
    return 0;
}
"""


@pytest.mark.parametrize(
    "hostile", ["-Ofast", "-O3 -ffast-math", "-funsafe-math-optimizations -ffinite-math-only"]
)
def test_flags_of_the_environment_do_not_change_numbers(hostile, monkeypatch, tmp_path):
    """CFLAGS come before setup.py's own flags, for the compiler and the linker alike."""
    build = pytest.importorskip("Cython.Build")
    setuptools = pytest.importorskip("setuptools")
    if sys.platform == "win32" or shutil.which("cc") is None:
        pytest.skip("no cc")
    given = {}
    monkeypatch.setattr(build, "cythonize", lambda extensions, **settings: extensions)
    monkeypatch.setattr(setuptools, "setup", lambda **settings: given.update(settings))
    monkeypatch.setattr(sys, "argv", ["setup.py", "build_ext"])
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    extension = given["ext_modules"][0]
    (tmp_path / "program.c").write_text(PRECISE)
    compile = [
        "cc",
        *hostile.split(),
        f"-I{ROOT / 'include'}",
        "-c",
        "program.c",
        *extension.extra_compile_args,
    ]
    subprocess.run(compile, cwd=tmp_path, check=True)
    link = ["cc", *hostile.split(), "program.o", "-lm", "-o", "program", *extension.extra_link_args]
    subprocess.run(link, cwd=tmp_path, check=True)
    output = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout
    assert output == "0.462117 1 1"


@pytest.mark.skipif(os.name != "posix", reason="compilers that are shell scripts")
@pytest.mark.parametrize(
    "refused, what",
    [("math.h", "a C compiler"), ("Python.h", "the C headers of Python (Python.h)"), (None, "a C compiler")],
)
def test_a_build_without_a_compiler_says_what_to_install(tmp_path, refused, what):
    """One line, the last, and before anything is built: setup.py stops before it has written a file."""
    compiler = tmp_path / "compiler"
    if refused is not None:
        compiler.write_text(
            f'#!/bin/sh\nfor file in "$@"; do case "$file" in *.c) ! grep -q "{refused}" "$file" || exit 1;; esac; done\n'
        )
        compiler.chmod(0o755)
    environment = {**os.environ, "CC": str(compiler)}
    command = [sys.executable, "setup.py", "build_ext", "--build-lib", tmp_path, "--build-temp", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"gruc cannot be built without {what} (")
    for word in ("Debian", "apt install", "Fedora", "dnf install", "macOS", "xcode-select", "Windows"):
        assert word in line
    assert "-dev;" in line
    assert "python3-devel" in line
