"""OpenEXR pictures: the part that is displayed, in linear light of the primaries that the file names."""

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.files.names import plain
from hdrpipe.files.pictures.code_points import BT709, XYZ, adapted_to_srgb, to_xyz

SAME = 0.005
"""Matrices that differ by less from identity are it."""


def read(path: Path | str) -> tuple[NDArray[Any], tuple[float, ...] | None, tuple[str, ...]]:
    """Decode a single-part file of 16-bit or 32-bit floats or integers.

    Args:
        path: the file; its size is checked before (`headers.measure`).

    Returns:
        Samples (H, W, 3) of the display window, float16 if all are, else float32, a lone Y as grey; matrix to linear
        sRGB row by row, None for sRGB; and remarks.

    Raises:
        InputError: it cannot be decoded, has no such channels, invalid primaries, or does not fill its display window.
    """
    try:
        with plain(path) as file:
            picture = OpenEXR.File(file, separate_channels=True)
            header, channels = picture.header(), picture.channels()
        grey = "Y" in channels and not {"R", "RY", "BY"} & set(channels)
        planes = [channels[name].pixels for name in ("YYY" if grey else "RGB")]
        half = all(plane.dtype == np.float16 for plane in planes)
        corners = [np.asarray(corner, int)[::-1] for key in ("displayWindow", "dataWindow") for corner in header[key]]
    except KeyError as error:
        raise InputError(f"has no channel {error}", path) from error
    except Exception as error:  # foreign bytes: the decoder has no closed list of what it raises
        raise InputError(f"cannot be decoded ({type(error).__name__})", path) from error
    samples = np.stack(planes, axis=-1, dtype=np.float16 if half else np.float32, casting="unsafe")
    displayed, remarks = _displayed(samples, corners, path)
    return displayed, _matrix(header.get("chromaticities"), path), remarks


def _displayed(
    samples: NDArray[Any], corners: list[NDArray[Any]], path: Path | str
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Samples inside the display window; corners are (row, column), first and last of display, then of data."""
    first, last, start, end = corners
    if (first == start).all() and (last == end).all():
        return samples, ()
    if (first < start).any() or (last > end).any() or (last < first).any():
        hint = "save it with pixels for the whole of its display window"
        raise InputError("has a data window that does not fill its display window", path, hint)
    (top, left), (height, width) = first - start, last - first + 1
    kept = samples[top : top + height, left : left + width]
    return kept, (f"{width} x {height} pixels of its display window are read, what lies around them is cut off",)


def _matrix(chromaticities: Any, path: Path | str) -> tuple[float, ...] | None:
    """Matrix to linear sRGB: white becomes D65, but for X, Y and Z, which are what they are."""
    if chromaticities is None:
        return None
    numbers = np.asarray(chromaticities, np.float64)
    points, white = numbers[:6].reshape(3, 2), numbers[6:]
    if np.abs(points - XYZ).max() < 1e-3:
        matrix = np.linalg.inv(to_xyz(BT709))
    else:
        try:
            matrix = adapted_to_srgb(points, white)
        except (np.linalg.LinAlgError, FloatingPointError):
            matrix = np.full((3, 3), np.nan)
    if not np.isfinite(matrix).all():
        raise InputError("has invalid primaries (chromaticities)", path, "save it with those of sRGB")
    return None if np.abs(matrix - np.eye(3)).max() < SAME else tuple(float(number) for number in matrix.flat)
