"""Which run is alive in this folder, and how one goes on that was killed.

Snakemake's own lock outlives a killed Snakemake and does not say whose it is. Beside it stand two files locked by the
system, which a dead process cannot hold: one for each run, and one for the folder, shared by all its runs and jobs.
"""

import atexit
import sys
from pathlib import Path

from hdrpipe.config.documents import from_json
from hdrpipe.errors import BusyError, UsageError
from hdrpipe.files import locks
from hdrpipe.files.atomic import write_json

FOLDER_LOCK = Path(".snakemake/hdrpipe.lock")
LAST_COMMAND = Path(".snakemake/hdrpipe-last.json")
RUN_COMMAND = ".command.json"
"""File in the folder of a run: the words of the last Snakemake call that worked on it."""

SNAKEMAKE_LOCKS = Path(".snakemake/locks")

PATIENCE = 60.0
"""Seconds that the jobs of a killed run get to save their state."""


def run_lock(run: str) -> Path:
    """The file that the Snakemake which works on a run keeps locked."""
    return Path("results", run, ".lock")


def hold(run: str) -> None:
    """Keep a run and the folder locked until this process ends, and note its command: in the folder for
    `resume_commands`, in the run for `verify`.

    Raises:
        BusyError: another process works on this run; says which.
    """
    own = locks.acquire(run_lock(run), f"run {run}", patience=1.0)
    folder = locks.acquire(FOLDER_LOCK, "", patience=1.0, shared=True)
    write_json(LAST_COMMAND, sys.argv[1:])
    write_json(Path("results", run, RUN_COMMAND), sys.argv[1:])
    atexit.register(folder.release)
    atexit.register(own.release, remove=True)


def notice(run: str) -> str:
    """What a person should know before Snakemake says that the folder is locked; empty if nothing."""
    if locks.is_held(run_lock(run)):
        said = locks.describe(locks.holder(run_lock(run)))
        return f"results/{run}: in use by {said}"
    if _left_locked() and not locks.is_held(FOLDER_LOCK):
        return "a run in this folder was killed: `make resume` goes on with it"
    return ""


def join() -> locks.Lock | None:
    """Share the lock of the folder, as the job of a run; None where no run was started in this folder."""
    return locks.attempt(FOLDER_LOCK, "", shared=True) if FOLDER_LOCK.exists() else None


def resume_commands() -> list[list[str]]:
    """The commands that go on with the last run of this folder: unlock, then run.

    Raises:
        BusyError: a run, or a job of a killed one, is still alive here.
        UsageError: no run was started here, or one was killed before it began.
    """
    if not LAST_COMMAND.is_file() and _left_locked():
        hint = "say `snakemake --unlock`, then run it again"
        raise UsageError("a run was killed before its first job: there is nothing to go on with", Path.cwd(), hint)
    if not LAST_COMMAND.is_file():
        raise UsageError("no run was started in this folder", Path.cwd(), "start one: make run")
    try:
        proof = locks.acquire(FOLDER_LOCK, "resume", PATIENCE if _was_killed() else 0.0)
    except BusyError:
        raise BusyError(f"a run is alive here: {_alive()}", Path.cwd(), "wait for its end, or stop it") from None
    proof.release()
    arguments = [str(word) for word in from_json(LAST_COMMAND.read_text(encoding="utf-8"))]
    return [["snakemake", "--unlock", *arguments], ["snakemake", "--rerun-incomplete", *arguments]]


def _left_locked() -> bool:
    """Whether Snakemake's own lock stands, be its process alive or not."""
    return SNAKEMAKE_LOCKS.is_dir() and any(SNAKEMAKE_LOCKS.iterdir())


def _was_killed() -> bool:
    """Whether no Snakemake holds a run any more, so that only its last jobs can be alive."""
    return not any(locks.is_held(path) for path in Path("results").rglob(".lock"))


def _alive() -> str:
    held = [locks.describe(locks.holder(path)) for path in Path("results").rglob(".lock") if locks.is_held(path)]
    return "; ".join(held) or "a job of the killed run has not ended"
