"""What camera values are worth: their noise, and whether they are neither black nor clipped.

Every function takes NumPy arrays or torch tensors and returns the same kind.
"""

from typing import Any

SHOT_NOISE = 4e-4
READ_NOISE = 4e-6
"""Variance of a linear value x in [0, 1] is `SHOT_NOISE * x + READ_NOISE`: a small camera at base sensitivity. Halving
or doubling both costs the rejecting merge less than 0.5 dB on rendered bursts; ten times as much costs 7 dB."""

BLACK = 0.1
"""Display-coded value at which the signal is three standard deviations of the read noise."""

CLIPPED = 0.97
"""Display-coded value from which on noise may have been clipped."""


def noise(radiance: Any, time: Any) -> Any:
    """Noise variance of radiance measured with one exposure time.

    Args:
        radiance: in [0, 1 / time], any shape.
        time: relative exposure time > 0; a number, or an array that broadcasts.
    """
    return SHOT_NOISE * radiance / time + READ_NOISE / time**2


def well_exposed(ldr: Any, around: Any) -> Any:
    """Which values are neither black nor clipped.

    Black is told by the surroundings: where there is no signal, noise alone lifts single values over any limit.

    Args:
        ldr: display-coded values in [0, 1], any shape.
        around: means of their surroundings, same shape.

    Returns:
        Boolean, same shape.
    """
    return (around > BLACK) & (ldr < CLIPPED)
