"""Two processes that share every batch learn what one learns from all of it."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from shared_training import (
    PAPER,
    SHARED,
    SMALL,
    learn,
    learn_and_count,
    learn_in_haste,
    learn_of_nothing,
    learn_until,
    learn_until_stopped,
)
from small_training import Killed
from together import Together

from hdrpipe.errors import BusyError, NonFiniteError, StoppedError
from hdrpipe.learning.loss import LossSettings
from hdrpipe.learning.state import StateStore

CLOSE = 5e-6
"""Largest difference of a weight: ten times what rounding made in these trainings. With a divisor of each process's own
pixels it is 5e-3, with random numbers of its own layers 1e-4."""

VARIANTS = {
    "masks": (SHARED, SMALL),
    "consistency, joint": (replace(SHARED, consistency_weight=0.3, loss=LossSettings(judge_gradient="joint")), SMALL),
    "all pixels, looks": (replace(SHARED, loss=LossSettings(masked_mean="all", perceptual_weight=0.1)), SMALL),
    "stochastic depth": (replace(SHARED, steps=3), PAPER),
}


@pytest.fixture(scope="module")
def together():
    """Two processes."""
    processes = Together()
    yield processes
    processes.close()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process learns."""
    return learn(tmp_path_factory.mktemp("alone"))


def furthest(one, other):
    """Largest difference of two trainings' weights."""
    return max(float(np.abs(a - b).max()) for a, b in zip(one[0], other[0], strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
def test_two_processes_learn_what_one_does(tmp_path, together, variant):
    one = learn(tmp_path / "one", *VARIANTS[variant])
    first, second = together(partial(learn, tmp_path / "two", *VARIANTS[variant]))
    assert furthest(first, second) == 0.0
    assert first[1] == second[1]
    assert furthest(one, first) < CLOSE
    for row, other in zip(one[1], first[1], strict=True):
        assert row == pytest.approx(other, rel=1e-4, abs=1e-6)
    assert not list((tmp_path / "two").iterdir()), "the state outlived the training"


def test_a_training_goes_on_with_another_number_of_processes(tmp_path, together, alone):
    for first, then in ((2, 1), (1, 2)):
        folder = tmp_path / str(first)
        assert {type(e) for e in together(partial(learn_until, folder, 5), first)} == {Killed}
        for found in together(partial(learn_and_count, folder), then):
            assert furthest(found, alone) < CLOSE
            assert found[2] == [4, 5, 6, 7, 8], "the state of step 3 was not taken up"


def test_a_signal_to_one_stops_all_after_the_same_step(tmp_path, together, alone):
    first, second = together(partial(learn_until_stopped, tmp_path, 4, "1"))
    assert isinstance(first, StoppedError)
    assert isinstance(second, StoppedError)
    assert str(first) == "stopped by a signal to another process after step 5 of 8, state saved; run it again"
    assert str(second) == "stopped by SIGTERM after step 5 of 8, state saved; run it again"
    for found in together(partial(learn_and_count, tmp_path)):
        assert furthest(found, alone) < CLOSE
        assert found[2] == [6, 7, 8]


def test_a_loss_that_is_not_finite_stops_all_and_names_the_scenes_of_all(tmp_path, together):
    for error in together(partial(learn_of_nothing, tmp_path)):
        assert isinstance(error, NonFiniteError)
        assert "broken" in str(error)


def test_a_lost_process_stops_the_others_with_a_message(tmp_path, together):
    first, second = together(partial(learn_until, tmp_path, 2, "1"))
    assert isinstance(second, Killed)
    assert isinstance(first, StoppedError)
    assert "another process of this training has ended" in str(first)


def test_the_first_process_keeps_others_off_the_state(tmp_path, together):
    with StateStore(tmp_path / "state", "k").lock():
        first, second = together(partial(learn_in_haste, tmp_path))
    assert isinstance(first, BusyError)
    assert isinstance(second, StoppedError)
