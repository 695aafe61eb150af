"""Compare the numbers of two commits, bit by bit: weights after fits, predictions, streams, exported C.

    python tools/golden_bits.py COMMIT OTHER_COMMIT

Builds both commits in temporary folders with this Python (which needs gruc's build and run-time
dependencies), runs the same fits in both under every kernel that this processor has, and names
what differs. Exit code 1 if anything does. Each case is a digest of float bits: equal digests
are equal numbers.
"""

import argparse
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

KERNELS = ("baseline", "avx2", "avx512", "blas")
EXPORTED = ("last-after-1-layer", "mean-before-2-layers")  # structures that are compiled as C, too


def digest(*arrays):
    """The first digits of a hash of the bits of arrays."""
    import numpy as np

    hashed = hashlib.sha256()
    for array in arrays:
        hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()[:16]


def structures():
    """Network parameters by name: readouts, resets, depths and directions, in both precisions."""
    for pooling, reset_after, layers, bidirectional, dtype in itertools.product(
        ("last", "mean", "max", "attention"),
        (True, False),
        ((13,), (16, 9)),
        (False, True),
        ("float32", "float64"),
    ):
        name = (
            f"{pooling}-{'after' if reset_after else 'before'}-{len(layers)}-layer{'s' * (len(layers) > 1)}"
        )
        name += "-both" * bidirectional + f" {dtype}"
        yield (
            name,
            dict(
                hidden_layer_sizes=layers,
                bidirectional=bidirectional,
                reset_after=reset_after,
                pooling=pooling,
                dtype=dtype,
            ),
        )


def fits():
    """Settings of training by name, on the plainest network."""
    for solver in ("adam", "adamw", "sgd", "rmsprop"):
        yield f"solver {solver}", dict(solver=solver, alpha=1e-3)
    for decay in ("constant", "invscaling", "exponential", "step", "cosine"):
        yield f"learning_rate {decay}", dict(learning_rate=decay, warmup=1)
    yield "dropout", dict(dropout=0.2, recurrent_dropout=0.3)
    yield "l1", dict(alpha=1e-3, l1_ratio=0.5)
    yield "early stopping", dict(early_stopping=True, scoring="loss")
    yield "frames", dict(frame_length=4, hop_length=2)
    yield "no standardize", dict(standardize=False)
    yield "no clipping", dict(max_grad_norm=None)


def cases():
    """(name, digest) of everything that is compared, in this process."""
    import gruc
    from gruc.datasets import load_japanese_vowels

    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    X_test = load_japanese_vowels(subset="test", return_X_y=True)[0][:40]
    X, y = X[:90], y[:90]
    common = dict(max_iter=3, random_state=0, batch_size=16)

    def outcomes(name, model, targets, predict):
        model.fit(X, targets)
        yield f"{name}: weights", digest(*model.weights_.values())
        yield f"{name}: predictions", digest(predict(model)(X_test))
        yield f"{name}: hidden states", digest(*model.hidden_states(X_test))
        if not model.bidirectional:
            stream = model.stream()
            yield f"{name}: stream", digest(*[stream.step(x) for x in X_test[0]])
        model.set_params(early_stopping=False)
        yield f"{name}: partial_fit", digest(*model.partial_fit(X, targets).weights_.values())

    for name, network in structures():
        model = gruc.GRUClassifier(frame_length=1, **network, **common)
        yield from outcomes(name, model, y, lambda model: model.predict_proba)
        if name.removesuffix(" float32") in EXPORTED:
            yield f"{name}: exported C", digest_of_c(model, X_test[0])
    for name, settings in fits():
        yield from outcomes(
            name, gruc.GRUClassifier((13,), **common | settings), y, lambda model: model.predict_proba
        )
    targets = [x[-1, 0] for x in X]
    for loss in ("squared_error", "poisson"):
        model = gruc.GRURegressor((13,), loss=loss, **common)
        yield from outcomes(
            f"loss {loss}", model, [t - min(targets) for t in targets], lambda model: model.predict
        )


def digest_of_c(model, steps):
    """A digest of what the model's C header answers after each step."""
    import gruc
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        gruc.to_c(model, os.path.join(folder, "model.h"))
        n_features, n_classes = steps.shape[1], len(model.classes_)
        (Path(folder) / "main.c").write_text(
            '#include <stdio.h>\n#include "model.h"\n'
            f"int main(void) {{ model_state s; float x[{n_features}], out[{n_classes}]; model_init(&s);\n"
            f'for (;;) {{ for (int i = 0; i < {n_features}; i++) if (scanf("%f", x + i) != 1) return 0;\n'
            "model_step(&s, x, out);\n"
            f'for (int k = 0; k < {n_classes}; k++) printf("%.9g\\n", out[k]); }} }}\n'
        )
        subprocess.run(
            ["cc", "-O2", "-std=c99", f"-I{gruc.get_include()}", "main.c", "-lm", "-o", "main"],
            cwd=folder,
            check=True,
        )
        steps = " ".join(f"{value:.9g}" for value in steps.astype(np.float32).ravel())
        printed = subprocess.run(
            ["./main"], cwd=folder, input=steps, capture_output=True, text=True, check=True
        )
    return digest(np.array(printed.stdout.split(), np.float32))


def built(commit, folder):
    """The folder of a build of `commit`."""
    target = Path(folder) / "tree"
    target.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", target], input=archive, check=True)
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=target, check=True)
    return target


def digests(tree, kernel):
    """Digests by name of a built tree under one kernel, None where the processor lacks it."""
    env = os.environ | {"PYTHONPATH": str(tree), "GRUC_KERNEL": kernel, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, __file__, "--print"], cwd=tree, env=env, capture_output=True, text=True
    )
    if done.returncode and "does not have" in done.stderr:
        return None
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    """Build, run, compare, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commits", nargs="*", metavar="COMMIT")
    parser.add_argument("--print", action="store_true", help="print the digests of the gruc that is imported")
    options = parser.parse_args()
    if options.print:
        warnings.simplefilter("ignore")
        print(json.dumps(dict(cases())))
        return
    if len(options.commits) != 2:
        parser.error("two commits are compared")
    folder = tempfile.mkdtemp()
    try:
        trees = [built(commit, Path(folder) / str(i)) for i, commit in enumerate(options.commits)]
        n_compared, different = 0, []
        for kernel in KERNELS:
            one, other = (digests(tree, kernel) for tree in trees)
            if one is None or other is None:
                print(f"{kernel}: not on this processor")
                continue
            odd = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
            print(f"{kernel}: {len(one)} compared, {len(odd)} different")
            n_compared += len(one)
            different += [f"{kernel}, {name}" for name in odd]
    finally:
        shutil.rmtree(folder)
    print(*different, sep="\n")
    print(f"{n_compared} digests compared, {len(different)} different.")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
