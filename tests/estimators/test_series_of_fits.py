"""Fits that go on from each other hold out the same sequences."""

import numpy as np
import pytest
from gruc import GRUClassifier, GRURegressor

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def coin_tosses(n=120):
    """Nothing can be learned: a score well above 1/2 on held-out sequences means that they were trained on."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 4, 3)).astype("float32"), rng.integers(0, 2, n)


def held_out_by(model, X, y):
    """Weights of the fit's validation: here the places, which serve as weights."""
    seen = []

    def places(model, X_val, y_val, sample_weight=None):
        seen.append(sorted(np.flatnonzero((x == X).all(axis=(1, 2)))[0] for x in X_val))
        return 0.0

    model.set_params(scoring=places).fit(X, y)
    return seen[0]


class TestSeriesOfFits:
    """Fits that go on from each other hold out the same sequences."""

    SETTINGS = dict(hidden_layer_sizes=(4,), early_stopping=True, validation_fraction=0.2, warm_start=True)

    def model(self, kind=GRUClassifier, **settings):
        return kind(**self.SETTINGS, max_iter=1, random_state=0, **settings)

    def test_nothing_held_out_is_ever_learned(self):
        X, y = coin_tosses()
        model = GRUClassifier(
            (32,), early_stopping=True, validation_fraction=0.3, warm_start=True, max_iter=40,
            frame_length=1, random_state=0,
        )  # fmt: skip
        for _ in range(4):
            model.fit(X, y)
        assert model.loss_curve_[-1] < 0.1  # it overfits the sequences that it is trained on
        assert model.best_validation_score_ < 0.75

    @pytest.mark.parametrize("kind", [GRUClassifier, GRURegressor])
    def test_the_same_places_however_the_model_is_kept(self, kind, tmp_path):
        import copy
        import pickle

        from gruc import load

        X, y = coin_tosses()
        model = self.model(kind)
        first = held_out_by(model, X, y)
        assert len(first) == 24
        model.set_params(scoring=None)
        model.save(tmp_path / "m.gruc")
        for other in (
            copy.deepcopy(model), pickle.loads(pickle.dumps(model)), load(tmp_path / "m.gruc"), model
        ):  # fmt: skip
            assert held_out_by(other, X, y) == first
        again = held_out_by(model.set_params(warm_start=False), X, y)
        assert again == first  # the seed of random_state

    def test_fits_from_scratch_draw_a_new_split(self):
        X, y = coin_tosses()
        model = self.model().set_params(warm_start=False, random_state=np.random.RandomState(0))
        assert held_out_by(model, X, y) != held_out_by(model, X, y)

    @pytest.mark.parametrize(
        "change", ["n", "y", "validation_fraction", "all learned", "partial_fit", "X_val"]
    )
    def test_another_split_is_warned_of(self, change, recwarn):
        X, y = coin_tosses()
        model = self.model().fit(X, y).fit(X, y)
        if change == "n":
            X, y = X[:-1], y[:-1]
        elif change == "y":
            y = y[::-1]
        elif change == "validation_fraction":
            model.set_params(validation_fraction=0.3)
        elif change == "all learned":
            model.set_params(early_stopping=False).fit(X, y).set_params(early_stopping=True)
        elif change == "partial_fit":
            model.set_params(early_stopping=False).partial_fit(X, y).set_params(early_stopping=True)
        else:
            model.fit(X, y, X_val=X, y_val=y)
        assert not [w for w in recwarn if "holds out sequences" in str(w.message)]
        with pytest.warns(UserWarning, match="may have learned from.*give X_val and y_val"):
            model.fit(X, y)
        recwarn.clear()
        model.fit(X, y)
        assert not [w for w in recwarn if "holds out sequences" in str(w.message)]

    def test_regressors_need_no_equal_y(self, recwarn):
        X, y = coin_tosses()
        model = self.model(GRURegressor)
        assert held_out_by(model, X, y) == held_out_by(model, X, y[::-1] + 1.0)
        assert not [w for w in recwarn if "holds out sequences" in str(w.message)]
