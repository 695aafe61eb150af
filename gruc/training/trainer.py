"""The training loop: epochs over shuffled mini-batches, stopping, history."""

import copy
import time

import numpy as np

from .. import kernels
from ..network import Workspace


class Trainer:
    """A network in training: its parameters, optimiser, random stream and history.

    Parameters
    ----------
    network : GRUNetwork
    loss : callable
        One of `losses.LOSSES`.
    dtype : {"float32", "float64"}
    rng : numpy.random.Generator
        Source of the start values and of every shuffle.

    Attributes
    ----------
    parameters, gradients : ndarray of shape (network.table.size,)
        Flat buffers.
    n_epochs : int
        Epochs finished.
    n_samples_seen : int
        Sequences seen, over all epochs.
    loss_curve : list of float
        Mean loss of each epoch finished.
    """

    def __init__(self, network, loss, dtype, rng):
        self.network = network
        self.loss = loss
        self.rng = rng
        self.parameters = np.zeros(network.table.size, dtype)
        self.gradients = np.zeros_like(self.parameters)
        network.initialize(network.table.views(self.parameters), rng)
        self.optimizer = None
        self.n_epochs = 0
        self.n_samples_seen = 0
        self.loss_curve = []
        self._workspace = None

    def copy(self):
        """An independent trainer that goes on from here; scratch memory is shared."""
        other = object.__new__(Trainer)
        vars(other).update(vars(self))
        other.parameters = self.parameters.copy()
        other.optimizer = self.optimizer.copy()
        other.rng = copy.deepcopy(self.rng)
        other.loss_curve = list(self.loss_curve)
        return other

    def release_workspace(self):
        """Give back the scratch memory; the next `run` takes what it needs."""
        self._workspace = None

    def __getstate__(self):
        """Without what the next batch overwrites anyway."""
        state = vars(self) | {"_workspace": None}
        del state["gradients"]
        return state

    def __setstate__(self, state):
        vars(self).update(state)
        self.parameters = np.array(self.parameters)  # a copy: joblib may have mapped it read-only
        self.gradients = np.zeros_like(self.parameters)

    def run(self, data, max_epochs, *, batch_size, shuffle, max_grad_norm, tol, patience, verbose):
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

        Returns
        -------
        stopped_by : {"tol", "max_iter", "interrupt"}
            "interrupt" is Ctrl-C, which keeps what was learned so far.

        Raises
        ------
        ValueError
            A loss or gradient was not finite. The trainer is then of no more use: keep a
            `copy` to fall back on.
        """
        best, stale, width = np.inf, 0, len(str(max_epochs))
        started = time.perf_counter()
        try:
            for epoch in range(max_epochs):
                loss = self._epoch(data, batch_size, shuffle, max_grad_norm)
                self.n_epochs += 1
                self.n_samples_seen += len(data)
                self.loss_curve.append(loss)
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
        self._make_room(data, batch_size)
        parameters = self.network.table.views(self.parameters)
        gradients = self.network.table.views(self.gradients)
        indices = self.rng.permutation(len(data)) if shuffle else np.arange(len(data))
        loss_sum = weight_sum = 0.0
        packed = None
        for start in range(0, len(data), batch_size):
            chosen = indices[start : start + batch_size]
            total = float(data.batch_weights(chosen).sum())
            if total == 0:  # nothing to learn from, and no mean to take
                continue
            batch, targets, weights = data.batch(chosen, self.parameters.dtype)
            packed = self.network.pack(parameters, packed)
            outputs = self.network.forward(packed, batch, self._workspace)
            loss = self.loss(outputs, targets, weights, total)
            self.network.backward(packed, gradients, outputs, batch, self._workspace)
            norm = kernels.training.norm(self.gradients)
            if not (np.isfinite(loss) and np.isfinite(norm)):
                raise FloatingPointError(
                    f"The loss ({loss / total:g}) or its gradient (norm {norm:g}) is not finite "
                    f"in epoch {self.n_epochs + 1}."
                )
            if max_grad_norm is not None and norm > max_grad_norm:
                kernels.training.scale(self.gradients, max_grad_norm / (norm + 1e-6))
            self.optimizer.step(self.parameters, self.gradients)
            loss_sum += loss
            weight_sum += total
        if not np.isfinite(kernels.training.norm(self.parameters)):
            raise FloatingPointError(f"Weights are not finite after epoch {self.n_epochs + 1}.")
        return loss_sum / weight_sum

    def _make_room(self, data, batch_size):
        """Workspace for every batch to come; the one at hand, where it is large enough."""
        need = (self.parameters.dtype, data.most_rows(batch_size), min(batch_size, len(data)))
        if self._workspace is None or not self._workspace.fits(*need):
            self._workspace = Workspace(*need)
