"""Pictures from outside, checked by their header before anything is decoded, and pictures for people."""

import re
import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from hdrpipe.errors import InputError, UsageError
from hdrpipe.files import raw
from hdrpipe.files.envelope import read_head
from hdrpipe.files.exif import camera_data
from hdrpipe.files.names import plain
from hdrpipe.quantities import Picture

HEADER_BYTES = 2**18
"""How far into a Radiance or OpenEXR file its header may reach."""

CHANNELS = 32
"""Most channels that an OpenEXR file may have: its decoder reads all of them."""

_BLACK_IS_ZERO, _RGB = 1, 2
"""Photometric interpretations (TIFF 6.0, section 8)."""

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"#?": "hdr",
    b"\x76\x2f\x31\x01": "exr",
}


@dataclass(frozen=True)
class PictureInfo:
    """What a picture file is.

    Attributes:
        format: "png", "jpeg", "tiff", "hdr", "exr" or "raw"; by its content, RAW pictures by the ending of their name.
        width, height: in pixels, as decoded.
        dtype: type of the decoded samples.
        radiance: True for linear radiance of any scale (hdr, exr), False for ldr in [0, 1].
    """

    format: str
    width: int
    height: int
    dtype: str
    radiance: bool


def measure(path: Path | str, max_pixels: int) -> tuple[str, int, int]:
    """Format, width and height by the header alone.

    Raises:
        InputError: missing, not a picture of these formats, or larger than `max_pixels`.
    """
    kind = _kind(path)
    width, height = _SIZES[kind](Path(path))
    if min(width, height) < 1 or width * height > max_pixels:
        raise InputError(f"has {width} x {height} pixels, allowed are 1 to {max_pixels}", path)
    return kind, width, height


def decode(
    path: Path | str, max_pixels: int, white_balance: Sequence[float] | None = None
) -> tuple[NDArray[Any], PictureInfo]:
    """Decode a picture to RGB samples (H, W, 3) in their own type, its header checked before.

    Samples of 8 or 16 bit are display-coded (ldr over the range of the type); RAW pictures are developed linearly
    and then display-coded with the field's gamma. Radiance and OpenEXR files give finite radiance.

    Args:
        path: the file.
        max_pixels: most pixels that are decoded; a larger picture is refused by its header.
        white_balance: multipliers of a RAW picture (see `files.raw`); None takes its own.

    Raises:
        InputError: missing, not a picture of these formats, too large, damaged, or of another depth.
    """
    kind, _, _ = measure(path, max_pixels)
    if kind == "raw":
        samples = raw.develop(path, white_balance)
    else:
        samples = _exr_samples(path) if kind == "exr" else _cv2_samples(path, kind)
    if kind == "jpeg":
        samples = upright(samples, camera_data(path).orientation)
    info = PictureInfo(kind, samples.shape[1], samples.shape[0], str(samples.dtype), kind in ("hdr", "exr"))
    if info.radiance:
        if not np.isfinite(samples).all():
            raise InputError("holds radiance that is not finite", path)
    elif info.dtype not in ("uint8", "uint16"):
        raise InputError(f"has samples of type {info.dtype}, wanted 8 or 16 bit", path)
    return samples, info


def scaled(samples: NDArray[Any]) -> Picture:
    """Samples (H, W, 3) as float32 (3, H, W): integers over the largest value of their type, floats as they are."""
    picture = np.ascontiguousarray(samples.transpose(2, 0, 1), dtype=np.float32)
    if samples.dtype.kind == "u":
        picture /= np.float32(np.iinfo(samples.dtype).max)
    return picture


def read_picture(path: Path | str, max_pixels: int) -> tuple[Picture, PictureInfo]:
    """Read a picture as RGB: float32 (3, H, W), in this process; foreign files go through `files.decoder`.

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


def _kind(path: Path | str) -> str:
    head, _ = read_head(path, 16)
    if head and Path(path).suffix.lower() in raw.SUFFIXES:
        return "raw"
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return kind
    raise InputError("is empty" if not head else "is no TIFF, PNG, JPEG, Radiance or OpenEXR picture", path)


def _png_size(path: Path) -> tuple[int, int]:
    """Size of a PNG whose chunks all lie within the file: OpenCV allocates what a chunk claims before it reads."""
    head, end = read_head(path, 24)
    place = len(head[:8])
    with open(path, "rb") as file:
        while place < end:
            file.seek(place)
            length, name = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
            place += 12 + length
            if place > end:
                raise InputError("has a header that is cut short or damaged", path)
            if name == b"IEND":
                break
    if head[12:16] != b"IHDR":
        raise InputError("has a header that does not begin with its size", path)
    return struct.unpack(">2I", head[16:24])


def _jpeg_size(path: Path) -> tuple[int, int]:
    return _pillow_header(path)[0]


def _tiff_size(path: Path) -> tuple[int, int]:
    """Size of a TIFF; of 16 bit, OpenCV takes planes for interleaved samples and dark for bright, and says nothing."""
    size, depth, planes, meaning = _pillow_header(path)
    if depth > 8 and (planes != 1 or meaning not in (_BLACK_IS_ZERO, _RGB)):
        hint = "save it as RGB with interleaved samples"
        raise InputError("is a 16-bit TIFF of separate planes or other colours, which is not read", path, hint)
    return size


def _pillow_header(path: Path) -> tuple[tuple[int, int], int, int, int]:
    """Size, bits a sample, planar configuration, photometric meaning; Pillow reads samples only when asked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("TIFF", "JPEG")) as picture:
                tags = getattr(picture, "tag_v2", {})
                return picture.size, max(tags.get(258, (8,))), tags.get(284, 1), tags.get(262, _RGB)
    except Image.DecompressionBombError as error:
        raise InputError(f"has too many pixels ({error})", path) from error
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        raise InputError(f"has a header that cannot be read ({type(error).__name__})", path) from error


