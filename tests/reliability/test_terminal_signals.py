"""R36: signals of a terminal, once or twice: the state is saved and said, no process is left, the run goes on."""

import os
import signal
import subprocess
import sys
import time

import pytest
from checkout import copy_checkout
from small_training import INTERVAL, run, same

from hdrpipe.errors import Exit, StoppedError
from hdrpipe.files import stops


def twice(number):
    """Send this process a signal two times."""
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", stops.SIGNALS, ids=lambda number: number.name)
def test_a_training_that_is_stopped_twice_saves_its_state_and_goes_on(tmp_path, number, count):
    at = INTERVAL + 1
    with pytest.raises(StoppedError, match=f"stopped by {number.name} after step {at} of 24, state saved") as caught:
        run(tmp_path / "state", lambda done, *_: twice(number) if done == at else None)
    assert caught.value.code == Exit.STOPPED
    done = []
    ended = run(tmp_path / "state", lambda step, *_: done.append(step))
    assert done[0] == at + 1
    assert same(ended, run(tmp_path / "undisturbed"))
    count("R36", 2)


def test_what_was_started_to_ignore_a_signal_goes_on_ignoring_it():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert set(stops.SIGNALS) - set(stops.heeded()) == {signal.SIGHUP}
    finally:
        signal.signal(signal.SIGHUP, before)


JOB = """
import sys, time
from hdrpipe.cli import _process, main
def work():
    _process.supervise()
    try:
        print("ready", flush=True)  # within: the signal may come at once
        time.sleep(60)
    finally:
        time.sleep(1)  # saves
        print("saved", flush=True)
import hdrpipe.cli
hdrpipe.cli._run = work
main()
"""
RUN = f"""
import subprocess, sys, time
from hdrpipe.files.stops import RunStop
stop = RunStop()
stop.install()
job = subprocess.Popen([sys.executable, "-c", {JOB!r}], stdout=subprocess.PIPE, text=True)
try:
    print(job.stdout.readline(), flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print(job.stdout.readline().strip(), job.wait(), stop.cause, flush=True)
"""


@pytest.mark.parametrize("number", stops.TYPED, ids=lambda number: number.name)
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["Snakemake", "terminal"])
def test_jobs_end_with_their_run_and_a_second_signal_breaks_nothing_off(number, send, count):
    started = subprocess.Popen(
        [sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert started.stdout.readline() == "ready\n"
    send(started.pid, number)
    time.sleep(0.3)
    send(started.pid, number)
    printed, complaints = started.communicate(timeout=30)
    assert printed.split() == ["saved", "75", number.name]
    assert "Traceback" not in complaints
    count("R36", 2)


AT_ONCE = """
import os, signal
from hdrpipe.cli import _process, main
from hdrpipe.files import stops
def work():
    _process.supervise()
    signal.pthread_sigmask(signal.SIG_BLOCK, stops.SIGNALS)
    for number in stops.SIGNALS:
        os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stops.SIGNALS)
import hdrpipe.cli
hdrpipe.cli._run = work
main()
"""


def test_signals_that_come_at_once_stop_a_job_once():
    ended = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=False)
    assert ended.returncode == 75
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("hdrpipe: error: stopped by SIG")


DROPPING = {
    "callback": """
    class Thing: pass
    thing = Thing()
    watched = weakref.ref(thing, lambda _: wait(2))
    del thing
""",
    "library": """
    try:
        wait(2)
    except Exception:
        pass
""",
}
"""Code around a signal that drops exceptions: callbacks of the interpreter, as in imports, and libraries."""

DROPPED = """
import time, weakref
from hdrpipe.cli import _process, main
def wait(seconds):
    print("ready", flush=True)
    time.sleep(seconds)
def work():
    _process.supervise()
{}
    time.sleep(60)
    print("not stopped")
import hdrpipe.cli
hdrpipe.cli._run = work
main()
"""


@pytest.mark.parametrize("number", stops.SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("where", DROPPING)
def test_a_signal_where_exceptions_are_dropped_stops_a_job_all_the_same(where, number, count):
    code = DROPPED.format(DROPPING[where])
    started = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "ready\n"
    started.send_signal(number)
    printed, complaints = started.communicate(timeout=30)
    assert (started.returncode, printed) == (75, "")
    assert complaints.startswith(f"hdrpipe: error: stopped by {number.name}")
    assert complaints.count("\n") == 1
    count("R36")


@pytest.mark.slow
@pytest.mark.parametrize("number", stops.TYPED, ids=lambda number: number.name)
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["Snakemake", "terminal"])
def test_a_run_is_stopped_whole_and_unlocked(tmp_path, number, send, count):
    checkout = copy_checkout(tmp_path)
    command = checkout.command("results/tiny/round-00/student.safetensors", overlay={"warmup": {"steps": 100_000}})
    started = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=checkout.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    log = tmp_path / "results" / "tiny" / "logs" / "warmup.log"
    while not (log.exists() and "/100000" in log.read_text()):
        assert started.poll() is None
        time.sleep(0.1)
    for _ in range(2):
        send(started.pid, number)
        time.sleep(0.3)
    printed, _ = started.communicate(timeout=60)
    assert f"Stopped by {number.name}, the state is saved" in printed
    assert "Traceback" not in printed
    assert "state saved" in log.read_text()
    assert not list(tmp_path.glob(".snakemake/locks/*"))
    with pytest.raises(ProcessLookupError):
        os.killpg(started.pid, 0)
    count("R36", 3)
