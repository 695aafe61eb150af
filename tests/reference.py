"""The oracle: gruc's equations one by one in float64 NumPy, never optimised.

One sequence at a time, one step at a time, in the letters of
docs/math.md. Everything gruc computes fast is held against this. Cells: reference_cells.py.
"""

import numpy as np
from reference_cells import cell_backward, cell_forward, fio_forward, gru_backward, gru_forward, sigmoid  # noqa: F401


def direction_names(config):
    """Suffixes of the parameters of each layer's directions, [["l0", "l0_reverse"], ...]."""
    directions = ("", "_reverse") if config["bidirectional"] else ("",)
    return [[f"l{k}{d}" for d in directions] for k in range(len(config["hidden_layer_sizes"]))]


def layer_weights(parameters, suffix):
    return (
        parameters[f"gru.weight_ih_{suffix}"],
        parameters[f"gru.weight_hh_{suffix}"],
        parameters[f"gru.bias_ih_{suffix}"],
        parameters.get(f"gru.bias_hh_{suffix}"),
    )


def attention_forward(h, W, b, v):
    """Vector (F,) of states h (T, F), and what backward needs (Bahdanau, Cho and Bengio 2015)."""
    u = np.tanh(h @ W.T + b)
    e = u @ v
    a = np.exp(e - e.max())
    a /= a.sum()
    return a @ h, (h, u, a)


def attention_backward(dc, saved, W, b, v):
    """Gradients dh (T, F), dW, db, dv, given dc (F,)."""
    h, u, a = saved
    da = h @ dc
    de = a * (da - a @ da)
    dp = np.outer(de, v) * (1 - u * u)
    return np.outer(a, dc) + dp @ W, dp.T @ h, dp.sum(axis=0), de @ u


def attention_weights(parameters):
    return parameters["attention.weight"], parameters["attention.bias"], parameters["attention.v"][0]


def attend_forward(q, h):
    """Vectors (m, F) for the rows of q (m, F) over those of h (n, F), and the weights (m, n)."""
    s = q @ h.T
    a = np.exp(s - s.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)
    return a @ h, a


def attend_backward(dc, a, q, h):
    """Gradients dq, dh, given dc (m, F)."""
    da = dc @ h.T
    ds = a * (da - (a * da).sum(axis=1, keepdims=True))
    return ds @ h, a.T @ dc + ds.T @ q


def conv_forward(x, W):
    """Sums (T, H) of one sequence x (T, D) over its last k steps; W (H, D, k), as in torch."""
    k = W.shape[2]
    padded = np.concatenate([np.zeros((k - 1, x.shape[1])), x])
    return np.array([np.einsum("jd,hdj->h", padded[t : t + k], W) for t in range(len(x))])


def conv_backward(ds, x, W):
    """Gradients dx, dW, given ds (T, H)."""
    k = W.shape[2]
    padded = np.concatenate([np.zeros((k - 1, x.shape[1])), x])
    dpadded, dW = np.zeros_like(padded), np.zeros_like(W)
    for t, ds_t in enumerate(ds):
        dpadded[t : t + k] += np.einsum("h,hdj->jd", ds_t, W)
        dW += np.einsum("h,jd->hdj", ds_t, padded[t : t + k])
    return dpadded[k - 1 :], dW


def pool_forward(x, p):
    """The largest of each p steps of x (T, H), or of those that are left, and the steps where they are."""
    first = np.array([t + x[t : t + p].argmax(axis=0) for t in range(0, len(x), p)])
    return np.take_along_axis(x, first, axis=0), first


def norm_weights(parameters, layer):
    """Weight and bias of a normalisation, and the constants that follow the batches: mean, variance, their number."""
    names = "weight", "bias", "running_mean", "running_var", "num_batches_tracked"
    return [parameters[f"norm.{layer}.{name}"] for name in names]


def convolutions_forward(sequences, parameters, config, training=False):
    """Rows (T', H) that the first GRU layer reads of each sequence (T, D), and what backward needs.

    Means and variances are those of all rows in training, else constants.
    """
    tape = []
    for layer, (_, _, pool) in enumerate(config.get("convolutions", ())):
        W = parameters[f"conv.{layer}.weight"]
        gamma, beta, mean, variance, _ = norm_weights(parameters, layer)
        sums = [conv_forward(x, W) for x in sequences]
        if training:
            rows = np.concatenate(sums)
            mean, variance = rows.mean(axis=0), rows.var(axis=0)
        units = [(s - mean) / np.sqrt(variance + 1e-5) for s in sums]
        rectified = [np.maximum(gamma * u + beta, 0) for u in units]
        pooled = [pool_forward(y, pool) for y in rectified]
        tape.append((sequences, units, mean, variance, rectified, [first for _, first in pooled]))
        sequences = [y for y, _ in pooled]
    return sequences, tape


