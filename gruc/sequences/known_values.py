"""The last values of series, from which forecasts start."""

from typing import NamedTuple

import numpy as np


class KnownValues(NamedTuple):
    """The last values of series, differenced, and what undoes the differencing.

    Parameters
    ----------
    recent : list of ndarray of shape (t_i,), float64
        Differences of the order that is asked for; of order 0 the values themselves.
    ends : ndarray of shape (n_series, order)
        The last value of each series, the last difference, and so on: what forecasts are added to.
    """

    recent: list
    ends: np.ndarray

    @classmethod
    def of(cls, values, order):
        """All values of series, arrays (t_i,) with more values than `order`."""
        recent = [np.diff(array, order) for array in values] if order else values
        return cls(recent, np.array([[np.diff(array, k)[-1] for k in range(order)] for array in values]))

    def describe(self):
        """The arrays in a model file, by name."""
        return {
            "known.values": np.concatenate(self.recent),
            "known.lengths": np.array([len(array) for array in self.recent], np.int64),
            "known.ends": np.asarray(self.ends, np.float64),
        }

    @classmethod
    def described(cls, fields, arrays, least):
        """The values that `describe` described, of each series `least` or more; their arrays are popped.

        `fields` are `files.fields.Fields`, for errors.
        """
        values, lengths, ends = (arrays.pop(f"known.{name}", None) for name in ("values", "lengths", "ends"))
        if lengths is None or lengths.dtype != np.int64 or lengths.ndim != 1 or not len(lengths):
            fields.refuse("known.lengths are no lengths of series")
        for name, array in (("values", values), ("ends", ends)):
            if array is None or array.dtype != np.float64 or array.ndim != (1 if name == "values" else 2):
                fields.refuse(f"known.{name} is no array of float64")
        fits = 0 < least <= lengths.min() and lengths.max() <= len(values)
        if not fits or lengths.sum() != len(values) or len(ends) != len(lengths):
            fields.refuse(f"its series are not of {least} values or more, or not all there")
        copies = np.split(np.array(values), np.cumsum(lengths)[:-1])
        return cls(copies, np.array(ends))

    @property
    def order(self):
        """How many times the series are differenced."""
        return self.ends.shape[1]

    def followed_by(self, values):
        """These values and those that follow, arrays (k_i,)."""
        ends, recent = self.ends.copy(), list(self.recent)
        for i, array in enumerate(values):
            if not len(array):
                continue
            later, of_later = differenced(array[np.newaxis], ends[i : i + 1])
            recent[i] = np.concatenate([self.recent[i], later[0]])
            ends[i] = of_later[0, -1]
        return KnownValues(recent, ends)

    def last(self, n):
        """The last n values of each series, or all where there are fewer; copies."""
        return self._replace(recent=[array[-n:].copy() for array in self.recent])

    def stacked(self, n):
        """The last n values of each series, (n_series, n); each has as many."""
        return np.stack([array[len(array) - n :] for array in self.recent])

    def undifferenced(self, forecasts):
        """Forecasts (n_series, n_ahead) of the series, by those of their differences."""
        return undifferenced(forecasts, self.ends)


def differenced(values, ends):
    """Differences of values (n, k) that follow series with these `ends` (n, order), and ends after each.

    The latter are (n, k, order).
    """
    ends_after = np.empty((*values.shape, ends.shape[1]))
    for k in range(ends.shape[1]):
        ends_after[:, :, k] = values
        values = np.diff(values, axis=1, prepend=ends[:, k : k + 1])
    return values, ends_after


def undifferenced(forecasts, ends):
    """Forecasts (n, n_ahead) of series with these `ends` (n, order), by those of their differences."""
    for end in ends.T[::-1]:
        forecasts = np.cumsum(forecasts, axis=1) + end[:, np.newaxis]
    return forecasts
