"""Export of fitted models: C, ONNX, torch, Keras."""

from .c_header import CExport, to_c
from .keras import from_keras, to_keras
from .onnx import to_onnx
from .skl2onnx import register_skl2onnx
from .torch import from_torch, to_torch

__all__ = [
    "CExport",
    "from_keras",
    "from_torch",
    "register_skl2onnx",
    "to_c",
    "to_keras",
    "to_onnx",
    "to_torch",
]