def _hdr_size(path: Path) -> tuple[int, int]:
    head, _ = read_head(path, HEADER_BYTES)
    found = re.search(rb"\n\n-Y (\d{1,9}) \+X (\d{1,9})\n", head)
    if found is None:
        raise InputError("has no resolution '-Y height +X width' in its header", path)
    return int(found[2]), int(found[1])


def _exr_size(path: Path) -> tuple[int, int]:
    """Size of the data window of a single-part OpenEXR file with full-resolution channels."""
    head, _ = read_head(path, HEADER_BYTES)
    attributes = _exr_attributes(head)
    if "dataWindow" not in attributes or "channels" not in attributes:
        raise InputError("has a header that cannot be read", path)
    if int.from_bytes(head[4:8], "little") & 0x1800:
        raise InputError("is an OpenEXR file of several parts or of deep samples, which are not read", path)
    channels = re.findall(rb"([^\0]{1,255})\0.{8}(.{4})(.{4})", attributes["channels"], re.DOTALL)
    if len(channels) > CHANNELS or any(x + y != b"\1\0\0\0\1\0\0\0" for _, x, y in channels):
        raise InputError(f"has more than {CHANNELS} channels, or channels of lower resolution", path)
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    return right - left + 1, bottom - top + 1


def _exr_attributes(head: bytes) -> dict[str, bytes]:
    """The two header attributes that bound the picture; none where the header does not parse."""
    found: dict[str, bytes] = {}
    place = 8
    entry = re.compile(rb"([^\0]{1,255})\0([^\0]{1,255})\0(.{4})", re.DOTALL)
    while (match := entry.match(head, place)) is not None:
        size = int.from_bytes(match[3], "little")
        place = match.end() + size
        value = head[match.end() : place]
        if (match[1], match[2]) == (b"dataWindow", b"box2i") and len(value) == size == 16:
            found["dataWindow"] = value
        if (match[1], match[2]) == (b"channels", b"chlist") and len(value) == size:
            found["channels"] = value
    return found


_SIZES: dict[str, Callable[[Path], tuple[int, int]]] = {
    "png": _png_size,
    "jpeg": _jpeg_size,
    "tiff": _tiff_size,
    "hdr": _hdr_size,
    "exr": _exr_size,
    "raw": raw.size,
}


def _cv2_samples(path: Path | str, kind: str) -> np.ndarray:
    """Decode by OpenCV to RGB samples (H, W, 3) in their own type."""
    try:
        with plain(path) as name:
            samples = _first_page(name) if kind == "tiff" else cv2.imread(name, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InputError(f"cannot be decoded ({error.err})", path) from error
    if samples is None or samples.size == 0:
        raise InputError("cannot be decoded", path)
    if samples.ndim == 2 or samples.shape[2] == 1:
        return np.repeat(samples.reshape(*samples.shape[:2], 1), 3, axis=2)
    return samples[..., 2::-1]


def _first_page(name: str) -> np.ndarray | None:
    """The first page of a TIFF, upright: `cv2.imread` gives up on a page that lies on its side."""
    _, pages = cv2.imreadmulti(name, start=0, count=1, flags=cv2.IMREAD_UNCHANGED)
    return np.asarray(pages[0]) if pages else None


def _exr_samples(path: Path | str) -> np.ndarray:
    """Decode by OpenEXR to RGB samples (H, W, 3) in their own type; a lone Y is grey."""
    try:
        with plain(path) as file:
            channels = OpenEXR.File(file, separate_channels=True).channels()
        grey = "Y" in channels and "R" not in channels
        return np.stack([channels[name].pixels for name in ("YYY" if grey else "RGB")], axis=-1)
    except KeyError as error:
        raise InputError(f"has no channel {error}", path) from error
    except Exception as error:  # foreign bytes: the decoder has no closed list of what it raises
        raise InputError(f"cannot be decoded ({type(error).__name__})", path) from error
