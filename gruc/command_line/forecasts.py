"""gruc predict with a forecaster: forecasts of the series that it knows, of later values, of new series."""

from array import array

import numpy as np

from .common import InputError
from .tables import opened_table, sorted_by_step


class Forecasts:
    """The forecasts that were asked for: columns of a table.

    Parameters
    ----------
    arguments : argparse.Namespace
    content : Content
    """

    def __init__(self, arguments, content):
        self.arguments, self.predictor = arguments, content.predictor
        self.steps = self.predictor.steps_of(_steps_of(arguments))
        self.names = _names_of(content.fitted["form"], self.predictor.n_series)
        if arguments.new:
            if arguments.data is None:
                raise InputError("--new says that the series of a CSV are new, and there is none: name it.")
            self.names, values = _read_series(arguments)
            self._begin(values)
        elif arguments.data is not None:
            names, values = _read_series(arguments)
            self._go_on(dict(zip(names, values, strict=True)))

    def _begin(self, values):
        """Forecast new series."""
        stream = self.predictor.stream(len(values))
        for i, of_one in enumerate(values):
            stream.step(of_one[np.newaxis], [i])
            missing = stream.n_missing[i]
            if missing:
                raise InputError(
                    f"{self.arguments.data}: series {self.names[i]} has {len(of_one)} values, and a forecast "
                    f"needs {len(of_one) + missing}."
                )
        self.predictor = stream

    def _go_on(self, values):
        """Forecast what comes after more values of the series that are known."""
        known = [str(name) for name in self.names]
        if len(known) == 1 == len(values):
            known = list(values)
        if sorted(known) != sorted(values):
            raise InputError(
                f"{self.arguments.data} has the series {list(values)}; the model knows {known}. Give values "
                "of each that follow those known, or forecast series of your own with --new."
            )
        arrays = [values[name] for name in known]
        self.predictor.update(arrays[0] if self.predictor.one_series else arrays)

    def table(self):
        """Header and rows: series, where there are several, step, prediction and bounds."""
        steps, coverage = self.steps, self.arguments.coverage
        columns = [np.atleast_2d(self.predictor.predict(steps))]
        header = ["step", "prediction"]
        if coverage is not None:
            bounds = self.predictor.predict_interval(steps, coverage=coverage)
            columns += [bounds[..., 0].reshape(columns[0].shape), bounds[..., 1].reshape(columns[0].shape)]
            header += ["lower", "upper"]
        several = len(self.names) > 1
        rows = [
            [*([name] if several else []), step, *values]
            for name, *of_series in zip(self.names, *columns, strict=True)
            for step, *values in zip(steps.tolist(), *of_series, strict=True)
        ]
        return ["series"] * several + header, rows


def _steps_of(arguments):
    """The steps that are asked for, or None."""
    if arguments.steps is None:
        return None
    if arguments.steps < 1:
        raise InputError(f"--steps must be 1 or more; got {arguments.steps}.")
    return range(1, arguments.steps + 1)


def _names_of(form, n_series):
    """Names of the series that a forecaster knows."""
    return list(form.names) if isinstance(form.names, list) else list(range(n_series))


def _read_series(arguments):
    """Names and values (k_i,) of the series in a CSV.

    It has a column for each series, and may have one of steps; or it is in long form, with the columns
    sequence and step and one of values.
    """
    path = arguments.data
    if path.endswith((".npy", ".npz")):
        raise InputError(f"{path}: give the values of series as CSV, a column each.")
    sequence, step = arguments.sequence or "sequence", arguments.step or "step"
    with opened_table(arguments) as table:
        if sequence in table.header and step in table.header:
            names, values = _read_long(table, sequence, step)
        elif arguments.sequence is not None:
            raise InputError(f"{path}: the header is {','.join(table.header)!r}; expected {sequence},{step}.")
        else:
            names, values = _read_columns(table, arguments.step)
    if not names or not len(values[0]):
        raise InputError(f"{path} contains no values.")
    return names, values


def _read_long(table, sequence, step):
    sequences, columns = table.read_long(sequence, step)
    if len(columns) > 1:
        raise InputError(f"{table.path} has the columns {columns}; a series has one column of values.")
    return list(sequences), [x[:, 0] for x in sorted_by_step(sequences, table)]


def _read_columns(table, step):
    """Of a table whose rows are steps: in the order of the column `step`, else as they are."""
    header, path = table.header, table.path
    if step is not None and step not in header:
        raise InputError(f"{path} has no column {step!r}; its header is {','.join(header)!r}.")
    if step is None:  # a column of steps, or the index as pandas writes it
        step = next((name for name in ("step", "") if name in header and len(header) > 1), None)
    table.check_header()
    table.keeps_blank_lines = True  # which are missing values of a single series
    at = [i for i, name in enumerate(header) if name != step]
    if not at:
        raise InputError(f"{path}: the header is {','.join(header)!r}; expected a column for each series.")
    numbers, lines = array("d"), array("q")
    for line in table:
        try:
            numbers.append(len(lines) if step is None else table.step(line[header.index(step)]))
            numbers.extend(table.number(line[i]) for i in at)
        except ValueError as error:
            raise InputError(f"{path}, line {table.lines.line_num}: {error}.") from None
        lines.append(table.lines.line_num)
    if not lines:
        return [], []
    (rows,) = sorted_by_step({"of all": (numbers, lines)}, table)
    return [header[i] for i in at], list(np.ascontiguousarray(rows.T))