def convolutions_backward(dsequences, tape, parameters):
    """Gradients by name, and those of the sequences, in training.

    In the place of gradients of constants are the mean, the variance and 1, each times the number of rows.
    """
    gradients = {}
    for layer, (inputs, units, mean, variance, rectified, firsts) in reversed(list(enumerate(tape))):
        W, gamma = parameters[f"conv.{layer}.weight"], parameters[f"norm.{layer}.weight"]
        dy = [np.zeros_like(y) for y in rectified]
        for into, first, dpooled in zip(dy, firsts, dsequences, strict=True):
            np.put_along_axis(into, first, dpooled, axis=0)
        dg = np.concatenate(dy) * (np.concatenate(rectified) > 0)
        u = np.concatenate(units)
        ds = gamma / np.sqrt(variance + 1e-5) * (dg - dg.mean(axis=0) - u * (dg * u).mean(axis=0))
        ds = np.split(ds, np.cumsum([len(x) for x in inputs])[:-1])
        back = [conv_backward(ds_i, x, W) for ds_i, x in zip(ds, inputs, strict=True)]
        dsequences = [dx for dx, _ in back]
        names = f"conv.{layer}.weight", *(f"norm.{layer}.{name}" for name in ("weight", "bias"))
        gradients |= dict(
            zip(names, (sum(dW for _, dW in back), (dg * u).sum(axis=0), dg.sum(axis=0)), strict=True)
        )
        gradients |= {
            f"norm.{layer}.running_mean": len(u) * mean,
            f"norm.{layer}.running_var": len(u) * variance,
            f"norm.{layer}.num_batches_tracked": np.array([float(len(u))]),
        }
    return gradients, dsequences


class NoMasks:
    """Dropout's masks of one sequence where there is no dropout."""

    def inputs(self, layer):
        """Of what enters a layer (T, D); `layer` "head": the head (F,)."""
        return 1.0

    def states(self, suffix):
        """Of a direction's states where they enter W_hh (H,)."""
        return 1.0


NO_MASKS = NoMasks()


def readouts(config):
    return [config["pooling"]] if isinstance(config["pooling"], str) else config["pooling"]


def of_convolutions(config):
    """Readouts of the first layer's rows and not of the states: conv_mean, conv_max."""
    return [name.startswith("conv_") for name in readouts(config)]


def readout_forward(h, name, parameters, config, tape):
    """Vector (F,) of states h (T, F); attention leaves what backward needs in `tape`."""
    H = config["hidden_layer_sizes"][-1]
    if name == "last":
        return np.concatenate([h[-1, :H], h[0, H:]])
    if name == "mean":
        return h.mean(axis=0)
    if name == "max":
        return h.max(axis=0)
    c, tape["attention"] = attention_forward(h, *attention_weights(parameters))
    return c


def readout_backward(dc, h, name, parameters, config, tape, gradients):
    """Gradient dh (T, F), given dc (F,); attention adds those of its weights to `gradients`."""
    dh, H = np.zeros_like(h), config["hidden_layer_sizes"][-1]
    if name == "last":
        dh[-1, :H] = dc[:H]
        dh[0, H:] += dc[H:]
    elif name == "mean":
        dh += dc / len(h)
    elif name == "max":
        dh[h.argmax(axis=0), np.arange(len(dc))] = dc
    else:
        dh, dW, db, dv = attention_backward(dc, tape["attention"], *attention_weights(parameters))
        gradients |= {"attention.weight": dW, "attention.bias": db, "attention.v": dv[np.newaxis]}
    return dh


def network_forward(x, parameters, config, masks=NO_MASKS):
    """Outputs (K,) of one sequence x (T, D), and what backward needs."""
    tape, rows = {}, x * masks.inputs(0)
    for layer, names in enumerate(direction_names(config)):
        outputs = []
        x = x * masks.inputs(layer)
        for suffix in names:
            flip = suffix.endswith("_reverse")
            weights = layer_weights(parameters, suffix)
            states, saved = cell_forward(x[::-1] if flip else x, *weights, mask=masks.states(suffix))
            outputs.append(states[::-1] if flip else states)
            tape[suffix] = saved
        x = np.concatenate(outputs, axis=1)
    parts = [
        readout_forward(rows if reads_rows else x, name.removeprefix("conv_"), parameters, config, tape)
        for name, reads_rows in zip(readouts(config), of_convolutions(config), strict=True)
    ]
    features = np.concatenate(parts) * masks.inputs("head")
    return parameters["head.weight"] @ features + parameters["head.bias"], (tape, features, x, rows)


