"""GRUSeq2Seq to and from model files."""

from sklearn.base import clone

from ..files.fields import Fields, is_flag
from ..runtime.pipelines import StepContent
from ..runtime.steps import TextStep
from ..runtime.symbols import IntegerSymbols
from ..runtime.translator_files import SEQUENCERS, SIDES
from ..training import DESCRIBED_AS, History, TrainingState
from . import _sequencer_files
from ._files import SavingMixin
from ._networks import random_generator


class TranslationSavingMixin(SavingMixin):
    """What files have of a GRUSeq2Seq: its translator, and sequencers, which are parameters too."""

    def _parameters_for_file(self):
        parameters = self.get_params(deep=False)
        for side in SIDES:
            given, fitted = parameters.pop(side), getattr(self, f"{side}_")
            if given is not None and (fitted is None or str(given.get_params()) != str(fitted.get_params())):
                raise ValueError(
                    f"{side} is not the sequencer that the model was fitted with. Set it to that, or to None."
                )
        return parameters

    def _described_beside(self):
        described = {}
        for side in SIDES:
            fitted = getattr(self, f"{side}_")
            described[side] = None
            if fitted is not None:
                _, parameters, _ = _sequencer_files.describe(fitted, side)
                is_given = getattr(self, side) is not None
                described[side] = {"is_given": is_given, "parameters": parameters}
        return {SEQUENCERS: described}, {}

    def _fitted_state(self):
        return self._training_state.history.describe()

    def _restored(self, translator, state):
        """Fit this estimator by what `_fitted_predictor` and `_fitted_state` returned."""
        for side, symbols in zip(SIDES, (translator.source, translator.target), strict=True):
            sequencer, is_given = _restored_sequencer(state[SEQUENCERS][side], symbols, side)
            vars(self).update({f"{side}_": sequencer, side: clone(sequencer) if is_given else None})
        history = History.described({name: state[name] for name in DESCRIBED_AS if name in state})
        training_state = TrainingState(translator.parameters, random_generator(self.random_state), history)
        self._set_fitted(
            training_state, translator.with_n_jobs(self.n_jobs).with_precision(self.matmul_precision)
        )
        return self


def _restored_sequencer(described, symbols, side):
    """The fitted sequencer of one side, None for integers, and whether it was given as a parameter."""
    if isinstance(symbols, IntegerSymbols) and described is None:
        return None, False
    fields = Fields(described, f"the file, {side},")
    if isinstance(symbols, IntegerSymbols):
        fields.refuse("integer tokens have no sequencer")
    parameters = fields.take("parameters", lambda v: isinstance(v, dict))
    is_given = fields.take("is_given", is_flag)
    fields.end()
    content = StepContent(side, TextStep(symbols.encoder), parameters, {})
    return _sequencer_files.built(content, "the file"), is_given
