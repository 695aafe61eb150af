"""Models as ONNX graphs, for onnxruntime, OpenVINO and others.

Inputs are X (N, T, D), or tokens (N, T), with any padding, and lengths (N,). Nodes use lengths by
indices and masks only: OpenVINO ignores sequence_lens of GRU if shapes are dynamic. `skl2onnx.py` makes
pipelines of the same parts.
"""

import os
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from .._version import __version__
from ..sequences import ONE_STEP
from . import onnx_inputs, onnx_layers, onnx_outputs, onnx_stream
from .forecast_windows import Levels, forecaster_of
from .onnx_forecasts import graph_of_forecaster
from .onnx_graph import NetworkGraph
from .onnx_translation import graph_of_encoder, graph_of_step, translator_of
from .weights import as_predictor, refuse_other_cells

__all__ = ["to_onnx"]

OPSET = 18
OLDEST_OPSET = 13


def to_onnx(
    model: Any, path: Any = None, *, opset: int = OPSET, stateful: bool = False, alpha: Any = None
) -> Any:
    """Convert a model to an ONNX graph.

    Parameters
    ----------
    model : fitted estimator, Predictor, ForecastPredictor or Translator
    path : str or path-like, default=None
        File to write the graph to. For a `GRUSeq2Seq` two files are written, whose names end in
        ``.encoder.onnx`` and ``.step.onnx`` if `path` ends in ``.onnx``.
    opset : int, default=18
        Version of the ONNX operator set, from 13 to the newest of the installed package onnx. Older
        runtimes support only older versions.
    stateful : bool, default=False
        Whether the graph has the state of each sequence as inputs and outputs, so that a sequence can be
        processed in blocks; see Notes.
    alpha : float or sequence of float, default=None
        Of a forecaster, levels of quantiles as returned by `GRUForecaster.predict_quantiles`, another output
        of the graph. With ``loss="quantile"`` the network outputs quantiles itself.

    Returns
    -------
    onnx.ModelProto
        The inputs are ``X`` (N, T, n_features), float32, or (N, T), int64, for a model of tokens, and
        ``lengths`` (N,), int64, from 1 to T. Values of X beyond the length of a sequence have no effect.
        Where `predict` would raise an error (NaN, infinity, too large values or unknown tokens within the
        length, or a length of 0), the results of the sequence are NaN and its label is meaningless.

        The outputs of a classifier are ``label`` (N,) and ``probabilities`` (N, n_classes); ``label`` is
        (N, n_classes) of 0 and 1 if it is multilabel. The output of a regressor is ``variable``
        (N, n_outputs), or (N, n_targets, n_quantiles) with several quantiles. For a model that predicts each
        step, they have a second axis for T steps, and are NaN beyond the length of a sequence. Labels are
        strings; int64 for booleans and whole numbers, also of a floating type; otherwise uint64 or float64.

        For a forecaster, the input is ``y`` (N, V), float64: the last V values of N series, oldest first. If
        it was fitted on several series (and `scale` is not None), ``series`` (N,), int64, is the index of
        each series, or, with ``scale="window"``, -1 for a new one. The output is ``forecasts`` (N, horizon),
        float64; NaN if a value is not finite. With covariates, further inputs are ``X``
        (N, n_rows, n_columns), float64, for the last steps of y and those of the horizon, with the columns of
        the calendar (`ForecastPredictor.calendar_columns`) after the others, and ``static`` (N, n_static),
        float64. With several quantiles, a further output is ``quantiles`` (N, horizon, n_quantiles) of the
        network, in increasing order, without calibration; with `alpha`, those of its levels.

        For a `GRUSeq2Seq`, a tuple of two graphs is returned. The inputs of the encoder are tokens ``X``
        (N, T) and ``lengths`` (N,), int64, N and T at least 1. Its outputs are ``state_0`` (N, H), ..., one
        per layer, and with attention ``memory`` (N, T, M). The inputs of the step are ``token`` (N,), int64,
        the last token of each output sequence, the states, and with attention ``memory`` and ``lengths``. Its
        outputs are ``logits`` (N, n_tokens) of the next token, the states ``state_0_out``, ..., and
        ``attention`` (N, T), the attention weights.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    TypeError
        If `model` is not a model of gruc, or its labels have a type that ONNX does not support. An estimator
        that is not fitted raises a NotFittedError.
    ValueError
        If `opset` is out of range, labels cannot be represented exactly in ONNX, `stateful` is True for a
        bidirectional model or a forecaster, or `alpha` is given for a model without calibration.

    Notes
    -----
    ``stateful=True`` adds inputs, which are zeros at the beginning of a sequence, and corresponding outputs,
    whose names end in ``_out`` and which are the inputs for the next block:

    ``state_h`` (N, H), float32
        Hidden states of the layers, concatenated, after the last complete frame; H is the sum of
        `hidden_layer_sizes`, with ``cell="fio"`` twice that, h and c_prev of each layer. An initial state
        can be passed here.
    ``state_steps`` (N,), int64
        Number of steps so far.
    ``state_readout`` (N, R), float32, unless `pooling` is "last" or each step is predicted
        State of the pooling.
    ``state_conv`` (N, C), float32, with `conv_channels`
        The last `conv_kernel_size` - 1 inputs of each convolution, and the maximum of its outputs in an
        incomplete pooling window.
    ``state_frame`` (N, frame_length - 1, n_features), float32, if a frame has several steps
        The last steps, centred.

    The results are those of the sequence so far, or of each step of the block, as in `Stream.step`. A length
    may be 0 here: the sequence keeps its state. So does a sequence whose block contains NaN or infinity.

    Some runtimes compute in lower precision than the graph specifies. OpenVINO uses bfloat16 by default
    if the processor has it, which has changed probabilities by up to 0.04; compile with
    ``{"INFERENCE_PRECISION_HINT": "f32"}``. Its int64 has the range of int32, also in labels.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
    >>> graph = gruc.to_onnx(model)
    >>> [node.name for node in graph.graph.output]
    ['label', 'probabilities']
    >>> [node.name for node in gruc.to_onnx(model, stateful=True).graph.input]
    ['X', 'lengths', 'state_h', 'state_steps', 'state_frame']
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError("to_onnx requires the package onnx: pip install onnx.") from error
    forecaster = forecaster_of(model)
    levels = Levels.of(forecaster, alpha)
    translator = translator_of(model)
    if translator is not None:
        return _translation(onnx, translator, path, _checked_opset(onnx, opset), stateful)
    predictor = as_predictor(model) if forecaster is None else forecaster.predictor
    opset = _checked_opset(onnx, opset)
    if stateful and predictor.config["bidirectional"]:
        raise ValueError(
            "A bidirectional model reads each sequence from its end too and cannot take it in blocks; "
            "stateful=True needs a model with bidirectional=False."
        )
    if forecaster is None:
        graph = NetworkGraph(onnx, predictor, opset)
        inputs, outputs = _graph_of_blocks(graph) if stateful else _graph_of_sequences(graph)
    else:
        if stateful:
            raise ValueError(
                "stateful=True is for sequences that are given in blocks; a forecaster's graph takes the "
                "last values of series, which the program keeps."
            )
        graph, inputs, outputs = graph_of_forecaster(onnx, forecaster, opset, levels)
    proto = _model_of(onnx, graph, inputs, outputs, opset)
    if path is not None:
        files.write(path, proto.SerializeToString())
    return proto


def _checked_opset(onnx, opset):
    if not isinstance(opset, Integral) or isinstance(opset, bool):
        raise TypeError(f"opset must be an integer; got {opset!r}.")
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        raise ValueError(
            f"opset must be from {OLDEST_OPSET} to {newest}, the newest of the installed onnx "
            f"{onnx.__version__}; got {opset}."
        )
    return int(opset)


def _translation(onnx, translator, path, opset, stateful):
    """The graphs of a translator's encoder, and of a step of its decoder."""
    if stateful:
        raise ValueError(
            "stateful=True is for sequences in blocks; the step of a decoder has its states anyway."
        )
    refuse_other_cells(translator, "to_onnx of a GRUSeq2Seq")
    graphs = graph_of_encoder(onnx, translator, opset), graph_of_step(onnx, translator, opset)
    models = tuple(_model_of(onnx, *graph, opset) for graph in graphs)
    if path is not None:
        path = Path(os.fspath(path))
        for part, model in zip(("encoder", "step"), models, strict=True):
            name = f"{path.stem}.{part}.onnx" if path.suffix == ".onnx" else f"{path.name}.{part}"
            files.write(path.with_name(name), model.SerializeToString())
    return models


