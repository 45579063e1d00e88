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
from hdrpipe.imaging.noise import noise
from hdrpipe.quantities import Frames, Times

BRIGHT = 0.25
"""Linear value that the reference must predict for a longer frame: far above the standard camera's noise in either."""

DARK = (0.5, 0.65)
"""Fractions of the predicted value, as means over the window: what is darker than the first is replaced, what is
brighter than the second is kept. Tone curves and errors of an exposure time change bright values by less."""

CLEAR = (1.0, 2.0)
"""Standard deviations of a pixel's noise by which a mean over the window is darker than predicted, from which it begins
to count, and counts. That of a mean is less, but noise that neighbours share is not averaged out."""


def without_passers(frames: Frames, times: Times, reference: int, level: float = 1.0) -> Frames:
    """Frames in which no frame longer than the reference is dark where the reference predicts a bright value.

    Args:
        frames: display-coded in [0, 1], on the reference, (N, 3, H, W).
        times: relative exposure times, ascending, (N,).
        reference: index of the reference.
        level: noise level of the burst (`imaging.noise_level`).

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
        expected = _deviation(predicted, float(times[reference]), float(times[index]), level)
        doubt = _doubt(linear_from_ldr(frames[index]), predicted, expected)
        if doubt.any():
            kept = frames.copy() if kept is frames else kept
            kept[index] += doubt * (ldr_from_linear(predicted) - kept[index])
    return kept


def _deviation(predicted: NDArray[np.float32], reference: float, time: float, level: float) -> NDArray[np.float32]:
    """Standard deviation of the noise in the difference of a frame to what the reference predicts for it, (3, H, W).

    `reference` and `time` are their exposure times; the signal is the mean of `predicted` over the window.
    """
    light = mean_around(predicted, WINDOW) / np.float32(time)
    return np.float32(time) * np.sqrt(noise(light, reference, level) + noise(light, time, level)).astype(np.float32)


def _doubt(
    linear: NDArray[np.float32], predicted: NDArray[np.float32], deviation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Weight of the predicted value in each pixel, (1, H, W) in [0, 1]; the worst channel and neighbour decide."""
    low, high = DARK
    around = mean_around(predicted, WINDOW)
    seen = mean_around(linear, WINDOW)
    ratio = seen / np.maximum(around, np.float32(BRIGHT))
    clear = (((around - seen) / deviation - CLEAR[0]) / (CLEAR[1] - CLEAR[0])).clip(0.0, 1.0)
    doubt = ((high - ratio) / (high - low)).clip(0.0, 1.0) * clear * (around > BRIGHT)
    wide = cv2.dilate(doubt.max(axis=0), np.ones((WINDOW, WINDOW), np.uint8))
    return np.asarray(wide, np.float32)[None]
