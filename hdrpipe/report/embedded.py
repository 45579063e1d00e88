"""Pictures embedded in an HTML page as data URIs."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np

from hdrpipe.files.pictures.images import jpeg_bytes, png_bytes
from hdrpipe.imaging.previews import Rgb
from hdrpipe.imaging.tonemap import heat

LONGEST = 384
"""Longest side of a picture in the page, in pixels: a page of some hundred pictures then stays far below 8 MB."""

QUALITY = 88
"""JPEG quality, 1 to 100."""


@dataclass(frozen=True)
class Panel:
    """One picture of a gallery: caption, alternative text, and the encoded picture as a data URI."""

    caption: str
    alt: str
    uri: str


def photo(caption: str, alt: str, rgb: Rgb) -> Panel:
    """Panel of a photograph or a heat map, encoded as JPEG."""
    return Panel(caption, alt, _uri("image/jpeg", jpeg_bytes(_fitted(rgb), QUALITY)))


def drawing(caption: str, alt: str, rgb: Rgb) -> Panel:
    """Panel of a picture with few colours, such as a mask, encoded as PNG."""
    return Panel(caption, alt, _uri("image/png", png_bytes(_fitted(rgb))))


def scale_bar() -> str:
    """Colour scale of `heat` from 0 to its maximum, as a data URI (PNG)."""
    return _uri("image/png", png_bytes(heat(np.linspace(0, 1, 128, dtype=np.float32)[None], 1.0)))


def _fitted(rgb: Rgb) -> Rgb:
    """The picture, reduced where its longest side exceeds LONGEST."""
    height, width = rgb.shape[:2]
    factor = LONGEST / max(height, width)
    if factor >= 1:
        return rgb
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _uri(media: str, data: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(data).decode('ascii')}"
