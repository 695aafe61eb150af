"""The configuration that gruc runs with, for bug reports and questions of speed."""

import importlib.metadata
import platform

from . import kernels, threads
from ._version import __version__


def show_config(mode: str = "stdout") -> dict | None:
    """Print which kernels, threads and libraries gruc uses.

    Parameters
    ----------
    mode : {"stdout", "dict"}, default="stdout"
        "dict" returns the configuration instead of printing it.

    Returns
    -------
    dict or None
        With "dict": ``gruc``, ``python``, ``machine``, ``kernels`` (in use; available on this
        processor; what "high" and "medium" of ``matmul_precision`` are; the BLAS for training with
        ``GRUC_KERNEL=blas``), ``threads`` (for ``n_jobs=None``, at this moment) and versions of the
        ``libraries``.

    Raises
    ------
    ValueError
        `mode` is neither.

    Examples
    --------
    >>> import gruc
    >>> config = gruc.show_config("dict")
    >>> config["kernels"]["in use"] in ("avx512", "avx2", "baseline", "blas")
    True
    """
    if mode not in ("stdout", "dict"):
        raise ValueError(f"mode must be 'stdout' or 'dict'; got {mode!r}.")
    config = {
        "gruc": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "kernels": {
            "in use": kernels.selected(),
            "this processor has": kernels.available(),
            "matmul_precision": _of_products(),
            "BLAS of SciPy": _blas_of_scipy(),
        },
        "threads": threads.n_threads(),
        "libraries": {name: _version(name) for name in ("numpy", "scipy", "scikit-learn", "threadpoolctl")},
    }
    if mode == "dict":
        return config
    for name, value in config.items():
        if isinstance(value, dict):
            print(f"{name}:")
            for key, entry in value.items():
                print(f"  {key}: {', '.join(entry) if isinstance(entry, list) else entry}")
        else:
            print(f"{name}: {value}")
    return None


def _of_products():
    """How products are made where they need not be of the highest precision."""
    if kernels.has_tiles():
        return "high and medium on tiles of bfloat16 (AMX)"
    return "high and medium as highest: neither processor nor operating system grant tiles of bfloat16 (AMX)"


def _version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _blas_of_scipy():
    try:
        import scipy
    except ImportError:
        return "not installed"
    blas = scipy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
