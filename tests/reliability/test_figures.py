"""The figures of the campaigns: what they count, and that a whole run fails where one falls short or is missing."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

from campaign import FIGURES

from hdrpipe.files.product.schema import SCHEMAS

ROOT = Path(__file__).parents[2]
WANTED = {name: figure.wanted for name, figure in FIGURES.items()}
SUITE = """
import pytest
from campaign import dice

COUNTED = {counted}

@pytest.mark.parametrize("name", COUNTED)
def test_held(name, count):
    count(name, COUNTED[name] - 1)
    count(name)

@pytest.mark.skipif({fine}, reason="nothing fails")
def test_failed(count):
    count("R22", 100)
    raise OSError(dice("a word").random())
"""


def suite(folder, counted, *words, fine=True):
    """Exit code and output of a test run that counts `counted`."""
    (folder / "test_suite.py").write_text(SUITE.format(counted=counted, fine=fine))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT)]), "HDRPIPE_SEED": "4711"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "conftest",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
        *words,
        "test_suite.py",
    ]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def test_a_whole_run_passes_where_every_figure_is_reached(tmp_path):
    code, printed = suite(tmp_path, WANTED, "--whole")
    assert code == 0, printed
    assert "HDRPIPE_SEED=4711" in printed
    assert len(re.findall(r"^R\d+.* (\d+) of \1 +\S", printed, re.MULTILINE)) == len(FIGURES)
    assert ": short" not in printed


def test_a_whole_run_fails_where_figures_are_short_or_missing_though_all_tests_passed(tmp_path):
    counted = {name: wanted - (name == "R14") for name, wanted in WANTED.items() if name != "R17 writers"}
    code, printed = suite(tmp_path, counted, "--whole", "-n", "1")
    assert code == 1
    assert "failed" not in printed.splitlines()[-1]
    assert re.search(r"^R14 +99 of 100  .*: short", printed, re.MULTILINE)
    assert re.search(r"^R17 writers +0 of 100  .*: short", printed, re.MULTILINE)
    assert printed.count(": short") == 2


def test_a_sample_is_shown_and_a_failure_tells_its_seed_and_counts_nothing(tmp_path):
    code, printed = suite(tmp_path, {"R6": 250, "R22": 1}, fine=False)
    assert code == 1
    assert re.search(r"^R6 +250 of 5000  ", printed, re.MULTILINE)
    assert re.search(r"^R22 +1 of 4  ", printed, re.MULTILINE)
    assert ": short" not in printed
    assert "R14" not in printed
    drawn = random.Random("4711 ('a word',)").random()
    assert f"OSError: {drawn}" in printed
    assert "HDRPIPE_SEED=4711 repeats" in printed.split("FAILURES")[1].split("reliability figures")[0]


def test_the_guide_has_the_same_table():
    rows = re.findall(
        r"^\| (R[^|]+) \| ([^|]+) \| ([\d,]+) \|", (ROOT / "docs/reliability.md").read_text(), re.MULTILINE
    )
    assert {name: (what, int(n.replace(",", ""))) for name, what, n in rows} == {
        name: (figure.what, figure.wanted) for name, figure in FIGURES.items()
    }


def test_what_is_wanted_of_each_kind_of_file_follows_the_kinds():
    kinds = len(SCHEMAS) + 1  # and weights
    assert (WANTED["R6"], WANTED["R7"]) == (1000 * kinds, 300 * kinds)
