"""What "auto" stands for, by the lengths of the sequences."""

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import bits_of, vowels

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
CONVOLUTIONS = dict(
    conv_channels=(32, 64, 64),
    conv_kernel_size=(17, 9, 5),
    pooling=("mean", "max", "conv_mean", "conv_max"),
)
OF_REGRESSORS = CONVOLUTIONS | {"pooling": ("mean", "max")}


def waves(n=24, n_steps=60, seed=0):
    """Sines of a period of 8 or 12 steps and of any phase, in noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    t = np.arange(n_steps) + rng.uniform(0, 24, (n, 1))
    return np.sin(2 * np.pi * t / (8 + 4 * y[:, np.newaxis])) + rng.normal(0, 0.3, (n, n_steps)), y


def structure(model):
    return dict(
        conv_channels=model.conv_channels_,
        conv_kernel_size=model.conv_kernel_size_,
        pooling=model.pooling_,
    )


def test_long_series_have_convolutions_short_ones_have_none():
    X, y = waves()
    assert structure(GRUClassifier(max_iter=2).fit(X, y)) == CONVOLUTIONS
    assert GRUClassifier((2,), max_iter=1).fit(*waves(99)).conv_kernel_size_ == (17, 9, 5)
    assert GRUClassifier((2,), max_iter=1).fit(*waves(100)).conv_kernel_size_ == (9, 5, 3)
    for short in (X[:, :47], [*X[:8], *X[8:, :30]]):  # by the median
        model = GRUClassifier(max_iter=2).fit(list(short), y)
        assert structure(model) == dict(conv_channels=(), conv_kernel_size=(), pooling="last")


@pytest.mark.parametrize("estimator", [GRUClassifier, GRURegressor])
@pytest.mark.parametrize("n_steps", [20, 60])
def test_the_values_are_those_that_are_documented(estimator, n_steps):
    X, y = waves(n_steps=n_steps)
    model = estimator(random_state=0).fit(X, y)
    if n_steps == 60:
        written = (CONVOLUTIONS if estimator is GRUClassifier else OF_REGRESSORS) | dict(
            learning_rate="cosine", learning_rate_init=0.002, max_iter=100, batch_size=16, n_estimators=3
        )
    else:
        written = dict(
            conv_channels=(), pooling="last", learning_rate="adaptive", learning_rate_init=0.01, max_iter=300
        )
    if estimator is GRURegressor:
        written["alpha"] = 0.3
    assert bits_of(model) == bits_of(estimator(random_state=0, **written).fit(X, y))
    assert (model.learning_rate, model.max_iter, model.pooling) == ("auto", "auto", "auto")
    assert model.score(X, y) > 0.9


def test_epochs_are_fewer_where_they_have_many_batches():
    X, y = waves(160, 48)
    settings = dict(batch_size=2, tol=0.0, n_iter_no_change=np.inf, random_state=0)
    model = GRUClassifier((2,), conv_channels=(2,), **settings).fit(X, y)
    assert model.n_iter_ == 62  # 100 epochs of 50 batches are as many steps as these of 80
    assert model.conv_kernel_size_ == (5,)


def test_the_penalty_of_regressors():
    """It is for few sequences, and for squared errors of scaled targets."""
    X, y = waves(200, 12)

    def bits(**settings):
        return bits_of(GRURegressor((3,), max_iter=2, random_state=0, **settings).fit(X, y))

    assert bits() == bits(alpha=0.3 * (150 / 200) ** 2)
    assert bits() != bits(alpha=0.0)
    for without in (dict(loss="huber"), dict(standardize=False), dict(solver="adamw")):
        assert bits(**without) == bits(**without, alpha=0.0)
    tokens = (X > 0).astype(int)
    on_tokens = [
        GRURegressor((3,), embedding_dim=2, max_iter=2, random_state=0, **settings).fit(tokens, y)
        for settings in ({}, {"alpha": 0.0})
    ]
    assert bits_of(on_tokens[0]) == bits_of(on_tokens[1])
    first = GRURegressor((3,), random_state=0).partial_fit(X, y)
    assert bits_of(first) == bits_of(GRURegressor((3,), random_state=0, alpha=0.0).partial_fit(X, y))
    assert first.alpha == "auto"


@pytest.mark.parametrize(
    "settings", [dict(frame_length=4), dict(hop_length=2), dict(conv_channels=())], ids=str
)
def test_who_sets_frames_has_no_convolutions(settings):
    X, y = waves()
    model = GRUClassifier(**settings, max_iter=2).fit(X, y)
    assert (model.conv_channels_, model.pooling_) == ((), "last")


@pytest.mark.parametrize(
    "estimator, expected", [(GRUClassifier, CONVOLUTIONS), (GRURegressor, OF_REGRESSORS)]
)
def test_the_last_state_is_read_of_few_sequences_whose_lengths_differ(estimator, expected):
    X, y = waves(100)
    shorter = np.arange(len(X)) // 2 % 2
    ragged = [x[: len(x) - cut] for x, cut in zip(X, shorter, strict=True)]
    model = estimator(max_iter=1)
    assert model.fit(ragged[1:], y[1:]).pooling_ == ("last", *expected["pooling"])
    assert model.fit(ragged, y).pooling_ == expected["pooling"]
    assert model.fit(ragged[1:], y[1:], sample_weight=1 - shorter[1:]).pooling_ == expected["pooling"]


def test_what_is_set_is_kept():
    X, y = waves()
    settings = dict(conv_kernel_size=3, conv_pool=4, pooling="max", learning_rate="constant", max_iter=2)
    model = GRUClassifier(**settings).fit(X, y)
    assert structure(model) == dict(conv_channels=(32, 64, 64), conv_kernel_size=(3,) * 3, pooling="max")
    assert model.n_iter_ == 2
    short = GRUClassifier(**settings).fit(X[:, :20], y)  # where there is nothing for conv_pool to do
    assert structure(short) == dict(conv_channels=(), conv_kernel_size=(), pooling="max")
    short.partial_fit(X[:, :20], y)


def test_fits_go_on_with_the_network_that_there_is():
    X, y = waves()
    model = GRUClassifier(max_iter=2, warm_start=True).fit(X, y)
    for n_steps in (60, 20):
        model.fit(list(X[:, :n_steps]), y)
        model.partial_fit(list(X[:, :n_steps]), y)
        assert structure(model) == CONVOLUTIONS
    short = GRUClassifier().partial_fit(list(X[:, :20]), y)
    assert short.partial_fit(list(X), y).conv_channels_ == ()
    with pytest.raises(ValueError, match="conv_channels is .*, but the existing network has"):
        short.set_params(conv_channels=(4, 4)).partial_fit(list(X), y)


def test_rates_of_partial_fit_never_end():
    X, y = waves()
    model = GRUClassifier((2,), conv_channels=(2,), max_iter=1).partial_fit(X, y)
    assert [model.partial_fit(X, y)._training_state.schedule.rate() for _ in range(3)] == [0.002] * 3


def test_leaving_the_notebook(tmp_path):
    """The default of long series streams, is exported, and saved."""
    X, y = waves()
    model = GRUClassifier(max_iter=2, random_state=0).fit(X, y)
    stream = model.stream().step(X[0][:, np.newaxis], every=True)
    cuts = [X[0, : t + 1] for t in range(60)]
    assert np.array_equal(stream, model.predict_proba(cuts))
    gruc.to_c(model, tmp_path / "waves.h", "waves")
    assert "waves_step(" in (tmp_path / "waves.h").read_text()
    model.save(tmp_path / "m.gruc")
    loaded = gruc.load(tmp_path / "m.gruc")
    assert structure(loaded) == CONVOLUTIONS
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_a_rare_class_is_found():
    """One of 50 sequences has a wave somewhere; a fit that collapses predicts none."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(0, 0.5, (1000, 60)), np.arange(1000) % 50 == 0
    for i in np.flatnonzero(y):
        start = rng.integers(48)
        X[i, start : start + 12] += 2 * np.sin(np.linspace(0, 2 * np.pi, 12))
    predicted = GRUClassifier(random_state=0, n_estimators=1).fit(X[:500], y[:500]).predict(X[500:])
    assert (predicted & y[500:]).sum() >= 8
    assert (predicted & ~y[500:]).sum() <= 5


