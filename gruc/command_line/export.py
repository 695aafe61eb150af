"""gruc export: models for other software."""

import io
import sys

import numpy as np

from .. import files
from ..runtime import PipelinePredictor, Translator
from .common import InputError, check_output, read_model, write


def export(arguments):
    """Write a model in another format."""
    if arguments.float16 and arguments.storage not in (None, "float16"):
        raise InputError(f"--float16 and --storage {arguments.storage} contradict each other. Leave one out.")
    storage = "float16" if arguments.float16 else arguments.storage
    if arguments.to != "c" and (arguments.prefix is not None or storage is not None):
        raise InputError(f"--prefix, --storage and --float16 are for --to c, not {arguments.to}.")
    if arguments.to == "torch" and arguments.alpha is not None:
        raise InputError("--alpha is for --to c and onnx, not torch.")
    check_output(arguments.output, (arguments.model, "model"))
    predictor = read_model(arguments.model)[0].predictor
    if isinstance(predictor, PipelinePredictor) and arguments.to != "c":
        raise InputError(
            f"{arguments.model} holds a pipeline, and only --to c takes texts: save its last step alone, "
            f"gruc.load({arguments.model!r})[-1]."
        )
    if isinstance(predictor, Translator):
        _export_translator(predictor, arguments)
        return
    {"c": _export_c, "onnx": _export_onnx, "torch": _export_torch}[arguments.to](predictor, arguments)


def _export_c(predictor, arguments):
    """A C header; prints how much memory it needs."""
    from .. import to_c

    prefix = "model" if arguments.prefix is None else arguments.prefix
    header = io.BytesIO()
    storage = "float16" if arguments.float16 else arguments.storage or "float32"
    report = to_c(predictor, header, prefix, storage=storage, alpha=arguments.alpha)
    write(arguments.output, header.getvalue())
    state = f", {report.state_bytes} of memory for a stream" if report.state_bytes else ""
    to_stdout = arguments.output == "-" or files.descriptor_of(arguments.output) == 1
    print(f"{report.constant_bytes} bytes of constants{state}", file=sys.stderr if to_stdout else sys.stdout)


def _export_onnx(predictor, arguments):
    """An ONNX graph."""
    from .. import to_onnx

    write(arguments.output, to_onnx(predictor, alpha=arguments.alpha).SerializeToString())


def _export_translator(translator, arguments):
    """Two ONNX graphs, as `to_onnx` names their files: the encoder, and a step of the decoder."""
    from .. import to_onnx

    if arguments.to != "onnx":
        raise InputError(f"{arguments.model} holds an encoder-decoder, which only --to onnx exports.")
    if arguments.output == "-":
        raise InputError(f"{arguments.model} holds an encoder-decoder, whose two graphs need files.")
    to_onnx(translator, arguments.output)


def _export_torch(predictor, arguments):
    """A safetensors file with the states that `to_torch` gives, each under the name of its module.

    Those of several networks are under ``estimators.0``, ``estimators.1`` and so on.
    """
    from safetensors.numpy import save

    from .. import to_torch

    of_networks = to_torch(predictor)
    state = {}
    for k, of_network in enumerate(of_networks if isinstance(of_networks, list) else [of_networks]):
        several = f"estimators.{k}." if isinstance(of_networks, list) else ""
        for part, weights in zip(("gru.", "head."), of_network[:2], strict=True):
            state |= {several + part + name: weight for name, weight in weights.items()}
        for weights in of_network[2:]:
            part = "" if "conv.0.weight" in weights else "embedding."
            state |= {several + part + name: weight for name, weight in weights.items()}
    write(arguments.output, save({name: np.array(w, order="C") for name, w in state.items()}))
