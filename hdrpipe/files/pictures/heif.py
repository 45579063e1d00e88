"""HEIC, HEIF and AVIF pictures: the former by libheif (the extra `heif`), the latter by Pillow."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image, features

from hdrpipe.errors import InputError, refuse_lost
from hdrpipe.files.product.envelope import read_head

KINDS = ("heif", "avif")
"""The formats of this module, as `kind_of` names them."""

SUFFIXES = frozenset({".heic", ".heif", ".hif", ".avif"})

_BRANDS = {b"avif": "avif", b"avis": "avif"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heif"
)
"""Brands of a file (ISO/IEC 14496-12, `ftyp`) that say how its picture is coded."""

_CONTAINERS = (b"mif1", b"mif2", b"msf1")
"""Brands that say nothing of the coding: the compatible ones that follow do."""

_NCLX = b"colrnclx"
"""Begin of a colour box of code points (ISO/IEC 14496-12, 12.1.5)."""

_META_BYTES = 2**16
"""Bytes at the start of an AVIF that hold its colour box: it belongs to the header of the file."""


PADDING = 64
"""Zero bytes at the end of coded data that no coder writes: a copy that was interrupted leaves them."""


def kind_of(head: bytes) -> str | None:
    """ "heif" or "avif" by the first bytes of a file, None for others."""
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[start : start + 4] for start in range(16, size, 4))]
    if brands[0] not in _BRANDS and brands[0] not in _CONTAINERS:
        return None
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "heif")


def size(path: Path | str, kind: str) -> tuple[int, int]:
    """Width and height of the upright picture, by the header alone."""
    opened = _opened(path, kind)
    width, height = opened.size
    turned = kind == "avif" and opened.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (height, width) if turned else (width, height)


def samples(path: Path | str, kind: str) -> NDArray[Any]:
    """RGB samples (H, W, 3), or with alpha (H, W, 4), over the range of their type: uint8, or uint16 for 10 or 12 bit.

    The picture stands as its container says (libheif and Pillow turn by `irot` and `imir`); EXIF's orientation repeats
    that, or is wrong. Pillow gives 8 bit of any AVIF.
    """
    opened = _opened(path, kind)
    if _ends_in_zeros(path):
        what = "ends in zeros instead of its picture: it is cut short"
        raise InputError(what, path, "copy the file anew from the camera")
    try:
        decoded = np.asarray(opened) if kind == "heif" else _avif_samples(opened)
    except MemoryError:
        raise
    except Exception as error:  # foreign bytes: the decoder has no closed list of what it raises
        raise InputError(f"cannot be decoded ({type(error).__name__})", path) from error
    if decoded.ndim == 2:
        decoded = np.repeat(decoded[..., None], 3, axis=2)
    if decoded.dtype == np.uint16:
        decoded = _over_its_range(decoded, int(opened.info["bit_depth"]))
    return decoded


def _ends_in_zeros(path: Path | str) -> bool:
    """True if the last box of a file is the one of coded data (ISO/IEC 14496-12, 8.1.1) and ends in zeros."""
    data, start, size, name = Path(path).read_bytes(), 0, 8, b""
    while start + 8 <= len(data) and size >= 8:
        size, name = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        size = int.from_bytes(data[start + 8 : start + 16], "big") if size == 1 else size or len(data) - start
        start += size
    return name == b"mdat" and not any(data[-PADDING:])


def exif(path: Path | str) -> Image.Exif:
    """EXIF of a HEIF picture, which Pillow does not open by itself; empty where it has none."""
    tags = Image.Exif()
    tags.load(_opened(path, "heif").info.get("exif") or b"")
    return tags


def colour(path: Path | str, kind: str) -> tuple[bytes, tuple[int, int]]:
    """ICC profile (b"" if there is none), and the code points of primaries and transfer (ITU-T H.273; 2: unknown)."""
    info = _opened(path, kind).info
    profile, nclx = info.get("icc_profile") or b"", info.get("nclx_profile")
    if nclx:
        return profile, (int(nclx["color_primaries"]), int(nclx["transfer_characteristics"]))
    if kind == "heif":
        return profile, (2, 2)
    head, _ = read_head(path, _META_BYTES)
    box = head.partition(_NCLX)[2][:4].ljust(4, b"\2")
    return profile, (int.from_bytes(box[:2], "big"), int.from_bytes(box[2:], "big"))


def _over_its_range(codes: NDArray[Any], bits: int) -> NDArray[np.uint16]:
    top = 2**bits - 1
    table = np.rint(np.arange(top + 1) * (65535 / top)).astype(np.uint16)
    return table[np.minimum(codes, top)]


def _avif_samples(opened: Any) -> NDArray[np.uint8]:
    from PIL.ImageOps import exif_transpose

    return np.asarray(exif_transpose(opened))


def _opened(path: Path | str, kind: str) -> Any:
    """The picture with its header read and nothing decoded."""
    try:
        return _opened_heif(path) if kind == "heif" else _opened_avif(path)
    except ImportError:
        what, hint = "is a HEIC or HEIF picture, which needs pillow-heif", "pip install 'hdrpipe[heif]'"
        raise InputError(what, path, hint) from None
    except InputError:
        raise
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        raise InputError(f"has a header that cannot be read ({type(error).__name__})", path) from error


def _opened_heif(path: Path | str) -> Any:
    import pillow_heif  # an extra: only who has HEIC pictures needs it

    # address space of threads would count against the limits of the child
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    opened = pillow_heif.open_heif(str(path), convert_hdr_to_8bit=False, hdr_to_16bit=False)
    if not len(opened):
        raise InputError("holds no picture", path)
    return opened


def _opened_avif(path: Path | str) -> Any:
    if not features.check("avif"):
        raise InputError("is an AVIF picture, which this build of Pillow cannot read", path, "pip install -U pillow")
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(BytesIO(Path(path).read_bytes()), formats=("AVIF",))
