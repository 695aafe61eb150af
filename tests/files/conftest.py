"""Models, their files, and places to write to."""

import io

import gruc
import numpy as np
import pytest
from gruc import GRUClassifier
from problems import vowels


@pytest.fixture(scope="module")
def model():
    X, y = vowels()
    return GRUClassifier((6,), max_iter=2, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def content(model):
    """The bytes of the model's file."""
    file = io.BytesIO()
    model.save(file)
    return file.getvalue()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.gruc"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a good file."""
    X, y = vowels()
    path = tmp_path_factory.mktemp("whole") / "model.gruc"
    model = GRUClassifier((3,), bidirectional=True, pooling="attention", max_iter=2, random_state=0)
    model.fit(X, np.array(["a", "b", "c"])[y]).save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def whole_of_int8(whole):
    """The bytes of the same model's file with its matrices as int8."""
    file = io.BytesIO()
    gruc.load(whole).save(file, weights="int8")
    return file.getvalue()
