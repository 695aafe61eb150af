"""gruc must be importable; examples in docstrings write their files into a directory of their own."""

import pytest
from _pytest.doctest import DoctestItem


def pytest_sessionstart():
    """Where gruc cannot be imported, as in a checkout that was not built, one error, not one a module."""
    try:
        import gruc.kernels  # noqa: F401
    except ImportError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture(autouse=True)
def _examples_write_elsewhere(request, tmp_path_factory, monkeypatch):
    if isinstance(request.node, DoctestItem):
        monkeypatch.chdir(tmp_path_factory.mktemp("doctest"))
