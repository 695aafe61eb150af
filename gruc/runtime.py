"""Prediction without training: needs NumPy only, neither SciPy nor scikit-learn.

Estimators predict through the same `Predictor`, so both give the same bits.
"""

import zlib
from functools import cached_property
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import kernels, threads
from .files import model_file
from .files.model_file import Fields, ModelFileError, is_count, is_flag
from .network import READOUTS, GRUNetwork
from .sequences import (
    LARGEST,
    ONE_STEP,
    Framing,
    Scaling,
    as_sequences,
    check_range,
    numeric_array,
    refuse_column,
)

__all__ = ["Predictor", "Stream", "load"]

# Sequences are run together up to about this many numbers in the widest array.
CHUNK_SIZE = 1 << 19

# Fewer operations than this are done before a second thread would have begun.
OPERATIONS_A_THREAD = 2e7


class Predictor:
    """A fitted network that predicts, and does nothing else.

    The prediction for a sequence depends on that sequence alone, to the last
    bit: not on its place, nor on which others are predicted with it. Calling it
    from many threads at once is safe.

    Parameters
    ----------
    network : GRUNetwork or dict
        Its shape, or the arguments of `gruc.network.GRUNetwork`.
    parameters : ndarray of shape (n_parameters,)
        Flat buffer of weights, float32 or float64. Not copied: it must not change.
    scaling : Scaling or None
        Of features.
    classes : ndarray of shape (n_classes,) or None
        Labels of a classifier; None for a regressor.
    target_scaling : Scaling or None
        Of a regressor's targets, undone on output.
    framing : Framing
        How many steps of a sequence are one input of the network.
    multilabel : bool
        Whether each class is there or not for itself.
    log_link : bool
        Whether a regressor's outputs are logarithms.
    n_quantiles : int
        So many outputs are quantiles of one target, in rising order.
    n_jobs : int or None
        Threads of a prediction, as the estimators have it.

    Notes
    -----
    An ``initial_state`` is given sequences first: an array of shape (n_sequences, n_layers, F), or
    (n_layers, F) for all sequences alike, where F is the number of units of a layer, or twice that
    if the model is bidirectional: the forward direction's, then the backward direction's, which
    begins at the last frame. If the layers have different widths, it is a list of one array of
    shape (n_sequences, F_l) or (F_l,) for each layer. States of a GRU lie between -1 and 1;
    others are accepted if they are finite and the model's dtype can compute with them.
    (torch has layers and directions first: ``h_0.transpose(0, 1)`` is this of one direction.)

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
    >>> predictor = gruc.runtime.Predictor.from_estimator(model)
    >>> bool((predictor.predict(X) == model.predict(X)).all())
    True
    """

    def __init__(
        self,
        network,
        parameters,
        *,
        scaling=None,
        classes=None,
        target_scaling=None,
        framing=ONE_STEP,
        multilabel=False,
        log_link=False,
        n_quantiles=1,
        n_jobs=None,
    ):
        self.network = GRUNetwork(**network) if isinstance(network, dict) else network
        self.config = self.network.config
        self.parameters = np.ascontiguousarray(parameters)
        self.scaling = scaling
        self.classes = None if classes is None else np.asarray(classes)
        self.target_scaling = target_scaling
        self.framing = framing
        self.multilabel = multilabel
        self.log_link = log_link
        self.n_quantiles = n_quantiles
        self.n_jobs = n_jobs
        self._packed = None
        self._check()

    def _check(self):
        size, n_outputs = self.network.table.size, self.config["n_outputs"]
        if self.parameters.dtype not in (np.float32, np.float64) or self.parameters.shape != (size,):
            raise ValueError(
                f"parameters must be {size} numbers of float32 or float64; got shape {self.parameters.shape} "
                f"of {self.parameters.dtype}."
            )
        if self.classes is not None and len(self.classes) != max(n_outputs, 2):
            raise ValueError(f"classes must be {max(n_outputs, 2)}, one an output; got {len(self.classes)}.")

    @property
    def weights(self):
        """Dict of read-only views by torch's names, in torch's shapes."""
        read_only = self.parameters.view()
        read_only.flags.writeable = False
        return self.network.table.torch_views(read_only)

    @property
    def link(self):
        """What becomes of the outputs: "values", "exp", "two", "classes" or "labels"."""
        if self.multilabel:
            return "labels"
        if self.classes is not None:
            return "classes" if len(self.classes) > 2 else "two"
        return "exp" if self.log_link else "values"

    @property
    def n_features_in(self):
        """Features of a step."""
        return self.config["n_features"] // self.framing.length

    @property
    def n_features_out(self):
        """Columns of `features`."""
        return self.network.head.n_inputs

    def _prepared(self):
        """Weights as the kernels want them; made when first asked for, by each who asks before they are."""
        packed = self._packed
        if packed is None:
            packed = self._packed = self.network.prepare(self.network.table.views(self.parameters))
        return packed

    def with_n_jobs(self, n_jobs):
        """The same predictor on another number of threads; itself where that is its own."""
        if n_jobs == self.n_jobs:
            return self
        self._prepared()  # once for both
        other = object.__new__(type(self))
        vars(other).update(vars(self), n_jobs=n_jobs)
        return other

    def with_weights(self, weights):
        """The same predictor with other weights by name, in torch's shapes; they are known to fit."""
        flat = self.network.table.flat(weights, self.parameters.dtype)
        other = object.__new__(type(self))
        vars(other).update(vars(self), parameters=flat, _packed=None)
        return other

    def __getstate__(self):
        """Plain values and arrays only: the arguments of the class."""
        return {
            "network": self.config,
            "parameters": self.parameters,
            "scaling": None if self.scaling is None else tuple(self.scaling),
            "classes": self.classes,
            "target_scaling": None if self.target_scaling is None else tuple(self.target_scaling),
            "framing": tuple(self.framing),
            "multilabel": self.multilabel,
            "log_link": self.log_link,
            "n_quantiles": self.n_quantiles,
            "n_jobs": self.n_jobs,
        }

    def __setstate__(self, state):
        scalings = {
            name: None if state[name] is None else Scaling(*state[name])
            for name in ("scaling", "target_scaling")
        }
        self.__init__(**state | scalings | {"framing": Framing(*state["framing"])})

    @classmethod
    def of_weights(cls, network, weights, dtype, **settings):
        """The predictor of weights by name, in torch's shapes; arguments else as the class has them.

        Raises
        ------
        ValueError
            Weights that are missing, too many, or of another shape than the network's.
        """
        network = GRUNetwork(**network)
        shapes = network.table.torch_shapes()
        if set(weights) != set(shapes):
            raise ValueError(f"weights are missing, or too many: {sorted(set(weights) ^ set(shapes))}.")
        for name, shape in shapes.items():
            if np.shape(weights[name]) != shape:
                raise ValueError(f"{name} is {np.shape(weights[name])}, expected {shape}.")
        return cls(network, network.table.flat(weights, dtype), **settings)

    @classmethod
    def from_estimator(cls, model: Any) -> "Predictor":
        """The predictor of a fitted `GRUClassifier` or `GRURegressor`.

        Parameters
        ----------
        model : fitted estimator

        Returns
        -------
        Predictor

        Raises
        ------
        TypeError
            `model` is no fitted estimator of gruc's.
        """
        predictor = getattr(model, "_predictor", None)
        if not isinstance(predictor, cls):
            raise TypeError(
                f"model is a {type(model).__name__}; expected a fitted GRUClassifier or GRURegressor."
            )
        return predictor

    def predict(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Labels of a classifier, values of a regressor.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; see the
            notes of `Predictor`. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            Of a multilabel classifier 1 where a class is there, else 0. A regressor's are
            float64, in the targets' own units.
        """
        return self.decode(self.outputs(X, initial_state=initial_state))

    def decode(self, outputs):
        """What `predict` makes of `outputs` (n_sequences, n_outputs), which may be used up."""
        if self.multilabel:
            return (outputs > 0).astype(np.intp)
        if self.classes is not None:
            return self.classes[np.argmax(self._probabilities(outputs), axis=1)]
        values = np.exp(outputs, dtype=np.float64) if self.log_link else outputs.astype(np.float64)
        values = values.reshape(len(values), -1, self.n_quantiles)
        if self.target_scaling is not None:
            values = self.target_scaling.undo(values.swapaxes(1, 2)).swapaxes(1, 2)
        # a higher quantile is never below a lower one (Chernozhukov et al. 2010)
        values = np.sort(values, axis=2) if self.n_quantiles > 1 else values[:, :, 0]
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Probabilities of a classifier.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; see the
            notes of `Predictor`. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
        """
        self._require_classifier("predict_proba")
        return self._probabilities(self.outputs(X, initial_state=initial_state))

    def _probabilities(self, logits):
        if self.multilabel:
            probabilities = np.empty_like(logits)
            kernels.inference.sigmoid(probabilities.reshape(-1), logits.reshape(-1))
            return probabilities
        if len(self.classes) > 2:
            kernels.inference.softmax(logits)
            return logits
        # [sigmoid(-a), sigmoid(a)] keeps the digits of a small first column
        signed = np.concatenate([-logits, logits], axis=1)
        probabilities = np.empty_like(signed)
        kernels.inference.sigmoid(probabilities.reshape(-1), signed.reshape(-1))
        return probabilities

    def predict_log_proba(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """Logarithms of the probabilities, finite where these underflow.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; see the
            notes of `Predictor`. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
        """
        self._require_classifier("predict_log_proba")
        logits = self.outputs(X, initial_state=initial_state)
        if self.multilabel:
            return -np.logaddexp(0, -logits)
        if len(self.classes) > 2:
            logits -= logits.max(axis=1, keepdims=True)
            return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -np.logaddexp(0, np.concatenate([logits, -logits], axis=1))

    def outputs(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """What the head gives: logits, or values on the scaled targets' scale.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; see the
            notes of `Predictor`. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_outputs), of the model's dtype
        """
        sequences = self._checked(X)
        outputs = np.empty((len(sequences), self.config["n_outputs"]), self.parameters.dtype)

        def fill(packed, batch, places, initial):
            outputs[places] = self.network.infer(packed, batch, initial)

        self._run(sequences, fill, initial_state)
        return outputs

    def features(self, X: ArrayLike, *, initial_state: Any = None) -> NDArray[Any]:
        """What the output sees: the readout (`pooling`) of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; see the
            notes of `Predictor`. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, F), of the model's dtype
            F are the units of the last layer, of both directions.
        """
        sequences = self._checked(X)
        features = np.empty((len(sequences), self.n_features_out), self.parameters.dtype)

        def fill(packed, batch, places, initial):
            features[places] = self.network.features(packed, batch, initial)

        self._run(sequences, fill, initial_state)
        return features

    def hidden_states(
        self, X: ArrayLike, layer: int = -1, *, initial_state: Any = None
    ) -> NDArray[Any] | list[NDArray[Any]]:
        """States of a layer after each frame (see `framing`) of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        layer : int, default=-1
            From 0 for the first, or -1 for the last.
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; see the
            notes of `Predictor`. None: zeros.

        Returns
        -------
        ndarray of shape (n_sequences, n_frames, F), or list of ndarray of shape (n_frames_i, F)
            As X is; F are the layer's units, the backward direction's after the forward's.
        """
        layer = self._checked_layer(layer)

        def states(packed, batch, initial):
            return [self.network.states(packed, batch, layer, initial)]

        return self._by_frame(X, states, initial_state)[0]

    def gate_activations(self, X: ArrayLike, layer: int = -1, *, initial_state: Any = None) -> dict[str, Any]:
        """Gates of a layer at each frame of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        layer : int, default=-1
            From 0 for the first, or -1 for the last.
        initial_state : array of shape (n_sequences, n_layers, F) or (n_layers, F), default=None
            States of the layers before the first frame, of each sequence or of all alike; see the
            notes of `Predictor`. None: zeros.

        Returns
        -------
        dict of "reset", "update", "candidate"
            Each in the form of `hidden_states`: r, z and n of
            ``h = (1 - z) * n + z * h_prev``, so that "update" is the share of the old state
            that is kept.
        """
        layer = self._checked_layer(layer)

        def rows_of(packed, batch, initial):
            return self.network.gates(packed, batch, layer, initial)

        gates = self._by_frame(X, rows_of, initial_state)
        return dict(zip(("reset", "update", "candidate"), gates, strict=True))

    def fingerprint(self):
        """Bytes by which to tell whether a stream's state is of this model."""
        description, arrays = describe(self)
        told = zlib.crc32(repr(sorted(description.items(), key=str)).encode())
        for name in sorted(arrays):
            told = zlib.crc32(np.ascontiguousarray(arrays[name]), told)
        return told.to_bytes(4, "little")

    def stream(self, n: int | None = None, *, initial_state: Any = None) -> "Stream":
        """Sequences that come step by step.

        Parameters
        ----------
        n : int or None, default=None
            So many at once; None for one, whose results have no axis for it.
        initial_state : array of shape (n_layers, units) or (n, n_layers, units), default=None
            State in which each sequence begins, as `predict` takes it. None: zeros.

        Returns
        -------
        Stream

        Raises
        ------
        ValueError
            The model is bidirectional: it reads a sequence from its end, too. Or `initial_state`
            does not fit.

        Examples
        --------
        >>> import gruc
        >>> from gruc.datasets import load_japanese_vowels
        >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
        >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
        >>> stream = gruc.runtime.Predictor.from_estimator(model).stream()
        >>> for x in X[0]:
        ...     probabilities = stream.step(x)
        >>> bool((probabilities == model.predict_proba(X[:1])[0]).all())
        True
        """
        return Stream(self, n, initial_state=initial_state)

    def _checked(self, X):
        """`Sequences` of X that the network can take."""
        sequences = as_sequences(X)
        if sequences.n_features != self.n_features_in:
            hint = (
                " A 2-D X is univariate sequences; give one sequence alone as [X]." if sequences.is_2d else ""
            )
            raise ValueError(
                f"X has {sequences.n_features} features a step, but the model was fitted with "
                f"{self.n_features_in}.{hint}"
            )
        if sequences is not X:  # estimators have looked already
            refuse_column(sequences, "X")
        check_range(sequences.lowest, sequences.highest, self.scaling, self.parameters.dtype, "X")
        return sequences

    def _states_of_layers(self, given, n, name):
        """States of n sequences as the user gives them, an array (n, F) a layer."""
        widths, dtype = self.network.widths, self.parameters.dtype
        L, F = len(widths), widths[0]
        if len(set(widths)) == 1:
            array, expected = _numbers_of(given, name), f"({n}, {L}, {F}) or ({L}, {F})"
            if array.shape not in ((n, L, F), (L, F)):
                raise ValueError(f"{name} has shape {array.shape}; expected {expected}.")
            layers = [array[..., index, :] for index in range(L)]
        else:
            if not isinstance(given, (list, tuple)) or len(given) != L:
                raise ValueError(
                    f"{name} must be a list of {L} arrays, one for each layer, since the layers have "
                    f"different widths: {', '.join(map(str, widths))}."
                )
            layers = [_numbers_of(each, f"{name}[{index}]") for index, each in enumerate(given)]
            for index, (array, F) in enumerate(zip(layers, widths, strict=True)):
                if array.shape not in ((n, F), (F,)):
                    raise ValueError(
                        f"{name}[{index}] has shape {array.shape}; expected ({n}, {F}) or ({F},)."
                    )
        for array in layers:
            outside = ~(np.abs(array) <= LARGEST[dtype])  # NaN too
            if outside.any():
                raise ValueError(
                    f"{name} holds {array[outside][0]:g}; states must be finite and no larger than "
                    f"{LARGEST[dtype]:.0e}, beyond which {dtype} cannot compute with them."
                )
        return [np.broadcast_to(array.astype(dtype), (n, F)) for array, F in zip(layers, widths, strict=True)]

    def _checked_layer(self, layer):
        n_layers = len(self.config["hidden_layer_sizes"])
        if not isinstance(layer, Integral) or isinstance(layer, bool):
            raise TypeError(f"layer must be an integer; got {layer!r}.")
        if not -n_layers <= layer < n_layers:
            raise ValueError(f"layer must be from {-n_layers} to {n_layers - 1}; got {layer}.")
        return int(layer) % n_layers

    def _by_frame(self, X, rows_of, initial_state):
        """Collections of rows_of(packed, batch, initial), arrays (N, F), sequence by sequence as X is."""
        sequences = self._checked(X)
        of_sequences = []

        def fill(packed, batch, places, initial):
            arrays = rows_of(packed, batch, initial)
            for b, place in enumerate(places):
                rows = batch.offsets[: batch.lengths[b]] + b
                of_sequences.append((place, [array[rows] for array in arrays]))

        self._run(sequences, fill, initial_state)
        of_sequences.sort(key=lambda item: item[0])
        collections = zip(*(arrays for _, arrays in of_sequences), strict=True)
        return [list(arrays) if sequences.ragged else np.stack(arrays) for arrays in collections]

    def _run(self, sequences, fill, initial_state):
        """fill(packed, batch, places, initial) for all sequences, some at a time, on several threads."""
        packed, layers = self._prepared(), None
        if initial_state is not None:
            layers = self._states_of_layers(initial_state, len(sequences), "initial_state")

        def fill_chunk(chunk, _):
            batch = sequences.gather(chunk, self.scaling, self.parameters.dtype, self.framing)
            places = chunk[batch.order]
            fill(packed, batch, places, layers and [states[places] for states in layers])

        lengths = self.framing.count(sequences.lengths)
        n_steps = int(lengths.sum())
        n_threads = 1
        if len(sequences) > 1:
            worth = int(self.network.operations_per_row / 3 * n_steps / OPERATIONS_A_THREAD)
            n_threads = min(threads.n_threads(self.n_jobs), worth) if worth > 1 else 1
        threads.run(fill_chunk, self._chunks(lengths, n_steps, n_threads), n_threads)

    def _chunks(self, lengths, n_steps, n_shares):
        """Indices of sequences to run together: equal shares, of like lengths, within CHUNK_SIZE."""
        widest = max(self.config["n_features"], 4 * max(self.config["hidden_layer_sizes"]))
        if n_shares == 1 and n_steps * widest <= CHUNK_SIZE:
            return [np.arange(len(lengths))]
        longest_first = np.argsort(-lengths, kind="stable")
        chunks = []
        for i in range(n_shares):
            share = longest_first[i::n_shares].copy()
            start = 0
            while start < len(share):
                rows_each = max(1, int(lengths[share[start]]) * widest)
                stop = start + max(1, CHUNK_SIZE // rows_each)
                chunks.append(share[start:stop])
                start = stop
        return chunks

    def _require_classifier(self, method):
        if self.classes is None:
            raise AttributeError(f"{method} belongs to classifiers; this predictor is a regressor's.")


class Stream:
    """What a model says of sequences while they come; made by `stream`.

    After every step the result is what `predict_proba` (classifiers) or `predict` (regressors)
    says of the sequence up to there, a last frame that is not full included. For one thread at
    a time; each may have its own, over one predictor. Copies, deep copies and pickles of a
    stream are streams of their own, which go on from where it was.

    Parameters
    ----------
    predictor : Predictor
    n, initial_state
        As in `Predictor.stream`.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier((8,), frame_length=1, random_state=0).partial_fit(X, y)
    >>> stream = model.stream()
    >>> stream.step(X[0][:5], every=True).shape
    (5, 9)
    >>> state = stream.state  # an array (n_layers, units), as predict takes it
    >>> following = stream.step(X[0][5:])
    >>> bool((following == model.predict_proba([X[0][5:]], initial_state=state)).all())
    True
    """

    def __init__(self, predictor, n=None, *, initial_state=None):
        config = predictor.config
        if config["bidirectional"]:
            raise ValueError(
                "A bidirectional model reads each sequence from its end too, and cannot tell before it is "
                "there. Fit one with bidirectional=False."
            )
        if n is not None and (not isinstance(n, Integral) or isinstance(n, bool) or n < 1):
            raise ValueError(f"n must be a positive integer or None; got {n!r}.")
        self._predictor, self._n = predictor, n
        self._dtype = predictor.parameters.dtype
        *layers, attention, head = predictor._prepared()
        units = np.array(config["hidden_layer_sizes"], np.intp)
        readout = list(READOUTS).index(config["pooling"])
        self._streams = kernels.inference.Streams(
            n or 1, predictor.n_features_in, units, layers, attention, head, readout,
            getattr(kernels.inference, predictor.link.upper()),
            config["reset_after"], config["n_outputs"], *predictor.framing, predictor.scaling,
            predictor.target_scaling, predictor.n_quantiles, LARGEST[self._dtype],
        )  # fmt: skip
        # shape of a result but for the axis of streams
        width, quantiles = self._streams.width, predictor.n_quantiles
        if predictor.classes is not None:
            self._shape = (width,)
        else:
            n_targets = width // quantiles
            self._shape = (() if n_targets == 1 else (n_targets,)) + (() if quantiles == 1 else (quantiles,))
            self._dtype = np.dtype(np.float64)

        self._initial = None  # where sequences begin, (n, numbers of all layers)
        if initial_state is not None:
            self._initial = self._flat_states(initial_state, n or 1, "initial_state")
            self._begin(None, self._initial)

    def step(self, x: ArrayLike, rows: ArrayLike | None = None, *, every: bool = False) -> Any:
        """Take in a step, or a block of steps; what the model then says.

        Parameters
        ----------
        x : array of shape (n_features,) or (n_steps, n_features)
            One step or a block. Of n streams (n, n_features) or (n, n_steps, n_features). Where
            there is one feature its axis may be left out of a single step: a number, or (n,).
        rows : array of int of shape (m,), default=None
            Which of n streams x is of; None: all of them. The others stay where they are.
        every : bool, default=False
            Whether to return what the model says after each step of the block, instead of after
            the last one only. The numbers are those of stepping one by one.

        Returns
        -------
        result : ndarray
            Probabilities (n_classes,) of the model's dtype; values of a regressor in float64.
            With `every` one more axis in front for the k steps, (k, ...); a single step is a
            block of one. Of n streams another one before that for these, (m, ...) or (m, k, ...).

        Raises
        ------
        ValueError
            x does not fit, or holds NaN, infinity or what is too large to compute with. No
            stream has moved.
        """
        if self._n is None and rows is None and not every and type(x) is np.ndarray:
            out = np.empty(self._shape, self._dtype)
            if self._streams.one_step(x, out):
                return out if self._shape else out[()]
        if rows is not None and self._n is None:
            raise ValueError("rows are given, but this is one stream; make several with stream(n).")
        chosen = None if rows is None else self._rows(rows, unique=True)
        m = self._streams.n if chosen is None else len(chosen)
        steps = self._as_steps(x, m)
        k = steps.shape[1] if every else 1
        out = np.empty((m, k, self._streams.width))
        place = self._streams.step(steps, out, chosen)
        if place >= 0:
            value = steps.reshape(-1)[place]
            raise ValueError(
                f"x holds {value:g} in feature {place % steps.shape[2]}; a stream takes finite numbers of a "
                f"size that {self._predictor.parameters.dtype} can compute with."
            )
        out = out.astype(self._dtype, copy=False).reshape(m, *((k,) if every else ()), *self._shape)
        return out[0] if self._n is None else out

    def _as_steps(self, x, m):
        """X as (m, k, D) in float64."""
        x = np.float64([x]) if isinstance(x, Real) else numeric_array(x, "x").astype(np.float64, copy=False)
        D = self._predictor.n_features_in
        if self._n is None:
            steps = np.atleast_2d(x)[np.newaxis] if x.ndim in (1, 2) else None
        else:
            if x.shape == (m,) and D == 1:
                x = x[:, np.newaxis]
            steps = x[:, np.newaxis] if x.ndim == 2 else x
            steps = steps if steps.ndim == 3 and len(x) == m else None
        if steps is None or steps.shape[2] != D or steps.shape[1] == 0:
            expected = f"({D},) or (n_steps, {D})"
            if self._n is not None:
                expected = f"one of {expected} for each of {m} streams"
            raise ValueError(f"x has shape {x.shape}; expected {expected}.")
        return np.ascontiguousarray(steps)

    def _rows(self, rows, unique=False):
        array = np.asarray(rows)
        if array.ndim != 1 or len(array) == 0 or array.dtype.kind not in "iu":
            raise ValueError(f"rows must be a list of integers; got {rows!r}.")
        if array.min() < 0 or array.max() >= self._streams.n:
            raise ValueError(f"rows must be from 0 to {self._streams.n - 1}; got {rows!r}.")
        if unique and len(np.unique(array)) < len(array):
            raise ValueError(f"rows holds a stream twice: {rows!r}. Give its steps as a block.")
        return array.astype(np.intp)

    def reset(self, rows: ArrayLike | None = None, *, initial_state: Any = None) -> None:
        """Begin new sequences.

        Parameters
        ----------
        rows : array of int of shape (m,), default=None
            Of which of n streams; None: of all.
        initial_state : array of shape (n_layers, units) or (m, n_layers, units), default=None
            The state to begin in, this time; None: the one that the stream was made with, or zeros.

        Raises
        ------
        ValueError
            Bad rows or states. No stream has been reset.
        """
        chosen = None if rows is None else self._rows(rows)
        m = self._streams.n if chosen is None else len(chosen)
        if initial_state is not None:
            states = self._flat_states(initial_state, m, "initial_state")
        elif self._initial is not None:
            states = self._initial if chosen is None else self._initial[chosen]
        else:
            states = None
        self._begin(chosen, states)

    def _begin(self, chosen, states):
        """New sequences of some streams, from states (m, numbers of all layers) or zeros."""
        self._streams.reset(chosen, None if states is None else states.view(np.uint8))

    def _flat_states(self, given, n, name):
        """States as the user gives them, checked, as (n, numbers of all layers)."""
        layers = self._predictor._states_of_layers(given, n, name)
        return np.ascontiguousarray(np.concatenate(layers, axis=1))

    @property
    def state(self) -> Any:
        """The state of each layer after the last full frame.

        ndarray of shape (n_layers, units), or (n, n_layers, units) of n streams; with layers of
        different widths a list of one array (units_l,) or (n, units_l) for each layer. In
        the model's dtype, a copy.

        To assign such an array begins new sequences in these states, as ``reset(initial_state=...)``
        does: after ``stream.state = h``, ``stream.step(block)`` gives what
        ``predict_proba([block], initial_state=h)`` does, or a regressor's `predict`. What the readout
        has taken in so far, and steps that do not fill a frame yet, are forgotten; take a `snapshot` to
        carry a sequence over with these.
        """
        _, _, states = self._numbers(*self._streams.snapshot())
        widths = self._predictor.network.widths
        layers = np.split(states.copy(), np.cumsum(widths)[:-1], axis=1)
        if self._n is None:
            layers = [layer[0] for layer in layers]
        return np.stack(layers, axis=-2) if len(set(widths)) == 1 else layers

    @state.setter
    def state(self, value: Any) -> None:
        self._begin(None, self._flat_states(value, self._streams.n, "state"))

    @cached_property
    def _fingerprint(self):
        return self._predictor.fingerprint()  # which reads all weights: once a stream

    def snapshot(self) -> dict[str, bytes]:
        """All that is known of the sequences so far, for `restore`, here or in another process.

        Returns
        -------
        dict of str to bytes
            The states, what the readout has taken in, the steps of a frame that is not full yet,
            and a checksum of the model.
        """
        steps, numbers = self._streams.snapshot()
        return {"model": self._fingerprint, "steps": steps, "numbers": numbers}

    def restore(self, snapshot: dict[str, bytes]) -> None:
        """Go on from a `snapshot` of a stream of the same model and n.

        Parameters
        ----------
        snapshot : dict of str to bytes, bytearray or memoryview

        Raises
        ------
        ValueError
            It is of another model or n, or damaged. The stream is as it was.
        """
        try:
            model, steps, numbers = (
                bytes(memoryview(snapshot[part])) for part in ("model", "steps", "numbers")
            )
        except (LookupError, TypeError, ValueError):
            raise ValueError("snapshot is not a dict of bytes as a stream's snapshot() returns it.") from None
        if model != self._fingerprint:
            raise ValueError("snapshot is of a stream of another model, or of this one with other weights.")
        n, size = self._streams.n, self._streams.size
        if len(steps) != 8 * n or len(numbers) != n * size:
            raise ValueError(f"snapshot is not of {n} stream{'s' * (n > 1)}, or cut short.")
        if not self._computable(steps, numbers):
            raise ValueError("snapshot is damaged: it holds numbers that no stream of this model has.")
        self._streams.restore(steps, numbers)

    def _numbers(self, steps, numbers):
        """Counts of steps (n,) and numbers (n, size) of `snapshot`, and of these the states (n, H)."""
        counts = np.frombuffer(steps, np.uint64)
        rows = np.frombuffer(numbers, self._predictor.parameters.dtype).reshape(len(counts), -1)
        return counts, rows, rows[:, : sum(self._predictor.network.widths)]

    def _computable(self, steps, numbers):
        """Whether nothing in a snapshot makes NaN: stream.body.h says what stands where."""
        predictor = self._predictor
        counts, rows, states = self._numbers(steps, numbers)
        limit = LARGEST[predictor.parameters.dtype]
        n_kept = predictor.config["n_features"]
        readout, kept = rows[:, states.shape[1] : -n_kept], rows[:, -n_kept:]
        if (counts > 2**62).any() or not (np.abs(np.hstack([states, kept])) <= limit).all():
            return False
        length, hop = predictor.framing
        n_frames = np.where(counts < length, 0, 1 + (counts - length) // hop)[:, np.newaxis]
        if (readout[n_frames[:, 0] == 0] != 0).any():
            return False
        # bounds of sums have room for what rounding adds to them
        match predictor.config["pooling"]:
            case "mean":
                bound = 2.0 * limit * n_frames
            case "attention":
                readout, total, energy = readout[:, :-2], readout[:, -2:-1], readout[:, -1:]
                begun = n_frames > 0
                if not (np.isfinite(energy) & (total >= 0.5 * begun) & (total <= 2.0 * n_frames)).all():
                    return False
                bound = 2.0 * limit * total.astype(np.float64)
            case _:
                bound = limit
        return bool((np.abs(readout) <= bound).all())

    def __copy__(self):
        other = type(self)(self._predictor, self._n)
        other._initial = self._initial
        other._streams.restore(*self._streams.snapshot())
        return other

    def __deepcopy__(self, memo):
        return self.__copy__()  # the predictor never changes

    def __getstate__(self):
        return {
            "predictor": self._predictor, "n": self._n, "initial": self._initial, "snapshot": self.snapshot()
        }  # fmt: skip

    def __setstate__(self, state):
        self.__init__(state["predictor"], state["n"])
        self._initial = state["initial"]
        self.restore(state["snapshot"])


def _numbers_of(given, name):
    try:
        return numeric_array(given, name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} is no array of numbers: {error}") from None


# ---- model files


def load(path: Any) -> Predictor:
    """The predictor of a model that `save` wrote.

    Needs NumPy only, and gives the estimator's numbers to the last bit.

    Parameters
    ----------
    path : str, path-like, binary file object, bytes, bytearray or memoryview
        A file object is read from its current position to the end of the model. Bytes are the
        file's content, not its path.

    Returns
    -------
    Predictor

    Raises
    ------
    gruc.ModelFileError
        The file is no model of gruc's, is damaged, or was written by a later version.
    TypeError
        `path` is none of these, or a file object in text mode.
    OSError
        It cannot be read.

    Examples
    --------
    >>> import gruc
    >>> from gruc.datasets import load_japanese_vowels
    >>> X, y = load_japanese_vowels(subset="train", return_X_y=True)
    >>> model = gruc.GRUClassifier(random_state=0).partial_fit(X, y)
    >>> model.save("vowels.gruc")
    >>> predictor = gruc.runtime.load("vowels.gruc")
    >>> bool((predictor.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    return model_file.built(path, Content.of_file).predictor


class Content(NamedTuple):
    """What a model file holds, all of which is right as far as scikit-learn is not needed to tell."""

    predictor: Predictor
    gruc_version: str
    kind: str
    parameters: dict
    fitted: dict

    @classmethod
    def of_file(cls, description, arrays, where):
        """Of a file's description and arrays; `where` is what errors call it."""
        fields = Fields(description, where)
        predictor = described(fields.take_object("predictor"), arrays)
        version, kind, parameters, fitted = model_file.take_estimator(fields)
        if (predictor.classes is None) == (kind == "GRUClassifier"):
            raise ModelFileError(f"{where} is damaged: its predictor is of another kind.")
        n_features = 1 if fitted["fitted_on_table"] else fitted["n_features_in_"]
        names = fitted["feature_names_in_"]
        if n_features != predictor.n_features_in or (
            names is not None and len(names) != fitted["n_features_in_"]
        ):
            raise ModelFileError(f"{where} is damaged: features do not fit the network.")
        levels = fitted.get("quantile") or [0.5]
        if len(levels) != predictor.n_quantiles:
            raise ModelFileError(
                f"{where} is damaged: it has {predictor.n_quantiles} quantiles, and {len(levels)} levels."
            )
        return cls(predictor, version, kind, parameters, fitted)


def describe(predictor):
    """What a file says of a predictor: an object for JSON, and arrays."""
    arrays = dict(predictor.weights)
    for name in ("scaling", "target_scaling"):
        scaling = getattr(predictor, name)
        if scaling is not None:
            arrays |= {f"{name}.mean": scaling.mean, f"{name}.scale": scaling.scale}
    classes = predictor.classes
    description = {
        "network": predictor.config,
        "framing": list(predictor.framing),
        "classes": None if classes is None else model_file.labels_as_json(classes),
        "multilabel": predictor.multilabel,
        "log_link": predictor.log_link,
        "n_quantiles": predictor.n_quantiles,
    }
    return description, arrays


def described(fields, arrays):
    """The predictor that `describe` described; `fields` are `Fields`."""
    network = _described_network(fields.take_object("network"), len(arrays))
    config = network.config
    length, hop = fields.take(
        "framing", lambda v: isinstance(v, list) and len(v) == 2 and all(map(is_count, v))
    )
    classes = fields.take("classes", lambda v: v is None or isinstance(v, dict))
    multilabel = fields.take("multilabel", lambda v: is_flag(v) and (not v or classes is not None))
    log_link = fields.take("log_link", lambda v: is_flag(v) and (not v or classes is None))
    n_quantiles = fields.take("n_quantiles", lambda v: is_count(v) and (v == 1 or classes is None))
    fields.end()
    if config["n_features"] % length or config["n_outputs"] % n_quantiles:
        raise ModelFileError(f"{fields.where} is damaged: frames or quantiles do not fit the network.")
    arrays = dict(arrays)
    scaling = _described_scaling(fields.where, arrays, "scaling", config["n_features"] // length)
    n_targets = config["n_outputs"] // n_quantiles
    target_scaling = _described_scaling(fields.where, arrays, "target_scaling", n_targets)
    if target_scaling is not None and (classes is not None or log_link):
        raise ModelFileError(f"{fields.where} is damaged: target_scaling belongs to other models.")
    parameters = _described_parameters(fields.where, arrays, network)
    if classes is not None:  # as many as the network has, whose weights are there
        classes = model_file.labels_of_json(
            Fields(classes, f"{fields.where} classes,"), max(config["n_outputs"], 2)
        )
    try:
        return Predictor(
            network, parameters, scaling=scaling, classes=classes, target_scaling=target_scaling,
            framing=Framing(length, hop), multilabel=multilabel, log_link=log_link, n_quantiles=n_quantiles,
        )  # fmt: skip
    except ValueError as error:
        raise ModelFileError(f"{fields.where} is damaged: {error}") from None


def _described_network(fields, n_arrays):
    """The network of a description, which comes with so many arrays."""
    config = {
        "n_features": fields.take("n_features", is_count),
        "hidden_layer_sizes": fields.take(
            "hidden_layer_sizes", lambda v: isinstance(v, list) and len(v) > 0 and all(map(is_count, v))
        ),
        "bidirectional": fields.take("bidirectional", is_flag),
        "reset_after": fields.take("reset_after", is_flag),
        "pooling": fields.take("pooling", lambda v: isinstance(v, str) and v in READOUTS),
        "n_outputs": fields.take("n_outputs", is_count),
    }
    fields.end()
    if 3 * len(config["hidden_layer_sizes"]) > n_arrays:  # before there is an object for each
        raise ModelFileError(f"{fields.where} is damaged: tensors that are missing, of its layers.")
    return GRUNetwork(**config)


def _described_scaling(where, arrays, name, size):
    """`Scaling` out of `arrays`, or None."""
    mean, scale = arrays.pop(f"{name}.mean", None), arrays.pop(f"{name}.scale", None)
    if mean is None and scale is None:
        return None
    for array in (mean, scale):
        if array is None or array.dtype != np.float64 or array.shape != (size,):
            raise ModelFileError(f"{where} is damaged: {name} is not two arrays of {size} float64.")
    if (scale <= 0).any():
        raise ModelFileError(f"{where} is damaged: {name} is not positive.")
    return Scaling(np.array(mean, np.float64), np.array(scale, np.float64))


def _described_parameters(where, arrays, network):
    """A flat buffer of the weights in `arrays`, which must be these and no others."""
    shapes = network.table.torch_shapes()  # nothing is allocated before all are known to be right
    if set(arrays) != set(shapes):
        odd = model_file.quoted(sorted(set(arrays) ^ set(shapes)))
        raise ModelFileError(f"{where} is damaged: tensors that are missing, or too many: {odd}.")
    dtype = arrays["head.bias"].dtype.newbyteorder("=")
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype.newbyteorder("=") != dtype:
            raise ModelFileError(
                f"{where} is damaged: {name} is {array.shape} of {array.dtype}, expected {shapes[name]} "
                f"of {dtype}."
            )
    return network.table.flat(arrays, dtype)
