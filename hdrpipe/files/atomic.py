"""One door to disk: a file is whole or absent, and an old file stays until the new one is complete."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from hdrpipe.errors import CapacityError, HdrpipeError, InputError
from hdrpipe.files.system import synchronise_folder

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of a disk, a quota or a file size limit that is used up."""


Bytes = bytes | bytearray | memoryview


def write_bytes(path: Path | str, data: Bytes) -> None:
    """Write `data` to `path`; see `write_chunks`."""
    write_chunks(path, [data])


def write_chunks(path: Path | str, chunks: Iterable[Bytes]) -> None:
    """Write bytes to `path` so that readers see the old file or the new one, never a part.

    The bytes go to a temporary sibling, are synchronised, and take the name in one step. Missing parents are made.

    Raises:
        CapacityError: the disk, the quota or the file size limit is used up; an old file at `path` is intact.
        InputError: the place cannot be written for another reason; an old file at `path` is intact.
    """
    target = Path(path)
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        temporary = target.parent / f"{_prefix(target)}{os.getpid()}-{secrets.token_hex(4)}.tmp"
        _write_synchronised(temporary, chunks)
        os.replace(temporary, target)
        temporary = None
        synchronise_folder(target.parent)
    except OSError as error:
        raise translated(error, target) from error
    except ValueError as error:  # a NUL or a lone surrogate in the name
        raise InputError(f"is no file name ({error})", ascii(str(path))) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8; errors as `write_chunks`."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, so that the same value gives the same bytes.

    Raises:
        InputError: `value` holds NaN, an infinity or something that JSON has no word for; and as `write_chunks`.
    """
    try:
        text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"cannot be written as JSON ({error})", path) from error
    write_text(path, text + "\n")


def _write_synchronised(path: Path, chunks: Iterable[Bytes]) -> None:
    with open(path, "xb", buffering=0) as file:
        for chunk in chunks:
            rest = memoryview(chunk).cast("B")
            while rest:
                rest = rest[os.write(file.fileno(), rest) :]
        os.fsync(file.fileno())


def _prefix(target: Path) -> str:
    """Temporary names begin alike for one target and one host, and stay short for the longest target name."""
    owner = hashlib.sha256(f"{socket.gethostname()}/{target.name}".encode("utf-8", "surrogateescape")).hexdigest()
    return f".hdrpipe-{owner[:16]}-"


def _sweep(target: Path) -> None:
    """Remove what a killed writer of the same target on this host has left behind."""
    for leftover in target.parent.glob(f"{_prefix(target)}*.tmp"):
        owner = leftover.name.removeprefix(_prefix(target)).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            leftover.unlink(missing_ok=True)


def translated(error: OSError, target: Path) -> HdrpipeError:
    """The error for a system error at `target`: CapacityError where room is lacking, else InputError."""
    reason = error.strerror or str(error)
    if error.errno in FULL:
        return CapacityError(f"cannot be written, no space left ({reason})", target, "free some space and run it again")
    return InputError(f"cannot be written ({reason})", target)
