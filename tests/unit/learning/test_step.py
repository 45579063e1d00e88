"""One step of a training: its gradients, its row of the history, when its state is saved, how it is stopped."""

import os
import signal
import threading
import time

import pytest
import torch
from small_training import SETTINGS, make_net

from hdrpipe.errors import DamagedError
from hdrpipe.files.weights import save_weights
from hdrpipe.learning import loop, train
from hdrpipe.learning.state import SLOTS, State, StateStore


def test_gradients_of_a_step_do_not_add_to_the_next(tmp_path):
    learner = train._Learner(make_net(), None, SETTINGS, StateStore(tmp_path, "k"))
    for step, factor in enumerate((1.0, 2.0)):
        learner.update(sum(factor * parameter.sum() for parameter in learner.net.parameters()), step)
    assert all(torch.equal(p.grad, torch.full_like(p, 2.0)) for p in learner.net.parameters())


def test_a_weight_that_a_step_does_not_use_stays_as_it_is(tmp_path):
    """Its momentum would move it if its gradient were 0."""
    learner = train._Learner(make_net(), None, SETTINGS, StateStore(tmp_path, "k"))
    learner.update(sum(parameter.sum() for parameter in learner.net.parameters()), 0)
    first, *others = learner.net.parameters()
    before = [parameter.clone() for parameter in (first, *others)]
    learner.update(first.sum(), 1)
    assert not torch.equal(first, before[0])
    assert all(torch.equal(now, then) for now, then in zip(others, before[1:], strict=True))


def test_a_row_of_the_history_is_the_mean_of_its_steps():
    rows = []
    for step, value in enumerate((1.0, 2.0, 6.0, 5.0)):
        loop._record(rows, {"total": value}, step, every=3)
    assert rows == [{"step": 3.0, "count": 3.0, "total": 3.0}, {"step": 4.0, "count": 1.0, "total": 5.0}]


@pytest.mark.parametrize(
    ("saving", "done", "ago", "due"),
    [
        (loop.Saving(seconds=60.0, steps=3), 6, 0.0, True),
        (loop.Saving(seconds=60.0, steps=3), 7, 0.0, False),
        (loop.Saving(seconds=60.0, steps=3), 7, 61.0, True),
        (loop.Saving(seconds=60.0, steps=None), 7, 61.0, True),
        (loop.Saving(seconds=60.0, steps=None), 7, 0.0, False),
    ],
)
def test_a_state_is_saved_by_steps_or_by_time(saving, done, ago, due):
    assert loop._due(saving, done, time.monotonic() - ago) is due


def test_a_stop_is_noted_and_the_handler_restored():
    before = signal.getsignal(signal.SIGTERM)
    with loop.stop_requests() as requests:
        os.kill(os.getpid(), signal.SIGTERM)
        assert requests == ["SIGTERM"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_in_a_thread_no_signal_is_noted():
    seen = []

    def work():
        with loop.stop_requests() as requests:
            seen.append(list(requests))
        seen.append("left")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [[], "left"]


def test_a_resumed_training_keeps_the_newest_state_while_it_writes_the_next(tmp_path):
    store = StateStore(tmp_path, "k")
    for step in (1, 2, 3):
        store.save(State(step, {"x": torch.full((1,), float(step))}))
    later = StateStore(tmp_path, "k")
    assert later.load().step == 3
    newest = (tmp_path / SLOTS[0]).read_bytes()
    later.save(State(4, {"x": torch.zeros(1)}))
    assert (tmp_path / SLOTS[0]).read_bytes() == newest
    assert StateStore(tmp_path, "k").load().step == 4


@pytest.mark.parametrize(
    ("metadata", "lacks"),
    [
        ({"history": []}, "no step number"),
        ({"history": [], "step": -1}, "no step number"),
        ({"history": [], "step": 2.0}, "no step number"),
        ({"history": [], "step": True}, "no step number"),
        ({"step": 0}, "no history of losses"),
        ({"step": 0, "history": {"total": 1.0}}, "no history of losses"),
        ({"step": 0, "history": [{"total": 1.0}, 2.0]}, "no history of losses"),
    ],
)
def test_a_state_without_its_step_or_history_is_damaged(tmp_path, metadata, lacks):
    save_weights(tmp_path / SLOTS[0], {"x": torch.zeros(1)}, {"key": "k", **metadata})
    with pytest.raises(DamagedError, match=lacks):
        StateStore(tmp_path, "k").load()


def test_a_state_of_no_steps_is_one(tmp_path):
    StateStore(tmp_path, "k").save(State(0, {"x": torch.zeros(1)}))
    assert StateStore(tmp_path, "k").load().step == 0
