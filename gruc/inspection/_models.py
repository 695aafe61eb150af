"""What a model makes of X before its network reads it, and how that is undone."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..estimators import GRULanguageModel
from ..preprocessing import SequenceScaler, TextSequencer
from ..runtime import LanguagePredictor, PipelinePredictor, Predictor
from ..runtime.fitted_network import FittedNetworkMixin
from ..runtime.steps import ScalingStep, TextStep
from ..sequences import Scaling, Sequences, Tokens
from ..sequences.vocabulary import TextEncoder


class OpenedModel(NamedTuple):
    """A fitted model, and sequences as its network's inputs take them.

    Parameters
    ----------
    predictor : Predictor
    sequences : Sequences
        Checked, and after the steps of a pipeline before the last.
    scaling : Scaling or None
        From the user's units to those of the rows that the network reads; None if they are the same.
    encoder : TextEncoder or None
        What made the tokens, if X is texts.
    """

    predictor: Predictor
    sequences: Sequences
    scaling: Scaling | None
    encoder: TextEncoder | None = None

    @property
    def holds_tokens(self):
        """Whether steps are tokens, else real-valued features."""
        return isinstance(self.predictor.inputs, Tokens)

    @classmethod
    def of(cls, model, X):
        """A model of any kind that has a network, opened to look at its answers for X."""
        scalings, encoder = [], None
        for name, step in _steps_before_the_last(model):
            if isinstance(step, SequenceScaler):
                scalings.append(Scaling(step.mean_, step.scale_))
            elif isinstance(step, ScalingStep):
                scalings.append(step.scaling)
            elif isinstance(step, TextSequencer):
                encoder = step._encoder()
            elif isinstance(step, TextStep):
                encoder = step.encoder
            else:
                raise TypeError(
                    f"Step {name!r} of the pipeline is a {type(step).__name__}, which attributions does not "
                    "support; pass the last step and the transformed X: "
                    "attributions(model[-1], model[:-1].transform(X))."
                )
            X = step.transform(X)
        model = last_step(model)
        predictor = model._fitted_predictor()
        sequences = predictor.inputs.check(model._sequences_to_predict(X), predictor.parameters.dtype)
        if predictor.inputs.scaling is not None:
            scalings.append(predictor.inputs.scaling)
        return cls(predictor, sequences, _one_after_another(scalings), encoder)


def _steps_before_the_last(model):
    if isinstance(model, Pipeline):
        check_is_fitted(model)
        return [(name, step) for name, step in model.steps[:-1] if step not in (None, "passthrough")]
    if isinstance(model, PipelinePredictor):
        return [(step.kind, step) for step in model.steps]
    return []


def last_step(model: Any) -> FittedNetworkMixin:
    """The estimator or predictor whose network answers: the model, or the last step of a pipeline."""
    if isinstance(model, Pipeline):
        model = model.steps[-1][1]
    elif isinstance(model, PipelinePredictor):
        model = model.predictor
    if not isinstance(model, FittedNetworkMixin) or isinstance(model, (GRULanguageModel, LanguagePredictor)):
        raise TypeError(
            f"model is a {type(model).__name__}; expected a fitted GRUClassifier, GRURegressor, GRUTagger or "
            "GRUStepRegressor, a Pipeline that ends with one, or what gruc.runtime.load returns. Of a "
            "search, pass best_estimator_."
        )
    return model


def _one_after_another(scalings):
    """One scaling that is all of these in their order; None of none."""
    if not scalings:
        return None
    mean, scale = scalings[0]
    for more in scalings[1:]:
        mean, scale = mean + scale * more.mean, scale * more.scale
    return Scaling(np.asarray(mean), np.asarray(scale))
