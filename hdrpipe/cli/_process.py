"""A job among processes: it ends with the Snakemake that started it, and a stop signal has an exit code of its own."""

import ctypes
import os
import signal
import threading
from types import FrameType

from hdrpipe.errors import StoppedError
from hdrpipe.files.locks import Lock

PARENT = "HDRPIPE_PARENT"
"""Set by the rules to the process that waits for the job; what a person types has none and outlives its shell."""

PR_SET_PDEATHSIG = 1  # linux/prctl.h

_held: list[Lock] = []


def supervise() -> None:
    """Stop with exit 75 on SIGTERM and SIGUSR1; as a job of a run, get SIGTERM when Snakemake dies, however it dies.

    Raises:
        StoppedError: Snakemake is dead already.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, _stop)
    parent = os.environ.get(PARENT)
    if parent:
        _follow(int(parent))
        from hdrpipe.tools.alive import join

        lock = join()
        if lock:
            _held.append(lock)


def _follow(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise StoppedError("the run that started this job is dead", hint="make resume")


def _stop(number: int, _: FrameType | None) -> None:
    raise StoppedError(f"stopped by {signal.Signals(number).name}; nothing half-done is left", hint="run it again")
