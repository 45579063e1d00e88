"""The loop around the training step: what it hands on, when it saves, how it stops, and what it keeps as history."""

import os
import signal
from types import SimpleNamespace

import pytest
import torch

from hdrpipe.config.batch_share import Share
from hdrpipe.errors import NonFiniteError, StoppedError
from hdrpipe.learning import distributed, loop
from hdrpipe.learning.divergence import ERROR

NEVER = loop.Saving(seconds=1e9)


class Learner:
    """Notes its calls; the error of step t is t + 1, over ten."""

    def __init__(self):
        self.calls = []

    def losses(self, batch, step):
        self.calls.append(("losses", batch.number, step))
        return {"total": torch.tensor(step + 1.0), ERROR: torch.tensor((step + 1) / 10)}

    def update(self, total, step):
        self.calls.append(("update", total.item(), step))

    def save(self, step, history):
        self.calls.append(("save", step, len(history)))

    def saved(self):
        return [step for call, step, *_ in self.calls if call == "save"]


class Steady(Learner):
    """The loss of step t is t, its error always the same."""

    def losses(self, batch, step):
        return {"total": torch.tensor(float(step)), ERROR: torch.tensor(0.1)}


def run(learner, steps, saving=NEVER, progress=None, history=()):
    batches = (SimpleNamespace(number=number, names=("a", "b", "a")) for number in range(*steps))
    return loop.run(learner, batches, steps, list(history), saving, progress)


def at(step, act):
    """A progress that acts after a step."""
    return lambda done, *_: act() if done == step else None


def term():
    os.kill(os.getpid(), signal.SIGTERM)


def test_every_step_gets_its_batch_and_its_loss_and_is_reported():
    learner, reported = Learner(), []
    run(learner, (3, 5), progress=lambda *told: reported.append(told))
    assert learner.calls == [("losses", 3, 3), ("update", 4.0, 3), ("losses", 4, 4), ("update", 5.0, 4)]
    assert [told[:2] for told in reported] == [(4, 5), (5, 5)]
    assert [told[2]["total"] for told in reported] == [4.0, 5.0]


def test_states_are_saved_on_the_way_and_none_at_the_end():
    learner = Learner()
    run(learner, (0, 6), loop.Saving(seconds=1e9, steps=2))
    assert learner.saved() == [2, 4]


def test_a_state_is_saved_a_while_after_the_one_before(monkeypatch):
    """Steps of ten seconds, a state every thirty."""
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: now[0]))
    now, learner = [next(clock)], Learner()
    run(learner, (0, 10), loop.Saving(seconds=30.0), lambda *_: now.__setitem__(0, next(clock)))
    assert learner.saved() == [3, 6, 9]


def test_one_process_stops_after_the_step_in_which_it_is_asked_to_with_its_state_saved():
    learner = Learner()
    with pytest.raises(StoppedError, match="stopped by SIGTERM after step 2 of 4, state saved") as caught:
        run(learner, (0, 4), progress=at(2, term))
    assert learner.calls[-1] == ("save", 2, 2)
    assert caught.value.hint == "run it again"


def test_a_training_that_is_asked_to_stop_in_its_last_step_is_complete():
    learner = Learner()
    assert len(run(learner, (0, 4), progress=at(4, term))) == 4
    assert learner.saved() == []


@pytest.fixture
def of_two(monkeypatch):
    """This process is one of two; what it does to the group is noted among the calls of the learner."""
    learner = Learner()
    monkeypatch.setattr(loop, "share", lambda: Share(0, 2))
    monkeypatch.setattr(distributed, "wait", lambda: learner.calls.append(("wait", None)))
    return learner


def test_several_processes_stop_after_a_step_in_which_all_know_of_it(of_two):
    """A signal after the losses of step 2 were exchanged is spread with those of step 3."""
    with pytest.raises(StoppedError, match="stopped by SIGTERM after step 3 of 5"):
        run(of_two, (0, 5), progress=at(2, term))
    assert of_two.calls[-2:] == [("save", 3, 3), ("wait", None)]


def test_a_signal_to_another_process_stops_this_one_too(of_two, monkeypatch):
    plain = distributed.synchronised
    monkeypatch.setattr(distributed, "synchronised", lambda losses, _: (plain(losses, False)[0], True))
    with pytest.raises(StoppedError, match="stopped by a signal to another process after step 1 of 5"):
        run(of_two, (0, 5))


def test_a_loss_that_is_not_finite_is_named_with_its_step_and_each_scene_once():
    learner = Learner()
    learner.losses = lambda batch, step: {ERROR: torch.tensor(0.1), "total": torch.tensor([0.1, float("nan")][step])}
    with pytest.raises(NonFiniteError, match="loss total is nan at step 2") as caught:
        run(learner, (0, 4))
    assert caught.value.where == "a, b"
    assert [call for call in learner.calls if call[0] == "update"] == [("update", pytest.approx(0.1), 0)]


@pytest.mark.parametrize(("steps", "rows", "each"), [(150, 150, 1), (399, 399, 1), (400, 200, 2), (650, 217, 3)])
def test_a_history_has_some_two_hundred_rows_of_equally_many_steps(steps, rows, each):
    history = run(Steady(), (0, steps))
    assert len(history) == rows
    assert {row["count"] for row in history[:-1]} == {float(each)}
    assert history[1]["total"] == pytest.approx(each + (each - 1) / 2)


def test_a_history_goes_on_where_it_was_interrupted():
    """Four hundred steps, of which 201 are done: the last row has one step of two."""
    whole, before = run(Steady(), (0, 400)), run(Steady(), (0, 400))[:101]
    before[-1] = {"step": 201.0, "count": 1.0, "total": 200.0, ERROR: whole[100][ERROR]}
    assert run(Steady(), (201, 400), history=before) == whole
