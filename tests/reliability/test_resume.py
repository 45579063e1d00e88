"""Training that is killed, stopped or whose state is damaged goes on and ends with the same weights."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small_scenes import make_scene

from hdrpipe.errors import DamagedError, NonFiniteError, StoppedError
from hdrpipe.learning import loop
from hdrpipe.learning.train import TrainSettings, train
from hdrpipe.models.contract import build

SETTINGS = TrainSettings(seed=3, steps=24, batch=2, unlabelled_batch=2, crop=16, lr=1e-3)
SEED = random.randrange(10**6)


def make_net():
    torch.manual_seed(0)
    return build({"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3})


def run(folder, progress=None, workers=0, key="k", settings=SETTINGS):
    torch.set_num_threads(1)
    scenes = [make_scene(f"s{index}", index) for index in range(3)]
    return train(
        make_net(),
        teacher=make_net(),
        labelled=scenes[:2],
        unlabelled=scenes[2:],
        settings=settings,
        optimizer_state=None,
        state_dir=folder,
        state_key=key,
        progress=progress,
        workers=workers,
        saving=loop.Saving(seconds=1e9, steps=3),
    )


def same(one, other):
    return all(
        torch.equal(a, b)
        for x, y in ((one.student, other.student), (one.teacher, other.teacher))
        for a, b in zip(x.state_dict().values(), y.state_dict().values(), strict=True)
    ) and all(torch.equal(one.optimizer[k], other.optimizer[k]) for k in one.optimizer)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    return run(tmp_path_factory.mktemp("straight"))


class Killed(BaseException):
    pass


def kill_after(steps):
    def progress(done, total, losses):
        if done == steps:
            raise Killed

    return progress


@pytest.mark.parametrize("step", [1, 3, 4, 11, 23])
@pytest.mark.parametrize("workers", [0, 2])
def test_going_on_ends_with_the_same_weights(tmp_path, straight, step, workers):
    with pytest.raises(Killed):
        run(tmp_path, kill_after(step))
    done = []
    resumed = run(tmp_path, lambda at, total, losses: done.append(at), workers=workers)
    assert same(resumed, straight)
    assert step - done[0] + 1 <= 3, "more work lost than the save interval"
    assert resumed.history == straight.history
    assert not list(tmp_path.glob("*")), "the state outlived the training"


def test_sigkill_at_random_times(tmp_path, straight):
    """The same through real processes and real kills, inside the writing of the state too."""
    code = f"""
import sys, time; sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
from pathlib import Path
from test_resume import run
run(Path(sys.argv[1]), lambda done, total, losses: (print(done, flush=True), time.sleep(0.01)))
"""
    dice = random.Random(SEED)
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        target = dice.randrange(2, 20)
        for line in child.stdout:
            if int(line) >= target:
                break
        time.sleep(dice.random() * 0.02)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert same(run(tmp_path), straight), f"seed {SEED}"


def test_sigterm_saves_and_says_so(tmp_path, straight):
    def stop(done, total, losses):
        if done == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError) as caught:
        run(tmp_path, stop)
    assert caught.value.code == 75
    done = []
    assert same(run(tmp_path, lambda at, total, losses: done.append(at)), straight)
    assert done[0] <= 9


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty"])
def test_a_damaged_newest_state_falls_back_to_the_one_before(tmp_path, straight, damage):
    with pytest.raises(Killed):
        run(tmp_path, kill_after(11))
    states = sorted((p for p in tmp_path.rglob("*") if p.is_file()), key=lambda p: p.stat().st_mtime_ns)
    assert len(states) == 2
    data = bytearray(states[-1].read_bytes())
    if damage == "flip":
        data[random.Random(SEED).randrange(len(data))] ^= 1
    states[-1].write_bytes({"truncate": data[: len(data) // 2], "flip": data, "empty": b""}[damage])
    done = []
    assert same(run(tmp_path, lambda at, total, losses: done.append(at)), straight), f"seed {SEED}"
    assert done[0] in (7, 10)


def test_two_damaged_states_are_an_error_never_a_silent_restart(tmp_path):
    with pytest.raises(Killed):
        run(tmp_path, kill_after(11))
    for path in (p for p in tmp_path.rglob("*") if p.is_file()):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DamagedError):
        run(tmp_path)


def test_another_key_starts_afresh(tmp_path, straight):
    with pytest.raises(Killed):
        run(tmp_path, kill_after(11), key="other")
    done = []
    assert same(run(tmp_path, lambda at, total, losses: done.append(at)), straight)
    assert done[0] == 1


def test_a_loss_that_is_not_finite_stops_with_step_and_scenes(tmp_path):
    from dataclasses import replace

    with pytest.raises(NonFiniteError, match=r"step") as caught:
        run(tmp_path, settings=replace(SETTINGS, judge_weight=float("inf")))
    assert "s" in str(caught.value)
