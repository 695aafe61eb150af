"""A model in a C program: exported as a header, compiled with cc and run on utterances from standard input.

Run with `python examples/c_program.py`; needs a C compiler. The same header runs on microcontrollers:
docs/benchmarks/microcontroller.md.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels

compiler = os.environ.get("CC", "cc")
if shutil.which(compiler) is None:
    raise SystemExit(f"{compiler} was not found. This example needs a C compiler, such as gcc.")

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

PROGRAM = """
#include "speakers.h"
#include <stdio.h>

/* reads from standard input the number of steps of an utterance, then their features, repeatedly */
int main(void)
{
    static speakers_state state;
    float x[SPEAKERS_N_FEATURES], probabilities[SPEAKERS_N_OUTPUTS];
    int n_steps;
    while (scanf("%d", &n_steps) == 1) {
        speakers_init(&state);
        for (int t = 0; t < n_steps; t++) {
            for (int j = 0; j < SPEAKERS_N_FEATURES; j++)
                if (scanf("%f", &x[j]) != 1) return 1;
            if (speakers_step(&state, x, probabilities)) return 2;
        }
        size_t best = speakers_class(probabilities);
        printf("%d %.9g\\n", speakers_classes[best], (double)probabilities[best]);
    }
    return 0;
}
"""

model = gruc.GRUClassifier((32,), frame_length=1, random_state=0).fit(X, y)
utterances = "\n".join(f"{len(x)} " + " ".join(f"{v:.9g}" for v in np.float32(x).ravel()) for x in X_test)
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    (folder / "main.c").write_text(PROGRAM)
    for storage in ("float32", "float16"):
        report = gruc.to_c(model, folder / "speakers.h", prefix="speakers", storage=storage, X=X)
        command = [compiler, "-std=c99", "-O2", f"-I{gruc.get_include()}", "main.c", "-lm"]
        subprocess.run([*command, "-o", "speakers"], cwd=folder, check=True)
        told = subprocess.run(
            [folder / "speakers"], input=utterances, capture_output=True, text=True, check=True
        ).stdout
        labels, best = np.array([line.split() for line in told.splitlines()], float).T
        print(f"{storage}: {report.constant_bytes:,} bytes of constants, {report.state_bytes:,} of state")
        difference = np.abs(best - model.predict_proba(X_test).max(axis=1)).max()
        print(f"  largest difference from predict_proba: {difference:.1e}")
        print(f"  accuracy on test utterances: {np.mean(labels == y_test):.3f}")
