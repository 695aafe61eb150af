"""Set before NumPy and SciPy are loaded; helpers live in tests/helpers.py."""

import ctypes
import os
import sys
from pathlib import Path

import hypothesis
import pytest

# lets scikit-learn's check_array_api_input run instead of skipping
os.environ.setdefault("SCIPY_ARRAY_API", "1")

sys.path.insert(0, str(Path(__file__).parent))

# no deadline: a shared machine may take its time over an example
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=200)  # make test-all
hypothesis.settings.load_profile("quick")


def pytest_collection_modifyitems(items):
    """Builds of distributions come first: they take minutes, and others run beside them."""
    items.sort(key=lambda item: item.get_closest_marker("packaging") is None)


@pytest.fixture(scope="session")
def float_mode(tmp_path_factory):
    """The floating-point mode of a thread: c_programs.FloatMode."""
    from c_programs import float_mode

    return float_mode(tmp_path_factory.mktemp("float_mode"))


@pytest.fixture
def emulated_tiles():
    """Products on tiles of bfloat16 in plain C, as processors with AMX make them, for models made from now on."""
    from gruc import kernels

    tile_kernels = pytest.importorskip("tile_kernels", reason="built beside the source only")
    which = kernels.INSTRUCTION_SETS.index(kernels.available()[-1])
    if "AMX_BY_SIGNALS" in os.environ:  # the instructions themselves: kernels/test_tile_instructions.py
        ctypes.CDLL(os.environ["AMX_BY_SIGNALS"]).amx_by_signals()
        which = tile_kernels.OF_PROCESSOR
    kernels.use_tiles(tile_kernels.provider(which))
    yield
    kernels.select(kernels.selected())
