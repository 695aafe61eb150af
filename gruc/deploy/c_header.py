"""Models as C headers, for programs without Python: microcontrollers, servers, plug-ins."""

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import files
from ..files.storage import check_storage
from ..sequences import ONE_STEP
from .c_characters import Characters, taken_apart
from .c_constants import Matrix, ModelConstants, stream_bytes
from .c_forecasts import ForecastFunctions
from .c_language import vocabulary_of
from .c_text import header_text
from .forecast_windows import ForecastWindow, Levels, forecaster_of
from .weights import as_predictor, with_biases

__all__ = ["CExport", "to_c"]

PREFIX = r"(?!gruc)[a-z]\w*"  # names that begin with gruc are those of the headers


class CExport(NamedTuple):
    """Sizes of a header written by `to_c`, and the effect of rounding the weights.

    Attributes
    ----------
    constant_bytes : int
        Size of weights and tables in read-only memory, without the code.
    state_bytes : int or None
        Memory of a stream, apart from the stack; None for a bidirectional model, whose memory depends on
        the number of steps.
    weight_error : float
        Largest relative error of a stored weight, among those in the normal range of float16; for int8
        relative to the largest weight of the same output.
    largest_change : float or None
        Largest change of a probability or a value over `X` due to these errors; for a forecaster without
        covariates, of the forecasts of its series.
    changed : float or None
        Share of the sequences in `X` whose label changes.
    """

    constant_bytes: int
    state_bytes: int | None
    weight_error: float
    largest_change: float | None
    changed: float | None


def to_c(
    model: Any,
    path: Any,
    prefix: str = "model",
    *,
    storage: str = "float32",
    X: ArrayLike | None = None,
    alpha: Any = None,
) -> CExport:
    """Export a model as a C header.

    The header includes ``gruc/exported.h`` from the directory `get_include` and is C99 and C++: no
    allocation, no global state, no library except libm. Its comments show how to use it. Steps are
    arrays of float, or int32_t for a model of tokens, whose embedding table is read-only like the
    other weights. For NaN and unknown tokens, functions return 1 instead of 0 and change nothing. Models
    that predict each step write a prediction for each.

    For a pipeline of a `TextSequencer` of characters and a network, the header also has a function from
    a Unicode code point to its token: ``model_token(0x4f60)``. For a `GRULanguageModel` it has
    ``model_draw``, which draws the next token, and for one of characters also ``model_token`` and its
    inverse, ``model_character``.

    For a forecaster it has ``model_forecast``, which takes the last values of one series and writes the
    forecasts of all steps of the horizon, and ``model_value``, which takes one value at a time and keeps the
    last ones. Scaling, season and differences are computed in double, the network in float. If the forecaster
    was fitted on several series, both take the index of the series, which determines the scale of nearly
    constant windows. A forecaster with covariates takes them as arguments: X from the last steps of the
    values to the end of the horizon, and static features. A forecaster of several quantiles writes those of
    its network, which are not calibrated.

    Parameters
    ----------
    model : fitted estimator, runtime predictor, or pipeline of a TextSequencer and an estimator
        Weights are converted to float32, and so are a regressor's predictions, which have 7 significant
        digits.
    path : str or path-like
    prefix : str, default="model"
        Prefix of all public names of the header, so that a program may include the headers of
        several models. Prefixes must differ in more than case, or the program does not compile.
    storage : {"float32", "float16", "bfloat16", "int8"}, default="float32"
        Type in which weight matrices are stored. float16 and bfloat16 take half the memory and round weights
        to 11 and 8 bits; any processor converts bfloat16 by a shift. int8 takes a quarter: integers from -127
        to 127, and one scale per output of a layer and per token of a table. Weights are converted to float32
        when they are read. The rounding is that of `save(path, weights=...)`.
    X : array of shape (n_sequences, n_steps, n_features) or list of arrays, default=None
        Sequences, or texts for a pipeline, on which the effect of rounded weights is measured.
    alpha : float or sequence of float, default=None
        Of a forecaster, levels of quantiles as `GRUForecaster.predict_quantiles` finds them:
        ``model_quantiles`` writes them beside the forecasts. With ``loss="quantile"`` the network answers
        quantiles itself.

    Returns
    -------
    CExport
        Sizes in bytes, and the effect of rounded weights.

    Raises
    ------
    TypeError
        If `model` is not a model of gruc. An estimator that is not fitted raises a NotFittedError.
    ValueError
        If `prefix` is not a C identifier, a weight does not fit the storage type, the tokens of a pipeline
        are not single characters, or `alpha` is given for a model without calibration. No file is written
        then.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((16,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> gruc.to_c(model, "vowels.h", prefix="vowels").state_bytes
    528
    """
    forecaster = forecaster_of(model)
    text_step: Any = None
    language = vocabulary_of(model)
    if forecaster is None:
        text_step, model = taken_apart(model)
        predictor = as_predictor(model)
    else:
        predictor, window = forecaster.predictor, ForecastWindow.of(forecaster)
        if X is not None:
            raise ValueError(
                "X is for models of sequences: of a forecaster the effect of rounded weights is measured on "
                "the forecasts of the series that it knows."
            )
    if predictor.network.answers_each_step and predictor.inputs.framing != ONE_STEP:
        raise ValueError(
            "model predicts each frame of several steps, which to_c does not support: fit it with "
            "frame_length=1."
        )
    if not isinstance(prefix, str) or not re.fullmatch(PREFIX, prefix, re.ASCII | re.IGNORECASE):
        raise ValueError(
            "prefix must be a C identifier (a letter, then letters, digits and _) that does not begin with "
            f"gruc; got {prefix!r}."
        )
    check_storage(storage, "storage", ())
    levels = Levels.of(forecaster, alpha)
    weights = _rounded_weights(predictor, storage)
    constants = ModelConstants(predictor, prefix, weights, storage)
    characters = None if text_step is None else Characters.of(text_step)
    if characters is not None and X is not None:
        X = text_step.transform(X)
    forecasts, changes = None, (None, None)
    if forecaster is not None:
        forecasts = ForecastFunctions(window, prefix, predictor.config["bidirectional"], levels)
        changes = _change_of_forecasts(forecaster, weights), None
    elif X is not None:
        changes = _changes(predictor, weights, X)
    report = CExport(
        constants.n_bytes + sum(part.n_bytes for part in (characters, forecasts) if part is not None),
        None if predictor.config["bidirectional"] else stream_bytes(constants),
        _weight_error(predictor, weights),
        *changes,
    )
    text = header_text(
        predictor, prefix, constants, report, characters=characters, forecasts=forecasts, language=language
    )
    files.write(path, text.encode("ascii"))
    return report


