"""What a fit has come to, as a value."""

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from .changed_rows import Spare
from .history import History
from .optimizers import SOLVERS
from .schedules import Schedule


class TrainingState:
    """Parameters, optimiser, schedule, random generator and history of a network in training.

    A value: a copy shares nothing that training changes, equal states continue with equal bits, and
    pickles hold plain values and arrays only.

    Parameters
    ----------
    parameters : ndarray of shape (size,)
        Flat buffer. `train` never writes to it but continues in another one, so that a predictor
        may keep this one.
    rng : numpy.random.Generator
        Source of the initial values, of every shuffle and of the masks of dropout.
    history : History, default=None
        None for one without epochs.

    Attributes
    ----------
    optimizer : Optimizer or None
    schedule : Schedule or None
        None before training, and in a model that was loaded from a file. A schedule belongs to one
        fit, or to one series of calls of partial_fit.
    """

    def __init__(self, parameters, rng, history=None):
        self.parameters = parameters
        self.rng = rng
        self.history = History() if history is None else history
        self.optimizer = self.schedule = None
        self.spares = []  # a Spare, or none; shared by copies, of which one takes it

    @classmethod
    def initial(cls, network, dtype, rng, tokens=None):
        """The state before training, with initial values from `rng`.

        `tokens` are the rows of a table that are drawn, the others being 0; None for all.
        """
        parameters = np.zeros(network.table.size, dtype)
        options = {} if tokens is None else {"tokens": tokens}
        network.initialize(network.table.views(parameters), rng, **options)
        return cls(parameters, rng)

    def set_optimizer(self, solver, weights, settings, n_learned=None):
        """Continue with the optimiser at hand under these settings, or, if it is another, with a new one.

        Parameters
        ----------
        solver : str
            A key of `SOLVERS`.
        weights : list of slice
            Where weights, which may decay, are in `parameters`.
        settings : dict
            Attributes of the optimiser.
        n_learned : int or None
            Parameters that are learned, the first ones; None for all.
        """
        if type(self.optimizer) is SOLVERS[solver]:
            vars(self.optimizer).update(settings)
            self.optimizer.resize(len(self.parameters) if n_learned is None else n_learned)
        else:
            self.optimizer = SOLVERS[solver](self.parameters[:n_learned], weights, **settings)

    def take_spare(self):
        """Buffers to write to, as `Spare.buffers` gives them, or None."""
        try:
            spare = self.spares.pop()  # of several threads one gets it
        except IndexError:
            return None
        return spare.buffers(self)

    def leave_spare(self, parameters, moments, changed):
        """Keep what parameters and moments were before a run, which has `changed` these rows."""
        if changed.n_dense is not None and changed.n_dense < len(parameters):
            self.spares = [Spare(parameters, moments, self, changed)]

    def set_schedule(self, settings):
        """Continue with the schedule at hand under these settings, or with a new one if there is none."""
        if self.schedule is None:
            self.schedule = Schedule(**settings)
        else:
            self.schedule.change(**settings)

    def end_epoch(self, loss, n_sequences):
        """Record an epoch."""
        self.schedule.end_epoch(n_sequences)
        self.history.add_epoch(loss, n_sequences)

    def copy(self):
        """A state that continues without changing this one; what is only ever replaced is shared."""
        other = TrainingState(self.parameters, copied_generator(self.rng), self.history.copy())
        other.spares = self.spares
        other.optimizer = None if self.optimizer is None else self.optimizer.copy()
        other.schedule = None if self.schedule is None else self.schedule.copy()
        return other

    def __eq__(self, other):
        if not isinstance(other, TrainingState):
            return NotImplemented
        return _equal(self.__getstate__(), other.__getstate__())

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self):
        bit_generator = self.rng.bit_generator
        state = {
            "parameters": self.parameters,
            "rng": {"kind": type(bit_generator).__name__, **bit_generator.state},
            "history": self.history.describe(),
            "optimizer": None,
            "schedule": None if self.schedule is None else vars(self.schedule).copy(),
        }
        if self.optimizer is not None:
            solver = next(name for name, kind in SOLVERS.items() if type(self.optimizer) is kind)
            weights = [(part.start, part.stop) for part in self.optimizer.weights]
            state["optimizer"] = vars(self.optimizer) | {"solver": solver, "weights": weights}
        return state

    def __setstate__(self, state):
        self.__init__(state["parameters"], _generator(state["rng"]), History.described(state["history"]))
        if state["optimizer"] is not None:
            attributes = dict(state["optimizer"])
            kind = SOLVERS[attributes.pop("solver")]
            attributes["weights"] = [slice(*part) for part in attributes["weights"]]
            # copies, since joblib may have memory-mapped them
            attributes["moments"] = [np.array(moment) for moment in attributes["moments"]]
            self.optimizer = kind.__new__(kind)
            vars(self.optimizer).update(attributes)
        if state["schedule"] is not None:
            self.schedule = Schedule.__new__(Schedule)
            vars(self.schedule).update(state["schedule"])


class _NoSeed(ISeedSequence):
    """For generators whose state is set afterwards: hashing a seed takes as long as a small batch."""

    def generate_state(self, n_words, dtype=np.uint32):
        return np.zeros(n_words, dtype)


_NO_SEED = _NoSeed()


def copied_generator(rng):
    """Another generator in the same state."""
    bit_generator = type(rng.bit_generator)(_NO_SEED)
    bit_generator.state = rng.bit_generator.state
    return np.random.Generator(bit_generator)


def _generator(description):
    """The generator of a plain description: its state, and the kind of its bit generator."""
    state = dict(description)
    bit_generator = getattr(np.random, state.pop("kind"))(_NO_SEED)
    bit_generator.state = state
    return np.random.Generator(bit_generator)


def _equal(a, b):
    """Whether plain values and arrays are the same."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.asarray(a).dtype == np.asarray(b).dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_equal(a[name], b[name]) for name in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    return a == b
