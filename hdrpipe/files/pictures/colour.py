"""Colour spaces of pictures: their curve becomes the field's gamma, their matrix to linear sRGB is told.

The matrix waits until frames are fused: it mixes channels, and where one has clipped all three would come out wrong.

Matrix profiles (three colourants and three curves, ICC.1:2010, sections 9.2 and 10.5 to 10.15) are all that cameras
write. Without a profile, EXIF may say Adobe RGB, and a PNG its gamma and primaries. Code points of a PNG count before
all of these (PNG 3, section 4.3).
"""

import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hdrpipe.errors import refuse_lost
from hdrpipe.files.pictures import code_points, headers, heif
from hdrpipe.files.pictures.tiff_pages import full_page
from hdrpipe.quantities import GAMMA

Curve = Callable[[NDArray[Any]], NDArray[Any]]

SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
"""Colourants in XYZ of D50, one a column (the profiles that the ICC and Adobe hand out)."""

ADOBE_GAMMA = 563 / 256

SAME_COLOUR = 0.02
"""Matrices that differ by less from one another are one."""

SAME_CURVE = {"jpeg": 0.012, "heif": 0.012, "avif": 0.012, "webp": 0.012, "png": 0.002, "tiff": 0.002}
"""Curves that differ by less from the field's gamma are it, in linear light. sRGB's is 0.009 off; in a JPEG or HEIC
it is gamma 2.2 as in one without a profile: a camera's own tone curve lies over both."""

MOST_GAMMA = 4.0
"""Largest gamma of a PNG that is believed; 1 is linear, 0.4545 the field's."""

MOST_POINTS = 65536
"""Points of a curve."""

PASSED_OVER = "its colour profile is none of a matrix and curves, as those of scanners and printers: it is passed over"
"""Remark on a profile of tables, or one that is damaged."""


@dataclass(frozen=True)
class Space:
    """An RGB colour space.

    Attributes:
        matrix: from linear values to linear sRGB (3, 3).
        curves: from codes to linear values, one a channel.
        endless: whether linear values exceed 1, and only all frames of a burst tell where they end.
    """

    matrix: NDArray[Any]
    curves: tuple[Curve, ...]
    endless: bool = False


def with_gamma(
    samples: NDArray[Any], path: Path | str, kind: str
) -> tuple[NDArray[Any], tuple[float, ...] | None, tuple[str, ...]]:
    """Samples (H, W, 3) coded with the field's gamma, and their matrix to linear sRGB.

    Args:
        samples: as stored; floats are linear, whatever the profile says.
        path, kind: the file and its format.

    Returns:
        The same samples where the curve is the field's gamma, else 16-bit levels, or floats where values exceed 1; the
        matrix row by row, None for sRGB; and a remark where a profile is not read.
    """
    space, passed_over = space_of(path, kind) if kind in SAME_CURVE else (None, False)
    if space is None:
        return samples, None, (PASSED_OVER,) if passed_over else ()
    codes = np.linspace(0.0, 1.0, 65)
    deviation = max(float(np.abs(curve(codes) - codes**GAMMA).max()) for curve in space.curves)
    if samples.dtype in (np.uint8, np.uint16) and deviation > SAME_CURVE[kind]:
        samples = _recoded(samples, space)
    same = bool(np.abs(space.matrix - np.eye(3)).max() < SAME_COLOUR)
    return samples, None if same else tuple(float(number) for number in space.matrix.flat), ()


def space_of(path: Path | str, kind: str) -> tuple[Space | None, bool]:
    """Colour space of a picture by its profile, or else by EXIF; None without them, or for one that is not read.

    Args:
        path: the file.
        kind: a key of `SAME_CURVE`.

    Returns:
        The space, and True for a profile that is not read.

    Raises:
        InputError: the file has vanished, or its drive fails.
    """
    profile = b""
    try:
        if kind in heif.KINDS:
            profile, points = heif.colour(path, kind)
            space = _of_profile(profile) if profile else _of_points(*points)
        else:
            space = _of_code_points(path) if kind == "png" else None
            if space is None:
                profile, adobe = (full_page(path).profile, False) if kind == "tiff" else _by_pillow(path)
                space = _of_profile(profile) if profile else _of_tags(path, kind, adobe)
    except Exception as error:  # foreign bytes: the parsers have no closed list of what they raise
        refuse_lost(error.__cause__ or error, path)
        space = None
    return space, space is None and bool(profile)


def _of_code_points(path: Path | str) -> Space | None:
    """Colour space of a PNG that names it by code points; None for others."""
    points = headers.png_chunk(path, b"cICP", 4)
    if not points or points[1] not in code_points.TRANSFERS:
        return None
    return _of_points(points[0], points[1], narrow=not points[3])


def _of_tags(path: Path | str, kind: str, adobe: bool) -> Space | None:
    """Colour space of a picture without a profile: by EXIF, which names Adobe RGB, or by the chunks of a PNG."""
    if adobe:
        return Space(np.linalg.solve(SRGB, ADOBE), (lambda codes: codes**ADOBE_GAMMA,) * 3)
    return _of_chunks(path) if kind == "png" else None


def _of_points(primaries: int, transfer: int, narrow: bool = False) -> Space:
    """Narrow: black is code 16 of 255 and white 235, as in videos."""

    def curve(codes: NDArray[Any]) -> NDArray[Any]:
        return code_points.linear(((codes * 255 - 16) / 219).clip(0.0, 1.0) if narrow else codes, transfer)

    return Space(code_points.to_srgb(primaries), (curve,) * 3, endless=transfer == code_points.PQ)


