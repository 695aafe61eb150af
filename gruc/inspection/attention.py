"""A picture of attention."""

from typing import Any

import numpy as np

from ..estimators import GRUSeq2Seq
from ..runtime import Translator
from ..runtime.symbols import TextSymbols
from ._axes import heat, name_steps, one_of, stacked_axes
from ._models import OpenedModel
from ._texts import tokens_of


class AttentionDisplay:
    """Attention weights as a matrix, with a column for each step that is attended to.

    Create it with `from_estimator`. Rows are sequences for a model with ``pooling="attention"``, and
    the output tokens of one sequence for an encoder-decoder.

    Parameters
    ----------
    weights : list of ndarray of shape (n_columns_i,)
        Weights of each row, which add up to 1.
    row_names : list of str or None, default=None
    column_names : list of str or None, default=None
        None: numbers.
    row_label : str, default=""
        Label of the vertical axis.

    Attributes
    ----------
    image_ : matplotlib AxesImage
        Cells beyond the end of a sequence are masked.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> from gruc.inspection import AttentionDisplay
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = GRUClassifier(
    ...     (8,), pooling="attention", frame_length=1, random_state=0
    ... ).partial_fit(X, y)
    >>> display = AttentionDisplay.from_estimator(model, X[:5])
    >>> display.image_.get_array().shape, max(len(x) for x in X[:5])
    ((5, 26), 26)
    """

    def __init__(
        self,
        weights: Any,
        *,
        row_names: Any = None,
        column_names: Any = None,
        row_label: str = "",
    ):
        self.weights = weights
        self.row_names = row_names
        self.column_names = column_names
        self.row_label = row_label

    def plot(self, ax: Any = None, **kwargs: Any) -> "AttentionDisplay":
        """Plot with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            Passed to matplotlib's `imshow`.

        Returns
        -------
        display : AttentionDisplay
        """
        T = max(map(len, self.weights))
        matrix = np.full((len(self.weights), T), np.nan)
        for row, weights in zip(matrix, self.weights, strict=True):
            row[: len(weights)] = weights
        height = min(6.0, 0.8 + 0.22 * len(matrix))
        (self.ax_,) = stacked_axes(ax, [height], width=7.5)
        limits = (0, np.nanmax(matrix))
        self.image_ = heat(self.ax_, matrix, cmap="magma_r", limits=limits, label="attention", **kwargs)
        self.ax_.set_facecolor("0.92")
        every = -(-len(matrix) // 30)
        names = self.row_names or [str(i) for i in range(len(matrix))]
        places = np.arange(0, len(matrix), every)
        self.ax_.set_yticks(places, [names[i] for i in places], fontsize="small")
        self.ax_.set_ylabel(self.row_label)
        name_steps(self.ax_, self.column_names, T, "frame")
        self.figure_ = self.ax_.figure
        return self

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, index: int | None = None, ax: Any = None, **kwargs: Any
    ) -> "AttentionDisplay":
        """Plot the attention weights of a model.

        Parameters
        ----------
        estimator : GRUClassifier, GRURegressor, GRUSeq2Seq, Pipeline, Predictor or Translator
            Fitted.
        X : array of shape (n_sequences, n_steps, n_features), list of arrays, or list of str
            As `estimator.predict` takes it.
        index : int or None, default=None
            Index of a single sequence of X, whose tokens label the columns if it is a text. None: all
            sequences, or the first one for an encoder-decoder.
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        display : AttentionDisplay

        Raises
        ------
        ValueError
            The model has another `pooling`, or no attention.
        """
        if isinstance(estimator, (GRUSeq2Seq, Translator)):
            return cls(**_of_translation(estimator, X, 0 if index is None else index)).plot(ax, **kwargs)
        chosen = X if index is None else one_of(X, index)
        opened = OpenedModel.of(estimator, chosen)
        weights = list(opened.predictor.attention_weights(opened.sequences))
        names, label = None, "sequence"
        if opened.predictor.classes is not None and not opened.predictor.multilabel:
            names = [str(label) for label in opened.predictor.predict(opened.sequences)]
            label = "predicted class"
        columns = tokens_of(opened, chosen) if len(weights) == 1 else None
        return cls(weights, row_names=names, column_names=columns, row_label=label).plot(ax, **kwargs)


def _of_translation(estimator, X, index):
    """What the display of one answer of an encoder-decoder is made of."""
    translator = estimator if isinstance(estimator, Translator) else estimator._fitted_predictor()
    one = one_of(X, index)
    (weights,) = translator.attention_weights(one)
    (source,) = translator.source.encode(one, "X")
    (answer,) = translator.answers([source])
    answer = np.append(answer, translator.target.end)[: len(weights)]
    return {
        "weights": list(weights),
        "row_names": _names(translator.target, answer),
        "column_names": _names(translator.source, source),
        "row_label": "output",
    }


def _names(symbols, tokens):
    """Tokens as they stand in pictures."""
    if not isinstance(symbols, TextSymbols):
        return [str(token) for token in tokens]
    terms = {token: term for term, token in symbols.encoder.index.items()}
    return [terms[token] for token in tokens.tolist()]
