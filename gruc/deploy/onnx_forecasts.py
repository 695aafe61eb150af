"""Forecasters as ONNX graphs: the last values of series in, forecasts out, all scaling within.

Windows and forecasts are computed in float64, so that a level of 1e9 leaves the digits of what happens above
it; the network in float32, the only type of onnxruntime's GRU.
"""

from typing import NamedTuple

import numpy as np

from ..sequences import LARGEST
from . import onnx_covariates, onnx_inputs, onnx_layers, onnx_stream
from .forecast_windows import NOISE, ForecastWindow
from .onnx_graph import NetworkGraph

# the end of a slice that has no end
ALL = np.array([np.iinfo(np.int64).max])


def graph_of_forecaster(onnx, forecaster, opset, more_levels=None):
    """A `NetworkGraph` of a `ForecastPredictor`, and its inputs and outputs; `more_levels` are `Levels`."""
    window = ForecastWindow.of(forecaster)
    graph = NetworkGraph(onnx, forecaster.predictor, opset)
    double = graph.tensor_type(np.float64)
    info = graph.helper.make_tensor_value_info
    inputs = [info("y", double, ["N", window.n_values])]
    if window.names_series:
        inputs.append(info("series", graph.int64, ["N"]))
    shapes = onnx_covariates.shapes(window)
    inputs += [info(name, double, ["N", *shape]) for name, shape in shapes.items()]
    n, missing = graph.size("y", 0), onnx_inputs.missing_rows_and_steps(graph, "y")
    y = onnx_inputs.padded_if_empty(graph, "y", 2, missing)
    series = onnx_inputs.padded_if_empty(graph, "series", 1, missing) if window.names_series else None
    given = {
        name: onnx_inputs.padded_if_empty(graph, name, 1 + len(shape), missing)
        for name, shape in shapes.items()
    }
    beside = onnx_covariates.CovariateNodes(graph, window, **given) if given else None
    known = _Known(_differenced(graph, window, y), series, beside)
    within = graph("LessOrEqual", graph("Abs", y), LARGEST[np.dtype(np.float64)])  # false for NaN
    within = graph.cast(graph.reduce("ReduceMin", graph.cast(within, np.int32), 1), bool)
    if beside is not None:
        within = graph("And", within, beside.within())
    levels = _forecasts(graph, window, known)
    forecasts = levels if not window.levels else _level(graph, levels, window.point)
    forecasts = _undifferenced(graph, window, y, forecasts)
    told = graph("Where", within, forecasts, np.float64(np.nan))
    graph.first_rows(told, n, output="forecasts")
    outputs = [info("forecasts", double, ["N", window.horizon])]
    heads, n_levels = None, window.n_levels
    if window.levels:
        heads = graph("Sub", levels, graph("Unsqueeze", _level(graph, levels, window.point), np.array([2])))
        for _ in range(window.order + (window.strategy != "direct")):
            heads = _accumulated(graph, heads)
    elif more_levels is not None:
        scale, n_levels = _moments(graph, window, known.x, series)[1], len(more_levels.levels)
        heads = graph("Mul", graph("Unsqueeze", scale, np.array([2])), more_levels.offsets[np.newaxis])
    if heads is not None:
        quantiles = graph("Add", heads, graph("Unsqueeze", forecasts, np.array([2])))
        within = graph("Unsqueeze", within, np.array([2]))
        graph.first_rows(graph("Where", within, quantiles, np.float64(np.nan)), n, output="quantiles")
        outputs.append(info("quantiles", double, ["N", window.horizon, n_levels]))
    return graph, inputs, outputs


class _Known(NamedTuple):
    """What forecasts start from, nodes of a graph."""

    x: str  # (N, context), differenced
    series: str | None
    beside: object  # CovariateNodes, or None
    moved: int = 0  # steps from the first window to that of x


def _level(graph, levels, q):
    """Quantile q of (N, n, Q), (N, n)."""
    return graph("Gather", levels, np.array(q), axis=2)


def _accumulated(graph, heads):
    """Quantiles less the forecast (N, n, Q), wider by the independent errors of the steps before."""
    squares = graph("CumSum", graph("Mul", heads, heads), np.array(1))
    return graph("Mul", graph("Sign", heads), graph("Sqrt", squares))


