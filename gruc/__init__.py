"""gruc: GRU classifiers and regressors in scikit-learn's style.

Hand-written kernels train and run gated recurrent units without a
deep-learning framework. ``import gruc`` loads nothing heavy; names come when
first asked for.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import datasets, plotting, preprocessing, runtime, sequences
    from ._config import show_config
    from .deploy import (
        from_keras,
        from_torch,
        load,
        register_skl2onnx,
        to_c,
        to_keras,
        to_onnx,
        to_torch,
    )
    from .estimators import GRUClassifier, GRURegressor, GRUTransformer
    from .model_file import ModelFileError

__all__ = [
    "GRUClassifier",
    "GRURegressor",
    "GRUTransformer",
    "ModelFileError",
    "__version__",
    "datasets",
    "from_keras",
    "from_torch",
    "get_include",
    "load",
    "plotting",
    "preprocessing",
    "register_skl2onnx",
    "runtime",
    "sequences",
    "show_config",
    "to_c",
    "to_keras",
    "to_onnx",
    "to_torch",
]

_PLACES = {
    "GRUClassifier": ".estimators",
    "GRURegressor": ".estimators",
    "GRUTransformer": ".estimators",
    "ModelFileError": ".model_file",
    "from_keras": ".deploy",
    "from_torch": ".deploy",
    "load": ".deploy",
    "register_skl2onnx": ".deploy",
    "to_c": ".deploy",
    "to_keras": ".deploy",
    "to_onnx": ".deploy",
    "to_torch": ".deploy",
    "show_config": "._config",
}
_MODULES = {"datasets", "plotting", "preprocessing", "runtime", "sequences"}


def get_include() -> str:
    """Directory to put on a C compiler's include path for ``#include "gruc/gruc.h"``.

    Returns
    -------
    str

    Examples
    --------
    >>> import os, gruc
    >>> os.path.exists(os.path.join(gruc.get_include(), "gruc", "gruc.h"))
    True
    """
    package = Path(__file__).resolve().parent
    # beside the code in a wheel, beside the package in a checkout
    installed = package / "include"
    return str(installed if installed.is_dir() else package.parent / "include")


def __getattr__(name: str):
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name], __name__), name)
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
