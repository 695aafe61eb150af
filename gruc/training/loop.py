"""The training loop: epochs over mini-batches, validation, stopping."""

import math
from typing import NamedTuple

import numpy as np

from .changed_rows import ChangedRows
from .gradients import Gradient
from .report import Report

# A network that has only just been initialised has a loss near 1 where targets are standardised, and
# near the logarithm of the number of classes: this many times as much, nothing has been learned.
DIVERGED = 10

# What dropout and the order of mini-batches change from epoch to epoch is less than this share of the loss.
CHANCE = 0.1


class TrainingSettings(NamedTuple):
    """How to train; what a run does not change.

    Parameters
    ----------
    max_epochs : int
    batch_size : int
    shuffle : bool
        Otherwise batches follow the order of the data.
    max_grad_norm : float or None
        Gradients of larger norm are scaled down to it (Pascanu et al. 2013). It is multiplied by
        each batch's `gradient_scale`, so that clipping does not take from sequences of large weight
        what their weight gives them.
    l2, l1 : float
        Penalties on weights, not biases; in each batch divided by its size.
    tol, patience : float, int
        Stop when `patience` epochs in a row did not bring the loss `tol` below the best before, or
        the score above it, or the score to it and the validation loss `tol` below that of the best;
        patience None: never.
    early_stopping : bool
        Whether the score decides when to stop, and the parameters of the best epoch, of several the
        one with the least validation loss, are restored at the end.
    verbose : bool
        Print a line for each epoch.
    will_go_on : bool
        Whether other runs follow: buffers are kept for them, so that each costs the rows of tables that
        it sees, not whole tables.
    """

    max_epochs: int = 1
    batch_size: int = 32
    shuffle: bool = True
    max_grad_norm: float | None = None
    l2: float = 0.0
    l1: float = 0.0
    tol: float = 0.0
    patience: int | None = None
    early_stopping: bool = False
    verbose: bool = False
    will_go_on: bool = False


def train(state, data, step, settings, *, validate=None, watcher=None):
    """Epochs over `data` until the loss, or the validation score, no longer improves.

    Parameters
    ----------
    state : TrainingState
        Continued in place, with its optimiser and schedule.
    data : object
        ``data.batches(batch_size, rng, shuffle)`` gives the batches of an epoch, an iterable with a
        length; ``len(data)`` is the number of its sequences. See `TrainingData`.
    step : callable
        ``step(parameters, batch)`` returns the weighted sum of the losses of the batch, and the
        gradient of this sum divided by ``batch.size``, an ndarray like `parameters` or a `Gradient`,
        which may be overwritten.
    settings : TrainingSettings
    validate : callable or None
        ``validate(parameters)`` returns (loss, score); called after each epoch.
    watcher : object or None
        Its ``begin_epoch()`` is called before each epoch, and ``end_epoch(parameters)`` after it,
        which returns whether to stop.

    Returns
    -------
    stopped_by : {"loss", "score", "watcher", "max_iter", "interrupt", "divergence"}
        "interrupt" is Ctrl-C, which keeps what was learned so far. "divergence" stands for "loss",
        "score" and "max_iter" where the loss of the epoch whose parameters are kept is clearly above that of
        the first one, or far above that of the first batch of a network that was not trained before.

    Raises
    ------
    ValueError
        A loss or gradient was not finite. The state is then of no more use: `copy` it before.
    """
    progress = _Progress(settings, state.history.n_epochs)
    buffers = state.take_spare() or (np.empty_like(state.parameters), None)
    changed = ChangedRows()
    before = (state.parameters, state.optimizer.moments) if settings.will_go_on else None
    report = Report(settings.max_epochs, state.history.n_epochs) if settings.verbose else None
    stopped_by = "max_iter"
    try:
        for _ in range(settings.max_epochs):
            if watcher is not None:
                watcher.begin_epoch()
            rate = None if report is None else state.schedule.rate()
            in_epoch = ChangedRows()
            loss, first_loss = _epoch(state, buffers, data, step, settings, in_epoch)
            changed.merge(in_epoch)
            state.end_epoch(loss, len(data))
            validation = None
            if validate is not None:
                validation = validate(state.parameters)
                state.history.add_validation(*validation)
            if report is not None:
                report.epoch(loss, validation, rate)
            progress.add(state, loss, validation, in_epoch, first_loss)
            if watcher is not None and watcher.end_epoch(state.parameters):
                stopped_by = "watcher"
                break
            if progress.has_stalled():
                if state.schedule.lower():
                    progress.n_stale = 0
                    continue
                stopped_by = "score" if settings.early_stopping else "loss"
                if report is not None:
                    report.stopped(stopped_by, settings.tol, settings.patience)
                break
    except KeyboardInterrupt:
        stopped_by = "interrupt"
    except FloatingPointError as error:
        raise ValueError(
            f"{error} Training diverged: lower learning_rate_init, keep max_grad_norm at 1 or below, "
            "standardize the data, or use dtype='float64'."
        ) from None
    if before is not None and stopped_by != "interrupt":
        state.leave_spare(*before, changed)
    if progress.parameters is not None:
        state.parameters, state.history.best_epoch = progress.parameters, progress.epoch
        if report is not None:
            report.best(progress.epoch, progress.merit[0])
    if stopped_by in ("loss", "score", "max_iter") and progress.has_diverged(state.history):
        return "divergence"
    return stopped_by


