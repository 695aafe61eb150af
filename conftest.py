"""gruc must be importable; examples in docstrings write their files into a directory of their own."""

from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

import pytest
from _pytest.doctest import DoctestItem

# examples in modules that need a library which is not there
collect_ignore = [] if find_spec("sktime") else ["gruc/adapters/sktime.py"]


def pytest_sessionstart():
    """Where gruc cannot be imported, as in a checkout that was not built, one error, not one a module."""
    try:
        import gruc.kernels
    except ImportError as error:
        raise pytest.UsageError(str(error)) from None
    here = Path(__file__).parent
    if Path.cwd() == here and PathFinder.find_spec("inference", [str(here / "gruc" / "kernels")]) is None:
        raise pytest.UsageError(
            f"gruc is installed at {Path(gruc.__file__).parent}, but the programs that tests start here "
            f"would import {here / 'gruc'}, which is not built. Build it with 'pip install -e .', or run "
            "pytest from another folder to test the gruc that is installed."
        )


@pytest.fixture(autouse=True)
def _examples_write_elsewhere(request, tmp_path_factory, monkeypatch):
    if isinstance(request.node, DoctestItem):
        monkeypatch.chdir(tmp_path_factory.mktemp("doctest"))
