"""The page of a TIFF that is the picture, and its tags; nothing is decoded."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from hdrpipe.errors import InputError, refuse_lost

MOST_PAGES = 64
"""Pages that are looked at."""

_MASK = 4
"""Bit of NewSubfileType: a transparency mask (TIFF 6.0, section 8); bit 1 is a reduced picture."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_COLOURS = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, 3, 5, 6)
"""Photometric interpretations: grey either way, RGB, palettes, CMYK and YCbCr are read with 8 bit, L*a*b* is not; of
more bits, and of what OpenCV does not read, the first three."""

_PREMULTIPLIED, _ALPHA = 1, 2
"""Kinds of extra samples."""

_COMPRESSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946)
"""None, CCITT, LZW, JPEG, deflate and PackBits, which OpenCV decodes; of others it makes nothing, or noise."""

_NOISE_PROFILE = 51041
"""Tag of DNG 1.3."""

_FLOAT = 3
"""Sample format (TIFF 6.0, section 19)."""

_MISPLACED = (2, 3, 6, 7)
"""Orientations in which OpenCV puts tiles of 8 bit into the wrong places."""

_PLANAR = 2
"""Planar configuration: a plane for each sample."""

_UNCOMPRESSED = 1
_UNDEFINED = 4
"""Sample format: unsigned integers from a program that did not know it."""

_SAVE = "save it as RGB with interleaved samples, uncompressed or by LZW"
_INSTALL = "pip install 'hdrpipe[display]'"
"""Advice where samples cannot be decoded: by any library, or without imagecodecs."""


@dataclass(frozen=True)
class Page:
    """One page of a TIFF.

    Attributes:
        index: its index in the file.
        width, height: in pixels, as stored.
        reduced: True if its tags mark it as a smaller copy or a mask of another.
        nested: True if other pictures hang below it (SubIFDs).
        plain: True if OpenCV reads its layout, depth and compression rightly; else `stored_samples` is needed.
        readable_colours: True if its colours are read rightly, by one or the other.
        alpha: True if the last sample, of two or four, is alpha.
        multiplied: True if colours come multiplied by that alpha; with 8 bit the decoder does it itself.
        extra: samples of a pixel beside its colours and one alpha, as selections are saved.
        profile: ICC profile, b"" if there is none.
    """

    index: int
    width: int
    height: int
    reduced: bool
    nested: bool
    plain: bool
    readable_colours: bool
    alpha: bool
    multiplied: bool
    extra: int
    profile: bytes


def full_page(path: Path | str) -> Page:
    """The picture itself: the largest page, the first of equal ones; reduced copies and masks count only alone.

    Raises:
        InputError: the header cannot be read, or the picture is of a kind that is not.
    """
    pages = _pages(path)
    page = max([page for page in pages if not page.reduced] or pages, key=lambda page: page.width * page.height)
    if page.reduced and page.nested:
        raise InputError("holds a reduced copy where its picture should be, as RAW pictures do", path)
    if not page.readable_colours:
        hint = "save it as RGB of 8 bit without alpha"
        raise InputError("is a TIFF of L*a*b* or other colours, or of grey multiplied by alpha", path, hint)
    if page.extra:
        raise InputError("is a TIFF of more samples than colours and alpha", path, "save it without extra channels")
    return page


def remarks(path: Path | str) -> tuple[str, ...]:
    """A remark where a TIFF holds several full pictures, of which one is read."""
    pages = [page for page in _pages(path) if not page.reduced]
    return (f"page {full_page(path).index + 1} of {len(pages)} is read",) if len(pages) > 1 else ()


def noise_profile(path: Path | str) -> tuple[float, ...] | None:
    """Tag NoiseProfile of a DNG, of its first page or of a picture within: for all colours, or for each of them, the
    variance per unit of signal and at black of a linear value of the sensor in [0, 1]; None without a valid one."""
    try:
        with open(path, "rb") as file, tifffile.TiffFile(file) as tiff:
            pages: list[Any] = [tiff.pages[0], *(tiff.pages[0].pages or ())]
            values = next((page.tags[_NOISE_PROFILE].value for page in pages if _NOISE_PROFILE in page.tags), ())
            numbers = tuple(float(number) for number in values)
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        return None
    valid = len(numbers) >= 2 and len(numbers) % 2 == 0 and all(0 <= number < 1 for number in numbers)
    return numbers if valid and min(numbers[::2]) > 0 else None


