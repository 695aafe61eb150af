"""The instructions of AMX as they are compiled, on processors that lack them: a handler of SIGILL does what they would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

tile_kernels = pytest.importorskip("tile_kernels", reason="built beside the source only")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def kernel():
    """Not once for each instruction set."""


@pytest.fixture(scope="session")
def amx_by_signals(tmp_path_factory):
    """The environment of a process that has tiles by signals."""
    if tile_kernels.has_tiles():
        pytest.skip("this processor has tiles, with which test_tiles.py runs")
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    if not {"avx512_bf16", "avx512vl", "avx512bw", "avx512dq"} <= set(flags):
        pytest.skip("no AVX-512 with bfloat16 here, which all processors with AMX have beside it")
    if shutil.which("cc") is None:
        pytest.skip("no cc")
    library = tmp_path_factory.mktemp("amx") / "amx_by_signals.so"
    source = ROOT / "tests" / "amx_by_signals.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", source, "-o", library, "-lm"], check=True)
    return {**os.environ, "AMX_BY_SIGNALS": str(library), "OMP_NUM_THREADS": "1"}


def run(environment, *arguments):
    # pytest's own handler of signals would come in between
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:faulthandler", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_products(amx_by_signals):
    run(amx_by_signals, "tests/kernels/test_tiles.py", "-k", "processor")


def test_networks(amx_by_signals):
    run(amx_by_signals, "tests/network/test_tiles.py")
