"""Which weeks determine a forecast: weekly carbon dioxide at Mauna Loa.

A forecast is a function of the last values of the series. Attributions divide its difference from their mean
between the weeks; slopes are its derivatives, which forecasts after changed values confirm.

Needs `pip install pandas statsmodels`. Run with `python examples/why_this_forecast.py [PICTURE.png]`, which
needs matplotlib.
"""

import sys

import numpy as np
from gruc import GRUForecaster
from gruc.inspection import AttributionDisplay, attributions

try:
    from statsmodels.datasets import co2
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install pandas statsmodels") from None

series = co2.load_pandas().data["co2"].interpolate()
y, later = series[-780:-8], series[-8:]  # 15 years
model = GRUForecaster(season_length=52, horizon=8, random_state=0).fit(y)
forecast = model.predict()
print(f"forecast of {forecast.index[7]:%Y-%m-%d}: {forecast.iloc[7]:.2f} ppm; measured: {later.iloc[7]:.2f}")

told = attributions(model, None, target=8, baseline="mean")
read = y[told.index]
print(f"mean of the {len(read)} weeks that it depends on: {read.mean():.2f}; attributions: {told.sum():+.2f}")
for week, value in told[told.abs().nlargest(5).index].sort_index().items():
    print(f"  {week:%Y-%m-%d}, {read[week]:.2f} ppm: {value:+.2f}")

slopes = attributions(model, None, method="gradient", target=8)
week = slopes.idxmax()
print(f"largest slope: {slopes[week]:.2f}, of {week:%Y-%m-%d}; all slopes: {slopes.sum():.3f}")

# a stream of a new series forecasts after any values
other = read.to_numpy().copy()
other[read.index.get_loc(week)] += 1
before, after = (model.stream(1).step(values[np.newaxis])[0, 7] for values in (read.to_numpy(), other))
print(f"with 1 ppm more in this week, the forecast is {after - before:.2f} ppm higher")

if len(sys.argv) > 1:
    display = AttributionDisplay.from_estimator(model, None, target=8, baseline="mean")
    display.figure_.savefig(sys.argv[1], dpi=120)
