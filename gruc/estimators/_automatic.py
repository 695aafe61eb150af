"""What "auto" stands for in the parameters of GRUClassifier and GRURegressor.

Short series are read in frames, long ones by convolutions, whose training is another. Found by
cross-validation inside training parts: benchmarks/defaults.py.
"""

from contextlib import contextmanager
from math import ceil
from typing import Any

import numpy as np
from sklearn.base import is_regressor

from ..runtime.several import with_parameters
from ._networks import CONVOLUTION_DEFAULTS, auto_batch_size, convolutions_of, is_auto
from ._smooth_features import MANY_SEQUENCES

# Sequences with fewer steps, by the median, are read without convolutions.
ENOUGH_STEPS = 48

# Of few sequences of one length wide convolutions learn more, of others narrow ones.
CHANNELS, KERNEL_SIZES, KERNEL_SIZES_OF_FEW = (32, 64, 64), (9, 5, 3), (17, 9, 5)
NO_CONVOLUTIONS = {"conv_channels": (), **CONVOLUTION_DEFAULTS}
# Several networks are trained of long sequences that have no more steps than this all together: of more it
# would take many seconds.
FEW_STEPS, N_ESTIMATORS = 30_000, 3
WITHOUT_CONVOLUTIONS = {
    "pooling": "last",
    "learning_rate": "adaptive",
    "learning_rate_init": 0.01,
    "max_iter": 300,
}
WITH_CONVOLUTIONS = {
    "learning_rate": "cosine",
    "learning_rate_init": 0.002,
    "max_iter": 100,
}
AUTOMATIC = "conv_channels", "conv_kernel_size", *WITHOUT_CONVOLUTIONS, "alpha", "n_estimators"
# Sequences in a batch with convolutions, at least: what their normalisation takes statistics of.
LEAST_BATCH = 16
# The penalty of regressors, and how many sequences are few: with more of them it is needed less.
ALPHA_OF_FEW, FEW_SEQUENCES = 0.3, 150
# With convolutions an epoch of many batches counts for several, as far as to the least number of epochs.
BATCHES, LEAST_EPOCHS = 50, 20


@contextmanager
def automatic_parameters(model, lengths, incremental=False, network=None, structure=None):
    """Context in which the parameters of a model that are "auto" have the values that this stands for.

    Parameters
    ----------
    model : BaseGRU
        A copy of the user's.
    lengths : ndarray of shape (n_sequences,)
        Steps of the sequences to learn from.
    incremental : bool
        Whether for partial_fit, which does not know when training ends.
    network : GRUNetwork or None
        The network to go on with, if there is one.
    structure : dict or None
        The convolutions of a new network; None: those that the lengths ask for.
    """
    automatic = [name for name in AUTOMATIC if is_auto(getattr(model, name, None))]
    if not automatic:  # as all other estimators
        yield
        return
    before = {
        name: getattr(model, name) for name in (*automatic, "conv_kernel_size", "conv_pool", "batch_size")
    }
    if network is not None:
        structure = _structure_to_go_on(model, network)
    vars(model).update(automatic_convolutions(model, lengths) if structure is None else structure)
    convolutions = convolutions_of(model) if network is None else network.config.get("convolutions")
    training = WITH_CONVOLUTIONS if convolutions else WITHOUT_CONVOLUTIONS
    if training is WITH_CONVOLUTIONS and network is None:
        training = training | {"pooling": _readouts(model, lengths)}
    vars(model).update({name: value for name, value in training.items() if is_auto(getattr(model, name))})
    if training is not WITHOUT_CONVOLUTIONS:
        _set_batches(model, len(lengths), "max_iter" in automatic)
    if "n_estimators" in automatic and network is not None:
        model.n_estimators = network.n_estimators
    elif "n_estimators" in automatic:
        are_long = "conv_channels" in automatic and (convolutions or structure is not None)
        model.n_estimators = (
            N_ESTIMATORS if are_long and lengths.sum() <= FEW_STEPS and not incremental else 1
        )
    if "alpha" in automatic:
        model.alpha = 0.0 if incremental else _penalty(model, len(lengths))
    if incremental and "learning_rate" in automatic:
        model.learning_rate = "adaptive"  # which is constant in partial_fit
    try:
        yield
    finally:
        vars(model).update(before)


def automatic_convolutions(model, lengths):
    """Parameters of the convolutions of a new network, for sequences with these numbers of steps."""
    if not is_auto(model.conv_channels):
        size = 5 if is_auto(model.conv_kernel_size) else model.conv_kernel_size
        return {"conv_channels": model.conv_channels, "conv_kernel_size": size}
    reads_frames = model.frame_length != "auto" or model.hop_length is not None
    is_long = len(lengths) > 0 and np.median(lengths) >= ENOUGH_STEPS
    if not is_long or reads_frames or model.embedding_dim is not None:
        return NO_CONVOLUTIONS
    sizes = model.conv_kernel_size
    if is_auto(sizes):
        are_few = len(lengths) < MANY_SEQUENCES and len(np.unique(lengths)) == 1
        sizes = KERNEL_SIZES_OF_FEW if are_few else KERNEL_SIZES
    return {"conv_channels": CHANNELS, "conv_kernel_size": sizes}


