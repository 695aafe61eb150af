"""A picture of attributions: beside a series, or on the tokens of a text."""

from numbers import Integral
from typing import Any

import numpy as np

from ..runtime.language_texts import Documents
from ..sequences import as_sequences
from ._attributions import attributions
from ._axes import heat, name_steps, one_of, stacked_axes
from ._forecasts import Forecasts, explained, is_forecaster
from ._language import OpenedLanguageModel, is_language_model
from ._methods import check, quadrature_of
from ._models import OpenedModel, last_step
from ._outputs import name_of_target, names_of_features
from ._texts import as_ansi, as_html, colour, largest_of, pieces_of

# a series with more features than this is drawn as an image instead of as lines
MOST_LINES = 6


class AttributionDisplay:
    """Attributions of the steps and features of a sequence, or of the tokens of a text.

    Create it with `from_estimator`. Red is positive, blue is negative.

    For texts and tokens, the display appears in notebooks as coloured text, and ``print(display)``
    prints coloured text on a terminal.

    Parameters
    ----------
    attributions : ndarray of shape (n_steps, n_features), or (n_tokens,)
        Attributions of one sequence.
    x : ndarray of shape (n_steps, n_features) or None, default=None
        The sequence itself; None for tokens.
    pieces : list of (str, float or None) or None, default=None
        A text in pieces, with their attributions; None for series.
    feature_names : list of str or None, default=None
    step_names : list of str or None, default=None
        Names of the steps, such as times; None: numbers.
    output_name : str or None, default=None
        Name of the explained output, for titles.

    Attributes
    ----------
    heat_ : matplotlib AxesImage or None
        Attributions of steps and features; None for one feature and for tokens.
    bars_ : matplotlib BarContainer
        Attributions of steps (sums over their features), or of tokens.
    axes_ : list of matplotlib Axes
        From top to bottom: the series, the heat map, the bars.
    ax_ : matplotlib Axes
        The lowest of them.
    figure_ : matplotlib Figure

    See Also
    --------
    attributions : The numbers.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> from gruc.inspection import AttributionDisplay
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = GRUClassifier(max_iter=100, random_state=0).fit(X, y)
    >>> display = AttributionDisplay.from_estimator(model, X, index=3, baseline="mean")
    >>> display.heat_.get_array().shape, X[3].shape
    ((12, 20), (20, 12))
    """

    def __init__(
        self,
        attributions: Any,
        x: Any = None,
        *,
        pieces: Any = None,
        feature_names: Any = None,
        step_names: Any = None,
        output_name: str | None = None,
    ):
        self.attributions = attributions
        self.x = x
        self.pieces = pieces
        self.feature_names = feature_names
        self.step_names = step_names
        self.output_name = output_name

    @property
    def _title(self):
        return None if self.output_name is None else f"attributions to {self.output_name}"

    def _repr_html_(self):
        """Coloured text, for notebooks; None for series."""
        return None if self.pieces is None else as_html(self.pieces, self._title)

    def __str__(self):
        return repr(self) if self.pieces is None else as_ansi(self.pieces)

    def plot(self, ax: Any = None, **kwargs: Any) -> "AttributionDisplay":
        """Plot with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            Passed to matplotlib's `imshow` (heat map) or, for one feature and for tokens, `bar`.

        Returns
        -------
        display : AttributionDisplay
        """
        return self._plot_tokens(ax, kwargs) if self.x is None else self._plot_series(ax, kwargs)

    def _plot_series(self, ax, kwargs):
        attributed, x = np.asarray(self.attributions), np.asarray(self.x)
        T, D = attributed.shape
        names = self.feature_names or [str(i) for i in range(D)]
        height = min(3.5, 0.6 + 0.16 * D)
        heights = [1.6, 1.6] if D == 1 else [1.8 if D <= MOST_LINES else height, height, 1.1]
        self.axes_ = stacked_axes(ax, heights, width=7.5)
        series, lowest = self.axes_[0], self.axes_[-1]
        _draw_series(series, x, names)
        self.heat_ = None
        if D > 1:
            largest = abs(attributed).max() or 1.0
            limits = {"cmap": "RdBu_r", "limits": (-largest, largest), "label": "attribution"}
            self.heat_ = heat(self.axes_[1], attributed.T, **limits | kwargs)
            _name_features(self.axes_[1], names)
        options = kwargs if D == 1 else {}
        self.bars_ = _bars(lowest, attributed.sum(axis=1), options)
        lowest.set_ylabel("attribution" if D == 1 else "sum")
        name_steps(lowest, self.step_names, T)
        series.set_title(self._title or "")
        self.ax_, self.figure_ = lowest, lowest.figure
        return self

    def _plot_tokens(self, ax, kwargs):
        pieces = self.pieces or [(str(i), value) for i, value in enumerate(self.attributions)]
        covered = [(text, value) for text, value in pieces if value is not None]
        width = min(16.0, max(4.0, 0.8 + 0.22 * len(covered)))
        (ax,) = self.axes_ = stacked_axes(ax, [2.4], width)
        self.heat_ = None
        self.bars_ = _bars(ax, np.array([value for _, value in covered]), kwargs)
        name_steps(ax, [text for text, _ in covered], len(covered))
        largest = largest_of(covered)
        for tick, (_, value) in zip(ax.get_xticklabels(), covered, strict=True):
            background = tuple(c / 255 for c in colour(value, largest))
            tick.set_bbox({"facecolor": background, "edgecolor": "none", "pad": 1.5})
        ax.set_ylabel("attribution")
        ax.set_title(self._title or "")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        index: int = 0,
        method: str = "integrated_gradients",
        target: Any = None,
        baseline: Any = None,
        feature_names: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "AttributionDisplay":
        """Compute and plot the attributions of one sequence.

        A text is drawn by matplotlib only when `plot` is called.

        Parameters
        ----------
        estimator : fitted estimator, Pipeline or Predictor
            As in `attributions`, but no GRUSeq2Seq.
        X : array of shape (n_sequences, n_steps, n_features), list of arrays, or list of str
            As in `attributions`.
        index : int, default=0
            Index of the sequence of X, or of the series of a forecaster; 0 for a single text.
        method : {"gradient", "gradient_x_input", "integrated_gradients", "occlusion"}, \
default="integrated_gradients"
            As in `attributions`.
        target : int, (step, int) or None, default=None
            As in `attributions`.
        baseline : None, "mean", float or array, default=None
            As in `attributions`; an array like X has one sequence for each sequence of X.
        feature_names : list of str or None, default=None
            None: those of the fit, or numbers.
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        display : AttributionDisplay
        """
        if is_forecaster(estimator):
            return cls(**_of_forecaster(estimator, X, index, method, target, baseline)).plot(ax, **kwargs)
        if is_language_model(estimator):
            display = cls(**_of_language_model(estimator, X, index, method, target, baseline))
            return display if ax is None and not kwargs else display.plot(ax, **kwargs)
        one = one_of(X, index)
        opened = OpenedModel.of(estimator, one)
        if _is_like(baseline, X):
            baseline = one_of(baseline, index)
        (attributed,) = attributions(estimator, one, method=method, target=target, baseline=baseline)
        name = name_of_target(opened.predictor, opened.sequences, target)
        if opened.holds_tokens:
            if opened.encoder is None:
                pieces = [
                    (f" {token} ", value)
                    for token, value in zip(opened.sequences.tokens(0), attributed, strict=True)
                ]
            else:
                document = one.iloc[0] if hasattr(one, "iloc") else one[0]
                pieces = pieces_of(opened.encoder, document, attributed)
            display = cls(attributed, pieces=pieces, output_name=name)
            return display if ax is None and not kwargs else display.plot(ax, **kwargs)
        x = as_sequences(one).stack(slice(0, 1))
        names = names_of_features(last_step(estimator), feature_names, x.shape[1])
        display = cls(attributed.reshape(x.shape), x, feature_names=names, output_name=name)
        return display.plot(ax, **kwargs)


