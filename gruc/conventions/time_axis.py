"""The times of a series, and how they continue.

pandas is imported where an index has to be made, so that arrays are forecast without it.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np

INDEX_KINDS = "a DatetimeIndex, PeriodIndex, TimedeltaIndex, RangeIndex or an index of integers"


class TimeAxis(NamedTuple):
    """Where a series ends, and the step from each time to the next; plain values.

    Parameters
    ----------
    kind : {"datetime", "period", "timedelta", "integer"}
    last : int
        The last time, as the index counts: units since 1970, periods, units, or the integer itself.
    step : str or int
        Frequency, as pandas writes it, or the difference of integers.
    name : object
        Name of the index.
    unit : str or None
        Of datetimes and timedeltas, such as "ns".
    tz : tzinfo or None
    """

    kind: str
    last: int
    step: Any
    name: Any = None
    unit: str | None = None
    tz: Any = None

    @classmethod
    def of_index(cls, index, name):
        """The axis of a pandas index.

        Parameters
        ----------
        index : pandas.Index
            Of one level.
        name : str
            Name of the data in errors.

        Raises
        ------
        TypeError
            An index of something else than times or integers.
        ValueError
            Times are missing, occur twice or are not in order, or there are too few to know the frequency.
        """
        kind = _kind(index, name)
        counts = np.asarray(index if kind == "integer" else index.asi8)
        _check_order(index, counts, name)
        last = int(counts[-1])
        if kind == "period":
            _check_gaps(index, np.diff(counts) == index.freq.n, index.freqstr, name)
            return cls(kind, last, index.freqstr, index.name)
        if kind == "integer":
            return cls(kind, last, _integer_step(index, counts, name), index.name)
        freq = _frequency(index, name)
        return cls(kind, last, freq, index.name, index.unit, getattr(index, "tz", None))

    def after(self, steps):
        """The index of times that follow the last one.

        Parameters
        ----------
        steps : ndarray of int, rising
            1 is the next time. Or consecutive ones up to 0, which is the last time itself.

        Returns
        -------
        pandas.Index
        """
        import pandas as pd

        steps = np.asarray(steps)
        if steps[-1] == 0:
            return self.until(len(steps))
        if self.kind == "integer":
            times = self.last + self.step * steps
            if (np.diff(steps) == 1).all():
                return pd.RangeIndex(int(times[0]), int(times[-1]) + self.step, self.step, name=self.name)
            return pd.Index(times, name=self.name)
        if self.kind == "period":
            start = pd.PeriodIndex.from_ordinals([self.last], freq=self.step)
            return (start.repeat(len(steps)) + steps).rename(self.name)
        start = self.last_time()
        make = pd.date_range if self.kind == "datetime" else pd.timedelta_range
        times = make(start, periods=int(steps[-1]) + 1, freq=self.step, unit=self.unit, name=self.name)
        if (np.diff(steps) == 1).all():
            return times[steps[0] : steps[-1] + 1]
        return times[steps]

    def until(self, n):
        """The index of the last n times."""
        import pandas as pd

        if self.kind == "integer":
            stop = self.last + self.step
            return pd.RangeIndex(stop - n * self.step, stop, self.step, name=self.name)
        if self.kind == "period":
            start = pd.PeriodIndex.from_ordinals([self.last], freq=self.step)
            return (start.repeat(n) - np.arange(n)[::-1]).rename(self.name)
        make = pd.date_range if self.kind == "datetime" else pd.timedelta_range
        return make(end=self.last_time(), periods=n, freq=self.step, unit=self.unit, name=self.name)

    def continued_by(self, index, name):
        """The axis with the times of an index that follows, without a gap.

        Raises
        ------
        TypeError, ValueError
            It is of another kind, or does not follow.
        """
        if _kind(index, name) != self.kind:
            raise TypeError(
                f"The index of {name} is a {type(index).__name__}, but that of the series known so far is of "
                f"the kind {self.kind!r}. Give times as before."
            )
        expected = self.after(np.arange(1, len(index) + 1))
        wrong = np.flatnonzero(np.asarray(index != expected))
        if len(wrong):
            raise ValueError(
                f"The index of {name} has {index[wrong[0]]} where {expected[wrong[0]]} follows: the "
                f"series known so far end at {self.last_time()}, with the frequency {self.step!r}. Give the "
                "values from there on, each once, without gaps."
            )
        return self.moved(len(index))

    def moved(self, n):
        """The axis n times later."""
        if self.kind == "integer":
            return self._replace(last=self.last + n * self.step)
        last = self.after(np.array([n]))
        return self._replace(last=int(last.asi8[0]))

    def ending_with(self, times):
        """The axis that ends with the last of some of its times, an index."""
        return self._replace(last=int(times[-1] if self.kind == "integer" else times.asi8[-1]))

    def last_time(self):
        """The last time: a Timestamp, Period, Timedelta or int."""
        import pandas as pd

        if self.kind == "integer":
            return self.last
        if self.kind == "period":
            return pd.Period(ordinal=self.last, freq=self.step)
        kind = pd.Timestamp if self.kind == "datetime" else pd.Timedelta
        last = kind(
            np.array(self.last).astype(f"{'M' if self.kind == 'datetime' else 'm'}8[{self.unit}]")[()]
        )
        return last if self.tz is None else last.tz_localize("UTC").tz_convert(self.tz)

    def steps_to(self, times, name="fh"):
        """How many steps after the last time each of the `times` is, an index of this kind.

        Raises
        ------
        TypeError
            Times of another kind.
        ValueError
            Times that are not after the last one, or between two steps.
        """
        kind = _kind(times, name)
        if kind != self.kind:
            raise TypeError(
                f"{name} is a {type(times).__name__}, but the index of y is of the kind {self.kind!r}. Give "
                "times as y has them, or integers: 1 is the first time after y."
            )
        if (getattr(times, "tz", None) is None) != (self.tz is None):
            raise TypeError(
                f"{name} has the time zone {getattr(times, 'tz', None)}, and the index of y {self.tz}. Use "
                f"{name}.tz_localize or {name}.tz_convert."
            )
        last = self.last_time()
        if not (times > last).all():
            raise ValueError(
                f"{name} contains {times[~(times > last)][0]}, which is not after the last time of y, "
                f"{last}. Forecasts are of times after y."
            )
        if kind == "period":
            return (times.asi8 - self.last) // times.freq.n
        n = 2
        while self.after(np.array([n]))[0] < times.max():
            n *= 2
        steps = self.after(np.arange(1, n + 1)).get_indexer(times) + 1
        if (steps == 0).any():
            raise ValueError(
                f"{name} contains {times[steps == 0][0]}, which is not a time of y's frequency {self.step!r} "
                f"after {last}."
            )
        return steps


def _kind(index, name):
    """The kind of an index of times."""
    for kind in ("Datetime", "Period", "Timedelta"):
        if type(index).__name__ == f"{kind}Index":
            return kind.lower()
    if index.dtype.kind in "iu" and index.nlevels == 1:
        return "integer"
    raise TypeError(
        f"The index of {name} is {index.dtype}; expected {INDEX_KINDS}. Convert times with "
        f"pandas.to_datetime, or number the rows: {_code(name)}.reset_index(drop=True)."
    )


def _code(name):
    """Source text of the series that messages call "y", or "y, series 'a',"."""
    frame, _, key = name.rstrip(",").partition(", series ")
    return f"{frame}.loc[{key}]" if key else frame


def _check_order(index, counts, name):
    if index.hasnans:
        raise ValueError(f"The index of {name} has a missing time (NaT). Remove or complete such rows.")
    wrong = np.flatnonzero(np.diff(counts) <= 0)
    if len(wrong):
        before, time = index[wrong[0]], index[wrong[0] + 1]
        if before == time:
            raise ValueError(
                f"The index of {name} has {time} twice. Keep one value for each time, for example "
                f"{_code(name)}.groupby(level=-1).mean()."
            )
        raise ValueError(
            f"The index of {name} is not sorted: {time} follows {before}. Use {_code(name)}.sort_index()."
        )


def _check_gaps(index, regular, freq, name):
    gaps = np.flatnonzero(~regular)
    if len(gaps):
        raise ValueError(
            f"The index of {name} lacks times: {index[gaps[0] + 1]} follows {index[gaps[0]]}, and the "
            f"frequency is {freq!r}. Complete it, for example with {_completed(index, freq, name)}."
        )


def _completed(index, freq, name):
    """Source text of a series without gaps."""
    kind = type(index).__name__
    if kind == "DatetimeIndex":
        return f"{_code(name)}.asfreq({freq!r}).interpolate()"
    return f"{_code(name)}.reindex(...).interpolate() over all times"


def _integer_step(index, counts, name):
    if len(counts) == 1:
        return int(getattr(index, "step", 1))
    differences = np.diff(counts)
    step = int(differences.min())
    _check_gaps(index, differences == step, step, name)
    return step


def _frequency(index, name):
    """Frequency of datetimes or timedeltas, as pandas infers it."""
    import pandas as pd

    if index.freq is not None:
        return index.freqstr
    freq = _inferred(index)
    if freq is None and len(index) > 2:
        freq = _frequency_of_parts(index)
        if freq is not None:
            regular = np.isin(pd.date_range(index[0], index[-1], freq=freq), index)
            missing = np.argmin(regular)
            _check_gaps(index, np.arange(1, len(index)) != missing, freq, name)
        differences, counts = np.unique(np.diff(index.asi8), return_counts=True)
        common = pd.Timedelta(differences[np.argmax(counts)], unit=index.unit)
        at = np.flatnonzero(np.diff(index.asi8) != differences[np.argmax(counts)])[0]
        rule = pd.tseries.frequencies.to_offset(common).freqstr
        raise ValueError(
            f"The index of {name} has no regular frequency: most times are {common} apart, but "
            f"{index[at + 1]} follows {index[at]}. Aggregate it to regular times and fill the rest, "
            f"for example {_code(name)}.resample({rule!r}).mean().interpolate()."
        )
    if freq is None:
        raise ValueError(
            f"The index of {name} has {len(index)} times, too few to infer a frequency from. Say it: "
            f"{_code(name)}.asfreq('D') for days."
        )
    return freq


def _inferred(index):
    """Frequency that pandas infers, or None."""
    import pandas as pd

    if len(index) < 3:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 says that it will return an offset one day
        freq = pd.infer_freq(index)
    return getattr(freq, "freqstr", freq)


def _frequency_of_parts(index):
    """Frequency of an index with gaps: that of a part without gaps, if all times fit it; or None."""
    import pandas as pd

    if type(index).__name__ != "DatetimeIndex":
        return None
    for n_parts in (2, 4, 8, 16):
        size = len(index) // n_parts
        for start in range(0, size * n_parts, max(size, 1)):
            freq = _inferred(index[start : start + size])
            if freq is not None and index.isin(pd.date_range(index[0], index[-1], freq=freq)).all():
                return freq
    return None
