"""What outputs are called in pictures."""

from numbers import Integral

import numpy as np


def name_of_target(predictor, X, target):
    """What `attributions` of one sequence explain, for titles.

    Parameters
    ----------
    predictor : Predictor
    X : Sequences
        One sequence.
    target : int, (step, int), array-like or None
    """
    step = None
    if predictor.network.answers_each_step:
        if target is None:
            return "all steps"
        step, target = target
    target = None if target is None else int(np.ravel(target)[0])
    if target is None and predictor.classes is not None and not predictor.multilabel:
        label = predictor.predict(X)[0]
        name = f"class {label if step is None else label[int(np.ravel(step)[0])]}"
    elif target is None:
        name = "output" if predictor.config["n_outputs"] == 1 else "sum of the outputs"
    else:
        kind = "" if predictor.classes is None else "class "
        name = kind + names_of_outputs(predictor)[target]
    return name if step is None else f"{name} at step {int(np.ravel(step)[0])}"


def names_of_outputs(predictor):
    """A name for each class, or for each output."""
    if predictor.classes is not None:
        return [str(label) for label in predictor.classes]
    n_outputs = predictor.config["n_outputs"]
    return ["output"] if n_outputs == 1 else [f"output {i}" for i in range(n_outputs)]


def names_of_features(model, given, n_features):
    """Names of the features of a step: those given, those of the fit, or their numbers."""
    if given is None:
        given = getattr(model, "feature_names_in_", None)
        if given is None or len(given) != n_features:
            return [str(i) for i in range(n_features)]
    if isinstance(given, (str, Integral)) or len(given) != n_features:
        raise ValueError(f"feature_names must be {n_features} names, one for each feature; got {given!r}.")
    return [str(name) for name in given]
