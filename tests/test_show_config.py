"""GRUC_KERNEL and show_config."""

import os
import subprocess
import sys

import gruc
import pytest
import scipy
from gruc import kernels


def run(program, **environment):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ | environment
    )


@pytest.mark.parametrize("name", [*kernels.available(), "blas"])
def test_gruc_kernel_forces_one(name):
    result = run("import gruc; gruc.show_config()", GRUC_KERNEL=name)
    assert f"in use: {name}\n" in result.stdout


def test_unknown_kernel():
    result = run("import gruc.runtime", GRUC_KERNEL="sse9")
    assert (
        "ValueError: GRUC_KERNEL is 'sse9'; expected one of ['baseline', 'avx2', 'avx512', 'blas']"
        in result.stderr
    )


def test_kernel_that_the_processor_lacks(monkeypatch):
    monkeypatch.setattr(kernels.inference, "has", lambda i: i == 0)
    with pytest.raises(ValueError, match="'avx512', which this processor does not have; it has"):
        kernels.select("avx512")


def test_the_best_is_taken():
    result = run("import gruc; print(gruc.show_config('dict')['kernels']['in use'])", GRUC_KERNEL="")
    assert result.stdout.strip() == kernels.available()[-1]


def test_show_config(capsys):
    config = gruc.show_config("dict")
    assert config["gruc"] == gruc.__version__
    assert config["threads"] >= 1
    blas = scipy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    assert config["kernels"]["BLAS of SciPy"] == f"{blas['name']} {blas['version']}"
    assert config["libraries"]["scipy"] == scipy.__version__
    assert config["kernels"]["matmul_precision"].startswith(
        "high and medium on tiles" if kernels.has_tiles() else "high and medium as highest"
    )
    assert gruc.show_config() is None
    printed = capsys.readouterr().out
    for text in (
        "gruc: ",
        "in use: ",
        "this processor has: baseline",
        "threads: ",
        "matmul_precision: ",
        "numpy: ",
    ):
        assert text in printed
    with pytest.raises(ValueError, match="mode must be"):
        gruc.show_config("json")


def test_tiles_in_show_config(emulated_tiles):
    assert (
        gruc.show_config("dict")["kernels"]["matmul_precision"]
        == "high and medium on tiles of bfloat16 (AMX)"
    )
