"""Prediction without training: needs NumPy only, neither SciPy nor scikit-learn.

Estimators predict through the same `Predictor`, so both give the same bits.
"""

import zlib
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import kernels, model_file, threads
from .model_file import Fields, ModelFileError, is_count, is_flag
from .network import READOUTS, GRUNetwork
from .sequences import LARGEST, ONE_STEP, Framing, Scaling, as_sequences, check_range, numeric_array

__all__ = ["Predictor", "Stream", "load"]

# Sequences are run together up to about this many numbers in the widest array.
CHUNK_SIZE = 1 << 19

# What else a model file describes, and what that is.
OF_ESTIMATORS = {
    "gruc_version": lambda v: isinstance(v, str) and v.isprintable() and len(v) < 40,
    "kind": ("GRUClassifier", "GRURegressor").__contains__,
    "parameters": lambda v: isinstance(v, dict),
    "fitted": lambda v: isinstance(v, dict),
}

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

    def __reduce__(self):
        settings = {
            "scaling": self.scaling,
            "classes": self.classes,
            "target_scaling": self.target_scaling,
            "framing": self.framing,
            "multilabel": self.multilabel,
            "log_link": self.log_link,
            "n_quantiles": self.n_quantiles,
            "n_jobs": self.n_jobs,
        }
        return _rebuild, (self.config, self.parameters, settings)

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

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Labels of a classifier, values of a regressor.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray of shape (n_sequences,) or (n_sequences, n_outputs)
            Of a multilabel classifier 1 where a class is there, else 0. A regressor's are
            float64, in the targets' own units.
        """
        return self.decode(self.outputs(X))

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

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Probabilities of a classifier.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
        """
        self._require_classifier("predict_proba")
        return self._probabilities(self.outputs(X))

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

    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Logarithms of the probabilities, finite where these underflow.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray of shape (n_sequences, n_classes), of the model's dtype
        """
        self._require_classifier("predict_log_proba")
        logits = self.outputs(X)
        if self.multilabel:
            return -np.logaddexp(0, -logits)
        if len(self.classes) > 2:
            logits -= logits.max(axis=1, keepdims=True)
            return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -np.logaddexp(0, np.concatenate([logits, -logits], axis=1))

    def outputs(self, X: ArrayLike) -> NDArray[Any]:
        """What the head gives: logits, or values on the scaled targets' scale.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray of shape (n_sequences, n_outputs), of the model's dtype
        """
        sequences = self._checked(X)
        outputs = np.empty((len(sequences), self.config["n_outputs"]), self.parameters.dtype)

        def fill(packed, batch, places):
            outputs[places] = self.network.infer(packed, batch)

        self._run(sequences, fill)
        return outputs

    def features(self, X: ArrayLike) -> NDArray[Any]:
        """What the output sees: the readout (`pooling`) of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays

        Returns
        -------
        ndarray of shape (n_sequences, F), of the model's dtype
            F are the units of the last layer, of both directions.
        """
        sequences = self._checked(X)
        features = np.empty((len(sequences), self.n_features_out), self.parameters.dtype)

        def fill(packed, batch, places):
            features[places] = self.network.features(packed, batch)

        self._run(sequences, fill)
        return features

    def hidden_states(self, X: ArrayLike, layer: int = -1) -> NDArray[Any] | list[NDArray[Any]]:
        """States of a layer after each frame (see `framing`) of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        layer : int, default=-1
            From 0 for the first, or -1 for the last.

        Returns
        -------
        ndarray of shape (n_sequences, n_frames, F), or list of ndarray of shape (n_frames_i, F)
            As X is; F are the layer's units, the backward direction's after the forward's.
        """
        layer = self._checked_layer(layer)
        return self._by_frame(X, lambda packed, batch: [self.network.states(packed, batch, layer)])[0]

    def gate_activations(self, X: ArrayLike, layer: int = -1) -> dict[str, Any]:
        """Gates of a layer at each frame of each sequence.

        Parameters
        ----------
        X : array of shape (n_sequences, n_steps, n_features) or list of arrays
        layer : int, default=-1
            From 0 for the first, or -1 for the last.

        Returns
        -------
        dict of "reset", "update", "candidate"
            Each in the form of `hidden_states`: r, z and n of
            ``h = (1 - z) * n + z * h_prev``, so that "update" is the share of the old state
            that is kept.
        """
        layer = self._checked_layer(layer)
        gates = self._by_frame(X, lambda packed, batch: self.network.gates(packed, batch, layer))
        return dict(zip(("reset", "update", "candidate"), gates, strict=True))

    def fingerprint(self):
        """Bytes by which to tell whether a stream's state is of this model."""
        description, arrays = describe(self)
        told = zlib.crc32(repr(sorted(description.items(), key=str)).encode())
        for name in sorted(arrays):
            told = zlib.crc32(np.ascontiguousarray(arrays[name]), told)
        return told.to_bytes(4, "little")

    def stream(self, n: int | None = None) -> "Stream":
        """Sequences that come step by step.

        Parameters
        ----------
        n : int or None, default=None
            So many at once; None for one, whose results have no axis for it.

        Returns
        -------
        Stream

        Raises
        ------
        ValueError
            The model is bidirectional: it reads a sequence from its end, too.

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
        return Stream(self, n)

    def _checked(self, X):
        """`Sequences` of X that the network can take."""
        sequences = as_sequences(X)
        if sequences.n_features != self.n_features_in:
            raise ValueError(
                f"X has {sequences.n_features} features a step, but the model was fitted with "
                f"{self.n_features_in}."
            )
        check_range(sequences.lowest, sequences.highest, self.scaling, self.parameters.dtype, "X")
        return sequences

    def _checked_layer(self, layer):
        n_layers = len(self.config["hidden_layer_sizes"])
        if not isinstance(layer, Integral) or isinstance(layer, bool):
            raise TypeError(f"layer must be an integer; got {layer!r}.")
        if not -n_layers <= layer < n_layers:
            raise ValueError(f"layer must be from {-n_layers} to {n_layers - 1}; got {layer}.")
        return int(layer) % n_layers

    def _by_frame(self, X, rows_of):
        """Collections of rows_of(packed, batch), arrays (N, F), sequence by sequence as X is."""
        sequences = self._checked(X)
        of_sequences = []

        def fill(packed, batch, places):
            arrays = rows_of(packed, batch)
            for b, place in enumerate(places):
                rows = batch.offsets[: batch.lengths[b]] + b
                of_sequences.append((place, [array[rows] for array in arrays]))

        self._run(sequences, fill)
        of_sequences.sort(key=lambda item: item[0])
        collections = zip(*(arrays for _, arrays in of_sequences), strict=True)
        return [list(arrays) if sequences.ragged else np.stack(arrays) for arrays in collections]

    def _run(self, sequences, fill):
        """fill(packed, batch, places) for all sequences, some at a time, on several threads."""
        packed = self._prepared()

        def fill_chunk(chunk, _):
            batch = sequences.gather(chunk, self.scaling, self.parameters.dtype, self.framing)
            fill(packed, batch, chunk[batch.order])

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
    a time; each may have its own, over one predictor.

    Parameters
    ----------
    predictor : Predictor
    n : int or None
        As `Predictor.stream` has it.
    """

    def __init__(self, predictor, n=None):
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

    def step(self, x: ArrayLike, rows: ArrayLike | None = None) -> Any:
        """Take in a step, or a block of steps; what the model then says.

        Parameters
        ----------
        x : array of shape (n_features,) or (n_steps, n_features)
            One step or a block. Of n streams (n, n_features) or (n, n_steps, n_features). Where
            there is one feature its axis may be left out of a single step: a number, or (n,).
        rows : array of int of shape (m,), default=None
            Which of n streams x is of; None: all of them. The others stay where they are.

        Returns
        -------
        result : ndarray
            Probabilities (n_classes,) of the model's dtype; values of a regressor in float64.
            Of n streams with one more axis in front, (m,).

        Raises
        ------
        ValueError
            x does not fit, or holds NaN, infinity or what is too large to compute with. No
            stream has moved.
        """
        if self._n is None and rows is None and type(x) is np.ndarray:
            out = np.empty(self._shape, self._dtype)
            if self._streams.one_step(x, out):
                return out if self._shape else out[()]
        if rows is not None and self._n is None:
            raise ValueError("rows are given, but this is one stream; make several with stream(n).")
        chosen = None if rows is None else self._rows(rows, unique=True)
        m = self._streams.n if chosen is None else len(chosen)
        steps = self._as_steps(x, m)
        out = np.empty((m, self._streams.width))
        place = self._streams.step(steps, out, chosen)
        if place >= 0:
            value = steps.reshape(-1)[place]
            raise ValueError(
                f"x holds {value:g} in feature {place % steps.shape[2]}; a stream takes finite numbers of a "
                f"size that {self._predictor.parameters.dtype} can compute with."
            )
        out = out.astype(self._dtype, copy=False).reshape(m, *self._shape)
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

    def reset(self, rows: ArrayLike | None = None) -> None:
        """Begin new sequences.

        Parameters
        ----------
        rows : array of int, default=None
            Of which of n streams; None: of all.
        """
        self._streams.reset(None if rows is None else self._rows(rows))

    @cached_property
    def _fingerprint(self):
        return self._predictor.fingerprint()  # which reads all weights: once a stream

    def state(self) -> dict[str, bytes]:
        """All that is known of the sequences so far, for `restore`, here or in another process.

        Returns
        -------
        dict of str to bytes
        """
        steps, numbers = self._streams.state()
        return {"model": self._fingerprint, "steps": steps, "numbers": numbers}

    def restore(self, state: dict[str, bytes]) -> None:
        """Go on from a `state` of a stream of the same model and n.

        Parameters
        ----------
        state : dict of str to bytes
        """
        try:
            if state["model"] != self._fingerprint:
                raise ValueError("of another model")
            if not np.isfinite(np.frombuffer(state["numbers"], self._predictor.parameters.dtype)).all():
                raise ValueError("damaged")
            self._streams.restore(state["steps"], state["numbers"])
        except (KeyError, TypeError, ValueError):
            raise ValueError("state is not that of a stream of this model, of as many sequences.") from None