def stored_samples(path: Path | str) -> NDArray[Any]:
    """Samples (H, W, C) of a page that OpenCV does not read rightly (`Page.plain`): grey or RGB, and alpha.

    Integers of 9 to 15 bit come over the range of 16. Of such depths, OpenCV takes planes for interleaved samples and
    dark for bright, and says nothing.

    Raises:
        InputError: it is stored in a way that is not read.
    """
    try:
        with open(path, "rb") as file, tifffile.TiffFile(file) as tiff:
            page: Any = tiff.pages[full_page(path).index]
            samples = page.asarray()
    except InputError:
        raise
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        what = f"is a TIFF whose samples cannot be decoded ({type(error).__name__})"
        missing = "imagecodecs" in str(error)
        raise InputError(what, path, _INSTALL if missing else _SAVE) from error
    samples = samples.reshape(*samples.shape, 1) if samples.ndim == 2 else samples
    samples = samples.transpose(1, 2, 0) if page.planarconfig == _PLANAR and page.samplesperpixel > 1 else samples
    if page.photometric == _WHITE_IS_ZERO:
        samples[..., 0] = 2**page.bitspersample - 1 - samples[..., 0]
    if 8 < page.bitspersample < 16:
        samples = np.rint(samples * (65535 / (2**page.bitspersample - 1))).astype(np.uint16)
    return samples.astype(np.float32) if samples.dtype == np.float16 else samples


def _pages(path: Path | str) -> list[Page]:
    pages: list[Page] = []
    try:
        with open(path, "rb") as file, tifffile.TiffFile(file) as tiff:
            for index in range(MOST_PAGES):
                pages.append(_page(index, tiff.pages[index]))
    except IndexError:
        pass  # there are no more pages
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        if not pages:
            raise InputError(f"has a header that cannot be read ({type(error).__name__})", path) from error
    if not pages:
        raise InputError("has a header that cannot be read (no page)", path)
    return pages


def _page(index: int, page) -> Page:
    bits, count, colours = page.bitspersample, page.samplesperpixel, page.photometric
    extra, profile = tuple(page.extrasamples), page.tags.get(34675)
    simple = bits <= 8 or ((count == 1 or page.planarconfig != _PLANAR) and colours in (_BLACK_IS_ZERO, _RGB))
    is_float = page.sampleformat == _FLOAT
    half = is_float and bits == 16
    orientation = page.tags.get(274)
    misplaced = bits <= 8 and page.is_tiled and orientation is not None and orientation.value in _MISPLACED
    odd = half or misplaced or _is_padded(page) or page.sampleformat == _UNDEFINED
    plain = simple and not odd and count != 2 and page.compression in _COMPRESSIONS
    readable = _COLOURS if plain else (_BLACK_IS_ZERO, _RGB) if is_float else (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
    grey_of_colours = colours == _WHITE_IS_ZERO and count > 2  # what is read of a file that does not name its colours
    return Page(
        index=index,
        width=int(page.imagewidth),
        height=int(page.imagelength),
        reduced=bool(page.is_reduced or page.subfiletype & _MASK),
        nested=330 in page.tags,
        plain=plain,
        readable_colours=colours in readable
        and not grey_of_colours
        and not (count == 2 and extra == (_PREMULTIPLIED,)),
        alpha=count in (2, 4) and extra in ((_PREMULTIPLIED,), (_ALPHA,)),
        extra=max(0, len(extra) - 1),
        multiplied=bits == 8 or extra == (_PREMULTIPLIED,),
        profile=bytes(profile.value) if profile is not None else b"",
    )


def _is_padded(page) -> bool:
    """True for tiles that are not compressed and take more bytes than their samples do: OpenCV reads none of 8 bit."""
    if not page.is_tiled or page.compression != _UNCOMPRESSED:
        return False
    return max(page.databytecounts, default=0) * 8 > math.prod(page.chunks) * page.bitspersample
