"""WebP and BMP pictures, as converters and scanners write them."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hdrpipe.errors import InputError, refuse_lost

KINDS = ("webp", "bmp")
"""The formats of this module, as `kind_of` names them."""

SUFFIXES = frozenset({".webp", ".bmp", ".dib"})

PADDING = 64
"""Zero bytes at the end of coded data that no coder writes: a copy that was interrupted leaves them."""


def kind_of(head: bytes) -> str | None:
    """ "webp" or "bmp" by the first bytes of a file, None for others."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return "bmp" if head[:2] == b"BM" and head[6:10] == bytes(4) else None


def size(path: Path | str) -> tuple[int, int]:
    """Width and height by the header alone, as stored."""
    with _opened(path) as opened:
        return opened.size


def samples(path: Path | str, kind: str) -> NDArray[np.uint8]:
    """RGB samples (H, W, 3), or with alpha (H, W, 4), as stored.

    Raises:
        InputError: the file is cut short, damaged, or an animation.
    """
    if kind == "webp":
        _check_chunks(path)
    with _opened(path) as opened:
        try:
            return np.asarray(opened.convert("RGBA" if "A" in opened.getbands() else "RGB"))
        except MemoryError:
            raise
        except Exception as error:  # foreign bytes: the decoder has no closed list of what it raises
            raise InputError(f"cannot be decoded ({type(error).__name__})", path) from error


def is_lossy(path: Path | str) -> bool:
    """True for a WebP whose compression loses a part of the picture; a BMP is not compressed."""
    return any(name == b"VP8 " for name, _ in _chunks(Path(path).read_bytes()))


def _check_chunks(path: Path | str) -> None:
    data = Path(path).read_bytes()
    chunks = dict(_chunks(data))
    if b"ANIM" in chunks:
        raise InputError("is an animation", path, "a frame of a burst is one picture")
    coded = chunks.get(b"VP8 ", chunks.get(b"VP8L", b""))
    if len(data) < 8 + int.from_bytes(data[4:8], "little") or not any(coded[-PADDING:]):
        raise InputError("is cut short", path, "copy the file anew")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks of a WebP (RIFF); none of another file."""
    start = 12 if kind_of(data) == "webp" else len(data)
    while start + 8 <= len(data):
        length = int.from_bytes(data[start + 4 : start + 8], "little")
        yield data[start : start + 4], data[start + 8 : start + 8 + length]
        start += 8 + length + length % 2


def _opened(path: Path | str) -> Any:
    """The picture with its header read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(path, formats=("WEBP", "BMP", "DIB"))
    except Image.DecompressionBombError as error:
        raise InputError(f"has too many pixels ({error})", path) from error
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        raise InputError(f"has a header that cannot be read ({type(error).__name__})", path) from error
