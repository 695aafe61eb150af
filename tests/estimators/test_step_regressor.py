"""GRUStepRegressor: a value, or several, for each step."""

import pickle

import gruc
import numpy as np
import pytest
from gruc import GRURegressor, GRUStepRegressor
from gruc.training import step
from problems import bits_of, vowels
from sklearn.metrics import d2_pinball_score, make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
EXACT = FAST | dict(dtype="float64", shuffle=False, max_grad_norm=None, learning_rate="constant")


def flat(y):
    return np.concatenate(list(y))


def running_means(n_targets=1):
    """Utterances, and the means of their first features up to each step."""
    X, _ = vowels()
    y = [x[:, :n_targets].cumsum(axis=0) / np.arange(1, len(x) + 1)[:, np.newaxis] for x in X]
    return X, [part[:, 0] for part in y] if n_targets == 1 else y


def test_learns_a_running_mean():
    X, y = running_means()
    model = GRUStepRegressor(max_iter=60, tol=0, random_state=0).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.9
    last = GRURegressor(frame_length=1, max_iter=60, tol=0, alpha=0.0, random_state=0)
    last.fit(X[::2], [part[-1] for part in y[::2]])
    ends = [part[-1] for part in model.predict(X[1::2])]
    # having seen the mean at each step it knows that of all steps better than one who has seen only that
    assert mean_absolute_error([part[-1] for part in y[1::2]], ends) < mean_absolute_error(
        [part[-1] for part in y[1::2]], last.predict(X[1::2])
    )


@pytest.mark.filterwarnings("ignore:All sequences of X have one step")
def test_a_step_is_that_of_a_regressor_of_one_step():
    """Sequences of one step are those of GRURegressor, to the last bit, weights and validation included."""
    X, y = running_means(2)
    X, y, weights = [x[:1] for x in X], [part[:1] for part in y], np.linspace(0, 2, len(X))
    validation = dict(X_val=X[:5], y_val=y[:5])
    for settings in ({}, dict(loss="quantile", quantile=[0.2, 0.7]), dict(loss="huber", dtype="float64")):
        ours = GRUStepRegressor(**FAST | settings).fit(X, y, weights, **validation)
        validation_once = dict(X_val=X[:5], y_val=flat(y[:5]))
        once = GRURegressor(**FAST | settings, frame_length=1, alpha=0.0)
        once.fit(X, flat(y), weights, **validation_once)
        assert bits_of(ours) == bits_of(once)
        assert ours.loss_curve_ == once.loss_curve_
        assert ours.validation_scores_ == once.validation_scores_
        assert np.array_equal(flat(ours.predict(X)), once.predict(X))
        assert ours.score(X, y, weights) == once.score(X, flat(y), weights)


def test_against_torch():
    """Several steps of Adam over ragged batches: the mean squared error over the steps of each."""
    torch = pytest.importorskip("torch")
    X, y = running_means(2)
    X, y = [x[: 1 + 2 * i] for i, x in enumerate(X[:10])], [x[: 1 + 2 * i] for i, x in enumerate(y[:10])]
    settings = EXACT | dict(batch_size=4, warm_start=True, max_iter=1, standardize=False)
    model = GRUStepRegressor(**settings).fit(X, y)
    gru = torch.nn.GRU(12, 6, dtype=torch.float64)
    head = torch.nn.Linear(6, 2, dtype=torch.float64)
    parts = [(gru, "gru"), (head, "head")]
    with torch.no_grad():
        for part, prefix in parts:
            for name, parameter in part.named_parameters():
                parameter.copy_(torch.tensor(model.weights_[f"{prefix}.{name}"].copy()))
    model.set_params(max_iter=4).fit(X, y)
    optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], lr=0.01)
    for _ in range(4):
        for start in range(0, len(X), 4):
            batch = range(start, min(start + 4, len(X)))
            outputs = torch.cat([head(gru(torch.tensor(X[i]))[0]) for i in batch])
            loss = torch.nn.functional.mse_loss(outputs, torch.tensor(flat([y[i] for i in batch]))) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    for part, prefix in parts:
        for name, parameter in part.named_parameters():
            ours = model.weights_[f"{prefix}.{name}"]
            np.testing.assert_allclose(ours, parameter.detach().numpy(), rtol=0, atol=1e-10)