def network_backward(doutput, saved, parameters, config, masks=NO_MASKS):
    """Gradients of one sequence by name, and dx (T, D)."""
    tape, features, states, rows = saved
    gradients = {"head.weight": np.outer(doutput, features), "head.bias": doutput}
    dfeatures = (doutput @ parameters["head.weight"]) * masks.inputs("head")
    dx, drows, first = np.zeros_like(states), np.zeros_like(rows), 0
    for name, reads_rows in zip(readouts(config), of_convolutions(config), strict=True):
        read, dread = (rows, drows) if reads_rows else (states, dx)
        part = dfeatures[first : first + read.shape[1]]
        first += read.shape[1]
        kind = name.removeprefix("conv_")
        dread += readout_backward(part, read, kind, parameters, config, tape, gradients)
    for layer, names in reversed(list(enumerate(direction_names(config)))):
        dstates, dx = dx, 0
        H = dstates.shape[1] // len(names)
        for i, suffix in enumerate(names):
            flip = suffix.endswith("_reverse")
            part = dstates[:, i * H : (i + 1) * H]
            weights = layer_weights(parameters, suffix)
            dinput, dW_ih, dW_hh, db_ih, db_hh, _ = cell_backward(
                part[::-1] if flip else part, tape[suffix], *weights, mask=masks.states(suffix)
            )
            dx = dx + (dinput[::-1] if flip else dinput)
            gradients[f"gru.weight_ih_{suffix}"] = dW_ih
            gradients[f"gru.weight_hh_{suffix}"] = dW_hh
            gradients[f"gru.bias_ih_{suffix}"] = db_ih
            if db_hh is not None:
                gradients[f"gru.bias_hh_{suffix}"] = db_hh
        dx = (dx + drows if layer == 0 else dx) * masks.inputs(layer)
    return gradients, dx


def softmax_cross_entropy(a, label, smoothing=0.0):
    p = np.exp(a - a.max())
    p /= p.sum()
    target = (1 - smoothing) * np.eye(len(a))[label] + smoothing / len(a)
    return -np.sum(target * np.log(p)), p - target


def sigmoid_cross_entropy(a, y):
    return np.sum(np.logaddexp(0, a) - y * a), sigmoid(a) - y


def squared_error(a, y):
    return np.mean((a - y) ** 2) / 2, (a - y) / len(a)


def absolute_error(a, y):
    return np.mean(np.abs(a - y)), np.sign(a - y) / len(a)


def huber(a, y, delta):
    e = a - y
    far = np.abs(e) > delta
    value = np.where(far, delta * (np.abs(e) - delta / 2), e**2 / 2)
    return np.mean(value), np.where(far, delta * np.sign(e), e) / len(a)


def quantile(a, y, *levels):
    q = np.resize(levels, len(a))
    return np.mean(np.maximum(q * (y - a), (q - 1) * (y - a))), ((a > y) - q) / len(a)


def poisson(a, y):
    return np.mean(np.exp(a) - y * a), (np.exp(a) - y) / len(a)


# the oracle of each loss, called with outputs, target and settings
LOSSES = {
    "softmax": softmax_cross_entropy,
    "sigmoid": lambda a, y, _: sigmoid_cross_entropy(a, y),
    "squared_error": lambda a, y, _: squared_error(a, y),
    "absolute_error": lambda a, y, _: absolute_error(a, y),
    "huber": huber,
    "quantile": quantile,
    "poisson": lambda a, y, _: poisson(a, y),
}


def batch_loss(sequences, targets, weights, parameters, config, loss, settings=(0.0,), masks=None):
    """Weighted mean loss of a batch, its gradients by name, and each sequence's dx; masks one a sequence."""
    masks = masks or [NO_MASKS] * len(sequences)
    total, loss_sum, dx = np.sum(weights), 0.0, []
    sequences, tape = convolutions_forward(sequences, parameters, config, training=True)
    gradients = {name: np.zeros_like(value) for name, value in parameters.items()}
    for x, target, weight, mask in zip(sequences, targets, weights, masks, strict=True):
        output, saved = network_forward(x, parameters, config, mask)
        value, doutput = LOSSES[loss](output, target, *settings)
        loss_sum += weight * value
        part, dx_i = network_backward(doutput * weight / total, saved, parameters, config, mask)
        dx.append(dx_i)
        for name in part:
            gradients[name] += part[name]
    of_convolutions, dx = convolutions_backward(dx, tape, parameters)
    return loss_sum / total, gradients | of_convolutions, dx


def adam(p, m, v, g, t, learning_rate, beta_1, beta_2, epsilon, weight_decay=0.0):
    """One step (Kingma and Ba 2015; decay: Loshchilov and Hutter 2019); returns the new p, m, v."""
    p = p - learning_rate * weight_decay * p
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g * g
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return p - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def sgd(p, m, g, learning_rate, momentum, nesterov):
    """One step with momentum, as torch writes it; returns the new p, m."""
    m = momentum * m + g
    return p - learning_rate * (g + momentum * m if nesterov else m), m


def rmsprop(p, v, g, learning_rate, rho, epsilon):
    """One step (Tieleman and Hinton 2012), as torch writes it; returns the new p, v."""
    v = rho * v + (1 - rho) * g * g
    return p - learning_rate * g / (np.sqrt(v) + epsilon), v
