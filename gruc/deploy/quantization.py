"""What weights in fewer bits cost: scores, answers and bytes of each storage."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np

from ..estimators import GRUForecaster, GRULanguageModel, GRUSeq2Seq
from ..files.storage import STORAGES
from ..saving import load, save
from .c_header import to_c


class StoredModel(NamedTuple):
    """A row of a `QuantizationReport`.

    Attributes
    ----------
    weights : str
        Format of the weight matrices.
    score : float or None
        Score on X and y; None if y is required but not given.
    file_bytes : int
        Size of the model file.
    c_bytes : int or None
        Size of the constants in the header that `to_c` writes; None if the model cannot be exported.
    largest_change : float or None
        Largest change of a probability, a value or a forecast; None for outputs that are not numeric.
    changed : float or None
        Share of labels, or of non-numeric outputs, that differ.
    """

    weights: str
    score: float | None
    file_bytes: int
    c_bytes: int | None
    largest_change: float | None
    changed: float | None


class QuantizationReport:
    """Comparison of the formats of a model's weights; prints as a table.

    Parameters
    ----------
    rows : list of StoredModel
        The original model, then one with its weights in each narrower format.
    """

    def __init__(self, rows: list[StoredModel]):
        self.rows = rows

    def __getitem__(self, weights: str) -> StoredModel:
        """The line of a storage, such as "int8"."""
        for row in self.rows:
            if row.weights == weights:
                return row
        raise KeyError(weights)

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)

    def __str__(self):
        heads = ("weights", "score", "file, bytes", "C, bytes", "largest change", "changed")
        lines = [heads, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
        return "\n".join(
            "  ".join(f"{cell:{'<' if i == 0 else '>'}{widths[i]}}" for i, cell in enumerate(line)).rstrip()
            for line in lines
        )

    __repr__ = __str__


def _cells(row):
    return (
        row.weights,
        "" if row.score is None else f"{row.score:.4f}",
        f"{row.file_bytes:,}",
        "" if row.c_bytes is None else f"{row.c_bytes:,}",
        "" if row.largest_change is None else f"{row.largest_change:.2g}",
        "" if row.changed is None else f"{row.changed:.2%}",
    )


def quantization_report(model: Any, X: Any = None, y: Any = None) -> QuantizationReport:
    """Compare scores and sizes of a model with weights in fewer bits.

    The model is saved and loaded with each format of ``save(path, weights=...)``, and evaluated on X.

    Parameters
    ----------
    model : fitted estimator, or pipeline of gruc's steps
    X : sequences, texts or frame, default=None
        Data for `predict`, preferably held out; for a `GRULanguageModel` a text, as in `score`; for a
        `GRUForecaster` future covariates, or None.
    y : array, default=None
        Targets, as in `score`. For a `GRUForecaster` the values that ``predict(X=X)`` forecasts, in the same
        form; its score is the negative mean absolute error.

    Returns
    -------
    QuantizationReport
        One row for the original model, and one for each narrower format.

    Raises
    ------
    TypeError
        If the model cannot be saved to a model file.
    ValueError
        If y has not the form of the forecasts, or X is required.

    Examples
    --------
    >>> import gruc, gruc.deploy
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((16,), random_state=0).fit(X[::2], y[::2])
    >>> report = gruc.deploy.quantization_report(model, X[1::2], y[1::2])
    >>> report["int8"].c_bytes < 0.4 * report["float32"].c_bytes
    True
    >>> abs(report["int8"].score - report["float32"].score) < 0.02
    True
    """
    if X is None and not isinstance(model, GRUForecaster):
        raise ValueError("X is None: give sequences whose predictions are compared.")
    before = _answers(model, X)
    own = (model[-1] if hasattr(model, "steps") else model).dtype
    narrower = [name for name in STORAGES if name != own]
    rows = [_row(model, weights, (X, y), before) for weights in (None, *narrower)]
    return QuantizationReport([rows[0]._replace(weights=own), *rows[1:]])


def _row(model, weights, asked, before):
    """A `StoredModel` of this storage, asked about (X, y); None is the model as it is."""
    file = io.BytesIO()
    save(model, file, weights=weights)
    stored = model if weights is None else load(file.getvalue())
    numbers, labels = _answers(stored, asked[0])
    change = changed = None
    if numbers is not None:
        change = float(np.abs(numbers - before[0]).max())
    if labels is not None:
        changed = float(np.mean([a != b for a, b in zip(labels, before[1], strict=True)]))
    c_bytes = _bytes_in_c(model, weights or "float32")
    return StoredModel(weights, _score(stored, *asked), len(file.getvalue()), c_bytes, change, changed)


def _bytes_in_c(model, weights):
    """Bytes of the constants of a header, or None."""
    try:
        return to_c(model, io.BytesIO(), storage=weights).constant_bytes
    except (TypeError, ValueError):
        return None


def _score(model, X, y):
    if isinstance(model, GRUForecaster):
        return None if y is None else _score_of_forecasts(model, X, y)
    if y is None and not isinstance(model, GRULanguageModel):
        return None
    return float(model.score(X, y))


def _score_of_forecasts(model, X, y):
    forecasts, truth = _flat(model.predict(X=X)), _flat(y)
    if forecasts.shape != truth.shape:
        raise ValueError(
            f"y has {truth.size} values, and predict(X=X) forecasts {forecasts.size}. Give those of its "
            "steps."
        )
    return -float(np.abs(forecasts - truth).mean())


def _answers(model, X):
    """Numbers that a model says, and labels of each sequence or step; None of what it does not."""
    if isinstance(model, GRUForecaster):
        return _flat(model.predict(X=X)), None
    if isinstance(model, GRULanguageModel):
        return _probabilities_of_tokens(model, X), None
    if isinstance(model, GRUSeq2Seq):
        return None, [str(answer) for answer in model.predict(X)]
    if not hasattr(model, "predict_proba"):
        return _flat(model.predict(X)), None
    labels = model.predict(X)
    of_steps = isinstance(labels, np.ndarray) and labels.dtype == object and isinstance(labels[0], np.ndarray)
    labels = np.concatenate(list(labels)) if of_steps else np.asarray(labels)
    return _flat(model.predict_proba(X)), [str(label) for label in labels]


# probabilities of a language model that are compared at once
AT_ONCE = 1 << 22


def _probabilities_of_tokens(model, X):
    """Probabilities of the next token after each of a text, the same for every model of the vocabulary."""
    vocabulary = model._fitted_vocabulary()
    _, tokens = vocabulary.joined(X)
    most = max(AT_ONCE // vocabulary.n_tokens, 1)
    (told,) = model._fitted_predictor().predict_proba([tokens[:most]])
    return told.ravel()


def _flat(values):
    """Numbers of an array, a frame, or sequences of these, (n,)."""
    if isinstance(values, (list, tuple)) or (isinstance(values, np.ndarray) and values.dtype == object):
        return np.concatenate([_flat(part) for part in values])
    return np.asarray(values, float).ravel()
