"""Outputs from what a model file or a pickle says of them."""

from ..files.fields import Fields, is_count, is_flag
from ..files.labels import labels_from_json
from ..sequences import Scaling
from .classes import Classes, Labels
from .values import Values


def described(fields, arrays, n_outputs):
    """The outputs that `describe` described, of a network of `n_outputs`.

    Parameters
    ----------
    fields : files.fields.Fields
    arrays : dict of str to ndarray
        Those that belong to the outputs are taken out.
    n_outputs : int
    """
    classes = fields.take("classes", lambda v: v is None or isinstance(v, dict))
    multilabel = fields.take("multilabel", lambda v: is_flag(v) and (not v or classes is not None))
    log_link = fields.take("log_link", lambda v: is_flag(v) and (not v or classes is None))
    n_quantiles = fields.take("n_quantiles", lambda v: is_count(v) and (v == 1 or classes is None))
    n_targets, rest = divmod(n_outputs, n_quantiles)
    if rest:
        fields.refuse("quantiles do not fit the network")
    scaling = Scaling.described(fields, arrays, "target_scaling", n_targets)
    if scaling is not None and (classes is not None or log_link):
        fields.refuse("target_scaling belongs to other models")
    if classes is None:
        return Values(n_targets, scaling, log_link, n_quantiles)
    labels = labels_from_json(Fields(classes, f"{fields.where} classes,"), max(n_outputs, 2))
    return (Labels if multilabel else Classes)(labels)


def of_state(state, n_outputs):
    """The outputs whose `state` this is, of a network of `n_outputs`."""
    if state.get("classes") is not None:
        return (Labels if state["multilabel"] else Classes)(state["classes"])
    scaling, n_quantiles = state["target_scaling"], state["n_quantiles"]
    scaling = None if scaling is None else Scaling(*scaling)
    return Values(n_outputs // n_quantiles, scaling, state["log_link"], n_quantiles)
