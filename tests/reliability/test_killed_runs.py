"""Whole runs that are killed, contested or cut otherwise end with the same arrays."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from campaign import SEED, dice, tries
from checkout import copy_checkout

from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.weights import load_weights
from hdrpipe.tools.alive import LAST_COMMAND

MAKEFILE = Path(__file__).parents[2] / "Makefile"
MASKS = "results/tiny/round-01/masks-00.h5"
WHOLE = "results/tiny/round-02/student.safetensors"


def contents(folder):
    """File -> content hash, of every product and every weights file."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".h5":
            with open_product(path, None) as product:
                found[path.relative_to(folder).as_posix()] = product.content_hash
        if path.suffix == ".safetensors":
            found[path.relative_to(folder).as_posix()] = load_weights(path)[1]["content_hash"]
    return found


def arrays(paths):
    """(scene, field) -> bytes, over all shards."""
    found = {}
    for path in paths:
        with open_product(path, None) as product:
            for scene in product.scenes:
                names = [name for name in product.schema.fields if product.has(scene, name)]
                found |= {(scene, name): product.read(scene, name).tobytes() for name in names}
    return found


def outputs_of_finished_jobs(printed):
    """Outputs of the jobs that Snakemake said to be finished."""
    blocks = re.findall(r"    output: (.*)\n(?:    .*\n)*?    jobid: (\d+)\n", printed)
    done = set(re.findall(r"Finished jobid: (\d+)", printed))
    return {path for outputs, job in blocks if job in done for path in outputs.split(", ")}


def kill_somewhere(checkout, command, chance, jobs):
    """Start a run and kill Snakemake, and nothing else, some time after a random job; what it had printed.

    Job 0 is the start itself, from where the run holds the folder: before that there is nothing to go on with.
    """
    run, after = checkout.start(*command, HDRPIPE_THREADS="1"), chance.randrange(jobs)
    printed = ""
    while not (checkout.path / LAST_COMMAND).exists():
        assert run.poll() is None, f"seed {SEED}: ended before it could be killed\n{run.stdout.read()}"
        time.sleep(0.02)
    while printed.count("Finished jobid") < after:
        printed += run.stdout.readline() or pytest.fail(f"seed {SEED}: ended before it could be killed\n{printed}")
    time.sleep(chance.random() * 2.5)
    run.send_signal(signal.SIGKILL)
    printed += run.stdout.read()  # jobs hold the pipe as well: this waits for their end
    run.wait()
    return printed


@tries(1, 25)
def test_a_killed_run_goes_on_by_one_command(finished, tmp_path, number, count):
    """R1: the sample up to the first masks, the others over both rounds."""
    target, jobs = (MASKS, 5) if number < 2 else (WHOLE, 10)
    chance, checkout = dice("R1", number), copy_checkout(tmp_path)
    printed = kill_somewhere(checkout, checkout.command(target), chance, jobs)
    folder = tmp_path / "results" / "tiny"
    done = {p: (tmp_path / p).stat().st_mtime_ns for p in outputs_of_finished_jobs(printed)}
    resumed = checkout.call("make", "--no-print-directory", "-f", str(MAKEFILE), "-o", "setup", "resume")
    assert resumed.returncode == 0, f"seed {SEED}: {resumed.stderr[-3000:]}"
    expected, found = contents(finished.path / "results" / "tiny"), contents(folder)
    assert found == {path: expected[path] for path in found}, f"seed {SEED}"
    assert target.removeprefix("results/tiny/") in found
    assert done == {p: (tmp_path / p).stat().st_mtime_ns for p in done}, f"seed {SEED}: done twice"
    left = [p for p in tmp_path.rglob("*") if p.suffix in (".tmp", ".lock") and p.name != "hdrpipe.lock"]
    assert not left, f"seed {SEED}"
    assert not list(folder.glob(".state/*")), f"seed {SEED}"
    count("R1")


ASKED = [
    "round-00/student.safetensors",
    "round-01/uncertainty-00.h5",
    "round-01/labelled.h5",
    "round-01/masks-00.h5",
    "round-02/student.safetensors",
    "round-02/metrics.json",
    "scenes/manifest-00.json",
    "baselines.csv",
    "chosen.json",
    "report.html",
]
"""What the first of two runs makes: an output of every rule."""


