"""Where the sensor of a burst saturates: found in the pictures, since many saturate below the white level they tell."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BINS = 1024
"""Parts of the range from black to the white level that are told apart."""

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
"""How much brighter than the pile the shorter frame must tell these pixels to be; more than told exposures are off."""


def saturation(tones: Sequence[NDArray[np.int64]], ev: Sequence[float]) -> float:
    """The lowest share of the range at which a colour of a frame saturates; 1 where none does below the white level.

    A frame saturates where its brightest pixels pile up at one value, and the next shorter frame tells these to be
    much brighter. A flat light that is not clipped piles up as well, but is as bright as the shorter frame tells.

    Args:
        tones: of each frame, counts of sensor values (colours, BINS), from black to the white level.
        ev: exposure values in stops, ascending.
    """
    levels = [1.0]
    for (short, before), (long, after) in pairwise(zip(tones, ev, strict=True)):
        for darker, brighter in zip(short, long, strict=True):
            pile = _pile(brighter)
            if pile is not None:
                lowest, count = pile
                told = _from_the_top(darker, count / 4) * 2.0 ** (after - before)
                levels += [lowest / BINS] if told > EXCESS * lowest else []
    level = min(levels)
    return level if level < NEAR_WHITE else 1.0


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
