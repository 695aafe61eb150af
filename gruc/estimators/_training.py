"""What an estimator's parameters say of its training: optimiser, schedule, penalty, settings of the loop."""

import numpy as np

from ..conventions.parameter_names import setting
from ..conventions.user_warnings import warn_user
from ..training import TrainingSettings
from ._networks import auto_batch_size

# attributes of an optimiser by the parameters of an estimator
OPTIMIZER_PARAMETERS = {
    "beta_1": "beta_1",
    "beta_2": "beta_2",
    "epsilon": "epsilon",
    "weight_decay": "alpha",
    "momentum": "momentum",
    "nesterov": "nesterovs_momentum",
    "rho": "rho",
}

# those of a schedule
SCHEDULE_PARAMETERS = {
    "kind": "learning_rate",
    "learning_rate_init": "learning_rate_init",
    "warmup": "warmup",
    "power_t": "power_t",
    "decay_rate": "decay_rate",
    "decay_steps": "decay_steps",
    "max_iter": "max_iter",
}


def begin_training(model, state, network, parameters_changed, incremental):
    """Give a state the optimiser and the schedule to train with."""
    if not incremental:  # a fit starts with its own, also from the weights of the last one
        state.optimizer = state.schedule = None
    if parameters_changed or state.optimizer is None or state.schedule is None:
        set_optimizer(model, state, network)


def set_optimizer(model, state, network):
    """Put optimiser and schedule, those at hand or new ones, under the parameters of now."""
    smallest = np.finfo(model.dtype).tiny  # kernels count smaller numbers as 0
    if model.epsilon < smallest:
        raise ValueError(f"epsilon={model.epsilon:g} counts as 0 in {model.dtype}; use {smallest:g} or more.")
    settings = {name: getattr(model, parameter) for name, parameter in OPTIMIZER_PARAMETERS.items()}
    n_learned = network.table.size
    if network.embedding is not None and not setting(model, "train_embedding"):
        n_learned = network.table.offset(network.embedding.weight)  # tables come last
    state.set_optimizer(model.solver, network.table.weights(), settings, n_learned)
    state.set_schedule({name: getattr(model, parameter) for name, parameter in SCHEDULE_PARAMETERS.items()})


def warn_of_rate_zero(model, schedule):
    if schedule.has_ended():
        warn_user(
            f"learning_rate={model.learning_rate!r} has come down to 0 after max_iter={model.max_iter} "
            "epochs: partial_fit learns nothing more. Set a larger max_iter, or another learning_rate."
        )


def settings_of(model, n_sequences, **of_run):
    """The settings of the training loop; `of_run` are those that no parameter of `model` says alone."""
    if "batch_size" not in of_run:
        is_auto = model.batch_size == "auto"
        of_run["batch_size"] = auto_batch_size(n_sequences) if is_auto else model.batch_size
    l2, l1 = _penalty(model)
    return TrainingSettings(
        shuffle=setting(model, "shuffle"),
        max_grad_norm=model.max_grad_norm,
        l2=l2,
        l1=l1,
        tol=model.tol,
        verbose=model.verbose,
        **of_run,
    )


def _penalty(model):
    """(l2, l1) in the loss; the weights of "adamw" decay without a penalty."""
    if model.solver != "adamw":
        return model.alpha * (1 - model.l1_ratio), model.alpha * model.l1_ratio
    if model.l1_ratio > 0 and model.alpha > 0:
        raise ValueError(
            f"l1_ratio={model.l1_ratio:g} cannot be combined with solver='adamw', whose weight decay is "
            "no penalty. Set l1_ratio to 0, or use solver='adam'."
        )
    return 0.0, 0.0
