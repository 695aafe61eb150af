"""Functions of an exported C header that read windows of series: scaling, seasons and differences."""

import numpy as np

from ..sequences import FARTHEST
from .c_constants import float_literal, table_text
from .forecast_windows import NOISE


class WindowFunctions:
    """What a network reads of a window, and what its answers are relative to.

    Parameters
    ----------
    window : ForecastWindow
    prefix : str
    bidirectional : bool
        Whether the network reads whole sequences.
    levels : Levels or None
        Of the quantiles that are written, too.

    Attributes
    ----------
    n_bytes : int
        Of tables.
    """

    def __init__(self, window, prefix, bidirectional, levels=None):
        self.window, self.prefix, self.upper = window, prefix, prefix.upper()
        self.levels = levels
        self.lags, self.bidirectional = window.lags, bidirectional
        self.beside = window.covariates
        self.width = len(window.columns())
        self.n_bytes = 4 * (0 if window.linear is None else window.linear.size)
        if self.beside is not None:
            self.n_bytes += 16 * self.beside.n_columns
            self.width += len(self.beside.read) + self.beside.n_static
        if window.names_series:
            self.n_bytes += 8 * window.moments.size
        if levels is not None:
            self.n_bytes += 8 * levels.offsets.size

    def _tables(self):
        window, tables = self.window, []
        if window.names_series:
            tables.append(self._table("double", "moments", map(double_literal, window.moments.ravel())))
        if self._has("n_columns"):
            for name, values in (("mean", self.beside.mean), ("factor", self.beside.factor)):
                tables.append(self._table("double", f"column_{name}", map(double_literal, values)))
            tables.append(self._column_function())
        if window.linear is not None:
            bits = np.asarray(window.linear).astype(np.float32).view(np.uint32).ravel()
            tables.append(self._table("uint32_t", "linear", [f"0x{each:08x}" for each in bits.tolist()]))
            tables.append(f"""\
/* Weight i of the linear path. */
GRUC_STATIC double {self._name("weight")}(size_t i)
{{
    uint32_t bits = GRUC_READ_32({self._name("linear")} + i);
    float weight;
    memcpy(&weight, &bits, sizeof weight);
    return (double)weight;
}}""")
        return tables

    def _table(self, kind, name, literals):
        where = " GRUC_TABLE" if kind == "uint32_t" else ""
        return table_text(kind, self._name(name), list(literals), where=where)

    def _name(self, name):
        return f"gruc_{name}_of_{self.prefix}"

    def _value_function(self):
        """Of the differenced series, of which nothing is kept unless forecasts go on from forecasts."""
        order = self.window.order if self.window.strategy == "direct" else 0
        return f"""\
/* Value i of the window of {self.lags.context}{", differenced" if order else ""}. */
GRUC_STATIC double {self._name("window_value")}(const double *v, size_t i)
{{
    return {difference("v", "i", order)};
}}"""

    def _seasonal_functions(self):
        """The weighted mean of seasons, and whether they have one value, if that matters: a list."""
        m, value = self.lags.season_length, self._name("window_value")
        lines = [
            f"    mean += {double_literal(weight)} * ({value}(v, i - {k * m}) - season);"
            for k, weight in enumerate(self.window.season_weights[1:], 1)
        ]
        body = f"    return {value}(v, i);"
        if lines:
            body = "\n".join(
                [f"    double season = {value}(v, i), mean = season;", *lines, "    return mean;"]
            )
        functions = [
            f"""\
/* Place i, of the last season, as the last {len(lines) + 1} have it. */
GRUC_STATIC double {self._name("season")}(const double *v, size_t i)
{{
{body}
}}"""
        ]
        if self.window.keeps_values:
            functions.append(f"""\
/* The scale of forecasts at place i: 0 if the last {len(lines) + 1} seasons have the same value. */
GRUC_STATIC double {self._name("changing")}(const double *v, size_t i, double scale)
{{
    for (size_t k = 1; k < {len(lines) + 1}; k++)
        if ({value}(v, i - k * {m}) != {value}(v, i)) return scale;
    return 0;
}}""")
        return functions

    def _has(self, what):
        """Whether there are columns of a kind, "n_columns", "n_static" or "n_ahead"."""
        return self.beside is not None and getattr(self.beside, what) > 0

    def _given_beside(self, declared=True):
        """Arguments for what is read beside the series, as they are declared or passed on."""
        kind = "const double *" if declared else ""
        names = [name for name, what in (("X", "n_columns"), ("fixed", "n_static")) if self._has(what)]
        return "".join(f"{kind}{name}, " for name in names)

    def _column_function(self):
        farthest = double_literal(FARTHEST)
        return f"""\
/* Column j of X at a step of those that are told, scaled. */
GRUC_STATIC double {self._name("column")}(const double *X, size_t step, size_t j)
{{
    double x = X[step * {self.upper}_N_COLUMNS + j] - {self._name("column_mean")}[j];
    x *= {self._name("column_factor")}[j];
    return x > {farthest} ? {farthest} : x < -{farthest} ? -{farthest} : x;
}}"""

    def _lines_of_covariates(self, first):
        """Lines of a row from column `first` on."""
        beside, column, lines = self.beside, self._name("column"), []
        if beside is None:
            return []
        origin = beside.n_before - self.lags.lags
        for j, each in enumerate(beside.read, first):
            value = f"{column}(X, t + {origin + each.reach}, {each.column})"
            if each.before is not None:
                value += f" - {column}(X, t + {origin + each.before}, {each.column})"
            if not each.ahead and self.window.strategy == "decoder":  # it is not known behind the window
                value = f"t < {self.lags.lags} ? {value} : 0"
            lines.append(f"    row[{j}] = {value};")
        scales = zip(beside.static_mean, beside.static_factor, strict=True)
        for i, (mean, factor) in enumerate(scales):
            value = f"(fixed[{i}] - {double_literal(mean)}) * {double_literal(factor)}"
            lines.append(f"    row[{first + len(beside.read) + i}] = {value};")
        return lines

    def _row_call(self, step):
        """A statement that reads a row."""
        beside = self._given_beside(declared=False)
        return f"{self._name('row')}(v, {beside}{step}, centre, divisor, row);"

    def _row_function(self):
        lags = self.lags
        before = lags.context - lags.lags
        latest = before - lags.season_length
        lines = []
        for j, column in enumerate(self.window.columns()):
            parts = []
            if column.value:
                parts.append(f"{self._name('window_value')}(v, t + {before})")
            if column.seasonal:
                parts.append(f"{self._name('season')}(v, t + {latest + column.ahead})")
            if column.centred:
                parts.append("centre")
            unit = "divisor" if column.unit == 1 else f"(divisor * {double_literal(column.unit)})"
            lines.append(f"    row[{j}] = ({' - '.join(parts)}) / {unit};")
        lines += self._lines_of_covariates(len(lines))
        body = "\n".join(lines)
        return f"""\
/* What the network reads of step t of the window. */
GRUC_STATIC void {self._name("row")}(
    const double *v, {self._given_beside()}size_t t, double centre, double divisor, double *row)
{{
{body}
}}"""

    def _moments(self, value=None):
        """Lines that set centre and scale, by what is value t of the last `lags`; None: of a window."""
        window, lags = self.window, self.lags
        if window.names_series:
            at = "2 * (size_t)series"
            lines = []
            if lags.scale == "window":
                lines.append(f"    if (series < 0) series = {len(window.moments) - 1};")
            moments = self._name("moments")
            lines.append(f"    double centre = {moments}[{at}], scale = {moments}[{at} + 1];")
        else:
            centre, scale = window.moments[0]
            lines = [f"    double centre = {double_literal(centre)}, scale = {double_literal(scale)};"]
        if window.measures_scale:
            if value is None:
                value = f"{self._name('window_value')}(v, t + {lags.context - lags.lags})"
            by_window = lags.scale == "window"
            mean, least = ("centre", "squares > scale") if by_window else ("mean", "scale == 0")
            lines += [
                f"    double {'' if by_window else 'mean = 0, '}squares = 0, largest = 0;",
                f"    for (size_t t = 0; t < {lags.lags}; t++) {mean} += {value};",
                f"    {mean} /= {lags.lags};",
                f"    for (size_t t = 0; t < {lags.lags}; t++) {{",
                f"        double now = {value};",
                f"        squares += (now - {mean}) * (now - {mean});",
                "        if (fabs(now) > largest) largest = fabs(now);",
                "    }",
                f"    squares = sqrt(squares / {lags.lags});",
                f"    if (squares > {double_literal(NOISE)} * largest && {least}) scale = squares;",
            ]
        return lines

    def _quantiles_function(self):
        """What finds quantiles by the errors of known forecasts: a table and a function, or an empty list."""
        if self.levels is None:
            return []
        upper, lags, offsets = self.upper, self.lags, self._name("offsets")
        series = "int32_t series, " if self.window.names_series else ""
        lines = self._moments(difference("v", f"t + {lags.context - lags.lags}", self.window.order))
        body, levels = "\n".join(lines), ", ".join(map(repr, self.levels.levels))
        return [
            self._table("double", "offsets", map(double_literal, self.levels.offsets.ravel())),
            f"""\
/* Quantiles {levels} of the forecasts that were made of these values,
 * by the errors of known forecasts: quantiles[h * {upper}_N_LEVELS + q]. */
GRUC_STATIC void {self.prefix}_quantiles(
    {series}const double *v, const double *forecasts, double *quantiles)
{{
{body}
    (void)centre;
    for (size_t h = 0; h < {upper}_HORIZON; h++)
        for (size_t q = h * {upper}_N_LEVELS; q < (h + 1) * {upper}_N_LEVELS; q++)
            quantiles[q] = forecasts[h] + scale * {offsets}[q];
}}""",
        ]


def difference(name, place, order):
    """Source text of a difference of values."""
    if order == 0:
        return f"{name}[{place}]"
    after = difference(name, f"{place} + 1", order - 1)
    return f"({after} - {difference(name, place, order - 1)})"


def double_literal(value):
    """A literal that is exactly this number."""
    return float_literal(float(value), "{!r}")
