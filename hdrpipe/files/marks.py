"""The mark in what `fuse` writes, by which a later run knows its own files from a person's."""

import struct
import zlib
from pathlib import Path

from hdrpipe.errors import HdrpipeError
from hdrpipe.files.pictures import heif
from hdrpipe.files.product.envelope import read_head

MARK = "hdrpipe.maker"
"""Entry of the header: an OpenEXR attribute, a comment of Radiance or JPEG, a line of a TIFF's or DNG's description, a
text of a PNG, a line in the last box of an AVIF."""

SEARCHED = 2**14
"""Bytes from the start of a file, or of an AVIF from its end, in which the mark lies."""

_PNG_HEADER = 33
"""Bytes of a PNG's signature and of the chunk IHDR, which text may follow (PNG 1.2, section 4)."""

_LINE = b"\n" + MARK.encode() + b": "

_FORMS = {
    b"\x89PNG\r\n\x1a\n": b"tEXt" + MARK.encode() + b"\0",
    b"\x76\x2f\x31\x01": MARK.encode() + b"\0string\0",
    b"#?": b"\n# " + MARK.encode() + b": ",
    b"II*\0": _LINE,
    b"\xff\xd8\xff": _LINE,
}
"""Bytes of the mark in each format that is written, by the bytes that the format begins with."""


def is_result(path: Path | str) -> bool:
    """True if `fuse` wrote this file; False for one that cannot be read."""
    try:
        head, size = read_head(path, SEARCHED)
    except HdrpipeError:
        return False
    if heif.kind_of(head) == "avif":
        return _LINE in _end_of(path, size)
    return any(head.startswith(start) and form in head for start, form in _FORMS.items())


def _end_of(path: Path | str, size: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(max(0, size - SEARCHED))
        return file.read(SEARCHED)


def marked_png(png: bytes, maker: str) -> bytes:
    """A PNG with the mark as its first text; `maker` in ASCII."""
    content = b"tEXt" + MARK.encode() + b"\0" + maker.encode("ascii", "backslashreplace")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:_PNG_HEADER] + chunk + png[_PNG_HEADER:]
