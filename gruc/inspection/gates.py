"""A picture of gates."""

from typing import Any

import numpy as np

from ._axes import heat, name_steps, one_of, stacked_axes
from ._models import OpenedModel
from ._texts import tokens_of

CANDIDATE = "candidate"  # from -1 to 1, all others from 0 to 1
KEEPING = "update", "forget"  # the gate of each cell that keeps its state


class GateDisplay:
    """Gate activations of the units of a layer over the steps of a sequence.

    Create it with `from_estimator`. Where "update" is near 1, a unit keeps its state; where it is near 0,
    "candidate" replaces the state. "reset" is the share of the previous state that the candidate reads:
    ``h = (1 - z) * n + z * h_prev``. With ``cell="fio"``, "forget" is the share of the state that is kept,
    and "input" and "output" are the weights of the current and the previous candidate.

    Parameters
    ----------
    gates : dict of str to ndarray of shape (n_frames, n_units)
        Gates as returned by `gate_activations`.
    step_names : list of str or None, default=None
        Names of the steps, such as the tokens of a text; None: numbers.
    layer_name : str or None, default=None
        For the title.

    Attributes
    ----------
    images_ : dict of str to matplotlib AxesImage
        One row per unit.
    units_ : ndarray of shape (n_units,)
        The unit of each row, from the top; units with the longest memory come first.
    axes_ : list of matplotlib Axes
        One per gate.
    ax_ : matplotlib Axes
        The lowest of them.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> from gruc.inspection import GateDisplay
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> display = GateDisplay.from_estimator(model, X, gates=("update",))
    >>> display.images_["update"].get_array().shape, X[0].shape
    ((8, 20), (20, 12))
    """

    def __init__(self, gates: dict[str, Any], *, step_names: Any = None, layer_name: str | None = None):
        self.gates = gates
        self.step_names = step_names
        self.layer_name = layer_name

    def plot(self, ax: Any = None, **kwargs: Any) -> "GateDisplay":
        """Plot with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            For matplotlib's `imshow` of each gate.

        Returns
        -------
        display : GateDisplay
        """
        T, n_units = next(iter(self.gates.values())).shape
        keeping = [self.gates[name] for name in KEEPING if name in self.gates]
        order_by = keeping[0] if keeping else next(iter(self.gates.values()))
        self.units_ = np.argsort(-order_by.mean(axis=0), kind="stable")
        height = min(2.8, 0.7 + 0.06 * n_units)
        self.axes_ = stacked_axes(ax, [height] * len(self.gates), width=7.5)
        self.images_ = {}
        for axes, (name, rows) in zip(self.axes_, self.gates.items(), strict=True):
            cmap, limits = ("RdBu_r", (-1, 1)) if name == CANDIDATE else ("viridis", (0, 1))
            self.images_[name] = heat(
                axes, rows[:, self.units_].T, cmap=cmap, limits=limits, label=name, **kwargs
            )
            axes.set_yticks([])
            axes.set_ylabel("units")
        self.ax_, self.figure_ = self.axes_[-1], self.axes_[-1].figure
        name_steps(self.ax_, self.step_names, T, "frame")
        self.axes_[0].set_title(self.layer_name or "")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        index: int = 0,
        layer: int = -1,
        gates: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "GateDisplay":
        """Plot the gates of one sequence.

        Parameters
        ----------
        estimator : GRUClassifier, GRURegressor, GRUTagger, GRUStepRegressor, Pipeline or Predictor
            Fitted.
        X : array of shape (n_sequences, n_steps, n_features), list of arrays, or list of str
            As `estimator.predict` takes it.
        index : int, default=0
            Index of the sequence of X.
        layer : int, default=-1
            Index of the layer, as in `hidden_states`: 0 is the first, -1 the last.
        gates : sequence of str or None, default=None
            Names of the gates to plot, from top to bottom, as in `gate_activations`; for a GRU "reset",
            "update" and "candidate". None: all.
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        display : GateDisplay

        Raises
        ------
        ValueError
            There is no such sequence, layer or gate.
        """
        one = one_of(X, index)
        opened = OpenedModel.of(estimator, one)
        names = opened.predictor.network.gate_names
        wanted = names if gates is None else [gates] if isinstance(gates, str) else list(gates)
        if not wanted or not set(wanted) <= set(names):
            raise ValueError(f"gates must be some of {', '.join(map(repr, names))}; got {gates!r}.")
        found = opened.predictor.gate_activations(opened.sequences, layer)
        n_layers = len(opened.predictor.config["hidden_layer_sizes"])
        name = "gates" if n_layers == 1 else f"gates of layer {layer % n_layers}"
        chosen = {gate: np.asarray(found[gate][0]) for gate in wanted}
        return cls(chosen, step_names=tokens_of(opened, one), layer_name=name).plot(ax, **kwargs)
