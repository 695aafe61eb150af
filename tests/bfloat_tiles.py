"""Products on tiles of bfloat16 in NumPy, from Intel's description of TDPBF16PS; not optimised."""

import numpy as np


def to_bfloat(x):
    """The bfloat16 number next to each of x, ties to even, subnormal ones 0: as float32."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    rounded = np.where(bits & 0x7F800000, rounded, bits & 0x80000000)
    rounded = np.where((bits & 0x7FFFFFFF) > 0x7F800000, (bits | 0x400000) & 0xFFFF0000, rounded)
    return rounded.astype(np.uint32).view(np.float32)


def parts_of(x, n_parts):
    """The bfloat16 numbers that stand for x, (n_parts, *x.shape)."""
    first = to_bfloat(x)
    with np.errstate(invalid="ignore"):
        return np.stack([first, to_bfloat(flushed(x - first))][:n_parts])


def flushed(x):
    """x, but 0 where it is subnormal."""
    return np.where(np.abs(x) < np.finfo(np.float32).tiny, np.copysign(np.float32(0), x), x).astype(
        np.float32
    )


def added(x, y):
    """x + y of float64, rounded once to float32, subnormal results 0."""
    with np.errstate(all="ignore"):
        total = x + y
        of_y = total - x
        error = (x - (total - of_y)) + (y - of_y)
        # rounded to odd, so that the second rounding is as if it were the only one
        is_even = (total.view(np.int64) & 1) == 0
        inexact = np.isfinite(total) & np.isfinite(error) & (error != 0)
        away = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
        return flushed(np.where(inexact & is_even, away, total).astype(np.float32))


def join(c, a, b):
    """c + a b as one TDPBF16PS has it, of bfloat16 numbers a (m, 32) and b (32, n)."""
    sums = [np.zeros((len(a), b.shape[1]), np.float32) for _ in range(2)]
    a, b = a.astype(np.float64), b.astype(np.float64)
    for k in range(32):
        sums[k % 2] = added(sums[k % 2].astype(np.float64), np.outer(a[:, k], b[k]))
    total = added(sums[0].astype(np.float64), sums[1].astype(np.float64))
    return added(c.astype(np.float64), total.astype(np.float64))


def product(A, W, n_parts):
    """A (m, K) times W (K, n), in the order of tile_product.body.h."""
    K = -(-A.shape[1] // 32) * 32
    a = np.pad(parts_of(A, n_parts), [(0, 0), (0, 0), (0, K - A.shape[1])])
    b = np.pad(parts_of(W, n_parts), [(0, 0), (0, K - W.shape[0]), (0, 0)])
    c = np.zeros((A.shape[0], W.shape[1]), np.float32)
    for k in range(0, K, 32):
        for i, j in [(0, 0), (1, 0), (0, 1)][: 2 * n_parts - 1]:
            c = join(c, a[i, :, k : k + 32], b[j, k : k + 32])
    return c