class _Progress:
    """The best epoch of a run, and how many epochs did not improve on it by `tol`."""

    def __init__(self, settings, n_before):
        self.settings = settings
        self.n_before = n_before  # epochs of the runs that this one continues
        self.untrained_loss = None  # of the first batch
        self.merit = -math.inf, -math.inf
        self.epoch = self.parameters = None
        self.changed = ChangedRows()  # since these parameters
        self.n_stale = 0

    def add(self, state, loss, validation, changed, first_loss):
        """Compare an epoch with the best before: by its loss, or by (score, -validation loss)."""
        if state.history.n_epochs == 1:
            self.untrained_loss = first_loss
        merit = -loss, 0.0
        if self.settings.early_stopping:
            merit = validation[1], -validation[0]
        self.n_stale = 0 if _is_better(merit, self.merit, self.settings.tol) else self.n_stale + 1
        self.changed.merge(changed)
        if merit > self.merit:
            self.merit, self.epoch = merit, state.history.n_epochs
            if self.settings.early_stopping:
                self._keep(state.parameters)

    def _keep(self, parameters):
        """Copy these parameters."""
        if self.parameters is None:
            self.parameters = parameters.copy()
        else:
            self.changed.copy(parameters, self.parameters)
        self.changed = ChangedRows()

    def has_stalled(self):
        """Whether `patience` epochs in a row brought no improvement."""
        return self.settings.patience is not None and self.n_stale >= self.settings.patience

    def has_diverged(self, history):
        """Whether the parameters kept have a larger loss than those that training started from."""
        kept, first = history.loss_curve[history.best_epoch - 1], history.loss_curve[self.n_before]
        if kept - first > CHANCE * abs(first) + self.settings.tol:
            return True
        return self.untrained_loss is not None and kept > DIVERGED * max(1.0, self.untrained_loss)


def _is_better(merit, best, tol):
    """Whether (score, -loss) is better by `tol`: the loss decides between equal scores."""
    return merit[0] > best[0] + tol or (merit[0] >= best[0] and merit[1] > best[1] + tol)


def _epoch(state, buffers, data, step, settings, changed):
    """One pass over `data`; the weighted mean of its losses, and the mean of the first batch.

    Parameters and moments are written to `buffers`, as `Optimizer.step` takes them; rows of tables that
    the steps change are added to `changed`.
    """
    new, new_moments = buffers
    l2, l1, max_grad_norm = settings.l2, settings.l1, settings.max_grad_norm
    weights = state.optimizer.weights
    batches = data.batches(settings.batch_size, state.rng, settings.shuffle)
    n_batches, loss_sum, weight_sum, first_loss = len(batches), 0.0, 0.0, None
    for i, batch in enumerate(batches):
        total = batch.weight
        if total == 0:  # there is nothing to learn from
            continue
        loss, gradient = step(state.parameters, batch)
        if not isinstance(gradient, Gradient):
            gradient = Gradient(gradient)
        if l2 or l1:
            l2_of_batch, l1_of_batch = l2 / batch.size, l1 / batch.size
            for penalty in gradient.add_penalties(state.parameters, weights, l2_of_batch, l1_of_batch):
                loss += total * penalty
        norm = gradient.norm()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise FloatingPointError(
                f"The loss ({loss / total:g}) or its gradient (norm {norm:g}) is not finite "
                f"in epoch {state.history.n_epochs + 1}."
            )
        if max_grad_norm is not None:
            largest_norm = max_grad_norm * batch.gradient_scale()
            if norm > largest_norm:
                gradient.scale(largest_norm / (norm + 1e-6))
        rate = state.schedule.rate(i, n_batches)
        changed.add(gradient)
        state.optimizer.step(new, state.parameters, gradient.dense, rate, gradient.tables, new_moments)
        for statistics in gradient.running:
            statistics.update(new)
        state.parameters = new
        if first_loss is None:
            first_loss = loss / total
        loss_sum += loss
        weight_sum += total
    if not changed.are_finite(state.parameters):
        raise FloatingPointError(f"Weights are not finite after epoch {state.history.n_epochs + 1}.")
    return loss_sum / weight_sum, first_loss
