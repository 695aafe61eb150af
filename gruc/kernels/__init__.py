"""Compiled kernels: arrays in, arrays filled, nothing allocated.

`inference` and `training` hold the kernels of include/gruc once for each instruction
set; `select` says which are called, at first the best that this processor has, or
those that the environment variable ``GRUC_KERNEL`` names. `blas` is the plain path over
``scipy.linalg.cython_blas`` that training takes with ``GRUC_KERNEL=blas``; nothing else
loads SciPy. `tiles` makes products of GRU layers in bfloat16 on processors with AMX. `training`,
`blas` and `tiles` are loaded when first asked for.
"""

import os
import sys
from importlib.util import find_spec

# The compiled modules. Each is also imported by name below: tools that freeze a program (PyInstaller,
# cx_Freeze, Nuitka) read import statements, and see none inside an extension.
_EXTENSIONS = ("_cyutility", "inference", "training", "blas", "tiles")


def _without_extensions():
    """The error to raise where compiled modules cannot be found, or None where all are there."""
    missing = [f"{__name__}.{name}" for name in _EXTENSIONS if find_spec(f"{__name__}.{name}") is None]
    if not missing:
        return None
    frozen = hasattr(sys, "frozen") or "__compiled__" in globals()  # the latter is Nuitka's
    return ImportError(
        f"gruc was imported from {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}, which lacks "
        f"its compiled modules ({', '.join(missing)}). "
        + (
            "Name them as hidden imports to the tool that froze this program."
            if frozen
            else "If this is a checkout, build them there with 'pip install -e .', or run from another "
            "folder to import the gruc that is installed."
        )
    )


try:
    from . import (  # type: ignore[attr-defined]
        _cyutility,  # noqa: F401  the others load it
        inference,
    )
except ImportError:
    if (explained := _without_extensions()) is not None:
        raise explained from None
    raise  # they are there, and something else is wrong

__all__ = [
    "INSTRUCTION_SETS",
    "PRECISIONS",
    "available",
    "blas",
    "checked_precision",
    "has_tiles",
    "inference",
    "parts_of",
    "select",
    "selected",
    "tiles",
    "training",
    "use_tiles",
]

# in the order of include/gruc/extensions/instruction_sets.h, oldest first
INSTRUCTION_SETS = ("baseline", "avx2", "avx512")

# of matrix products, the most exact one first
PRECISIONS = ("highest", "high", "medium")

_state: dict = {}


def available():
    """Names of the instruction sets that this processor has, oldest first."""
    return [name for i, name in enumerate(INSTRUCTION_SETS) if inference.has(i)]


def select(name=None):
    """Call these kernels from now on.

    Weights that were packed before are of no more use: select before a network is made.

    Parameters
    ----------
    name : {"baseline", "avx2", "avx512", "blas"} or None
        None for the best that this processor has. With "blas" training goes the plain
        path over BLAS; inference, which never does, takes the best.

    Raises
    ------
    ValueError
        An unknown name, or kernels that this processor cannot run.
    """
    if name is not None and name not in (*INSTRUCTION_SETS, "blas"):
        raise ValueError(f"GRUC_KERNEL is {name!r}; expected one of {[*INSTRUCTION_SETS, 'blas']}.")
    if name in INSTRUCTION_SETS and name not in available():
        raise ValueError(
            f"GRUC_KERNEL is {name!r}, which this processor does not have; it has {available()}."
        )
    instruction_set = available()[-1] if name in (None, "blas") else name
    index = INSTRUCTION_SETS.index(instruction_set)
    provider = _load("blas").provider() if name == "blas" else None
    _state.update(selected=name or instruction_set)
    _state.pop("tiles", None)
    _use(index, provider, None)


def _use(index, over_blas, tiles):
    """Call these kernels, in the extensions that are loaded and in those to come."""
    _state.update(in_use=(index, over_blas, tiles))
    inference.use(index, tiles)
    if f"{__name__}.training" in sys.modules:
        sys.modules[f"{__name__}.training"].use(index, over_blas, tiles)


def use_tiles(provider):
    """Make products on these tiles from now on, where that is exact enough: `tiles.provider()`, or None."""
    index, over_blas, _ = _state["in_use"]
    _state["tiles"] = provider
    _use(index, over_blas, provider)


def has_tiles():
    """Whether products can be made on tiles of bfloat16.

    They can with the kernels for AVX-512, on a processor with AMX whose operating system grants its tiles: it
    is asked for them the first time.
    """
    if "tiles" not in _state:
        use_tiles(_load("tiles").provider() if selected() == INSTRUCTION_SETS[-1] else None)
    return _state["tiles"] is not None


def checked_precision(matmul_precision):
    """`matmul_precision`, if it is one of `PRECISIONS`."""
    if not isinstance(matmul_precision, str) or matmul_precision not in PRECISIONS:
        raise ValueError(f"matmul_precision must be 'highest', 'high' or 'medium'; got {matmul_precision!r}.")
    return matmul_precision


def parts_of(matmul_precision, dtype):
    """Numbers of bfloat16 that stand for one where products are made on tiles; 0 where they are not.

    Parameters
    ----------
    matmul_precision : {"highest", "high", "medium"}
    dtype : numpy dtype
        Of the weights.
    """
    if matmul_precision == "highest" or dtype != "float32" or not has_tiles():
        return 0
    return 2 if matmul_precision == "high" else 1


def selected():
    """Name of the kernels that training calls."""
    return _state["selected"]


def _in_use():
    """What `training.use` is told, by `select` and when it is loaded."""
    return _state["in_use"]


def _load(name):
    """The extension `training`, `blas` or `tiles`."""
    try:
        # 'from . import training' would look for the name here first, and so call __getattr__
        if name == "training":
            import gruc.kernels.training
        elif name == "tiles":
            import gruc.kernels.tiles
        else:
            import gruc.kernels.blas  # noqa: F401
    except ImportError:
        if (explained := _without_extensions()) is not None:
            raise explained from None
        raise
    return sys.modules[f"{__name__}.{name}"]


def __getattr__(name):
    if name in ("training", "blas", "tiles"):
        return _load(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


select(os.environ.get("GRUC_KERNEL") or None)
