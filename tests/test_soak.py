"""The soak, for some seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[1] / "tools" / "soak.py"


@pytest.mark.examples
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory and /proc as Linux has them")
def test_nothing_is_wrong_hangs_or_leaks():
    done = subprocess.run(
        [sys.executable, SOAK, "--seconds", "3"], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
