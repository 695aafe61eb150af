"""The training loop: epochs over shuffled mini-batches, stopping, history."""

import math
import time
from contextlib import contextmanager

import numpy as np

from .. import kernels
from .step import TrainingStep


class Trainer:
    """A network in training: its parameters, optimiser, random stream and history.

    Parameters
    ----------
    network : GRUNetwork
    loss : str
        A key of `losses.LOSSES`.
    dtype : {"float32", "float64"}
    rng : numpy.random.Generator
        Source of the start values and of every shuffle.

    Attributes
    ----------
    parameters : ndarray of shape (network.table.size,)
        Flat buffer. What `run` leaves here it never writes to again: the next `run` goes on
        in another, so that a predictor may keep this one.
    n_epochs : int
        Epochs finished.
    n_samples_seen : int
        Sequences seen, over all epochs.
    loss_curve : list of float
        Mean loss of each epoch finished.
    best_loss : float
        The lowest of them.
    """

    def __init__(self, network, loss, dtype, rng):
        self.network = network
        self.loss = loss
        self.rng = rng
        self.parameters = np.zeros(network.table.size, dtype)
        network.initialize(network.table.views(self.parameters), rng)
        self.optimizer = None
        self.n_epochs = 0
        self.n_samples_seen = 0
        self.loss_curve = []
        self.best_loss = np.inf
        self._step = None
        self._next_parameters = None

    @contextmanager
    def or_as_before(self):
        """Whatever is raised inside leaves the trainer as it was."""
        kept, optimizer, of_optimizer = vars(self).copy(), self.optimizer, vars(self.optimizer).copy()
        n_epochs, rng_state = len(self.loss_curve), self.rng.bit_generator.state
        try:
            yield
        except BaseException:
            vars(self).update(kept)
            vars(optimizer).update(of_optimizer)
            del self.loss_curve[n_epochs:]
            self.rng.bit_generator.state = rng_state
            raise

    def release_workspace(self):
        """Give back the scratch memory; the next `run` takes what it needs."""
        self._step = None

    def __getstate__(self):
        """Without what the next batch overwrites anyway."""
        return vars(self) | {"_step": None, "_next_parameters": None}

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
        n_jobs=None,
    ):
        """Epochs over `data` until the loss stops falling.

        Parameters
        ----------
        data : TrainingData
        max_epochs : int
        batch_size : int
        shuffle : bool
            Otherwise batches follow the order of the data.
        max_grad_norm : float or None
            Gradients of larger norm are scaled down to it (Pascanu et al. 2013).
        tol, patience : float, int
            Stop when `patience` epochs in a row did not bring the loss `tol`
            below the best before; patience None: never.
        verbose : bool
            Print a line an epoch.
        n_jobs : int or None
            As `gruc.threads.n_threads` has it. The numbers do not depend on it.

        Returns
        -------
        stopped_by : {"tol", "max_iter", "interrupt"}
            "interrupt" is Ctrl-C, which keeps what was learned so far.

        Raises
        ------
        ValueError
            A loss or gradient was not finite. The trainer is then of no more use, but within
            `or_as_before`.
        """
        best, stale, width = np.inf, 0, len(str(max_epochs))
        started = time.perf_counter()
        if self._step is None:
            self._step = TrainingStep(self.network, self.loss)
        self._next_parameters = np.empty_like(self.parameters)
        try:
            with self._step.on(n_jobs):
                for epoch in range(max_epochs):
                    loss = self._epoch(data, batch_size, shuffle, max_grad_norm)
                    self.n_epochs += 1
                    self.n_samples_seen += len(data)
                    self.loss_curve.append(loss)
                    self.best_loss = min(self.best_loss, loss)
                    if verbose:
                        elapsed = time.perf_counter() - started
                        print(
                            f"Epoch {epoch + 1:{width}}/{max_epochs}  loss {loss:.6f}  {elapsed:.1f} s",
                            flush=True,
                        )
                    stale = 0 if loss < best - tol else stale + 1
                    best = min(best, loss)
                    if patience is not None and stale >= patience:
                        if verbose:
                            print(f"Stopping: the loss has not fallen by tol={tol:g} for {patience} epochs.")
                        return "tol"
        except KeyboardInterrupt:
            return "interrupt"
        except FloatingPointError as error:
            raise ValueError(
                f"{error} Training diverged: lower learning_rate_init, keep max_grad_norm at 1 or below, "
                "standardize the data, or use dtype='float64'."
            ) from None
        return "max_iter"

    def _epoch(self, data, batch_size, shuffle, max_grad_norm):
        """One pass over `data`; the weighted mean of its losses."""
        indices = self.rng.permutation(len(data)) if shuffle else np.arange(len(data))
        loss_sum = weight_sum = 0.0
        for start in range(0, len(data), batch_size):
            chosen = indices[start : start + batch_size]
            total = data.total_weight(chosen)
            if total == 0:  # nothing to learn from, and no mean to take
                continue
            loss, gradients = self._step.run(self.parameters, data, chosen, total)
            norm = kernels.training.norm(gradients)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise FloatingPointError(
                    f"The loss ({loss / total:g}) or its gradient (norm {norm:g}) is not finite "
                    f"in epoch {self.n_epochs + 1}."
                )
            if max_grad_norm is not None and norm > max_grad_norm:
                kernels.training.scale(gradients, max_grad_norm / (norm + 1e-6))
            self.optimizer.step(self._next_parameters, self.parameters, gradients)
            self.parameters = self._next_parameters
            loss_sum += loss
            weight_sum += total
        if not math.isfinite(kernels.training.norm(self.parameters)):
            raise FloatingPointError(f"Weights are not finite after epoch {self.n_epochs + 1}.")
        return loss_sum / weight_sum
