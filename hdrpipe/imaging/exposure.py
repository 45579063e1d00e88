"""How far apart the exposures of pictures are, told by the pictures alone.

Pictures are compared by the brightest channel of each pixel: unlike luma, it scales with the exposure until it clips.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.imaging.camera import linear_from_ldr

QUANTILES = np.linspace(0.01, 0.99, 99)

USABLE = (0.03, 0.97)
"""Display-coded values between noise and clipping."""

LEAST = 5
"""Quantiles that must be usable in both pictures: a twentieth of the picture."""

COMPARED = 200_000
"""Pixels that a comparison looks at."""


def brightness(frame: NDArray[Any]) -> NDArray[np.float32]:
    """The brightest channel of a thinned-out frame (3, H, W), integers over their type's range or floats in [0, 1]."""
    stride = max(1, int(np.sqrt(frame[0].size / COMPARED)))
    thin = frame[:, ::stride, ::stride].max(axis=0)
    top = np.iinfo(thin.dtype).max if thin.dtype.kind == "u" else 1.0
    return thin.astype(np.float32) / np.float32(top)


def stops_between(darker: NDArray[np.float32], brighter: NDArray[np.float32]) -> float | None:
    """Exposure of `brighter` over `darker` in stops: the median ratio of equal quantiles of linear values.

    Quantiles do not mind that things move. The camera response is taken for the field's gamma: a picture that a
    camera has rendered with another curve gives a wrong number.

    Args:
        darker, brighter: see `brightness`.

    Returns:
        Stops, or None where the pictures share too little that is neither black nor clipped.
    """
    low, high = (np.quantile(values, QUANTILES) for values in (darker, brighter))
    usable = (low > USABLE[0]) & (low < USABLE[1]) & (high > USABLE[0]) & (high < USABLE[1])
    if usable.sum() < LEAST:
        return None
    return float(np.median(np.log2(linear_from_ldr(high[usable]) / linear_from_ldr(low[usable]))))


def estimate(pictures: Sequence[NDArray[np.float32]]) -> tuple[float, ...]:
    """Exposure values of pictures of one scene, in stops from the darkest, in the order given; see `brightness`.

    Raises:
        InputError: neighbours in brightness are equally bright, or share nothing that can be compared.
    """
    order = sorted(range(len(pictures)), key=lambda index: float(pictures[index].mean()))
    values = [0.0] * len(pictures)
    for before, after in pairwise(order):
        stops = stops_between(pictures[before], pictures[after])
        if stops is None or stops < 0.1:
            what = "share nothing to compare" if stops is None else "are equally bright"
            raise InputError(f"pictures {before + 1} and {after + 1} {what}: no exposure can be estimated")
        values[after] = values[before] + stops
    return tuple(values)
