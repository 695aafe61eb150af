#!/bin/sh
# A model on the command line: inspect it, predict from a CSV file, export it. Run with `sh examples/command_line.sh`.
set -e
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"

"$PYTHON" - <<'PROGRAM'
import csv

from gruc import GRUClassifier
from gruc.datasets import load_japanese_vowels

X, y = load_japanese_vowels(subset="train", return_X_y=True)
GRUClassifier((32,), random_state=0).fit(X, y).save("speakers.gruc")
X, y = load_japanese_vowels(subset="test", return_X_y=True)
with open("new.csv", "w", newline="") as file:  # one line per step
    lines = csv.writer(file)
    lines.writerow(["sequence", "step", *(f"cepstrum_{j}" for j in range(12))])
    lines.writerows([i, t, *step] for i in (0, 100, 200) for t, step in enumerate(X[i]))
PROGRAM

"$PYTHON" -m gruc info speakers.gruc
"$PYTHON" -m gruc predict speakers.gruc new.csv --proba
"$PYTHON" -m gruc predict speakers.gruc - <new.csv
"$PYTHON" -m gruc export speakers.gruc speakers.h --to c --prefix speakers --float16
head -n 4 speakers.h
