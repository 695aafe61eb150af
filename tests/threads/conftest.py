"""Batches of several shards, without the time that they take."""

import pytest


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr("gruc.training.step.SHARD_OPERATIONS", 1e4)
    monkeypatch.setattr("gruc.runtime.chunks.OPERATIONS_PER_THREAD", 1e4)
    monkeypatch.setattr("gruc.runtime.chunks.OPERATIONS_PER_THREAD_IN_ARRAYS", 1e4)


@pytest.fixture
def dealt(monkeypatch):
    """How many shards each batch was dealt into."""
    from gruc.training.step import TrainingStep

    seen, deal = [], TrainingStep._deal
    monkeypatch.setattr(
        TrainingStep, "_deal", lambda *args: [seen.append(len(shards := deal(*args))), shards][1]
    )
    return seen
