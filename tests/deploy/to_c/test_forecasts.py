"""Forecasters in C: the same forecasts from the last values, and value by value."""

import gruc
import numpy as np
import pytest
from c_programs import SANITIZE, builds, program_of
from exported_c import with_storage
from forecasters import (
    COLUMNS,
    FAST,
    KINDS,
    QUANTILES,
    ahead_of,
    all_quantiles,
    forecaster,
    later_forecasts,
    nights,
    quantiles,
    reading,
    wave,
)
from gruc import GRUForecaster
from gruc.deploy.forecast_windows import ForecastWindow

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


@pytest.mark.parametrize("kind", ["more than a season", "differences", "recursive", "decoder"])
def test_values_that_all_seasons_have(kind, tmp_path):
    y = nights(130)
    model = forecaster(kind, y[:120])
    _, text = program_text(model, tmp_path)
    program = program_of(text, "cc", "baseline", tmp_path)
    lags = model._predictor.lags
    expected = model.stream().step(y[120:], every=True)
    got = told(program, y[121 - lags.context - model.difference :], lags.horizon)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)
    if not model.difference:
        assert (got[0, :4] == 0).all()
        assert (got[:, -1] != 0).any()


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
    new = 5 + 1e-3 * wave(130, 7)
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


@pytest.mark.parametrize("kind", ["differences", "decoder", "both directions", "constant before"])
def test_quantiles_by_known_errors(kind, tmp_path):
    """Those of `predict_quantiles`, of the last values of the series of the fit."""
    y = [wave(120), 1e3 * wave(120, 1)]
    if kind == "constant before":  # what has no scale of its series has that of its window
        y[1] = np.r_[np.full(110, 7.0), 7 + np.sin(np.arange(10))]
        model = GRUForecaster(**FAST, horizon=5, scale="series").fit([each[:110] for each in y])
        model.update([each[110:] for each in y], update_params=False)
    else:
        model = forecaster(kind, y)
    text = program_text(
        model, tmp_path, "run_series(y + 1, n - 1, (int32_t)y[0]);", several=True, alpha=[0.05, 0.9]
    )[1]
    told_too = "double q[M_HORIZON * M_N_LEVELS];\n        m_quantiles(series, one.values, again, q);"
    text = text.replace(
        "for (size_t h = 0; h < M_HORIZON; h++) {",
        told_too + "\n        for (size_t h = 0; h < M_HORIZON; h++) {",
    )
    text = text.replace('printf("%.17g\\n", again[h]);', 'printf("%.17g %.17g\\n", q[2 * h], q[2 * h + 1]);')
    program = program_of(text, "cc", "baseline", tmp_path)
    window = ForecastWindow.of(model._predictor)
    expected = model._predictor.predict_quantiles(alpha=[0.05, 0.9])
    for i in range(2):
        got = told(program, [i, *y[i][-window.n_values :]], 2 * window.horizon)[-1]
        size = np.abs(y[i]).max()
        np.testing.assert_allclose(got / size, expected[i].ravel() / size, rtol=0, atol=1e-6)
        assert (np.diff(got.reshape(-1, 2)) > 0).all()


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


PROGRAM_OF_COLUMNS = """
#include "m.h"
#include <stdio.h>
#include <stdlib.h>
{data}
enum {{ N = {n}, Q = {Q} }};
static void require(int holds)
{{
    if (!holds) exit(1);
}}

int main(void)
{{
    static {memory};
    static m_series one;
    double forecasts[M_HORIZON * Q], again[M_HORIZON * Q];
    m_begin(&one{series}{fixed});
    for (size_t t = 0; t < N; t++) {{
        {refused}
        int missing = m_value(&one, y[t], {given}t % 2 ? forecasts : NULL);
        require(missing == (t + 1 < M_N_VALUES ? M_N_VALUES - 1 - (int)t : 0));
        if (missing) continue;
        require(m_forecast({used}{series}, y + t + 1 - M_N_VALUES, {beside}again) == 0);
        for (size_t i = 0; i < M_HORIZON * Q; i++) {{
            if (t % 2) require(forecasts[i] == again[i]);
            printf("%.17g\\n", again[i]);
        }}
    }}
    return 0;
}}
"""


