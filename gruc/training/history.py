"""What a fit has recorded of its epochs."""

import math
from dataclasses import dataclass, field, fields

# best_loss of a history without epochs
NO_LOSS = math.inf


def _fact(described_as, default):
    """A field of `History`, with its name in descriptions."""
    default = {"default_factory": list} if default is list else {"default": default}
    return field(metadata={"described_as": described_as}, **default)


@dataclass
class History:
    """The epochs of a fit and of those that it continues; without arguments, none yet.

    Attributes
    ----------
    n_epochs : int
        Epochs finished.
    n_samples_seen : int
        Sequences seen, over all epochs.
    loss_curve : list of float
        Mean loss of each epoch finished, penalty included.
    best_loss : float
        The lowest of them.
    validation_loss_curve, validation_scores : list of float
        Of each epoch that was followed by a validation.
    validation_epochs : list of int
        Which epochs these were, counted from 1.
    best_epoch : int
        The epoch whose parameters the state has: the last one, or the best of early stopping.
    split_seed : int or None
        Seed of the split into training and validation set, which is kept by all fits that continue
        each other.
    held_out_digest : int or None
        Identifies the sequences that the last fit held out; None if it held out none.
    """

    n_epochs: int = _fact("n_iter_", 0)
    n_samples_seen: int = _fact("t_", 0)
    loss_curve: list = _fact("loss_curve_", list)
    best_loss: float = _fact("best_loss_", NO_LOSS)
    validation_loss_curve: list = _fact("validation_loss_curve_", list)
    validation_scores: list = _fact("validation_scores_", list)
    validation_epochs: list = _fact("validation_epochs_", list)
    best_epoch: int = _fact("best_iter_", 0)
    split_seed: int | None = _fact("split_seed", None)
    held_out_digest: int | None = _fact("held_out_digest", None)

    def add_epoch(self, loss, n_sequences):
        """Record an epoch over this number of sequences."""
        self.n_epochs += 1
        self.best_epoch = self.n_epochs
        self.n_samples_seen += n_sequences
        self.loss_curve.append(loss)
        self.best_loss = min(self.best_loss, loss)

    def add_validation(self, loss, score):
        """Record a validation of the epoch added last."""
        self.validation_loss_curve.append(loss)
        self.validation_scores.append(score)
        self.validation_epochs.append(self.n_epochs)

    @property
    def best_score(self):
        """Score of the best epoch if early stopping has chosen it, else the highest score, or None."""
        if not self.validation_scores:
            return None
        if self.best_epoch < self.n_epochs:
            return self.validation_scores[self.validation_epochs.index(self.best_epoch)]
        return max(self.validation_scores)

    def copy(self):
        """A history that continues without changing this one."""
        other = object.__new__(History)
        other.__dict__ = {
            name: value.copy() if type(value) is list else value for name, value in vars(self).items()
        }
        return other

    def describe(self):
        """The facts as a model file names them; `described` is the inverse."""
        return {given: getattr(self, name) for name, given in zip(_NAMES, DESCRIBED_AS, strict=True)}

    @classmethod
    def described(cls, description):
        """The history that `describe` described; facts that are missing are those of a new one."""
        names = zip(_NAMES, DESCRIBED_AS, strict=True)
        return cls(**{name: description[given] for name, given in names if given in description})

    def attributes(self):
        """Fitted attributes of an estimator by name: facts that are not there are None or NaN."""
        loss_curve = self.loss_curve
        return {
            "n_iter_": self.n_epochs,
            "t_": self.n_samples_seen,
            "loss_curve_": loss_curve,
            "loss_": loss_curve[-1] if loss_curve else math.nan,
            "best_loss_": self.best_loss if loss_curve else math.nan,
            "validation_loss_curve_": self.validation_loss_curve or None,
            "validation_scores_": self.validation_scores or None,
            "validation_epochs_": self.validation_epochs or None,
            "best_iter_": self.best_epoch,
            "best_validation_score_": self.best_score,
        }


_NAMES = tuple(fact.name for fact in fields(History))
DESCRIBED_AS = tuple(fact.metadata["described_as"] for fact in fields(History))
