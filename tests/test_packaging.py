"""sdist, wheel and editable install each carry the headers, and what else is promised."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from email import message_from_string
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import distribution
from pathlib import Path

import gruc
import numpy as np
import pytest
from problems import vowels

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "gruc"
HEADERS = {path.relative_to(INCLUDE).as_posix() for path in INCLUDE.rglob("*.h")}

PROGRAM = """
#include <stdio.h>
#include "gruc/gruc.h"
#include "gruc/exported.h"
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
    assert not [name for name in names if name.endswith(".so") or re.match(r"gruc/.*\.c$", name)]


def test_sdist_holds_the_tests_and_what_the_readme_links_to(built):
    with tarfile.open(built[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    ours = [path for folder in ("tests", "docs", "examples") for path in (ROOT / folder).rglob("*")]
    made = ("__pycache__", ".hypothesis", ".pytest_cache")
    for path in ours:
        if path.is_file() and not set(path.parts) & set(made):
            assert path.relative_to(ROOT).as_posix() in names
    for page in ("README.md", "CONTRIBUTING.md"):
        links = re.findall(r"\]\s*\(([^)#:]+)\)", (ROOT / page).read_text())
        assert links
        assert not set(links) - names
    assert not [name for name in names if "__pycache__" in name]


def test_wheel(built, tmp_path):
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    headers = {name.removeprefix("gruc/include/gruc/") for name in names if name.endswith(".h")}
    assert headers == included_from("gruc.h", "exported.h")
    assert {"gruc/py.typed", "gruc/kernels/training.pyi", "gruc/estimators/classifier.pyi"} <= names
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
    assert built[1].stat().st_size < 1_100_000
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
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/deploy/test_formats.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tree)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


# ---- where only NumPy and safetensors are installed


@pytest.fixture(scope="module")
def light(built, tmp_path_factory):
    """The Python of an environment with the wheel, NumPy and safetensors, and nothing else."""
    folder = tmp_path_factory.mktemp("light")
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("no POSIX virtual environments")
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    for name in ("numpy", "safetensors"):  # no network: those of this environment
        installed = distribution(name)
        for part in {path.parts[0] for path in installed.files} - {".."}:
            (packages / part).symlink_to(installed.locate_file(part))
    pip = [sys.executable, "-m", "pip", "--python", python]
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps", built[1]]
    subprocess.run(install, check=True, capture_output=True)
    return python


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A directory with model.gruc and X.npz, and the model's probabilities."""
    from gruc import GRUClassifier

    monkeypatch.chdir(tmp_path)
    X, y = vowels()
    model = GRUClassifier((6,), frame_length=2, max_iter=2, tol=0, random_state=0).partial_fit(X, y)
    model.save("model.gruc")
    np.savez("X.npz", **{f"s{i:02}": x for i, x in enumerate(X)})
    return model.predict_proba(X)


def answer(python, *arguments):
    """Standard output of a Python that sees neither the checkout nor this environment's packages."""
    done = subprocess.run([python, "-I", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_runtime_needs_numpy_and_safetensors_alone(light, saved):
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import gruc.runtime
import numpy as np

assert gruc.__file__.startswith(sys.prefix)
assert not any(map(find_spec, ("scipy", "sklearn", "joblib", "threadpoolctl")))
with np.load("X.npz") as archive:
    X = [archive[name] for name in archive.files]
predictor = gruc.runtime.load("model.gruc")
proba = predictor.predict_proba(X)

streams = np.empty_like(proba)
for i, x in enumerate(X):
    stream = predictor.stream()
    for step in x:
        streams[i] = stream.step(step)

with ThreadPoolExecutor(8) as pool:
    parts = [slice(i % 24, i % 24 + 1 + i % 5) for i in range(400)]
    for part, got in zip(parts, pool.map(lambda part: predictor.predict_proba(X[part]), parts)):
        assert np.array_equal(got, proba[part])

np.savez("answers.npz", proba=proba, streams=streams, last=predictor.predict_proba(X[-1:]))
"""
    answer(light, "-c", program)
    with np.load("answers.npz") as answers:
        assert np.array_equal(answers["proba"], saved)
        assert np.array_equal(answers["streams"], saved)
        assert np.array_equal(answers["last"], saved[-1:])


def test_the_command_line_there(light, saved):
    def script(*arguments):
        command = [light.parent / "gruc", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    assert script("--version").stdout == f"gruc {gruc.__version__}\n"
    assert script("info", "model.gruc").stdout == answer(light, "-m", "gruc", "info", "model.gruc")
    done = script("info", "none.gruc")
    assert done.returncode == 1
    assert done.stderr.startswith("gruc: ")
    assert script("--help").stdout.startswith("usage: gruc ")
    assert "kind          GRUClassifier" in answer(light, "-m", "gruc", "info", "model.gruc")
    lines = answer(light, "-m", "gruc", "predict", "model.gruc", "X.npz", "--proba").splitlines()
    rows = np.array([line.split(",")[1:] for line in lines[1:]], "float32")
    assert np.array_equal(rows, saved)
    command = [light, "-I", "-m", "gruc", "export", "model.gruc", "model.onnx", "--to", "onnx"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("gruc: gruc.to_onnx needs scikit-learn and SciPy")


@pytest.mark.parametrize("name", ["GRUClassifier", "load", "to_onnx", "datasets", "preprocessing"])
def test_what_needs_more_says_what(light, name):
    program = f"""
try:
    from gruc import {name}
except ImportError as error:
    print(error)
"""
    assert answer(light, "-c", program) == (
        f"gruc.{name} needs scikit-learn and SciPy: pip install scikit-learn. Without them gruc.runtime "
        "predicts with models that were saved.\n"
    )


def test_this_install_finds_its_headers(tmp_path):
    assert (Path(gruc.get_include()) / "gruc").samefile(INCLUDE)
    compiles_and_runs(gruc.get_include(), tmp_path)


def test_version_stands_in_one_place():
    from importlib.metadata import version

    assert version("gruc") == gruc.__version__


@pytest.fixture
def not_built(tmp_path):
    """A checkout without compiled modules, and how to run Python in it."""
    made = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__")
    shutil.copytree(ROOT / "gruc", tmp_path / "gruc", ignore=made)
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "pyproject.toml", "tests/test_show_config.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)

    return tmp_path, run


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
        "(gruc.kernels._cyutility, gruc.kernels.inference, gruc.kernels.training, gruc.kernels.blas). "
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
    assert "(gruc.kernels._cyutility, gruc.kernels.training, gruc.kernels.blas). Name them as hidden" in last


def test_a_compiled_module_that_cannot_be_loaded_gives_its_own_error(not_built):
    folder, run = not_built
    for name in ("_cyutility", "inference", "training", "blas"):
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
    told = {}
    monkeypatch.setattr(build, "cythonize", lambda extensions, **settings: extensions)
    monkeypatch.setattr(setuptools, "setup", lambda **settings: told.update(settings))
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    extension = told["ext_modules"][0]
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
