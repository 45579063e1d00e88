"""RAW pictures of cameras (DNG, CR2, NEF, ARW, ...), developed linearly by LibRaw: the extra `raw`."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.files.names import plain
from hdrpipe.files.pictures.metadata import CameraData
from hdrpipe.files.pictures.tiff_pages import noise_profile
from hdrpipe.quantities import GAMMA

SUFFIXES = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos", ".mrw"}
    | {".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
)
"""Endings of RAW pictures. Many of them are TIFF inside, so that the name has to tell."""

DEMOSAICED = 0.9
"""Noise variance that LibRaw's way to fill a mosaic leaves, on average over the channels and white balances."""

_EARLIEST = 20 * 365.25 * 86400
"""Seconds since 1970. LibRaw gives 0, shifted by the time zone, for a file without a moment."""


def size(path: Path) -> tuple[int, int]:
    """Width and height of the developed picture, by the header alone."""
    with _opened(path) as picture:
        sizes = picture.sizes
        turned = sizes.flip in (5, 6)
        width, height = int(sizes.iwidth), int(sizes.iheight)
        return (height, width) if turned else (width, height)


def exposure_data(path: Path | str) -> tuple[tuple[float, ...], CameraData, tuple[float, float] | None]:
    """White balance and exposure by LibRaw, also of formats that no EXIF reader knows (CR3, CRW, MRW, X3F), and noise.

    Returns:
        The camera's own white balance: multipliers of red, green, blue and the second green (0: like the first);
        its exposure; and the noise that a DNG states, see `_developed_noise`.
    """
    profile = noise_profile(path) if Path(path).suffix.lower() == ".dng" else None
    with _opened(path) as picture, _developing(path):
        balance, other = picture.camera_whitebalance, picture.other
        noise = None if profile is None else _developed_noise(picture, profile, balance)
    seconds, iso, aperture = (
        float(value) if 0 < value < math.inf else None
        for value in (other.shutter_speed, other.iso_speed, other.aperture)
    )
    taken = (other.timestamp - datetime(1970, 1, 1)).total_seconds()
    camera = CameraData(seconds, iso, aperture, taken if taken > _EARLIEST else None)
    return tuple(float(factor) for factor in balance), camera, noise


def _developed_noise(picture: Any, profile: Sequence[float], balance: Sequence[float]) -> tuple[float, float] | None:
    """Variance per unit of signal and at black of the developed picture, linear in [0, 1]: mean over its channels.

    White balance multiplies the sensor's noise, the matrix to sRGB mixes it; the mean of neighbours that fills a mosaic
    takes some away.
    """
    gains, matrix = np.array(balance[:3], np.float64), np.asarray(picture.color_matrix, np.float64)[:, :3]
    if picture.num_colors != 3 or not gains.min() > 0 or len(profile) not in (2, 6):
        return None
    gains /= gains.min()
    mixing = (matrix if matrix.any() else np.eye(3)) ** 2
    shot, read = np.broadcast_to(np.reshape(profile, (-1, 2)), (3, 2)).T
    kept = 1.0 if picture.raw_image_visible.ndim == 3 else DEMOSAICED
    return kept * float((mixing @ (gains * shot)).mean()), kept * float((mixing @ (gains**2 * read)).mean())


def tones(path: Path | str, bins: int) -> list[list[int]]:
    """Counts of the sensor's values, from black (or below) to the white level (or above), `bins` for each colour.

    None are counted where the colours of a mosaic are unknown to LibRaw.
    """
    with _opened(path) as picture:
        with _developing(path):
            planes = _planes(picture)
        blacks, span = picture.black_level_per_channel, max(1, _span(picture))
        counted = np.zeros((picture.num_colors, bins), np.int64)
        for colour, plane in planes:
            indices = (np.arange(2**16) - blacks[colour]) * bins // span
            counts = np.bincount(plane.ravel(), minlength=2**16)
            np.add.at(counted[colour], indices.clip(0, bins - 1), counts)
    return counted.tolist()


def _planes(picture: Any) -> list[tuple[int, NDArray[np.uint16]]]:
    """The sensor's samples by colour; the second green counts as the first."""
    samples, colours = picture.raw_image_visible, picture.num_colors
    if samples.ndim == 3:
        return [(colour, samples[..., colour]) for colour in range(colours)]
    if colours == 1:
        return [(0, samples)]
    try:
        period = len(picture.raw_pattern)
    except NotImplementedError:  # of rawpy, for a mosaic that is neither Bayer's nor X-Trans
        return []
    pattern = picture.raw_colors_visible[:period, :period]
    return [
        (int(colour) if colour < colours else 1, samples[row::period, column::period])
        for (row, column), colour in np.ndenumerate(pattern)
    ]


def develop(path: Path | str, balance: Sequence[float] | None, saturation: float = 1.0) -> NDArray[np.uint16]:
    """Develop to display-coded RGB samples, uint16 (H, W, 3) in sRGB primaries.

    LibRaw works linearly: gamma (1, 1), no automatic brightness, one white level for all pictures (a maximum taken
    from each would scale each exposure by another factor). The field's gamma is applied at the end.

    Args:
        path: the file.
        balance: multipliers, the same for a whole burst; None takes the picture's own.
        saturation: share of the range up to the white level that becomes white, the same for a whole burst.
    """
    with _opened(path) as picture, _developing(path):
        multipliers = [float(factor) for factor in (balance or picture.camera_whitebalance)]
        linear = picture.postprocess(
            user_wb=multipliers if min(multipliers[:3]) > 0 else [1.0, 1.0, 1.0, 1.0],
            gamma=(1, 1),
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            user_sat=round(saturation * _span(picture)),
            output_bps=16,
        )
    if linear.ndim != 3 or linear.shape[2] not in (1, 3):
        raise InputError(f"is developed to shape {linear.shape}, wanted grey or three colours", path)
    return _display_codes()[np.broadcast_to(linear, (*linear.shape[:2], 3))]


def _span(picture: Any) -> int:
    """Sensor steps from black to white.

    LibRaw takes only the black that four colours share off the white level. A linear DNG has three, so that nothing
    is taken off there, and clipped lights come out in the colour of the white balance.
    """
    return int(picture.white_level) - max(picture.black_level_per_channel[: picture.num_colors])


@cache
def _display_codes() -> NDArray[np.uint16]:
    """Linear 16-bit value -> display-coded 16-bit value."""
    return np.rint((np.arange(65536) / 65535.0) ** (1.0 / GAMMA) * 65535.0).astype(np.uint16)


@contextlib.contextmanager
def _developing(path: Path | str) -> Iterator[None]:
    """Whatever LibRaw says of the samples becomes an InputError; it reads them for the white balance already."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # foreign bytes: the decoder has no closed list of what it raises
        raise InputError(f"cannot be developed ({type(error).__name__})", path) from error


def _opened(path: Path | str) -> Any:
    try:
        import rawpy  # an extra: only who has RAW pictures needs it
    except ImportError:
        raise InputError("is a RAW picture, which needs rawpy", path, "pip install 'hdrpipe[raw]'") from None
    picture = rawpy.RawPy()
    try:
        with plain(path) as name:
            picture.open_file(name)
    except Exception as error:  # foreign bytes: the decoder has no closed list of what it raises
        raise InputError(f"is no RAW picture that can be read ({type(error).__name__})", path) from error
    return picture
