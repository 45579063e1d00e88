"""Command `status`: state and progress of each job of a run, read from its logs."""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hdrpipe.files.locks import is_held

STAMP = "%Y-%m-%d %H:%M:%S"
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} (\w+) (.*)")
PROGRESS = re.compile(r".*?  (\d+)/(\d+)  \d+ %  (?:ETA (\S+)|took \S+)  ?(.*)")
STEPS = re.compile(r"(\d+) of (\d+) steps")


@dataclass(frozen=True)
class JobState:
    """One job: name, state, steps done and total, seconds, ETA, message.

    The state is `running`, `done`, `failed`, `stopped`, or `unknown`: started, on a disk without locks, which cannot
    tell whether it still runs.
    """

    name: str
    state: str
    done: int
    total: int
    seconds: float
    eta: str
    words: str


def job_states(folder: Path) -> list[JobState]:
    """States of all jobs of a run and of its arms of `compare` that have started, in the order of their start."""
    logs = [(log, _read(log)) for pattern in ("", "compare/*/") for log in folder.glob(f"{pattern}logs/*.log")]
    ordered = sorted(logs, key=lambda item: (_first_time(item[1]), item[0].name))
    return [_state(_name(folder, log), log, lines) for log, lines in ordered]


def steps_of_all(project: Path) -> tuple[int, int] | None:
    """(done, total) jobs of the newest Snakemake call in a folder; None before the first one is done."""
    logs = sorted((project / ".snakemake" / "log").glob("*.snakemake.log"))
    if not logs:
        return None
    counts = STEPS.findall(logs[-1].read_text(encoding="utf-8", errors="replace"))
    return (int(counts[-1][0]), int(counts[-1][1])) if counts else None


Line = tuple[str, str, str]
"""Time, level and message."""


def _read(log: Path) -> list[Line]:
    text = log.read_text(encoding="utf-8", errors="replace")
    matches = map(LINE.fullmatch, text.splitlines())
    return [(match[1], match[2], match[3]) for match in matches if match]


def _first_time(lines: list[Line]) -> str:
    return lines[0][0] if lines else "9"


def _name(folder: Path, log: Path) -> str:
    """Name of the job of a log, behind that of its arm if it is one's."""
    run = log.parents[1]
    return log.stem if run == folder else f"{run.name} {log.stem}"


def _state(name: str, log: Path, lines: list[Line]) -> JobState:
    finished = bool(lines) and lines[-1][1] == "DEBUG" and lines[-1][2] == "finished"
    held = is_held(log)  # a job locks its log, and the lock ends with the process
    running = bool(held) and not finished
    progress = [match.groups() for _, _, words in lines if (match := PROGRESS.fullmatch(words))]
    done, total, eta, words = progress[-1] if progress else ("0", "0", "", "")
    errors = [words for _, level, words in lines if level == "ERROR"]
    if running:
        state = "running"
    elif errors:
        state, words = "failed", errors[-1]
    else:
        state = "done" if finished else "unknown" if held is None else "stopped"
    return JobState(name, state, int(done), int(total), _seconds(lines, running), (eta or "") if running else "", words)


def _seconds(lines: list[Line], running: bool) -> float:
    """Seconds from the first line to the last, or to now while the job runs; 0 where their times are none."""
    if not lines:
        return 0.0
    try:
        first, last = (time.mktime(datetime.strptime(lines[k][0], STAMP).timetuple()) for k in (0, -1))
    except (ValueError, OverflowError):  # a log that a person or a broken disk has altered
        return 0.0
    return max(0.0, (time.time() if running else last) - first)
