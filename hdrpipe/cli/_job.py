"""Options, log and progress lines that all stage commands have in common."""

import atexit
import contextlib
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import hdrpipe
from hdrpipe.cli._process import PARENT, hold, supervise
from hdrpipe.config.batch_share import share
from hdrpipe.config.fingerprint import package_digest
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import translated
from hdrpipe.files.locks import attempt
from hdrpipe.files.system import open_many_files
from hdrpipe.stages.job import Job
from hdrpipe.terminal import one_line

Spec = Annotated[str, typer.Option(help="Settings of the stage as canonical JSON.")]
Code = Annotated[str, typer.Option(help="Fingerprint of the code of the stage, for the provenance.")]
Log = Annotated[Path | None, typer.Option(help="Also write the log to this file.")]
MOST_THREADS = 1024
Threads = Annotated[int, typer.Option(min=1, max=MOST_THREADS, help="CPU threads.", envvar="HDRPIPE_THREADS")]
Out = Annotated[Path, typer.Option(help="Output file, or folder of the outputs.")]
Scenes = Annotated[str, typer.Option(help="Scene products, separated by spaces.")]
Truths = Annotated[str, typer.Option(help="Truth products of these scenes, separated by spaces.")]
HeldOut = Annotated[
    str, typer.Option(help="Uncertainty products of the labelled scenes by teachers trained without their truth.")
]
Round = Annotated[int, typer.Option("--round", min=0, help="Number of the round; 0 is the warm-up.")]
State = Annotated[Path, typer.Option(help="Folder of the saved state, from which an interrupted job goes on.")]
Cache = Annotated[
    Path,
    typer.Option(envvar="HDRPIPE_CACHE", help="Folder of downloaded archives."),
]
CACHE = Path("~/.cache/hdrpipe")

LOG_STARTED = "HDRPIPE_LOG_STARTED"
"""Environment variable: file that the first process of a training makes once its log has begun. The others wait for it,
so that a fault which they meet first ends none that has not told its settings."""

EVERY = 10.0
"""Seconds between two progress lines."""


class Lines:
    """Progress as plain lines with an ETA, for terminals, logs and Snakemake."""

    def __init__(self, label: str):
        self.label, self.started, self.last = label, time.monotonic(), 0.0

    def __call__(self, done: int, total: int, note: str) -> None:
        """Log a line if the last one is EVERY seconds old, or all is done."""
        now = time.monotonic()
        if done < total and now - self.last < EVERY:
            return
        self.last = now
        passed = now - self.started
        eta = (
            f"took {_clock(passed)}"
            if done >= total
            else f"ETA {_clock(passed / done * (total - done)) if done else '?'}"
        )
        logging.getLogger("hdrpipe").info(
            "%s  %d/%d  %d %%  %s  %s", self.label, done, total, 100 * done // max(total, 1), eta, note
        )


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"


def paths(text: str) -> list[Path]:
    """Paths separated by spaces, as Snakemake writes a list of files."""
    return [Path(path) for path in text.split()]


PACKAGE = "HDRPIPE_PACKAGE"
"""Environment variable that the rules set: `package_digest` of the package whose code they record."""


def check_package() -> None:
    """Check that this package is the one whose code the Snakefile records as the cause of this job's outputs.

    Raises:
        UsageError: it is another package.
    """
    given = os.environ.get(PACKAGE)
    if given and given != package_digest():
        what = "this `hdrpipe` is not the package of the Snakefile that started it"
        hint = "start the workflow by `hdrpipe run` of the package that it comes with"
        raise UsageError(what, Path(hdrpipe.__file__).parent, hint)


def start(stage: str, spec: str, code: str, log: Path | None, label: str = "") -> Job:
    """Set up logging and signals, and return the job; of several processes of a training, only the first one logs.

    Raises:
        UsageError: see `check_package`.
        StoppedError: see `supervise`.
    """
    check_package()
    open_many_files()
    if share().leads:
        _start_log(stage, spec, log)
    if LOG_STARTED in os.environ:
        _wait_for_leader(Path(os.environ[LOG_STARTED]))
    supervise()
    if PARENT in os.environ:
        atexit.register(date_back, " ".join(sys.argv[1:]).split())
    return Job(stage, spec, code, Lines(label or stage))


def _wait_for_leader(started: Path) -> None:
    """Return once the process that logs for all has begun to; should it fail before, all are ended."""
    if share().leads:
        started.touch()
    while not started.exists():
        time.sleep(0.01)


def date_back(words: Sequence[str]) -> None:
    """Give files among the words of a rule, its inputs, the present time where theirs lies ahead of the clock.

    After a clock was set back, outputs would be older than inputs, and Snakemake deletes such, finished trainings too.
    """
    for path in map(Path, words):
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_mtime > time.time():
                os.utime(path)


class _OneLine(logging.Formatter):
    """Records as one line each, whatever names of files they hold."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


def _start_log(stage: str, spec: str, log: Path | None) -> None:
    logger = logging.getLogger("hdrpipe")
    logger.setLevel(logging.DEBUG)
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.INFO)
    console.setFormatter(_OneLine("%(message)s"))
    console.addFilter(lambda record: record.levelno < logging.ERROR)  # `main` prints errors itself
    logger.addHandler(console)
    if log:
        write_log(log)
        logger.info("%s spec %s", stage, spec)
        given = os.environ.get("CUDA_VISIBLE_DEVICES")
        if given:
            logger.info("%s got CUDA_VISIBLE_DEVICES=%s", stage, given)


def write_log(log: Path, mode: str = "w") -> None:
    """Write the log to a file from now on, replacing its content or appending to it (mode `a`).

    Raises:
        CapacityError, InputError: the disk is full, or the folder cannot be written.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        written = logging.FileHandler(log, mode, encoding="utf-8")
    except OSError as error:
        raise translated(error, log) from None
    # on a full disk log lines are lost; the error is raised for the output that does not fit
    written.handleError = lambda record: None
    written.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("hdrpipe").addHandler(written)
    hold(attempt(log, "", shared=True))  # `hdrpipe status` takes a job with a locked log for running


def use_threads(threads: int, devices: int = 1) -> None:
    """Set the number of threads of torch and OpenCV, divided by the number of processes, one for each device.

    Freed memory is kept for the next tensors, too, whose pages the system would have to clear again.
    """
    import cv2
    import torch

    from hdrpipe.learning.memory import keep_memory

    keep_memory()
    threads = max(1, threads // max(1, devices))
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
