"""Times of series, and how they go on, by NumPy alone.

Frequencies are written as pandas writes them. Of those that pandas knows, these are the ones that are plain
arithmetic: multiples of hours and less, days, weeks, months, quarters, years, and business days.
"""

import re
from datetime import UTC
from typing import NamedTuple

import numpy as np

# units of np.timedelta64 by pandas' names, with those of earlier versions
CLOCK = {"h": "h", "min": "m", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}
CLOCK |= {"H": "h", "T": "m", "S": "s", "L": "ms", "U": "us", "N": "ns"}
DAYS = {"D": 1, "W": 7}
MONTH_STARTS = {"MS": 1, "QS": 3, "YS": 12, "AS": 12}
MONTH_ENDS = {"ME": 1, "M": 1, "QE": 3, "Q": 3, "YE": 12, "Y": 12, "A": 12}
PERIODS = {"M": 1, "Q": 3, "Y": 12, "A": 12}
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# seconds; offsets of time zones change at whole quarters of an hour
QUARTER = 900


class Times(NamedTuple):
    """Where a series ends, and how its times go on; plain values.

    Parameters
    ----------
    kind : {"datetime", "period"}
    last : int
        The last time: units since 1970, in UTC where there is a zone; of periods how pandas counts them.
    step : str
        Frequency.
    unit : str or None
        Of datetimes.
    zone : str or None
        Name of the time zone.
    """

    kind: str
    last: int
    step: str
    unit: str | None = None
    zone: str | None = None

    def local(self, steps):
        """Times on the clocks of the place, datetime64 without a zone; of a period its start.

        Parameters
        ----------
        steps : ndarray of int
            1 is the first time after the last one.

        Raises
        ------
        ValueError
            A frequency or a time zone that needs pandas.
        """
        n, name, anchor = self._parts()
        steps = np.asarray(steps, np.int64) * n
        if self.kind == "period":
            return self._starts_of_periods(self.last + steps, name, anchor)
        last = np.datetime64(self.last, self.unit)
        if name in CLOCK:
            return self._on_clocks(last + steps * np.timedelta64(1, CLOCK[name]))
        last = self._on_clocks(last[np.newaxis])[0]
        day = last.astype("M8[D]")
        if name in DAYS:
            days = day + steps * DAYS[name]
        elif name in MONTH_STARTS:
            days = (day.astype("M8[M]") + steps * MONTH_STARTS[name]).astype("M8[D]")
        elif name in MONTH_ENDS:
            days = (day.astype("M8[M]") + steps * MONTH_ENDS[name] + 1).astype("M8[D]") - 1
        elif name == "B":
            days = np.busday_offset(day, steps, roll="backward")
        else:
            self._refuse(f"the frequency {self.step!r}")
        return days + (last - day)

    def starting_at(self, time):
        """The same with this time as the last one, a datetime64; of periods the one that it falls into.

        In UTC where there is a zone.
        """
        if self.kind == "datetime":
            return self._replace(last=int(time.astype(f"M8[{self.unit}]").astype(np.int64)))
        _, name, anchor = self._parts()
        below, above = -1, 1
        while self._starts_of_periods(np.array([above]), name, anchor)[0] <= time:
            above *= 2
        while self._starts_of_periods(np.array([below]), name, anchor)[0] > time:
            below *= 2
        while above - below > 1:  # by halves: periods rise
            middle = (above + below) // 2
            if self._starts_of_periods(np.array([middle]), name, anchor)[0] <= time:
                below = middle
            else:
                above = middle
        return self._replace(last=below)

    def moved(self, n):
        """The same, n times later.

        Raises
        ------
        ValueError
            As `local`.
        """
        if self.kind == "period":
            return self._replace(last=self.last + n * self._parts()[0])
        return self._replace(last=self.last + self._distance(n))

    def _distance(self, n):
        """Units from the last time to the one n steps later."""
        step, name, _ = self._parts()
        if name in CLOCK:
            return int((n * step * np.timedelta64(1, CLOCK[name])) / np.timedelta64(1, self.unit))
        here, there = self.local(np.array([0, n]))
        units = int((there - here) / np.timedelta64(1, self.unit))
        if self.zone is None:
            return units
        # clocks of the place may have been put forward or back between
        second = int(np.timedelta64(1, "s") / np.timedelta64(1, self.unit))
        first, guess = self._offsets(np.array([self.last // second, (self.last + units) // second]))
        units += int(first - guess) * second
        (offset,) = self._offsets(np.array([(self.last + units) // second]))
        return units + int(guess - offset) * second

    def _parts(self):
        """Multiple, name and anchor of the frequency."""
        found = re.fullmatch(r"(\d*)([A-Za-z]+)(?:-([A-Z]{3}))?", self.step)
        if found is None:
            self._refuse(f"the frequency {self.step!r}")
        n, name, anchor = found.groups()
        return int(n or 1), name, anchor

    def _starts_of_periods(self, numbers, name, anchor):
        """Starts of periods, as pandas numbers them."""
        if name in CLOCK:
            return numbers.astype(f"M8[{CLOCK[name]}]")
        if name == "D":
            return numbers.astype("M8[D]")
        if name == "W" and anchor in (None, *WEEKDAYS):
            return (7 * numbers - 10 + WEEKDAYS.index(anchor or "SUN")).astype("M8[D]")
        if name in PERIODS and anchor in (None, *MONTHS):
            ends = 0 if name == "M" else MONTHS.index(anchor or "DEC") - 11
            return (PERIODS[name] * numbers + ends).astype("M8[M]").astype("M8[D]")
        if name == "B":
            return np.busday_offset("1970-01-01", numbers)
        self._refuse(f"periods of the frequency {self.step!r}")

    def _on_clocks(self, times):
        """Times in UTC on the clocks of the zone; without a zone the same."""
        if self.zone is None:
            return times
        return times + self._offsets(times.astype("M8[s]").astype(np.int64)).astype("m8[s]")

    def _offsets(self, seconds):
        """Offsets of the zone (n,) in seconds, at seconds since 1970 in UTC."""
        from datetime import datetime

        zone = self._zone()
        quarters, which = np.unique(seconds // QUARTER, return_inverse=True)
        offsets = [
            datetime.fromtimestamp(quarter * QUARTER, zone).utcoffset().total_seconds()
            for quarter in quarters.tolist()
        ]
        return np.array(offsets, np.int64)[which.reshape(-1)]

    def _zone(self):
        from datetime import timedelta, timezone
        from zoneinfo import ZoneInfo

        fixed = re.fullmatch(r"(?:UTC)?([+-])(\d\d):(\d\d)", self.zone)
        if fixed is not None:
            sign, hours, minutes = fixed.groups()
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            return timezone(offset if sign == "+" else -offset)
        try:
            return UTC if self.zone == "UTC" else ZoneInfo(self.zone)
        except (LookupError, OSError, ValueError):
            self._refuse(f"the time zone {self.zone!r}, which is not among those of this machine,")

    def _refuse(self, what):
        raise ValueError(
            f"The model reads a calendar, and {what} needs pandas: predict and update with gruc.load(path)."
        )
