"""Plots of fitted models, with matplotlib."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from ._axes import matplotlib_pyplot

__all__ = ["LossCurveDisplay"]


class LossCurveDisplay:
    """Training loss, and validation loss if there is any, over the epochs of a fit.

    Create it with `from_estimator`.

    Parameters
    ----------
    loss_curve : sequence of float
        Training loss of each epoch.
    validation_loss_curve : sequence of float or None, default=None
        Validation loss of some epochs.
    validation_epochs : sequence of int or None, default=None
        Their numbers, from 1; None: the first epochs.
    best_epoch : int or None, default=None
        Epoch of the weights of the model, counted from 1, if it is not the last.
    estimator_name : str or None, default=None
        For the legend.

    Attributes
    ----------
    line_ : matplotlib Artist
        Training loss.
    validation_line_ : matplotlib Artist or None
        Validation loss.
    best_line_ : matplotlib Artist or None
        Marks the best epoch.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> from gruc.inspection import LossCurveDisplay
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = GRUClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> display.ax_.get_xlabel()
    'Epoch'
    """

    def __init__(
        self,
        loss_curve: Any,
        *,
        validation_loss_curve: Any = None,
        validation_epochs: Any = None,
        best_epoch: int | None = None,
        estimator_name: str | None = None,
    ):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.validation_epochs = validation_epochs
        self.best_epoch = best_epoch
        self.estimator_name = estimator_name

    def plot(self, ax: Any = None, *, name: str | None = None, **kwargs: Any) -> "LossCurveDisplay":
        """Plot the loss curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None: a new figure.
        name : str or None, default=None
            For the legend, instead of `estimator_name`.
        **kwargs : dict
            For matplotlib's `plot` of both curves; the validation's stays dashed.

        Returns
        -------
        display : LossCurveDisplay
        """
        plt = matplotlib_pyplot()
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots()
        name = self.estimator_name if name is None else name
        prefix = f"{name}: " if name else ""
        epochs = range(1, len(self.loss_curve) + 1)
        options = {"marker": "."} if len(epochs) == 1 else {}  # a line of one point is invisible
        (self.line_,) = ax.plot(epochs, self.loss_curve, label=f"{prefix}training", **options | kwargs)
        self.validation_line_ = self.best_line_ = None
        if self.validation_loss_curve is not None:
            epochs = self.validation_epochs
            if epochs is None:
                epochs = range(1, len(self.validation_loss_curve) + 1)
            options |= kwargs | {"linestyle": "--", "color": self.line_.get_color()}
            (self.validation_line_,) = ax.plot(
                epochs, self.validation_loss_curve, label=f"{prefix}validation", **options
            )
        if self.best_epoch is not None:
            self.best_line_ = ax.axvline(
                self.best_epoch, linestyle=":", color="gray", label=f"{prefix}best score"
            )
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, name: str | None = None, **kwargs: Any
    ) -> "LossCurveDisplay":
        """Plot the loss curves of a fitted model.

        Parameters
        ----------
        estimator : GRUClassifier, GRURegressor or any with a `loss_curve_`
            Fitted.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None: a new figure.
        name : str or None, default=None
            For the legend; by default the estimator's class.
        **kwargs : dict
            For matplotlib's `plot` of both curves; the validation's stays dashed.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        TypeError
            If the estimator has no loss curve.
        """
        check_is_fitted(estimator)
        if not hasattr(estimator, "loss_curve_"):
            raise TypeError(
                f"{type(estimator).__name__} has no loss_curve_; give a GRUClassifier or GRURegressor, of a "
                "Pipeline its last step."
            )
        n_epochs, best = len(estimator.loss_curve_), getattr(estimator, "best_iter_", None)
        display = cls(
            estimator.loss_curve_,
            validation_loss_curve=getattr(estimator, "validation_loss_curve_", None),
            validation_epochs=getattr(estimator, "validation_epochs_", None),
            best_epoch=None if best == n_epochs else best,
            estimator_name=type(estimator).__name__ if name is None else name,
        )
        return display.plot(ax=ax, **kwargs)
