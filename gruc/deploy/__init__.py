"""Models outside the notebook."""

from .frameworks import from_keras, from_torch, to_keras, to_torch
from .onnx import to_onnx
from .saving import load, save

__all__ = ["from_keras", "from_torch", "load", "save", "to_keras", "to_onnx", "to_torch"]
