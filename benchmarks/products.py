"""Matrix products of training: gruc's own beside SciPy's BLAS, in turns, on one thread.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/products.py > docs/benchmarks/products.md

The shapes are those of a layer: N rows through the input product (N, D) (D, 3H), and
back, which is the gradient of weights (D, N) (N, 3H) and that of the inputs
(N, 3H) (3H, D). Own times include what packing costs. The decision that rests on it:
gruc trains without BLAS.
"""

import platform
from datetime import date
from functools import partial

import gruc
import numpy as np
from gruc.kernels import blas, training
from side_by_side import Peak, processor, take_turns, versions

# N is the rows of a chunk of steps: what gruc takes at a time
SHAPES = [(128, 8, 64), (128, 64, 64), (128, 128, 128), (128, 256, 256), (512, 128, 128), (3200, 128, 128)]


def main():
    peak = Peak()
    print("# Own products and BLAS\n")
    print(
        f"{processor()}, {platform.system()}, {date.today()}, one thread; "
        f"{gruc.show_config('dict')['kernels']['BLAS of SciPy']} of SciPy "
        f"{versions('scipy')['scipy']}. GF/s of float32, medians of calls in turns; made by "
        "benchmarks/products.py.\n"
    )
    print("| N, D, H | forward: own | BLAS | back: own | BLAS | FMA peak |")
    print("|---|---|---|---|---|---|")
    for N, D, H in SHAPES:
        rng = np.random.default_rng(0)
        x, W, dout = (rng.standard_normal(s, np.float32) for s in [(N, D), (D, 3 * H), (N, 3 * H)])
        b, db = np.zeros((2, 3 * H), np.float32)
        out, dx, dW = np.empty_like(dout), np.empty_like(x), np.empty_like(W)
        scratch = np.empty(training.dense_scratch_size(N, D, 3 * H, False), np.float32)

        def blas_back(x=x, W=W, dout=dout, dx=dx, dW=dW):
            blas.matmul(dx, dout, W, False, True, 1, 0)
            blas.matmul(dW, x, dout, True, False, 1, 0)

        calls = [
            partial(training.dense_forward, out, scratch, x, W, b),
            partial(blas.matmul, out, x, W, False, False, 1, 0),
            partial(training.dense_backward, dx, dW, db, scratch, dout, x, W),
            blas_back,
            peak,
        ]
        flops = 2 * N * D * 3 * H * np.array([1, 1, 2, 2, 0])
        flops[-1] = peak.flops
        rates = flops / [np.median(times) for times in take_turns(calls, 2)] / 1e9
        print(f"| {N}, {D}, {H} | " + " | ".join(f"{rate:.0f}" for rate in rates) + " |", flush=True)


if __name__ == "__main__":
    main()
