"""The methods of `attributions`: each explains a chunk of sequences.

They return the places of the sequences in X, and for each an attribution and a gap.
"""

import numpy as np

from ._passes import rows_of_sequence

METHODS = ("gradient", "gradient_x_input", "integrated_gradients", "occlusion")


def check(method, baseline):
    """Refuse other methods, and a baseline of a method that has none."""
    if method not in METHODS:
        raise ValueError(f"method={method!r} is invalid; expected one of {', '.join(map(repr, METHODS))}.")
    if baseline is not None and method == "gradient":
        raise ValueError(
            'baseline has no effect with method="gradient"; leave it None, or use another method.'
        )


def quadrature_of(n_steps):
    """Gauss-Legendre nodes and weights of an integral from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)  # of one from -1 to 1
    return (nodes + 1) / 2, weights / 2


def _by_sequence(rows, batch, chunk, attributed, gaps=None):
    places = chunk[batch.order]
    n_steps = rows.sequences.lengths[places]
    gaps = np.zeros(len(places)) if gaps is None else gaps
    arrays = [rows.by_step(attributed[rows_of_sequence(batch, b)], n) for b, n in enumerate(n_steps)]
    return places, [(array, gap) for array, gap in zip(arrays, gaps, strict=True)]


def gradient(rows, passes, target, chunk):
    """d F / d x, where F is the output that is explained."""
    batch, values, _ = rows.packed(chunk)
    run = passes.over(values, batch.lengths, batch.offsets)
    coefficients = target.coefficients(run.forward(), batch, chunk[batch.order])
    attributed = passes.slopes(run, coefficients).astype(np.float64)
    places, attributed = _by_sequence(rows, batch, chunk, attributed)
    return places, [(rows.slopes_in_units(array), gap) for array, gap in attributed]


def gradient_x_input(rows, passes, target, chunk):
    """(x - x') * d F / d x, where x' is the baseline."""
    batch, values, base = rows.packed(chunk)
    run = passes.over(values, batch.lengths, batch.offsets)
    coefficients = target.coefficients(run.forward(), batch, chunk[batch.order])
    return _by_sequence(rows, batch, chunk, (values - base) * passes.slopes(run, coefficients))


def integrated_gradients(rows, passes, target, chunk, quadrature):
    """(x - x') * integral over a from 0 to 1 of d F / d x at x' + a (x - x').

    The integral is a sum over nodes with weights, added up node by node, so that it does not depend
    on how many of them one pass takes. The gap is F(x) - F(x') less the sum of the attributions, which
    would be 0 for the integral itself.
    """
    nodes, weights = quadrature
    batch, values, base = rows.packed(chunk)
    difference = values - base
    clock = batch.lengths, batch.offsets
    outputs = passes.over(values, *clock).forward()
    coefficients = target.coefficients(outputs, batch, chunk[batch.order])
    mean = np.zeros(values.shape)
    at_once = passes.copies_at_once(len(values))
    start_rows, way_rows = (array.astype(rows.dtype)[:, np.newaxis] for array in (base, difference))
    for start in range(0, len(nodes), at_once):
        part = nodes[start : start + at_once, np.newaxis].astype(rows.dtype)
        copies = part * way_rows
        copies += start_rows
        run = passes.over(copies, *clock)
        run.forward()
        at_nodes = passes.slopes(run, np.repeat(coefficients, len(part), axis=0))
        at_nodes = at_nodes.reshape(len(values), len(part), -1).swapaxes(0, 1)
        at_nodes = weights[start : start + at_once, np.newaxis, np.newaxis] * at_nodes
        for at_node in at_nodes:
            mean += at_node
    at_base = passes.over(base, *clock).forward()
    between = target.values(outputs, coefficients, batch) - target.values(at_base, coefficients, batch)
    attributed = difference * mean
    sums = [attributed[rows_of_sequence(batch, b)].sum() for b in range(len(batch.lengths))]
    return _by_sequence(rows, batch, chunk, attributed, between - sums)


def occlusion(rows, passes, target, chunk):
    """F(x) - F(x with one feature of one step, or one token, as in the baseline)."""
    batch, values, base = rows.packed(chunk)
    places = chunk[batch.order]
    outputs = passes.over(values, batch.lengths, batch.offsets).forward()
    coefficients = target.coefficients(outputs, batch, places)
    at_x = target.values(outputs, coefficients, batch)
    results = []
    for b, place in enumerate(places):
        own = rows_of_sequence(batch, b)
        of_outputs = coefficients[own] if target.each_step else coefficients[[b]]
        occluded = _occluded(
            rows, passes, values[own], base[own], of_outputs, int(rows.sequences.lengths[place])
        )
        attributed = at_x[b] - occluded
        results.append((attributed[:, 0] if rows.holds_tokens else attributed, 0.0))
    return places, results


def _occluded(rows, passes, values, base, coefficients, n_steps):
    """The output for each feature of each step that is occluded, (n_steps, n_features)."""
    T, D = len(values), rows.n_features
    steps, columns = rows.framing.steps(n_steps), rows.columns()  # (T, length), (D, k)
    frames, places = np.indices(steps.shape)
    at_x = np.zeros((n_steps, D))
    steps_at_once = max(1, passes.copies_at_once(T) // D)
    for start in range(0, n_steps, steps_at_once):
        stop = min(start + steps_at_once, n_steps)
        copies = np.repeat(values[:, np.newaxis], (stop - start) * D, axis=1)  # (T, steps * D, W)
        chosen = (steps >= start) & (steps < stop)  # where in which rows these steps are
        t = frames[chosen][:, np.newaxis, np.newaxis]
        copy = (steps[chosen] - start)[:, np.newaxis, np.newaxis] * D + np.arange(D)[:, np.newaxis]
        column = (places[chosen] * columns.size)[:, np.newaxis, np.newaxis] + columns
        copies[t, copy, column] = base[t, column]
        run = passes.over(copies, np.array([T]), np.arange(T + 1))
        outputs = run.forward().astype(np.float64).reshape(len(coefficients), -1, coefficients.shape[1])
        at_x[start:stop] = np.einsum("rmk,rk->m", outputs, coefficients).reshape(-1, D)
    return at_x
