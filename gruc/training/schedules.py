"""Learning rates over the epochs."""

import math


def constant(epoch, n_seen, settings):
    """The initial rate throughout; that of "adaptive" is lowered by the training loop."""
    return 1.0


def invscaling(epoch, n_seen, settings):
    """That of MLPClassifier: (sequences seen + 1) to the power -power_t."""
    return (n_seen + 1) ** -settings["power_t"]


def exponential(epoch, n_seen, settings):
    """decay_rate ** (epoch / decay_steps); with decay_steps=1 torch's ExponentialLR."""
    return settings["decay_rate"] ** (epoch / settings["decay_steps"])


def step(epoch, n_seen, settings):
    """decay_rate ** (epoch // decay_steps), torch's StepLR."""
    return settings["decay_rate"] ** (epoch // settings["decay_steps"])


def cosine(epoch, n_seen, settings):
    """Half a cosine from 1 to 0 over max_iter epochs, torch's CosineAnnealingLR."""
    share = min(1.0, epoch / settings["max_iter"])
    return (1 + math.cos(math.pi * share)) / 2


DECAYS = {
    "constant": constant,
    "adaptive": constant,
    "invscaling": invscaling,
    "exponential": exponential,
    "step": step,
    "cosine": cosine,
}

# of "adaptive", as in MLPClassifier
ADAPTIVE_FACTOR = 5
ADAPTIVE_LEAST = 1e-6


class Schedule:
    """The learning rate of each step; within an epoch it changes during warm-up only.

    Parameters
    ----------
    kind : str
        A key of `DECAYS`.
    learning_rate_init : float
    warmup : float
        Epochs over which the rate rises in equal steps to its value.
    **settings : float
        power_t, decay_rate, decay_steps, max_iter: those that the decay uses.
    """

    def __init__(self, kind, learning_rate_init, warmup, **settings):
        self.change(kind, learning_rate_init, warmup, **settings)
        self.n_epochs = self.n_seen = 0
        self.reduction = 1.0

    def change(self, kind, learning_rate_init, warmup, **settings):
        """Continue under other settings."""
        self.kind = kind
        self.learning_rate_init = learning_rate_init
        self.warmup = warmup
        self.settings = settings

    def copy(self):
        """A schedule that continues without changing this one."""
        other = Schedule.__new__(Schedule)
        vars(other).update(vars(self))
        return other

    def rate(self, step=0, n_steps=1):
        """Learning rate of a step of this epoch, counted from 0."""
        decay = DECAYS[self.kind](self.n_epochs, self.n_seen, self.settings)
        rate = self.learning_rate_init * self.reduction * decay
        if self.n_epochs >= self.warmup:
            return rate
        return rate * min(1.0, (self.n_epochs + (step + 1) / n_steps) / self.warmup)

    def has_ended(self):
        """Whether the rate is 0, so that nothing more is learned."""
        return self.rate() == 0

    def end_epoch(self, n_sequences):
        """Count an epoch."""
        self.n_epochs += 1
        self.n_seen += n_sequences

    def lower(self):
        """Lower the rate of "adaptive" if training has stalled; returns whether there was a lower one."""
        if self.kind != "adaptive" or self.learning_rate_init * self.reduction <= ADAPTIVE_LEAST:
            return False
        self.reduction /= ADAPTIVE_FACTOR
        return True
