"""Learning rates: torch's and scikit-learn's where they have them."""

import numpy as np
import pytest
from gruc.training import DECAYS, Schedule

SETTINGS = dict(power_t=0.5, decay_rate=0.3, decay_steps=4, max_iter=10)


def rates(kind, n_epochs=10, n_sequences=7, **changes):
    schedule = Schedule(kind, 0.2, 0, **(SETTINGS | changes))
    found = []
    for _ in range(n_epochs):
        found.append(schedule.rate())
        schedule.end_epoch(n_sequences)
    return found


@pytest.mark.parametrize("kind", ["exponential", "step", "cosine"])
def test_torchs(kind):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.2)
    scheduler = {
        "exponential": lambda: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.3),
        "step": lambda: torch.optim.lr_scheduler.StepLR(optimizer, 4, 0.3),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
    }[kind]()
    expected = []
    for _ in range(10):
        expected.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(
        rates(kind, decay_steps=1 if kind == "exponential" else 4), expected, rtol=1e-12
    )


def test_invscaling_is_scikit_learns():
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    optimizer = SGDOptimizer([], 0.2, "invscaling", power_t=0.5)
    expected = []
    for epoch in range(10):
        expected.append(optimizer.learning_rate)
        optimizer.iteration_ends(7 * (epoch + 1))
    np.testing.assert_allclose(rates("invscaling"), expected, rtol=1e-12)


def test_by_hand():
    assert rates("constant") == rates("adaptive") == [0.2] * 10
    np.testing.assert_allclose(rates("exponential", 9)[::4], [0.2, 0.06, 0.018])
    np.testing.assert_allclose(rates("step", 9), [0.2] * 4 + [0.06] * 4 + [0.018])
    assert rates("cosine", 11)[5] == pytest.approx(0.1)
    assert rates("cosine", 12)[-2:] == [0, 0]


@pytest.mark.parametrize("kind", DECAYS)
def test_warm_up_rises_in_equal_steps(kind):
    schedule = Schedule(kind, 0.2, 1.5, **SETTINGS)
    plain = rates(kind, 3)
    found = []
    for epoch in range(3):
        found += [schedule.rate(step, 2) / plain[epoch] for step in range(2)]
        schedule.end_epoch(7)
    np.testing.assert_allclose(found, [1 / 3, 2 / 3, 1, 1, 1, 1])


def test_adaptive_is_lowered_until_nothing_is_left():
    schedule = Schedule("adaptive", 1e-4, 0, **SETTINGS)
    found = [schedule.rate()]
    while schedule.lower():
        found.append(schedule.rate())
    np.testing.assert_allclose(found, [1e-4, 2e-5, 4e-6, 8e-7])
    assert not Schedule("constant", 0.1, 0, **SETTINGS).lower()
