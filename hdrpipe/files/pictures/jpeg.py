"""JPEG: what the decoder only warns of. A cut file comes out grey from the cut on, a damaged one in wrong colours."""

import contextlib
import os
import re
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hdrpipe.errors import InputError, refuse_lost
from hdrpipe.files.system import passing_pipe

_FAULT = re.compile(r"Premature end of JPEG file|Corrupt JPEG data: .*|Inconsistent progression sequence.*")
_PADDED = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
_HARMLESS = re.compile(
    r"Corrupt JPEG data: bad ICC marker|Warning: unknown JFIF revision.*|Unknown Adobe color transform code.*"
    r"|Invalid SOS parameters.*"
)
"""Oddities of headers, which do not change the picture; but libjpeg prints its first warning only."""

PADDING = 64
"""Bytes that cameras leave before the end of a whole picture; after damage far more are left over."""

Decoded = TypeVar("Decoded")


def watched(path: Path | str, decode: Callable[[], Decoded]) -> tuple[Decoded, tuple[str, ...]]:
    """Result of `decode`, and remarks on the warnings that libjpeg wrote meanwhile.

    Raises:
        InputError: libjpeg found the data of the picture incomplete or broken.
    """
    decoded, warnings = _overheard(decode)
    odd = _HARMLESS.search(warnings)
    if odd is not None:
        plain = _plain(Path(path).read_bytes())
        _, warnings = _overheard(lambda: cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_GRAYSCALE))
        decoded, notes = _judged(path, decoded, warnings if _reaches_its_end(plain) else "Premature end of JPEG file")
        return decoded, (*notes, f"the decoder warns: {odd[0].strip()[:80]!a}")
    return _judged(path, decoded, warnings)


def quality(path: Path | str) -> int:
    """Quality of a JPEG, 1 to 100: that of libjpeg whose table for brightness has the nearest sum.

    100 for a file without a table that can be read.
    """
    table = None
    try:
        with Image.open(path, formats=("JPEG",)) as picture:
            table = getattr(picture, "quantization", {}).get(0)
    except Exception as error:  # foreign bytes: the decoder has no closed list of what it raises
        refuse_lost(error, path)
    return 100 if table is None else int(np.argmin(np.abs(_table_sums() - sum(table)))) + 1


@cache
def _table_sums() -> NDArray[np.int64]:
    """Sum of libjpeg's table for brightness at each quality from 1 to 100, (100,)."""
    sums = []
    for number in range(1, 101):
        file = BytesIO()
        Image.new("L", (8, 8)).save(file, "JPEG", quality=number)
        with Image.open(file, formats=("JPEG",)) as picture:
            sums.append(sum(getattr(picture, "quantization", {})[0]))
    return np.array(sums)


def _judged(path: Path | str, decoded: Decoded, warnings: str) -> tuple[Decoded, tuple[str, ...]]:
    """See `watched`; `warnings` is what libjpeg wrote about the data."""
    fault = _FAULT.search(warnings)
    if fault is None:
        return decoded, ()
    padded = _PADDED.match(fault[0])
    if padded is None or int(padded[1]) > PADDING:
        what = f"holds JPEG data that are cut short or damaged ({fault[0].strip()[:80]!a})"
        raise InputError(what, path, "copy the file anew from the camera")
    return decoded, (f"{padded[1]} bytes too many before the end of a JPEG: it may be damaged",)


def _reaches_its_end(data: bytes) -> bool:
    """False for a cut JPEG, for which OpenCV gives no error where it lies in memory."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG",)) as picture:
            picture.load()
    except Exception:  # foreign bytes: the decoder has no closed list of what it raises
        return False
    return True


def _plain(data: bytes) -> bytes:
    """A JPEG without what libjpeg finds odd in its header, to be decoded for its other warnings.

    Application segments and comments are left out, scans of sequential pictures get the parameters that they must have.
    """
    kept, position, sequential = bytearray(data[:2]), 2, False
    while data[position : position + 1] == b"\xff" and data[position + 1 : position + 2] != b"\xda":
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        marker = data[position + 1]
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept += data[position:end]
        sequential |= marker in (0xC0, 0xC1)
        position = end
    rest = bytearray(data[position:])
    for scan in re.finditer(rb"\xff\xda(..)", data[position:], re.DOTALL) if sequential else ():
        end = scan.start() + 2 + int.from_bytes(scan[1], "big")
        rest[end - 3 : end] = b"\0\x3f\0"
    return bytes(kept + rest)


def _overheard(call: Callable[[], Decoded]) -> tuple[Decoded, str]:
    """Result of a call, and what C libraries wrote to standard error in it: the first 64 KiB.

    The whole process is redirected: for the child that decodes, where nothing else runs. Without a `passing_pipe`
    nothing is heard.
    """
    pipe = passing_pipe()
    if pipe is None:
        return call(), ""
    (reading, writing), kept = pipe, os.dup(2)
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
