"""The form of a forecaster's series in a model file: container, names and times, as plain values."""

from typing import NamedTuple

import numpy as np

from .fields import Fields, is_count, quoted
from .json_values import as_json, from_json
from .strings import strings_as_arrays, strings_from_arrays

FORMS = ("series", "columns", "long", "array", "rows", "list")
# forms of one series, whose forecasts have no axis of series
ONE_SERIES = ("series", "array")
# forms in which each series has an axis of its own; others have one for all
OWN_AXES = ("long", "list")
AXES = ("datetime", "period", "timedelta", "integer")
ADVICE = "Rename the series, or what names their index, or pickle the model."
PREFIX = "form."


class SeriesForm(NamedTuple):
    """What `gruc.conventions.time_series.TimeSeries` knows of series beside their values.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    axes : list of tuple
        (kind, last, step, name, unit, name of the time zone) of each series, or one for all.
    names, labels : object
        As in `TimeSeries`.
    """

    form: str
    axes: list
    names: object = None
    labels: tuple = ()

    def describe(self):
        """The description in a model file: an object for JSON, and arrays by name.

        Raises
        ------
        TypeError, ValueError
            Names or times that a file does not hold.
        """
        distinct = {}
        for kind, _, *rest in self.axes:
            distinct.setdefault((kind, *rest), len(distinct))
        arrays = {
            f"{PREFIX}axis": np.array([distinct[kind, *rest] for kind, _, *rest in self.axes], np.int64),
            f"{PREFIX}last": _int64([last for _, last, *_ in self.axes], "The last time of y"),
        }
        axes = [as_json(list(axis), "a name or step of the index of y", ADVICE) for axis in distinct]
        names, of_names = _names_as_json(self.names)
        labels = as_json(self.labels, "a label of y", ADVICE)
        return {"form": self.form, "axes": axes, "names": names, "labels": labels}, arrays | of_names

    @classmethod
    def described(cls, fields, arrays, n_series):
        """The form that `describe` described, of `n_series` series; its arrays are popped."""
        form = fields.take("form", lambda v: isinstance(v, str) and v in FORMS)
        if form in ONE_SERIES and n_series != 1:
            fields.refuse(f"{form} is the form of one series, not of {n_series}")
        distinct = fields.take("axes", lambda v: isinstance(v, list) and len(v) > 0)
        distinct = [_axis(fields, axis) for axis in distinct]
        n_axes = n_series if form in OWN_AXES else 1
        index, last = (arrays.pop(f"{PREFIX}{name}", None) for name in ("axis", "last"))
        for array in (index, last):
            if array is None or array.dtype != np.int64 or array.shape != (n_axes,):
                fields.refuse(f"its times are not {n_axes} integers")
        if index.min() < 0 or index.max() >= len(distinct):
            fields.refuse("its times are of an index that is missing")
        axes = [
            (distinct[i][0], end, *distinct[i][1:])
            for i, end in zip(index.tolist(), last.tolist(), strict=True)
        ]
        names = _names_from_json(fields, fields.take("names", lambda v: True), arrays)
        labels = from_json(fields.take("labels", lambda v: True), fields.where)
        _check_names(fields, form, names, labels, n_series)
        fields.end()
        return cls(form, axes, names, labels)


def _axis(fields, described):
    """Kind, step, name, unit and time zone of an axis, checked."""
    match from_json(described, fields.where):
        case [str(kind), step, name, unit, zone] if (
            kind in AXES
            and (is_step(step) if kind == "integer" else isinstance(step, str))
            and (unit in ("s", "ms", "us", "ns") if kind in ("datetime", "timedelta") else unit is None)
            and (zone is None or (kind == "datetime" and isinstance(zone, str)))
            and _is_hashable(name)
        ):
            return kind, step, name, unit, zone
    fields.refuse(f"{quoted(described)} describes no index")


def is_step(value):
    """Whether a value is a step of integers."""
    return is_count(value) or (type(value) is int and 0 < value < 2**63)


def _is_hashable(value):
    return not isinstance(value, (list, dict)) and (
        not isinstance(value, tuple) or all(map(_is_hashable, value))
    )


def _check_names(fields, form, names, labels, n_series):
    """Refuse names and labels that series of this form do not have."""
    several = isinstance(names, list)
    is_pandas_list = form == "list" and several
    fits = {
        "series": not several and _is_hashable(names),
        "array": names is None,
        "list": names is None or is_pandas_list,
    }.get(form, several)
    if not fits or (several and (len(names) != n_series or not all(map(_is_hashable, names)))):
        fields.refuse(f"{quoted(names)} are no names of {n_series} series")
    match form, labels:
        case "columns", (name, [*levels]) if _is_hashable(name) and all(map(_is_hashable, levels)):
            return
        case "long", ([*levels], column) if len(levels) > 1 and all(map(_is_hashable, levels)):
            if _is_hashable(column) or (
                isinstance(column, list) and len(column) == 1 and _is_hashable(column[0])
            ):
                return
        case _, () if form not in ("columns", "long"):
            return
    fields.refuse(f"{quoted(labels)} are no labels of series")


def _names_as_json(names):
    """Names as an object of a description, and arrays: there may be tens of thousands."""
    if isinstance(names, list) and names:
        if all(type(name) is str for name in names):
            return {"kind": "strings"}, strings_as_arrays(names, f"{PREFIX}names")
        if all(type(name) is int for name in names):
            return {"kind": "integers"}, {f"{PREFIX}names": _int64(names, "The name of a series")}
    return {"kind": "values", "values": as_json(names, "the name of a series", ADVICE)}, {}


def _names_from_json(fields, description, arrays):
    fields = Fields(description, f"{fields.where} names,")
    kind = fields.take("kind", lambda v: v in ("strings", "integers", "values"))
    if kind == "values":
        names = from_json(fields.take("values", lambda v: True), fields.where)
    elif kind == "strings":
        names = strings_from_arrays(fields, arrays, f"{PREFIX}names")
    else:
        array = arrays.pop(f"{PREFIX}names", None)
        if array is None or array.dtype != np.int64 or array.ndim != 1:
            fields.refuse("they are no integers")
        names = array.tolist()
    fields.end()
    return names


def _int64(values, what):
    try:
        return np.array(values, np.int64)
    except OverflowError:
        raise ValueError(f"{what} does not fit 64 bits, which a model file has for it.") from None
