"""Makes hdrpipe see a Python of Windows or macOS: this folder on PYTHONPATH, HDRPIPE_TEST_SYSTEM=win32 or darwin.

Only modules of hdrpipe are deceived, in this process and in its children; other packages go on as on Linux.
"""

import builtins
import ctypes
import os
import select
import signal
import sys
import warnings
from types import ModuleType

MODULES = {
    "win32": frozenset({"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}),
    "darwin": frozenset(),
}
"""Modules of the standard library that a system lacks."""

UNIX = """
chown chroot confstr ctermid eventfd fchdir fchmod fchown fork forkpty fpathconf fstatvfs getegid geteuid
getgid getgroups getloadavg getpgid getpgrp getpriority getresuid getsid getuid initgroups killpg lchown lockf
mkfifo mknod nice openpty pathconf posix_fadvise posix_fallocate posix_spawn posix_spawnp pread preadv pwrite
pwritev readv register_at_fork sched_yield sendfile setegid seteuid setgid setgroups setpgid setpriority
setregid setreuid setsid setuid set_blocking statvfs sync sysconf tcgetpgrp tcsetpgrp uname wait wait3 wait4
writev O_CLOEXEC O_DIRECTORY O_DSYNC O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC P_PID RTLD_GLOBAL SEEK_DATA
SEEK_HOLE WEXITSTATUS WIFEXITED WIFSIGNALED WNOHANG WTERMSIG
"""
LINUX = """
copy_file_range getrandom getresgid getxattr listxattr memfd_create pidfd_open pipe2 posix_fadvise removexattr
sched_getaffinity sched_setaffinity setns setxattr splice unshare MFD_CLOEXEC O_DIRECT O_PATH O_TMPFILE
"""
OS = {"win32": frozenset(UNIX.split() + LINUX.split()), "darwin": frozenset(LINUX.split())}
"""Names of the module `os` that a system lacks."""

WINDOWS_SIGNALS = frozenset(
    {"SIGABRT", "SIGBREAK", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN"}
)
UNIX_SIGNAL_FUNCTIONS = frozenset(
    {"alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "sigpending", "sigwait"}
)


def signal_is_missing(name: str) -> bool:
    """True of a name of the module `signal` that Windows lacks."""
    return (name.startswith("SIG") and name not in WINDOWS_SIGNALS) or name in UNIX_SIGNAL_FUNCTIONS


class Seen(ModuleType):
    """A module as hdrpipe sees it.

    Args:
        real: the module.
        missing: names that it lacks.
        other: names that are something else.
    """

    def __init__(self, real, missing=lambda name: False, **other):
        super().__init__(getattr(real, "__name__", "library"))
        self.__dict__.update(other, _real=real, _missing=missing)

    def __getattr__(self, name):
        if self._missing(name):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self._real, name)


def opened(path, flags, *more, **options):
    """`os.open` of Windows, which opens no folder."""
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return os.open(path, flags, *more, **options)


def library(name, *_, **__):
    """`ctypes.CDLL` without the functions that are Linux's own."""
    if system == "win32" and name is None:
        raise TypeError("bad argument type for built-in operation")
    return Seen(ctypes.CDLL(name), {"prctl", "mallopt", "malloc_trim"}.__contains__)


def selected(*_):
    """`select.select` of Windows, which takes sockets only."""
    raise OSError(10038, "an operation was attempted on something that is not a socket")


def deceive():
    """Have `import` give modules of hdrpipe those of the other system."""
    real = builtins.__import__
    seen = {
        "os": Seen(os, OS[system].__contains__, **({"open": opened, "name": "nt"} if system == "win32" else {})),
        "sys": Seen(sys, platform=system),
        "ctypes": Seen(ctypes, CDLL=library),
    }
    if system == "win32":
        seen |= {"signal": Seen(signal, signal_is_missing), "select": Seen(select, select=selected)}

    def importing(name, globals=None, locals=None, fromlist=(), level=0):
        mine = ((globals or {}).get("__package__") or "").split(".")[0] == "hdrpipe"
        if mine and name in MODULES[system]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        given = real(name, globals, locals, fromlist, level)
        return seen.get(name.split(".")[0], given) if mine else given

    builtins.__import__ = importing
    warnings.filterwarnings("error", category=EncodingWarning, module=r"hdrpipe\..*")  # Windows: not UTF-8


system = os.environ.get("HDRPIPE_TEST_SYSTEM", "")
if system:
    deceive()
