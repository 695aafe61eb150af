"""Tuning with scikit-learn: successive halving over the nested parameters of a Pipeline.

Eighteen candidates start with few epochs; the best third continues with three times as many, and so on. The
search runs candidates in parallel; each fit then uses one thread (`n_jobs=None` respects joblib's limits), so
that they do not compete for the processors.
"""

from time import perf_counter

import numpy as np
from gruc import GRUClassifier
from gruc.preprocessing import SequenceScaler
from scipy.stats import loguniform, uniform
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline

digits = load_digits()  # images, read row by row
X, X_test, y, y_test = train_test_split(
    digits.images, digits.target, test_size=0.5, stratify=digits.target, random_state=0
)

pipeline = Pipeline(
    [
        ("scale", SequenceScaler()),
        ("gru", GRUClassifier(standardize=False, random_state=0)),
    ]
)
by_default = cross_val_score(pipeline, X, y, cv=3, n_jobs=2).mean()
print(
    f"By default: cross-validated {by_default:.3f}, other half {pipeline.fit(X, y).score(X_test, y_test):.3f}"
)
search = HalvingRandomSearchCV(
    pipeline,
    {
        "gru__hidden_layer_sizes": [(32,), (64,), (128,), (64, 64)],
        "gru__bidirectional": [False, True],
        "gru__pooling": ["last", "mean", "max", "attention"],
        "gru__frame_length": [1, 2],
        "gru__dropout": uniform(0, 0.4),
        "gru__learning_rate_init": loguniform(1e-3, 3e-2),
        "gru__n_iter_no_change": [np.inf],  # do not stop before the epochs that the search allots
    },
    n_candidates=18,
    resource="gru__max_iter",
    min_resources=7,
    max_resources=63,
    factor=3,
    cv=3,
    n_jobs=2,
    random_state=0,
)
start = perf_counter()
search.fit(X, y)
n_fits = sum(search.n_candidates_) * 3 + 1
print(f"{n_fits} fits in {perf_counter() - start:.0f} s")
print(f"Candidates {search.n_candidates_} with epochs {search.n_resources_}; the best:")
for name, value in search.best_params_.items():
    print(f"  {name} = {value:.4g}" if isinstance(value, float) else f"  {name} = {value}")
print(f"Tuned: cross-validated {search.best_score_:.3f}, other half: {search.score(X_test, y_test):.3f}")
