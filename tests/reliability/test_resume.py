"""Training that is killed, stopped or whose state is damaged goes on and ends with the same weights."""

import logging
import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from campaign import SEED, dice, tries
from small_training import INTERVAL, SETTINGS, Killed, fingerprint_of, kill_after, run, same

from hdrpipe.errors import BusyError, DamagedError, NonFiniteError, StoppedError
from hdrpipe.files import atomic
from hdrpipe.learning import state, train
from hdrpipe.learning.loss import LossSettings

FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The training that nothing disturbed."""
    return run(tmp_path_factory.mktemp("straight"))


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The two states of a training that was killed after step 11: of steps 6 and 9."""
    folder = tmp_path_factory.mktemp("killed") / "state"
    with pytest.raises(Killed):
        run(folder, kill_after(11))
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)


def _train_slowly(folder, steps, inside):
    """Train; say each step, and in the middle of the state file's bytes wait for the end."""
    whole = atomic._write_synchronised

    def half(path, chunks):
        if folder in path.parents and steps.value >= inside:
            data = b"".join(chunks)
            path.write_bytes(data[: len(data) // 2])
            steps.value = 1000
            time.sleep(60)
        whole(path, chunks)

    atomic._write_synchronised = half
    run(folder, lambda done, total, losses: (setattr(steps, "value", done), time.sleep(0.005)))


@tries(3, 20)
def test_sigkill_at_random_steps_and_inside_the_state_write(tmp_path, straight, number, count):
    """R2: real processes and real kills; every other one in the middle of the bytes of a state."""
    chance, folder = dice("R2", number), tmp_path / "state"
    inside = number % 2 == 1
    step = dice("R2", inside).sample(range(2, SETTINGS.steps - INTERVAL), 10)[number // 2]
    steps = FORK.Value("i", 0)
    child = FORK.Process(target=_train_slowly, args=(folder, steps, step if inside else 10**6))
    child.start()
    while steps.value < (1000 if inside else step) and child.is_alive():
        time.sleep(0.001)
    time.sleep(0 if inside else chance.random() * 0.01)
    assert child.is_alive(), "it ended before it was killed"
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    done = []
    resumed = run(folder, lambda at, total, losses: done.append(at))
    assert same(resumed, straight), f"seed {SEED}"
    assert step - (done[0] - 1) <= INTERVAL, f"seed {SEED}: more work lost than the save interval"
    assert not list(tmp_path.rglob("*")), f"seed {SEED}: something was left behind"
    count("R2")


@tries(6, 40)
def test_going_on_ends_with_the_same_weights(tmp_path, straight, number, count, monkeypatch):
    """R4: k steps, a resume and the rest equal a straight training; weights, optimizer, average, batches, history."""
    workers = (0, 2)[number % 2]
    step = dice("R4", workers).sample(range(1, SETTINGS.steps), 20)[number // 2]
    with pytest.raises(Killed):
        run(tmp_path / "state", kill_after(step))
    expected, seen = [], []

    def noted(batches, start, end, workers, **more):
        expected.extend(fingerprint_of(batches[at]) for at in range(start, end))
        for batch in loader(batches, start, end, workers, **more):
            seen.append(fingerprint_of(batch))
            yield batch

    loader = train.loader
    monkeypatch.setattr(train, "loader", noted)
    done = []
    resumed = run(tmp_path / "state", lambda at, total, losses: done.append(at), workers=workers)
    assert same(resumed, straight), f"seed {SEED}"
    assert resumed.history == straight.history, f"seed {SEED}"
    assert seen == expected, f"seed {SEED}"
    assert done == list(range((step - 1) // INTERVAL * INTERVAL + 1, SETTINGS.steps + 1)), f"seed {SEED}"
    assert not list(tmp_path.iterdir()), "the state outlived the training"
    count("R4")


def test_sigterm_saves_and_says_so(tmp_path, straight):
    def stop(done, total, losses):
        if done == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError) as caught:
        run(tmp_path / "state", stop)
    assert caught.value.code == 75
    done = []
    assert same(run(tmp_path / "state", lambda at, total, losses: done.append(at)), straight)
    assert done[0] == 8


def _damage(path, chance, kind):
    data = bytearray(path.read_bytes())
    if kind == "flip":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data[: chance.randrange(len(data))] if kind == "truncation" else data)


@tries(10, 100)
def test_a_damaged_newest_state_falls_back_to_the_one_before(tmp_path, killed, number, count, caplog):
    """R5: and says so; when both are damaged it is an error that names the folder, never a silent restart."""
    chance, kind = dice("R5", number), ("flip", "truncation")[number % 2]
    older, newest = (Path(shutil.copy2(path, tmp_path)) for path in killed)
    _damage(newest, chance, kind)
    store = state.StateStore(tmp_path, "k")
    with caplog.at_level(logging.WARNING):
        found = store.load()
    assert found is not None, f"seed {SEED}: {kind}"
    assert found.step == 6, f"seed {SEED}: {kind}"
    assert "resuming from step 6" in caplog.text, f"seed {SEED}: {kind}"
    assert str(newest) in caplog.text, f"seed {SEED}: {kind}"
    _damage(older, chance, kind)
    with pytest.raises(DamagedError) as caught:
        state.StateStore(tmp_path, "k").load()
    assert str(tmp_path) in str(caught.value)
    assert caught.value.code == 4
    count("R5")


def test_going_on_from_the_older_state_ends_with_the_same_weights(tmp_path, killed, straight):
    for path in killed:
        shutil.copy2(path, tmp_path)
    (tmp_path / killed[1].name).write_bytes(b"")
    done = []
    assert same(run(tmp_path, lambda at, total, losses: done.append(at)), straight)
    assert done[0] == 7


def _train_and_report(folder, start, outcomes):
    start.wait(30)
    try:
        run(folder, lambda done, total, losses: time.sleep(0.02))
        outcomes.put("done")
    except Exception as error:  # told by the parent, which would wait for ever
        outcomes.put(str(error) if isinstance(error, BusyError) else repr(error))


@tries(1, 10)
def test_two_trainings_on_one_state(tmp_path, number, count, monkeypatch):
    """R17: one wins, the other says who holds it."""
    monkeypatch.setattr(state, "PATIENCE", 0.0)
    start, outcomes = FORK.Event(), FORK.Queue()
    both = [FORK.Process(target=_train_and_report, args=(tmp_path / "state", start, outcomes)) for _ in range(2)]
    for one in both:
        one.start()
    start.set()
    told = [outcomes.get(timeout=60) for _ in both]
    for one in both:
        one.join()
    lost = next(what for what in told if what != "done")
    assert "done" in told
    assert any(f"process {one.pid} on {os.uname().nodename}" in lost for one in both), lost
    count("R17 trainings")


def test_a_second_training_waits_for_one_that_is_saving(tmp_path, straight):
    start, outcomes = FORK.Event(), FORK.SimpleQueue()
    first = FORK.Process(target=_train_and_report, args=(tmp_path / "state", start, outcomes))
    first.start()
    start.set()
    while not (tmp_path / "state.lock").exists():
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGTERM)
    assert same(run(tmp_path / "state"), straight)
    first.join()


def test_another_key_starts_afresh(tmp_path, straight):
    with pytest.raises(Killed):
        run(tmp_path, kill_after(11), key="other")
    done = []
    assert same(run(tmp_path, lambda at, total, losses: done.append(at)), straight)
    assert done[0] == 1


def test_a_loss_that_is_not_finite_stops_with_step_and_scenes(tmp_path):
    with pytest.raises(NonFiniteError, match=r"step") as caught:
        run(tmp_path, settings=replace(SETTINGS, loss=LossSettings(judge_weight=float("inf"))))
    assert "s" in str(caught.value)
