"""One training by several processes, as a command and as a job; their steps are tested where the learning is."""

import json
import os
import re
import signal
import time
from pathlib import Path
from shutil import copytree

import numpy as np
from checkout import Checkout

from hdrpipe.files.weights import load_weights

SHARE = 0.02
"""Largest difference of a weight by rounding, as a share of how far 30 steps move one: 0.02 to 0.7 % by processor. A
training on half of each batch, as without exchange between the processes, differs by 80 %."""


def warmup(finished, out, *more):
    """The command of a warm-up that is long enough to be interrupted."""
    results = finished.path / "results" / "tiny"
    spec = json.loads((results / "round-00" / "student.safetensors.json").read_text())["spec"]
    spec["warmup"]["steps"] = 150
    scenes = ["--scenes", results / "scenes/labelled-00.h5", "--truths", results / "scenes/labelled-truth-00.h5"]
    files = [*scenes, "--out", out, "--state", out / "state", "--log", out / "warmup.log"]
    return ["hdrpipe", "warmup", "--spec", json.dumps(spec), *map(str, files), *more]


def processes(launcher):
    """Of a training, in order."""
    return [int(pid) for pid in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()]


def interrupt(finished, command, act):
    """Exit code of a command that is interrupted once it trains, and what it printed after that."""
    running = finished.start(*command)
    while (line := running.stdout.readline()) and "/150 " not in line:
        pass
    act(running)
    return running.wait(60), running.stdout.read()


def killed_with(launcher, alive):
    """Kill what started a training; `alive` receives the processes of the training."""
    alive.extend(processes(launcher))
    assert len(alive) == 2
    launcher.kill()


def furthest(folder, other):
    one, two = (load_weights(path / "student.safetensors")[0] for path in (folder, other))
    return max(float(np.abs(one[name].numpy() - two[name].numpy()).max()) for name in one)


def test_a_training_of_two_processes_survives_what_ends_it_or_one_of_them(finished, tmp_path):
    out, straight = tmp_path / "out", tmp_path / "straight"
    command, alive = warmup(finished, out, "--devices", "2"), []
    code, said = interrupt(finished, command, lambda run: run.send_signal(signal.SIGUSR1))
    assert code == 75
    assert said.count("hdrpipe: error:") == 1
    assert "stopped by SIGUSR1; run it again, it goes on from its saved state" in said
    assert "stopped by SIGUSR1" in (out / "warmup.log").read_text()
    code, said = interrupt(finished, command, lambda run: os.kill(processes(run)[1], signal.SIGKILL))
    assert code == 75
    assert said.count("hdrpipe: error:") == 1
    assert "process 2 of 2 was ended by SIGKILL" in said
    interrupt(finished, command, lambda run: killed_with(run, alive))
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in alive):
        assert time.monotonic() < until, "processes outlive the one that started them"
        time.sleep(0.1)
    assert list((out / "state").iterdir()), "nothing was kept"
    done = finished.call(*command)
    assert done.returncode == 0, done.stderr
    steps = [int(step) for step in re.findall(r"(\d+)/150 ", done.stderr)]
    assert steps[0] > 1, "it began anew"
    assert steps.count(150) == 1
    assert finished.call(*warmup(finished, straight, "--devices", "2")).returncode == 0
    assert furthest(out, straight) == 0.0
    assert not (out / "state").exists()


def test_a_fault_of_all_is_told_once(finished, tmp_path):
    command = warmup(finished, tmp_path, "--devices", "2")
    command[command.index("--truths") + 1] = str(tmp_path / "gone.h5")
    done = finished.call(*command)
    alone = finished.fork(*command, "--devices", "1")
    assert done.returncode == alone.returncode == 3
    assert done.stderr == alone.stderr
    assert done.stderr.count("gone.h5") == 1


def test_a_run_trains_on_two_devices_and_reruns_nothing_for_it(finished, tmp_path):
    checkout = Checkout(copytree(finished.path, tmp_path / "checkout"))
    two = {"overlay": {"devices": 2}}
    assert checkout.plan("--resources", "gpu=2", **two) == {}
    assert checkout.plan("--workflow-profile", "none", **two) == {}, "no limit of GPUs is one that suffices"
    weights = "results/tiny/round-02/student.safetensors"
    printed = checkout.snakemake("--resources", "gpu=2", "--force", weights, "--printshellcmds", **two)
    assert "--devices 2" in printed
    folder = Path(weights).parent
    by_training = furthest(finished.path / folder, finished.path / folder.with_name("round-01"))
    assert 0.0 < furthest(checkout.path / folder, finished.path / folder) < SHARE * by_training
