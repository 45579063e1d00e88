"""Locks that a dead process cannot leave behind: flock on a small file that names its holder."""

import errno
import json
import logging
import os
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from hdrpipe.config.documents import from_json
from hdrpipe.errors import BusyError, InputError
from hdrpipe.files import system

POLL = 0.1
"""Seconds between two tries while waiting."""

SIGNING = 1.0
"""Seconds that a fresh holder gets to write who it is."""

SHORT = 200
"""Characters of a command that a message shows."""


HELD = frozenset({errno.EWOULDBLOCK, errno.EACCES})
"""Error numbers of a lock that somebody else holds."""

LOCKLESS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF})
"""Error numbers of a disk or system without locks; network disks say EBADF of a file that is not open for writing."""

log = logging.getLogger(__name__)


class Lock:
    """A lock that this process holds until `release`, or until it ends in whatever way.

    Children that are forked share it until they end, those that are executed do not.
    """

    def __init__(self, path: Path, descriptor: int):
        self.path, self._descriptor = path, descriptor

    def release(self, remove: bool = False) -> None:
        """Give the lock back; `remove` deletes its file first, so that nobody can miss that it went."""
        if self._descriptor < 0:
            return
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.release()


def acquire(path: Path, doing: str, patience: float = 0.0, shared: bool = False) -> Lock:
    """Lock a file, which is made if it is missing.

    Args:
        path: the lock file.
        doing: what the holder does, in words, for whoever comes second.
        patience: seconds to wait while others hold it.
        shared: hold it together with other sharers; the file does not name them.

    Raises:
        BusyError: somebody else holds it; says who, where and since when.
        InputError: the file cannot be made or locked.
    """
    until = time.monotonic() + patience
    while True:
        lock = attempt(path, doing, shared)
        if lock:
            return lock
        owner, late = holder(path), time.monotonic() - until
        if late >= 0 and (owner or late > SIGNING):
            raise BusyError(f"in use by {describe(owner)}", path, "wait for its end, or stop it")
        time.sleep(POLL)


def attempt(path: Path, doing: str, shared: bool = False) -> Lock | None:
    """As `acquire`, once; None if somebody else holds it."""
    descriptor = _locked(Path(path), shared)
    if descriptor is None:
        return None
    if not shared:
        _sign(descriptor, doing)
    return Lock(Path(path), descriptor)


def is_held(path: Path, shared: bool = False) -> bool | None:
    """True if a living process holds this lock, None where the file system has no locks; leaves no file behind.

    With `shared` those who share it do not count.
    """
    try:
        descriptor = _opened_as_it_is(path)
    except OSError:
        return False
    try:
        system.flock(descriptor, shared)
    except OSError as error:
        return True if error.errno in HELD else None
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> dict[str, Any]:
    """Record of the last exclusive holder: `process`, `host`, `since`, `doing`, `command`; empty if unreadable."""
    try:
        record = from_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def describe(record: dict[str, Any]) -> str:
    """A holder in words."""
    if not record:
        return "an unknown process"
    command = " ".join(map(str, record.get("command", [])))[:SHORT]
    who = f"process {record.get('process')} on {record.get('host')}"
    return f"{who} since {record.get('since')} ({record.get('doing')}: {command})"


def _locked(path: Path, shared: bool) -> int | None:
    """A descriptor with the lock on the file that now has this name; None if others hold it.

    On a disk without locks it is open and not locked; where it should keep others out, a warning is logged.
    """
    while True:
        descriptor = _opened(path)
        try:
            system.flock(descriptor, shared)
            if _same(descriptor, path):
                return descriptor
        except OSError as error:
            os.close(descriptor)
            if error.errno in HELD:
                return None
            if error.errno in LOCKLESS:
                if not shared:
                    log.warning("%s: this disk has no locks: nothing keeps a second run from working here", path)
                return _opened(path)
            raise InputError(f"cannot be locked ({error.strerror})", path) from error
        os.close(descriptor)  # its holder has deleted it meanwhile


def _opened(path: Path) -> int:
    """Open for writing where that is allowed; a file of another user can be locked as well."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _opened_as_it_is(path)
        except FileNotFoundError:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(f"cannot be opened as a lock ({error.strerror})", path) from error


def _opened_as_it_is(path: Path) -> int:
    """Open for writing if possible: network disks take no exclusive lock of a file that is open for reading alone."""
    try:
        return os.open(path, os.O_RDWR)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return os.open(path, os.O_RDONLY)


def _same(descriptor: int, path: Path) -> bool:
    try:
        named = os.stat(path)
    except OSError:
        return False
    return os.path.samestat(os.fstat(descriptor), named)


def _sign(descriptor: int, doing: str) -> None:
    """Write who holds it; a file that may not be written stays as it is."""
    record = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "doing": doing,
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(record).encode())
    except OSError:
        return
