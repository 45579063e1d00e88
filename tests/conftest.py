"""The finished tiny run that several tests share, and the figures of the reliability campaigns."""

import os
import shutil
import signal
from collections import Counter

# Before torch comes in: a process with idle threads of OpenMP or OpenCV cannot be forked, as some tests do, and two
# workers share the cores anyway.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import pytest
from campaign import FIGURES, SEED, short, table
from checkout import Checkout, copy_checkout
from filelock import FileLock

from hdrpipe.files import stops

cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A checkout whose tiny run is done, a copy of its own for every worker of xdist: the first one makes the run."""
    if worker_id == "master":
        return _finished(tmp_path_factory.mktemp("checkout"))
    shared = tmp_path_factory.getbasetemp().parent / "finished"
    with FileLock(f"{shared}.lock"):
        if not (shared / PRINTED).exists():
            shutil.rmtree(shared, ignore_errors=True)  # of a run that failed
            shared.mkdir()
            (shared / PRINTED).write_text(_finished(shared).printed)
    copy = Checkout(shutil.copytree(shared, tmp_path_factory.mktemp("checkout") / "copy"))
    copy.printed = (shared / PRINTED).read_text()
    return copy


PRINTED = ".printed"
"""File of the shared checkout that holds what its run printed, written last."""


def _finished(folder):
    checkout = copy_checkout(folder)
    done = checkout.call(*checkout.command())
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    checkout.printed = done.stdout + done.stderr
    return checkout


@pytest.fixture(autouse=True)
def heeded():
    """Every test begins with the signals of a fresh process.

    A shell's background ignores some, and a command that a test called in this process leaves handlers behind, which
    processes that another test forks would inherit: a pool that is terminated then waits for ever.
    """
    for number in stops.SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def count(record_property):
    """Count something that held, for its row of the figures at the end: `count("R1")`; it counts if the test passes."""

    def counted(row, number=1):
        assert row in FIGURES
        record_property(f"figure {row}", number)

    return counted


PLANNED = ("test_bad_input.py", "test_recipes.py", "test_reruns.py")
"""Files that mostly plan runs: half of what shares the tiny run, by time."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in a hook of the same name
def pytest_collection_modifyitems(items):
    """Two workers run all that share the tiny run, each with one of its own: one alone would end minutes later."""
    for item in items:
        if "finished" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("planned" if item.path.name in PLANNED else "workflow"))


def pytest_addoption(parser):
    parser.addoption("--whole", action="store_true", help="fail unless every figure of the campaigns reaches its N")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A failure says what repeats its random tries."""
    report = yield
    if report.failed and hasattr(item.module, "dice"):
        report.sections.append(("random tries", f"HDRPIPE_SEED={SEED} repeats them"))
    return report


def figures(terminalreporter):
    """What the tests that passed have counted, by row."""
    counted = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, number in report.user_properties:
            if name.startswith("figure "):
                counted[name.removeprefix("figure ")] += number
    return counted


def pytest_sessionfinish(session):
    """A whole run in which a figure is missing or falls short has failed, though every test passed."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")  # none in a worker of xdist
    if terminal and session.config.option.whole and short(figures(terminal)):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    """Say what the campaigns counted, and the seed that repeats them."""
    lines = table(figures(terminalreporter), config.option.whole)
    if lines:
        terminalreporter.section(f"reliability figures, HDRPIPE_SEED={SEED}")
    for line in lines:
        terminalreporter.line(line)