def _structure_to_go_on(model, network):
    """What is automatic of the structure of a network."""
    structure = structure_of(network)
    channels = structure["conv_channels"] if is_auto(model.conv_channels) else model.conv_channels
    if not channels or np.size(channels) != len(structure["conv_channels"]):
        structure["conv_kernel_size"] = 5
    chosen = {name: value for name, value in structure.items() if is_auto(getattr(model, name))}
    return chosen if chosen.get("conv_channels", True) else chosen | CONVOLUTION_DEFAULTS


def structure_of(network):
    """Convolutions and readouts of a network, as the parameters that ask for them."""
    layers, pooling = network.config.get("convolutions", []), network.config["pooling"]
    channels, sizes, _ = zip(*layers, strict=True) if layers else ((), (), ())
    pooling = tuple(pooling) if isinstance(pooling, list) else pooling
    return {"conv_channels": channels, "conv_kernel_size": sizes, "pooling": pooling}


def _readouts(model, lengths):
    """The readouts of a network with convolutions, for sequences with these numbers of steps."""
    of_one_length, of_several_lengths = _kinds_of_readouts(model)
    are_few = len(lengths) < MANY_SEQUENCES  # of many, the other readouts say enough
    return of_several_lengths if are_few and len(np.unique(lengths)) > 1 else of_one_length


def _kinds_of_readouts(model):
    """Automatic readouts for sequences of one length, and for few of several: where they end says something.

    What convolutions give has no bounds, and so no regressor reads it: an unusual sequence would have
    an answer far beyond all targets.
    """
    readouts = ("mean", "max") if is_regressor(model) else ("mean", "max", "conv_mean", "conv_max")
    return readouts, ("last", *readouts)


def automatic_readouts(model, n_read, n_states, n_channels):
    """The automatic readouts that make `n_read` numbers of states and of what convolutions give.

    "last" if none do.
    """
    for pooling in _kinds_of_readouts(model):
        if n_read == sum(n_channels if name.startswith("conv") else n_states for name in pooling):
            return list(pooling)
    return WITHOUT_CONVOLUTIONS["pooling"]


def _set_batches(model, n_sequences, epochs_are_automatic):
    """Batches, and as many epochs as they need."""
    if is_auto(model.batch_size):
        model.batch_size = max(LEAST_BATCH, auto_batch_size(n_sequences))
    if epochs_are_automatic:
        n_batches = ceil(n_sequences / model.batch_size)
        model.max_iter = min(model.max_iter, max(LEAST_EPOCHS, model.max_iter * BATCHES // n_batches))


def _penalty(model, n_sequences):
    """`alpha` of a regressor of series whose targets have a variance of 1, like which it is measured."""
    is_measured = model.loss == "squared_error" and model.standardize and model.embedding_dim is None
    if not is_measured or model.solver == "adamw":
        return 0.0
    return ALPHA_OF_FEW * min(1.0, FEW_SEQUENCES / max(n_sequences, 1)) ** 2


class StructureMixin:
    """Mixin: what the parameters of the network that may be "auto" stood for."""

    _predictor: Any
    _training_states: Any

    @property
    def n_estimators_(self) -> int:
        """How many networks there are, whose outputs are averaged."""
        self._require_fit("n_estimators_")
        return self._predictor.network.n_estimators

    @property
    def estimators_(self) -> list[Any]:
        """Fitted estimators of one network each, if there are several networks."""
        self._require_fit("estimators_")
        # tools that look for estimators within estimators would not come to an end
        if self.n_estimators_ == 1:
            raise AttributeError(f"{type(self).__name__} has only one network, and no estimators_.")
        return [self._of_one_network(state) for state in self._training_states]

    def _of_one_network(self, state):
        """A copy of this estimator as if fitted with only one of its networks."""
        one = object.__new__(type(self))
        vars(one).update(vars(self), n_estimators=1)
        vars(one).pop("_step_memory", None)
        one._set_fitted([state], with_parameters(self._predictor, state.parameters))
        return one

    @property
    def conv_channels_(self) -> tuple[int, ...]:
        """Outputs of each convolution."""
        return self._structure("conv_channels")

    @property
    def conv_kernel_size_(self) -> tuple[int, ...]:
        """Steps that each convolution reads."""
        return self._structure("conv_kernel_size")

    @property
    def pooling_(self) -> str | tuple[str, ...]:
        """The readout, or several."""
        return self._structure("pooling")

    def _require_fit(self, name):
        if "_predictor" not in vars(self):
            raise AttributeError(f"{type(self).__name__} is not fitted yet and has no {name}.")

    def _structure(self, name):
        self._require_fit(f"{name}_")
        return structure_of(self._predictor.network)[name]