def _model_of(onnx, graph, inputs, outputs, opset):
    """The checked model of a graph."""
    imports = [onnx.helper.make_opsetid("", opset)]
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "gruc", inputs, outputs, list(graph.constants.values())),
        opset_imports=imports,
        ir_version=onnx.helper.find_min_ir_version_for(imports),  # so that runtimes of that time read it
        producer_name="gruc",
        producer_version=__version__,
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _graph_of_sequences(graph):
    """Add all nodes for whole sequences; return the graph's inputs and outputs."""
    inputs, n, _, x, lengths = _inputs(graph)
    valid_lengths = onnx_inputs.clipped_lengths(graph, lengths, 1, x)
    ends = graph.as_column(graph.cast(valid_lengths, graph.dtype))
    invalid = graph(
        "Or",
        onnx_inputs.invalid_sequences(graph, x, ends),
        onnx_inputs.differ(graph, lengths, valid_lengths),
    )
    features, n_frames = onnx_layers.features(graph, x, valid_lengths)
    return inputs, _outputs(graph, onnx_inputs.nan_where(graph, invalid, features, n_frames), n)


def _graph_of_blocks(graph):
    """Add all nodes for sequences in blocks; return the graph's inputs and outputs, states included."""
    info, states = graph.helper.make_tensor_value_info, onnx_stream.states(graph)
    inputs, n, missing, x, lengths = _inputs(graph)
    before = {
        name: onnx_inputs.padded_if_empty(graph, name, len(shape), missing)
        for name, (_, shape) in states.items()
    }
    features, after = onnx_stream.features_of_block(graph, x, lengths, before)
    for name in states:
        graph.first_rows(after[name], n, output=f"{name}_out")
    return (
        inputs + [info(name, *type_and_shape) for name, type_and_shape in states.items()],
        _outputs(graph, features, n)
        + [info(f"{name}_out", *type_and_shape) for name, type_and_shape in states.items()],
    )


def _inputs(graph):
    """The inputs X and lengths; number of sequences; rows and steps missing; X, centred; lengths."""
    info = graph.helper.make_tensor_value_info
    if graph.reads_tokens:
        inputs = [info("X", graph.int64, ["N", "T"])]
    else:
        inputs = [info("X", graph.float32, ["N", "T", graph.inputs.n_features])]
    inputs.append(info("lengths", graph.int64, ["N"]))
    n, missing = graph.size("X", 0), onnx_inputs.missing_rows_and_steps(graph, "X")
    x = onnx_inputs.padded_if_empty(graph, "X", 2 if graph.reads_tokens else 3, missing, steps=True)
    if not graph.reads_tokens:
        x = onnx_inputs.centred(graph, x, graph.dtype)
    return inputs, n, missing, x, onnx_inputs.padded_if_empty(graph, "lengths", 1, missing)


def _outputs(graph, features, n):
    """The decoded outputs of the first n sequences."""
    features = graph.first_rows(features, n)
    if graph.answers_each_step and graph.inputs.framing == ONE_STEP:  # without a step that was missing
        features = graph("Slice", features, np.array([0]), graph.size("X", 1), np.array([1]))
    return onnx_outputs.decoded(graph, onnx_layers.head(graph, features))
