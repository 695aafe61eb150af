"""SequenceScaler to and from model files."""

import numpy as np

from ..files.fields import Fields, is_flag
from ..files.json_values import as_json
from ..preprocessing import SequenceScaler
from ..runtime.steps import ScalingStep
from ..sequences import Scaling

MOMENTS = ("mean", "squares", "exponents")


def describe(scaler, name):
    """What the file of a pipeline holds of a fitted scaler: the step, parameters, and arrays."""
    weight, *vectors = scaler._moments
    arrays = {
        f"moments.{part}": np.float64(vector)
        for part, vector in zip(MOMENTS, vectors, strict=True)
        if vector is not None
    }
    names = getattr(scaler, "feature_names_in_", None)
    fitted = {
        "n_features_in_": int(scaler.n_features_in_),
        "feature_names_in_": None if names is None else list(map(str, names)),
        "fitted_on_table": scaler._fitted_on_table,
    }
    parameters = {
        "with_mean": as_json(scaler.with_mean, f"with_mean of {name!r}"),
        "with_std": as_json(scaler.with_std, f"with_std of {name!r}"),
        "weight": weight,
    }
    return ScalingStep(Scaling(scaler.mean_, scaler.scale_), fitted), parameters, arrays


def built(part, where):
    """The scaler of a `StepContent`."""
    fields = Fields(part.parameters, f"{where}, step {part.name!r},")
    scaler = SequenceScaler(
        with_mean=fields.take("with_mean", is_flag), with_std=fields.take("with_std", is_flag)
    )
    weight = fields.take("weight", lambda v: type(v) in (int, float) and 0 < v < float("inf"))
    fields.end()
    arrays, scaling, fitted = dict(part.arrays), part.step.scaling, part.step.fitted
    vectors = [arrays.pop(f"moments.{name}", None) for name in MOMENTS]
    for name, vector in zip(MOMENTS, vectors, strict=True):
        if vector is None and name == "exponents":
            continue
        if vector is None or vector.dtype != np.float64 or vector.shape != scaling.mean.shape:
            fields.refuse(f"moments.{name} is not {len(scaling.mean)} float64")
    if arrays:
        fields.refuse(f"it has unknown tensors, {sorted(arrays)}")
    mean, squares, exponents = (None if vector is None else np.array(vector) for vector in vectors)
    scaler._moments = (weight, mean, squares, None if exponents is None else exponents.astype(int))
    scaler.mean_, scaler.scale_ = scaling
    scaler.n_samples_seen_ = int(weight) if weight == int(weight) else weight
    scaler.n_features_in_, scaler._fitted_on_table = fitted["n_features_in_"], fitted["fitted_on_table"]
    if fitted["feature_names_in_"] is not None:
        scaler.feature_names_in_ = np.array(fitted["feature_names_in_"], dtype=object)
    return scaler
