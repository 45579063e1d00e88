"""OpenCV's merges with the true camera response: Debevec, Robertson, Mertens."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import linear_from_ldr
from hdrpipe.quantities import Picture


def debevec(burst: Burst) -> Picture:
    """Weighted mean of log radiance (Debevec and Malik 1997), as OpenCV computes it from 8-bit frames.

    Returns:
        Radiance (3, H, W) in "shortest exposure clips at 1": the response is in linear units and the times are
        relative, so no scale is left to fit.
    """
    merged = cv2.createMergeDebevec().process(_levels(burst), _times(burst), _response())
    return _channels_first(merged)


def robertson(burst: Burst) -> Picture:
    """Weighted least squares radiance (Robertson et al. 2003), as OpenCV computes it from 8-bit frames.

    Its weights vanish at levels 0 and 255; where they vanish in every frame OpenCV returns 0, and the shortest
    frame's radiance stands in.

    Returns:
        Radiance (3, H, W) in "shortest exposure clips at 1"; no scale is left to fit, as in `debevec`.
    """
    levels = _levels(burst)
    merged = cv2.createMergeRobertson().process(levels, _times(burst), _response())
    usable = np.any([(level > 0) & (level < 255) for level in levels], axis=0)
    return np.where(usable.transpose(2, 0, 1), _channels_first(merged), burst.radiance[0])


def mertens(burst: Burst) -> Picture:
    """Exposure fusion (Mertens et al. 2007): a display-coded picture (3, H, W) in [0, 1], not radiance."""
    return _channels_first(cv2.createMergeMertens().process(_levels(burst))).clip(0.0, 1.0)


def _levels(burst: Burst) -> list[NDArray[np.uint8]]:
    """Frames as OpenCV wants them: 8 bit, (H, W, 3)."""
    levels = np.rint(burst.ldr * 255.0).astype(np.uint8).transpose(0, 2, 3, 1)
    return [np.ascontiguousarray(level) for level in levels]


def _times(burst: Burst) -> NDArray[np.float32]:
    return burst.times.astype(np.float32)


def _response() -> NDArray[np.float32]:
    """Linear value of each 8-bit level, (256, 1, 3); level 0 is taken as half a level, for its logarithm."""
    levels = np.arange(256, dtype=np.float32)
    levels[0] = 0.5
    return np.repeat(linear_from_ldr(levels / np.float32(255.0)).reshape(256, 1, 1), 3, axis=2)


def _channels_first(picture: NDArray) -> Picture:
    return np.ascontiguousarray(np.asarray(picture, np.float32).transpose(2, 0, 1))
