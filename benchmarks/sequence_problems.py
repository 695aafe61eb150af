"""Problems that the defaults of GRUClassifier and GRURegressor are chosen by: training parts only.

Data come with aeon, sktime, pmdarima, statsmodels and scikit-learn, or are made here; nothing is
downloaded. `PROBLEMS` has, by name, functions that return X and y; y of `REGRESSIONS` is real. `divisions`
divides them for cross-validation; "NAME@40" is NAME with 40 sequences to learn from.
"""

from functools import cache

import numpy as np
from gruc.datasets import load_japanese_vowels
from gruc.sequences import from_channels_first
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit


def of_aeon(name, load="load_classification"):
    from aeon import datasets

    X, y = getattr(datasets, load)(name, split="train")
    return from_channels_first(X), y


def digits():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    X, _, y, _ = train_test_split(
        data.images, data.target, test_size=0.5, stratify=data.target, random_state=0
    )
    return X, y


def plaid():
    """Current and voltage of appliances: 200 sequences of 100 to 1344 steps, 11 classes of 5 to 33."""
    from sktime.datasets import load_plaid

    X, y = load_plaid(split="train", return_type="df-list")
    chosen = np.random.default_rng(0).permutation(len(X))[:200]
    return [X[i].to_numpy(float) for i in chosen], np.asarray(y)[chosen]


def tecator():
    from sktime.datasets import load_tecator

    X, y = load_tecator(split="train", return_type="numpy3d")
    return from_channels_first(X), np.asarray(y, float)


def taylor_days():
    """Electricity demand of a day from a random half-hour on: on which day of the week does it begin?"""
    from pmdarima.datasets import load_taylor

    series, rng = load_taylor(), np.random.default_rng(0)
    starts = rng.choice(len(series) - 48, 240, replace=False)
    X = np.array([series[start : start + 48] for start in starts])
    return X, starts // 48 % 7


def sunspots():
    from statsmodels.datasets import sunspots

    rows = np.lib.stride_tricks.sliding_window_view(
        sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()[:240], 33
    )
    return rows[:, :-1], rows[:, -1]


def co2():
    """The level of next week over that of this one, from two years of weeks."""
    from statsmodels.datasets import co2

    series = co2.load_pandas().data["co2"].interpolate().to_numpy()[:1200]
    rows = np.lib.stride_tricks.sliding_window_view(series, 106)[::3]
    return rows[:, :-2] - rows[:, -2:-1], rows[:, -1] - rows[:, -2]


def adding_problem(n, n_steps, rng):
    """Numbers beside two marks, one in each half; the target is the sum of the marked ones."""
    values, marks = rng.random((n, n_steps)), np.zeros((n, n_steps))
    rows, half = np.arange(n), n_steps // 2
    first, second = rng.integers(0, half, n), rng.integers(half, n_steps, n)
    marks[rows, first] = marks[rows, second] = 1
    X = np.stack([values, marks], axis=2).astype("float32")
    return X, values[rows, first] + values[rows, second]


def bump(shape, length=20):
    """One of three motifs, of zero mean and height about 2."""
    t = np.linspace(-1, 1, length)
    rising = 2 * t * np.sqrt(1 - t**2)
    return [rising * 2, -rising * 2, 2 * np.cos(2 * np.pi * t) * (1 - t**2)][shape]


def motif():
    """Which of three motifs is somewhere in 300 steps of noise?"""
    rng = np.random.default_rng(1)
    X, y = rng.normal(0, 0.9, (150, 300)), np.arange(150) % 3
    for x, shape in zip(X, y, strict=True):
        start = rng.integers(280)
        x[start : start + 20] += bump(shape)
    return X, y


