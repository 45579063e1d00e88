"""Transparent pixels are not measured: values of the other frames replace them, so that they add nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import GAMMA

CLIPPED = 0.97
"""Display-coded value from which a channel may be clipped."""


def fill_transparent(
    samples: NDArray[Any], ev: Sequence[float], opaque: Sequence[NDArray[np.bool_] | None]
) -> list[tuple[int, float]]:
    """Put what the longest other exposure that does not clip shows into the transparent pixels of integer frames, in
    place; where all clip, the shortest.

    Args:
        samples: display-coded frames (N, 3, H, W) on one another, as programs that write alpha leave them.
        ev: exposure values in stops, one a frame.
        opaque: where each frame is measured, (H, W); None is everywhere.

    Returns:
        Index and transparent share of each frame that has transparent pixels.
    """
    top, fractions = np.iinfo(samples.dtype).max, []
    for index, mask in enumerate(opaque):
        if mask is None:
            continue
        fractions.append((index, float(1.0 - mask.mean())))
        left = ~mask
        shortest_first = sorted((k for k in range(len(samples)) if k != index), key=lambda k: ev[k])
        for unclipped in (True, False):  # a clipped value is better than none
            for other in shortest_first[::-1] if unclipped else shortest_first:
                measured = opaque[other]
                filled = left if measured is None else left & measured
                if unclipped:
                    filled = filled & (samples[other] < CLIPPED * top).all(axis=0)
                factor = 2.0 ** ((ev[index] - ev[other]) / GAMMA)
                samples[index][:, filled] = np.rint((samples[other][:, filled] * factor).clip(0, top))
                left = left & ~filled
    return fractions
