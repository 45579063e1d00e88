"""Format and size of a picture file by its header alone, checked before anything is decoded."""

import re
import struct
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from hdrpipe.errors import InputError, refuse_lost
from hdrpipe.files.pictures import heif, raw, rgbe, webp
from hdrpipe.files.pictures.tiff_pages import full_page
from hdrpipe.files.product.envelope import read_head

HEAD_BYTES = 64
"""First bytes of a file, by which its format is known."""

HEADER_BYTES = 2**18
"""Largest header of an OpenEXR file."""

CHANNELS = 32
"""Most channels that an OpenEXR file may have: its decoder reads all of them."""

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"#?": "hdr",
    b"\x76\x2f\x31\x01": "exr",
}


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


def format_by_content(path: Path | str) -> str | None:
    """Format by the first bytes: "png", "jpeg", "tiff" (many RAW pictures, too), "hdr", "exr", "heif", "avif",
    "webp", "bmp".

    Returns:
        The format, or None for anything else, and for what is missing or cannot be read.

    Raises:
        InputError: the drive fails.
    """
    try:
        head, _ = read_head(path, HEAD_BYTES)
    except InputError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            refuse_lost(error.__cause__, path)
        return None
    return _by_signature(head)


def _by_signature(head: bytes) -> str | None:
    kind = next((kind for signature, kind in _SIGNATURES.items() if head.startswith(signature)), None)
    return kind or heif.kind_of(head) or webp.kind_of(head)


def _kind(path: Path | str) -> str:
    head, _ = read_head(path, HEAD_BYTES)
    if head and Path(path).suffix.lower() in raw.SUFFIXES:
        return "raw"
    kind = _by_signature(head)
    if kind is None:
        formats = "TIFF, PNG, JPEG, HEIC, AVIF, WebP, BMP, Radiance or OpenEXR"
        raise InputError("is empty" if not head else f"is no {formats} picture", path)
    return kind


def png_chunk(path: Path | str, name: bytes, size: int) -> bytes:
    """Content of the first chunk of this name and size; b"" where a PNG has none.

    Raises:
        InputError: chunks do not all lie within the file.
    """
    return next((file.read(size) for head, file in _png_chunks(path) if head == (size, name)), b"")


def _png_size(path: Path) -> tuple[int, int]:
    """Size of a PNG whose chunks all lie within the file: OpenCV allocates what a chunk claims before it reads."""
    head, _ = read_head(path, 24)
    for _ in _png_chunks(path):
        pass
    if head[12:16] != b"IHDR":
        raise InputError("has a header that does not begin with its size", path)
    return struct.unpack(">2I", head[16:24])


def _png_chunks(path: Path | str) -> Iterator[tuple[tuple[int, bytes], BinaryIO]]:
    """Size and name of each chunk, and the file where its content begins."""
    head, end = read_head(path, 8)
    position = len(head)
    with open(path, "rb") as file:
        while position < end:
            file.seek(position)
            size, name = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
            position += 12 + size
            if position > end:
                raise InputError("has a header that is cut short or damaged", path)
            yield (size, name), file
            if name == b"IEND":
                return


def _jpeg_size(path: Path) -> tuple[int, int]:
    """Size by Pillow, which reads samples only when asked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("JPEG",)) as picture:
                return picture.size
    except Image.DecompressionBombError as error:
        raise InputError(f"has too many pixels ({error})", path) from error
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        raise InputError(f"has a header that cannot be read ({type(error).__name__})", path) from error


def _tiff_size(path: Path) -> tuple[int, int]:
    page = full_page(path)
    return page.width, page.height


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
    attributes: dict[str, bytes] = {}
    position = 8
    entry = re.compile(rb"([^\0]{1,255})\0([^\0]{1,255})\0(.{4})", re.DOTALL)
    while (match := entry.match(head, position)) is not None:
        size = int.from_bytes(match[3], "little")
        position = match.end() + size
        value = head[match.end() : position]
        if (match[1], match[2]) == (b"dataWindow", b"box2i") and len(value) == size == 16:
            attributes["dataWindow"] = value
        if (match[1], match[2]) == (b"channels", b"chlist") and len(value) == size:
            attributes["channels"] = value
    return attributes


_SIZES: dict[str, Callable[[Path], tuple[int, int]]] = {
    "png": _png_size,
    "jpeg": _jpeg_size,
    "tiff": _tiff_size,
    "hdr": rgbe.size,
    "exr": _exr_size,
    "raw": raw.size,
    "heif": lambda path: heif.size(path, "heif"),
    "avif": lambda path: heif.size(path, "avif"),
    "webp": webp.size,
    "bmp": webp.size,
}