def order_of_motifs():
    """Which of two motifs comes first? Both are somewhere in 150 steps of noise."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(0, 0.8, (160, 150)), np.arange(160) % 2
    for x, swapped in zip(X, y, strict=True):
        first, second = rng.integers(0, 55), rng.integers(75, 130)
        x[first : first + 20] += bump(2 if swapped else 0)
        x[second : second + 20] += bump(0 if swapped else 2)
    return X, y


def long_motif():
    """In which of three features, 300 to 800 steps of smoothed noise, is a motif?"""
    rng = np.random.default_rng(3)
    X, y = [], np.arange(90) % 3
    for feature in y:
        n_steps = rng.integers(300, 801)
        noise = rng.normal(0, 1, (n_steps + 4, 3))
        x = sum(noise[i : i + n_steps] for i in range(5)) / 4
        start = rng.integers(n_steps - 40)
        x[start : start + 40, feature] += bump(2, 40)
        X.append(x)
    return X, y


def kinds_of_noise():
    """Which of three autoregressions of the same variance made 120 steps?"""
    rng = np.random.default_rng(4)
    y = np.arange(150) % 3
    X = np.zeros((150, 120))
    for x, kind in zip(X, y, strict=True):
        a = (0.0, 0.5, -0.5)[kind]
        for t, e in enumerate(rng.normal(0, np.sqrt(1 - a**2), 120)):
            x[t] = a * x[t - 1] * (t > 0) + e
    return X, y


def recall():
    """Of which sign were the first five of 300 steps? Noise follows."""
    rng = np.random.default_rng(5)
    X, y = rng.normal(0, 1, (200, 300)), np.arange(200) % 2
    X[:, :5] += np.where(y, 1, -1)[:, None]
    return X, y


def frequencies():
    """One of five near frequencies, of any phase, in 60 steps of noise; 1500 sequences."""
    rng = np.random.default_rng(6)
    y = np.arange(1500) % 5
    periods = (12 + y)[:, None]
    phases = rng.uniform(0, 2 * np.pi, (1500, 1))
    return np.sin(2 * np.pi * np.arange(60) / periods + phases) + rng.normal(0, 0.5, (1500, 60)), y


def pulses():
    """How many pulses, 0 to 9, are in 60 to 120 steps of noise?"""
    rng = np.random.default_rng(7)
    X, y = [], np.arange(200) % 10
    for count in y:
        x = rng.normal(0, 0.3, rng.integers(60, 121))
        for place in rng.choice(len(x) // 4, count, replace=False) * 4:
            x[place : place + 3] += 2
        X.append(x)
    return X, y.astype(float)


def periods():
    """The period, 8 to 40 steps, of a sine in 150 steps of noise."""
    rng = np.random.default_rng(8)
    y = rng.uniform(8, 40, 150)
    phases = rng.uniform(0, 2 * np.pi, (150, 1))
    return np.sin(2 * np.pi * np.arange(150) / y[:, None] + phases) + rng.normal(0, 0.5, (150, 150)), y


def standardized_windows(series, n_steps, n, rng):
    """n windows of a series, each with mean 0 and variance 1, and where they begin."""
    series = np.asarray(series, float)
    starts = rng.choice(len(series) - n_steps, n, replace=False)
    X = np.array([series[start : start + n_steps] for start in starts])
    return (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True), starts


def reversed_sunspots():
    """Is a window of 120 months reversed in time?"""
    from pmdarima.datasets import load_sunspots

    X, _ = standardized_windows(load_sunspots(), 120, 300, np.random.default_rng(10))
    y = np.arange(300) % 2
    X[y == 1] = X[y == 1, ::-1]
    return X, y


def elnino_quarter():
    """In which quarter of the year do 60 months of the temperature of the sea, with noise, begin?"""
    from statsmodels.datasets import elnino

    rng = np.random.default_rng(11)
    series = elnino.load_pandas().data.iloc[:, 1:].to_numpy(float).ravel()
    X, starts = standardized_windows(series[np.isfinite(series)], 60, 300, rng)
    return X + rng.normal(0, 0.3, X.shape), starts // 3 % 4


def taylor_weekend():
    """Is more than a third of 144 half-hours of electricity demand, with noise, at a weekend?"""
    from pmdarima.datasets import load_taylor

    rng = np.random.default_rng(12)
    X, starts = standardized_windows(load_taylor(), 144, 400, rng)
    days = (starts[:, None] + np.arange(144)) // 48 % 7
    return X + rng.normal(0, 0.3, X.shape), ((days >= 5).mean(axis=1) > 1 / 3).astype(int)


def value_in_noise(add, seed):
    """300 sequences of 100 steps of noise, which ``add(x, value, rng)`` writes a normal value to."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 0.5, (300, 100)), rng.normal(0, 1, 300)
    for x, value in zip(X, y, strict=True):
        add(x, value, rng)
    return X, y + rng.normal(0, 0.2, 300)