def _differenced(graph, window, y):
    """y (N, n_values) differenced, (N, context)."""
    for _ in range(window.order):
        y = graph("Sub", _columns(graph, y, 1, None), _columns(graph, y, 0, -1))
    return y


def _undifferenced(graph, window, y, forecasts):
    """Forecasts (N, horizon) of y by those of its differences."""
    ends = []
    for _ in range(window.order):
        ends.append(_columns(graph, y, -1, None))
        y = graph("Sub", _columns(graph, y, 1, None), _columns(graph, y, 0, -1))
    for end in reversed(ends):
        forecasts = graph("Add", graph("CumSum", forecasts, np.array(1)), end)
    return forecasts


def _columns(graph, x, start, stop):
    """Columns of x (N, T), as a slice of Python."""
    stop = ALL if stop is None else np.array([stop])
    return graph("Slice", x, np.array([start]), stop, np.array([1]))


def _forecasts(graph, window, known):
    """Forecasts (N, horizon) of the steps that follow what is known, or their quantiles (N, horizon, Q)."""
    if window.strategy == "decoder":
        return _decoded(graph, window, known)
    blocks = []
    for start in range(0, window.horizon, window.lags.horizon):
        if start:
            last = _columns(graph, known.x, window.lags.horizon, None)
            x = graph("Concat", last, _point(graph, window, blocks[-1]), axis=1)
            known = known._replace(x=x, moved=start)
        blocks.append(_answers(graph, window, known))
    return blocks[0] if len(blocks) == 1 else graph("Concat", *blocks, axis=1)


def _point(graph, window, forecasts):
    """What forecasts go by, (N, n)."""
    return _level(graph, forecasts, window.point) if window.levels else forecasts


def _answers(graph, window, known):
    """Forecasts of the `lags.horizon` steps after a window, by the answers to it."""
    lags, m, x = window.lags, window.lags.season_length, known.x
    moments = centre, scale, divisor = _moments(graph, window, x, known.series)
    rows = _rows(graph, window, known, moments, lags.context - lags.lags, lags.lags)
    lengths = graph("Expand", np.array(lags.lags), graph.size(x, 0))
    features, _ = onnx_layers.features(graph, graph.cast(rows, graph.dtype), lengths)
    last_season = _seasonal(graph, window, x, lags.context - m, m)
    forecasts = graph("Gather", last_season, np.arange(lags.horizon) % m, axis=1)
    if window.keeps_values:
        scale = _changing(graph, window, x, lags.context - m, m, scale)
        scale = graph("Gather", scale, np.arange(lags.horizon) % m, axis=1)
    if window.linear is not None:
        flat = graph("Reshape", rows, np.array([0, -1]))
        linear = graph("MatMul", flat, np.asarray(window.linear, np.float64))
        forecasts = graph("Add", forecasts, graph("Mul", linear, graph("Mul", scale, np.float64(lags.unit))))
    return _told(graph, window, forecasts, onnx_layers.head(graph, features), scale)


def _told(graph, window, base, answers, scale):
    """What answers (N, n), or (N, n Q), mean: (N, n), or quantiles (N, n, Q) in order."""
    if not window.levels:
        return graph("Add", base, _meant(graph, window, answers, scale))
    answers = graph("Reshape", answers, np.array([0, -1, window.n_levels]))
    answers = _meant(graph, window, answers, graph("Unsqueeze", scale, np.array([2])))
    levels = graph("Add", graph("Unsqueeze", base, np.array([2])), answers)
    return graph("TopK", levels, np.array([window.n_levels]), more_outputs=("places",), largest=0)


def _meant(graph, window, answers, scale):
    """Answers of the network (N, ...) in the units of the series."""
    answers = graph.cast(answers, np.float64)
    return graph("Mul", answers, graph("Mul", scale, np.float64(window.answer_unit)))


