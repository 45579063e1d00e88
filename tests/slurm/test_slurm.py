"""The tiny workflow through a real SLURM; `make test-slurm` starts one and sets HDRPIPE_TEST_SLURM."""

import os
import re
import signal
import subprocess
import time

import pytest
from checkout import TORCH_RULES, copy_checkout

pytestmark = pytest.mark.skipif(not os.environ.get("HDRPIPE_TEST_SLURM"), reason="needs SLURM: run `make test-slurm`")

PROFILE = ["--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "8"]
# without accounting sacct exists and answers nothing
PROFILE += ["--slurm-status-command", "squeue", "--slurm-no-account"]
OVERLAY = "rounds: 1\nwarmup: {steps: 600}\nteacher: {shards: 2}\n"
INJECTED = """
import os, sys, time
from pathlib import Path
mark, words = os.environ.get("HDRPIPE_TEST_MARK"), sys.orig_argv
name = words[2] if mark and len(words) > 2 and Path(words[1]).name == "hdrpipe" else ""
if name == "masks" and not os.path.exists(mark):
    os.mkdir(mark)
    os._exit(5)
if name == "teacher" and "--shard" in words:  # both shards run at one time, however fast the machine
    Path(f"{mark}-shard-{os.environ['SLURM_JOB_ID']}").touch()
    until = time.monotonic() + 60
    while len(list(Path(mark).parent.glob(f"{Path(mark).name}-shard-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.1)
"""
"""Run by every Python that a job starts: masks fail once with an exit code that is tried again."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that is cancelled in its warm-up, resumed, and whose masks fail once."""
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "checkout").mkdir()
    checkout = copy_checkout(folder / "checkout")
    (checkout.path / "overlay.yaml").write_text(OVERLAY)
    (folder / "injected").mkdir()
    (folder / "injected" / "sitecustomize.py").write_text(INJECTED)
    paths = os.pathsep.join([str(checkout.path), str(folder / "injected"), os.environ.get("PYTHONPATH", "")])
    more = {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    more["HDRPIPE_TEST_MARK"] = str(folder / "failed-once")
    words = ["snakemake", *PROFILE, "--set-threads", *(f"{rule}=1" for rule in TORCH_RULES)]
    words += ["--configfile", "configs/tiny.yaml", "overlay.yaml"]
    checkout.cancelled = cancel_in_warmup(checkout, words, more)
    done = checkout.call("hdrpipe", "resume", **more)
    checkout.printed = done.stdout + done.stderr
    assert done.returncode == 0, checkout.printed[-6000:]
    return checkout


def cancel_in_warmup(checkout, words, more):
    """Start, press Ctrl-C while the warm-up trains, wait for the jobs to leave the queue; what was printed."""
    # what a shell starts in the background, as CI may, hands on that it does not hear Ctrl-C
    first = checkout.start("env", "--default-signal=INT", *words, **more)
    log = checkout.path / "results/tiny/logs/warmup.log"
    until = time.monotonic() + 120
    while not (log.exists() and "warmup  1/" in log.read_text()):
        if first.poll() is not None or time.monotonic() > until:
            first.kill()
            pytest.fail(first.stdout.read()[-6000:])
        time.sleep(0.2)
    time.sleep(1)
    first.send_signal(signal.SIGINT)
    printed, _ = first.communicate(timeout=120)
    while subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True).stdout.strip():
        assert time.monotonic() < until, "jobs outlived their run"
        time.sleep(0.5)
    return printed


def test_it_ends_with_a_report(run):
    assert (run.path / "results/tiny/report.html").stat().st_size > 10_000
    assert "sbatch" in run.cancelled + run.printed or "SLURM jobid" in run.cancelled + run.printed


def test_a_cancelled_training_goes_on(run):
    first = re.search(r"warmup  (\d+)/600", (run.path / "results/tiny/logs/warmup.log").read_text())
    assert int(first[1]) > 1, "it began anew"


def test_a_failed_job_is_tried_again(run):
    assert "Trying to restart job" in run.printed
    assert (run.path / "results/tiny/round-01/masks-01.h5").exists()


def test_jobs_at_one_time_have_distinct_devices(run):
    folder = run.path / "results/tiny"
    devices = []
    for shard in ("00", "01"):
        log = (folder / "logs" / f"teacher-01-{shard}.log").read_text()
        devices.append(re.search(r"CUDA_VISIBLE_DEVICES=(\S+)", log)[1])
    assert len(set(devices)) == 2, devices
    assert set(devices) <= {"0", "1"}