def _rebuild(config, parameters, settings):
    return Predictor(config, parameters, **settings)


# ---- model files


def load(path: Any) -> Predictor:
    """The predictor of a model that `save` wrote.

    Needs NumPy and safetensors only, and gives the estimator's numbers to the last bit.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Predictor

    Raises
    ------
    gruc.ModelFileError
        The file is no model of gruc's, is damaged, or was written by a later version.
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
    description, arrays = model_file.read(path)
    return of_file(description, arrays, path)


def of_file(description, arrays, path):
    """The predictor of a file's description and arrays; what else is described is for `deploy.saving`."""
    fields = Fields(description, str(path))
    predictor = described(fields.take_object("predictor"), arrays)
    for name, is_right in OF_ESTIMATORS.items():
        fields.take(name, is_right)
    fields.end()
    return predictor


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
    if classes is not None:
        classes = model_file.labels_of_json(Fields(classes, f"{fields.where} classes,"))
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
    return Scaling(mean, scale)


def _described_parameters(where, arrays, network):
    """A flat buffer of the weights in `arrays`, which must be these and no others."""
    shapes = network.table.torch_shapes()  # nothing is allocated before all are known to be right
    if set(arrays) != set(shapes):
        odd = sorted(set(arrays) ^ set(shapes))
        raise ModelFileError(f"{where} is damaged: tensors that are missing, or too many: {odd[:5]}.")
    dtype = arrays["head.bias"].dtype
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype != dtype:
            raise ModelFileError(
                f"{where} is damaged: {name} is {array.shape} of {array.dtype}, expected {shapes[name]} "
                f"of {dtype}."
            )
    return network.table.flat(arrays, dtype)
