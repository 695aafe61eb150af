"""ForecastStream: forecasts of series that go on value by value."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..sequences import KnownValues, differenced, numeric_array, undifferenced
from .forecast_input import LIMIT, check_reach
from .forecast_walks import lengths_of
from .stream_arguments import SnapshotMixin, check_n, chosen_rows, snapshot_parts
from .stream_columns import StreamColumns

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import ArrayLike, NDArray


class ForecastStream(SnapshotMixin):
    """Forecasts of series that arrive value by value; created by the method `stream`.

    After each value the result equals that of `predict` after `update`, to the last bit. A stream keeps only
    the last ``lags.context`` values of each series. Each window is scaled separately, so that all of its rows
    change with every value: the network reads all `lags` steps again, where a `Stream` takes one step.

    Copies, deep copies and pickles of a stream are independent streams, which continue from its state.

    Parameters
    ----------
    predictor : ForecastPredictor
    n, static, begin
        As in the method `stream`.

    Examples
    --------
    >>> import numpy as np
    >>> from gruc import GRUForecaster
    >>> y = 100 + 10 * np.sin(2 * np.pi * np.arange(240) / 12)
    >>> model = GRUForecaster(random_state=0).fit(y[:200])
    >>> stream = model.stream()
    >>> for value in y[200:]:
    ...     forecast = stream.step(value)
    >>> bool((forecast == model.update(y[200:], update_params=False).predict()).all())
    True
    """

    def __init__(self, predictor, n=None, *, static=None, begin=None):
        check_n(n)
        self._predictor, self._n = predictor, n
        self._beside = {"static": static, "begin": begin}
        self._one = n is None and predictor.one_series
        context, known = predictor.lags.context, predictor.known
        if n is None:
            if static is not None or begin is not None:
                raise ValueError("static and begin are those of new series: say how many, stream(n, ...).")
            self._moments = predictor.moments
            self._columns = StreamColumns.going_on(predictor, lengths_of(known))
            first = known.stacked(context), known.ends, np.full(predictor.n_series, context + known.order)
        else:
            moments = predictor.lags.moments_of_new_series()
            if moments is None:
                raise ValueError(
                    "With scale='series' a new series cannot be forecast: its mean and standard deviation "
                    "are not known. Fit with scale='window', or go on with the series of fit: stream()."
                )
            self._moments = np.tile(np.float64(moments), (n, 1))
            self._columns = StreamColumns.of_new(predictor, n, static, begin)
            first = np.zeros((n, context)), np.zeros((n, known.order)), np.zeros(n, np.int64)
        # the last values of each series, differenced; what undoes that; how many were read, or known
        self._first = first
        self._values, self._ends, self._counts = (array.copy() for array in first)

    @property
    def n_missing(self) -> Any:
        """Number of values that are missing before a series can be forecast: an int, or (n,) for n series."""
        missing = self._missing(self._counts)
        return int(missing[0]) if self._one else missing

    def _missing(self, counts):
        return np.maximum(self._predictor.lags.context + self._predictor.known.order - counts, 0)

    def step(
        self,
        x: ArrayLike,
        rows: ArrayLike | None = None,
        *,
        X: Any = None,
        X_ahead: Any = None,
        every: bool = False,
    ) -> NDArray[Any]:
        """Read a value or a block of values, and return the forecasts after it.

        Parameters
        ----------
        x : number or array of shape (k,), (n,) or (n, k)
            A value or a block of k values; for n series (n,) or (n, k).
        rows : array of int of shape (m,), default=None
            The series that x belongs to; None: all of them. The others do not change.
        X : array of shape (n_columns,), (k, n_columns), (m, n_columns) or (m, k, n_columns), default=None
            For a model with covariates, all columns at the steps of x.
        X_ahead : array of shape (h, n_columns) or (m, h, n_columns), or list of arrays, default=None
            The columns known in advance, as in `predict`: at the h steps after x, at least as many as are
            forecast. An array (h, n_columns) applies to all series.
        every : bool, default=False
            Whether to return the forecasts after each value of the block instead of only the last one.

        Returns
        -------
        forecasts : ndarray of shape (n_ahead,) or (m, n_ahead), of float64
            The steps that `predict` returns by default. With `every`, (k, n_ahead) or (m, k, n_ahead).
            NaN for new series that are still too short; see `n_missing`.

        Raises
        ------
        ValueError
            If x or X has the wrong shape or contains NaN, infinity or too large values, or X is missing.
            Nothing is changed.
        """
        chosen = self._rows(rows)
        values = self._checked(x, len(self._counts[chosen]))
        m, k = values.shape
        later, ends = differenced(values, self._ends[chosen])
        joined = np.concatenate([self._values[chosen], later], axis=1)
        counts = self._counts[chosen, np.newaxis] + np.arange(1, k + 1)
        of_context = joined.shape[1] - k
        if every:
            windows = np.lib.stride_tricks.sliding_window_view(joined[:, 1:], of_context, axis=1)
        else:
            windows = joined[:, np.newaxis, k:]
        n_windows = windows.shape[1]
        covariates, columns_now = self._read_columns(chosen, X, X_ahead, k, n_windows)
        moments = np.repeat(self._moments[chosen], n_windows, axis=0)
        forecasts = self._forecasts(
            windows.reshape(m * n_windows, of_context),
            moments,
            ends[:, -n_windows:].reshape(m * n_windows, -1),
            covariates,
        ).reshape(m, n_windows, -1)
        forecasts[self._missing(counts[:, -n_windows:]) > 0] = np.nan
        self._values[chosen], self._ends[chosen] = joined[:, k:], ends[:, -1]
        self._counts[chosen] = counts[:, -1]
        if self._columns is not None:
            self._columns.move(chosen, columns_now)
        forecasts = forecasts if every else forecasts[:, 0]
        return forecasts[0] if self._one else forecasts

    def _read_columns(self, chosen, X, X_ahead, k, n_windows):
        """`Covariates` of windows, or None, and what is known of the columns after them."""
        if self._columns is None:
            if X is not None or X_ahead is not None:
                raise ValueError("X is given, but the model reads no columns. Leave it out.")
            return None, None
        predictor = self._predictor
        n_ahead = int(predictor.steps_of(None)[-1])
        check_reach(predictor.columns, predictor.strategy, n_ahead, predictor.lags.horizon)
        n_read = predictor.n_read_ahead(n_ahead)
        return self._columns.read(chosen, X, X_ahead, k, n_windows, n_ahead, n_read)

    def _forecasts(self, values, moments, ends, covariates):
        """Forecasts (B, n_ahead) after values (B, context)."""
        predictor, steps = self._predictor, self._predictor.steps_of(None)
        start = predictor.start_of(values, moments)._replace(covariates=covariates)
        walked = predictor.walk(start, int(steps[-1]))
        return undifferenced(walked, ends)[:, steps - 1]

    def _checked(self, x, m):
        """Values (m, k) of m series."""
        array = numeric_array([x] if isinstance(x, Real) else x, "x").astype(np.float64, copy=False)
        values = array[np.newaxis] if self._one else array
        if values.ndim == 1:
            values = values[:, np.newaxis]
        if values.ndim != 2 or values.shape[0] != m or values.shape[1] == 0:
            expected = "a number or (k,)" if self._one else f"({m},) or ({m}, k)"
            raise ValueError(f"x has shape {np.shape(x)}; expected {expected}, k > 0.")
        wrong = ~(np.abs(values) <= LIMIT)  # NaN too
        if wrong.any():
            raise ValueError(
                f"x holds {values[wrong][0]:g}; a stream takes finite values no larger than {LIMIT:.0e}. "
                "Fill what is missing."
            )
        return values

    def _rows(self, rows):
        """Which series are meant, for indexing."""
        if rows is None:
            return slice(None)
        if self._one:
            raise ValueError("rows are given, but this is one series; make several with stream(n).")
        return chosen_rows(rows, len(self._counts), "series", unique=True)

    def predict(self, fh: Any = None, X: Any = None) -> NDArray[np.float64]:
        """Forecast any steps after the last value.

        Parameters
        ----------
        fh, X : default=None
            As in `ForecastPredictor.predict`.

        Returns
        -------
        ndarray of shape (n_ahead,) or (n, n_ahead)

        Raises
        ------
        TypeError, ValueError
            As in `ForecastPredictor.predict`, or if a series is too short (`n_missing`).
        """
        return self._now().predict(fh, X)

    def predict_quantiles(
        self, fh: Any = None, X: Any = None, *, alpha: Any = (0.1, 0.5, 0.9)
    ) -> NDArray[np.float64]:
        """Forecast quantiles.

        Parameters
        ----------
        fh, X, alpha
            As in `ForecastPredictor.predict_quantiles`.

        Returns
        -------
        ndarray of shape (n_ahead, n_levels) or (n, n_ahead, n_levels)
        """
        return self._now().predict_quantiles(fh, X, alpha=alpha)

    def predict_interval(self, fh: Any = None, X: Any = None, *, coverage: Any = 0.9) -> NDArray[np.float64]:
        """Forecast central prediction intervals.

        Parameters
        ----------
        fh, X, coverage
            As in `ForecastPredictor.predict_interval`.

        Returns
        -------
        ndarray of shape (n_ahead, n_bounds) or (n, n_ahead, n_bounds)
        """
        return self._now().predict_interval(fh, X, coverage=coverage)

    def _now(self):
        """The predictor whose series end where these do."""
        missing = self._missing(self._counts).max()
        if missing:
            raise ValueError(f"There is a series that lacks {missing} values before it can be forecast.")
        predictor = self._predictor.at(KnownValues(list(self._values), self._ends), self._moments, self._one)
        if self._columns is None:
            return predictor
        return predictor.with_covariates(self._columns.now(), self._columns.calendar)

    def reset(self, rows: ArrayLike | None = None) -> None:
        """Go back to the beginning: to the end of the series of the forecaster, or to new series.

        Parameters
        ----------
        rows : array of int of shape (m,), default=None
            Indices of the series; None: all.
        """
        chosen = self._rows(rows)
        for array, first in zip((self._values, self._ends, self._counts), self._first, strict=True):
            array[chosen] = first[chosen]
        if self._columns is not None:
            self._columns.reset(chosen)

    def snapshot(self) -> dict[str, bytes]:
        """Return the state of all series, for `restore` in this or another process.

        Returns
        -------
        dict of str to bytes
            The last values of each series and its columns, how many were read, and a checksum of the model.
        """
        numbers, lasts = np.concatenate([self._values, self._ends], axis=1), np.zeros(0, np.int64)
        if self._columns is not None:
            lasts = self._columns.lasts()
            if self._columns.rows is not None:
                numbers = np.concatenate([numbers, self._columns.numbers()], axis=1)
        steps = np.concatenate([self._counts, lasts])
        return {"model": self._fingerprint, "steps": steps.tobytes(), "numbers": numbers.tobytes()}

    def restore(self, snapshot: dict[str, bytes]) -> None:
        """Continue from a `snapshot` of a stream of the same model and as many series.

        Parameters
        ----------
        snapshot : dict of str to bytes, bytearray or memoryview

        Raises
        ------
        ValueError
            If the snapshot is damaged or of another model or number of series. The stream is unchanged.
        """
        steps, numbers = snapshot_parts(snapshot, self._fingerprint)
        n, context = self._values.shape
        width, columns = context + self._ends.shape[1], self._columns
        n_lasts, n_numbers = 0, width
        if columns is not None:
            n_lasts = len(columns.lasts())
            n_numbers += 0 if columns.rows is None else columns.numbers().shape[1]
        if len(steps) != 8 * (n + n_lasts) or len(numbers) != 8 * n * n_numbers:
            raise ValueError(f"snapshot is not of {n} series, or cut short.")
        counts, rows = np.frombuffer(steps, np.int64), np.frombuffer(numbers).reshape(n, n_numbers)
        counts, lasts = counts[:n], counts[n:]
        largest = LIMIT * 2.0 ** self._ends.shape[1]  # of differences
        least = 0 if self._n is not None else self._first[2].min()
        if not ((np.abs(rows) <= largest).all() and ((counts >= least) & (counts < 2**62)).all()):
            raise ValueError("snapshot is damaged: it holds numbers that no stream of this model has.")
        if columns is not None:
            self._columns = columns.restored(rows[:, width:], lasts)
        self._values, self._ends = rows[:, :context].copy(), rows[:, context:width].copy()
        self._counts = counts.copy()

    def __copy__(self):
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._values, other._ends = self._values.copy(), self._ends.copy()
        other._counts = self._counts.copy()
        other._columns = None if self._columns is None else self._columns.copied()
        return other

    def __getstate__(self):
        return {"predictor": self._predictor, "n": self._n, "snapshot": self.snapshot()} | self._beside

    def __setstate__(self, state):
        self.__init__(state["predictor"], state["n"], static=state.get("static"), begin=state.get("begin"))
        self.restore(state["snapshot"])


ForecastStream.__module__ = "gruc.runtime"  # as Stream
__test__ = {"ForecastStream": ForecastStream}
