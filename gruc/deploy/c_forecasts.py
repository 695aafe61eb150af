"""Functions of an exported C header that forecast series: windows, scaling, seasons and differences.

They compute in double, but for the network, so that a level of 1e9 leaves the digits of what happens above
it.
"""

import numpy as np

from ..sequences import LARGEST
from .c_series import SeriesFunctions
from .c_windows import difference, double_literal

# names of columns that are cycles of a calendar
CYCLES = {f"{part} of {feature}" for part in ("sine", "cosine") for feature in ("hour", "weekday", "month")}


class ForecastFunctions(SeriesFunctions):
    """What a header of a forecaster has beside that of its network."""

    def comment(self):
        """Lines of the comment at the top."""
        upper, prefix = self.upper, self.prefix
        memory = f"float work[{upper}_FORECAST_WORK]" if self.bidirectional else f"{prefix}_state state"
        used = "work" if self.bidirectional else "&state"
        series = ", series" if self.window.names_series else ""
        beside, fixed = self._given_beside(declared=False), ", fixed" if self._has("n_static") else ""
        lines = [
            f"    static {memory};",
            f"    double forecasts[{self._size()}];",
            f"    // from the last {upper}_N_VALUES values, oldest first",
            f"    {prefix}_forecast({used}{series}, values, {beside}forecasts);",
            "",
            "Or value by value, where the last ones are kept:",
            "",
            f"    static {prefix}_series one;",
            f"    {prefix}_begin(&one{series}{fixed});",
            f"    missing = {prefix}_value(&one, value, {self._given_value(False)}forecasts);"
            "  // 0 where forecasts were written",
            "",
            *self._words_of_levels(),
            *self._words_beside(),
        ]
        if series:
            lines.append(f"series counts from 0, in the order of the fit{self._new()}.")
        return lines

    def _words_of_levels(self):
        """Lines of the comment about quantiles by the errors of known forecasts."""
        if self.levels is None:
            return []
        series = "series, " if self.window.names_series else ""
        return [
            "Where forecasts were written, from the values that they were made of:",
            "",
            f"    double quantiles[{self.upper}_HORIZON * {self.upper}_N_LEVELS];",
            f"    {self.prefix}_quantiles({series}one.values, forecasts, quantiles);",
            "",
        ]

    def _size(self):
        """How many numbers are written, in C."""
        return f"{self.upper}_HORIZON" + f" * {self.upper}_N_QUANTILES" * (self.window.n_levels > 1)

    def _words_beside(self):
        """Lines of the comment about columns and quantiles."""
        upper, beside, levels, lines = self.upper, self.beside, self.window.levels, []
        if self._has("n_columns"):
            lines += [
                f"X has {upper}_N_ROWS rows of {upper}_N_COLUMNS columns: of {beside.n_before} steps up to",
                f"the last value, and {beside.n_ahead} ahead; x is the row of a value. The columns:",
            ]
            for name, ahead in zip(beside.names, beside.ahead, strict=True):
                unknown = "" if ahead or not beside.n_ahead else ", which is not read of steps ahead"
                lines.append(f"    {_plain(name)}{unknown}")
            if any(name in CYCLES for name in beside.names):
                lines += [
                    "Sines and cosines are of 2 pi times (hour + minute / 60) / 24, weekday / 7 (Monday: 0),",
                    "or (month - 1 + (day - 1) / days of the month) / 12 (January: 1).",
                ]
        if self._has("n_static"):
            lines.append(f"fixed has {upper}_N_STATIC numbers of the series, which never change.")
        if levels:
            lines += [
                f"forecasts[h * {upper}_N_QUANTILES + q] is quantile q of {', '.join(map(repr, levels))}, as",
                f"the network answers it, without calibration; q = {self.window.point} is the forecast.",
            ]
        return [*lines, ""] if lines else []

    def _new(self):
        return "; -1: another one" if self.lags.scale == "window" else ""

    def macros(self):
        """Sizes."""
        single, double = (f"{LARGEST[np.dtype(dtype)]:g}" for dtype in (np.float32, np.float64))
        lines = [
            f"#define {self.upper}_N_VALUES {self.window.n_values} /* that forecasts are made of */",
            f"#define {self.upper}_HORIZON {self.window.horizon} /* steps that are forecast */",
            "#if DBL_MAX_10_EXP > 150",
            f"#define {self.upper}_LARGEST {double} /* value that is taken */",
            "#else /* double is float */",
            f"#define {self.upper}_LARGEST {single}",
            "#endif",
        ]
        if self._has("n_columns"):
            lines.append(f"#define {self.upper}_N_COLUMNS {self.beside.n_columns} /* of X */")
            lines.append(f"#define {self.upper}_N_ROWS {self.beside.n_rows} /* of X */")
        if self._has("n_static"):
            lines.append(f"#define {self.upper}_N_STATIC {self.beside.n_static} /* that never change */")
        if self.window.levels:
            lines.append(f"#define {self.upper}_N_QUANTILES {self.window.n_levels} /* of each step */")
        if self.levels is not None:
            lines.append(f"#define {self.upper}_N_LEVELS {len(self.levels.levels)} /* of quantiles */")
        if self.bidirectional:
            rows = self.lags.lags * self.width
            work = f"({self.upper}_WORK({self.lags.lags}) + {rows})"
            lines.append(f"#define {self.upper}_FORECAST_WORK {work} /* floats */")
        return "\n".join(lines)

    def declarations(self):
        """Macros, tables and functions, a list."""
        parts = [self.macros(), *self._tables(), self._value_function(), *self._seasonal_functions()]
        parts += [self._row_function(), *self._rise_function(), self._ahead_function()]
        parts += [self._forecast_function(), self._series_functions()]
        return [*parts, *self._quantiles_function()]

    def _refused(self):
        """Lines that refuse values and series, and in words what is refused."""
        window, upper = self.window, self.upper
        lines, refused = [], "a value is NaN or too large"
        if window.names_series:
            least = -1 if self.lags.scale == "window" else 0
            n = len(window.moments) + least
            lines.append(f"    if (series < {least} || series >= {n}) return 1;")
            refused += f", or there is no such series (0 to {n - 1}{self._new()}),\n *"
        lines += [
            f"    for (size_t i = 0; i < {upper}_N_VALUES; i++)",
            f"        if (!(fabs(v[i]) <= {upper}_LARGEST)) return 1;",
        ]
        if self._has("n_columns"):
            lines += self._check_of_rows("X", f"{upper}_N_ROWS", self.beside.n_before)
        if self._has("n_static"):
            lines += [
                f"    for (size_t i = 0; i < {upper}_N_STATIC; i++)",
                f"        if (!(fabs(fixed[i]) <= {upper}_LARGEST)) return 1;",
            ]
        if self.beside is not None:
            refused = refused.replace("a value is", "a value or a column is")
        return lines, refused

    def _forecast_function(self):
        window, upper = self.window, self.upper
        memory, series = self._arguments()
        lines, refused = self._refused()
        lines += self._walk_lines()
        widened = window.order + (window.strategy != "direct") if window.levels else 0
        lines += self._lines_of_heads(widened) if widened else []
        point = f"forecasts[{self._place('h', window.point)}]"
        for k in reversed(range(window.order)):
            end = difference("v", str(window.n_values - 1 - k), k)
            lines += [
                "    {",
                f"        double sum = {end};",
                f"        for (size_t h = 0; h < {upper}_HORIZON; h++) {point} = sum += {point};",
                "    }",
            ]
        if widened:
            lines += self._lines_for_heads(f"forecasts[{self._place('h', 'q')}] += {point};")
        beside, steps = self._given_beside(), f"steps 1 to {upper}_HORIZON"
        steps += ",\n * each as quantiles" * (window.n_levels > 1)
        body = "\n".join(lines)
        return f"""\
/* Forecasts from the last {upper}_N_VALUES values of a series, oldest first: {steps}.
 * Returns 0; or 1 if {refused} and then forecasts are unchanged. */
GRUC_STATIC int {self.prefix}_forecast({memory}, {series}const double *v, {beside}double *forecasts)
{{
{body}
    return 0;
}}"""

    def _place(self, h, q):
        """Where quantile q of step h is."""
        return f"{h} * {self.window.n_levels} + {q}" if self.window.levels else h

    def _lines_for_heads(self, line):
        """Lines that do something with each quantile but the forecast."""
        window = self.window
        return [
            f"    for (size_t q = 0; q < {window.n_levels}; q++)",
            f"        for (size_t h = 0; h < {self.upper}_HORIZON; h++)",
            f"            if (q != {window.point}) {line}",
        ]

    def _lines_of_heads(self, times):
        """Lines that leave what quantiles are less the forecast, wider by the independent errors before."""
        window = self.window
        value = f"forecasts[{self._place('h', 'q')}]"
        return [
            *self._lines_for_heads(f"{value} -= forecasts[{self._place('h', window.point)}];"),
            f"    for (size_t q = 0; q < {window.n_levels}; q++)",
            f"        for (size_t k = 0; k < {times}; k++) {{",
            "            double squares = 0;",
            f"            for (size_t h = 0; h < {self.upper}_HORIZON && q != {window.point}; h++) {{",
            f"                squares += {value} * {value};",
            f"                {value} = {value} > 0 ? sqrt(squares) : {value} < 0 ? -sqrt(squares) : 0;",
            "            }",
            "        }",
        ]

    def _walk_lines(self):
        """Lines that write forecasts of the differenced series, or return 1 before they do."""
        window, context, upper = self.window, self.lags.context, self.upper
        ahead, horizon, several = self._name("ahead"), f"{upper}_HORIZON", bool(window.levels)
        used = ("work" if self.bidirectional else "state") + (", series" if window.names_series else "")
        beside = self._given_beside(declared=False)
        if window.strategy == "direct":
            return [f"    if ({ahead}({used}, v, {beside}forecasts)) return 1;"]
        told = "told" if several else f"x + {context}"
        lines = [
            f"    double x[{context} + {horizon}]; /* the window, and forecasts after it */",
            *([f"    double told[{self._size()}];"] if several else []),
            f"    for (size_t i = 0; i < {context}; i++) x[i] = {difference('v', 'i', window.order)};",
        ]
        if window.strategy == "recursive":
            beside = beside.replace("X", f"X + h * {upper}_N_COLUMNS")
            lines += [
                f"    for (size_t h = 0; h < {horizon}; h++) {{",
                f"        if ({ahead}({used}, x + h, {beside}{told} + {self._place('h', '0')})) return 1;",
                *([f"        x[{context} + h] = told[{self._place('h', window.point)}];"] if several else []),
                "    }",
            ]
        else:
            after = f"x + {context}, " * several
            lines.append(f"    if ({ahead}({used}, x, {beside}{after}{told})) return 1;")
        return [*lines, f"    memcpy(forecasts, {told}, {self._size()} * sizeof forecasts[0]);"]

    def _ahead_function(self):
        """What the strategy does with one window."""
        memory, series = self._arguments()
        is_decoder = self.window.strategy == "decoder"
        after = "double *after, " if is_decoder and self.window.levels else ""
        lines = [
            *self._moments(),
            "    double divisor = scale > 0 ? scale : 1;",
            f"    double row[{self.upper}_N_FEATURES];",
            *self._network_lines(),
            *(self._lines_of_decoder() if is_decoder else self._lines_of_window()),
        ]
        body = "\n".join(lines)
        given = f"{memory}, {series}const double *v, {self._given_beside()}{after}double *forecasts"
        return f"""\
/* Forecasts after a window; they are unchanged if this returns 1. */
GRUC_STATIC int {self._name("ahead")}(
    {given})
{{
{body}
    return 0;
}}"""

    def _answers(self, at, answer, place):
        """Lines within a loop over h that write what is meant by the answers to it, of place `at`."""
        window = self.window
        base, scale = f"{self._name('season')}(v, {at})", "scale"
        if window.keeps_values:
            scale = f"{self._name('changing')}(v, {at}, scale)"
        if not window.levels:
            return [f"        forecasts[h] = {base} + {scale} * {answer};"]
        first = f"forecasts + {self._place('h', '0')}"
        return [
            f"        double base = {base}, changing = {scale};",
            f"        for (size_t q = 0; q < {window.n_levels}; q++) "
            f"forecasts[{place}] = base + changing * {answer};",
            f"        {self._name('rise')}({first});",
        ]

    def _lines_of_window(self):
        """Lines that write the answers to a window as forecasts."""
        window, lags, upper = self.window, self.lags, self.upper
        place = self._place("h", "q")
        answer = f"{double_literal(window.answer_unit)} * (double)out[{place}]"
        lines, of_step = [], f"forecasts[{self._place('h', '0')}]"
        if window.linear is not None:
            answer = f"({double_literal(lags.unit)} * {'linear' if window.levels else of_step} + {answer})"
            lines += [
                f"    for (size_t h = 0; h < {lags.horizon}; h++) {of_step} = 0;",
                f"    for (size_t t = 0; t < {lags.lags}; t++) {{",
                f"        {self._row_call('t')}",
                f"        for (size_t j = 0; j < {upper}_N_FEATURES; j++)",
                f"            for (size_t h = 0; h < {lags.horizon}; h++)",
                f"                {of_step} += row[j] * {self._name('weight')}"
                f"((t * {upper}_N_FEATURES + j) * {lags.horizon} + h);",
                "    }",
            ]
        at = f"{lags.context - lags.season_length} + h % {lags.season_length}"
        keep = [f"        double linear = {of_step};"] if window.levels and window.linear is not None else []
        return [
            *lines,
            f"    for (size_t h = 0; h < {lags.horizon}; h++) {{",
            *keep,
            *self._answers(at, answer, place),
            "    }",
        ]

    def _lines_of_decoder(self):
        """Lines that go on over the forecasts, which follow the window in memory."""
        window, lags, upper = self.window, self.lags, self.upper
        at = f"{lags.context - lags.season_length} + h"
        answer = f"{double_literal(window.answer_unit)} * (double)out[{'q' if window.levels else '0'}]"
        after = [f"        after[h] = forecasts[{self._place('h', window.point)}];"] if window.levels else []
        return [
            f"    for (size_t h = 0; h < {upper}_HORIZON; h++) {{",
            *self._answers(at, answer, self._place("h", "q")),
            *after,
            f"        if (h + 1 == {upper}_HORIZON) break;",
            f"        {self._row_call(f'{lags.lags} + h')}",
            f"        for (size_t j = 0; j < {upper}_N_FEATURES; j++) x[j] = (float)row[j];",
            f"        if ({self.prefix}_step(state, x, out)) return 1;",
            "    }",
        ]

    def _rise_function(self):
        """What puts quantiles in order, a list of one function, or none."""
        if not self.window.levels:
            return []
        return [
            f"""\
/* Puts the quantiles of a step in order. */
GRUC_STATIC void {self._name("rise")}(double *q)
{{
    for (size_t i = 1; i < {self.window.n_levels}; i++)
        for (size_t j = i; j > 0 && q[j] < q[j - 1]; j--) {{
            double lower = q[j];
            q[j] = q[j - 1];
            q[j - 1] = lower;
        }}
}}"""
        ]

    def _network_lines(self):
        lags, upper, prefix = self.lags, self.upper, self.prefix
        row = self._row_call("t")
        if self.bidirectional:
            return [
                f"    float *rows = work + {upper}_WORK({lags.lags}), out[{upper}_N_OUTPUTS];",
                f"    for (size_t t = 0; t < {lags.lags}; t++) {{",
                f"        {row}",
                f"        for (size_t j = 0; j < {upper}_N_FEATURES; j++)",
                f"            rows[t * {upper}_N_FEATURES + j] = (float)row[j];",
                "    }",
                f"    if ({prefix}_predict(work, rows, {lags.lags}, out)) return 1;",
            ]
        return [
            f"    float x[{upper}_N_FEATURES], out[{upper}_N_OUTPUTS];",
            f"    {prefix}_init(state);",
            f"    for (size_t t = 0; t < {lags.lags}; t++) {{",
            f"        {row}",
            f"        for (size_t j = 0; j < {upper}_N_FEATURES; j++) x[j] = (float)row[j];",
            f"        if ({prefix}_step(state, x, t + 1 < {lags.lags} ? NULL : out)) return 1;",
            "    }",
        ]


def _plain(name):
    """A name as it may stand in a comment."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " _.-") else "?" for c in name)
