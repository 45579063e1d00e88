"""Level at which the frames of a burst clip, measured on them: many cameras clip below the white level they record."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import linear_from_ldr

BINS = 1024
"""Bins of the histogram from black to the white level."""

LOWEST = 0.125
"""Share of the range below which a pile is not taken for saturation: the bins are too coarse there."""

NEAR_WHITE = 0.995
"""A sensor that saturates above this share of its range keeps its white level."""

WIDTH = 0.01
"""A pile is as wide as this share of its height: noise of reading blurs it."""

STRAY = 2e-4
"""Share of the pixels that may be brighter: hot ones."""

LEAST = 16
"""Pixels of one colour that make a pile."""

EXCESS = 1.25
"""Least ratio of the brightness that the shorter frame predicts to that of the pile; recorded exposures err by less."""

LOWEST_WHITE = 225
"""8-bit code below which a pile is not taken for clipping."""

SPREAD = 3
"""Codes to either side of its highest count over which compression spreads a pile."""

STEEP = 4.0
"""Least ratio of the pixels of a pile to those of the codes just below it."""

RINGING = 0.5
"""Share of the pile that may lie above it: compression overshoots at edges."""


def saturation(tones: Sequence[NDArray[np.int64]], ev: Sequence[float]) -> float:
    """The lowest share of the range at which a colour of a frame saturates; 1 where none does below the white level.

    Args:
        tones, ev: see `clipping`.
    """
    level = clipping(tones, ev)
    return level if level is not None and level < NEAR_WHITE else 1.0


def clipping(tones: Sequence[NDArray[np.int64]], ev: Sequence[float]) -> float | None:
    """The lowest share of the range at which a colour of a frame clips, its end included; None where none does.

    A frame clips where its brightest pixels pile up at one value, and the next shorter frame predicts these to be
    much brighter. A flat light that is not clipped piles up as well, but is as bright as the shorter frame predicts.

    Args:
        tones: of each frame, counts of values (colours, BINS), from black to the end of the range.
        ev: exposure values in the stops by which these values rise, ascending.
    """
    levels = []
    for (short, before), (long, after) in pairwise(zip(tones, ev, strict=True)):
        for darker, brighter in zip(short, long, strict=True):
            pile = _pile(brighter)
            if pile is not None:
                lowest, count = pile
                expected = _from_the_top(darker, count / 4) * 2.0 ** (after - before)
                levels += [lowest / BINS] if expected > EXCESS * lowest else []
    return min(levels, default=None)


def white_code(samples: NDArray[np.uint8], ev: Sequence[float]) -> int:
    """The 8-bit code at which frames clip; 255 where none clips below it.

    As `saturation`: the brightest codes of a frame pile up; by the next shorter frame they should be much brighter.

    Args:
        samples: display-coded by about gamma 2.2, (N, 3, H, W).
        ev: exposure values in stops, ascending.
    """
    counts = np.array([[np.bincount(plane.ravel(), minlength=256) for plane in frame] for frame in samples])
    codes = [255]
    for (short, before), (long, after) in pairwise(zip(counts, ev, strict=True)):
        for darker, brighter in zip(short, long, strict=True):
            code, height = _code_pile(brighter)
            if code < 255:
                code_there = 255 - int(np.searchsorted(darker[::-1].cumsum(), height / 4))
                expected = linear_from_ldr(code_there / 255.0) * 2.0 ** (after - before)
                codes += [code] if expected > EXCESS * linear_from_ldr(code / 255.0) else []
    return min(codes)


def _code_pile(counts: NDArray[np.int64]) -> tuple[int, int]:
    """The code at which the brightest values pile up below 255, and how many; 255 and 0 where they do not."""
    code = LOWEST_WHITE + int(np.argmax(counts[LOWEST_WHITE:]))
    edge = code - SPREAD
    pile, below = int(counts[edge : code + SPREAD + 1].sum()), int(counts[edge - 2 * SPREAD - 1 : edge].sum())
    above = int(counts[code + SPREAD + 1 :].sum())
    enough = max(LEAST, STRAY * counts.sum())
    if code + SPREAD > 255 or pile < max(enough, STEEP * below) or above > RINGING * pile:
        return 255, 0
    return edge + int(np.searchsorted(counts[edge : code + 1].cumsum(), 0.25 * pile)), pile


def _pile(counts: NDArray[np.int64]) -> tuple[int, int] | None:
    """The bin in which a pile of highest values begins, and its pixels; None where they only thin out."""
    total = int(counts.sum())
    top = _from_the_top(counts, max(LEAST / 4, STRAY * total))
    width = max(2, round(WIDTH * top))
    if top < LOWEST * BINS:
        return None
    begin = top - width + 1
    pile, below = int(counts[begin:].sum()), int(counts[begin - width : begin].sum())
    if pile < max(LEAST, 2 * below):
        return None
    return begin + int(np.searchsorted(counts[begin:].cumsum(), 0.25 * pile)), pile


def _from_the_top(counts: NDArray[np.int64], rank: float) -> int:
    """Bin of the pixel of this rank, the brightest first."""
    return BINS - 1 - int(np.searchsorted(counts[::-1].cumsum(), min(rank, counts.sum())))
