"""How the frames of a burst hold their values, as far as only all of them together tell it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import GAMMA

TOP = 65535
"""Largest display-coded value of 16 bit."""

OVERSHOOT = 1.05
"""Linear floats up to here clip at 1: resampling carries a few beyond it."""


def levels_of_floats(samples: NDArray[np.float32]) -> tuple[NDArray[np.uint16], list[str]]:
    """Display-coded floats (N, 3, H, W) >= 0 of a burst as 16-bit levels, and remarks.

    They end at 1, or where the largest value of the burst lies beyond that: only ratios of radiance matter.
    """
    top = float(np.quantile(samples[-1], 0.999))
    white = float(samples.max()) if top > OVERSHOOT ** (1 / GAMMA) else 1.0
    levels = np.empty(samples.shape, np.uint16)
    for index, frame in enumerate(samples):
        levels[index] = np.rint((frame * np.float32(1.0 / white)).clip(0.0, 1.0) * np.float32(TOP))
    what = "floats are taken as linear light"
    return levels, [what if white == 1.0 else f"{what} that ends at {white**GAMMA:g}, their largest value"]


def is_float(samples: NDArray[Any]) -> bool:
    """Whether frames hold floats, which come from a TIFF."""
    return samples.dtype.kind == "f"
