"""The oracle: gruc's equations one by one in float64 NumPy, never optimised.

One sequence at a time, one step at a time, in the letters of
docs/math.md. Everything gruc computes fast is held against this.
"""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gru_forward(x, W_ih, W_hh, b_ih, b_hh, h0=None):
    """States (T, H) of one sequence x (T, D), and what backward needs; b_hh None: reset before."""
    H = W_hh.shape[1]
    h = np.zeros(H) if h0 is None else h0
    states, saved = [], []
    for x_t in x:
        h_prev = h
        ih = W_ih @ x_t + b_ih
        ih_r, ih_z, ih_n = ih[:H], ih[H : 2 * H], ih[2 * H :]
        if b_hh is not None:
            hh = W_hh @ h_prev + b_hh
            r = sigmoid(ih_r + hh[:H])
            z = sigmoid(ih_z + hh[H : 2 * H])
            hn = hh[2 * H :]
            n = np.tanh(ih_n + r * hn)
        else:
            r = sigmoid(ih_r + W_hh[:H] @ h_prev)
            z = sigmoid(ih_z + W_hh[H : 2 * H] @ h_prev)
            hn = W_hh[2 * H :] @ (r * h_prev)
            n = np.tanh(ih_n + hn)
        h = n + z * (h_prev - n)
        states.append(h)
        saved.append((x_t, h_prev, r, z, n, hn))
    return np.array(states), saved


def gru_backward(dstates, saved, W_ih, W_hh, b_ih, b_hh):
    """Gradients of one sequence, given dstates (T, H): dx, dW_ih, dW_hh, db_ih, db_hh."""
    H = W_hh.shape[1]
    dW_ih, dW_hh = np.zeros_like(W_ih), np.zeros_like(W_hh)
    db_ih, db_hh = np.zeros(3 * H), np.zeros(3 * H)
    dx, dh_next = [], np.zeros(H)
    for dh, (x_t, h_prev, r, z, n, hn) in zip(dstates[::-1], saved[::-1], strict=True):
        dh = dh + dh_next
        dn = dh * (1 - z) * (1 - n * n)
        dz = dh * (h_prev - n) * z * (1 - z)
        if b_hh is not None:
            dr = dn * hn * r * (1 - r)
            dgates_hh = np.concatenate([dr, dz, dn * r])
            dh_next = dh * z + dgates_hh @ W_hh
            dW_hh += np.outer(dgates_hh, h_prev)
            db_hh += dgates_hh
        else:
            drh = dn @ W_hh[2 * H :]
            dr = drh * h_prev * r * (1 - r)
            dh_next = dh * z + drh * r + np.concatenate([dr, dz]) @ W_hh[: 2 * H]
            dW_hh[: 2 * H] += np.outer(np.concatenate([dr, dz]), h_prev)
            dW_hh[2 * H :] += np.outer(dn, r * h_prev)
        dgates_ih = np.concatenate([dr, dz, dn])
        dW_ih += np.outer(dgates_ih, x_t)
        db_ih += dgates_ih
        dx.append(dgates_ih @ W_ih)
    return np.array(dx[::-1]), dW_ih, dW_hh, db_ih, db_hh if b_hh is not None else None


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


def network_forward(x, parameters, config):
    """Outputs (K,) of one sequence x (T, D), and what backward needs."""
    tape = []
    for names in direction_names(config):
        outputs = []
        for suffix in names:
            flip = suffix.endswith("_reverse")
            states, saved = gru_forward(x[::-1] if flip else x, *layer_weights(parameters, suffix))
            outputs.append(states[::-1] if flip else states)
            tape.append((suffix, saved))
        x = np.concatenate(outputs, axis=1)
    H = config["hidden_layer_sizes"][-1]
    if config["pooling"] == "last":
        features = np.concatenate([x[-1, :H], x[0, H:]])
    else:
        features = x.mean(axis=0)
    return parameters["head.weight"] @ features + parameters["head.bias"], (tape, features, len(x))


def network_backward(doutput, saved, parameters, config):
    """Gradients of one sequence by name, and dx (T, D)."""
    tape, features, T = saved
    gradients = {"head.weight": np.outer(doutput, features), "head.bias": doutput}
    dfeatures = doutput @ parameters["head.weight"]
    H = config["hidden_layer_sizes"][-1]
    dx = np.zeros((T, len(dfeatures)))
    if config["pooling"] == "last":
        dx[-1, :H] += dfeatures[:H]
        dx[0, H:] += dfeatures[H:]
    else:
        dx += dfeatures / T
    tape = dict(tape)
    for names in reversed(direction_names(config)):
        dstates, dx = dx, 0
        H = dstates.shape[1] // len(names)
        for i, suffix in enumerate(names):
            flip = suffix.endswith("_reverse")
            part = dstates[:, i * H : (i + 1) * H]
            weights = layer_weights(parameters, suffix)
            dinput, dW_ih, dW_hh, db_ih, db_hh = gru_backward(
                part[::-1] if flip else part, tape[suffix], *weights
            )
            dx = dx + (dinput[::-1] if flip else dinput)
            gradients[f"gru.weight_ih_{suffix}"] = dW_ih
            gradients[f"gru.weight_hh_{suffix}"] = dW_hh
            gradients[f"gru.bias_ih_{suffix}"] = db_ih
            if db_hh is not None:
                gradients[f"gru.bias_hh_{suffix}"] = db_hh
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


def batch_loss(sequences, targets, weights, parameters, config, loss, settings=(0.0,)):
    """Weighted mean loss of a batch, its gradients by name, and each sequence's dx."""
    total, loss_sum, dx = np.sum(weights), 0.0, []
    gradients = {name: np.zeros_like(value) for name, value in parameters.items()}
    for x, target, weight in zip(sequences, targets, weights, strict=True):
        output, saved = network_forward(x, parameters, config)
        value, doutput = LOSSES[loss](output, target, *settings)
        loss_sum += weight * value
        part, dx_i = network_backward(doutput * weight / total, saved, parameters, config)
        dx.append(dx_i)
        for name in gradients:
            gradients[name] += part[name]
    return loss_sum / total, gradients, dx


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
