"""JPEG compression of frames, as a camera does it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import Frames

PER_STEP, HALVED = 2.5, 0.2
"""Noise level of what compression changes, for each unit of libjpeg's factor on its tables of steps (1 at quality 50,
0.2 at 90), and of halved colour alone (docs/decisions/0027-compression-counts-as-noise.md)."""


def compression_level(quality: int) -> float:
    """Noise level (`imaging.noise_level`) of the errors of a JPEG of this quality, 1 to 100, which no flat area shows.

    It adds to the level that the frames show; 0 for frames that were never compressed, whose quality is 0.
    """
    if not quality:
        return 0.0
    step = 50.0 / quality if quality < 50 else 2.0 - quality / 50.0
    return PER_STEP * step + HALVED


def through_jpeg(levels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """(H, W, 3) RGB codes as they come back from a JPEG file of this quality, 1 to 100, with halved colour."""
    _, stored = cv2.imencode(".jpg", levels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]


def compressed(frames: Frames, quality: int) -> Frames:
    """Display-coded frames (N, 3, H, W) in [0, 1] as JPEG files of this quality, 1 to 100, would hold them."""
    codes = np.rint(255.0 * frames).astype(np.uint8).transpose(0, 2, 3, 1)
    returned = np.stack([through_jpeg(np.ascontiguousarray(frame), quality) for frame in codes])
    return np.ascontiguousarray(returned.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255.0)
