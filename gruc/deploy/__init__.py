"""Models outside the notebook."""

from .c_header import CExport, to_c
from .frameworks import from_keras, from_torch, to_keras, to_torch
from .onnx import to_onnx
from .skl2onnx import register_skl2onnx

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
