"""A picture of how an answer forms while a sequence is heard."""

from typing import Any

import numpy as np

from ._axes import name_steps, one_of, stacked_axes
from ._models import OpenedModel
from ._outputs import names_of_outputs
from ._texts import tokens_of

# upper limit on named curves; others are grey
MOST_NAMES = 5


class AnswerOverTimeDisplay:
    """Predictions after each step, as of a stream: probabilities of classes, or values.

    Create it with `from_estimator`.

    Parameters
    ----------
    answers : ndarray of shape (n_steps, n_outputs)
        Predictions after each step.
    names : list of str
        Names of the outputs.
    kind : {"probability", "value", "quantile"}, default="value"
        Type of the predictions. For quantiles, the area between the lowest and the highest is shaded.
    step_names : list of str or None, default=None
        Names of the steps, such as the tokens of a text; None: numbers.

    Attributes
    ----------
    lines_ : list of matplotlib Artist
        One line per output.
    band_ : matplotlib Artist or None
        Area between the lowest and the highest quantile.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from gruc import GRUClassifier
    >>> from gruc.datasets import load_japanese_vowels
    >>> from gruc.inspection import AnswerOverTimeDisplay
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = GRUClassifier(max_iter=100, random_state=0).fit(X, y)
    >>> display = AnswerOverTimeDisplay.from_estimator(model, X, index=3)
    >>> len(display.lines_), len(display.lines_[0].get_xdata()), len(X[3])
    (9, 20, 20)
    """

    def __init__(self, answers: Any, names: Any, *, kind: str = "value", step_names: Any = None):
        self.answers = answers
        self.names = names
        self.kind = kind
        self.step_names = step_names

    def plot(self, ax: Any = None, **kwargs: Any) -> "AnswerOverTimeDisplay":
        """Plot with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            Passed to matplotlib's `plot` for each output.

        Returns
        -------
        display : AnswerOverTimeDisplay
        """
        answers = np.asarray(self.answers)
        T, n_outputs = answers.shape
        (self.ax_,) = stacked_axes(ax, [2.8], width=7.5)
        # by how large an answer becomes: one that is never likely is not named
        highest = np.argsort(-answers.max(axis=0), kind="stable")[:MOST_NAMES]
        is_named = np.isin(np.arange(n_outputs), highest) | (self.kind == "value")
        self.lines_, self.band_ = [], None
        for k in range(n_outputs):
            options = {"lw": 1.8, "label": self.names[k]} if is_named[k] else {"color": "0.8", "lw": 1}
            if self.kind == "quantile":
                options |= {"color": "C0", "lw": 1.8 if 2 * k + 1 == n_outputs else 0.8}
            options |= {"marker": "."} if T < 40 else {}
            self.lines_ += self.ax_.plot(np.arange(T), answers[:, k], **options | kwargs)
        if self.kind == "quantile":
            self.band_ = self.ax_.fill_between(np.arange(T), answers[:, 0], answers[:, -1], alpha=0.15, lw=0)
        if self.kind == "probability":
            self.ax_.set_ylim(-0.03, 1.03)
        if n_outputs > 1 and self.kind != "quantile":
            title = "class" if self.kind == "probability" else None
            self.ax_.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, title=title)
        self.ax_.set_ylabel("value" if self.kind == "quantile" else self.kind)
        name_steps(self.ax_, self.step_names, T, "step")
        self.figure_ = self.ax_.figure
        return self

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, index: int = 0, ax: Any = None, **kwargs: Any
    ) -> "AnswerOverTimeDisplay":
        """Plot the predictions for one sequence after each step.

        Parameters
        ----------
        estimator : GRUClassifier, GRURegressor, GRUTagger, GRUStepRegressor, Pipeline or Predictor
            Fitted model. A bidirectional model predicts each prefix of the sequence separately; if it also
            predicts each step, the whole sequence is known at each step.
        X : array of shape (n_sequences, n_steps, n_features), list of arrays, or list of str
            As `estimator.predict` takes it.
        index : int, default=0
            Index of the sequence of X.
        ax : matplotlib Axes or None, default=None
            Axes to draw on, which are replaced; None: a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        display : AnswerOverTimeDisplay
        """
        one = one_of(X, index)
        opened = OpenedModel.of(estimator, one)
        predictor = opened.predictor
        decoding = predictor.decoding
        answers = _answers(predictor, opened.sequences)
        names = names_of_outputs(predictor)
        if decoding.classes is not None:
            kind = "probability"
        else:
            kind = "quantile" if decoding.n_quantiles > 1 and decoding.n_targets == 1 else "value"
        steps = tokens_of(opened, one)
        return cls(answers.reshape(len(answers), -1), names, kind=kind, step_names=steps).plot(ax, **kwargs)


def _answers(predictor, sequences):
    """Probabilities or values after each step of one sequence, (n_steps, ...)."""
    answer = predictor.predict if predictor.classes is None else predictor.predict_proba
    if predictor.network.answers_each_step:
        return answer(sequences)[0]
    steps = sequences.tokens(0) if sequences.holds_tokens else sequences.stack(slice(0, 1))
    if not predictor.config["bidirectional"]:
        return predictor.stream().step(steps, every=True)
    return answer([steps[: t + 1] for t in range(len(steps))])