@pytest.mark.parametrize("estimator", [GRUClassifier, GRURegressor])
@pytest.mark.parametrize("cut", [0, 1])
def test_from_torch(estimator, cut):
    """An estimator with automatic readouts takes those that go with convolutions."""
    X, y = waves()
    X = [X[0, cut:, np.newaxis], *X[1:, :, np.newaxis]]
    model = estimator((64, 32), max_iter=2, n_estimators=1, random_state=0).fit(X, y)
    gru, head, conv = gruc.to_torch(model)
    back = gruc.from_torch(estimator(), gru, head, conv_state=conv)
    predictions = [(m.predict_proba if estimator is GRUClassifier else m.predict)(X) for m in (model, back)]
    np.testing.assert_allclose(*predictions, rtol=0, atol=1e-5)
    assert structure(back) == structure(model)
    assert ("last" in back.pooling_) == bool(cut)


@pytest.mark.parametrize("estimator, n_steps", [(GRUClassifier, 60), (GRUClassifier, 47), (GRURegressor, 60)])
def test_few_long_series_have_several_networks(estimator, n_steps):
    X, y = waves(500, n_steps)
    few = estimator((2,), max_iter=1).fit(X[:40], y[:40])
    assert few.n_estimators_ == (3 if n_steps == 60 else 1)
    many = estimator((2,), max_iter=1)
    weights = (np.arange(501) < 500).astype(float)  # 30,000 steps count
    X, y = np.vstack([X, X[:1]]), np.append(y, 0)
    assert many.fit(X, y, sample_weight=weights).n_estimators_ == few.n_estimators_
    assert many.fit(X, y).n_estimators_ == 1
    assert estimator((2,), conv_channels=(2,), max_iter=1).fit(X[:40], y[:40]).n_estimators_ == 1
    assert estimator((2,), n_estimators=2, max_iter=1).fit(X, y).n_estimators_ == 2
    assert estimator((2,)).partial_fit(X[:40], y[:40]).n_estimators_ == 1


