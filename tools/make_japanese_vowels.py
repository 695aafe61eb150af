"""Makes gruc/datasets/data/japanese_vowels.npz from the copy in the aeon wheel.

    pip install aeon
    python tools/make_japanese_vowels.py

The published values are decimals with at most six places; as integers of 1e-6
they compress well and come back exactly. LZMA, which np.load reads, takes a sixth
less than np.savez_compressed.
"""

import zipfile
from pathlib import Path

import numpy as np
from aeon.datasets import load_japanese_vowels

OUT = Path(__file__).parent.parent / "gruc" / "datasets" / "data" / "japanese_vowels.npz"

parts = {}
for subset in ("train", "test"):
    X, y = load_japanese_vowels(split=subset)
    micro = np.concatenate([sequence.T for sequence in X]) * 1e6
    if np.abs(micro - np.round(micro)).max() > 1e-3:
        raise SystemExit("the values have more than six decimal places")
    parts[f"{subset}_values"] = np.round(micro).astype(np.int32)
    parts[f"{subset}_lengths"] = np.array([sequence.shape[1] for sequence in X], np.int16)
    parts[f"{subset}_target"] = y.astype(np.int8) - 1
with zipfile.ZipFile(OUT, "w", zipfile.ZIP_LZMA) as archive:
    for name, array in parts.items():
        with archive.open(f"{name}.npy", "w") as file:
            np.lib.format.write_array(file, array)
print(f"{OUT}: {OUT.stat().st_size} bytes")
