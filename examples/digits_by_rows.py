"""Images read row by row, with scikit-learn's tools.

The 8 x 8 digits as sequences of 8 steps with 8 pixels each, in a Pipeline, a grid search and
cross-validation, as with any other estimator.
"""

from gruc import GRUClassifier
from gruc.preprocessing import SequenceScaler
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.images, digits.target, test_size=0.5, stratify=digits.target, random_state=0
)

pipeline = Pipeline(
    [
        ("scale", SequenceScaler()),
        # the input is already standardized
        ("gru", GRUClassifier(standardize=False, random_state=0)),
    ]
)

scores = cross_val_score(pipeline, X_train, y_train, cv=3, n_jobs=2)
print(f"Cross-validated accuracy: {scores.mean():.3f} +- {scores.std():.3f}")

search = GridSearchCV(
    pipeline,
    {"gru__hidden_layer_sizes": [(32,), (64,)], "gru__bidirectional": [False, True]},
    cv=3,
    n_jobs=2,
)
search.fit(X_train, y_train)
for parameters, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"  {score:.3f}  {parameters}")
print(f"Best: {search.best_params_}")
print(f"Accuracy on the other half: {search.score(X_test, y_test):.3f}")