@tries(1, len(ASKED))
def test_of_two_runs_the_second_says_who_holds_the_folder(finished, tmp_path, number, count):
    """R17: the second asks for the same, or for all; the first is held meanwhile, some time after its start."""
    checkout = type(finished)(shutil.copytree(finished.path, tmp_path / "copy"))
    command = checkout.command("-f", f"results/tiny/{ASKED[number]}")
    first = checkout.start(*command)
    lock = checkout.path / "results" / "tiny" / ".lock"
    while not (lock.exists() and lock.stat().st_size) and first.poll() is None:
        time.sleep(0.02)
    time.sleep(dice("R17", number).random())
    first.send_signal(signal.SIGSTOP)
    second = checkout.call(*(command if number % 2 == 0 else checkout.command()))
    assert second.returncode != 0
    assert f"in use by process {first.pid} on {os.uname().nodename}" in second.stderr.splitlines()[-1]
    resumed = checkout.call("hdrpipe", "resume")
    assert resumed.returncode == 75
    assert f"a run is still alive here: process {first.pid}" in resumed.stderr
    first.send_signal(signal.SIGCONT)
    printed, _ = first.communicate(timeout=300)
    assert first.returncode == 0, printed[-2000:]
    assert not lock.exists()
    count("R17 runs")


def test_a_killed_run_is_told_and_a_fresh_folder_has_nothing_to_resume(finished, tmp_path):
    checkout = type(finished)(shutil.copytree(finished.path, tmp_path / "copy"))
    (checkout.path / ".snakemake" / "locks").mkdir(exist_ok=True)
    (checkout.path / ".snakemake" / "locks" / "0.output.lock").write_text("results/tiny/report.html\n")
    told = checkout.call(*checkout.command("-n"))
    assert "hdrpipe resume" in told.stderr.splitlines()[-1]
    (checkout.path / LAST_COMMAND).unlink()
    early = checkout.call("hdrpipe", "resume")
    assert early.returncode == 2
    assert "snakemake --unlock" in early.stderr
    assert checkout.call(*checkout.command("--unlock")).returncode == 0
    fresh = checkout.call("hdrpipe", "resume")
    assert fresh.returncode == 2
    assert "no run was started" in fresh.stderr
    assert early.stderr.count("hdrpipe: error:") == fresh.stderr.count("hdrpipe: error:") == 1


def test_every_rule_replaces_its_shell_by_the_command():
    """Only then is Snakemake the job's parent, with which it ends."""
    for path in (MAKEFILE.parent / "workflow" / "rules").glob("*.smk"):
        shells = re.findall(r"    shell:\n\s+\"(.{12})", path.read_text())
        assert set(shells) <= {"exec hdrpipe"}, path


JOB = "from hdrpipe.cli import _process; import time; _process.supervise(); print(1, flush=True); time.sleep(60)"
PARENT = f"""
import subprocess, sys, time
shell = ["bash", "-c", 'export HDRPIPE_PARENT=$PPID; exec "$0" -c "$1"', sys.executable, {JOB!r}]
job = subprocess.Popen(shell, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
job.stdout.readline()
print(job.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_ends_with_its_parent(tmp_path, signal_):
    parent = copy_checkout(tmp_path).start("python", "-c", PARENT)
    job = int(parent.stdout.readline())
    parent.send_signal(signal_)
    parent.wait()
    until = time.monotonic() + 10
    while subprocess.run(["ps", "-p", str(job), "-o", "stat="], capture_output=True).stdout.strip(b"Z \n"):
        assert time.monotonic() < until, "the job outlived its parent"
        time.sleep(0.05)


CUTS = [(2, 3, 1), (1, 1, 1), (3, 2, 4), (1, 2, 4)]
"""Shards of labels and of scenes, cores of the run."""


@tries(1, 4)
def test_shards_and_cores_change_no_array(finished, number, count):
    """R22: scene by scene, with equal threads for each job."""
    shards, files, cores = CUTS[number]
    run = f"cut-{number}"
    masks = f"results/{run}/round-01/masks-{shards - 1:02d}.h5"
    overlay = {"run": run, "teacher": {"shards": shards}, "data": {"shards": files}}
    finished.snakemake("--cores", str(cores), masks, overlay=overlay)
    whole, parts = (finished.path / "results" / name / "round-01" for name in ("tiny", run))
    for kind in ("uncertainty", "masks"):
        expected = arrays([whole / f"{kind}-00.h5"])
        assert arrays(parts / f"{kind}-{k:02d}.h5" for k in range(shards)) == expected
        assert len(expected) >= 8
    count("R22")
