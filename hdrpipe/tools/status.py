"""How far a run is, from its logs: any shell can ask, whoever started it."""

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
    """One job: its name, `running`, `done`, `failed` or `stopped`, steps done of all, seconds, ETA, last words."""

    name: str
    state: str
    done: int
    total: int
    seconds: float
    eta: str
    words: str


def job_states(folder: Path) -> list[JobState]:
    """Every job of a run that has begun, in the order of their beginning."""
    found = [(log, _read(log)) for log in (folder / "logs").glob("*.log")]
    return [_state(log, lines) for log, lines in sorted(found, key=lambda item: (_begun(item[1]), item[0].name))]


def steps_of_all(project: Path) -> tuple[int, int] | None:
    """(done, all) of the newest call of Snakemake in a folder, as it counts its jobs; None before the first is done."""
    logs = sorted((project / ".snakemake" / "log").glob("*.snakemake.log"))
    if not logs:
        return None
    found = STEPS.findall(logs[-1].read_text(encoding="utf-8", errors="replace"))
    return (int(found[-1][0]), int(found[-1][1])) if found else None


Line = tuple[str, str, str]
"""Time, level and words."""


def _read(log: Path) -> list[Line]:
    text = log.read_text(encoding="utf-8", errors="replace")
    found = map(LINE.fullmatch, text.splitlines())
    return [(match[1], match[2], match[3]) for match in found if match]


def _begun(lines: list[Line]) -> str:
    return lines[0][0] if lines else "9"


def _state(log: Path, lines: list[Line]) -> JobState:
    running = is_held(log)  # the job locks its log; the lock goes with the process, however that ends
    progress = [match.groups() for _, _, words in lines if (match := PROGRESS.fullmatch(words))]
    done, total, eta, words = progress[-1] if progress else ("0", "0", "", "")
    errors = [words for _, level, words in lines if level == "ERROR"]
    if running:
        state = "running"
    elif errors:
        state, words = "failed", errors[-1]
    else:
        state = "done" if lines and lines[-1][1] == "DEBUG" and lines[-1][2] == "finished" else "stopped"
    return JobState(
        log.stem, state, int(done), int(total), _seconds(lines, running), (eta or "") if running else "", words
    )


def _seconds(lines: list[Line], running: bool) -> float:
    """From the first line to the last, or to now."""
    if not lines:
        return 0.0
    first, last = (time.mktime(datetime.strptime(lines[k][0], STAMP).timetuple()) for k in (0, -1))
    return max(0.0, (time.time() if running else last) - first)
