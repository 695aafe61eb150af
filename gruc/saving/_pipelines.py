"""Pipelines to and from model files."""

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._version import __version__
from ..estimators import _files as estimator_files
from ..estimators import _sequencer_files
from ..files.estimator_fields import KINDS
from ..preprocessing import SequenceScaler, TextSequencer
from ..runtime.pipelines import KIND, PipelineContent
from . import _scaler

# what a file can hold before the last step: a function that describes it, and one that makes it again
STEPS = {
    SequenceScaler: (_scaler.describe, _scaler.built),
    TextSequencer: (_sequencer_files.describe, _sequencer_files.built),
}


def describe(pipeline):
    """The description of a fitted pipeline, and its arrays by name."""
    if type(pipeline) is not Pipeline:
        raise TypeError(
            f"model is a {type(pipeline).__name__}; a model file holds scikit-learn's own Pipeline."
        )
    for name in ("memory", "transform_input"):
        if getattr(pipeline, name, None) is not None:
            raise TypeError(f"A model file cannot hold {name} of the pipeline: set_params({name}=None).")
    parts, arrays = [], {}
    for i, (name, step) in enumerate(pipeline.steps):
        is_last = i == len(pipeline.steps) - 1
        part, own = _described_last(name, step) if is_last else _described(name, step)
        parts.append({"name": name, **part})
        arrays |= {f"{i}.{key}": array for key, array in own.items()}
    description = {
        "gruc_version": __version__,
        "kind": KIND,
        "verbose": bool(pipeline.verbose),
        "steps": parts,
    }
    return description, arrays


def _described(name, step):
    if step is None or step == "passthrough":
        return {"kind": None}, {}
    if type(step) not in STEPS:
        kinds = " and ".join(kind.__name__ for kind in STEPS)
        raise TypeError(
            f"Step {name!r} is a {type(step).__name__}; a model file holds {kinds} before the last step."
        )
    check_is_fitted(step)
    describe_step, _ = STEPS[type(step)]
    described, parameters, arrays = describe_step(step, name)
    description, more = described.describe()
    return {"kind": described.kind, "description": description, "parameters": parameters}, arrays | more


def _described_last(name, step):
    kinds = [kind for kind in estimator_files.KINDS if not (KINDS[kind].forecasts or KINDS[kind].translates)]
    if type(step) not in (estimator_files.KINDS[kind] for kind in kinds):
        raise TypeError(
            f"The last step, {name!r}, is a {type(step).__name__}; a model file holds pipelines that end "
            f"with a {' or '.join(kinds)}."
        )
    check_is_fitted(step)
    description, arrays = estimator_files.describe(step)
    return {"description": description}, arrays


def built(description, arrays, where):
    """The pipeline of a file's description and arrays."""
    content = PipelineContent.of_file(description, arrays, where)
    by_kind = {kind.__name__: functions for kind, functions in STEPS.items()}
    steps = []
    for part in content.steps:
        step = "passthrough" if part.step is None else by_kind[part.step.kind][1](part, where)
        steps.append((part.name, step))
    steps.append((content.last_name, estimator_files.of_content(content.last, where)))
    return Pipeline(steps, verbose=content.verbose)