def add_height(x, value, rng):
    """The height of a half wave at a random place."""
    start = rng.integers(80)
    x[start : start + 20] += (2 + value) * np.sin(np.linspace(0, np.pi, 20))


def add_begin(x, value, rng):
    """The level of the first eight steps."""
    x[:8] += value


def add_trend(x, value, rng):
    """The slope of a line at a random level."""
    x += value * np.linspace(-0.5, 0.5, 100) + rng.normal(0, 0.5)


def add_spread(x, value, rng):
    """The logarithm of the standard deviation."""
    x *= np.exp(0.3 * value)


def add_gap(x, value, rng):
    """The distance of two pulses."""
    gap = int(np.clip(40 + 12 * value, 10, 80))
    start = rng.integers(97 - gap)
    for place in (start, start + gap):
        x[place : place + 3] += 2


def rare_wave(n, n_steps, seed):
    """Is a wave of 12 steps somewhere in the noise? One of 50 sequences has one. No problem of `PROBLEMS`."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 0.5, (n, n_steps)), (np.arange(n) % 50 == 0).astype(int)
    for i in np.flatnonzero(y):
        start = rng.integers(n_steps - 12)
        X[i, start : start + 12] += 2 * np.sin(np.linspace(0, 2 * np.pi, 12))
    return X, y


REGRESSIONS = {
    "sunspots": sunspots,
    "CO2": co2,
    "Tecator": tecator,
    "Covid3Month": lambda: of_aeon("Covid3Month", "load_regression"),
    "CardanoSentiment": lambda: of_aeon("CardanoSentiment", "load_regression"),
    "pulses": pulses,
    "periods": periods,
    "height": lambda: value_in_noise(add_height, 21),
    "begin": lambda: value_in_noise(add_begin, 22),
    "trend": lambda: value_in_noise(add_trend, 23),
    "spread": lambda: value_in_noise(add_spread, 24),
    "gap": lambda: value_in_noise(add_gap, 25),
}
PROBLEMS = {
    "ItalyPowerDemand": lambda: of_aeon("ItalyPowerDemand"),
    "JapaneseVowels": lambda: load_japanese_vowels(subset="train", return_X_y=True),
    "digits": digits,
    "BasicMotions": lambda: of_aeon("BasicMotions"),
    "GunPoint": lambda: of_aeon("GunPoint"),
    "ArrowHead": lambda: of_aeon("ArrowHead"),
    "PickupGestureWiimoteZ": lambda: of_aeon("PickupGestureWiimoteZ"),
    "OSULeaf": lambda: of_aeon("OSULeaf"),
    "ACSF1": lambda: of_aeon("ACSF1"),
    "PLAID": plaid,
    "Taylor days": taylor_days,
    "motif": motif,
    "order of motifs": order_of_motifs,
    "long motif": long_motif,
    "kinds of noise": kinds_of_noise,
    "recall": recall,
    "frequencies": frequencies,
    "reversed sunspots": reversed_sunspots,
    "El Nino quarter": elnino_quarter,
    "Taylor weekend": taylor_weekend,
    **REGRESSIONS,
}


@cache
def problem(name):
    """X, an array or an array of sequences, and y."""
    X, y = PROBLEMS[name.partition("@")[0]]()
    return X if isinstance(X, np.ndarray) else np.fromiter(X, object, len(X)), np.asarray(y)


def is_regression(name):
    """Whether y of a problem is real."""
    return name.partition("@")[0] in REGRESSIONS


def divisions(name, seed):
    """Indices to learn from and others to score, of each division of a problem: other ones for each seed.

    Three folds or, with fewer than 100 sequences, five. Of "NAME@40", two draws of 40 sequences, in which
    classes are as frequent as in all, and of up to 400 of the others.
    """
    X, y = problem(name)
    _, _, n_learned = name.partition("@")
    if n_learned:
        n_learned = int(n_learned)
        draw = ShuffleSplit if is_regression(name) else StratifiedShuffleSplit
        n_others = min(400, len(X) - n_learned)
        splitter = draw(2, train_size=n_learned, test_size=n_others, random_state=seed)
    else:
        kind = KFold if is_regression(name) else StratifiedKFold
        splitter = kind(5 if len(X) < 100 else 3, shuffle=True, random_state=seed)
    return splitter.split(np.zeros(len(X)), y)
