"""Pictures from outside, decoded after a look at their header, and pictures for people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError, UsageError
from hdrpipe.files.names import plain
from hdrpipe.files.pictures import exr, heif, jpeg, raw, rgbe, tiff_pages, webp
from hdrpipe.files.pictures.colour import with_gamma
from hdrpipe.files.pictures.headers import measure
from hdrpipe.files.pictures.metadata import camera_data
from hdrpipe.quantities import GAMMA, Picture

OPAQUE = 0.98
"""Share of full alpha from which a pixel is measured: below, it is mixed with something else."""

_TURNED = ("jpeg", "tiff", "raw", "webp")
"""Formats whose EXIF orientation counts."""

HEIF_QUALITY = 90
"""JPEG quality that stands for HEIC, AVIF and WebP, whose files tell none."""

COMPRESSED = frozenset({"jpeg", "heif", "avif", "webp"})
"""Formats whose compression takes a part of the noise away and correlates the rest."""


@dataclass(frozen=True)
class PictureInfo:
    """Description of a decoded picture file.

    Attributes:
        format: "png", "jpeg", "tiff", "heif", "avif", "webp", "bmp", "hdr", "exr" or "raw"; by its content, RAW
            pictures by the ending of their name.
        width, height: in pixels, as decoded.
        dtype: type of the decoded samples.
        radiance: True for linear radiance of any scale (hdr, exr), False for ldr in [0, 1].
        notes: remarks for people.
        matrix: from linear values to linear sRGB, row by row; None for sRGB.
        orientation: EXIF orientation by which a JPEG, WebP, TIFF or RAW picture was set upright, 1 to 8.
        coarse: True if its file holds 8 bits a sample, whatever its profile has made of them.
        opaque: mask (H, W) of the opaque pixels by alpha; None if all are.
        quality: JPEG quality, 1 to 100, `HEIF_QUALITY` of HEIC, AVIF and lossy WebP; 0 for pictures that were
            never compressed.
    """

    format: str
    width: int
    height: int
    dtype: str
    radiance: bool
    notes: tuple[str, ...] = ()
    matrix: tuple[float, ...] | None = None
    orientation: int = 1
    coarse: bool = False
    opaque: NDArray[np.bool_] | None = field(default=None, compare=False)
    quality: int = 0


def decode(
    path: Path | str, max_pixels: int, white_balance: Sequence[float] | None = None, saturation: float = 1.0
) -> tuple[NDArray[Any], PictureInfo]:
    """Decode a picture to RGB samples (H, W, 3) in their own type, its header checked before.

    Samples of 8 or 16 bit are display-coded (ldr over the range of the type); RAW pictures are developed linearly
    and then display-coded with the field's gamma, and so are floats of a TIFF, which may exceed 1. Radiance and
    OpenEXR files give finite radiance.

    Args:
        path: the file.
        max_pixels: most pixels that are decoded; a larger picture is refused by its header.
        white_balance: multipliers of a RAW picture; None takes its own.
        saturation: share of a RAW picture's range that becomes white, see `raw.develop`.

    Raises:
        InputError: missing, not a picture of these formats, too large, damaged, or of another depth.
    """
    kind, _, _ = measure(path, max_pixels)
    notes: tuple[str, ...] = ()
    opaque, primaries, orientation = None, None, camera_data(path).orientation if kind in _TURNED else 1
    if kind == "raw":
        samples = raw.develop(path, white_balance, saturation)
    elif kind == "exr":
        samples, primaries, notes = exr.read(path)
    elif kind == "hdr":
        samples, primaries = rgbe.read(path)
    elif kind in heif.KINDS:
        samples, opaque = _without_alpha(heif.samples(path, kind))
    elif kind in webp.KINDS:
        samples, opaque = _without_alpha(upright(webp.samples(path, kind), orientation))
    else:
        (samples, opaque), notes = jpeg.watched(path, lambda: _samples(path, kind))
        notes = (*notes, *(tiff_pages.remarks(path) if kind == "tiff" else ()))
    coarse = samples.dtype == np.uint8
    if samples.dtype.kind == "f" and kind == "tiff":
        samples = _coded(samples, path)
    samples, matrix, more = with_gamma(samples, path, kind)
    notes += more
    if kind == "jpeg":
        samples = upright(samples, orientation)
    height, width, _ = samples.shape
    radiance, matrix = kind in ("hdr", "exr"), matrix or primaries
    lossy = kind in heif.KINDS or (kind == "webp" and webp.is_lossy(path))
    quality = jpeg.quality(path) if kind == "jpeg" else HEIF_QUALITY if lossy else 0
    info = PictureInfo(
        kind, width, height, str(samples.dtype), radiance, notes, matrix, orientation, bool(coarse), opaque, quality
    )
    _check_samples(samples, info, path)
    return samples, info


def _check_samples(samples: NDArray[Any], info: PictureInfo, path: Path | str) -> None:
    """Raise InputError for radiance that is not finite, and for pictures of another depth."""
    if info.radiance:
        if not np.isfinite(samples).all():
            raise InputError("holds radiance that is not finite", path)
    elif info.dtype not in ("uint8", "uint16", "float32"):
        raise InputError(f"has samples of type {info.dtype}, wanted 8 or 16 bit, or floats", path)


def scaled(samples: NDArray[Any]) -> Picture:
    """Samples (H, W, 3) as float32 (3, H, W): integers over the largest value of their type, floats as they are."""
    picture = np.ascontiguousarray(samples.transpose(2, 0, 1), dtype=np.float32)
    if samples.dtype.kind == "u":
        picture /= np.float32(np.iinfo(samples.dtype).max)
    return picture


def read_picture(path: Path | str, max_pixels: int) -> tuple[Picture, PictureInfo]:
    """Read a picture as RGB: float32 (3, H, W), in this process; foreign files go through `decoder`.

    TIFF, PNG and JPEG of 8 or 16 bit are divided by the largest value of their type. Radiance and OpenEXR files keep
    their values, which are finite but may be slightly negative. Alpha is dropped, grey is replicated.

    Raises:
        InputError: see `decode`.
    """
    samples, info = decode(path, max_pixels)
    return scaled(samples), info


def upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror samples (H, W, 3) as the EXIF orientation 1 to 8 asks; another number changes nothing."""
    if orientation in (5, 6, 7, 8):
        samples = np.rot90(samples, 1 if orientation in (7, 8) else -1)
    if orientation in (2, 5, 7):
        samples = samples[:, ::-1]
    return samples[::-1, ::-1] if orientation == 3 else samples[::-1] if orientation == 4 else samples