def _of_forecaster(estimator, X, index, method, target, baseline):
    """What the display of one series of a forecaster is made of."""
    check(method, baseline)
    forecasts = Forecasts(estimator, X, target)
    n_series = len(forecasts.values)
    if not isinstance(index, Integral) or not -n_series <= index < n_series:
        raise ValueError(
            f"index must be an integer from {-n_series} to {n_series - 1}, since there are {n_series} "
            f"series; got {index!r}."
        )
    attributed, _ = explained(forecasts, method, baseline, quadrature_of(64))
    return {
        "attributions": attributed[index, :, np.newaxis],
        "x": forecasts.values[index, :, np.newaxis],
        "step_names": forecasts.times(int(index) % n_series),
        "output_name": "the sum of the forecasts" if target is None else f"the forecast of step {target}",
    }


def _of_language_model(estimator, X, index, method, target, baseline):
    """What the display of one text is made of."""
    one = one_of(X if Documents.of(X).several else [X], index)
    opened = OpenedLanguageModel.of(estimator, one)
    (attributed,) = attributions(estimator, one, method=method, target=target, baseline=baseline)
    name = opened.name_of_target(target)
    return {"attributions": attributed, "pieces": opened.pieces(attributed), "output_name": name}


def _is_like(baseline, X):
    """Whether a baseline has one element for each sequence, else it is one for all."""
    if isinstance(baseline, str) or not hasattr(baseline, "__len__"):
        return False
    return len(baseline) == len(X) and np.ndim(baseline[0]) > 0


def _draw_series(ax, x, names):
    """A series as a line, a few as lines beside one another, and many as an image of standardized ones."""
    D = x.shape[1]
    if D == 1:
        ax.plot(x[:, 0], color="0.25", lw=1.2)
        ax.set_ylabel(names[0] if names[0] != "0" else "value")
        return
    spread = x.std(axis=0)
    standardized = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    if D > MOST_LINES:
        largest = abs(standardized).max() or 1.0
        heat(ax, standardized.T, cmap="Greys", limits=(-largest, largest), label="standardized")
        _name_features(ax, names)
        return
    for d in range(D):
        ax.plot(standardized[:, d], color=f"C{d}", lw=1.2, label=names[d])
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
    ax.legend(loc="upper center", ncols=D, frameon=False, fontsize="small")
    ax.set_ylabel("standardized")


def _name_features(ax, names):
    every = -(-len(names) // 24)
    places = np.arange(0, len(names), every)
    ax.set_yticks(places, [names[i] for i in places], fontsize="small")
    ax.set_ylabel("feature")


def _bars(ax, values, kwargs):
    largest = abs(values).max(initial=0.0)
    colours = [tuple(c / 255 for c in colour(value, largest)) for value in values]
    options = {"color": colours, "width": 0.9, "edgecolor": "0.55", "linewidth": 0.4}
    bars = ax.bar(np.arange(len(values)), values, **options | kwargs)
    ax.axhline(0, color="0.4", lw=0.8)
    return bars
