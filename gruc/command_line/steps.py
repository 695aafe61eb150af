"""Steps of sequences in a CSV: numbers or timestamps, and gaps between them."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np

# whole numbers of this size are times, as seconds or microseconds since 1970, not counts of steps
FIRST_TIMESTAMP = 1e9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StepParser:
    """Steps as numbers; timestamps as microseconds since 1970.

    Parameters
    ----------
    number : callable
        Parses a number, or raises a ValueError.
    """

    def __init__(self, number):
        self.number = number
        self.zone = None  # "some" or "none" once the first step is a timestamp, False once it is a number

    def __call__(self, cell):
        """The number of a step; all steps must be of the kind of the first."""
        cell = cell.strip()
        if not self.zone:
            try:
                value = self.number(cell)
            except ValueError:
                if self.zone is False:
                    raise
            else:
                if not math.isfinite(value):
                    raise ValueError(f"step is {cell}")
                self.zone = False
                return value
        try:
            time = datetime.fromisoformat(cell)
        except ValueError:
            raise ValueError(
                f"step {cell!r} is neither a number nor a timestamp like 2026-01-31T12:00:00"
            ) from None
        zone = "none" if time.tzinfo is None else "some"
        if (self.zone or zone) != zone:
            raise ValueError(
                f"step {cell!r} has {'no' if zone == 'none' else 'a'} time zone, unlike those before"
            )
        self.zone = zone
        return (time.replace(tzinfo=time.tzinfo or UTC) - EPOCH) / timedelta(microseconds=1)

    def format(self, step):
        """A step in the form in which it was given, or nearly."""
        if not self.zone:
            return f"{step:.15g}"  # seconds since 1970 in full
        time = EPOCH + timedelta(microseconds=step)
        return (time.replace(tzinfo=None) if self.zone == "none" else time).isoformat()


def first_gap(steps):
    """Index of the step before the first gap in ascending steps (t,), or None.

    Whole numbers have a gap if they are not equidistant. Other steps may be times of irregular
    measurements; they have a gap if all distances are multiples of the smallest one, which is that
    of at least half of them.
    """
    distances = np.diff(steps)
    if len(distances) < 2:
        return None
    multiples = distances / distances.min()
    wider = np.flatnonzero(np.abs(multiples - 1) > 1e-6)
    if len(wider) == 0:
        return None
    whole = (steps == np.rint(steps)).all() and np.abs(steps).max() < FIRST_TIMESTAMP
    regular = (np.abs(multiples - np.rint(multiples)) < 1e-6).all() and 2 * len(wider) <= len(distances)
    return int(wider[0]) if whole or regular else None