def _of_chunks(path: Path | str) -> Space | None:
    """Colour space of a PNG by its chunks gAMA and cHRM (PNG 1.2, section 11.3.3); None without a gamma, or where the
    chunk sRGB says that they only come near to it."""
    with Image.open(path, formats=("PNG",)) as picture:
        chunks = picture.info
    if "srgb" in chunks or not 0 < chunks.get("gamma", 0) <= MOST_GAMMA:
        return None
    numbers = np.array(chunks.get("chromaticity", ()), np.float64)
    matrix = np.eye(3) if len(numbers) != 8 else code_points.adapted_to_srgb(numbers[2:].reshape(3, 2), numbers[:2])
    if not np.isfinite(matrix).all():
        return None
    return Space(matrix, (lambda codes: codes ** (1 / chunks["gamma"]),) * 3)


def _recoded(samples: NDArray[Any], space: Space) -> NDArray[Any]:
    top = np.iinfo(samples.dtype).max
    codes = np.arange(top + 1) / top
    levels = np.empty(samples.shape, np.float32 if space.endless else np.uint16)
    for channel, curve in enumerate(space.curves):
        coded = curve(codes).clip(0.0, None if space.endless else 1.0) ** (1.0 / GAMMA)
        table = (coded if space.endless else np.rint(coded * 65535)).astype(levels.dtype)
        levels[..., channel] = table[samples[..., channel]]
    return levels


def _by_pillow(path: Path | str) -> tuple[bytes, bool]:
    """ICC profile, and whether EXIF says Adobe RGB (DCF 2.0: interoperability index R03)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as picture:
            exif = picture.getexif()
            adobe = exif.get_ifd(0x8769).get(0xA001) == 2 or str(exif.get_ifd(0xA005).get(1)).startswith("R03")
            return picture.info.get("icc_profile") or b"", adobe


def _of_profile(data: bytes) -> Space | None:
    """Colour space of an ICC profile; None for one of tables that is not named sRGB (as the ICC's own of version 4 is),
    or of another kind than RGB and grey."""
    count = min(int.from_bytes(data[128:132], "big"), 200)
    entries = [struct.unpack_from(">4sII", data, 132 + 12 * index) for index in range(count)]
    tags = {name: data[start : start + size] for name, start, size in entries}
    if data[16:20] == b"GRAY":
        grey = _curve(tags[b"kTRC"])
        return _up_to_white(np.eye(3), (_of_lightness(grey) if data[20:24] == b"Lab " else grey,) * 3)
    if data[16:20] != b"RGB " or b"rXYZ" not in tags:
        return _of_points(code_points.BT709, code_points.SRGB) if _is_named_srgb(tags[b"desc"]) else None
    colourants = [np.array(struct.unpack_from(">3i", tags[name], 8)) / 65536 for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    red, green, blue = (_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    return _up_to_white(np.linalg.solve(SRGB, np.stack(colourants, axis=1)), (red, green, blue))


def _of_lightness(curve: Curve) -> Curve:
    """Linear values of a curve that gives lightness (CIE 1976 L*, 100 as 1), as in grey profiles of L*a*b*."""

    def linear(codes: NDArray[Any]) -> NDArray[Any]:
        lightness = curve(codes) * 100
        return np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness * 27 / 24389)

    return linear


def _is_named_srgb(description: bytes) -> bool:
    """True for a `desc` or `mluc` element with this name."""
    return b"sRGB" in description or "sRGB".encode("utf-16-be") in description


def _up_to_white(matrix: NDArray[Any], curves: tuple[Curve, ...]) -> Space:
    """The space of a matrix and curves with curves that end at 1, the matrix scaled instead: what has the largest code
    may have clipped, wherever a profile puts it."""
    ends = np.array([float(curve(np.ones(1))[0]) for curve in curves])
    if not (np.isfinite(ends).all() and ends.min() > 0):
        raise ValueError("a curve does not rise")

    def ending_at_one(curve: Curve, end: float) -> Curve:
        return lambda codes: curve(codes) / end

    return Space(matrix * ends, tuple(ending_at_one(*pair) for pair in zip(curves, ends, strict=True)))


def _curve(tag: bytes) -> Curve:
    """A `curv` or `para` element as a function of codes in [0, 1]."""
    stream = BytesIO(tag[12:])
    if tag[:4] == b"para":
        kind = int.from_bytes(tag[8:10], "big")
        size = (1, 3, 4, 5, 7)[kind]
        return _parametric(kind, [number / 65536 for number in struct.unpack(f">{size}i", stream.read(4 * size))])
    if tag[:4] != b"curv":
        raise ValueError("no curve")
    count = min(int.from_bytes(tag[8:12], "big"), MOST_POINTS)
    points = np.frombuffer(stream.read(2 * count), ">u2").astype(np.float64)
    if count == 0:
        return lambda codes: codes
    if count == 1:
        return lambda codes: codes ** (points[0] / 256)
    if len(points) != count:
        raise ValueError("a curve is cut short")
    return lambda codes: np.interp(codes, np.linspace(0.0, 1.0, count), points / 65535)


def _parametric(kind: int, numbers: list[float]) -> Curve:
    """Parametric curve 0 to 4 (ICC.1:2010, table 65): a power above a limit, a line or a constant below it."""
    g, a, b, c, d, e, f = _seven(kind, numbers)
    return lambda codes: np.where(codes >= d, np.maximum(a * codes + b, 0.0) ** g + e, c * codes + f)


def _seven(kind: int, numbers: list[float]) -> tuple[float, ...]:
    """Parameters of any kind of curve as those of kind 4: g, a, b, c, d, e, f."""
    if kind == 0:
        return (numbers[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if kind in (1, 2):
        g, a, b, *offset = numbers
        raised = offset[0] if offset else 0.0
        return (g, a, b, 0.0, -b / a, raised, raised)
    g, a, b, c, d, *ends = numbers
    return (g, a, b, c, d, *(ends or (0.0, 0.0)))
