"""Which columns a forecaster reads beside its series, in a model file: plain values."""

from typing import NamedTuple

from .fields import is_flag
from .json_values import as_json, from_json

ADVICE = "Rename the columns of X, or pickle the model."
# columns of the network for each feature of the calendar: sine and cosine of a cycle, or one
CALENDAR = {"hour": 2, "weekday": 2, "month": 2, "holidays": 1}


class Columns(NamedTuple):
    """Which columns a forecaster was fitted with; plain values.

    Parameters
    ----------
    names : list or None
        Of X; None without X.
    past_only : tuple
        Those of X that are not known ahead.
    calendar : tuple of str
    country : str or None
        Of holidays.
    static : bool
    """

    names: list | None = None
    past_only: tuple = ()
    calendar: tuple = ()
    country: str | None = None
    static: bool = False

    @property
    def names_ahead(self):
        """Columns of X that are known ahead."""
        return [] if self.names is None else [name for name in self.names if name not in self.past_only]

    def describe(self):
        """The description in a model file, an object for JSON."""
        name = "the name of a column of X"
        return {
            "names": as_json(self.names, name, ADVICE),
            "past_only": as_json(list(self.past_only), name, ADVICE),
            "calendar": list(self.calendar),
            "country": self.country,
            "static": self.static,
        }

    @classmethod
    def described(cls, fields):
        """The columns that `describe` described; `fields` are `Fields`."""
        names = from_json(fields.take("names", lambda v: v is None or _are_values(v)), fields.where)
        past_only = from_json(fields.take("past_only", _are_values), fields.where)
        calendar = fields.take("calendar", lambda v: _are_values(v) and all(map(CALENDAR.__contains__, v)))
        country = fields.take("country", lambda v: v is None or isinstance(v, str))
        static = fields.take("static", is_flag)
        fields.end()
        known = names or []
        for given in (known, past_only, calendar):
            if any(isinstance(name, (list, dict)) for name in given) or len(set(given)) < len(given):
                fields.refuse(f"{given!r:.60} are no names of columns, each once")
        if names == [] or not set(past_only) <= set(known):
            fields.refuse("past_only are no columns of X")
        return cls(names, tuple(past_only), tuple(calendar), country, static)

    def widths(self):
        """Number of columns of each table: that of X, and that of the calendar."""
        tables = [] if self.names is None else [len(self.names)]
        return tables + ([sum(CALENDAR[name] for name in self.calendar)] if self.calendar else [])


NO_COLUMNS = Columns()


def _are_values(value):
    return isinstance(value, list) and not any(isinstance(item, list) for item in value)
