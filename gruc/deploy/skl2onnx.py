"""Converters for skl2onnx, so that whole pipelines become ONNX graphs.

A pipeline passes on X alone, so the graph determines the length of each sequence: trailing NaN is
padding, as in `gruc.sequences.from_padded`; of tokens, trailing negative numbers.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..estimators import GRUClassifier, GRURegressor, GRUStepRegressor, GRUTagger, GRUTransformer
from ..preprocessing import SequenceScaler, TextSequencer
from ..sequences import Tokens
from . import onnx_inputs, onnx_layers
from .onnx import OLDEST_OPSET, OPSET
from .onnx_graph import Graph, NetworkGraph
from .onnx_outputs import decoded, exact_labels

__all__ = ["register_skl2onnx"]


def register_skl2onnx() -> None:
    """Register gruc's estimators with skl2onnx, alone and in pipelines with scikit-learn's.

    ``skl2onnx.convert_sklearn`` then converts `GRUClassifier`, `GRURegressor`, `GRUTagger`,
    `GRUStepRegressor`, `GRUTransformer` and `SequenceScaler`. Calling it again has no effect. It refuses
    `TextSequencer`: ONNX has no operators for its texts; convert the estimator, whose X is tokens.

    A graph takes X of shape (n_sequences, n_steps, n_features) or, with one feature,
    (n_sequences, n_steps); axes for which the given type of X has None may have any length.
    Trailing steps in which every feature is NaN are padding, as in `gruc.sequences.from_padded`.
    A model of tokens takes X of shape (n_sequences, n_steps) and type ``Int64TensorType``, in which
    trailing negative numbers are padding. Where this and `predict` would raise an error, for a sequence
    without any step or with NaN inside, the result is NaN and the label is meaningless.

    Outputs are named as usual in skl2onnx: ``variable``; or ``output_label`` and
    ``output_probability``, a list of dicts, with the option ``zipmap=False`` ``label`` and
    ``probabilities``, an array. `GRUTagger` has these two, (n_sequences, n_steps) and (n_sequences,
    n_steps, n_classes), whatever the options; where X is padding they are NaN and meaningless, and so is
    ``variable`` of `GRUStepRegressor`. Labels are int64 or strings; whole numbers of a floating type
    become int64, as for scikit-learn's classifiers. ``convert_sklearn`` refuses labels that cannot
    be represented exactly. Its ``target_opset`` may be 13 or more.

    Raises
    ------
    ImportError
        If the package skl2onnx is not installed.

    Examples
    --------
    >>> import gruc, skl2onnx
    >>> from gruc.datasets import load_japanese_vowels
    >>> from gruc.preprocessing import SequenceScaler
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl2onnx.common.data_types import FloatTensorType
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = make_pipeline(SequenceScaler(), gruc.GRUClassifier(random_state=0))
    >>> gruc.register_skl2onnx()
    >>> graph = skl2onnx.convert_sklearn(
    ...     model.fit(X, y),
    ...     initial_types=[("X", FloatTensorType([None, None, 12]))],
    ...     options={id(model): {"zipmap": False}},
    ... )
    >>> [node.name for node in graph.graph.output]
    ['label', 'probabilities']
    """
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError("register_skl2onnx requires the package skl2onnx: pip install skl2onnx.") from error
    from skl2onnx._parse import _parse_sklearn_classifier
    from skl2onnx.common import data_types

    def parse_classifier(scope, model, inputs, custom_parsers=None):
        check_is_fitted(model)  # skl2onnx would ask for its classes first
        whole_labels(model.classes_)
        return _parse_sklearn_classifier(scope, model, inputs, custom_parsers=custom_parsers)

    def parse_tagger(scope, model, inputs, custom_parsers=None):
        check_is_fitted(model)
        operator = scope.declare_local_operator("GrucGRUTagger", model)
        operator.inputs = inputs
        for name, kind in ("label", _label_type(model)), ("probabilities", data_types.FloatTensorType):
            operator.outputs.append(scope.declare_local_variable(name, kind()))
        return operator.outputs

    zipmap = {"zipmap": [True, False, "columns"], "output_class_labels": [False, True], "nocl": [False]}
    classifier = {"parser": parse_classifier, "options": zipmap}
    for estimator, shapes, convert, settings in (
        (GRUClassifier, _classifier_shapes, _convert_network, classifier),
        (GRURegressor, _regressor_shapes, _convert_network, {}),
        (GRUTagger, _tagger_shapes, _convert_network, {"parser": parse_tagger}),
        (GRUStepRegressor, _regressor_shapes, _convert_network, {}),
        (GRUTransformer, _transformer_shapes, _convert_network, {}),
        (SequenceScaler, _scaler_shapes, _convert_scaler, {}),
        # refused before it is converted
        (TextSequencer, _scaler_shapes, _convert_scaler, {"parser": _refuse_texts}),
    ):
        skl2onnx.update_registered_converter(
            estimator, f"Gruc{estimator.__name__}", shapes, convert, **settings
        )


def _refuse_texts(scope, model, inputs, custom_parsers=None):
    raise ValueError(
        "TextSequencer has no converter: ONNX has no operators that take texts apart as it does. Convert "
        "the steps after it, whose X is tokens, of the type Int64TensorType([None, None])."
    )


def whole_labels(classes):
    """Labels (n_classes,) of a type that skl2onnx allows, int64 or strings, exactly."""
    labels = exact_labels(classes)
    if labels.dtype not in (object, np.int64):
        raise ValueError(
            f"skl2onnx requires labels that are strings or fit int64; these {classes.dtype} labels reach "
            f"{classes.max()}. Fit the model with such labels, or use gruc.to_onnx."
        )
    return labels


# ---- types and shapes of outputs, which skl2onnx asks for first


def _label_type(model):
    from skl2onnx.common import data_types

    whole = whole_labels(model.classes_).dtype == np.int64
    return data_types.Int64TensorType if whole else data_types.StringTensorType


def _tagger_shapes(operator):
    model = operator.raw_operator
    n, shape = _checked_inputs(operator, model)
    operator.outputs[0].type.shape = [n, shape[0]]
    operator.outputs[1].type.shape = [n, shape[0], len(model.classes_)]


def _classifier_shapes(operator):
    model = operator.raw_operator
    n, _ = _checked_inputs(operator, model)
    Label, K = _label_type(model), len(model.classes_)
    operator.outputs[0].set_type(Label([n, K] if model._predictor.decoding.multilabel else [n]))
    operator.outputs[1].type.shape = [n, K]


def _regressor_shapes(operator):
    model = operator.raw_operator
    n, shape = _checked_inputs(operator, model)
    rows = [n, shape[0]] if isinstance(model, GRUStepRegressor) else [n]
    n_targets, Q = model._predictor.decoding.n_targets, model._predictor.decoding.n_quantiles
    operator.outputs[0].type.shape = [*rows, n_targets, Q] if Q > 1 else [*rows, n_targets]


def _transformer_shapes(operator):
    n, _ = _checked_inputs(operator, operator.raw_operator)
    operator.outputs[0].type.shape = [n, operator.raw_operator._n_features_out]


def _scaler_shapes(operator):
    n, steps = _checked_inputs(operator, operator.raw_operator)
    operator.outputs[0].type.shape = [n, *steps]


def _checked_inputs(operator, model):
    """Number of sequences, and shape of one; a ValueError where X is not what the model was fitted on."""
    check_is_fitted(model)
    shapes = [list(variable.type.shape) for variable in operator.inputs]
    name = type(model).__name__
    if _reads_tokens(model):
        kinds = [type(variable.type).__name__ for variable in operator.inputs]
        if kinds not in (["Int64TensorType"], ["Int32TensorType"]) or len(shapes[0]) != 2:
            raise ValueError(
                f"{name} reads tokens: the type of X is Int64TensorType([None, None]), not "
                f"{', '.join(f'{kind}({shape})' for kind, shape in zip(kinds, shapes, strict=True))}."
            )
        return shapes[0][0], shapes[0][1:]
    D = _n_features(model)
    if all(len(shape) == 2 for shape in shapes):
        if D != 1:
            raise ValueError(
                f"X is 2-D, sequences of one feature, but {name} was fitted on {D} features per step: its "
                f"type is FloatTensorType([None, None, {D}])."
            )
        n_steps = [shape[1] for shape in shapes]
        return shapes[0][0], [None if None in n_steps else sum(n_steps)]
    if len(shapes) > 1 or len(shapes[0]) != 3:
        raise ValueError(
            f"{name} takes one X of shape (n_sequences, n_steps, n_features) or, with one feature, "
            f"(n_sequences, n_steps); the inputs have the shapes {shapes}."
        )
    n, n_steps, n_features = shapes[0]
    if n_features not in (None, D):
        raise ValueError(f"X has {n_features} features per step, but {name} was fitted on {D}.")
    return n, [n_steps, D]


def _n_features(model):
    return len(model.mean_) if isinstance(model, SequenceScaler) else _predictor(model).n_features_in


def _reads_tokens(model):
    return not isinstance(model, SequenceScaler) and isinstance(_predictor(model).inputs, Tokens)


def _predictor(model):
    return model.estimator_._predictor if isinstance(model, GRUTransformer) else model._predictor


# ---- nodes


def _convert_network(scope, operator, container):
    import onnx

    graph = NetworkGraph(onnx, _predictor(operator.raw_operator), _opset(container))
    features = _features(graph, operator)
    if isinstance(operator.raw_operator, GRUTransformer):
        outputs = [features]
    else:
        outputs = decoded(graph, onnx_layers.head(graph, features), whole_labels)
        outputs = [output.name for output in outputs]
    outputs[-1] = _as_declared(graph, outputs[-1], operator)
    _add_nodes(graph, outputs, scope, operator, container)


def _opset(container):
    """Version of the nodes: 18 if the graph may have it."""
    target = container.target_opset
    if target < OLDEST_OPSET:
        raise ValueError(f"target_opset must be {OLDEST_OPSET} or more for gruc's models; it is {target}.")
    return min(target, OPSET)


def _convert_scaler(scope, operator, container):
    import onnx

    graph, scaler = Graph(onnx, _opset(container)), operator.raw_operator
    x, dtype = _joined(graph, operator)
    if dtype != np.float64:  # as the scaler computes
        x = graph.cast(x, np.float64)
    x = graph("Div", graph("Sub", x, scaler.mean_), scaler.scale_)
    _add_nodes(graph, [graph.cast(x, _declared(operator))], scope, operator, container)


def _features(graph, operator):
    """What the head reads, of sequences that end where only padding follows."""
    x, n, present = (_token_steps if graph.reads_tokens else _steps)(graph, operator)
    last = graph.reduce("ReduceMax", graph("Mul", present, onnx_inputs.step_numbers(graph, x)), 1)
    # a sequence of padding alone has one step, of NaN
    lengths = graph("Max", last, graph.number(1))  # (N, 1)
    integer_lengths = graph("Reshape", graph.cast(lengths, np.int64), np.array([-1]))
    features, n_frames = onnx_layers.features(graph, x, integer_lengths)
    invalid = onnx_inputs.invalid_sequences(graph, x, lengths)
    return graph.first_rows(onnx_inputs.nan_where(graph, invalid, features, n_frames), n)


def _steps(graph, operator):
    """Centred x (N, T, D), the number of sequences, and 1 where a step is not padding (N, T), else 0."""
    x, dtype = _joined(graph, operator)
    if len(operator.inputs[0].type.shape) == 2:
        x = graph("Unsqueeze", x, np.array([2]))
    n = graph.size(x, 0)
    missing = onnx_inputs.missing_rows_and_steps(graph, x)
    x = onnx_inputs.padded_if_empty(graph, x, 3, missing, np.array(np.nan, dtype), steps=True)
    is_nan = graph.cast(graph("IsNaN", x), graph.dtype)
    present = graph("Sub", graph.number(1), graph.reduce("ReduceMin", is_nan, 2, keepdims=0))
    return onnx_inputs.centred(graph, x, dtype), n, present


def _token_steps(graph, operator):
    """The same of tokens x (N, T)."""
    x = graph.cast("X0", np.int64)
    n = graph.size(x, 0)
    missing = onnx_inputs.missing_rows_and_steps(graph, x)
    x = onnx_inputs.padded_if_empty(graph, x, 2, missing, np.array(-1), steps=True)
    return x, n, graph.cast(graph("GreaterOrEqual", x, np.array(0)), graph.dtype)


def _joined(graph, operator):
    """All inputs X0, X1, ... side by side, and their dtype: float32 if all are, else float64."""
    from skl2onnx.common.data_types import guess_numpy_type

    dtypes = [np.dtype(guess_numpy_type(variable.type)) for variable in operator.inputs]
    dtype = np.dtype(np.float32 if all(each == np.float32 for each in dtypes) else np.float64)
    parts = [f"X{i}" if each == dtype else graph.cast(f"X{i}", dtype) for i, each in enumerate(dtypes)]
    return (parts[0] if len(parts) == 1 else graph("Concat", *parts, axis=1)), dtype


def _declared(operator):
    """The type that skl2onnx has declared for the last output: float64 if X is."""
    from skl2onnx.common.data_types import guess_numpy_type

    return np.dtype(guess_numpy_type(operator.outputs[-1].type))


def _as_declared(graph, output, operator):
    return output if _declared(operator) == graph.dtype else graph.cast(output, _declared(operator))


def _add_nodes(graph, outputs, scope, operator, container):
    """Add the graph to skl2onnx's container, under names that are free there."""
    names = {f"X{i}": name for i, name in enumerate(operator.input_full_names)}
    names |= dict(zip(outputs, operator.output_full_names, strict=True))
    for constant in graph.constants.values():
        names[constant.name] = scope.get_unique_variable_name(constant.name)
        # a tensor of strings is not accepted as such
        content = list(constant.string_data) or constant
        container.add_initializer(names[constant.name], constant.data_type, constant.dims, content)
    for node in graph.nodes:
        for name in node.output:
            if name not in names:
                names[name] = scope.get_unique_variable_name(name)
        container.add_node(
            node.op_type,
            [names[name] for name in node.input],
            [names[name] for name in node.output],
            op_version=graph.opset,
            name=scope.get_unique_operator_name(f"gruc_{node.op_type}"),
            **{attribute.name: graph.helper.get_attribute_value(attribute) for attribute in node.attribute},
        )