class TestScaling:
    @pytest.mark.parametrize(
        "settings", [{}, {"loss": "huber"}, {"loss": "quantile", "quantile": [0.1, 0.9]}]
    )
    def test_any_scale_of_values_is_undone(self, settings):
        X, y = running_means()
        settings = FAST | settings | dict(dtype="float64")
        plain = GRUStepRegressor(**settings).fit(X, y)
        far = GRUStepRegressor(**settings).fit(X, [1000 * part - 5e4 for part in y])
        assert far.loss_curve_ == pytest.approx(plain.loss_curve_, rel=1e-6)
        for a, b in zip(far.predict(X), plain.predict(X), strict=True):
            np.testing.assert_allclose(a, 1000 * b - 5e4, rtol=1e-9)

    def test_statistics_are_those_of_the_steps_that_count(self):
        X, y = running_means()
        weights = np.array([1.0, 0.0] * 12)
        model = GRUStepRegressor(**FAST).fit(X, y, weights)
        scaling, rows = model._predictor.decoding.scaling, flat(y[::2])
        assert scaling.mean == pytest.approx(rows.mean())
        assert scaling.scale == pytest.approx(rows.std())


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile", "poisson"])
def test_losses(loss):
    """Each falls, and that of validation is the mean over the steps of the predictions' losses."""
    X, y = running_means()
    y = [np.exp(part) for part in y]
    model = GRUStepRegressor(
        (8,), max_iter=20, tol=0, loss=loss, standardize=False, dtype="float64", random_state=0
    )
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    predicted, wanted = flat(model.predict(X[1::2])), flat(y[1::2])
    size = np.abs(predicted - wanted)
    errors = {
        "squared_error": (predicted - wanted) ** 2 / 2,
        "absolute_error": size,
        "huber": np.where(size < 0.25, size**2 / 2, 0.25 * (size - 0.125)),
        "quantile": size / 2,
        "poisson": predicted - wanted * np.log(predicted),
    }
    assert model.validation_loss_curve_[-1] == pytest.approx(errors[loss].mean(), rel=1e-9)
    assert model.validation_scores_[-1] == pytest.approx(r2_score(wanted, predicted))


class TestForms:
    def test_shapes(self):
        X, y = running_means(2)
        cube, values = np.stack([x[:7] for x in X]), np.stack([part[:7] for part in y])
        for settings, shape in (({}, ()), (dict(loss="quantile", quantile=[0.1, 0.5, 0.9]), (3,))):
            two = GRUStepRegressor(**FAST | settings).fit(X, y)
            assert two.predict(X)[1].shape == (len(X[1]), 2, *shape)
            one = GRUStepRegressor(**FAST | settings).fit(X, [part[:, 0] for part in y])
            assert one.predict(X)[1].shape == (len(X[1]), *shape)
            assert one.predict(X)[1].dtype == np.float64
            of_array = GRUStepRegressor(**FAST | settings).fit(cube, values)
            assert of_array.predict(cube).shape == (24, 7, 2, *shape)
            of_list = GRUStepRegressor(**FAST | settings).fit(list(cube), list(values))
            assert bits_of(of_array) == bits_of(of_list)
            of_table = GRUStepRegressor(**FAST | settings).fit(cube[:, :, 0], values[:, :, 0])
            assert of_table.predict(cube[:, :, 0]).shape == (24, 7, *shape)

    def test_numbers_of_any_kind(self):
        X, y = running_means()
        y = [np.round(10 * part) for part in y]
        expected = bits_of(GRUStepRegressor(**FAST).fit(X, y))
        for values in (
            [part.astype("int16") for part in y], [part.tolist() for part in y], [part.astype(object) for part in y]
        ):  # fmt: skip
            assert bits_of(GRUStepRegressor(**FAST).fit(X, values)) == expected

    def test_score_is_over_all_steps(self):
        X, y = running_means()
        model = GRUStepRegressor(**FAST).fit(X, y)
        weights = np.linspace(0, 2, len(X))
        by_step = np.repeat(weights, [len(x) for x in X])
        assert model.score(X, y) == r2_score(flat(y), flat(model.predict(X)))
        assert model.score(X, y, weights) == pytest.approx(
            r2_score(flat(y), flat(model.predict(X)), sample_weight=by_step)
        )
        levels = [0.2, 0.8]
        model = GRUStepRegressor(**FAST, loss="quantile", quantile=levels).fit(X, y)
        predicted = flat(model.predict(X))
        scores = [d2_pinball_score(flat(y), predicted[:, i], alpha=level) for i, level in enumerate(levels)]
        assert model.score(X, y) == pytest.approx(np.mean(scores))


