"""Compare the results of two commits bit by bit: weights after fits, predictions, streams, exported C.

    python tools/golden_bits.py BEFORE AFTER

Builds both commits in temporary folders with this Python (which needs gruc's build and run-time
dependencies), runs the same fits in both under every kernel that this processor has, and names
what differs. The exit code is 1 if anything does. Only gruc's public names are used, so that both
commits may be arranged as they like. A folder with a built checkout may stand in place of a commit.

Each case is a digest of the bits of its results: equal digests are equal bits.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

# the flags by which a compiler of C uses what the kernel of this name uses
KERNELS = {
    "baseline": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"],
    "blas": None,  # trains only
}
COMMON = dict(max_iter=3, random_state=0, batch_size=16)


def digest(*arrays):
    """The first digits of a hash of the bits of arrays."""
    import numpy as np

    hashed = hashlib.sha256()
    for array in arrays:
        hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()[:16]


def structures():
    """Network parameters by name: readouts, resets, layers and directions, in both precisions."""
    for pooling, reset_after, layers, bidirectional, dtype in itertools.product(
        ("last", "mean", "max", "attention"),
        (True, False),
        ((13,), (70,), (16, 9), (5, 1, 4)),
        (False, True),
        ("float32", "float64"),
    ):
        sizes = "x".join(map(str, layers))
        reset = "after" if reset_after else "before"
        yield (
            f"structure {pooling}-{reset}-{sizes}{'-both' * bidirectional} {dtype}",
            dict(
                hidden_layer_sizes=layers,
                bidirectional=bidirectional,
                reset_after=reset_after,
                pooling=pooling,
                dtype=dtype,
                frame_length=1,
            ),
        )


def classifier_settings():
    """Settings of training by name, on one small network."""
    for solver in ("adam", "adamw", "sgd", "rmsprop"):
        yield f"solver {solver}", dict(solver=solver, alpha=1e-3)
    for decay in ("constant", "invscaling", "exponential", "step", "cosine", "adaptive"):
        yield f"learning_rate {decay}", dict(learning_rate=decay, warmup=1)
    for dtype in ("float32", "float64"):
        yield f"dropout {dtype}", dict(dropout=0.2, recurrent_dropout=0.3, dtype=dtype)
    yield "dropout of two layers", dict(hidden_layer_sizes=(9, 6), bidirectional=True, dropout=0.4)
    yield "sgd without Nesterov's momentum", dict(solver="sgd", nesterovs_momentum=False)
    yield "l1", dict(alpha=1e-3, l1_ratio=0.5)
    yield "early stopping", dict(early_stopping=True, scoring="loss")
    yield "label smoothing", dict(label_smoothing=0.1)
    yield "class weights", dict(class_weight={1: 3.0})
    yield "frames", dict(frame_length=4, hop_length=2)
    yield "frames with gaps", dict(frame_length=2, hop_length=3, pooling="mean")
    yield "no standardize", dict(standardize=False)
    yield "no clipping", dict(max_grad_norm=None)
    yield "no shuffling", dict(shuffle=False)
    yield "update gate bias", dict(update_gate_bias_init=-1.0)
    yield "one batch", dict(batch_size=1000)
    yield "one sequence a batch", dict(batch_size=1, max_iter=1)


def regressor_settings():
    """Settings of regressors by name."""
    for loss in ("squared_error", "absolute_error", "huber", "poisson"):
        yield f"loss {loss}", dict(loss=loss)
    yield "loss quantile", dict(loss="quantile", quantile=[0.1, 0.5, 0.9])
    yield "regressor both ways", dict(bidirectional=True, pooling="attention", dtype="float64")


def results(name, model, X, y, X_test):
    """Cases of one model, which is fitted."""
    predict = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    model.fit(X, y)
    yield f"{name}: weights", digest(*model.weights_.values())
    yield f"{name}: losses", digest(*model.loss_curve_)
    yield f"{name}: predictions", digest(predict(X_test), predict(X_test[:1]))
    yield f"{name}: hidden states", digest(*model.hidden_states(X_test))
    if not model.bidirectional:
        stream, streams = model.stream(), model.stream(3)
        one = [stream.step(x) for x in X_test[0]]
        several = [streams.step([x[t] for x in X_test[:3]]) for t in range(7)]
        yield f"{name}: streams", digest(*one, *several, stream.step(X_test[1], every=True))


def goes_on(name, model, X, y):
    """The case of one more epoch."""
    model.set_params(early_stopping=False).partial_fit(X, y)
    yield f"{name}: partial_fit", digest(*model.weights_.values())


def cases():
    """(name, digest) of everything that is compared, in this process."""
    import gruc
    import numpy as np
    from gruc.datasets import load_japanese_vowels

    X, y = load_japanese_vowels(subset="train", return_X_y=True)
    X_test = load_japanese_vowels(subset="test", return_X_y=True)[0][:40]
    X, y = X[:90], y[:90]
    exported = {}

    for name, network in structures():
        model = gruc.GRUClassifier(**network, **COMMON)
        yield from results(name, model, X, y, X_test)
        if network["dtype"] == "float32":
            exported[name] = model, "float32"
    for name, settings in classifier_settings():
        model = gruc.GRUClassifier(**dict(hidden_layer_sizes=(13,)) | COMMON | settings)
        yield from results(name, model, X, y, X_test)
        yield from goes_on(name, model, X, y)
        exported[name] = model, "float16"

    values = np.array([x[-1, 0] - min(x[-1, 0] for x in X) for x in X])
    for name, settings in regressor_settings():
        model = gruc.GRURegressor((13,), **COMMON, **settings)
        yield from results(name, model, X, values, X_test)
        yield from goes_on(name, model, X, values)
        exported[name] = model, "float32"
    several = gruc.GRURegressor((6,), **COMMON)
    yield from results("two targets", several, X, np.stack([values, 3 - 2 * values], axis=1), X_test)
    labels = gruc.GRUClassifier((6,), **COMMON)
    yield from results("two labels at once", labels, X, np.stack([y == 0, y < 2], axis=1).astype(int), X_test)
    yield from results("two classes", gruc.GRUClassifier((6,), **COMMON), X, y > 0, X_test)
    one_step = gruc.GRUClassifier((6,), frame_length=1, **COMMON)
    yield from results("one step", one_step, [x[:1] for x in X], y, X_test)
    threads = gruc.GRUClassifier((40,), frame_length=1, n_jobs=2, **COMMON | dict(batch_size=90))
    yield from results("two threads", threads, X, y, X_test)

    flags = KERNELS[os.environ["GRUC_KERNEL"]]
    if flags is not None:
        yield from exported_cases(exported, X_test[:3], flags)


FUNCTION = """
static void run_{p}(void)
{{
    static {memory};
    float out[{P}_N_OUTPUTS];
    for (int i = 0, at = 0; i < N; at += lengths[i++] * D) {{
        {p}_predict({argument}, x + at, (size_t)lengths[i], out);
        for (int k = 0; k < {P}_N_OUTPUTS; k++) printf("{p} %a\\n", (double)out[k]);
    }}
}}
"""


def exported_cases(models, X, flags):
    """Cases of C headers: one program of them all, which prints the bits of its answers."""
    import gruc

    includes, functions, calls, names = [], [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, (model, storage)) in enumerate(models.items()):
            p = f"m{i}"
            names[p] = name
            gruc.to_c(model, os.path.join(folder, f"{p}.h"), prefix=p, storage=storage)
            includes.append(f'#include "{p}.h"')
            both = model.bidirectional
            memory = f"float work[M{i}_WORK({max(map(len, X))})]" if both else f"{p}_state state"
            argument = "work" if both else "&state"
            functions.append(FUNCTION.format(p=p, P=p.upper(), memory=memory, argument=argument))
            calls.append(f"run_{p}();")
        numbers = ", ".join(f"{value:.9e}f" for x in X for value in x.ravel())
        lengths = ", ".join(str(len(x)) for x in X)
        sequences = (
            f"enum {{ N = {len(X)}, D = {X[0].shape[1]} }};\nstatic const int lengths[] = {{{lengths}}};\n"
            f"static const float x[] = {{{numbers}}};"
        )
        main = f"int main(void) {{ {' '.join(calls)} return 0; }}\n"
        text = "\n".join(["#include <stdio.h>", *includes, sequences, *functions, main])
        Path(folder, "main.c").write_text(text)
        command = ["cc", "-O2", "-std=c99", *flags, f"-I{gruc.get_include()}", "main.c", "-lm", "-o", "main"]
        subprocess.run(command, cwd=folder, check=True)
        printed = subprocess.run(["./main"], cwd=folder, capture_output=True, text=True, check=True).stdout
    answers = {p: [] for p in names}
    for line in printed.splitlines():
        p, bits = line.split()
        answers[p].append(bits)
    for p, bits in answers.items():
        assert bits
        yield f"{names[p]}: exported C", hashlib.sha256(" ".join(bits).encode()).hexdigest()[:16]


def unpacked(commit, folder):
    """A folder with the files of `commit`."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def together(commands, **settings):
    """Standard output of programs that run side by side, each (command, folder, environment)."""
    settings |= dict(text=True, stdout=subprocess.PIPE)
    running = [
        subprocess.Popen(command, cwd=folder, env=os.environ | more, **settings)
        for command, folder, more in commands
    ]
    outputs = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        sys.exit(1)
    return outputs


