"""R24: trainings that diverge are stopped while their loss is still finite, and no other training is."""

from dataclasses import replace

import numpy as np
import pytest
from campaign import dice, parts
from small_training import SETTINGS, Killed, kill_after, run

from hdrpipe.errors import DivergedError, Exit
from hdrpipe.learning.divergence import ERROR, FEWEST, MOST, WINDOW, DivergenceWatch

END = 1000


def stopped_at(errors, watch=None):
    """Number of errors that a watch sees before it stops the training; None if it does not."""
    watch = watch or DivergenceWatch()
    for step, error in enumerate(errors):
        try:
            watch.check({ERROR: error}, step, END)
        except DivergedError:
            return step + 1
    return None


@pytest.mark.parametrize(
    ("errors", "step"),
    [
        ([0.004, 6e19], 2),
        ([11.0], 1),
        ([0.004] * 30 + [1.0] * 20, 32),  # 18 x 0.004 and 2 x 1 have a mean above 0.1
        ([0.004] * 30 + [0.09] * 400, None),  # ten times its best and more, yet no wreck
        ([0.3] * 30 + [0.9] * 400, None),
        ([0.001] + [0.4] * 30, 2),  # the first step wrecks it: there is no best of many steps
        ([0.002] + [0.5] * 30, 2),  # a hundred times that step
        ([0.006] + [0.5] * 30, None),
        ([0.01] * (FEWEST - 1) + [0.9] * 400, None),  # a few easy batches at the start
        ([0.01] * FEWEST + [0.9] * 400, 6),  # so many are no chance: ten times their mean is passed at once
        ([0.02] * 30 + [0.38] * 60, 41),  # ten times 0.02, in a mean over 20
        ([0.02] * 30 + [0.19] * 400, None),
        ([0.005] * 100 + [1.5] + [0.005] * 100, None),  # a spike that passes
        ([*np.geomspace(0.5, 0.01, 400)], None),
    ],
)
def test_the_rule(errors, step):
    assert stopped_at(errors) == step


def test_a_resumed_training_remembers_its_best():
    rows = [{ERROR: 0.004}] * WINDOW
    assert stopped_at([1.5], DivergenceWatch(rows)) is None
    assert stopped_at([1.5] * 2, DivergenceWatch(rows)) == 2
    assert stopped_at([1.5] * 100) is None


def test_the_message_tells_from_where_to_where():
    watch = DivergenceWatch()
    watch.check({ERROR: 0.004}, 0, 60)
    with pytest.raises(DivergedError) as caught:
        watch.check({ERROR: 10 * MOST}, 1, 60)
    assert caught.value.code == Exit.NON_FINITE
    assert "rose from 0.004 to 50 by step 2 of 60; lower the learning rate" in str(caught.value)


@parts(3, 25)
def test_trainings_at_high_rates_are_stopped(tmp_path, numbers, count):
    for number in numbers:
        lr = 10 ** dice("high", number).uniform(-1.0, 0.0)
        with pytest.raises(DivergedError, match="diverges"):
            run(tmp_path / str(number), settings=replace(SETTINGS, lr=lr, steps=60, seed=number))
        count("R24")


@parts(1, 25)
def test_trainings_at_other_rates_are_not(tmp_path, numbers, count):
    for number in numbers:
        lr = 10 ** dice("low", number).uniform(-4.0, -2.0)
        trained = run(tmp_path / str(number), settings=replace(SETTINGS, lr=lr, steps=60, seed=number))
        assert len(trained.history) == 60
        count("R24")


def test_no_weights_of_a_diverged_training_are_saved_as_its_result(tmp_path):
    """A state from before may be there; a training that goes on from it is stopped again."""
    settings = replace(SETTINGS, lr=0.1, steps=60)
    with pytest.raises(Killed):
        run(tmp_path / "state", kill_after(1), settings=settings)
    for _ in range(2):
        with pytest.raises(DivergedError):
            run(tmp_path / "state", settings=settings)
