"""Frames of pandas with a target for each row: y is taken apart as X is."""

import numpy as np
import pandas as pd
import pytest
from gruc import GRUStepRegressor, GRUTagger
from problems import bits_of, tagged_vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(3,), max_iter=2, random_state=0)

X, y = tagged_vowels()
X = [x[:, :2] for x in X]
# keys whose order is not that of the sequences
KEYS = [f"s{(7 * i) % 24:02d}" for i in range(24)]
LONG = pd.concat(
    [
        pd.DataFrame(x, columns=["u", "v"]).assign(id=key, t=range(len(x)), tag=labels)
        for x, labels, key in zip(X, y, KEYS, strict=True)
    ],
    ignore_index=True,
)
LONG["tag"] = np.array(["a", "b", "c"])[LONG["tag"]]
TAGS = [np.array(["a", "b", "c"])[labels] for labels in y]
MULTI = LONG.set_index(["id", "t"])
APART = MULTI.sort_index(level=1, kind="stable")  # the rows of a series do not lie together
FEATURES, BY_KEY = ["u", "v"], np.argsort(KEYS)
FORMS = {
    "MultiIndex": (MULTI[FEATURES], MULTI["tag"], range(24)),
    "rows of series apart": (APART[FEATURES], APART["tag"], BY_KEY),
    "another order": (APART[FEATURES], MULTI["tag"][::-1], BY_KEY),
    "an array": (APART[FEATURES], APART["tag"].to_numpy(), BY_KEY),
    "categories": (MULTI[FEATURES], MULTI["tag"].astype("category"), range(24)),
    "groupby": (LONG.groupby("id")[FEATURES], LONG["tag"], BY_KEY),
    "groupby unsorted": (LONG.groupby("id", sort=False)[FEATURES], LONG["tag"], range(24)),
    "one array a sequence": (MULTI[FEATURES], TAGS, range(24)),
}


@pytest.mark.parametrize("frame, tags, order", FORMS.values(), ids=FORMS)
def test_tags(frame, tags, order):
    arrays, labels = [X[i] for i in order], [TAGS[i] for i in order]
    validation = dict(X_val=arrays, y_val=labels)
    model = GRUTagger(**FAST).fit(arrays, labels, **validation)
    same = GRUTagger(**FAST).fit(frame, tags, X_val=frame, y_val=tags)
    assert bits_of(same) == bits_of(model)
    assert same.validation_scores_ == model.validation_scores_
    assert same.score(frame, tags) == model.score(arrays, labels)
    assert bits_of(GRUTagger(**FAST).partial_fit(frame, tags)) == bits_of(
        GRUTagger(**FAST).partial_fit(arrays, labels)
    )


def test_several_values():
    values = np.stack([LONG["u"], LONG["v"] ** 2], axis=1)
    frame = pd.DataFrame(values, index=MULTI.index).sample(frac=1.0, random_state=0)
    model = GRUStepRegressor(**FAST).fit(X, [np.stack([x[:, 0], x[:, 1] ** 2], axis=1) for x in X])
    assert bits_of(GRUStepRegressor(**FAST).fit(MULTI[FEATURES], frame)) == bits_of(model)


def test_sequences_of_one_row():
    """As many labels as series, and as rows."""
    first = MULTI.groupby(level=0, sort=False).head(1)
    tags = first["tag"]
    with pytest.warns(UserWarning, match="one step"):
        model = GRUTagger(**FAST).fit(first[FEATURES], tags)
    with pytest.warns(UserWarning, match="one step"):
        same = GRUTagger(**FAST).fit(first[FEATURES], [[tag] for tag in tags])
    assert bits_of(model) == bits_of(same)


def test_an_index_of_other_rows():
    other = MULTI["tag"].rename(index=lambda key: key + "x", level=0)
    with pytest.raises(ValueError, match="The index of y is not that of the rows of X, which begins"):
        GRUTagger(**FAST).fit(MULTI[FEATURES], other)
    with pytest.raises(ValueError, match="The index of y is not that of the rows of X"):
        GRUTagger(**FAST).fit(MULTI[FEATURES], MULTI["tag"].droplevel(1))
