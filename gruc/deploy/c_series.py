"""Functions of an exported C header that take a series value by value."""

import numpy as np

from .c_windows import WindowFunctions


class SeriesFunctions(WindowFunctions):
    """What keeps the last values of a series, and their columns."""

    def _arguments(self):
        """Declared arguments: the memory, and which series it is."""
        memory = "float *work" if self.bidirectional else f"{self.prefix}_state *state"
        series = "int32_t series, " if self.window.names_series else ""
        return memory, series

    def _given_value(self, declared=True):
        """Arguments of a value's columns, as they are declared or passed on."""
        kind = "const double *" if declared else ""
        names = [name for name, what in (("x", "n_columns"), ("X_ahead", "n_ahead")) if self._has(what)]
        return "".join(f"{kind}{name}, " for name in names)

    def _check_of_rows(self, name, n, n_known, returned="1"):
        """Lines that refuse rows of X; those from `n_known` on may lack what is not known ahead."""
        read = ""
        if not self.beside.ahead.all():
            unknown = " && ".join(f"j != {j}" for j in np.flatnonzero(~self.beside.ahead))
            read = f"(i < {n_known} || ({unknown})) && " if n_known else f"{unknown} && "
        number = f"{name}[i * {self.upper}_N_COLUMNS + j]"
        return [
            f"    for (size_t i = 0; i < {n}; i++)",
            f"        for (size_t j = 0; j < {self.upper}_N_COLUMNS; j++)",
            f"            if ({read}!(fabs({number}) <= {self.upper}_LARGEST)) return {returned};",
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
        if self._has("n_columns"):
            member += (
                f"\n    double X[{upper}_N_ROWS * {upper}_N_COLUMNS]; /* of the last steps, and ahead */"
            )
        if self._has("n_static"):
            member += f"\n    double fixed[{upper}_N_STATIC];"
            argument += ", const double *fixed"
            keep += "\n    memcpy(one->fixed, fixed, sizeof one->fixed);"
        beside = self._given_beside(declared=False).replace("X", "one->X").replace("fixed", "one->fixed")
        refuse, take, undo = self._lines_of_columns()
        value = "the value, a column of it," if self._has("n_columns") else "the value"
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
 * Returns how many values are still missing before there are enough: 0 where there are. Or -1 if {value}
 * is NaN or too large, or forecasts cannot be computed, and then nothing has changed. */
GRUC_STATIC int {prefix}_value({prefix}_series *one, double value, {self._given_value()}double *forecasts)
{{
    size_t n_known = one->n_known, n_kept = sizeof one->values - sizeof one->values[0];
    double first = 0;
    if (!(fabs(value) <= {upper}_LARGEST)) return -1;
{refuse}{take}    if (n_known < {upper}_N_VALUES) {{
        one->values[one->n_known++] = value;
        if (one->n_known < {upper}_N_VALUES) return (int)({upper}_N_VALUES - one->n_known);
    }} else {{
        first = one->values[0];
        memmove(one->values, one->values + 1, n_kept);
        one->values[{upper}_N_VALUES - 1] = value;
    }}
    if (forecasts && {prefix}_forecast({used}, {which}one->values, {beside}forecasts)) {{
        if (n_known == {upper}_N_VALUES) {{
            memmove(one->values + 1, one->values, n_kept);
            one->values[0] = first;
        }}
{undo}        one->n_known = n_known;
        return -1;
    }}
    return 0;
}}"""

    def _lines_of_columns(self):
        """Text that refuses the columns of a value, takes them, and gives them up again."""
        if not self._has("n_columns"):
            return "", "", ""
        row, before, n_ahead = f"{self.upper}_N_COLUMNS", self.beside.n_before, self.beside.n_ahead
        refuse = self._check_of_rows("x", 1, 1, "-1")
        take = [
            f"    double first_row[{row}];",
            "    memcpy(first_row, one->X, sizeof first_row);",
            f"    memmove(one->X, one->X + {row}, {before - 1} * sizeof first_row);",
            f"    memcpy(one->X + {before - 1} * {row}, x, sizeof first_row);",
        ]
        if n_ahead:
            checks = self._check_of_rows("X_ahead", n_ahead, 0, "-1")
            refuse += ["    if (forecasts) {", *(f"    {line}" for line in checks), "    }"]
            ahead = f"memcpy(one->X + {before} * {row}, X_ahead, {n_ahead} * sizeof first_row);"
            take.append(f"    if (forecasts) {ahead}")
        undo = [
            f"        memmove(one->X + {row}, one->X, {before - 1} * sizeof first_row);",
            "        memcpy(one->X, first_row, sizeof first_row);",
        ]
        return tuple("".join(f"{line}\n" for line in lines) for lines in (refuse, take, undo))
