"""The one exception of the package and the exit codes that it maps to."""

from enum import IntEnum


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
    """A fault that the user can act on, told in one line.

    Args:
        what: what is wrong, in plain words.
        where: the file, key or argument concerned; may be empty.
        hint: what to do about it; may be empty.
        code: exit code of the command that meets it.
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
        return " ".join(line.split())


class UsageError(HdrpipeError):
    """Wrong command line or configuration (exit 2)."""

    code = Exit.USAGE


class InputError(HdrpipeError):
    """Bad data from outside (exit 3)."""

    code = Exit.INPUT


class DamagedError(HdrpipeError):
    """A product of ours is damaged, incomplete or of a foreign version (exit 4)."""

    code = Exit.DAMAGED


class CapacityError(HdrpipeError):
    """Disk or memory is full; retriable (exit 5)."""

    code = Exit.CAPACITY


class NonFiniteError(HdrpipeError):
    """Training met a loss that is not finite (exit 6)."""

    code = Exit.NON_FINITE


class StoppedError(HdrpipeError):
    """A signal stopped the work and its state is saved; retriable (exit 75)."""

    code = Exit.STOPPED


class BusyError(HdrpipeError):
    """Somebody else holds what this work needs; retriable (exit 75)."""

    code = Exit.STOPPED
