"""Transparent pixels and empty lines are not measured: values of the other frames replace them, and add nothing."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import GAMMA

CLIPPED = 0.97
"""Display-coded value from which a channel may be clipped."""


BESIDE = 4
"""Lines beside empty ones that may be empty in part, or filled from both sides of the border."""

DARK_AND_BRIGHT = (0.1, 0.5)
"""Display codes: light that is at least this bright by another frame is not black, and below this it is not white."""


def empty_lines(samples: NDArray[Any], ev: Sequence[float]) -> list[NDArray[np.bool_] | None]:
    """Masks (H, W) of what integer frames (N, 3, H, W) hold of a picture, None for all of it.

    Files that were not written to their end, and frames that a program has shifted, have whole lines of black or white
    at an edge. They count as empty where another frame shows for most of their pixels that they cannot be.
    """
    filled: list[NDArray[np.bool_] | None] = []
    for index, frame in enumerate(samples):
        mask = np.ones(frame.shape[1:], bool)
        for edge, level in _blank_edges(frame):
            if any(_contradicts(samples[:, :, *edge], ev, index, other, level) for other in range(len(samples))):
                mask[edge] = False
        filled.append(None if mask.all() else mask)
    return filled


def _blank_edges(frame: NDArray[Any]) -> Iterator[tuple[tuple[slice, slice], int]]:
    """Slices of the lines at each edge of a frame (3, H, W) that are all black or all white, with their value."""
    top = int(np.iinfo(frame.dtype).max)
    for axis, size in enumerate(frame.shape[1:]):
        lines = np.moveaxis(frame, axis + 1, 0)
        for ordered, step in ((lines, 1), (lines[::-1], -1)):
            level = int(ordered[0].flat[0])
            count = sum(1 for _ in takewhile(lambda line, level=level: bool((line == level).all()), ordered))
            if level in (0, top) and 0 < count < size:
                count = min(count + BESIDE, size - 1)
                edge = slice(0, count) if step > 0 else slice(size - count, size)
                yield (edge, slice(None)) if axis == 0 else (slice(None), edge), level


def _contradicts(samples: NDArray[Any], ev: Sequence[float], index: int, other: int, level: int) -> bool:
    """True if most pixels of a part (N, 3, h, w) cannot have this value in the frame `index` by what `other` shows."""
    code_there = samples[other].max(axis=0) / np.iinfo(samples.dtype).max
    code = code_there * 2.0 ** ((ev[index] - ev[other]) / GAMMA)
    dark, bright = DARK_AND_BRIGHT
    impossible = code > dark if level == 0 else (code < bright) & (code_there < CLIPPED)
    return other != index and bool(impossible.mean() > 0.5)


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
