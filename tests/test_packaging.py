"""sdist, wheel and editable install each carry the headers, and what else is promised."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEADERS = {path.name for path in (ROOT / "include" / "gruc").glob("*.h")}

PROGRAM = """
#include <stdio.h>
#include "gruc/gruc.h"
int main(void)
{
    float x = 0.5f;
    gruc_map_tanh_f32(&x, &x, 1);
    printf("%.6f", (double)x);
    return 0;
}
"""


def compiles_and_runs(include, folder):
    """A user's C program against these headers, warnings being errors."""
    (folder / "program.c").write_text(PROGRAM)
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        pytest.skip("no C compiler")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    command = [compiler, *strict, f"-I{include}", "program.c", "-lm", "-o", "program"]
    subprocess.run(command, cwd=folder, check=True)
    output = subprocess.run([folder / "program"], capture_output=True, text=True, check=True).stdout
    assert output == "0.462117"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An sdist of a clean copy of the tree, and a wheel built from that sdist alone."""
    folder = tmp_path_factory.mktemp("packaging")
    made = (
        ".git",
        ".venv*",
        "build",
        "dist",
        "*.egg-info",
        "*.so",
        "*.c",
        "_blas_int.pxi",
        "__pycache__",
        ".*cache",
    )
    shutil.copytree(ROOT, folder / "tree", ignore=shutil.ignore_patterns(*made))
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", folder / "tree"]
    subprocess.run(command, check=True, capture_output=True)
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return sdist, wheel


def test_sdist(built):
    with tarfile.open(built[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {f"include/gruc/{header}" for header in HEADERS} <= names
    assert {"LICENSE", "README.md", "gruc/kernels/training.pyx", "gruc/kernels/_blas.pxd"} <= names
    # written for the SciPy at hand, by every build anew
    assert "gruc/kernels/_blas_int.pxi" not in names
    assert not [name for name in names if name.endswith((".c", ".so"))]


def test_wheel(built, tmp_path):
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert {f"gruc/include/gruc/{header}" for header in HEADERS} <= names
    assert {"gruc/py.typed", "gruc/kernels/training.pyi", "gruc/estimators/classifier.pyi"} <= names
    assert {"gruc/datasets/data/japanese_vowels.npz", "gruc/datasets/data/japanese_vowels.rst"} <= names
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert built[1].stat().st_size < 1_000_000
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import gruc; from gruc.datasets import "
        "load_japanese_vowels; X, y = load_japanese_vowels(return_X_y=True); "
        "gruc.GRUClassifier(max_iter=1, tol=0).partial_fit(X, y).predict(X); "
        "print(gruc.__file__); print(gruc.get_include())"
    )
    command = [sys.executable, "-I", "-c", program, tmp_path / "site"]
    file, include = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert Path(include) == (tmp_path / "site" / "gruc" / "include").resolve()
    compiles_and_runs(include, tmp_path)


def test_editable_install(built, tmp_path):
    """From the sdist's tree; dependencies and build tools come from this environment."""
    with tarfile.open(built[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.glob("gruc-*")
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("no POSIX virtual environments")
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (packages / "this_environment.pth").write_text(
        "\n".join(p for p in sys.path if p.endswith("site-packages"))
    )
    pip = [sys.executable, "-m", "pip", "--python", python]
    install = [*pip, "install", "--quiet", "--no-build-isolation", "--no-deps", "--editable", tree]
    subprocess.run(install, check=True, capture_output=True)
    program = "import gruc, gruc.kernels.training; print(gruc.__file__); print(gruc.get_include())"
    output = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=True).stdout
    file, include = output.split()
    assert Path(file).parent == (tree / "gruc").resolve()
    assert Path(include) == (tree / "include").resolve()
    compiles_and_runs(include, tmp_path)


def test_this_install_finds_its_headers(tmp_path):
    import gruc

    assert {path.name for path in (Path(gruc.get_include()) / "gruc").glob("*.h")} == HEADERS
    compiles_and_runs(gruc.get_include(), tmp_path)


def test_version_stands_in_one_place():
    from importlib.metadata import version

    import gruc

    assert version("gruc") == gruc.__version__
