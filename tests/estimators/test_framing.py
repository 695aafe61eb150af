"""frame_length and hop_length: some steps become one input."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor
from problems import vowels

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")
SMALL = dict(hidden_layer_sizes=(6,), max_iter=3, random_state=0)


def framed(X, length):
    """X by hand: whole frames only."""
    return [x.reshape(len(x) // length, -1) for x in X]


def test_frames_are_those_made_by_hand():
    X, y = vowels()
    X = [x[: len(x) // 4 * 4] for x in X]
    model = GRUClassifier(**SMALL, frame_length=4, standardize=False).fit(X, y)
    by_hand = GRUClassifier(**SMALL, frame_length=1, standardize=False).fit(framed(X, 4), y)
    assert model.loss_curve_ == by_hand.loss_curve_
    assert np.array_equal(model.predict_proba(X), by_hand.predict_proba(framed(X, 4)))
    assert (model.frame_length_, model.hop_length_, model.n_features_in_) == (4, 4, 12)
    assert model.weights_["gru.weight_ih_l0"].shape == (18, 48)


def test_features_are_standardized_step_by_step():
    X, y = vowels()
    model = GRUClassifier(**SMALL, frame_length=3).fit(X, y)
    np.testing.assert_allclose(
        model._predictor.inputs.scaling.mean, np.concatenate(X).mean(axis=0), rtol=1e-6
    )


@pytest.mark.parametrize("length, hop", [(1, None), (4, None), (4, 1), (3, 5), (40, None)])
def test_a_prediction_depends_on_its_sequence_alone(length, hop):
    X, y = vowels()
    model = GRUClassifier(**SMALL, frame_length=length, hop_length=hop).fit(X, y)
    together = model.predict_proba(X)
    for i in (0, 5, 20):
        assert np.array_equal(model.predict_proba([X[i]])[0], together[i])
        prefix = X[i][:6]
        completed = np.concatenate([prefix, np.repeat(prefix[-1:], -len(prefix) % length, axis=0)])
        if hop is None:  # the last frame is completed by its last step
            assert np.array_equal(model.predict_proba([prefix]), model.predict_proba([completed]))


def test_array_and_list_and_table():
    X, y = vowels()
    cube = np.stack([x[:7, :1] for x in X])
    models = [
        GRUClassifier(**SMALL, frame_length=3).fit(form, y) for form in (cube, list(cube), cube[:, :, 0])
    ]
    for model, form in zip(models, (cube, list(cube), cube[:, :, 0]), strict=True):
        assert model.loss_curve_ == models[0].loss_curve_
        assert np.array_equal(model.predict_proba(form), models[0].predict_proba(cube))


def test_auto_chooses_by_length():
    rng = np.random.default_rng(0)
    y = np.arange(8) % 2
    for n_steps, expected in ((4, 1), (12, 2), (24, 4), (100, 4), (150, 6), (1000, 16)):
        X = rng.standard_normal((8, n_steps, 1))
        model = GRUClassifier(**SMALL, conv_channels=()).partial_fit(X, y)
        assert model.frame_length_ == model.hop_length_ == expected


def test_going_on_keeps_the_frames():
    X, y = vowels()
    model = GRUClassifier(**SMALL, frame_length=2).partial_fit(X, y).partial_fit(X, y)
    for wrong, message in (
        (dict(frame_length=3), "frame_length is 3, but the existing network has 2"),
        (dict(frame_length=2, hop_length=1), "hop_length is 1, but the existing network"),
        (dict(frame_length="auto", hop_length=1), "hop_length is 1, but the existing network"),
    ):
        with pytest.raises(ValueError, match=message):
            model.set_params(**wrong).partial_fit(X, y)
    model.set_params(frame_length="auto", hop_length=None).partial_fit(X, y)
    assert model.frame_length_ == 2


def test_a_long_series_of_one_feature():
    """Where a bump lies in a long noisy series."""
    rng = np.random.default_rng(0)
    X, y = 0.3 * rng.standard_normal((80, 200)), np.arange(80) % 2
    for i, label in enumerate(y):
        start = rng.integers(0, 80) + 110 * label
        X[i, start : start + 10] += 1
    settings = dict(hidden_layer_sizes=(16,), max_iter=40, random_state=0, tol=0)
    model = GRUClassifier(**settings, frame_length=8).fit(X[:60], y[:60])
    assert model.score(X[60:], y[60:]) >= 0.9


def test_predictor_and_pickle_know_the_frames():
    import pickle

    from gruc.runtime import Predictor

    X, y = vowels()
    model = GRURegressor(**SMALL, frame_length=3, hop_length=2).fit(X, [x.mean() for x in X])
    expected = model.predict(X)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)
    predictor = pickle.loads(pickle.dumps(Predictor.from_estimator(model)))
    assert np.array_equal(predictor.predict(X), expected)
    with pytest.raises(ValueError, match="X has 5 features per step, but the model was fitted with 12"):
        predictor.predict([x[:, :5] for x in X])


@pytest.mark.parametrize("wrong", [dict(frame_length=0), dict(frame_length="long"), dict(hop_length=0)])
def test_bad_parameters(wrong):
    X, y = vowels()
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter of GRUClassifier must be"):
        GRUClassifier(**wrong).fit(X, y)