def png_bytes(rgb: NDArray[np.uint8]) -> bytes:
    """PNG of an RGB picture, uint8 (H, W, 3); UsageError for anything else."""
    return _encoded(rgb, ".png", [])


def jpeg_bytes(rgb: NDArray[np.uint8], quality: int = 90) -> bytes:
    """JPEG of an RGB picture, uint8 (H, W, 3), quality 1 to 100; UsageError for anything else."""
    return _encoded(rgb, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def _encoded(rgb: NDArray[np.uint8], suffix: str, options: list[int]) -> bytes:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise UsageError(f"a picture for people is uint8 (H, W, 3), not {rgb.dtype} {rgb.shape}")
    done, data = cv2.imencode(suffix, np.ascontiguousarray(rgb[..., ::-1]), options)
    if not done:
        raise UsageError(f"a picture of shape {rgb.shape} cannot be encoded as {suffix}")
    return data.tobytes()


def _samples(path: Path | str, kind: str) -> tuple[np.ndarray, NDArray[np.bool_] | None]:
    """RGB samples (H, W, 3) of a PNG, JPEG or TIFF in their own type, and where they are opaque."""
    page = tiff_pages.full_page(path) if kind == "tiff" else None
    if page is None or page.plain:
        samples = _by_opencv(path, page)
    else:
        samples = upright(tiff_pages.stored_samples(path), camera_data(path).orientation)
    count = samples.shape[2]
    has_alpha = count in (2, 4) and (kind == "png" or (page is not None and page.alpha))
    opaque = _opaque(samples[..., -1]) if has_alpha else None
    if page and count == 4 and has_alpha and page.multiplied and opaque is None and not _is_full(samples[..., 3]).all():
        raise InputError("is nowhere opaque, and its colours are multiplied by alpha", path, "save it without alpha")
    return np.repeat(samples[..., :1], 3, axis=2) if count < 3 else samples[..., :3], opaque


def _by_opencv(path: Path | str, page: tiff_pages.Page | None) -> np.ndarray:
    """Samples (H, W, C) by OpenCV: grey, RGB or RGB and alpha, upright where they are a page of a TIFF."""
    try:
        with plain(path) as name:
            samples = cv2.imread(name, cv2.IMREAD_UNCHANGED) if page is None else _page_samples(name, page)
    except cv2.error as error:
        raise InputError(f"cannot be decoded ({error.err})", path) from error
    if samples is None or samples.size == 0:
        raise InputError("cannot be decoded", path)
    samples = samples.reshape(*samples.shape[:2], -1)
    return samples[..., ::-1] if samples.shape[2] < 4 else samples[..., [2, 1, 0, 3]]


def _without_alpha(samples: np.ndarray) -> tuple[np.ndarray, NDArray[np.bool_] | None]:
    """The first three samples of each pixel, and the mask of those that are opaque by a fourth."""
    return samples[..., :3], _opaque(samples[..., 3]) if samples.shape[2] == 4 else None


def _opaque(alpha: np.ndarray) -> NDArray[np.bool_] | None:
    """Mask of the pixels of (almost) full alpha; None where all or no pixels are: then alpha has no meaning."""
    opaque = _is_full(alpha)
    return None if opaque.all() or not opaque.any() else opaque


def _is_full(alpha: np.ndarray) -> NDArray[np.bool_]:
    return alpha >= OPAQUE * (np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1.0)


def _coded(linear: np.ndarray, path: Path | str) -> np.ndarray:
    """Linear floats with the field's gamma: float32 >= 0; only the whole burst shows which values clip."""
    coded = np.maximum(linear, 0.0).astype(np.float32) ** np.float32(1.0 / GAMMA)
    if not np.isfinite(coded).all():
        raise InputError("holds values that are not finite", path)
    return coded


def _page_samples(name: str, page: tiff_pages.Page) -> np.ndarray | None:
    """The picture of a TIFF, upright: `cv2.imread` gives up on a page that lies on its side."""
    _, pages = cv2.imreadmulti(name, start=page.index, count=1, flags=cv2.IMREAD_UNCHANGED)
    return np.asarray(pages[0]) if pages else None