def _weights(predictor):
    """Weights by name; matrices (inputs, outputs). Normalisations are part of those of convolutions."""
    weights = predictor.network.table.views(predictor.parameters)
    return with_biases(predictor.network, weights)


def _rounded_weights(predictor, storage):
    """Weights by name, each `Matrix` in this storage; biases, which are few, keep their precision."""
    tables = predictor.network.table.lookup_tables
    rounded = {
        name: Matrix.of(array, storage, name, name in tables) if ".weight" in name else array
        for name, array in _weights(predictor).items()
    }
    if storage == "int8":  # the integers are those of model files: normalisations are part of the scales
        views = predictor.network.table.views(predictor.parameters)
        for convolution in predictor.network.convolutions:
            name = convolution.weight
            rounded[name] = Matrix.of(views[name], storage, name, False).times(convolution.factor(views))
    return rounded


def _weight_error(predictor, rounded):
    """Largest relative error of a weight; see `CExport`."""
    largest = 0.0
    for name, exact in _weights(predictor).items():
        if not isinstance(rounded[name], Matrix):
            continue
        exact = exact.astype(np.float64)
        size = np.abs(exact)
        if rounded[name].scale is not None:
            rows = name in predictor.network.table.lookup_tables
            size = np.broadcast_to(
                size.max(axis=1 if rows else tuple(range(size.ndim - 1)), keepdims=True), size.shape
            )
        normal = size >= np.finfo(np.float16).smallest_normal
        error = np.abs(rounded[name].exact - exact)[normal] / size[normal]
        largest = max(largest, float(error.max(initial=0)))
    return largest


def _with_rounded(before, rounded):
    """A predictor with rounded weights."""
    flat = np.empty_like(before.parameters)
    flat[:] = before.parameters
    views = before.network.table.views(flat)
    for name, view in views.items():
        if name in rounded:
            view[...] = rounded[name].exact if isinstance(rounded[name], Matrix) else rounded[name]
    for convolution in before.network.convolutions:
        factor, view = convolution.factor(views), views[convolution.weight]
        np.divide(view, factor, out=view, where=factor != 0)
    return before.with_weights(before.network.table.torch_views(flat))


def _change_of_forecasts(forecaster, rounded):
    """Largest change, by rounded weights, of a forecast of the series that are known.

    None of a forecaster that reads columns, whose values ahead are not known.
    """
    if forecaster.covariates is not None:
        return None
    after = forecaster.going_on(forecaster.known, _with_rounded(forecaster.predictor, rounded))
    n_ahead = forecaster.lags.horizon
    return float(np.abs(after.forecasts(n_ahead) - forecaster.forecasts(n_ahead)).max())


def _changes(before, rounded, X):
    """Largest change of a prediction for X by rounded weights; share of labels that change, or None."""
    sequences = before.inputs.check(X, before.parameters.dtype)
    after = _with_rounded(before, rounded)
    outputs = [before.output_rows(sequences), after.output_rows(sequences)]
    labels = [before.decoding.decode(rows.copy()) for rows in outputs]
    if before.classes is None:
        return float(np.abs(labels[1].astype(np.float32) - labels[0]).max()), None
    probabilities = [before.decoding.probabilities(rows) for rows in outputs]
    differ = (labels[1] != labels[0]).reshape(len(labels[0]), -1).any(axis=1)
    return float(np.abs(probabilities[1] - probabilities[0]).max()), float(differ.mean())