class TestBadInput:
    X = [np.ones((3, 2)), np.ones((2, 2))]

    @pytest.mark.parametrize(
        "y, message",
        [
            ([[0, 1, 0], [1, 1, 0]], r"y\[1\] has 3 values, but X\[1\] has 2 steps"),
            ([1.0, 2.0], r"y\[0\] is '1.0'; expected 3 values, one for each step.*use GRURegressor"),
            ([np.ones((3, 2)), np.ones((2, 1))], r"y\[1\] has shape \(2, 1\), but y\[0\] has \(3, 2\)"),
            ([np.ones((3, 2)), np.ones(2)], r"y\[1\] has shape \(2,\), but y\[0\] has \(3, 2\)"),
            ([np.ones((3, 2, 1)), np.ones((2, 2, 1))], r"y\[0\] has 3 dimensions"),
            ([[0, np.nan, 0], [1, 1]], r"y\[0\] contains nan at step 1; each step needs finite values"),
            ([[0, 1, 0], [1, np.inf]], r"y\[1\] contains inf at step 1"),
            ([[0, 1, 0], [1, None]], r"y\[1\] contains nan at step 1"),
            ([["a", "b", "a"], ["a", "b"]], "y must hold numbers"),
            ([[1j, 1, 1], [1, 1]], "y holds complex numbers"),
            ([[-1.0, 1, 1], [1, 1]], "y must not be negative with loss='poisson'"),
        ],
    )  # fmt: skip
    def test_of_y(self, y, message):
        with pytest.raises(ValueError, match=message):
            GRUStepRegressor(**FAST, loss="poisson").fit(self.X, y)

    def test_of_y_val(self):
        y = [[0, 1, 0], [1, 1]]
        with pytest.raises(ValueError, match="y_val has 2 outputs, but y has 1"):
            GRUStepRegressor(**FAST).fit(self.X, y, X_val=self.X, y_val=[np.ones((3, 2)), np.ones((2, 2))])


def test_partial_fit_gathers_the_statistics_of_its_first_calls():
    X, y = running_means()
    model = GRUStepRegressor(**FAST)
    for part in (slice(0, 3), slice(3, 8), slice(8, 14), slice(14, 24)):
        model.partial_fit(X[part], y[part], sample_weight=np.full(len(X[part]), 2.0))
    scaling, rows = model._predictor.decoding.scaling, flat(y[:14])
    assert scaling.mean == pytest.approx(rows.mean())
    assert scaling.scale == pytest.approx(rows.std())


def test_the_same_bits_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(step, "SHARD_OPERATIONS", 1)
    X, y = running_means(2)
    settings = FAST | dict(dropout=0.2, batch_size=24, bidirectional=True)
    models = [GRUStepRegressor(**settings, n_jobs=n).fit(X * 4, y * 4) for n in (1, 3)]
    assert bits_of(models[0]) == bits_of(models[1])


@pytest.mark.parametrize(
    "settings", [{}, dict(loss="quantile", quantile=(0.1, 0.9)), dict(loss="poisson")], ids=str
)
def test_files_and_pickles(settings, tmp_path):
    X, y = running_means(2)
    y = [np.abs(part) for part in y]
    model = GRUStepRegressor(**FAST | settings).fit(X, y)
    path = tmp_path / "model.gruc"
    model.save(path)
    loaded = gruc.load(path)
    assert loaded.get_params() == model.get_params()
    for other in (loaded, gruc.runtime.load(path), pickle.loads(pickle.dumps(model))):
        for a, b in zip(other.predict(X), model.predict(X), strict=True):
            assert np.array_equal(a, b)
    assert loaded.score(X, y) == model.score(X, y)
    assert loaded.partial_fit(X, y).n_iter_ == 4


def test_sklearn_tools():
    X, y = running_means()
    cv = KFold(3, shuffle=True, random_state=0)
    scores = cross_val_score(GRUStepRegressor(**FAST), X, y, cv=cv)
    predicted = cross_val_predict(GRUStepRegressor(**FAST), X, y, cv=cv)
    held_out = next(iter(cv.split(X)))[1]
    expected = r2_score(flat([y[i] for i in held_out]), flat([predicted[i] for i in held_out]))
    assert scores[0] == pytest.approx(expected)
    scorer = make_scorer(lambda y, p: mean_absolute_error(flat(y), flat(p)), greater_is_better=False)
    search = GridSearchCV(GRUStepRegressor(**FAST), {"max_iter": [1, 20]}, scoring=scorer, cv=cv).fit(X, y)
    assert search.best_params_ == {"max_iter": 20}
    assert search.score(X, y) == -mean_absolute_error(flat(y), flat(search.predict(X)))
