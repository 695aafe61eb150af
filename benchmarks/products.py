"""gruc's own products beside SciPy's BLAS, in turns, on one thread.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/products.py > docs/benchmarks/products.md

First a product alone, the input product of a layer: N rows (N, D) (D, 3H). Then a whole step
of training without the optimiser: gathering, forward, loss and back, by the kernels and by the
plain path (GRUC_KERNEL=blas). The decision that rests on it: gruc trains without BLAS.
"""

import platform
from datetime import date
from functools import partial

import gruc
import numpy as np
from gruc import kernels
from gruc.network import GRUNetwork
from gruc.sequences import as_sequences
from gruc.training import LOSSES
from side_by_side import Peak, processor, take_turns, versions
from training_steps import N_CLASSES, SHAPES

PRODUCTS = [(128, 8, 64), (128, 64, 64), (128, 128, 128), (128, 256, 256), (3200, 128, 128)]


def product_calls(N, D, H):
    """A product with its bias, weights packed for it; the same by BLAS, without a bias."""
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((N, D), np.float32), rng.standard_normal((D, 3 * H), np.float32)
    out, bias = np.empty((N, 3 * H), np.float32), np.zeros(3 * H, np.float32)
    panels = np.empty(kernels.inference.panel_size(3 * H, D, False), np.float32)

    def own():
        kernels.inference.pack(panels, W)
        kernels.inference.affine(out, x, panels, bias)

    return own, partial(kernels.blas.matmul, out, x, W, False, False, 1, 0)


def step_calls(B, T, D, H):
    """Loss and gradient of a batch by the kernels, and by the plain path over BLAS."""
    rng = np.random.default_rng(0)
    network = GRUNetwork(D, [H], False, True, "last", N_CLASSES)
    flat = np.zeros(network.table.size, np.float32)
    network.initialize(network.table.views(flat), rng)
    source, indices = as_sequences(rng.standard_normal((B, T, D), np.float32)).source(np.arange(B))
    labels, gradients, memory = rng.integers(0, N_CLASSES, B), np.empty_like(flat), kernels.training.Memory()

    def step(kernel):
        kernels.select(kernel)
        weights = network.pack(flat)
        network.loss_and_gradient(
            weights, gradients, LOSSES["softmax"], source, indices, None, labels, None, B, memory
        )

    return partial(step, None), partial(step, "blas")


def main():
    peak = Peak()
    print("# Own products and BLAS\n")
    print(
        f"{processor()}, {platform.system()}, {date.today()}, one thread; "
        f"{gruc.show_config('dict')['kernels']['BLAS of SciPy']} of SciPy {versions('scipy')['scipy']}. "
        "GF/s of float32, medians of calls in turns; made by benchmarks/products.py."
    )
    problems = [
        ("A product, packing included: N, D, H", PRODUCTS, product_calls, lambda N, D, H: 2 * N * D * 3 * H),
        (
            "A step without the optimiser: B, T, D, H",
            SHAPES,
            step_calls,
            lambda B, T, D, H: 2 * 3 * H * (3 * H + 2 * D) * B * T,
        ),
    ]
    for title, shapes, calls_of, flops_of in problems:
        print(f"\n| {title} | own | BLAS | FMA peak |\n|---|---|---|---|")
        for shape in shapes:
            times = take_turns([*calls_of(*shape), peak], 2)
            flops = [flops_of(*shape)] * 2 + [peak.flops]
            rates = [f / np.median(t) / 1e9 for f, t in zip(flops, times, strict=True)]
            print(
                f"| {', '.join(map(str, shape))} | " + " | ".join(f"{rate:.0f}" for rate in rates) + " |",
                flush=True,
            )


if __name__ == "__main__":
    main()
