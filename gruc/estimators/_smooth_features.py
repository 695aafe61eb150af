"""Initial weights of the first convolution where features change little from step to step.

Convolutions with random weights give sums of a few steps. For such a feature all of them are nearly the
same, its level, and hardly see its small movements. Differences, scaled up to the spread of the feature, are
then added. Found by cross-validation within training parts: docs/benchmarks/defaults.md.
"""

import numpy as np

# Fewer sequences learn movements that only they have; so many are also enough to measure by.
MANY_SEQUENCES = 100
# Ratio of standard deviations, of values to differences, from which on a feature is smooth.
SMOOTH, MOST = 5.0, 100.0


def add_differences(weight, ratios, rng):
    """Add to weights (k, D, H) random ones of the differences of smooth features, ``x[t] - x[t - 1]``.

    They are as large as the weights themselves, times the `ratios` (D,) of `smoothness`.
    """
    k, D, H = weight.shape
    limit = np.sqrt(6.0 / (k * (D + H)))
    of_differences = np.zeros((k + 1, D, H))
    of_differences[1:k] = rng.uniform(-limit, limit, (k - 1, D, H))
    scale = np.where(ratios < SMOOTH, 0.0, np.minimum(ratios, MOST))
    weight += scale[:, np.newaxis] * (of_differences[1:] - of_differences[:-1])


def smoothness(sequences, indices):
    """Standard deviation of each feature over that of its differences, (D,), of some of these sequences.

    1 where one of them is 0.
    """
    chosen = np.asarray(indices)[np.linspace(0, len(indices) - 1, MANY_SEQUENCES).astype(int)]
    largest = np.maximum(np.abs(sequences.lowest), np.abs(sequences.highest))
    unit = np.where(largest > 0, largest, 1.0)  # so that no square overflows
    parts = [sequences.stack(slice(i, i + 1)) / unit for i in chosen]
    values = np.concatenate(parts).std(axis=0)
    differences = np.concatenate([np.diff(part, axis=0) for part in parts]).std(axis=0)
    measurable = (values > 0) & (differences > 0)
    return np.divide(values, differences, out=np.ones(len(values)), where=measurable)
