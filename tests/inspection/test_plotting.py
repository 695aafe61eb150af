"""Displays, on a canvas without a screen."""

import pytest
from gruc import GRUClassifier, GRURegressor
from problems import vowels
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from gruc.inspection import LossCurveDisplay  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = dict(hidden_layer_sizes=(6,), max_iter=12, random_state=0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_curves_are_those_of_the_model():
    X, y = vowels()
    model = GRUClassifier(**SETTINGS).fit(X, y, X_val=X[:5], y_val=y[:5])
    display = LossCurveDisplay.from_estimator(model)
    assert list(display.line_.get_ydata()) == model.loss_curve_
    assert list(display.line_.get_xdata()) == list(range(1, 13))
    assert list(display.validation_line_.get_ydata()) == model.validation_loss_curve_
    assert display.best_line_ is None
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["GRUClassifier: training", "GRUClassifier: validation"]
    assert display.figure_ is display.ax_.figure


def test_best_epoch_of_early_stopping():
    X, y = vowels()
    settings = SETTINGS | {"n_iter_no_change": 3, "warm_start": True, "early_stopping": True}
    settings |= {"learning_rate_init": 0.1}
    model = GRUClassifier(**settings, validation_fraction=0.3).fit(X, y)
    for _ in range(2):  # of the last run, where there are several
        display = LossCurveDisplay.from_estimator(model)
        assert display.best_line_.get_xdata()[0] == model.best_iter_ < model.n_iter_
        model.fit(X, y)


def test_a_validation_stands_at_its_epochs():
    X, y = vowels()
    model = GRURegressor(**SETTINGS | {"max_iter": 3}, warm_start=True).fit(X, y)
    model.fit(X, y, X_val=X[:5], y_val=y[:5])
    model.partial_fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert list(display.validation_line_.get_xdata()) == [4, 5, 6]
    assert list(display.line_.get_xdata()) == [1, 2, 3, 4, 5, 6, 7]


def test_one_epoch_is_seen():
    X, y = vowels()
    display = LossCurveDisplay.from_estimator(GRUClassifier(**SETTINGS).partial_fit(X, y))
    assert display.line_.get_marker() == "."
    assert [tick for tick in display.ax_.get_xticks() if 0.9 < tick < 1.1] == [1.0]


def test_drawn_into_axes_with_a_name_and_options():
    X, y = vowels()
    model = GRURegressor(**SETTINGS).fit(X, y)
    _, ax = plt.subplots()
    display = LossCurveDisplay.from_estimator(model, ax=ax, name="mine", color="red")
    assert display.ax_ is ax
    assert display.line_.get_color() == "red"
    assert display.line_.get_label() == "mine: training"
    assert display.validation_line_ is None
    assert display.plot(ax=ax, name="other").line_.get_label() == "other: training"


def test_refuses():
    X, y = vowels()
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(GRUClassifier())
    with pytest.raises(TypeError, match="LinearRegression has no loss_curve_"):
        LossCurveDisplay.from_estimator(LinearRegression().fit([[0.0], [1.0]], [0, 1]))
