"""Decoding of the outputs as nodes of an ONNX graph: link, labels, probabilities."""

import numpy as np

from ..sequences import ONE_STEP


def exact_labels(classes):
    """Labels (n_classes,) as an array of a type that ONNX has.

    Raises
    ------
    TypeError, ValueError
        No type of ONNX holds all of them exactly.
    """
    kind = classes.dtype.kind
    if kind in "iub":
        return classes.astype(np.uint64 if classes.max() > np.iinfo(np.int64).max else np.int64)
    if kind == "f":
        labels = classes.astype(np.float64)
        if not np.array_equal(labels, classes):
            raise ValueError(f"Labels of {classes.dtype} do not all fit float64, the widest type of ONNX.")
        if (np.abs(labels) < 2.0**63).all() and np.array_equal(labels, np.rint(labels)):
            return labels.astype(np.int64)  # OpenVINO computes with float64 in float32
        return labels
    values = classes.tolist()
    if kind not in "UO" or not all(isinstance(value, str) for value in values):
        raise TypeError(
            "An ONNX graph holds labels that are integers, floats, booleans or strings; these are "
            f"{classes.dtype if kind not in 'UO' else sorted({type(v).__name__ for v in values})}. Fit the "
            "model with labels of such a type, for example those of a LabelEncoder."
        )
    for value in values:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"The label {value!r} cannot be encoded in UTF-8, in which ONNX stores strings."
            ) from None
    return classes.astype(object)


def decoded(graph, outputs, labels_of=exact_labels):
    """The graph's outputs, "variable" or "label" and "probabilities", of the head's outputs.

    These are (N, K), or (N, T, K) where each step is answered.
    """
    info, decoding = graph.helper.make_tensor_value_info, graph.decoding
    rows = ["N"]
    if graph.answers_each_step:
        rows.append("T" if graph.inputs.framing == ONE_STEP else "F")
    if decoding.classes is None:
        return [_variable(graph, outputs, rows)]
    K = decoding.n_outputs
    if decoding.multilabel:
        graph("Sigmoid", outputs, output="probabilities")
        graph.cast(graph("Greater", outputs, graph.number(0)), np.int64, output="label")
        return [info("label", graph.int64, [*rows, K]), info("probabilities", graph.float32, [*rows, K])]
    if K == 1:
        both = graph("Concat", graph("Neg", outputs), outputs, axis=-1)
        graph("Sigmoid", both, output="probabilities")
    else:
        graph("Softmax", outputs, output="probabilities", axis=-1)
    indices = graph("ArgMax", "probabilities", axis=-1, keepdims=0)
    labels = labels_of(decoding.classes)
    graph("Gather", labels, indices, output="label")
    return [
        info("label", graph.tensor_type(labels.dtype), rows),
        info("probabilities", graph.float32, [*rows, decoding.result_size]),
    ]


def _variable(graph, outputs, rows):
    n_targets, Q = graph.decoding.n_targets, graph.decoding.n_quantiles
    if graph.decoding.link == "exp":
        outputs = graph("Exp", outputs)
    shape = [*rows, n_targets]
    if Q > 1:  # in ascending order
        shape = [*rows, n_targets, Q]
        outputs = graph("Reshape", outputs, np.array([*(0 for _ in rows), n_targets, Q]))
        outputs = graph("TopK", outputs, np.array([Q]), axis=-1, largest=0, sorted=1, more_outputs=["places"])
    graph("Identity", outputs, output="variable")
    return graph.helper.make_tensor_value_info("variable", graph.float32, shape)
