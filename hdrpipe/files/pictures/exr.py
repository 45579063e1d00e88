"""OpenEXR pictures: the part that is displayed, in linear light of the primaries that the file names."""

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.files.names import plain
from hdrpipe.files.pictures.code_points import of_chromaticities


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
    chromaticities = header.get("chromaticities")
    return displayed, None if chromaticities is None else of_chromaticities(chromaticities, path), remarks


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
