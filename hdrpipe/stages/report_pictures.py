"""Arrays to pictures that stand inside a page."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.files.images import jpeg_bytes, png_bytes
from hdrpipe.imaging.tonemap import heat
from hdrpipe.quantities import Plane

LONGEST = 384
"""Longest side of a picture in the page, in pixels: some hundred pictures then stay far below 8 MB."""

QUALITY = 88

KEPT, DROPPED = (233, 238, 245), (24, 33, 49)
"""Colours of a mask: what is trusted is light."""

VEIL = (214, 57, 118)
"""Colour laid over what the student does not learn from: one that hardly occurs in photographs."""

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Panel:
    """One picture of a gallery: its caption, what it shows in words, and its bytes as a data URI."""

    caption: str
    alt: str
    uri: str


def photo(caption: str, alt: str, rgb: Rgb) -> Panel:
    """A panel of a photograph or a heat map (JPEG)."""
    return Panel(caption, alt, _uri("image/jpeg", jpeg_bytes(_fitted(rgb), QUALITY)))


def drawing(caption: str, alt: str, rgb: Rgb) -> Panel:
    """A panel of few colours (PNG)."""
    return Panel(caption, alt, _uri("image/png", png_bytes(_fitted(rgb))))


def scale_bar() -> str:
    """The colours of `heat` from 0 to its top, as a data URI."""
    return _uri("image/png", png_bytes(heat(np.linspace(0, 1, 128, dtype=np.float32)[None], 1.0)))


def mask_picture(mask: NDArray) -> Rgb:
    """A mask (H, W) in two colours; light = trusted."""
    return np.where(mask.astype(bool)[..., None], KEPT, DROPPED).astype(np.uint8)


def veiled(rgb: Rgb, weight: Plane) -> Rgb:
    """A picture with a veil over what has no weight: grey, darker and tinted, so that no eye depends on the colour."""
    dropped = (1.0 - weight.astype(np.float32))[..., None]
    grey = rgb.mean(axis=2, keepdims=True) * 0.45
    return np.rint(rgb * (1 - dropped) + dropped * (0.55 * grey + 0.45 * np.asarray(VEIL))).astype(np.uint8)


def levels(frame: NDArray[np.uint16]) -> Rgb:
    """A camera frame, uint16 (3, H, W), as uint8 (H, W, 3)."""
    return np.ascontiguousarray((frame >> 8).astype(np.uint8).transpose(1, 2, 0))


def shown_exposures(count: int, reference: int) -> list[int]:
    """Indices of the exposures to show: all of three, else the shortest, the reference and the longest."""
    return sorted({0, reference, count - 1}) if count > 3 else list(range(count))


def _fitted(rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    factor = LONGEST / max(height, width)
    if factor >= 1:
        return rgb
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _uri(media: str, data: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(data).decode('ascii')}"
