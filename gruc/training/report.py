"""The lines that `verbose` prints."""

import time


class Report:
    """A line for each epoch of a fit.

    Parameters
    ----------
    max_epochs : int
        Epochs of this fit, at most.
    n_before : int
        Epochs of the fits that it continues.
    """

    def __init__(self, max_epochs, n_before=0):
        self.max_epochs = max_epochs
        self.n_before = n_before
        self.n_epochs = 0
        self.started = time.perf_counter()

    def epoch(self, loss, validation, rate):
        """A line of figures in fixed columns; `validation` is (loss, score) or None."""
        self.n_epochs += 1
        elapsed = time.perf_counter() - self.started
        last = self.n_before + self.max_epochs
        left = elapsed / self.n_epochs * (self.max_epochs - self.n_epochs)
        validated = ""
        if validation is not None:
            validated = f"  validation loss {validation[0]:<11.6g}  score {validation[1]:<8.4g}"
        line = f"Epoch {self.n_before + self.n_epochs:{len(str(last))}}"
        if self.max_epochs > 1:
            line += f"/{last}"
        line += f"  loss {loss:<11.6g}{validated}  rate {rate:<8.3g}  {elapsed:.1f} s"
        print(line + (f", at most {left:.0f} s left" if self.max_epochs > 1 else ""), flush=True)

    def stopped(self, by, tol, patience):
        """Why no further line follows."""
        change = "the validation score has not risen" if by == "score" else "the loss has not fallen"
        print(f"Stopping: {change} by tol={tol:g} for {patience} epochs.", flush=True)

    def best(self, epoch, score):
        """Whose weights were taken back."""
        print(f"The weights are those of epoch {epoch}, score {score:.4g}.", flush=True)
