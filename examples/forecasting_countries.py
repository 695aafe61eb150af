"""Forecast children per woman in 192 countries with one network, and draw some of the forecasts.

Run with `python examples/forecasting_countries.py [PICTURE.png]` (a picture needs `pip install matplotlib`).
Needs `pip install statsmodels pandas` for the data, of the World Bank: yearly values from 1960 to 2011.
"""

import sys

try:
    import pandas as pd
    from statsmodels.datasets import fertility
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install statsmodels pandas") from None
from gruc import GRUForecaster

table = fertility.load_pandas().data.set_index("Country Name").filter(regex=r"^\d{4}$")
children = table.dropna(axis=1, how="all").dropna().T.astype(float)  # a column for each country
children.index = pd.PeriodIndex(children.index, freq="Y")
known, later = children[:-5], children[-5:]

model = GRUForecaster(random_state=0).fit(known, fh=range(1, 6))
forecasts = model.predict()
intervals = model.predict_interval(coverage=0.9).droplevel(1, axis=1)
lower, upper = (intervals.xs(bound, axis=1, level=1) for bound in ("lower", "upper"))


def error(forecasts):
    return (later - forecasts).abs().to_numpy().mean()


last = known.iloc[-1]
trend = pd.DataFrame({t: last + k * (last - known.iloc[-6]) / 5 for k, t in enumerate(later.index, 1)}).T
print(f"{known.shape[1]} countries, five years ahead, mean absolute error in children per woman")
print(f"  GRUForecaster                {error(forecasts):.3f}")
print(f"  trend of the last five years {error(trend):.3f}")
print(f"  last value                   {error(last):.3f}")
print(f"The error of the trend is {error(trend) / error(forecasts):.2f} times that of GRUForecaster.")
print(f"Values in the intervals of 90 %: {((lower <= later) & (later <= upper)).to_numpy().mean():.3f}")

if len(sys.argv) > 1:
    from gruc.inspection import ForecastDisplay

    names = ["Kenya", "Brazil", "Iran, Islamic Rep.", "Sweden"]
    display = ForecastDisplay.from_estimator(model, known, series=names, n_history=30)
    display.figure_.savefig(sys.argv[1])
