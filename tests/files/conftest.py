"""A model, its file, and a folder to write into."""

import io

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
