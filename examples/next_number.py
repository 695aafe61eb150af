"""Predict the next value with GRURegressor: of 1, 2, 3, 4, 5 and of 300 years of sunspots.

Needs `pip install statsmodels` for the sunspots. The input is windows of a series: a 2-D array in which each
row is a short univariate sequence; the target is the value that follows.
"""

import numpy as np
from gruc import GRURegressor
from sklearn.metrics import mean_absolute_error

try:
    from statsmodels.datasets import sunspots
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install statsmodels") from None


def windows(series, n_steps):
    """Windows of n_steps values, and the value that follows each window."""
    rows = np.lib.stride_tricks.sliding_window_view(series, n_steps + 1)
    return rows[:, :-1], rows[:, -1]


# ---- counting: the series increases by one, from any start
X, y = windows(np.arange(1.0, 31.0), 4)
# there is no noise: use a small tol and a small learning rate
counter = GRURegressor(learning_rate_init=0.002, max_iter=1000, tol=1e-7, random_state=0).fit(X, y)
for question in ([1, 2, 3, 4], [11, 12, 13, 14], [24, 25, 26, 27]):
    answer = counter.predict([question])[0]
    print(f"{question} -> {answer:.2f}")

# ---- sunspots: yearly means since 1700, an irregular eleven-year cycle
series = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
X, y = windows(series, 22)
n_test = 60
model = GRURegressor(hidden_layer_sizes=(32,), tol=1e-3, random_state=0)
model.fit(X[:-n_test], y[:-n_test])

predicted = model.predict(X[-n_test:])
error = mean_absolute_error(y[-n_test:], predicted)
same_as_last = mean_absolute_error(y[-n_test:], X[-n_test:, -1])
cycle_ago = mean_absolute_error(y[-n_test:], X[-n_test:, -11])
print(f"\nSunspots of the last {n_test} years, one year ahead, mean absolute error")
print(f"  GRURegressor           {error:5.1f}")
print(f"  value of last year     {same_as_last:5.1f}")
print(f"  eleven years ago       {cycle_ago:5.1f}")
