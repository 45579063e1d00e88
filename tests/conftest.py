"""The finished tiny run that several tests share, and the figures of the reliability campaigns."""

import os
from collections import Counter

# Before torch comes in: a process with idle threads of OpenMP or OpenCV cannot be forked, as some tests do, and two
# workers share the cores anyway.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import pytest
from campaign import SEED
from checkout import copy_checkout

cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A checkout whose tiny run is done."""
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    checkout.printed = checkout.snakemake()
    return checkout


@pytest.fixture
def count(record_property):
    """Count something that held, for the figures at the end: `count("R1 kills survived")`."""

    def counted(what, number=1):
        record_property(f"figure: {what}", number)

    return counted


PLANNED = ("test_bad_input.py", "test_recipes.py", "test_reruns.py")
"""Files that mostly plan runs: half of what shares the tiny run, by time."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in a hook of the same name
def pytest_collection_modifyitems(items):
    """Two workers run all that share the tiny run, each with one of its own: one alone would end minutes later."""
    for item in items:
        if "finished" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("planned" if item.path.name in PLANNED else "workflow"))


def pytest_terminal_summary(terminalreporter):
    """Say what the campaigns counted, and the seed that repeats them where something failed."""
    figures = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, number in report.user_properties:
            if name.startswith("figure: "):
                figures[name.removeprefix("figure: ")] += number
    if figures:
        terminalreporter.section("reliability")
    for what in sorted(figures, key=lambda what: (int(what.split()[0].strip("R") or 0), what)):
        terminalreporter.line(f"{what}: {figures[what]}")
    if any("reliability" in report.nodeid for report in terminalreporter.getreports("failed")):
        terminalreporter.line(f"Repeat with HDRPIPE_SEED={SEED}")
