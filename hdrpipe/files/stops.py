"""Signals that ask a process to stop: of a person, of a terminal that closes, of a scheduler."""

import atexit
import contextlib
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import psutil

from hdrpipe.files import system

SIGNALS = system.signals("SIGTERM", "SIGUSR1", "SIGINT", "SIGHUP", "SIGQUIT")

TYPED = system.signals("SIGINT", "SIGHUP", "SIGQUIT")
"""Those that a terminal sends to all of its processes."""

Handler = Callable[[int, FrameType | None], Any]


def heeded(signals: tuple[signal.Signals, ...] = SIGNALS) -> list[signal.Signals]:
    """Signals but those that whoever started this process has it ignore, as `nohup` and background shells do."""
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


def ignore(signals: tuple[signal.Signals, ...] = SIGNALS) -> None:
    """Ignore signals from now on: this process is ending already, or another one stops it."""
    for number in signals:
        signal.signal(number, signal.SIG_IGN)


def ignore_at_exit(signals: tuple[signal.Signals, ...] = SIGNALS) -> None:
    """Ignore signals once the interpreter ends, when it takes the handlers away and a late signal would kill.

    Until then a handler that returns does the same. One that had them ignored at once would have Python complain of a
    signal that had come but was not handled yet.
    """
    atexit.register(ignore, signals)


class RunStop:
    """Stops a run of Snakemake once: its jobs get SIGTERM and save their state, and later signals change nothing.

    Attributes:
        cause: name of the signal, empty while there was none.
    """

    def __init__(self) -> None:
        self.cause = ""

    def install(self) -> None:
        """Handle the signals of a terminal in this process."""
        for number in heeded(TYPED):
            signal.signal(number, self._stop)

    def _stop(self, number: int, _: FrameType | None) -> None:
        if self.cause:
            return
        self.cause = signal.Signals(number).name
        ignore_at_exit(TYPED)
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                child.terminate()
        raise KeyboardInterrupt  # on which Snakemake waits for its jobs and unlocks the folder
