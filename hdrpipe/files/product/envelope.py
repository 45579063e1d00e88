"""Checks that a file is a product at all, and the errors for those that are not."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hdrpipe.config.documents import from_json
from hdrpipe.errors import BusyError, DamagedError, InputError, unread
from hdrpipe.files.locks import is_held
from hdrpipe.files.product.checks import Fault
from hdrpipe.files.product.schema import FORMAT, READABLE, SCHEMAS, Schema

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK = 48
"""Bytes of the HDF5 superblock of version 2 or 3, with which products begin; bytes 28 to 36 say where the file ends."""


_CONSISTENCY = 11
"""Place of the flags of a superblock of version 3; the lowest bit says that the file is open for writing."""


WRITTEN = "another program has it open for writing"
CLOSE = "close it there; if no program has it open, one ended while it had: then make it anew"


def read_head(path: Path | str, count: int) -> tuple[bytes, int]:
    """Return the first `count` bytes of a regular file and its size.

    Raises:
        InputError: there is no such file, it is no regular file, or it cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise InputError("is not a regular file", path)
        with open(path, "rb") as file:
            return file.read(count), os.fstat(file.fileno()).st_size
    except FileNotFoundError as error:
        raise InputError("there is no such file", path) from error
    except OSError as error:
        raise unread(error, path) from error
    except ValueError as error:
        raise InputError(f"cannot be read ({error})", path) from error


def sidecar(path: Path | str) -> dict[str, Any]:
    """The provenance beside an output; empty if there is none or it cannot be read."""
    try:
        record = from_json(Path(f"{path}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def check_envelope(path: Path) -> None:
    """Raise Fault if the file is empty, no HDF5 or cut short; done before the HDF5 library looks at it.

    Raises:
        BusyError: a program has opened it for writing and not closed it.
    """
    head, size = read_head(path, _SUPERBLOCK)
    if not head:
        raise Fault("is empty")
    if not head.startswith(_SIGNATURE[: len(head)]):
        raise Fault("is not an HDF5 file")
    if size < _SUPERBLOCK:
        raise Fault(f"is truncated after {size} bytes")
    if head[8] == 3 and head[_CONSISTENCY] & 1:
        raise BusyError(WRITTEN, path, CLOSE)
    end = int.from_bytes(head[28:36], "little")
    if head[8] in (2, 3) and size < end:
        raise Fault(f"is truncated: {size} of {end} bytes are there")


def check_head(root: Mapping[str, Any], kind: str | None) -> Schema:
    """Return the schema of a product by its root attributes; Fault unless it is whole, known and of this kind."""
    if root.get("format") != FORMAT:
        raise Fault("is an HDF5 file, but no product of hdrpipe")
    named, version = root.get("kind"), root.get("version")
    if kind is not None and named != kind:
        raise Fault(f"is a product of kind {named!a}, wanted '{kind}'")
    if not isinstance(named, str) or named not in SCHEMAS or type(version) is not int:
        raise Fault(f"is a product of kind {named!a}, version {version!a}, which this hdrpipe does not know")
    if (named, version) not in READABLE:
        newest = SCHEMAS[named].version
        writer = "a newer" if version > newest else "an older"
        raise Fault(f"was written by {writer} hdrpipe ({named} version {version}; this one reads 1 to {newest})")
    if root.get("complete") is not True:
        raise Fault("is incomplete: its writer did not finish")
    return READABLE[named, version]


_LIBRARY = (OSError, RuntimeError, LookupError, ValueError, TypeError)
"""Exceptions that the HDF5 library may raise on damaged bytes."""


@contextlib.contextmanager
def telling(path: Path, rules: tuple[str, ...], library: tuple[type[Exception], ...] = _LIBRARY) -> Iterator[None]:
    """Turn a Fault, or an exception of a library on damaged bytes, into one line that names the file and its rules.

    Raises:
        BusyError: a program holds it as those do that write it, so that it may be whole when they have ended.
    """
    try:
        yield
    except Fault as fault:
        _refuse_written(path)
        raise DamagedError(str(fault), path, _hint(path, rules)) from None
    except library as error:
        number = getattr(error, "errno", None)
        if number not in (None, errno.EIO):
            raise InputError(f"cannot be read ({os.strerror(number)})", path) from error
        _refuse_written(path)
        raise DamagedError(
            f"is damaged: a checksum or the structure does not hold ({error})", path, _hint(path, rules)
        ) from error


def _refuse_written(path: Path) -> None:
    if is_held(path, shared=True):
        raise BusyError(WRITTEN, path, CLOSE) from None


OTHER_RULES = {
    "labelled.h5": "teacher_labelled",
    "crossfit-*.h5": "crossfit",
    "chosen/scores-*.csv": "score_chosen",
}
"""Outputs whose rule is not called what its stage is, by the end of their path."""


def rule_of(path: Path) -> str:
    """The rule that makes an output, by the provenance beside it; empty if that names none."""
    stage = sidecar(path).get("stage")
    other = [rule for pattern, rule in OTHER_RULES.items() if path.match(pattern)]
    return [*other, stage][0] if isinstance(stage, str) else ""


def _hint(path: Path, rules: tuple[str, ...]) -> str:
    """Hint with the rule to run again: that in the provenance beside the file, else those that make its kind."""
    rule = rule_of(path)
    names = (rule,) if rule else rules
    made = f"run the rule {' or '.join(map(repr, names))}" if names else "make it"
    return f"delete it and {made} again"
