"""Export of fitted models: C, ONNX, torch, Keras; what weights in fewer bits cost."""

from .c_header import CExport, to_c
from .keras import from_keras, to_keras
from .onnx import to_onnx
from .quantization import QuantizationReport, StoredModel, quantization_report
from .skl2onnx import register_skl2onnx
from .torch import from_torch, to_torch

__all__ = [
    "CExport",
    "QuantizationReport",
    "StoredModel",
    "from_keras",
    "from_torch",
    "quantization_report",
    "register_skl2onnx",
    "to_c",
    "to_keras",
    "to_onnx",
    "to_torch",
]
