"""What is built from a clean copy of the tree, and a checkout that was not built."""

import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution

import pytest
from installs import ROOT


@pytest.fixture(scope="session")
def sdist(tmp_path_factory):
    """An sdist of a clean copy of the tree."""
    folder = tmp_path_factory.mktemp("sdist")
    made = (
        ".git",
        ".venv*",
        "build",
        "dist",
        "*.egg-info",
        "*.so",
        *(
            path.with_suffix(".c").name
            for folder in ("gruc", "tests")
            for path in (ROOT / folder).rglob("*.pyx")
        ),
        "_blas_int.pxi",
        "__pycache__",
        ".*cache",
    )
    shutil.copytree(ROOT, folder / "tree", ignore=shutil.ignore_patterns(*made))
    command = [
        sys.executable,
        "-m",
        "build",
        "--sdist",
        "--no-isolation",
        "--outdir",
        folder,
        folder / "tree",
    ]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def wheel(sdist, tmp_path_factory):
    """A wheel built from the sdist alone."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-build-isolation", "--no-deps", "--no-cache-dir", "--wheel-dir", folder]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, sdist], check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def light(wheel, tmp_path_factory):
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
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True)
    return python


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
