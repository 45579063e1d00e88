"""What all stage commands share: their options, their log, their progress lines."""

import fcntl
import logging
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

import hdrpipe
from hdrpipe.cli._process import supervise
from hdrpipe.config.batch_share import share
from hdrpipe.config.fingerprint import package_digest
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import translated
from hdrpipe.stages.job import Job
from hdrpipe.terminal import one_line

Spec = Annotated[str, typer.Option(help="Canonical JSON of what the stage depends on.")]
Code = Annotated[str, typer.Option(help="Fingerprint of the stage's code, for the provenance.")]
Log = Annotated[Path | None, typer.Option(help="Also write the log to this file.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.", envvar="HDRPIPE_THREADS")]
Out = Annotated[Path, typer.Option(help="Where the outputs go.")]
Scenes = Annotated[str, typer.Option(help="Scene products, separated by spaces.")]
Truths = Annotated[str, typer.Option(help="Truth products of these scenes, separated by spaces.")]
HeldOut = Annotated[
    str, typer.Option(help="Uncertainty products of the labelled scenes by teachers without their truth.")
]
Round = Annotated[int, typer.Option("--round", min=0, help="Number of the round; 0 is the warm-up.")]
State = Annotated[Path, typer.Option(help="Folder of the training state; an interrupted run goes on from it.")]
Cache = Annotated[
    Path,
    typer.Option(envvar="HDRPIPE_CACHE", help="Folder of downloaded archives."),
]
CACHE = Path("~/.cache/hdrpipe")

EVERY = 10.0
"""Seconds between two progress lines."""


class Lines:
    """Progress as plain lines with an ETA, readable in a terminal, in a log and under Snakemake."""

    def __init__(self, label: str):
        self.label, self.started, self.last = label, time.monotonic(), 0.0

    def __call__(self, done: int, total: int, note: str) -> None:
        """Say it if the last line is long ago, or all is done."""
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
    return [Path(part) for part in text.split()]


PACKAGE = "HDRPIPE_PACKAGE"
"""Set by the rules to `package_digest` of the package whose code they record."""


def check_package() -> None:
    """Refuse to run as a job of a Snakefile that hashes another package, whose code would be recorded in vain.

    Raises:
        UsageError: this is not the package of the Snakefile that started the job.
    """
    given = os.environ.get(PACKAGE)
    if given and given != package_digest():
        what = "`hdrpipe` runs other code than the Snakefile that started it"
        raise UsageError(what, Path(hdrpipe.__file__).parent, "install the Snakefile's checkout: pip install -e .")


def start(stage: str, spec: str, code: str, log: Path | None, label: str = "") -> Job:
    """Set up logging and signals, and hand out the job; of the processes of one training, the first one speaks.

    Raises:
        UsageError: see `check_package`.
        StoppedError: see `supervise`.
    """
    check_package()
    if share().leads:
        _speak(stage, spec, log)
    supervise()
    return Job(stage, spec, code, Lines(label or stage))


class _OneLine(logging.Formatter):
    """Records as one line each, whatever names of files they hold."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


def _speak(stage: str, spec: str, log: Path | None) -> None:
    logger = logging.getLogger("hdrpipe")
    logger.setLevel(logging.DEBUG)
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.INFO)
    console.setFormatter(_OneLine("%(message)s"))
    console.addFilter(lambda record: record.levelno < logging.ERROR)  # the door prints errors itself
    logger.addHandler(console)
    if log:
        write_log(log)
        logger.info("%s spec %s", stage, spec)
        given = os.environ.get("CUDA_VISIBLE_DEVICES")
        if given:
            logger.info("%s got CUDA_VISIBLE_DEVICES=%s", stage, given)


def write_log(log: Path, mode: str = "w") -> None:
    """Write the log to a file from now on, anew or behind what it has (mode `a`).

    Raises:
        CapacityError, InputError: there is no room for it, or its folder cannot be written.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        written = logging.FileHandler(log, mode, encoding="utf-8")
    except OSError as error:
        raise translated(error, log) from None
    # on a full disk its lines are lost; the output that does not fit is what is told, not a traceback a line
    written.handleError = lambda record: None
    written.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))
    if written.stream:
        fcntl.flock(written.stream, fcntl.LOCK_SH)  # `hdrpipe status` sees by it who lives
    logging.getLogger("hdrpipe").addHandler(written)


def use_threads(threads: int, devices: int = 1) -> None:
    """Give torch and OpenCV so many threads, or each of as many processes as devices its part."""
    import cv2
    import torch

    threads = max(1, threads // devices)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
