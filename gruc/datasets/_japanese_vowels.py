"""The Japanese Vowels data set (UCI, CC BY 4.0)."""

from importlib import resources
from typing import Any

import numpy as np
from sklearn.utils import Bunch


def load_japanese_vowels(*, subset: str = "train", return_X_y: bool = False) -> Any:
    """Load the Japanese Vowels data set: identify one of nine speakers.

    =================   ================================
    Sequences           640 (270 training, 370 test)
    Steps per sequence  7 to 29
    Features per step   12 (LPC cepstrum, real)
    Classes             9
    =================   ================================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The original split; "all" is both parts, the training part first.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : Bunch
        With ``data``, a list of arrays (n_steps_i, 12); ``target``, an array of
        integers 0 to 8; ``target_names``, ``feature_names``, ``DESCR``.
    (data, target) : tuple, with `return_X_y`

    Raises
    ------
    ValueError
        `subset` is none of the three.

    References
    ----------
    Kudo, Toyama and Shimbo (1999). Japanese Vowels. UCI Machine Learning
    Repository, https://doi.org/10.24432/C5NS47 (CC BY 4.0).

    Examples
    --------
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> len(X), X[0].shape, X[1].shape
    (270, (20, 12), (26, 12))
    """
    parts = {"train": ["train"], "test": ["test"], "all": ["train", "test"]}
    if subset not in parts:
        raise ValueError(f"subset must be 'train', 'test' or 'all'; got {subset!r}.")
    folder = resources.files(__package__) / "data"
    data, targets = [], []
    with (folder / "japanese_vowels.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        for part in parts[subset]:
            values = arrays[f"{part}_values"] / 1e6
            data += np.split(values, np.cumsum(arrays[f"{part}_lengths"])[:-1])
            targets.append(arrays[f"{part}_target"].astype(np.intp))
    target = np.concatenate(targets)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.array([f"speaker {i}" for i in range(1, 10)]),
        feature_names=[f"lpc_{i}" for i in range(1, 13)],
        DESCR=(folder / "japanese_vowels.rst").read_text(encoding="utf-8"),
    )
