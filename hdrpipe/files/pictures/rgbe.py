"""Radiance pictures (RGBE): linear light, undone of the factors and of the primaries that their header names.

The header is described in G. Ward, "Radiance file formats" (filefmts.pdf of Radiance), section "Picture file format".
"""

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.files.names import plain
from hdrpipe.files.pictures.code_points import of_chromaticities
from hdrpipe.files.product.envelope import read_head

HEADER_BYTES = 2**18
"""Largest header."""

ANEW = "write the file anew, as RGB with lines from top to bottom"

_RESOLUTION = re.compile(rb"\n\n([+-][XY]) (\d{1,9}) ([+-][XY]) (\d{1,9})\n")


def size(path: Path | str) -> tuple[int, int]:
    """Width and height by the header alone.

    Raises:
        InputError: it has no size, or lines in another order than from top to bottom, from left to right.
    """
    resolution = _RESOLUTION.search(read_head(path, HEADER_BYTES)[0])
    if resolution is None:
        raise InputError("has no resolution '-Y height +X width' in its header", path)
    order = f"{resolution[1].decode()} {resolution[3].decode()}"
    if order != "-Y +X":
        raise InputError(f"is stored in the order {order!a}, wanted '-Y +X'", path, ANEW)
    return int(resolution[4]), int(resolution[2])


def read(path: Path | str) -> tuple[NDArray[np.float32], tuple[float, ...] | None]:
    """Decode a file whose size is checked before (`size`).

    Returns:
        Samples (H, W, 3), divided by the factors that they were multiplied by, and their matrix, see `header`.

    Raises:
        InputError: it cannot be decoded, or see `header`.
    """
    factors, matrix = header(path)
    return _decoded(path) / factors, matrix


def header(path: Path | str) -> tuple[NDArray[np.float32], tuple[float, ...] | None]:
    """Factors of red, green and blue by all lines EXPOSURE and COLORCORR, (3,), and the matrix to linear sRGB.

    Returns:
        The factors; the matrix row by row by the last line PRIMARIES, None for sRGB.

    Raises:
        InputError: the file holds X, Y and Z, or samples of a gamma, or a line is not of such numbers.
    """
    head, _, _ = read_head(path, HEADER_BYTES)[0].partition(b"\n\n")
    if re.search(rb"^FORMAT=\s*32-bit_rle_xyze\s*$", head, re.MULTILINE):
        raise InputError("holds X, Y and Z (32-bit_rle_xyze), which are not read", path, ANEW)
    if any((value != 1).any() for value in _numbers(head, "GAMMA", 1, path)):
        raise InputError("has a GAMMA other than 1 in its header", path, "write the file anew, with linear light")
    factors = np.ones(3)
    for name, count in (("EXPOSURE", 1), ("COLORCORR", 3)):
        for values in _numbers(head, name, count, path):
            factors *= values
    primaries = _numbers(head, "PRIMARIES", 8, path)
    return factors.astype(np.float32), of_chromaticities(primaries[-1], path) if primaries else None


def _numbers(head: bytes, name: str, count: int, path: Path | str) -> list[NDArray[Any]]:
    """Numbers of each line `name=` of a header, so many of them; but for primaries they are positive.

    Lines that a tab indents are those of a picture that this one was made of.
    """
    lines = []
    for text in re.findall(rb"^%s=(.*)$" % name.encode(), head, re.MULTILINE):
        try:
            values = np.array([float(word) for word in text.split()])
        except ValueError:
            values = np.empty(0)
        valid = len(values) == count and np.isfinite(values).all() and (name == "PRIMARIES" or values.min() > 0)
        if not valid:
            what = f"list of {count} numbers" if count > 1 else "positive number"
            raise InputError(f"has a line {name} in its header that is no {what}", path, "write the file anew")
        lines.append(values)
    return lines


def _decoded(path: Path | str) -> NDArray[np.float32]:
    """Samples (H, W, 3) as stored."""
    try:
        with plain(path) as name:
            samples = cv2.imread(name, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InputError(f"cannot be decoded ({error.err})", path) from error
    if samples is None or samples.ndim != 3 or samples.shape[2] != 3:
        raise InputError("cannot be decoded", path, ANEW)
    return samples[..., ::-1].astype(np.float32)
