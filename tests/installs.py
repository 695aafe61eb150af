"""The checkout, and C programs against the headers of an install."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

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
