"""The cell with forget, input and output gates as nodes of an ONNX graph, which has no such operator."""

import numpy as np


def fio_states(graph, operation, x, initial=None):
    """States h and candidates c, (F, N, H) each, of x (F, N, D), from the first row on.

    `initial` is (N, 2H): h and c before it; None for zeros. The equations are those of
    include/gruc/layers/fio_step.body.h.
    """
    W_ih, W_hh, b = graph.parameters(operation, 3)
    H = operation.H
    if operation.x == 0 and graph.rest is not None:
        x = graph("Sub", x, graph.rest)
    if initial is None:
        shape = graph("Concat", graph.size(x, 1), np.array([H]), axis=0)
        h = c = graph("Expand", graph.number(0), shape)
    else:
        h, c = graph.columns(initial, 0, H), graph.columns(initial, H, 2 * H)
    of_gates = np.concatenate([b[: 3 * H], np.zeros_like(b[3 * H :])])
    products = graph("Add", graph("MatMul", x, W_ih.T), of_gates)
    step = _step(graph, W_hh, b[3 * H :])
    more = "candidate", "states", "candidates"
    name = graph("Scan", h, c, products, body=step, num_scan_inputs=1, more_outputs=more)
    return f"{name}_states", f"{name}_candidates"


def _step(graph, W_hh, b_c):
    """The body of a Scan: from h, c and products with x to h and c, as states and as what is kept of them."""
    body, H = graph.body(), len(b_c)
    float32 = graph.tensor_type(np.float32)
    h, c, ih = (f"{body.prefix}{name}" for name in ("h_prev", "c_prev", "products"))
    sums = body("Add", ih, body("MatMul", h, W_hh.T))
    parts = [body.columns(sums, g * H, (g + 1) * H) for g in range(4)]
    f, i, o = (body("Sigmoid", part) for part in parts[:3])
    c_new = body("Tanh", body("Add", body("Mul", parts[3], f), b_c))
    kept = body("Add", body("Mul", f, h), body("Mul", i, c_new))
    h_new = body("Add", kept, body("Mul", o, c))
    outputs = [body("Identity", node) for node in (h_new, c_new, h_new, c_new)]
    info = graph.helper.make_tensor_value_info
    inputs = [info(h, float32, ["N", H]), info(c, float32, ["N", H]), info(ih, float32, ["N", 4 * H])]
    return graph.helper.make_graph(
        body.nodes, f"{body.prefix}step", inputs, [info(name, float32, ["N", H]) for name in outputs]
    )
