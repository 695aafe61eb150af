"""Functions of an exported C header that forecast series: windows, scaling, seasons and differences.

They compute in double, but for the network, so that a level of 1e9 leaves the digits of what happens above
it.
"""

import numpy as np

from ..sequences import LARGEST
from .c_windows import WindowFunctions, difference, double_literal


class ForecastFunctions(WindowFunctions):
    """What a header of a forecaster has beside that of its network."""

    def comment(self):
        """Lines of the comment at the top."""
        upper, prefix = self.upper, self.prefix
        memory = f"float work[{upper}_FORECAST_WORK]" if self.bidirectional else f"{prefix}_state state"
        used = "work" if self.bidirectional else "&state"
        series = ", series" if self.window.names_series else ""
        lines = [
            f"    static {memory};",
            f"    double forecasts[{upper}_HORIZON];",
            f"    // from the last {upper}_N_VALUES values, oldest first",
            f"    {prefix}_forecast({used}{series}, values, forecasts);",
            "",
            "Or value by value, where the last ones are kept:",
            "",
            f"    static {prefix}_series one;",
            f"    {prefix}_begin(&one{series});",
            f"    missing = {prefix}_value(&one, value, forecasts);  // 0 where forecasts were written",
            "",
        ]
        if series:
            lines.append(f"series counts from 0, in the order of the fit{self._new()}.")
        return lines

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
        if self.bidirectional:
            rows = self.lags.lags * self.lags.width
            work = f"({self.upper}_WORK({self.lags.lags}) + {rows})"
            lines.append(f"#define {self.upper}_FORECAST_WORK {work} /* floats */")
        return "\n".join(lines)

    def declarations(self):
        """Macros, tables and functions, a list."""
        parts = [self.macros(), *self._tables(), self._value_function(), *self._seasonal_function()]
        parts += [self._row_function(), self._ahead_function()]
        return [*parts, self._forecast_function(), self._series_functions()]

    def _arguments(self):
        memory = "float *work" if self.bidirectional else f"{self.prefix}_state *state"
        series = "int32_t series, " if self.window.names_series else ""
        return memory, series

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
        return lines, refused

    def _forecast_function(self):
        window, upper = self.window, self.upper
        memory, series = self._arguments()
        lines, refused = self._refused()
        lines += self._walk_lines()
        for k in reversed(range(window.order)):
            end = difference("v", str(window.n_values - 1 - k), k)
            lines += [
                "    {",
                f"        double sum = {end};",
                f"        for (size_t h = 0; h < {upper}_HORIZON; h++) forecasts[h] = sum += forecasts[h];",
                "    }",
            ]
        body = "\n".join(lines)
        return f"""\
/* Forecasts from the last {upper}_N_VALUES values of a series, oldest first: steps 1 to {upper}_HORIZON.
 * Returns 0; or 1 if {refused} and then forecasts are unchanged. */
GRUC_STATIC int {self.prefix}_forecast({memory}, {series}const double *v, double *forecasts)
{{
{body}
    return 0;
}}"""

    def _walk_lines(self):
        """Lines that write forecasts of the differenced series, or return 1 before they do."""
        window, context, upper = self.window, self.lags.context, self.upper
        ahead, horizon = self._name("ahead"), f"{upper}_HORIZON"
        used = ("work" if self.bidirectional else "state") + (", series" if window.names_series else "")
        if window.strategy == "direct":
            return [f"    if ({ahead}({used}, v, forecasts)) return 1;"]
        lines = [
            f"    double x[{context} + {horizon}]; /* the window, and forecasts after it */",
            f"    for (size_t i = 0; i < {context}; i++) x[i] = {difference('v', 'i', window.order)};",
        ]
        if window.strategy == "recursive":
            lines += [
                f"    for (size_t h = 0; h < {horizon}; h++)",
                f"        if ({ahead}({used}, x + h, x + {context} + h)) return 1;",
            ]
        else:
            lines.append(f"    if ({ahead}({used}, x, x + {context})) return 1;")
        return [*lines, f"    memcpy(forecasts, x + {context}, {horizon} * sizeof forecasts[0]);"]

    def _ahead_function(self):
        """What the strategy does with one window."""
        memory, series = self._arguments()
        lines = [
            *self._moments(),
            "    double divisor = scale > 0 ? scale : 1;",
            f"    double row[{self.upper}_N_FEATURES];",
            *self._network_lines(),
            *(self._lines_of_decoder() if self.window.strategy == "decoder" else self._lines_of_window()),
        ]
        body = "\n".join(lines)
        return f"""\
/* Forecasts after a window; they are unchanged if this returns 1. */
GRUC_STATIC int {self._name("ahead")}({memory}, {series}const double *v, double *forecasts)
{{
{body}
    return 0;
}}"""

    def _lines_of_window(self):
        """Lines that write the answers to a window as forecasts."""
        window, lags, upper = self.window, self.lags, self.upper
        answer = f"{double_literal(window.answer_unit)} * (double)out[h]"
        lines = []
        if window.linear is not None:
            answer = f"({double_literal(lags.unit)} * forecasts[h] + {answer})"
            lines += [
                f"    for (size_t h = 0; h < {lags.horizon}; h++) forecasts[h] = 0;",
                f"    for (size_t t = 0; t < {lags.lags}; t++) {{",
                f"        {self._name('row')}(v, t, centre, divisor, row);",
                f"        for (size_t j = 0; j < {upper}_N_FEATURES; j++)",
                f"            for (size_t h = 0; h < {lags.horizon}; h++)",
                f"                forecasts[h] += row[j] * {self._name('weight')}"
                f"((t * {upper}_N_FEATURES + j) * {lags.horizon} + h);",
                "    }",
            ]
        place = f"{lags.context - lags.season_length} + h % {lags.season_length}"
        return [
            *lines,
            f"    for (size_t h = 0; h < {lags.horizon}; h++)",
            f"        forecasts[h] = {self._name('season')}(v, {place}) + scale * {answer};",
        ]

    def _lines_of_decoder(self):
        """Lines that go on over the forecasts, which follow the window in memory."""
        lags, upper, unit = self.lags, self.upper, double_literal(self.window.answer_unit)
        season = f"{self._name('season')}(v, {lags.context - lags.season_length} + h)"
        return [
            f"    for (size_t h = 0; h < {upper}_HORIZON; h++) {{",
            f"        forecasts[h] = {season} + scale * {unit} * (double)out[0];",
            f"        if (h + 1 == {upper}_HORIZON) break;",
            f"        {self._name('row')}(v, {lags.lags} + h, centre, divisor, row);",
            f"        for (size_t j = 0; j < {upper}_N_FEATURES; j++) x[j] = (float)row[j];",
            f"        if ({self.prefix}_step(state, x, out)) return 1;",
            "    }",
        ]

    def _network_lines(self):
        lags, upper, prefix = self.lags, self.upper, self.prefix
        row = f"{self._name('row')}(v, t, centre, divisor, row);"
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

    def _series_functions(self):
        upper, prefix = self.upper, self.prefix
        _, series = self._arguments()
        memory, used = f"{prefix}_state state;", "&one->state"
        if self.bidirectional:
            memory, used = f"float work[{upper}_FORECAST_WORK];", "one->work"
        keep = "\n    one->series = series;" if series else ""
        which = "one->series, " if series else ""
        member = "\n    int32_t series;" if series else ""
        argument = ", int32_t series" if series else ""
        return f"""\
typedef struct {{
    size_t n_known;{member}
    double values[{upper}_N_VALUES]; /* the last ones */
    {memory}
}} {prefix}_series;

/* Begins a series of which no value is known. */
GRUC_STATIC void {prefix}_begin({prefix}_series *one{argument})
{{
    one->n_known = 0;{keep}
}}

/* Takes one value and, once there are enough and unless forecasts is NULL, writes forecasts of what follows.
 * Returns how many values are still missing before there are enough: 0 where there are. Or -1 if the value
 * is NaN or too large, or forecasts cannot be computed, and then nothing has changed. */
GRUC_STATIC int {prefix}_value({prefix}_series *one, double value, double *forecasts)
{{
    size_t n_known = one->n_known, n_kept = sizeof one->values - sizeof one->values[0];
    double first = 0;
    if (!(fabs(value) <= {upper}_LARGEST)) return -1;
    if (n_known < {upper}_N_VALUES) {{
        one->values[one->n_known++] = value;
        if (one->n_known < {upper}_N_VALUES) return (int)({upper}_N_VALUES - one->n_known);
    }} else {{
        first = one->values[0];
        memmove(one->values, one->values + 1, n_kept);
        one->values[{upper}_N_VALUES - 1] = value;
    }}
    if (forecasts && {prefix}_forecast({used}, {which}one->values, forecasts)) {{
        if (n_known == {upper}_N_VALUES) {{
            memmove(one->values + 1, one->values, n_kept);
            one->values[0] = first;
        }}
        one->n_known = n_known;
        return -1;
    }}
    return 0;
}}"""
