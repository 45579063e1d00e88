"""The exception class of the package, its kinds, and their exit codes."""

import contextlib
import errno
from collections.abc import Generator
from enum import IntEnum

from hdrpipe.terminal import one_line

OUT_OF_MEMORY = (
    *(
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        "Insufficient memory",
        "Failed to allocate",
        "out of shared memory",
    ),
    *("bad_alloc", "ALLOC_FAILED", "failed to map segment", "can't start new thread", "thread creation failed"),
)
"""Words of torch, CUDA, OpenCV, OpenEXR and the loader of libraries where memory is too small."""


_LOST = (
    *("EIO", "ESTALE", "ENXIO", "ENODEV", "ENOTCONN", "ETIMEDOUT", "ENETDOWN", "ENETUNREACH"),
    *("EHOSTDOWN", "EHOSTUNREACH", "ECONNRESET", "ECONNABORTED", "EREMOTEIO", "ENOMEDIUM"),
)

LOST = frozenset(number for name in _LOST if (number := getattr(errno, name, None)) is not None)
"""Error numbers of a drive or a network share that fails or is gone; systems lack some of them."""


class Exit(IntEnum):
    """Exit codes of every command (75 is EX_TEMPFAIL of sysexits.h)."""

    BUG = 1
    USAGE = 2
    INPUT = 3
    DAMAGED = 4
    CAPACITY = 5
    NON_FINITE = 6
    STOPPED = 75


class HdrpipeError(Exception):
    """A fault that the user can act on, printed as one line: where, what, hint.

    Args:
        what: description of the fault.
        where: the file, config key or option concerned; may be empty.
        hint: the remedy; may be empty.
        code: exit code of the command, where it differs from that of the class.
    """

    code: Exit = Exit.INPUT

    def __init__(self, what: str, where: object = "", hint: str = "", code: Exit | None = None):
        self.what, self.where, self.hint = what, str(where), hint
        if code is not None:
            self.code = code
        super().__init__(what, self.where, hint)

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        line = f"{line}; {self.hint}" if self.hint else line
        return one_line(" ".join(line.split()))


class UsageError(HdrpipeError):
    """Wrong command line or configuration (exit 2)."""

    code = Exit.USAGE


class InputError(HdrpipeError):
    """Input data that are missing, unreadable or unsuitable (exit 3)."""

    code = Exit.INPUT


class DamagedError(HdrpipeError):
    """A file that hdrpipe wrote is damaged, incomplete or of another version (exit 4)."""

    code = Exit.DAMAGED


class CapacityError(HdrpipeError):
    """Disk or memory is full; may be tried again (exit 5)."""

    code = Exit.CAPACITY


class NonFiniteError(HdrpipeError):
    """The loss of a training, or a result, is infinite or NaN (exit 6)."""

    code = Exit.NON_FINITE


class DivergedError(HdrpipeError):
    """The loss of a training rose far above what it was, still finite (exit 6)."""

    code = Exit.NON_FINITE


class StoppedError(HdrpipeError):
    """A signal stopped the work and its state is saved; may be tried again (exit 75)."""

    code = Exit.STOPPED


class BusyError(HdrpipeError):
    """Another process holds a lock that this one needs; may be tried again (exit 75)."""

    code = Exit.STOPPED


class Stop(BaseException):
    """A signal stopped the work where it stood (exit 75); no Exception, as libraries take those for their own."""


def is_memory(error: BaseException) -> bool:
    """True for an exception of any library that means too little memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return not isinstance(error, HdrpipeError) and any(words in str(error) for words in OUT_OF_MEMORY)


def unread(error: OSError, where: object = "") -> InputError:
    """The error for a file or folder, or else `where`, that the system fails to read."""
    hint = "see whether its drive or network answers, and run it again" if error.errno in LOST else ""
    return InputError(f"cannot be read ({error.strerror or error})", error.filename or where, hint)


def refuse_lost(error: BaseException | None, where: object) -> None:
    """Raise InputError for an error of the drive, or of a file that has vanished: nothing of a file may then be passed
    over as if it were not in it. Other errors are the file's."""
    if isinstance(error, OSError) and error.errno in LOST | {errno.ENOENT}:
        raise unread(error, where) from error


@contextlib.contextmanager
def reading() -> Generator[None]:
    """Context in which folders and files of the user are looked at: what the system fails to read is an InputError."""
    try:
        yield
    except OSError as error:
        if is_memory(error):
            raise
        raise unread(error) from error
