"""The learning rate of every step, as the optimizer meets it, against its closed form."""

import math
from dataclasses import replace

import pytest
from small_training import SETTINGS, run
from torch.optim.optimizer import register_optimizer_step_pre_hook

from hdrpipe.learning.loop import learning_rate

LR = 1e-3


def rates(folder, **changes):
    """The rates that Adam steps with."""
    met = []
    hook = register_optimizer_step_pre_hook(lambda adam, *_: met.append({g["lr"] for g in adam.param_groups}))
    try:
        run(folder, settings=replace(SETTINGS, lr=LR, batch=1, unlabelled_batch=1, **changes))
    finally:
        hook.remove()
    assert all(len(found) == 1 for found in met)
    return [found.pop() for found in met]


def test_the_cosine_is_its_closed_form():
    """From the whole rate over its half to nothing."""
    found = [learning_rate("cosine", 2e-3, step, 8, 3) for step in range(9)]
    eighth = math.cos(math.pi / 8), math.sqrt(0.5), math.sin(math.pi / 8)
    falling = [1.0, *eighth, 0.0, *(-c for c in reversed(eighth)), -1.0]
    assert found == pytest.approx([1e-3 * (1.0 + c) for c in falling], rel=1e-9, abs=1e-15)


def test_the_halving_is_its_closed_form():
    found = [learning_rate("halving", 2e-3, step, 8, 3) for step in range(10)]
    assert found == pytest.approx([2e-3] * 3 + [1e-3] * 3 + [5e-4] * 3 + [2.5e-4], rel=1e-12)


@pytest.mark.parametrize("earlier", [0, 5])
def test_a_training_steps_along_the_cosine_anew_in_every_round(tmp_path, earlier):
    expected = [LR * math.cos(math.pi * step / 16) ** 2 for step in range(8)]
    assert rates(tmp_path / "state", steps=8, earlier_steps=earlier) == pytest.approx(expected, rel=1e-9)


def test_a_training_halves_its_rate_across_the_border_of_two_rounds(tmp_path):
    """Seven steps and five more: the second round is amid a stretch of three."""
    halving = {"schedule": "halving", "halve_every": 3}
    found = rates(tmp_path / "one", steps=7, **halving)
    found += rates(tmp_path / "two", steps=5, earlier_steps=7, **halving)
    assert found == pytest.approx([LR] * 3 + [LR / 2] * 3 + [LR / 4] * 3 + [LR / 8] * 3, rel=1e-12)