def _decoded(graph, window, known):
    """Forecasts by answers in rows that go on over the forecasts, from state to state."""
    lags, x, steps = window.lags, known.x, []
    moments = _moments(graph, window, x, known.series)
    scale = moments[1]
    n = graph.size(x, 0)
    shape = graph("Concat", n, np.array([graph.n_states]), axis=0)
    states = {"state_h": graph("Expand", graph.number(0), shape)}
    states["state_steps"] = graph("Expand", np.array(0), n)
    first, n_rows = lags.context - lags.lags, lags.lags
    for step in range(window.horizon):
        rows = _rows(graph, window, known._replace(x=x), moments, first, n_rows)
        rows = graph.cast(rows, graph.dtype)
        lengths = graph("Expand", np.array(n_rows), n)
        features, states = onnx_stream.features_of_block(graph, rows, lengths, states)
        answer = onnx_layers.head(graph, graph("Gather", features, np.array(n_rows - 1), axis=1))
        first, n_rows = lags.context + step, 1
        base = _seasonal(graph, window, x, first - lags.season_length, 1)
        changing = scale
        if window.keeps_values:
            changing = _changing(graph, window, x, first - lags.season_length, 1, scale)
        steps.append(_told(graph, window, base, answer, changing))
        x = graph("Concat", x, _point(graph, window, steps[-1]), axis=1)
    return graph("Concat", *steps, axis=1) if window.levels else _columns(graph, x, lags.context, None)


def _rows(graph, window, known, moments, first, n):
    """What the network reads of n steps of x (N, T) from `first` on, (N, n, width)."""
    (centre, _, divisor), x = moments, known.x
    columns = [_column(graph, window, column, x, centre, divisor, first, n) for column in window.columns()]
    columns = [graph("Unsqueeze", column, np.array([2])) for column in columns]
    if known.beside is not None:
        begin = window.lags.context - window.lags.lags
        columns += known.beside.columns(first - begin, n, known.moved)
    return graph("Concat", *columns, axis=2)


def _moments(graph, window, x, series):
    """Centre, scale, and what is divided by, of the windows x (N, context), (N, 1) each."""
    moments = window.moments if series is None else graph("Gather", window.moments, series, axis=0)
    centre, scale = (_columns(graph, moments, k, k + 1) for k in range(2))
    if window.measures_scale:
        last = _columns(graph, x, -window.lags.lags, None)
        mean = graph.reduce("ReduceMean", last, 1)
        squares = graph("Mul", *[graph("Sub", last, mean)] * 2)
        deviation = graph("Sqrt", graph.reduce("ReduceMean", squares, 1))
        noise = graph("Mul", graph.reduce("ReduceMax", graph("Abs", last), 1), np.float64(NOISE))
        deviation = graph("Where", graph("Greater", deviation, noise), deviation, np.float64(0))
        if window.lags.scale == "window":
            centre, scale = mean, graph("Max", deviation, scale)
        else:
            scale = graph("Where", graph("Equal", scale, np.float64(0)), deviation, scale)
    varies = graph("Greater", scale, np.float64(0))
    return centre, scale, graph("Where", varies, scale, np.float64(1))


def _column(graph, window, column, x, centre, divisor, first, n):
    """A `Column` of n steps of x (N, T) from `first` on, (N, n)."""
    parts = []
    if column.value:
        parts.append(_columns(graph, x, first, first + n))
    if column.seasonal:
        place = first - window.lags.season_length + column.ahead
        parts.append(_seasonal(graph, window, x, place, n))
    if column.centred:
        parts.append(centre)
    value, *others = parts
    for other in others:
        value = graph("Sub", value, other)
    unit = divisor if column.unit == 1 else graph("Mul", divisor, np.float64(column.unit))
    return graph("Div", value, unit)


def _seasonal(graph, window, x, first, n):
    """The weighted mean of n columns of x (N, context) from `first` on, and those of the seasons before."""
    season = mean = _columns(graph, x, first, first + n)
    for weight in window.season_weights[1:]:
        first -= window.lags.season_length
        difference = graph("Sub", _columns(graph, x, first, first + n), season)
        mean = graph("Add", mean, graph("Mul", difference, np.float64(weight)))
    return mean


def _changing(graph, window, x, first, n, scale):
    """The scale (N, n) of forecasts at these columns, or 0 where all seasons have the same value."""
    last, differs = _columns(graph, x, first, first + n), None
    for _ in window.season_weights[1:]:
        first -= window.lags.season_length
        equal = graph("Equal", _columns(graph, x, first, first + n), last)
        differs = graph("Not", equal) if differs is None else graph("Or", differs, graph("Not", equal))
    return graph("Where", differs, scale, np.float64(0))
