"""Differences between operating systems: locks, signals, limits, and files that have a name for a moment only.

Nothing else in the package asks for what POSIX or Linux alone has. Trainings run on Linux; on other systems bursts are
fused, checked and inspected, and each function says what it leaves out there.
"""

import contextlib
import ctypes
import errno
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from hdrpipe.errors import UsageError

try:
    import fcntl
    import resource
except ImportError:  # Windows
    fcntl = resource = None

LINUX = sys.platform == "linux"

SIGKILL, SIGPIPE = 9, 13
"""Numbers of POSIX signals that Windows has no names for."""

VMSTAT, SHARED = Path("/proc/vmstat"), Path("/dev/shm")

DEVICES = Path("/dev")
"""Folder in which Linux lists the devices of the machine: NVIDIA's GPUs as nvidia0, nvidia1 and so on."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def require_linux(doing: str) -> None:
    """Refuse what needs Linux: jobs that end with the run they belong to, and locks that tell whether it is alive.

    Raises:
        UsageError: this is another system.
    """
    if not LINUX:
        hint = "use Linux, a container or WSL; `fuse`, `check` and `inspect` work here"
        raise UsageError(f"{doing} needs Linux", sys.platform, hint)


def signals(*names: str) -> tuple[signal.Signals, ...]:
    """Those of the named signals that this system has."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


def flock(descriptor: int, shared: bool) -> None:
    """Lock an open file without waiting, alone or together with other sharers.

    Raises:
        OSError: another process holds it (EWOULDBLOCK, EACCES), or there are no locks (ENOLCK and others): on Windows,
            and on some network disks.
    """
    if fcntl is None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def synchronise_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut; Windows, which opens no folders, is left to do it itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def passing_file() -> Iterator[str]:
    """Name of a file for libraries that write to names alone: in memory on Linux, else in a folder that is removed."""
    if LINUX:
        descriptor = os.memfd_create("hdrpipe")
        try:
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        with tempfile.TemporaryDirectory(prefix="hdrpipe-") as folder:
            yield os.path.join(folder, "file")


def plain_name(file: BinaryIO) -> str:
    """Name of an open file that is plain ASCII on Linux, whatever bytes its own has; elsewhere its own."""
    return f"/proc/self/fd/{file.fileno()}" if LINUX else file.name


def passing_pipe() -> tuple[int, int] | None:
    """Reading and writing end of a pipe that never waits; None where there is none (Windows with Python 3.11)."""
    if not hasattr(os, "set_blocking"):
        return None
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def c_function(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where it has none of this name, as on Windows."""
    try:
        return getattr(ctypes.CDLL(None), name, None)
    except TypeError:
        return None


def end_with_parent(number: int) -> None:
    """Have this process get a signal when the one that started it ends; on Linux."""
    prctl = c_function("prctl")
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def forbid_files() -> None:
    """Let this process write no byte to any file; not on Windows."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def open_many_files() -> None:
    """Let this process have as many files open as the system allows: a training reads every shard of several lists."""
    if resource is not None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        with contextlib.suppress(ValueError, OSError):  # macOS tells no limit, and allows less
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def allowed_memory() -> int | None:
    """Bytes of address space that this process may take at most (`ulimit -v`); None without a limit."""
    return None if resource is None else _finite(resource.getrlimit(resource.RLIMIT_AS)[0])


def limit_growth(more: int) -> None:
    """Let this process grow by `more` bytes from here, or as far as it may (`ulimit -v`); on Linux.

    Elsewhere there is no limit of memory that holds.
    """
    if not LINUX or resource is None:
        return
    with open("/proc/self/statm", encoding="ascii") as file:
        limit = int(file.read().split()[0]) * resource.getpagesize() + more
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (limit if _finite(most) is None else min(limit, most), most))


def growth_held_back() -> int | None:
    """Bytes of address space that `ulimit -v` allows, where that is less than `limit_growth` asked for; else None."""
    if resource is None:
        return None
    allowed, most = resource.getrlimit(resource.RLIMIT_AS)
    return _finite(most) if allowed == most else None


def _finite(limit: int) -> int | None:
    return None if resource is None or limit == resource.RLIM_INFINITY else limit


def shared_memory() -> int | None:
    """Bytes that processes may hand over in shared memory, as containers limit it; None where nothing tells."""
    if not LINUX:
        return None
    if not os.access(SHARED, os.W_OK | os.X_OK):
        return 0
    room = os.statvfs(SHARED)
    return room.f_bavail * room.f_frsize


def peak_bytes(children: bool = False) -> int:
    """Most memory that this process, or any child that has ended, held at once; 0 where it is not told (Windows)."""
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF).ru_maxrss
    return peak * 1024 if LINUX else peak


def kills() -> int:
    """Processes of this machine that the kernel has ended for lack of memory so far; 0 where it does not count them."""
    try:
        lines = VMSTAT.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
