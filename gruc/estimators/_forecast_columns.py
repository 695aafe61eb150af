"""Covariates of a forecaster: X, calendar and static columns, as `Covariates`."""

from typing import NamedTuple

import numpy as np

from ..conventions.calendar import calendar_of, calendar_table
from ..conventions.exogenous import Steps, columns_at, n_steps_given, static_columns, table_of
from ..files.series_columns import Columns
from ..sequences import Covariates, Table


class Given(NamedTuple):
    """What the user has given beside series, checked.

    Parameters
    ----------
    table : Table or None
        X.
    names : list or None
        Of its columns.
    past_only : tuple
    static : ndarray of shape (n_series, s) or None
    """

    table: Table | None
    names: list | None
    past_only: tuple
    static: np.ndarray | None

    @classmethod
    def of(cls, model, series, X, static):
        """Of X and static covariates at the times of series."""
        past_only, table, names = _past_only(model.past_only), None, None
        if X is not None:
            table, names = table_of(X, Steps(series), past_only)
        elif past_only:
            raise ValueError(f"past_only is {past_only!r}, but there is no X. Give X, or set past_only=().")
        return cls(table, names, past_only, None if static is None else static_columns(static, series))

    def moved(self, n):
        """From step n (n_series,) on."""
        return self if self.table is None else self._replace(table=self.table.moved(n))


def covariates_of_fit(model, given, series, known=None):
    """What is known beside these series, or None; and its `Columns`.

    `known` are the columns of a network to go on with; None for a new one.
    """
    if given.past_only and model.strategy == "recursive":
        raise ValueError(
            f"past_only is {given.past_only!r}, and with strategy='recursive' windows of forecasts are read, "
            "in which these columns are not known. Take strategy='direct' or 'decoder', or leave them out."
        )
    if known is not None and model.calendar == "auto":
        calendar = known.calendar
    else:
        calendar = calendar_of(model.calendar, model.holidays, series)
    columns = Columns(given.names, given.past_only, calendar, model.holidays, given.static is not None)
    if known is not None and columns != known:
        raise ValueError(
            f"The existing network was made with {_written(known)}, not with {_written(columns)}. Give "
            "the same columns, or start anew: call fit with warm_start=False, or clone the forecaster."
        )
    covariates = covariates_of(columns, given.table, series)
    return covariates if covariates is None else covariates._replace(static=given.static), columns


def _written(columns):
    """Columns in a message."""
    parts = {"columns of X": columns.names, "past_only": columns.past_only, "calendar": columns.calendar}
    parts |= {"holidays": columns.country, "static": columns.static}
    written = ", ".join(f"{name} {value!r}" for name, value in parts.items() if value)
    return written or "no columns"


def covariates_of_update(columns, series, X):
    """What is known beside later values of the series that `columns` were fitted with, or None."""
    _check_given(columns, X, "update", columns.names)
    table = None
    if columns.names is not None:
        table = table_of(X, Steps(series), columns.past_only, columns.names)[0]
    return covariates_of(columns, table, series)


def covariates_of(columns, table, series):
    """`Covariates` without static covariates at the steps of series; `table` is that of X."""
    tables = [] if table is None else [table]
    if columns.calendar:
        lengths = [len(values) for values in series.values]
        tables.append(calendar_table(_axes(series), lengths, 0, columns.calendar, columns.country))
    return Covariates(tuple(tables)) if tables or columns.static else None


def covariates_ahead(columns, form, X, n_ahead, n_read):
    """What is known of the steps after the series, or None.

    Parameters
    ----------
    columns : Columns
    form : TimeSeries
        Of the series.
    X : frame, array, list or None
        Of the next `n_ahead` steps, or more. It may lack the columns of `past_only`.
    n_ahead, n_read : int
        Steps that are asked for, and that are read; where X has fewer, the last of them stand for the others.
    """
    names = columns.names_ahead
    _check_given(columns, X, "predict", names)
    if not names:
        return ahead_of(columns, _axes(form), None, 0, n_read)
    X = _without(X, columns.names, names)
    n_given = max(n_ahead, n_steps_given(X, form, n_read))
    values, first, _ = columns_at(X, Steps(form, n_given), names)
    all_columns = np.full((len(values), len(columns.names)), np.nan)
    all_columns[:, [columns.names.index(name) for name in names]] = values
    return ahead_of(columns, _axes(form), Table.of(all_columns, first), n_given, n_read)


def ahead_of(columns, axes, given, n_given, n_read):
    """`Covariates` of the `n_read` steps after axes; `given` is the table of X, of `n_given` of them."""
    tables = []
    if columns.names is not None:
        if given is None:  # no column is known ahead
            values = np.full((1, len(columns.names)), np.nan)
            given, n_given = Table.of(values, np.zeros(len(axes))), 1
        tables.append(given.lengthened(n_given, n_read))
    if columns.calendar:
        tables.append(calendar_table(axes, [0] * len(axes), n_read, columns.calendar, columns.country))
    return Covariates(tuple(tables)) if tables or columns.static else None


def _past_only(past_only):
    """The parameter as a tuple."""
    if isinstance(past_only, str):
        raise TypeError(
            f"past_only is {past_only!r}; give a tuple or list of columns of X, ({past_only!r},)."
        )
    names = tuple(past_only)
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(f"past_only contains {twice[0]!r} twice. Give each column once.")
    return names


def _check_given(columns, X, method, names):
    """Refuse X where fit had none, and its absence where there was one."""
    if X is None and names:
        when = "the steps ahead" if method == "predict" else "the times of y"
        raise ValueError(
            f"X is missing: the forecaster was fitted with the columns {names}. Give {method} their values "
            f"at {when}."
        )
    if X is not None and columns.names is None:
        raise ValueError("X is given, but the forecaster was fitted without. Leave it out, or fit with X.")


def _without(X, names, wanted):
    """X without the columns that are not `wanted`, where it has all `names`."""
    if names == wanted:
        return X
    if isinstance(X, (list, tuple)) and len(X) and hasattr(X[0], "shape"):
        return [_without(part, names, wanted) for part in X]
    if hasattr(X, "columns"):
        return X[wanted] if list(X.columns) == names else X
    array = np.asarray(X)
    places = [names.index(name) for name in wanted]
    return array[..., places] if array.ndim > 1 and array.shape[-1] == len(names) else X


def _axes(series):
    """The axis of each series."""
    return [series.axis(i) for i in range(series.n_series)]