def heights(n=60, seed=0):
    """Half waves somewhere in noise, and their heights, which a mean or a maximum over states says well."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 0.1, (n, 60)), rng.uniform(1, 2, n)
    for x, height in zip(X, y, strict=True):
        start = rng.integers(40)
        x[start : start + 20] += height * np.sin(np.linspace(0, np.pi, 20))
    return X, y


def ends(n=80, seed=0):
    """Noise whose last steps are above or below 0."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 1, (n, 60)), np.arange(n) % 2
    X[:, -4:] += 0.8 * (2 * y[:, np.newaxis] - 1)
    return X, np.array(["below", "above"])[y]


def fits_of_both(estimator, X, y):
    """The default fit, the same as it is written, and that of the other structure."""
    model = estimator(random_state=0).fit(X, y)
    written = dict(conv_channels=model.conv_channels_, n_estimators=3, random_state=0)
    if model.conv_channels_:
        written["conv_kernel_size"] = model.conv_kernel_size_
    other = dict(conv_channels=(), n_estimators=3, random_state=0)
    if not model.conv_channels_:
        other |= dict(conv_channels=(32, 64, 64), conv_kernel_size=(17, 9, 5))
    return model, estimator(**written).fit(X, y), estimator(**other).fit(X, y)


class TestChoice:
    """Convolutions or frames, by cross-validation."""

    @pytest.mark.parametrize("name", ["heights", "periods"])
    def test_of_regressors(self, name):
        X, y = heights()
        if name == "periods":
            y = np.random.default_rng(0).uniform(6, 14, 60)
            X = np.sin(2 * np.pi * np.arange(60) / y[:, np.newaxis])
            X += np.random.default_rng(1).normal(0, 0.2, X.shape)
        model, written, other = fits_of_both(GRURegressor, X[:40], y[:40])
        assert bool(model.conv_channels_) == (name == "periods")
        assert bits_of(model) == bits_of(written)
        assert model.score(X[40:], y[40:]) > other.score(X[40:], y[40:])

    @pytest.mark.parametrize("problem", [waves, ends])
    def test_of_classifiers(self, problem):
        X, y = problem(80)
        model, written, other = fits_of_both(GRUClassifier, X[:40], y[:40])
        assert bool(model.conv_channels_) == (problem is waves)
        assert bits_of(model) == bits_of(written)
        own = np.arange(40), np.searchsorted(model.classes_, y[40:])
        losses = [-each.predict_log_proba(X[40:])[own].mean() for each in (model, other)]
        assert losses[0] < losses[1]

    def test_trials_do_not_show(self, capsys, recwarn):
        X, y = heights(16)
        verbose = GRURegressor((2,), max_iter=1, n_estimators=1, verbose=True, random_state=0).fit(X, y)
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("Chosen by cross-validation: ")
        assert [line[:5] for line in lines[1:]] == ["Epoch"]
        assert [str(warning.message)[:7] for warning in recwarn] == ["Maximum"] * (
            verbose.conv_channels_ == ()
        )

    def test_sequences_of_weight_0_have_no_say(self):
        X, y = heights(40)
        weights = (np.arange(40) < 30).astype(float)
        settings = dict(hidden_layer_sizes=(4,), max_iter=4, n_estimators=1, random_state=0)
        y[30:] = 1e3
        weighted = GRURegressor(**settings).fit(X, y, sample_weight=weights)
        assert bits_of(weighted) == bits_of(GRURegressor(**settings).fit(X[:30], y[:30], np.ones(30)))

    @pytest.mark.parametrize("with_validation", [False, True])
    def test_early_stopping(self, with_validation):
        """Trials hold out nothing but their folds."""
        X, y = heights(20)
        model = GRURegressor((2,), max_iter=1, early_stopping=True, n_estimators=1)
        for seed in range(5):
            given = dict(X_val=X, y_val=y) if with_validation else {}
            model.set_params(random_state=seed).fit(X, y, **given)
            other = GRURegressor(**model.get_params() | dict(conv_channels=model.conv_channels_))
            if model.conv_channels_:
                other.conv_kernel_size = model.conv_kernel_size_
            assert bits_of(other.fit(X, y, **given)) == bits_of(model)

    def test_a_scorer_that_needs_all_classes(self):
        """A fold lacks one of them, the validation set does not."""
        X, y = waves(24, 60)
        y = np.r_[2, 2, y[2:]]
        model = GRUClassifier((2,), max_iter=1, n_estimators=1, early_stopping=True, scoring="neg_log_loss")
        assert len(model.fit(X, y, X_val=X, y_val=y).validation_scores_) == 1

    def test_ctrl_c_in_a_trial_ends_the_fit(self, monkeypatch):
        from gruc.training.optimizers import Adam

        X, y = heights(20)
        model = GRURegressor((4,), max_iter=5, n_estimators=1, random_state=0).fit(X, y)
        before, step, calls = bits_of(model), Adam.step, []

        def interrupted(self, *args):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            step(self, *args)

        monkeypatch.setattr(Adam, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        assert bits_of(model) == before

    def test_few_or_continued_fits_have_no_trials(self, monkeypatch):
        from gruc.estimators import _structure_choice

        X, y = heights(20)
        model = GRURegressor((2,), max_iter=1, warm_start=True).fit(X, y)
        of_several_labels = np.stack([y > 1.5, y < 1.7], axis=1).astype(int)

        def no_trial(*_):
            raise AssertionError("a trial")

        monkeypatch.setattr(_structure_choice, "_trial", no_trial)
        assert model.fit(X, y).n_iter_ == 2
        model.partial_fit(X, y)
        assert GRURegressor((2,), max_iter=1).fit(X[:14], y[:14]).conv_channels_ == (32, 64, 64)
        for chosen in (dict(pooling="last"), dict(conv_kernel_size=3), dict(frame_length=2)):
            GRURegressor((2,), max_iter=1, **chosen).fit(X, y)
        GRUClassifier((2,), max_iter=1).fit(X, of_several_labels)
        for estimator, targets in ((GRURegressor, y), (GRUClassifier, y > 1.5)):
            with pytest.raises(AssertionError, match="a trial"):
                estimator((2,), max_iter=1).fit(X, targets)

    def test_invalid_targets_are_refused_before_trials(self, monkeypatch):
        from gruc.estimators import _structure_choice

        X, y = heights(20)
        monkeypatch.setattr(_structure_choice, "_trial", None)
        y[7] = np.nan
        for estimator in (GRURegressor, GRUClassifier):
            with pytest.raises(ValueError, match="NaN"):
                estimator((2,), max_iter=1).fit(X, y)

    def test_a_class_of_one_sequence(self):
        """There is no trial, which might not know the class."""
        X, y = ends(20)
        y[3] = "once"
        model = GRUClassifier((4,), max_iter=2, n_estimators=1, random_state=0).fit(X, y)
        assert model.classes_.tolist() == ["above", "below", "once"]
        rare = np.arange(20) == 5
        assert GRUClassifier((4,), max_iter=2).fit(X, rare).conv_channels_ == (32, 64, 64)
        rare[11] = True  # one of them in each trial at least
        assert GRUClassifier((4,), max_iter=2).fit(X, rare).classes_.tolist() == [False, True]


def test_tokens_have_no_convolutions():
    X, y = vowels()
    tokens = [np.tile(x[:, 0].argsort() % 11, 4) for x in X]
    assert GRUClassifier(embedding_dim=3, max_iter=2).fit(tokens, y).conv_channels_ == ()


def test_before_a_fit_there_is_no_structure():
    assert not hasattr(GRUClassifier(), "conv_channels_")
