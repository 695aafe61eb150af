"""Compiled kernels: arrays in, arrays filled, nothing allocated.

`inference` is loaded at once and never imports SciPy; `training` (which calls
BLAS through ``scipy.linalg.cython_blas``) is loaded when first asked for.
"""

import importlib

try:
    from . import inference
except ImportError as error:
    raise ImportError(
        "gruc's compiled kernels are not beside its Python files. In a checkout, build them there with "
        "'pip install -e .', or run Python from another directory after 'pip install .'."
    ) from error

__all__ = ["inference", "training"]


def __getattr__(name):
    if name == "training":
        return importlib.import_module(".training", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