def program_of_columns(model, folder, y, X=None, fixed=None, series=None, **settings):
    """A program that forecasts from each of the steps of y on; X has the horizon after it, too."""
    report = gruc.to_c(model, folder / "m.h", "m", **settings)
    window = ForecastWindow.of(model._predictor)
    both, beside = model.bidirectional, window.covariates
    data, given, rows, refused = f"static const double y[] = {{{joined(y)}}};", "", "", ""
    if X is not None:
        X = np.array(X)
        data += f"\nstatic const double X[] = {{{joined(X.ravel())}}};"
        data += "\nstatic const double none[M_N_COLUMNS] = {NAN};"
        given = "X + t * M_N_COLUMNS, "
        rows = f"X + (t + 1 - {beside.n_before}) * M_N_COLUMNS, "
        more = "X + (t + 1) * M_N_COLUMNS, " * (beside.n_ahead > 0)
        refused = f"require(m_value(&one, y[t], none, {more}forecasts) == -1);"
        given += more
    if fixed is not None:
        data += f"\nstatic const double fixed[] = {{{joined(fixed)}}};"
        rows += "fixed, "
    return report, PROGRAM_OF_COLUMNS.format(
        data=data,
        n=len(y),
        Q=window.n_levels,
        memory="float work[M_FORECAST_WORK]" if both else "m_state state",
        used="work" if both else "&state",
        series="" if series is None else f", {series}",
        fixed="" if fixed is None else ", fixed",
        given=given,
        beside=rows,
        refused=refused,
    )


def joined(values):
    return ", ".join(map(repr, np.asarray(values, float).tolist()))


@pytest.mark.parametrize("compiler, flags", builds(("cc", SANITIZE), ("cc", ()), ("g++", ())))
@pytest.mark.parametrize("kind", COLUMNS)
def test_columns(kind, compiler, flags, tmp_path):
    """X of the steps before and ahead, and what never changes."""
    model, y, X, static = reading(kind)
    H, several = model.horizon_, y.ndim == 2
    last = y.shape[-1] - H
    own = (y[-1], None if X is None else X[-1]) if several else (y, X)
    n = ForecastWindow.of(model._predictor).n_values
    first = 101 - n
    given = None if X is None else own[1][first:]
    fixed = None if static is None else static[-1]
    text = program_of_columns(model, tmp_path, own[0][first:last], given, fixed, 1 if several else None)[1]
    got = program_of(text, compiler, "baseline", tmp_path, flags)("").reshape(-1, H)
    expected = []
    for t in range(100, last):
        later = None if X is None else X[..., t : t + 1, :]
        model.update(y[..., t : t + 1], later, update_params=False)
        forecasts = model.predict(None, ahead_of(model, X, t + 1))
        expected.append(forecasts[-1] if several else forecasts)
    assert np.std(expected) > 0.1
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-4)


@pytest.mark.parametrize("series", [wave, pytest.param(nights, marks=pytest.mark.compilers)])
@pytest.mark.parametrize("kind", QUANTILES)
def test_quantiles_of_the_network(kind, series, tmp_path):
    y = series(130)
    model = quantiles(kind, y[:120])
    predictor = model._predictor
    text = program_of_columns(model, tmp_path, y[121 - ForecastWindow.of(predictor).n_values :])[1]
    got = program_of(text, "cc", "baseline", tmp_path, SANITIZE)("").reshape(10, model.horizon_, 3)
    assert got.std() > 0.3
    for k, told in enumerate(got):
        predictor.update(y[120 + k : 121 + k])
        expected = all_quantiles(predictor)[0]
        assert (np.diff(expected, axis=1) >= 0).all()
        np.testing.assert_allclose(told, expected, rtol=0, atol=2e-4)
        np.testing.assert_allclose(
            told[:, ForecastWindow.of(predictor).point], predictor.predict(), rtol=0, atol=2e-4
        )


def test_quantiles_with_columns_and_int8(tmp_path):
    model, y, X, _ = reading("decoder", loss="quantile", quantile=[0.2, 0.6], calibration=None)
    H = model.horizon_
    n = ForecastWindow.of(model._predictor).n_values
    static = model._predictor.covariates.static
    report, text = program_of_columns(
        model, tmp_path, y[0][100 - n : 100], X[0][100 - n :], static[0], 0, storage="int8"
    )
    got = program_of(text, "cc", "baseline", tmp_path)("").reshape(H, 2)
    stored = with_storage(model, "int8")._predictor
    np.testing.assert_allclose(got, all_quantiles(stored, ahead_of(model, X, 100))[0], rtol=0, atol=2e-4)
    assert report.constant_bytes < gruc.to_c(model, tmp_path / "m.h", "m").constant_bytes


def test_words_about_columns(tmp_path):
    pd = pytest.importorskip("pandas")
    days = pd.date_range("2024-01-01", periods=120)
    frame = pd.DataFrame({"price */": np.arange(120.0) % 7, "rain": np.arange(120.0) % 5}, days)
    y = pd.Series(wave(120), days)
    model = GRUForecaster(**FAST, horizon=4, calendar=("weekday",), past_only=["rain"]).fit(y, frame)
    gruc.to_c(model, tmp_path / "m.h", "m")
    text = (tmp_path / "m.h").read_text()
    for line in (
        "    price ??",
        "    rain, which is not read of steps ahead",
        "    cosine of weekday",
        "Monday: 0",
    ):
        assert line in text
    assert "#define M_N_COLUMNS 4" in text
