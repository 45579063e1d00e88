"""Noise variance of camera values, and the mask of those that are neither black nor clipped.

Every function takes NumPy arrays or torch tensors and returns the same kind.
"""

from typing import Any

SHOT_NOISE = 4e-4
READ_NOISE = 4e-6
"""Variance of a linear value x in [0, 1] is `SHOT_NOISE * x + READ_NOISE`: a small camera at base sensitivity,
the noise level 1. Halving or doubling both costs the rejecting merge less than 0.5 dB, ten times as much 7 dB."""

EXPOSED = (0.1, 0.93)
"""Display-coded means between black and clipped: below, the signal is less than three standard deviations of the read
noise; above, a noisier camera clips single values."""

CLIPPED = 0.97
"""A single display-coded value from here on may be clipped."""


def noise(radiance: Any, time: Any, level: Any = 1.0) -> Any:
    """Noise variance of radiance measured with one exposure time.

    Args:
        radiance: in [0, 1 / time], any shape.
        time: relative exposure time > 0; a number, or an array that broadcasts.
        level: factor on the variance, likewise: the noise level of the burst (`imaging.noise_level`).
    """
    return level * (SHOT_NOISE * radiance / time + READ_NOISE / time**2)


def well_exposed(ldr: Any, around: Any) -> Any:
    """Mask of the values that are neither black nor clipped.

    Their surroundings decide: values selected by their own noise would no longer have noise of mean zero.

    Args:
        ldr: display-coded values in [0, 1], any shape.
        around: means of their surroundings, same shape.

    Returns:
        Boolean, same shape.
    """
    return (around > EXPOSED[0]) & (around < EXPOSED[1]) & (ldr < CLIPPED)
