"""Locks of runs that are alive, and the Snakemake calls that resume a killed one.

Snakemake's own lock outlives a killed Snakemake and does not name its process. Two further files are locked by the
operating system, which releases them when a process dies: one for each run, and one for the folder, shared by all of
its runs and jobs.
"""

import atexit
import os
import sys
from pathlib import Path

from hdrpipe.config.documents import from_json
from hdrpipe.errors import BusyError, UsageError
from hdrpipe.files import locks
from hdrpipe.files.atomic import write_json

FOLDER_LOCK = Path(".snakemake/hdrpipe.lock")
LAST_COMMAND = Path(".snakemake/hdrpipe-last.json")
LAST_RESULTS = Path(".snakemake/hdrpipe-results.json")
"""Folder of results of the last Snakemake call, which an importing workflow may have changed."""

RUN_COMMAND = ".command.json"
"""File in the folder of a run: arguments of the last Snakemake call that worked on it."""

SNAKEMAKE_LOCKS = Path(".snakemake/locks")

PATIENCE = 60.0
"""Seconds to wait for the jobs of a killed run to save their state."""


def run_lock(run: str, results: Path) -> Path:
    """Lock file of a run below the folder of results, held by the Snakemake that works on it."""
    return results / run / ".lock"


def hold(run: str, results: Path) -> None:
    """Lock a run and the working directory until this process ends, and record its command.

    `resume_arguments` reads the command from the working directory, `verify` from the run.

    Raises:
        BusyError: another process works on this run; the message names it.
    """
    run_lock_held = locks.acquire(run_lock(run, results), f"run {run}", patience=1.0)
    folder = locks.acquire(FOLDER_LOCK, "", patience=1.0, shared=True)
    write_json(LAST_COMMAND, sys.argv[1:])
    write_json(LAST_RESULTS, str(results))
    write_json(results / run / RUN_COMMAND, sys.argv[1:])
    atexit.register(folder.release)
    atexit.register(run_lock_held.release, remove=True)


def refuse_foreign_folder() -> None:
    """Raise UsageError where Snakemake's records are another user's, which Snakemake itself would meet in mid-work."""
    records = LAST_COMMAND.parent
    if records.is_dir() and not os.access(records, os.R_OK | os.W_OK | os.X_OK):
        what = "Snakemake's records are another user's: this one may not write them"
        raise UsageError(what, records.resolve(), "run as their owner, or in a copy that is yours")


def notice(run: str, results: Path) -> str:
    """Explanation of a lock, printed before Snakemake reports that the folder is locked; empty if there is none."""
    lock = run_lock(run, results)
    if locks.is_held(lock):
        return f"{results / run}: in use by {locks.describe(locks.holder(lock))}"
    if _left_locked() and locks.is_held(FOLDER_LOCK) is False:
        return "a run in this folder was killed: `hdrpipe resume` continues it"
    return ""


def join() -> locks.Lock | None:
    """Shared lock of the folder, for a job of a run; None where no run was started in this folder."""
    return locks.attempt(FOLDER_LOCK, "", shared=True) if FOLDER_LOCK.exists() else None


def resume_arguments() -> list[list[str]]:
    """Arguments of the Snakemake calls that continue the last run of this folder: unlock, then run.

    Raises:
        BusyError: a run, or a job of a killed one, is still alive here.
        UsageError: no run was started here, one was killed before its first job, or the disk has no locks.
    """
    if not LAST_COMMAND.is_file() and _left_locked():
        hint = "run `snakemake --unlock`, then start the run again"
        raise UsageError("a run was killed before its first job: there is nothing to resume", Path.cwd(), hint)
    if not LAST_COMMAND.is_file():
        raise UsageError("no run was started in this folder", Path.cwd(), "start one with `hdrpipe run --cores all`")
    if locks.is_held(FOLDER_LOCK) is None:
        what = "this disk has no locks, so that hdrpipe cannot tell whether a run is alive here"
        raise UsageError(what, Path.cwd(), "if none is, run `snakemake --unlock`, then start the run again")
    try:
        proof = locks.acquire(FOLDER_LOCK, "resume", PATIENCE if _was_killed() else 0.0)
    except BusyError:
        raise BusyError(f"a run is still alive here: {_alive()}", Path.cwd(), "wait for its end, or stop it") from None
    proof.release()
    arguments = [str(word) for word in from_json(LAST_COMMAND.read_text(encoding="utf-8"))]
    return [["--unlock", *arguments], ["--rerun-incomplete", *arguments]]


def _left_locked() -> bool:
    """True if Snakemake's own lock is there, whether its process is alive or not."""
    return SNAKEMAKE_LOCKS.is_dir() and any(SNAKEMAKE_LOCKS.iterdir())


def _was_killed() -> bool:
    """True if no Snakemake holds a run any more, so that only its last jobs can be alive."""
    return not _held_runs()


def _alive() -> str:
    held = [locks.describe(locks.holder(path)) for path in _held_runs()]
    return "; ".join(held) or "a job of the killed run has not ended"


def _held_runs() -> list[Path]:
    """Locks of runs that a Snakemake works on, below results and where the last run lies."""
    folders = {Path("results")}
    if LAST_RESULTS.is_file():
        folders.add(Path(str(from_json(LAST_RESULTS.read_text(encoding="utf-8")))))
    return [path for folder in sorted(folders) for path in folder.rglob(".lock") if locks.is_held(path)]
