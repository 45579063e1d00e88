"""The page of a TIFF that is the picture, and its tags; nothing is decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from hdrpipe.errors import InputError

MOST_PAGES = 64
"""Pages that are looked at."""

_MASK = 4
"""Bit of NewSubfileType: a transparency mask (TIFF 6.0, section 8); bit 1 is a reduced picture."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_COLOURS = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, 3, 5, 6)
"""Photometric interpretations: grey either way, RGB, palettes, CMYK and YCbCr are read with 8 bit, L*a*b* is not."""

_PREMULTIPLIED, _ALPHA = 1, 2
"""Kinds of extra samples."""

_NOISE_PROFILE = 51041
"""Tag of DNG 1.3."""

_FLOAT = 3
"""Sample format (TIFF 6.0, section 19)."""


@dataclass(frozen=True)
class Page:
    """One page of a TIFF.

    Attributes:
        index: its index in the file.
        width, height: in pixels, as stored.
        reduced: True if its tags mark it as a smaller copy or a mask of another.
        nested: True if other pictures hang below it (SubIFDs).
        deep: True if its samples are longer than 8 bit.
        plain: True if OpenCV reads deep samples of its layout and meaning rightly.
        half: True if its samples are 16-bit floats.
        readable_colours: True if OpenCV reads its colours rightly.
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
    deep: bool
    plain: bool
    half: bool
    readable_colours: bool
    alpha: bool
    multiplied: bool
    extra: int
    profile: bytes


def full_page(path: Path | str) -> Page:
    """The picture itself: the largest page, the first of equal ones; reduced copies and masks count only alone.

    Of 16 bit, OpenCV takes planes for interleaved samples and dark for bright, and says nothing.

    Raises:
        InputError: the header cannot be read, or the picture is of a kind that is not.
    """
    pages = _pages(path)
    page = max([page for page in pages if not page.reduced] or pages, key=lambda page: page.width * page.height)
    if page.reduced and page.nested:
        raise InputError("holds a reduced copy where its picture should be, as RAW pictures do", path)
    if page.half:
        raise InputError("is a TIFF of 16-bit floats, which is not read", path, "save it with 32-bit floats")
    if not page.readable_colours:
        hint = "save it as RGB without alpha"
        raise InputError("is a TIFF of L*a*b* or other colours, or of grey multiplied by alpha", path, hint)
    if page.extra:
        raise InputError("is a TIFF of more samples than colours and alpha", path, "save it without extra channels")
    if page.deep and not page.plain:
        hint = "save it as RGB with interleaved samples"
        raise InputError("is a 16-bit TIFF of separate planes or other colours, which is not read", path, hint)
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
    except Exception:  # foreign bytes: the parser has no closed list of what it raises
        return None
    valid = len(numbers) >= 2 and len(numbers) % 2 == 0 and all(0 <= number < 1 for number in numbers)
    return numbers if valid and min(numbers[::2]) > 0 else None


def grey_and_alpha(path: Path | str) -> NDArray[Any]:
    """Samples (H, W, 2) as stored of a page of grey and alpha, of which OpenCV would drop alpha and half of 16 bits.

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
        hint = "save it as RGB, or without alpha"
        raise InputError("is a TIFF of grey and alpha that cannot be decoded", path, hint) from error
    samples = samples.transpose(1, 2, 0) if samples.shape[0] == 2 else samples
    if page.photometric == _WHITE_IS_ZERO:
        samples[..., 0] = np.iinfo(samples.dtype).max - samples[..., 0]
    return samples


def _pages(path: Path | str) -> list[Page]:
    pages: list[Page] = []
    try:
        with open(path, "rb") as file, tifffile.TiffFile(file) as tiff:
            for index in range(MOST_PAGES):
                pages.append(_page(index, tiff.pages[index]))
    except IndexError:
        pass  # there are no more pages
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        if not pages:
            raise InputError(f"has a header that cannot be read ({type(error).__name__})", path) from error
    if not pages:
        raise InputError("has a header that cannot be read (no page)", path)
    return pages


def _page(index: int, page) -> Page:
    bits, interleaved = page.bitspersample, page.samplesperpixel == 1 or page.planarconfig == 1
    extra = tuple(page.extrasamples)
    kind, profile = page.sampleformat, page.tags.get(34675)
    return Page(
        index=index,
        width=int(page.imagewidth),
        height=int(page.imagelength),
        reduced=bool(page.is_reduced or page.subfiletype & _MASK),
        nested=330 in page.tags,
        deep=bits > 8,
        plain=interleaved and page.photometric in (_BLACK_IS_ZERO, _RGB),
        half=kind == _FLOAT and bits == 16,
        readable_colours=page.photometric in _COLOURS
        and not (page.samplesperpixel == 2 and extra == (_PREMULTIPLIED,)),
        alpha=page.samplesperpixel in (2, 4) and extra in ((_PREMULTIPLIED,), (_ALPHA,)),
        extra=max(0, len(extra) - 1),
        multiplied=bits == 8 or extra == (_PREMULTIPLIED,),
        profile=bytes(profile.value) if profile is not None else b"",
    )
