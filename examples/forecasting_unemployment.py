"""Forecast unemployment from its past alone, and with covariates: known until today, or known in advance.

Needs `pip install statsmodels pandas` for the data: quarters of the United States from 1959 to 2009.
"""

try:
    import pandas as pd
    from statsmodels.datasets import macrodata
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install statsmodels pandas") from None
import numpy as np
from gruc import GRUForecaster
from sklearn.model_selection import TimeSeriesSplit

macro = macrodata.load_pandas().data
macro.index = pd.period_range("1959Q1", periods=len(macro), freq="Q")
growth = 100 * np.log(macro[["realgdp", "realinv"]]).diff().iloc[1:]  # of product and investment, per cent
unemployment = macro["unemp"].iloc[1:]

# the last sixteen years, two at a time; each time a fit on what was known then
cv = TimeSeriesSplit(8, test_size=8)
ways = {
    "its past alone": (None, []),
    "what grew until then": (growth, ["realgdp", "realinv"]),
    "product known ahead": (growth, ["realinv"]),
}
errors = {}
print("Unemployment, one to eight quarters ahead, mean absolute error in per cent")
for name, (X, past_only) in ways.items():
    model = GRUForecaster(season_length=1, past_only=past_only, max_iter=300, random_state=0)
    table = model.backtest(unemployment, X, cv=cv)
    errors[name] = (table["actual"] - table["forecast"]).abs().mean()
    print(f"  {name:22}{errors[name]:.2f}")
ratio = errors["its past alone"] / errors["product known ahead"]
print(f"The error without columns is {ratio:.2f} times the error with a known product.")

# two scenarios for the eight quarters that follow
model.fit(unemployment, growth, fh=range(1, 9))
quarters = pd.period_range("2009Q4", periods=8, freq="Q")
for rate in (0.0, 1.0):
    forecasts = model.predict(X=pd.DataFrame({"realgdp": rate}, quarters))
    print(f"After a year of {rate:.0f} % growth a quarter: {forecasts.iloc[3]:.1f} %")
