"""gruc: gated recurrent units in scikit-learn's style.

Hand-written kernels train and run gated recurrent units without a
deep-learning framework. ``import gruc`` loads nothing heavy; names come when
first asked for.
"""

import os
import sys
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from . import datasets, deploy, inspection, plotting, preprocessing, runtime, sequences
    from ._show_config import show_config
    from .deploy import (
        from_keras,
        from_torch,
        register_skl2onnx,
        to_c,
        to_keras,
        to_onnx,
        to_torch,
    )
    from .estimators import (
        GRUClassifier,
        GRUForecaster,
        GRULanguageModel,
        GRURegressor,
        GRUSeq2Seq,
        GRUStepRegressor,
        GRUTagger,
        GRUTransformer,
    )
    from .files import ModelFileError
    from .saving import load, save

__all__ = [
    "GRUClassifier",
    "GRUForecaster",
    "GRULanguageModel",
    "GRURegressor",
    "GRUSeq2Seq",
    "GRUStepRegressor",
    "GRUTagger",
    "GRUTransformer",
    "ModelFileError",
    "__version__",
    "datasets",
    "deploy",
    "from_keras",
    "from_torch",
    "get_include",
    "inspection",
    "load",
    "plotting",
    "preprocessing",
    "register_skl2onnx",
    "runtime",
    "save",
    "sequences",
    "show_config",
    "to_c",
    "to_keras",
    "to_onnx",
    "to_torch",
]

_PLACES = {
    "GRUClassifier": "estimators",
    "GRUForecaster": "estimators",
    "GRULanguageModel": "estimators",
    "GRURegressor": "estimators",
    "GRUSeq2Seq": "estimators",
    "GRUStepRegressor": "estimators",
    "GRUTagger": "estimators",
    "GRUTransformer": "estimators",
    "ModelFileError": "files",
    "from_keras": "deploy",
    "from_torch": "deploy",
    "load": "saving",
    "register_skl2onnx": "deploy",
    "save": "saving",
    "to_c": "deploy",
    "to_keras": "deploy",
    "to_onnx": "deploy",
    "to_torch": "deploy",
    "show_config": "_show_config",
}
_MODULES = {"datasets", "deploy", "inspection", "plotting", "preprocessing", "runtime", "sequences"}


def get_include() -> str:
    """Return the include directory for C compilers, for ``#include "gruc/gruc.h"``.

    Returns
    -------
    str

    Examples
    --------
    >>> import os, gruc
    >>> os.path.exists(os.path.join(gruc.get_include(), "gruc", "gruc.h"))
    True
    """
    package = os.path.dirname(os.path.realpath(__file__))
    # beside the code in a wheel, beside the package in a checkout
    installed = os.path.join(package, "include")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "include")


def _load(module: str):
    """A module of this package, loaded now if it was not before."""
    # Statements rather than importlib.import_module: tools that freeze a program (PyInstaller, cx_Freeze,
    # Nuitka) see these. And not 'from . import': it looks for the name here first, and calls __getattr__.
    match module:
        case "_show_config":
            import gruc._show_config
        case "datasets":
            import gruc.datasets
        case "deploy":
            import gruc.deploy
        case "estimators":
            import gruc.estimators
        case "files":
            import gruc.files
        case "inspection":
            import gruc.inspection
        case "plotting":
            import gruc.plotting
        case "preprocessing":
            import gruc.preprocessing
        case "runtime":
            import gruc.runtime
        case "saving":
            import gruc.saving
        case "sequences":
            import gruc.sequences  # noqa: F401
    return sys.modules[f"{__name__}.{module}"]


def __getattr__(name: str):
    if name not in _PLACES and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = _load(_PLACES.get(name, name))
    except ModuleNotFoundError as error:
        if error.name not in ("sklearn", "scipy"):
            raise
        raise ImportError(
            f"gruc.{name} needs scikit-learn and SciPy: pip install scikit-learn. Without them gruc.runtime "
            "predicts with models that were saved."
        ) from error
    return getattr(module, name) if name in _PLACES else module


def __dir__():
    return __all__
