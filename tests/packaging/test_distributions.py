"""sdist, wheel and editable install each carry the headers, and what else is promised."""

import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import gruc
import pytest
from installs import HEADERS, INCLUDE, ROOT, compiles_and_runs

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(900)]


def included_from(*headers):
    """Names of these headers, and of all that they include."""
    found, left = set(), list(headers)
    while left:
        header = left.pop()
        if header not in found:
            found.add(header)
            for included in re.findall(r'#include "(.+)"', (INCLUDE / header).read_text()):
                path = ((INCLUDE / header).parent / included).resolve()
                left.append(path.relative_to(INCLUDE).as_posix())
    return found


@pytest.mark.xdist_group("wheel")
def test_sdist(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {f"include/gruc/{header}" for header in HEADERS} <= names
    assert {"LICENSE", "README.md", "gruc/kernels/training.pyx", "gruc/kernels/_blas.pxd"} <= names
    # written for the SciPy at hand, by every build anew
    assert "gruc/kernels/_blas_int.pxi" not in names
    assert not [name for name in names if name.endswith(".so") or re.match(r"gruc/.*\.c$", name)]


@pytest.mark.xdist_group("wheel")
def test_sdist_holds_the_tests_and_what_the_readme_links_to(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    ours = [path for folder in ("tests", "docs", "examples") for path in (ROOT / folder).rglob("*")]
    made = ("__pycache__", ".hypothesis", ".pytest_cache")
    for path in ours:
        compiled = path.suffix == ".so" or (path.suffix == ".c" and path.with_suffix(".pyx").exists())
        if path.is_file() and not compiled and not set(path.parts) & set(made):
            assert path.relative_to(ROOT).as_posix() in names
    for page in ("README.md", "CONTRIBUTING.md"):
        links = re.findall(r"\]\s*\(([^)#:]+)\)", (ROOT / page).read_text())
        assert links
        assert not set(links) - names
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.xdist_group("wheel")
def test_wheel(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    headers = {name.removeprefix("gruc/include/gruc/") for name in names if name.endswith(".h")}
    assert headers == included_from("gruc.h", "exported.h", "exported_bfloat16.h", "exported_int8.h")
    assert {"gruc/py.typed", "gruc/kernels/training.pyi", "gruc/estimators/_parameters.pyi"} <= names
    assert {"gruc/datasets/data/japanese_vowels.npz", "gruc/datasets/data/japanese_vowels.rst"} <= names
    (info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
    metadata = message_from_string((tmp_path / "site" / info / "METADATA").read_text())
    assert metadata["License-Expression"] == "BSD-3-Clause AND CC-BY-4.0"
    assert metadata.get_all("License-File") == ["LICENSE", "LICENSES/CC-BY-4.0.txt"]
    texts = [
        (tmp_path / "site" / info / "licenses" / name).read_text()
        for name in metadata.get_all("License-File")
    ]
    assert texts[0].startswith("BSD 3-Clause License")
    assert texts[1].startswith("Attribution 4.0 International")
    assert wheel.stat().st_size < 1_900_000
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


@pytest.mark.xdist_group("editable")
def test_editable_install(sdist, tmp_path):
    """From the sdist's tree; dependencies and build tools come from this environment."""
    with tarfile.open(sdist) as archive:
        # Python 3.11.0 to 3.11.3 have no filters
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
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
    script = subprocess.run([python.parent / "gruc", "--version"], capture_output=True, text=True, check=True)
    assert script.stdout == f"gruc {gruc.__version__}\n"
    # the sdist's tests, with helpers and fixtures
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/files/test_formats.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tree)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_this_install_finds_its_headers(tmp_path):
    assert (Path(gruc.get_include()) / "gruc").samefile(INCLUDE)
    compiles_and_runs(gruc.get_include(), tmp_path)


def test_version_stands_in_one_place():
    from importlib.metadata import version

    assert version("gruc") == gruc.__version__
