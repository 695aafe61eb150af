"""Language models in files and pickles, and their runtime with NumPy alone."""

import copy
import pickle
import subprocess
import sys

import gruc
import numpy as np
import pytest
from gruc import GRULanguageModel
from gruc.files import model_file
from gruc.runtime.model_files import content_of_file
from gruc.runtime.steps import TextStep
from problems import bits_of, classes_in

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = dict(hidden_layer_sizes=(7,), embedding_dim=5, window=8, batch_size=4, max_iter=3, random_state=0)
TEXT = "Ünder the table, unter dem Tisch; под столом. " * 12
MODELS = {
    "a text": (dict(FAST), TEXT),
    "texts": (FAST | {"lowercase": True, "dtype": "float64"}, TEXT.split(";")),
    "words": (FAST | {"analyzer": "word", "min_frequency": 2, "max_features": 5}, TEXT + "rare"),
    "tied": (FAST | {"tie_weights": True, "vocabulary": sorted(set(TEXT))}, TEXT),
    "tied, as wide": (FAST | {"tie_weights": True, "embedding_dim": 7}, TEXT),
    "negatives": (FAST | {"n_negatives": 5}, TEXT),
    "tokens": (FAST | {"n_tokens": 9}, [[0, 4, 2, 8], [1, 4]] * 20),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    settings, X = MODELS[request.param]
    return GRULanguageModel(**settings).fit(X), X


def same(a, b, X):
    assert a.score(X) == b.score(X)
    assert np.array_equal(a.sample(40, random_state=3), b.sample(40, random_state=3))
    assert np.array_equal(a.stream().log_probabilities, b.stream().log_probabilities)
    one = X if isinstance(X, str) else X[0]
    assert np.array_equal(a.hidden_states(one), b.hidden_states(one))


def test_files(model, tmp_path):
    model, X = model
    model.save(tmp_path / "m.gruc")
    same(model, gruc.runtime.load(tmp_path / "m.gruc"), X)
    loaded = gruc.load(tmp_path / "m.gruc")
    same(model, loaded, X)
    assert loaded.get_params() == model.get_params()
    assert loaded.vocabulary_ == model.vocabulary_
    assert loaded.n_tokens_ == model.n_tokens_
    assert loaded.loss_curve_ == model.loss_curve_
    loaded.save(tmp_path / "again.gruc")
    assert (tmp_path / "again.gruc").read_bytes() == (tmp_path / "m.gruc").read_bytes()
    assert loaded.partial_fit(X).n_iter_ == 4


def test_pickles(model):
    model, X = model
    same(model, pickle.loads(pickle.dumps(model)), X)
    predictor = gruc.runtime.LanguagePredictor(model._fitted_predictor(), model._fitted_vocabulary())
    same(model, pickle.loads(pickle.dumps(predictor)), X)
    same(model, copy.deepcopy(predictor), X)
    of_predictor = {"gruc.runtime.LanguagePredictor", "gruc.runtime.Predictor"}
    assert classes_in(pickle.dumps(model, protocol=2)) == {"gruc.GRULanguageModel"}
    assert classes_in(pickle.dumps(predictor, protocol=2)) == of_predictor
    stream = model.stream()
    first = stream.step(X[:2] if isinstance(X, str) else X[0])
    for other in (copy.deepcopy(stream), pickle.loads(pickle.dumps(stream))):
        assert np.array_equal(other.log_probabilities, first)
        assert np.array_equal(other.step(2), copy.deepcopy(stream).step(2))
    of_stream = {"gruc.runtime.LanguageStream", "gruc.runtime.Predictor", "gruc.runtime.Stream"}
    assert classes_in(pickle.dumps(stream, protocol=2)) == of_stream
    resumed = pickle.loads(pickle.dumps(model)).partial_fit(X)
    assert bits_of(resumed) == bits_of(copy.deepcopy(model).partial_fit(X))


PROGRAM = """
import sys
sys.modules.update(dict.fromkeys(("sklearn", "scipy", "joblib", "threadpoolctl")))  # cannot be imported
import gruc.runtime
predictor = gruc.runtime.load(sys.argv[1])
print(predictor.score("unter dem"), predictor.bits_per_character("unter dem"))
print(ascii(predictor.sample(50, prefix="unter", top_p=0.9, random_state=1)))
print(predictor.stream().step("u").max())
"""


def test_numpy_alone(tmp_path):
    model = GRULanguageModel(**FAST).fit(TEXT)
    model.save(tmp_path / "m.gruc")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "m.gruc"], capture_output=True, text=True, check=True
    )
    numbers, sample, largest = done.stdout.splitlines()
    expected = [model.score("unter dem"), model.bits_per_character("unter dem")]
    assert list(map(float, numbers.split())) == expected
    assert sample == ascii(model.sample(50, prefix="unter", top_p=0.9, random_state=1))
    assert float(largest) == model.stream().step("u").max()


def test_damaged_files(tmp_path):
    """Whatever of the vocabulary is missing, of another size or too much."""
    model = GRULanguageModel(**FAST).fit(TEXT)
    description, arrays = saved_parts(model, tmp_path)
    for change, message in [
        ({"several": None}, "several"),
        ({"several": 1}, "several"),
        ({"text": None}, "tensors that it does not need"),
        ({"text": 3}, "text"),
        ({"kind": "GRUTagger"}, "tensors that are missing, or too many"),
    ]:
        changed = {name: value for name, value in (description | change).items() if value is not None}
        refused(changed, arrays, message)
    others = TextStep(GRULanguageModel(**FAST).fit("ab" * 50)._vocabulary.encoder).describe()
    fewer = {name: array for name, array in arrays.items() if not name.startswith("text.")}
    refused(description, fewer, "text")
    fewer |= {f"text.{name}": array for name, array in others[1].items()}
    refused(description | {"text": others[0]}, fewer, "its vocabulary does not fit its network")


def saved_parts(model, folder):
    """Description and arrays of a model's file."""
    parts = []
    model.save(folder / "m.gruc")
    model_file.read(folder / "m.gruc", lambda *content: parts.extend(content[:2]))
    return parts[0], {name: np.array(array) for name, array in parts[1].items()}


def refused(description, arrays, message):
    with pytest.raises(gruc.ModelFileError, match=message):
        content_of_file(description, arrays, "the file")
