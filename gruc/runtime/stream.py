"""Stream: predictions for sequences that arrive step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import kernels
from ..network import KINDS
from ..sequences import LARGEST
from .blocks import as_blocks
from .stream_arguments import SnapshotMixin, check_n, chosen_rows, snapshot_parts

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import ArrayLike


class Stream(SnapshotMixin):
    """Predictions for sequences that arrive step by step; created by the method `stream`.

    After each step the result is that of `predict_proba` (classifiers) or `predict` (regressors)
    for the sequence so far, including an incomplete last frame, or the prediction for this step if the
    model predicts each step. A stream can be used by one thread at a time; several threads can each have
    a stream of the same predictor. Copies and pickles of a stream are independent streams.

    Parameters
    ----------
    predictor : Predictor
    n, initial_state
        As in the method `stream`.

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
                "A bidirectional model needs the end of each sequence, and cannot be used as a stream. "
                "Fit one with bidirectional=False."
            )
        check_n(n)
        self._predictor, self._n = predictor, n
        decoding, dtype = predictor.decoding, predictor.parameters.dtype
        self._streams = kernels.inference.Streams(
            n or 1, predictor._prepared(), predictor.inputs, decoding, LARGEST[dtype]
        )
        # of the result of a single stream
        self._shape, self._dtype = decoding.result_shape, decoding.result_dtype(dtype)

        self._initial = None  # state in which sequences start, (n, units of all layers)
        if initial_state is not None:
            self._initial = self._flat_states(initial_state, n or 1, "initial_state")
            self._begin(None, self._initial)

    def step(self, x: ArrayLike, rows: ArrayLike | None = None, *, every: bool = False) -> Any:
        """Read a step or a block of steps, and return the prediction for the sequence so far.

        Parameters
        ----------
        x : array of shape (n_features,) or (n_steps, n_features)
            One step or a block; for n streams (n, n_features) or (n, n_steps, n_features). With a single
            feature, a single step can also be a number, or (n,). For a model of tokens an int or an array
            of int of shape (n_steps,), for n streams (n,) or (n, n_steps).
        rows : array of int of shape (m,), default=None
            The streams that x belongs to; None: all of them. The others do not change.
        every : bool, default=False
            Whether to return the prediction after each step of the block instead of only the last one.
            The results equal those of single steps.

        Returns
        -------
        result : ndarray
            Probabilities (n_classes,) of the model's dtype; values of a regressor in float64.
            With `every` there is a first axis for the k steps, (k, ...); a single step is a
            block of one. For n streams, the first axis is that of streams: (m, ...) or (m, k, ...).

        Raises
        ------
        ValueError
            If x has the wrong shape, or contains NaN, infinity, too large numbers or unknown tokens. No
            stream is changed.
        """
        if self._n is None and rows is None and not every:
            out = np.empty(self._shape, self._dtype)
            if self._took(x, out):
                return out if self._shape else out[()]
        if rows is not None and self._n is None:
            raise ValueError("rows are given, but this is one stream; make several with stream(n).")
        chosen = None if rows is None else self._rows(rows, unique=True)
        m = self._streams.n if chosen is None else len(chosen)
        steps = as_blocks(x, self._predictor.inputs, None if self._n is None else m)
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

    def draw(self, tokens, uniforms, marks, end, sharpness, repetition):
        """Draw tokens by a model's logits and read them; see `kernels.inference.Streams.draw`.

        `sharpness` is (temperature, top_k, top_p). For language models.
        """
        return self._streams.draw(tokens, uniforms, marks, end, *sharpness, repetition)

    def _took(self, x, out):
        """Whether x is a plain step of the only stream; if so its result is in `out`."""
        if type(x) is np.ndarray:
            return self._streams.one_step(x, out)
        if type(x) is int or isinstance(x, np.integer):
            return 0 <= x < self._streams.n_tokens and self._streams.one_token(x, out)
        return False

    def _rows(self, rows, unique=False):
        return chosen_rows(rows, self._streams.n, unique=unique)

    def reset(self, rows: ArrayLike | None = None, *, initial_state: Any = None) -> None:
        """Start new sequences.

        Parameters
        ----------
        rows : array of int of shape (m,), default=None
            Indices of the streams; None: all.
        initial_state : array of shape (n_layers, units) or (m, n_layers, units), default=None
            Initial hidden states of the new sequences; None: those the stream was created with, or zeros.

        Raises
        ------
        ValueError
            If rows or states are invalid. No stream is reset.
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
        """Start new sequences in some streams, from states (m, units of all layers) or zeros."""
        self._streams.reset(chosen, None if states is None else states.view(np.uint8))

    def _flat_states(self, given, n, name):
        """States as the user gives them, checked, as an array (n, units of all layers)."""
        layers = self._predictor.states_by_layer(given, n, name)
        return np.ascontiguousarray(np.concatenate(layers, axis=1))

    @property
    def state(self) -> Any:
        """Hidden state of each layer after the last complete frame.

        ndarray of shape (n_layers, units), or (n, n_layers, units) for n streams; with layers of
        different widths a list of one array (units_l,) or (n, units_l) for each layer. With
        ``cell="fio"`` the state of a layer is h of its units, then their c_prev, 2 units wide. A copy, of
        the model's dtype.

        Assigning such an array starts new sequences in these states, as ``reset(initial_state=...)``
        does: after ``stream.state = h``, ``stream.step(block)`` returns the same as
        ``predict_proba([block], initial_state=h)``, or as `predict` of a regressor. What the readout
        has accumulated so far, and steps that do not fill a frame yet, are discarded; a `snapshot`
        includes them.
        """
        _, _, states = self._numbers(*self._streams.snapshot())
        widths = self._predictor.network.state_widths
        layers = np.split(states.copy(), np.cumsum(widths)[:-1], axis=1)
        if self._n is None:
            layers = [layer[0] for layer in layers]
        return np.stack(layers, axis=-2) if len(set(widths)) == 1 else layers

    @state.setter
    def state(self, value: Any) -> None:
        self._begin(None, self._flat_states(value, self._streams.n, "state"))

    def snapshot(self) -> dict[str, bytes]:
        """Return the state of all sequences, for `restore` in this or another process.

        Returns
        -------
        dict of str to bytes
            The hidden states, the state of the pooling, the steps of an incomplete frame, and a checksum of
            the model.
        """
        steps, numbers = self._streams.snapshot()
        return {"model": self._fingerprint, "steps": steps, "numbers": numbers}

    def restore(self, snapshot: dict[str, bytes]) -> None:
        """Continue from a `snapshot` of a stream of the same model and n.

        Parameters
        ----------
        snapshot : dict of str to bytes, bytearray or memoryview

        Raises
        ------
        ValueError
            If the snapshot is damaged or of another model or n. The stream is unchanged.
        """
        steps, numbers = snapshot_parts(snapshot, self._fingerprint)
        n, size = self._streams.n, self._streams.size
        if len(steps) != 8 * n or len(numbers) != n * size:
            raise ValueError(f"snapshot is not of {n} stream{'s' * (n > 1)}, or cut short.")
        if not self._computable(steps, numbers):
            raise ValueError("snapshot is damaged: it holds numbers that no stream of this model has.")
        self._streams.restore(steps, numbers)

    def _numbers(self, steps, numbers):
        """Number of steps (n,) and floats (n, size) of a snapshot, and the states (n, H) among these."""
        counts = np.frombuffer(steps, np.uint64)
        rows = np.frombuffer(numbers, self._predictor.parameters.dtype).reshape(len(counts), -1)
        return counts, rows, rows[:, : self._predictor.network.states_width]

    def _computable(self, steps, numbers):
        """Whether a snapshot is such that no later step gives NaN; its layout is that of memory.h."""
        predictor, network = self._predictor, self._predictor.network
        counts, rows, states = self._numbers(steps, numbers)
        limit = LARGEST[predictor.parameters.dtype]
        n_kept = 0 if self._streams.n_tokens else predictor.config["n_features"]
        kept = rows[:, rows.shape[1] - n_kept :]
        if (counts > 2**62).any() or not (np.abs(np.hstack([states, kept])) <= limit).all():
            return False
        length, hop = predictor.inputs.framing
        n_frames = np.where(counts < length, 0, 1 + (counts - length) // hop)[:, np.newaxis]
        n_rows = n_frames // network.stride  # of the states; n_frames are those of the first convolution
        for operation, start in zip(
            network.program().operations, network.row_by_row_memory()["states"], strict=True
        ):
            carried = rows[:, start : start + CARRIED.get(operation.kind, _nothing)(operation)]
            n = n_frames if operation.kind in (KINDS.CONV, KINDS.POOL) else n_rows
            if (carried[n[:, 0] == 0] != 0).any():
                return False
            if not _are_computable(operation.kind, carried, n, limit):
                return False
        return True

    def __copy__(self):
        other = type(self)(self._predictor, self._n)
        other._initial = self._initial
        other._streams.restore(*self._streams.snapshot())
        return other

    def __getstate__(self):
        return {
            "predictor": self._predictor, "n": self._n, "initial": self._initial, "snapshot": self.snapshot()
        }  # fmt: skip

    def __setstate__(self, state):
        self.__init__(state["predictor"], state["n"])
        self._initial = state["initial"]
        self.restore(state["snapshot"])


def _nothing(operation):
    return 0


# numbers that an operation carries on from row to row: memory.h
CARRIED = {
    KINDS.MEAN: lambda operation: operation.D,
    KINDS.MAX: lambda operation: operation.D,
    KINDS.ATTENTION: lambda operation: operation.D + 2,
    KINDS.CONV: lambda operation: (operation.steps - 1) * operation.D,
    KINDS.POOL: lambda operation: operation.D,
}


def _are_computable(kind, carried, n_rows, limit):
    """Whether numbers that an operation carries on after `n_rows` rows are within its bounds."""
    if kind in (KINDS.CONV, KINDS.POOL):
        return bool(np.isfinite(carried).all())
    # twice the exact bounds of sums, because of rounding
    bound = limit
    if kind == KINDS.MEAN:
        bound = 2.0 * limit * n_rows
    elif kind == KINDS.ATTENTION:
        carried, total, energy = carried[:, :-2], carried[:, -2:-1], carried[:, -1:]
        if not (np.isfinite(energy) & (total >= 0.5 * (n_rows > 0)) & (total <= 2.0 * n_rows)).all():
            return False
        bound = 2.0 * limit * total.astype(np.float64)
    return bool((np.abs(carried) <= bound).all())


Stream.__module__ = "gruc.runtime"  # as Predictor
__test__ = {"Stream": Stream}
