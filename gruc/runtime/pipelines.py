"""Pipelines from model files: the steps before a predictor, and the predictor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..files.fields import Fields, ModelFileError, is_flag, quoted
from .inner_predictor import InnerPredictorMixin
from .loading import Content, predictor_content
from .pipeline_stream import PipelineStream
from .predictor import Predictor
from .steps import KINDS, ScalingStep, TextStep

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray

KIND = "Pipeline"

# upper limit on the steps in a file: each becomes an object in memory
MOST_STEPS = 100


class PipelinePredictor(InnerPredictorMixin):
    """Predictor of a saved pipeline, whose inputs are texts or unscaled sequences.

    Returned by `gruc.runtime.load`; requires NumPy only. Methods can be called by several threads at once.

    Parameters
    ----------
    steps : list of TextStep or ScalingStep
        The steps applied to X before `predictor`, in this order.
    predictor : Predictor

    Attributes
    ----------
    predictor : Predictor
        Predictor of the last step. Its other methods, such as `hidden_states`, accept what `transform`
        returns.

    Examples
    --------
    >>> import gruc
    >>> from gruc import GRUClassifier
    >>> from gruc.preprocessing import TextSequencer
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(
    ...     TextSequencer(analyzer="char"), GRUClassifier((8,), embedding_dim=4, random_state=0)
    ... )
    >>> X, y = ["aab", "abb", "bba", "baa"] * 8, ["a first", "a first", "b first", "b first"] * 8
    >>> gruc.save(model.fit(X, y), "texts.gruc")
    >>> predictor = gruc.runtime.load("texts.gruc")
    >>> predictor.predict(["abab", "ba"]).tolist()
    ['a first', 'b first']
    """

    def __init__(self, steps: list, predictor: Predictor):
        self.steps, self.predictor = list(steps), predictor

    def __getstate__(self):
        """Plain values and arrays, so that a pickle names no private class."""
        return {
            "predictor": self.predictor,
            "steps": [(step.kind, *step.describe()) for step in self.steps],
        }

    def __setstate__(self, state):
        steps = [
            KINDS[kind].described(Fields(description, "the pickle"), dict(arrays))
            for kind, description, arrays in state["steps"]
        ]
        self.__init__(steps, state["predictor"])

    @property
    def classes(self):
        """Sorted labels of a classifier, an array; None for a regressor."""
        return self.predictor.classes

    @property
    def multilabel(self):
        """Whether a sequence can have several labels."""
        return self.predictor.multilabel

    @property
    def reads_texts(self):
        """Whether X is texts."""
        return any(step.reads_texts for step in self.steps)

    def transform(self, X: Any) -> Any:
        """Transform X as the steps before the last one do.

        Parameters
        ----------
        X : list of str, or sequences
            As in the pipeline.

        Returns
        -------
        list of ndarray, or ndarray
            Tokens of each text, or scaled sequences in the form of X.
        """
        for step in self.steps:
            X = step.transform(X)
        return X

    def stream(self, n: int | None = None, *, initial_state: Any = None) -> PipelineStream:
        """Open a stream for sequences that arrive step by step, or a text that arrives piece by piece.

        Parameters
        ----------
        n : int or None, default=None
            Number of sequences at once, as in `Predictor.stream`. None for texts.
        initial_state : array or list of arrays, default=None
            As in `Predictor.stream`.

        Returns
        -------
        PipelineStream
            Its ``step(x)`` returns what `predict_proba` (classifiers) or `predict` (regressors) returns
            for the sequence so far.

        Raises
        ------
        ValueError
            If the model is bidirectional, or the tokens of a text may depend on several pieces
            (`max_length`, `add_end`, n-grams).

        Examples
        --------
        >>> import gruc
        >>> from gruc.preprocessing import TextSequencer
        >>> from sklearn.pipeline import make_pipeline
        >>> model = make_pipeline(
        ...     TextSequencer(analyzer="char"), gruc.GRUClassifier((8,), embedding_dim=4, random_state=0)
        ... )
        >>> gruc.save(model.fit(["aab", "abb", "bba", "baa"] * 8, [0, 0, 1, 1] * 8), "texts.gruc")
        >>> predictor = gruc.runtime.load("texts.gruc")
        >>> stream = predictor.stream()
        >>> for character in "abba":
        ...     probabilities = stream.step(character)
        >>> bool((probabilities == predictor.predict_proba(["abba"])[0]).all())
        True
        """
        for step in self.steps:
            step.check_stream(n)
        return PipelineStream(self.steps, self.predictor.stream(n, initial_state=initial_state))

    def predict(self, X: Any, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict labels (classifiers) or values (regressors).

        Parameters
        ----------
        X : list of str, or sequences
            As in the pipeline.
        initial_state : array or list of arrays, default=None
            As in `Predictor.predict`.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            For models that predict each step, as in `Predictor.predict`: with an axis for steps, or for a
            list an object array of arrays.
        """
        return self.predictor.predict(self.transform(X), initial_state=initial_state)

    def predict_proba(self, X: Any, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict probabilities of classes.

        Parameters
        ----------
        X : list of str, or sequences
            As in the pipeline.
        initial_state : array or list of arrays, default=None
            As in `Predictor.predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
            For taggers as in `predict`, with a last axis for classes.
        """
        return self.predictor.predict_proba(self.transform(X), initial_state=initial_state)

    def predict_log_proba(self, X: Any, *, initial_state: Any = None) -> NDArray[Any]:
        """Predict log-probabilities, which are finite where the probabilities underflow.

        Parameters
        ----------
        X : list of str, or sequences
            As in the pipeline.
        initial_state : array or list of arrays, default=None
            As in `Predictor.predict`.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
            For taggers as in `predict`, with a last axis for classes.
        """
        return self.predictor.predict_log_proba(self.transform(X), initial_state=initial_state)


# what pickles name; doctest finds the class by the second line
PipelinePredictor.__module__ = "gruc.runtime"
__test__ = {"PipelinePredictor": PipelinePredictor}


class StepContent(NamedTuple):
    """What a model file says of a step before the last."""

    name: str
    step: Any  # TextStep or ScalingStep; None for a step that does nothing
    parameters: dict
    arrays: dict  # those that only training needs


class PipelineContent(NamedTuple):
    """What the file of a pipeline contains, checked as far as is possible without scikit-learn."""

    predictor: PipelinePredictor
    gruc_version: str
    kind: str
    verbose: bool
    steps: list[StepContent]
    last_name: str
    last: Content

    @property
    def fitted(self):
        """Fitted values of the step that reads X, as far as they say what X is."""
        readers = [step.step.fitted for step in self.steps if isinstance(step.step, ScalingStep)]
        return readers[0] if readers else self.last.fitted

    @classmethod
    def of_file(cls, description, arrays, where):
        """The content of a file's description and arrays; errors call the file `where`."""
        fields = Fields(description, where)
        fields.take("kind", lambda v: v == KIND)
        verbose = fields.take("verbose", is_flag)
        parts = fields.take("steps", lambda v: isinstance(v, list) and 0 < len(v) <= MOST_STEPS)
        version = fields.take("gruc_version", lambda v: isinstance(v, str))
        fields.end()
        arrays, steps, names = dict(arrays), [], []
        for i, part in enumerate(parts):
            part = Fields(part, f"{where}, step {i},")
            name = part.take("name", lambda v: isinstance(v, str) and 0 < len(v) < 1000)
            if name in names:
                part.refuse(f"its name, {quoted(name)}, is that of another")
            names.append(name)
            start = f"{i}."
            keys = [key for key in arrays if key.startswith(start)]
            own = {key.removeprefix(start): arrays.pop(key) for key in keys}
            if i == len(parts) - 1:
                description = part.take("description", lambda v: isinstance(v, dict))
                part.end()
                last = predictor_content({**description, "gruc_version": version}, own, part.where)
            else:
                steps.append(_described_step(name, part, own))
        if arrays:
            raise ModelFileError(f"{where} is damaged: tensors of no step: {quoted(sorted(arrays))}.")
        used = [step.step for step in steps if step.step is not None]
        _check_together(used, last.predictor, where)
        return cls(PipelinePredictor(used, last.predictor), version, KIND, verbose, steps, name, last)


def _described_step(name, fields, arrays):
    """The `StepContent` of a step before the last."""
    kind = fields.take("kind", lambda v: v is None or (isinstance(v, str) and v in KINDS))
    step, parameters = None, {}
    if kind is not None:
        step = KINDS[kind].described(fields.take_object("description"), arrays)
        parameters = fields.take("parameters", lambda v: isinstance(v, dict))
    elif arrays:
        fields.refuse("it has tensors that it does not need")
    fields.end()
    return StepContent(name, step, parameters, arrays)


def _check_together(steps, predictor, where):
    """Refuse steps that do not fit one another, or the predictor."""
    texts = [step for step in steps if isinstance(step, TextStep)]
    n_rows = predictor.config.get("n_tokens")
    if texts and (len(steps) > 1 or n_rows is None or texts[0].n_tokens > n_rows):
        raise ModelFileError(f"{where} is damaged: its vocabulary does not fit its network.")
    sizes = {len(step.scaling.mean) for step in steps if isinstance(step, ScalingStep)}
    if sizes and (n_rows is not None or sizes != {predictor.n_features_in}):
        raise ModelFileError(f"{where} is damaged: its steps have different numbers of features.")
