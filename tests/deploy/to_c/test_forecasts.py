"""Forecasters in C: the same forecasts from the last values, and value by value."""

import gruc
import numpy as np
import pytest
from c_programs import SANITIZE, builds, program_of
from forecasters import KINDS, forecaster, later_forecasts, wave

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# reads numbers, prints the forecasts after each of them, from the last values and value by value
PROGRAM = """
#include "m.h"
#include <stdio.h>
#include <stdlib.h>

static void require(int holds)
{{
    if (!holds) exit(1);
}}

static void run_series(const double *y, size_t n{argument})
{{
    static {memory};
    static m_series one;
    double forecasts[M_HORIZON], again[M_HORIZON];
    m_begin(&one{series});
    require(m_value(&one, NAN, forecasts) == -1);
    for (size_t i = 0; i < n; i++) {{
        int missing = m_value(&one, y[i], i % 2 ? forecasts : NULL);
        require(missing == (i + 1 < M_N_VALUES ? M_N_VALUES - 1 - (int)i : 0));
        if (missing) continue;
        require(m_value(&one, INFINITY, forecasts) == -1);
        require(m_value(&one, -1e200, forecasts) == -1);
        require(m_forecast({used}{series}, y + i + 1 - M_N_VALUES, again) == 0);
        for (size_t h = 0; h < M_HORIZON; h++) {{
            if (i % 2) require(forecasts[h] == again[h]);
            printf("%.17g\\n", again[h]);
        }}
    }}
    again[0] = 5;
    one.values[2] = NAN;
    require(m_forecast({used}{series}, one.values, again) == 1 && again[0] == 5);
}}

int main(void)
{{
    static double y[1000];
    size_t n = 0;
    while (scanf("%lf", y + n) == 1) n++;
    {calls}
    return 0;
}}
"""


def program_text(model, folder, calls="run_series(y, n);", several=False, **settings):
    report = gruc.to_c(model, folder / "m.h", "m", **settings)
    both = model.bidirectional
    return report, PROGRAM.format(
        memory="float work[M_FORECAST_WORK]" if both else "m_state state",
        used="work" if both else "&state",
        argument=", int32_t series" if several else "",
        series=", series" if several else "",
        calls=calls,
    )


def numbers(y):
    return " ".join(map(repr, np.asarray(y).tolist()))


def told(program, y, horizon):
    return program(numbers(y)).reshape(-1, horizon)


@pytest.mark.parametrize("kind", KINDS)
def test_one_series(kind, tmp_path):
    y = wave(130)
    model = forecaster(kind, y[:120])
    report, text = program_text(model, tmp_path)
    program = program_of(text, "cc", "baseline", tmp_path)
    lags = model._predictor.lags
    n = lags.context + model.difference
    expected = model.stream().step(y[120:], every=True)
    got = told(program, y[121 - n :], lags.horizon)
    assert expected.std() > 0.1
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)
    assert report.weight_error == 0 if model.dtype == "float32" else report.weight_error < 1e-7


@pytest.mark.parametrize(
    "compiler, build, flags",
    builds(
        ("cc", "baseline", SANITIZE),
        ("g++", "baseline", ()),
        ("clang", "avx2", ()),
        ("cc", "one number at a time", ()),
        ("arm-linux-gnueabihf-gcc", "baseline", ()),
    ),
)
def test_compilers(compiler, build, flags, tmp_path):
    y = wave(130)
    for kind in ("more than a season", "both directions", "second differences", "decoder"):
        model = forecaster(kind, y[:120])
        program = program_of(program_text(model, tmp_path)[1], compiler, build, tmp_path, flags)
        n = model._predictor.lags.context + model.difference
        got = told(program, y[121 - n :], model.horizon_)
        np.testing.assert_allclose(got, model.stream().step(y[120:], every=True), rtol=0, atol=1e-4)


def test_several_series(tmp_path):
    """Told by their numbers; another one has no usual size that calm windows are compared with."""
    y = [wave(120), 1e3 * wave(110, 1)]
    model = forecaster("part of a season", y)
    new = 5 + 1e-3 * wave(60, 7)
    text = program_text(model, tmp_path, "if (n) run_series(y + 1, n - 1, (int32_t)y[0]);", several=True)[1]
    wrong = "require(m_forecast(&state, -2, y, again) == 1 && m_forecast(&state, 2, y, again) == 1);"
    program = program_of(text.replace("again[0] = 5;", wrong + " again[0] = 5;"), "cc", "baseline", tmp_path)
    n = model._predictor.lags.context
    expected = model.predict()
    for i in range(2):
        got = told(program, [i, *y[i][-n:]], 5)
        np.testing.assert_allclose(got[0] / y[i].max(), expected[i] / y[i].max(), rtol=0, atol=1e-6)
    got = told(program, [-1, *new], 5)
    np.testing.assert_allclose(got, later_forecasts(model, new, len(got)), rtol=0, atol=1e-6)


def test_a_level_keeps_its_digits(tmp_path):
    level = 2.0**40
    y = np.round(wave(120), 6) + level
    model = forecaster("differences", y)
    program = program_of(program_text(model, tmp_path)[1], "cc", "baseline", tmp_path)
    n = model._predictor.lags.context + 1
    got = told(program, y[-n:], 4)
    np.testing.assert_allclose(got[0] - level, model.predict() - level, rtol=0, atol=2e-3)


def test_float16_and_what_it_changes(tmp_path):
    y = wave(120)
    model = forecaster("part of a season", y)
    exact = gruc.to_c(model, tmp_path / "m.h", "m")
    report, text = program_text(model, tmp_path, storage="float16")
    assert exact.largest_change == 0 < report.largest_change < 0.1
    assert report.constant_bytes < exact.constant_bytes
    program = program_of(text, "cc", "baseline", tmp_path)
    got = told(program, y[-model._predictor.lags.context :], 5)[0]
    change = np.abs(got - model.predict()).max()
    assert change == pytest.approx(report.largest_change, rel=1e-2)
    with pytest.raises(ValueError, match="X is for models of sequences"):
        gruc.to_c(model, tmp_path / "m.h", "m", X=y)
