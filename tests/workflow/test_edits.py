"""R38: settings or code that change in mid-run, and trainings that cannot go on: told, and nothing is mixed."""

import shutil
import signal
import time

import pytest
from checkout import Checkout

from hdrpipe.files.weights import load_weights

STUDENT = "results/tiny/round-00/student.safetensors"
LOG = "results/tiny/logs/warmup.log"
BEFORE = {"warmup": {"steps": 300}}
IGNORED = "ignored, state of a training with other settings, code or inputs"


@pytest.fixture
def copy(finished, tmp_path):
    return Checkout(shutil.copytree(finished.path, tmp_path / "copy"))


def stop_within_training(checkout):
    """Start a warm-up and stop it in mid-training, its state saved."""
    run = checkout.start(*checkout.command(STUDENT, overlay=BEFORE))
    log, printed = checkout.path / LOG, ""
    while "/300" not in (log.read_text() if log.exists() else ""):
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    printed, _ = run.communicate(timeout=120)
    assert "Stopped by SIGINT, the state is saved" in printed
    assert list((checkout.path / "results/tiny/.state/round-00").iterdir())


def edit(checkout, name, old, new):
    path = checkout.path / "hdrpipe" / name
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))


def other_settings(checkout):
    return {"warmup": {"steps": 300, "lr": 0.0005}}


def other_code(checkout):
    edit(checkout, "learning/ema.py", "(1 + step) /", "(2 + step) /")
    return BEFORE


def comment(checkout):
    path = checkout.path / "hdrpipe/learning/ema.py"
    path.write_text(path.read_text() + "\n# another comment\n")
    return BEFORE


@pytest.mark.slow
@pytest.mark.parametrize("change", [other_settings, other_code, comment])
def test_after_an_edit_a_training_starts_anew_where_its_numbers_would_be_others(
    finished, tmp_path, copy, change, count
):
    stop_within_training(copy)
    overlay = change(copy)
    copy.snakemake(STUDENT, overlay=overlay)
    assert (IGNORED in (copy.path / LOG).read_text()) == (change is not comment)
    straight = Checkout(shutil.copytree(finished.path, tmp_path / "straight"))
    straight.snakemake(STUDENT, overlay=change(straight))
    for name in ("student", "teacher"):
        paths = [(checkout.path / STUDENT).with_stem(name) for checkout in (copy, straight)]
        assert len({load_weights(path)[1]["content_hash"] for path in paths}) == 1
    count("R38")


NAN = """tensors = learner.losses(batch, step)
            tensors = {name: loss * float("nan") if step == 5 else loss for name, loss in tensors.items()}
"""


@pytest.mark.parametrize("cause", [pytest.param("not a number", marks=pytest.mark.slow), "diverged"])
def test_a_training_that_fails_ends_the_run_with_its_reason(copy, cause, count):
    overlay = {"warmup": {"steps": 40, **({"lr": 1.0} if cause == "diverged" else {})}}
    if cause == "not a number":
        edit(copy, "learning/loop.py", "tensors = learner.losses(batch, step)\n", NAN)
    before = (copy.path / STUDENT).read_bytes()
    for _ in range(2):
        done = copy.fork(*copy.command(STUDENT, overlay=overlay))
        assert done.returncode != 0
        lines = [line for line in done.stderr.splitlines() if line.startswith("hdrpipe: error:")]
        assert len(lines) == 1, done.stderr[-3000:]
        assert ("step 6" if cause == "not a number" else "the training diverges") in lines[0]
        assert done.stderr.count("localrule warmup") + done.stderr.count("\nrule warmup") == 1
        assert "Traceback" not in done.stderr
        assert not (copy.path / STUDENT).exists() or (copy.path / STUDENT).read_bytes() == before
        failed = copy.fork("hdrpipe", "status", "tiny").stdout
        assert "failed" in next(line for line in failed.splitlines() if "warmup" in line)
    count("R38")
