"""Dark values of a longer frame where the reference is bright, replaced: somebody passed, or a lamp went out.

A merge leaves such values out by its own test. A network has no such test: in training, what is dark in the longest
frame was rarely bright in the others, so it takes the dark values for clean shadows.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import ldr_from_linear, linear_from_ldr
from hdrpipe.imaging.denoise import mean_around
from hdrpipe.imaging.merge import WINDOW
from hdrpipe.quantities import Frames, Times

BRIGHT = 0.25
"""Linear value that the reference must predict for a longer frame: far above the noise of either."""

DARK = (0.5, 0.65)
"""Fractions of the predicted value, as means over the window: what is darker than the first is replaced, what is
brighter than the second is kept. Tone curves and errors of an exposure time change bright values by less."""


def without_passers(frames: Frames, times: Times, reference: int) -> Frames:
    """Frames in which no frame longer than the reference is dark where the reference predicts a bright value.

    Args:
        frames: display-coded in [0, 1], on the reference, (N, 3, H, W).
        times: relative exposure times, ascending, (N,).
        reference: index of the reference.

    Returns:
        The same array where nothing is to be replaced; else a copy in which the value that the reference predicts,
        clipped at 1, replaces the dark ones.
    """
    kept, seen = frames, linear_from_ldr(frames[reference])
    for index in range(reference + 1, len(frames)):
        ratio = np.float32(times[index] / times[reference])
        if ratio <= 1.0:
            continue
        predicted = np.minimum(seen * ratio, np.float32(1.0))
        doubt = _doubt(linear_from_ldr(frames[index]), predicted)
        if doubt.any():
            kept = frames.copy() if kept is frames else kept
            kept[index] += doubt * (ldr_from_linear(predicted) - kept[index])
    return kept


def _doubt(linear: NDArray[np.float32], predicted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weight of the predicted value in each pixel, (1, H, W) in [0, 1]; the worst channel and neighbour decide."""
    low, high = DARK
    around = mean_around(predicted, WINDOW)
    ratio = mean_around(linear, WINDOW) / np.maximum(around, np.float32(BRIGHT))
    doubt = ((high - ratio) / (high - low)).clip(0.0, 1.0) * (around > BRIGHT)
    wide = cv2.dilate(doubt.max(axis=0), np.ones((WINDOW, WINDOW), np.uint8))
    return np.asarray(wide, np.float32)[None]
