"""Later values of series, and covariates, as arrays."""

import numpy as np

from ..sequences import LARGEST, Covariates, Table, is_list_of_arrays, numeric_array

# everything before the network is computed in float64
LIMIT = LARGEST[np.dtype(np.float64)]


def later_values(y, n_series, one_series):
    """Values of each series, checked: a list of arrays (k_i,) of float64.

    Parameters
    ----------
    y : array of shape (k,), array of shape (n_series, k) or list of arrays
    n_series : int
    one_series : bool
        Whether y is one series, (k,).
    """
    if is_list_of_arrays(y) and not one_series:
        arrays = [numeric_array(part, f"y[{i}]") for i, part in enumerate(y)]
    else:
        arrays = numeric_array(y, "y")
        arrays = arrays[np.newaxis] if one_series and arrays.ndim == 1 else arrays
    expected = "(k,)" if one_series else f"({n_series}, k), or {n_series} of (k_i,)"
    if len(arrays) != n_series or any(part.ndim != 1 or not len(part) for part in arrays):
        raise ValueError(f"y must be later values of the series, {expected}, k > 0.")
    arrays = [part.astype(np.float64) for part in arrays]
    for i, part in enumerate(arrays):
        wrong = ~(np.abs(part) <= LIMIT)  # NaN too
        if wrong.any():
            where = "y" if one_series else f"y[{i}]"
            raise ValueError(
                f"{where} contains {part[wrong][0]:g} at step {np.argmax(wrong)}; values must be finite and "
                f"no larger than {LIMIT:.0e}. Fill missing ones."
            )
    return arrays


def check_reach(columns, strategy, n_ahead, horizon):
    """Refuse steps for which columns would be read that are not known ahead."""
    if columns.past_only and strategy == "direct" and n_ahead > horizon:
        raise ValueError(
            f"fh reaches {n_ahead}, beyond horizon_={horizon}, where forecasts start from forecasts, and the "
            f"past_only columns {list(columns.past_only)} are not known there. Fit with fh={n_ahead}, or "
            "with strategy='decoder', which does not need them."
        )


def covariates_of_arrays(columns, calendar, X, counts, n_read=None):
    """`Covariates` of X and the calendar, of steps after each series.

    Parameters
    ----------
    columns : Columns
        What the model reads.
    calendar : Calendar or None
    X : array of shape (k, n_columns), array of shape (n_series, k, n_columns), list of arrays, or None
        An array (k, n_columns) is for all series.
    counts : ndarray of shape (n_series,)
        Steps of each series, for which X must have rows.
    n_read : int or None
        Steps ahead that are read: X may lack columns of `past_only`, and have more rows; where it has fewer
        rows than are read, the last of them stands for the others. None: of known steps, of which X has all
        columns and no other rows.
    """
    table = table_ahead(columns, X, counts, n_read)
    tables = () if table is None else (table,)
    if columns.calendar:
        n_ahead = int(counts.max()) if n_read is None else n_read
        tables += (calendar.table(0, n_ahead),)
    return Covariates(tables)


def table_ahead(columns, X, counts, n_read, name="X"):
    """The `Table` of X, or None where the model reads none; see `covariates_of_arrays`.

    `name` is that of X, for errors.
    """
    is_ahead = n_read is not None
    names = columns.names_ahead if is_ahead else columns.names or []
    if not names:
        if X is not None:
            raise ValueError(f"{name} is given, but the model reads no columns of these steps. Leave it out.")
        if columns.names is None:
            return None
        nothing = Table.of(np.full((1, len(columns.names)), np.nan), np.zeros(len(counts)))
        return nothing.lengthened(1, n_read)
    if X is None:
        raise ValueError(f"{name} is missing: the model reads the columns {names}, in this order.")
    parts = _arrays(X, len(counts), columns.names, names, name)
    lengths = [len(part) for part in parts]
    wanted = counts if len(parts) == len(counts) else [counts.max()]
    for part, n in zip(parts, wanted, strict=True):
        if len(part) < n or (len(part) > n and not is_ahead):
            raise ValueError(f"{name} has {len(part)} steps; expected {n}, one for each of the steps of y.")
    first = np.cumsum(lengths) - lengths if len(parts) == len(counts) else np.zeros(len(counts))
    values = np.full((sum(lengths), len(columns.names)), np.nan)
    values[:, [columns.names.index(name) for name in names]] = np.concatenate(parts)
    table = Table.of(values, first, [name not in columns.past_only for name in columns.names])
    if is_ahead:
        table = table.lengthened(max(int(counts.max()), min(*lengths, n_read)), n_read)
    return table


def _arrays(X, n_series, all_names, names, name):
    """Arrays (k, n_columns) of the columns `names`, one for each series or one for all."""
    if is_list_of_arrays(X):
        parts = [numeric_array(part, f"{name}[{i}]") for i, part in enumerate(X)]
    else:
        array = numeric_array(X, name)
        parts = list(array) if array.ndim == 3 else [array]
    parts = [part[:, np.newaxis] if part.ndim == 1 else part for part in parts]
    if len(parts) not in (1, n_series):
        raise ValueError(
            f"{name} is of {len(parts)} series, and there are {n_series}. Give it for each of them."
        )
    for i, part in enumerate(parts):
        if part.ndim == 2 and part.shape[1] == len(all_names) > len(names):
            part = part[:, [all_names.index(name) for name in names]]
        if part.ndim != 2 or part.shape[1] != len(names):
            raise ValueError(
                f"{name} has the shape {np.shape(X)}; expected the columns {names}, in this order."
            )
        wrong = ~(np.abs(part) <= LIMIT)  # NaN too
        if wrong.any():
            raise ValueError(
                f"{name} contains {part[wrong][0]:g} at step {np.argmax(wrong.any(axis=1))}. Fill it."
            )
        parts[i] = part.astype(np.float64)
    return parts
