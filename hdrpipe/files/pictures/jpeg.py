"""JPEG: what the decoder only warns of. A cut file comes out grey from the cut on, a damaged one in wrong colours."""

import contextlib
import os
import re
from collections.abc import Callable
from typing import TypeVar

from hdrpipe.errors import InputError

_FAULT = re.compile(r"Premature end of JPEG file|Corrupt JPEG data: .*|Inconsistent progression sequence.*")
_PADDED = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
_HARMLESS = re.compile(r"Corrupt JPEG data: bad ICC marker")

PADDING = 64
"""Bytes that cameras leave before the end of a whole picture; after damage far more are left over."""

Decoded = TypeVar("Decoded")


def watched(path: str, decode: Callable[[], Decoded]) -> tuple[Decoded, tuple[str, ...]]:
    """What `decode` gives, and what a person should know of the warnings that libjpeg wrote meanwhile.

    Raises:
        InputError: libjpeg found the data of the picture incomplete or broken.
    """
    decoded, said = _overheard(decode)
    found = _FAULT.search(said)
    if found is None or _HARMLESS.match(found[0]):
        return decoded, ()
    padded = _PADDED.match(found[0])
    if padded is None or int(padded[1]) > PADDING:
        what = f"holds JPEG data that are cut short or damaged ({found[0].strip()[:80]!a})"
        raise InputError(what, path, "copy the file anew from the camera")
    return decoded, (f"{padded[1]} bytes too many before the end of a JPEG: it may be damaged",)


def _overheard(call: Callable[[], Decoded]) -> tuple[Decoded, str]:
    """Result of a call, and what C libraries wrote to standard error in it (the first 64 KiB).

    The whole process is redirected: for the child that decodes, where nothing else runs.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    kept = os.dup(2)
    try:
        os.dup2(writing, 2)
        try:
            result = call()
        finally:
            os.dup2(kept, 2)
        with contextlib.suppress(BlockingIOError):
            return result, os.read(reading, 2**16).decode("ascii", "replace")
        return result, ""
    finally:
        for number in (reading, writing, kept):
            os.close(number)
