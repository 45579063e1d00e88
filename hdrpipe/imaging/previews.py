"""Frames and masks as pictures for people, uint8 (H, W, 3)."""

import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import Plane

KEPT, DROPPED = (233, 238, 245), (24, 33, 49)
"""Colours of a mask: what is trusted is light."""

VEIL = (214, 57, 118)
"""Colour laid over what the student does not learn from: one that hardly occurs in photographs."""

Rgb = NDArray[np.uint8]


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
