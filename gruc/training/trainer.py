"""The training loop: epochs over shuffled mini-batches, validation, stopping, history."""

import math
import time
from copy import deepcopy

import numpy as np

from .. import kernels
from ..network import GRUNetwork
from .losses import Loss
from .optimizers import SOLVERS
from .schedules import Schedule
from .step import TrainingStep


class Trainer:
    """A network in training: its parameters, optimiser, schedule, random stream and history.

    Parameters
    ----------
    network : GRUNetwork
    loss : Loss
    dtype : {"float32", "float64"}
    rng : numpy.random.Generator
        Source of the start values, of every shuffle, and of dropout's masks.
    parameters : ndarray of shape (network.table.size,) or None, default=None
        To go on from; None for new start values.

    Attributes
    ----------
    parameters : ndarray of shape (network.table.size,)
        Flat buffer. What `run` leaves here it never writes to again: the next `run` goes on
        in another, so that a predictor may keep this one.
    optimizer : Optimizer
    schedule : Schedule
    n_epochs : int
        Epochs finished.
    n_samples_seen : int
        Sequences seen, over all epochs.
    loss_curve : list of float
        Mean loss of each epoch finished, penalty included.
    best_loss : float
        The lowest of them.
    validation_loss_curve, validation_scores : list of float
        Of each epoch that had a validation.
    validation_epochs : list of int
        Which these were, the first being 1.
    best_epoch : int
        The epoch whose parameters these are: the last, or the best of early stopping.
    split_seed : int or None
        Of the split into sequences to learn from and sequences held out; for the caller, which
        keeps one split for all runs that go on from each other.
    held_out_digest : int or None
        What tells whether the last run held out the same places; None: it held out none.
    """

    def __init__(self, network, loss, dtype, rng, parameters=None):
        self.network = network
        self.loss = loss
        self.rng = rng
        self.parameters = parameters
        if parameters is None:
            self.parameters = np.zeros(network.table.size, dtype)
            network.initialize(network.table.views(self.parameters), rng)
        self.optimizer = None
        self.schedule = None
        self.by_parts = False  # whether the last run was one of a series of single epochs
        self.n_epochs = 0
        self.n_samples_seen = 0
        self.loss_curve = []
        self.best_loss = np.inf
        self.validation_loss_curve = []
        self.validation_scores = []
        self.validation_epochs = []
        self.best_epoch = 0
        self.split_seed = self.held_out_digest = None
        self._step = None
        self._next_parameters = None
        self._spare_rng = None

    def copy(self):
        """A trainer in the same state, which goes on without changing this one.

        What is only ever replaced is shared: the parameters, the optimiser's moments, the scratch
        memory of the steps.
        """
        twin = _shallow_copy(self)
        if self.optimizer is not None:  # as in a model that was loaded
            twin.optimizer, twin.schedule = _shallow_copy(self.optimizer), _shallow_copy(self.schedule)
        twin.loss_curve = self.loss_curve.copy()
        twin.validation_loss_curve = self.validation_loss_curve.copy()
        twin.validation_scores = self.validation_scores.copy()
        twin.validation_epochs = self.validation_epochs.copy()
        # a new generator takes as long as a small batch, so that two of them go from copy to copy in turns
        spare = self._spare_rng or deepcopy(self.rng)
        spare.bit_generator.state = self.rng.bit_generator.state
        twin.rng, twin._spare_rng = spare, self.rng
        return twin

    def release_workspace(self):
        """Give back the scratch memory; the next `run` takes what it needs."""
        self._step = None

    def __getstate__(self):
        """Plain values and arrays only, without what the next batch overwrites anyway."""
        state = {
            name: value
            for name, value in vars(self).items()
            if name not in ("_step", "_next_parameters", "_spare_rng")
        }
        state["network"] = self.network.config
        state["loss"] = None if self.loss is None else tuple(self.loss)
        state["rng"] = {"kind": type(self.rng.bit_generator).__name__, **self.rng.bit_generator.state}
        if self.optimizer is not None:
            solver = next(name for name, kind in SOLVERS.items() if type(self.optimizer) is kind)
            of_optimizer = vars(self.optimizer).copy()
            del of_optimizer["weights"]  # which the network knows
            state["optimizer"] = {"solver": solver, **of_optimizer}
            state["schedule"] = vars(self.schedule).copy()
        return state

    def __setstate__(self, state):
        vars(self).update(state, _step=None, _next_parameters=None, _spare_rng=None)
        self.network = GRUNetwork(**state["network"])
        self.loss = None if state["loss"] is None else Loss(*state["loss"])
        of_rng = dict(state["rng"])
        generator = np.random.Generator(getattr(np.random, of_rng.pop("kind"))())
        generator.bit_generator.state = of_rng
        self.rng = generator
        if state["optimizer"] is not None:
            of_optimizer, of_schedule = dict(state["optimizer"]), dict(state["schedule"])
            solver = SOLVERS[of_optimizer.pop("solver")]
            optimizer = solver.__new__(solver)
            # copies, since joblib may have mapped them
            moments = [np.array(moment) for moment in of_optimizer.pop("moments")]
            vars(optimizer).update(of_optimizer, weights=self.network.table.weights(), moments=moments)
            schedule = Schedule.__new__(Schedule)
            vars(schedule).update(of_schedule)
            self.optimizer, self.schedule = optimizer, schedule

    def run(
        self,
        data,
        max_epochs,
        *,
        batch_size,
        shuffle,
        max_grad_norm,
        tol,
        patience,
        verbose,
        penalty=(0.0, 0.0),
        dropout=(0.0, 0.0),
        validate=None,
        early_stopping=False,
        watcher=None,
        n_jobs=None,
    ):
        """Epochs over `data` until the loss, or the validation's score, is no longer better.

        Parameters
        ----------
        data : TrainingData
        max_epochs : int
        batch_size : int
        shuffle : bool
            Otherwise batches follow the order of the data.
        max_grad_norm : float or None
            Gradients of larger norm are scaled down to it (Pascanu et al. 2013). Where sequences
            have weights it is multiplied by `TrainingData.gradient_scale`, so that clipping does not
            take from heavy sequences what they have by their weight.
        tol, patience : float, int
            Stop when `patience` epochs in a row did not bring the loss `tol` below the best
            before, or the score above it, or the score to it and the validation loss `tol` below
            that of the best; patience None: never.
        verbose : bool
            Print a line an epoch.
        penalty : (l2, l1)
            On weights, not biases; for each batch divided by the number of its sequences.
        dropout : (rate, recurrent_rate)
            How much of what enters layers and head, and of states where they enter W_hh, counts
            as 0; masks are drawn anew for every batch (include/gruc/training/dropout.body.h).
        validate : callable or None
            validate(parameters) -> (loss, score), asked after every epoch.
        early_stopping : bool
            Whether the score decides when to stop, and the parameters of the best one, the one
            with the least validation loss among equals, are taken back at the end.
        watcher : object or None
            Its begin_epoch() is called before every epoch, after it end_epoch(network,
            parameters), which says whether to stop.
        n_jobs : int or None
            As `gruc.threads.n_threads` has it. The numbers do not depend on it.

        Returns
        -------
        stopped_by : {"loss", "score", "watcher", "max_iter", "interrupt"}
            "interrupt" is Ctrl-C, which keeps what was learned so far.

        Raises
        ------
        ValueError
            A loss or gradient was not finite. The trainer is then of no more use: `copy` it before.
        """
        best, stale, best_parameters = (-np.inf, -np.inf), 0, None
        report = Report(max_epochs, self.n_epochs) if verbose else None
        if self._step is None:
            self._step = TrainingStep(self.network)
        self._next_parameters = np.empty_like(self.parameters)
        stopped_by = "max_iter"
        try:
            with self._step.on(n_jobs):
                for _ in range(max_epochs):
                    if watcher is not None:
                        watcher.begin_epoch()
                    rate = self.schedule.rate()
                    loss = self._epoch(data, batch_size, shuffle, max_grad_norm, penalty, dropout)
                    self.n_epochs += 1
                    self.best_epoch = self.n_epochs
                    self.n_samples_seen += len(data)
                    self.schedule.end_epoch(len(data))
                    self.loss_curve.append(loss)
                    self.best_loss = min(self.best_loss, loss)
                    merit = -loss, 0.0
                    if validate is not None:
                        of_validation = validate(self.parameters)
                        self.validation_loss_curve.append(of_validation[0])
                        self.validation_scores.append(of_validation[1])
                        self.validation_epochs.append(self.n_epochs)
                        if early_stopping:
                            merit = of_validation[1], -of_validation[0]
                    if verbose:
                        report.epoch(loss, *(of_validation if validate else ()), rate=rate)
                    stale = 0 if _is_better(merit, best, tol) else stale + 1
                    if merit > best:
                        best, best_epoch = merit, self.n_epochs
                        best_parameters = self.parameters.copy() if early_stopping else None
                    if watcher is not None and watcher.end_epoch(self.network, self.parameters):
                        stopped_by = "watcher"
                        break
                    if patience is not None and stale >= patience:
                        if self.schedule.lower():
                            stale = 0
                            continue
                        stopped_by = "score" if early_stopping else "loss"
                        if verbose:
                            report.stopped(stopped_by, tol, patience)
                        break
        except KeyboardInterrupt:
            stopped_by = "interrupt"
        except FloatingPointError as error:
            raise ValueError(
                f"{error} Training diverged: lower learning_rate_init, keep max_grad_norm at 1 or below, "
                "standardize the data, or use dtype='float64'."
            ) from None
        if best_parameters is not None:
            self.parameters, self.best_epoch = best_parameters, best_epoch
            if verbose:
                print(f"The weights are those of epoch {best_epoch}, score {best[0]:.4g}.", flush=True)
        return stopped_by

    def _epoch(self, data, batch_size, shuffle, max_grad_norm, penalty, dropout):
        """One pass over `data`; the weighted mean of its losses."""
        indices = data.order(self.rng if shuffle else None)
        weights = self.network.table.weights() if any(penalty) else ()
        n_steps = -(-len(indices) // batch_size)
        loss_sum = weight_sum = 0.0
        for i in range(n_steps):
            chosen = indices[i * batch_size : (i + 1) * batch_size]
            total = data.total_weight(chosen)
            if total == 0:  # there is nothing to learn from
                continue
            seeds = self.rng.integers(2**64, size=len(chosen), dtype=np.uint64) if any(dropout) else None
            loss, gradients = self._step.run(self.parameters, self.loss, data, chosen, (seeds, *dropout))
            for part in weights:
                l2, l1 = penalty
                loss += total * kernels.training.add_penalty(
                    gradients[part], self.parameters[part], l2 / len(chosen), l1 / len(chosen)
                )
            norm = kernels.training.norm(gradients)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise FloatingPointError(
                    f"The loss ({loss / total:g}) or its gradient (norm {norm:g}) is not finite "
                    f"in epoch {self.n_epochs + 1}."
                )
            if max_grad_norm is not None:
                largest_norm = max_grad_norm * data.gradient_scale(chosen)
                if norm > largest_norm:
                    kernels.training.scale(gradients, largest_norm / (norm + 1e-6))
            rate = self.schedule.rate(i, n_steps)
            self.optimizer.step(self._next_parameters, self.parameters, gradients, rate)
            self.parameters = self._next_parameters
            loss_sum += loss
            weight_sum += total
        if not math.isfinite(kernels.training.norm(self.parameters)):
            raise FloatingPointError(f"Weights are not finite after epoch {self.n_epochs + 1}.")
        return loss_sum / weight_sum


def _shallow_copy(value):
    """Another object with the same attributes, without the detours of pickling."""
    twin = object.__new__(type(value))
    vars(twin).update(vars(value))
    return twin


def _is_better(merit, best, tol):
    """Whether one (score, -loss) is better than another by `tol`: equal scores are told apart by the loss."""
    return merit[0] > best[0] + tol or (merit[0] >= best[0] and merit[1] > best[1] + tol)


class Report:
    """Lines for who watches a fit of up to `max_epochs`, after `n_before` of earlier ones."""

    def __init__(self, max_epochs, n_before=0):
        self.max_epochs = max_epochs
        self.n_before = n_before
        self.n_epochs = 0
        self.started = time.perf_counter()

    def epoch(self, loss, validation_loss=None, score=None, *, rate):
        """A line of figures, in columns that stay where they are."""
        self.n_epochs += 1
        elapsed = time.perf_counter() - self.started
        last = self.n_before + self.max_epochs
        left = elapsed / self.n_epochs * (self.max_epochs - self.n_epochs)
        validation = ""
        if score is not None:
            validation = f"  validation loss {validation_loss:<11.6g}  score {score:<8.4g}"
        line = f"Epoch {self.n_before + self.n_epochs:{len(str(last))}}"
        if self.max_epochs > 1:
            line += f"/{last}"
        line += f"  loss {loss:<11.6g}{validation}  rate {rate:<8.3g}  {elapsed:.1f} s"
        print(line + (f", at most {left:.0f} s left" if self.max_epochs > 1 else ""), flush=True)

    @staticmethod
    def stopped(by, tol, patience):
        """Why there is no further line."""
        change = "the validation score has not risen" if by == "score" else "the loss has not fallen"
        print(f"Stopping: {change} by tol={tol:g} for {patience} epochs.", flush=True)
