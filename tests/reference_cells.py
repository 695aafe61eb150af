"""Cells of the oracle, in the letters of docs/math.md: one sequence at a time, one step at a time."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gru_forward(x, W_ih, W_hh, b_ih, b_hh, h0=None, mask=1.0):
    """States (T, H) of one sequence x (T, D), and what backward needs; b_hh None: reset before.

    `mask` (H,) is dropout's, of h where it enters W_hh.
    """
    H = W_hh.shape[1]
    h = np.zeros(H) if h0 is None else h0
    states, saved = [], []
    for x_t in x:
        h_prev = h
        k = mask * h_prev
        ih = W_ih @ x_t + b_ih
        ih_r, ih_z, ih_n = ih[:H], ih[H : 2 * H], ih[2 * H :]
        if b_hh is not None:
            hh = W_hh @ k + b_hh
            r = sigmoid(ih_r + hh[:H])
            z = sigmoid(ih_z + hh[H : 2 * H])
            hn = hh[2 * H :]
            n = np.tanh(ih_n + r * hn)
        else:
            r = sigmoid(ih_r + W_hh[:H] @ k)
            z = sigmoid(ih_z + W_hh[H : 2 * H] @ k)
            hn = W_hh[2 * H :] @ (r * k)
            n = np.tanh(ih_n + hn)
        h = n + z * (h_prev - n)
        states.append(h)
        saved.append((x_t, h_prev, r, z, n, hn))
    return np.array(states), saved


def gru_backward(dstates, saved, W_ih, W_hh, b_ih, b_hh, mask=1.0):
    """Gradients of one sequence, given dstates (T, H): dx, dW_ih, dW_hh, db_ih, db_hh, dh0."""
    H = W_hh.shape[1]
    dW_ih, dW_hh = np.zeros_like(W_ih), np.zeros_like(W_hh)
    db_ih, db_hh = np.zeros(3 * H), np.zeros(3 * H)
    dx, dh_next = [], np.zeros(H)
    for dh, (x_t, h_prev, r, z, n, hn) in zip(dstates[::-1], saved[::-1], strict=True):
        dh = dh + dh_next
        k = mask * h_prev
        dn = dh * (1 - z) * (1 - n * n)
        dz = dh * (h_prev - n) * z * (1 - z)
        if b_hh is not None:
            dr = dn * hn * r * (1 - r)
            dgates_hh = np.concatenate([dr, dz, dn * r])
            dh_next = dh * z + mask * (dgates_hh @ W_hh)
            dW_hh += np.outer(dgates_hh, k)
            db_hh += dgates_hh
        else:
            drh = dn @ W_hh[2 * H :]
            dr = drh * k * r * (1 - r)
            dh_next = dh * z + mask * (drh * r + np.concatenate([dr, dz]) @ W_hh[: 2 * H])
            dW_hh[: 2 * H] += np.outer(np.concatenate([dr, dz]), k)
            dW_hh[2 * H :] += np.outer(dn, r * k)
        dgates_ih = np.concatenate([dr, dz, dn])
        dW_ih += np.outer(dgates_ih, x_t)
        db_ih += dgates_ih
        dx.append(dgates_ih @ W_ih)
    return np.array(dx[::-1]), dW_ih, dW_hh, db_ih, db_hh if b_hh is not None else None, dh_next


def fio_forward(x, W_ih, W_hh, b_ih, h0=None, mask=1.0):
    """The same of the cell with forget, input and output gates; h0 (2H,) is [h, c]."""
    H = W_hh.shape[1]
    h, c = np.zeros((2, H)) if h0 is None else (h0[:H], h0[H:])
    states, saved = [], []
    for x_t in x:
        h_prev, c_prev = h, c
        products = W_ih @ x_t + W_hh @ (mask * h_prev)
        f = sigmoid(products[:H] + b_ih[:H])
        i = sigmoid(products[H : 2 * H] + b_ih[H : 2 * H])
        o = sigmoid(products[2 * H : 3 * H] + b_ih[2 * H : 3 * H])
        a = products[3 * H :]
        c = np.tanh(a * f + b_ih[3 * H :])
        h = f * h_prev + i * c + o * c_prev
        states.append(h)
        saved.append((x_t, h_prev, c_prev, f, i, o, a, c))
    return np.array(states), saved


def fio_backward(dstates, saved, W_ih, W_hh, b_ih, mask=1.0, dc=0.0):
    """Gradients of one sequence, given dstates (T, H): dx, dW_ih, dW_hh, db_ih, dh0 (2H,).

    `dc` (H,) is the gradient of the last candidate, beside what the states say.
    """
    H = W_hh.shape[1]
    dW_ih, dW_hh, db_ih = np.zeros_like(W_ih), np.zeros_like(W_hh), np.zeros(4 * H)
    dx, dh_next, dc_next = [], np.zeros(H), np.zeros(H) + dc
    for dh, (x_t, h_prev, c_prev, f, i, o, a, c) in zip(dstates[::-1], saved[::-1], strict=True):
        dh = dh + dh_next
        dc = dh * i + dc_next
        db = dc * (1 - c * c)
        df = (dh * h_prev + db * a) * f * (1 - f)
        di = dh * c * i * (1 - i)
        do = dh * c_prev * o * (1 - o)
        dproducts = np.concatenate([df, di, do, db * f])
        dh_next = dh * f + mask * (dproducts @ W_hh)
        dc_next = dh * o
        dW_ih += np.outer(dproducts, x_t)
        dW_hh += np.outer(dproducts, mask * h_prev)
        db_ih += np.concatenate([df, di, do, db])
        dx.append(dproducts @ W_ih)
    return np.array(dx[::-1]), dW_ih, dW_hh, db_ih, np.concatenate([dh_next, dc_next])


def is_fio(W_hh):
    return len(W_hh) == 4 * W_hh.shape[1]


def cell_forward(x, W_ih, W_hh, b_ih, b_hh, h0=None, mask=1.0):
    """By the cell that has as many blocks of weights."""
    if is_fio(W_hh):
        return fio_forward(x, W_ih, W_hh, b_ih, h0, mask)
    return gru_forward(x, W_ih, W_hh, b_ih, b_hh, h0, mask)


def cell_backward(dstates, saved, W_ih, W_hh, b_ih, b_hh, mask=1.0, dc=0.0):
    """Gradients as of `gru_backward`; `dc` as of `fio_backward`."""
    if is_fio(W_hh):
        *gradients, dh0 = fio_backward(dstates, saved, W_ih, W_hh, b_ih, mask, dc)
        return (*gradients, None, dh0)
    return gru_backward(dstates, saved, W_ih, W_hh, b_ih, b_hh, mask)
