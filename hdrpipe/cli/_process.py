"""Signals and parent of a job: a stop signal ends it with exit 75, and it ends when its Snakemake dies."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import psutil

from hdrpipe.errors import Stop, StoppedError
from hdrpipe.files import stops, system
from hdrpipe.files.locks import Lock

PARENT = "HDRPIPE_PARENT"
"""Environment variable that the rules set: process that waits for the job. Typed commands have none and outlive it."""

AGAIN = 0.1
"""Seconds until a stop is raised again that was dropped."""

_held: list[Lock] = []
_received: list[int] = []


def supervise() -> None:
    """Stop with exit 75 on the first of `stops.SIGNALS`; as a job of a run, also when Snakemake ends, even by SIGKILL.

    Raises:
        StoppedError: Snakemake has ended already.
        UsageError: a job of a run on another system than Linux.
    """
    if threading.current_thread() is threading.main_thread():
        for number in stops.heeded():
            signal.signal(number, _stop)
        sys.unraisablehook = _dropped
    parent = os.environ.get(PARENT)
    if parent:
        _follow(int(parent))
        from hdrpipe.tools.alive import join

        hold(join())


def hold(lock: Lock | None) -> None:
    """Keep a lock until this process ends; None is none."""
    if lock:
        _held.append(lock)


def _follow(parent: int) -> None:
    system.require_linux("a job of a run")
    system.end_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        raise StoppedError(
            "the Snakemake that started this job has ended", hint="continue the run with `hdrpipe resume`"
        )


def _stop(number: int, _: FrameType | None) -> None:
    if _received:  # a second one, or the end of Snakemake, must not break off what saves the state
        return
    _received.append(number)
    stops.ignore_at_exit()
    raise Stop(f"stopped by {signal.Signals(number).name}; no incomplete file is left; run it again to continue")


def _dropped(unraisable: Any) -> None:
    """Send the signal again where its Stop was raised in a callback of the interpreter, which drops all exceptions."""
    if not isinstance(unraisable.exc_value, Stop):
        sys.__unraisablehook__(unraisable)
        return
    timer = threading.Timer(AGAIN, psutil.Process().send_signal, (_received.pop(),))
    timer.daemon = True
    timer.start()