def digests(trees, kernel):
    """For each built tree its digests by name under one kernel."""
    command = [sys.executable, str(Path(__file__).resolve()), "--print"]
    more = {"GRUC_KERNEL": kernel, "OMP_NUM_THREADS": "1"}
    return map(json.loads, together([(command, tree, more | {"PYTHONPATH": str(tree)}) for tree in trees]))


def available(trees):
    """Kernels that this processor has, as the first tree says."""
    program = "from gruc import show_config; print(*show_config('dict')['kernels']['this processor has'])"
    (output,) = together([([sys.executable, "-c", program], trees[0], {"PYTHONPATH": str(trees[0])})])
    return {*output.split(), "blas"}


def print_cases():
    """Digests of the gruc that is imported, as JSON."""
    import gruc

    warnings.simplefilter("ignore")
    print(f"gruc of {Path(gruc.__file__).parent}", file=sys.stderr)
    print(json.dumps(dict(cases())))


def main():
    """Build, run, compare, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commits", nargs="*", metavar="COMMIT")
    parser.add_argument("--print", action="store_true", help="print the digests of the gruc that is imported")
    options = parser.parse_args()
    if options.print:
        print_cases()
        return
    if len(options.commits) != 2:
        parser.error("two commits are compared")
    n_networks, n_compared, different = 0, 0, []
    with contextlib.ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        trees, builds = [], []
        for i, commit in enumerate(options.commits):
            if Path(commit, "gruc").is_dir():
                trees.append(Path(commit).resolve())
            else:
                trees.append(unpacked(commit, temporary / str(i)))
                builds.append(([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], trees[-1], {}))
        together(builds, stderr=subprocess.DEVNULL)
        here = available(trees)
        for kernel in KERNELS:
            if kernel not in here:
                print(f"{kernel}: not on this processor")
                continue
            one, other = digests(trees, kernel)
            odd = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
            kinds = Counter(name.rpartition(": ")[2] for name in one)
            networks = {name.partition(": ")[0] for name in one if name.startswith("structure ")}
            print(f"{kernel}: {len(networks)} structures and precisions, {len(one)} digests", end=" (")
            print(
                *(f"{n} of {kind}" for kind, n in kinds.items()), sep=", ", end=f"), {len(odd)} different\n"
            )
            n_networks += len(networks)
            n_compared += len(one)
            different += [f"{kernel}, {name}" for name in odd]
    print(*different, sep="\n", end="\n" * bool(different))
    print(
        f"{n_networks} structures x precisions x kernels, {n_compared} digests, {len(different)} different."
    )
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
