"""Random tries, repeatable by their seed: a sample in `make test`, all in `make test-all`; and their figures."""

import os
import random
from collections.abc import Mapping
from typing import NamedTuple

import pytest

# Workers of one session inherit the seed from the process that starts them.
SEED = int(os.environ.setdefault("HDRPIPE_SEED", str(random.randrange(10**6))))


class Figure(NamedTuple):
    """What the tests of one row count, and how many a whole run must reach (docs/reliability.md)."""

    what: str
    wanted: int


FIGURES = {
    "R1": Figure("kills of a run survived", 25),
    "R2": Figure("kills of a training survived", 20),
    "R3": Figure("stops by a signal that went on", 8),
    "R4": Figure("resumes equal to a straight training", 40),
    "R5": Figure("damaged training states told", 100),
    "R6": Figure("bit flips told or harmless", 5000),
    "R7": Figure("truncations refused", 1500),
    "R8": Figure("faults with a message of their own", 30),
    "R9": Figure("damaged pictures decoded or refused", 1500),
    "R10": Figure("bad bursts refused, or read as documented", 40),
    "R11": Figure("bombs refused by their header", 12),
    "R12": Figure("ways out of a folder refused", 25),
    "R13": Figure("malicious files refused", 10),
    "R14": Figure("full disks with the old file intact", 100),
    "R16": Figure("lacks of memory survived or told", 30),
    "R17 runs": Figure("contested runs with one winner", 10),
    "R17 writers": Figure("contests of 8 writers with one winner", 100),
    "R17 readers": Figure("replacements under 8 readers", 1000),
    "R17 trainings": Figure("contested training states with one winner", 10),
    "R18": Figure("ways of loading with equal batches", 6),
    "R20": Figure("emptied or altered intermediates refused", 42),
    "R22": Figure("other shards or cores with equal arrays", 4),
    "R23": Figure("names of scenes whole from folder to report", 200),
    "R24": Figure("diverging trainings stopped, others not", 50),
    "R30": Figure("hostile tables, names and metadata told", 80),
    "R31": Figure("results finite or refused", 30),
    "R32": Figure("locked, absent and damaged files told apart", 48),
    "R33": Figure("lacks of memory and room, streams and numbers told", 80),
    "R34": Figure("impossible data and settings told before a training", 25),
    "R35": Figure("half pictures and odd colours read rightly or refused", 110),
    "R36": Figure("signals of a terminal after which a run goes on", 40),
    "R37": Figure("changed inputs of readers read or refused", 15000),
    "R38": Figure("earlier versions, edits in mid-run and failures told apart", 8),
    "R39": Figure("caches and mirrors that are whole or told", 30),
    "R40": Figure("odd clocks, disks, users, names and moments survived", 50),
}
"""By the row of the table in docs/reliability.md."""


def tries(sample, whole):
    """Numbers of the tries as a parametrisation `number`: those from `sample` on are slow."""
    numbers = [pytest.param(k, marks=[pytest.mark.slow] if k >= sample else []) for k in range(whole)]
    return pytest.mark.parametrize("number", numbers)


def parts(sample, whole):
    """The same for short tries: two tests with the `numbers` of the sample and, slow, of all others."""
    rest = pytest.param(range(sample, whole), marks=pytest.mark.slow, id=f"{sample}-{whole}")
    return pytest.mark.parametrize("numbers", [pytest.param(range(sample), id=f"0-{sample}"), rest])


def dice(*words):
    """A random generator for one try; a failure in a file that imports this tells the seed."""
    return random.Random(f"{SEED} {words}")


def short(counted: Mapping[str, int]) -> list[str]:
    """Rows that do not reach what a whole run wants."""
    return [name for name, figure in FIGURES.items() if counted.get(name, 0) < figure.wanted]


def table(counted: Mapping[str, int], whole: bool) -> list[str]:
    """One line for each row that was counted; of a whole run for every row."""
    lacking = short(counted) if whole else []
    lines = []
    for name, figure in FIGURES.items():
        if whole or name in counted:
            line = f"{name:<14} {counted.get(name, 0):>5} of {figure.wanted:<5} {figure.what}"
            lines.append(line + ": short" * (name in lacking))
    return lines
