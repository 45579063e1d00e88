"""Overlap of two frames of one scene, whatever their exposures: one shift, estimated on ranks of brightness."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

COARSE = 48
"""Longer side in cells of the pictures that are tried first."""

REACH = 6
"""Cells that they are tried at in each direction: an eighth of the longer side."""

FLAT = 0.15
"""Standard deviation of the ranks of a frame of which nine tenths are equal; without equal ones it is 0.29."""

WHITE = 0.97
"""Code from which on pixels are white: of two frames, those that one shows white tell of no shift in the other."""

BETTER = 0.95
"""A shift counts where it leaves less than this share of the difference."""


def shift_between(one: NDArray[Any], other: NDArray[Any]) -> tuple[int, int]:
    """Rows and columns by which the scene in the frame `one` lies further down and right than in `other`.

    Both are (3, H, W) integers. (0, 0) where no shift is clearly better, or a frame is white or black nearly
    everywhere: there any shift is better that cuts off what the other one shows.
    """
    ranks = _ranks(one), _ranks(other)
    if min(float(rank.std()) for rank in ranks) < FLAT:
        return 0, 0
    white = max(_white(one), _white(other))
    below = ranks[0].clip(None, 1.0 - white), ranks[1].clip(None, 1.0 - white)
    shift = min((_nearest(*ranks), _nearest(*below)), key=lambda shift: _difference(*below, shift))
    return shift if _difference(*below, shift) < BETTER * _difference(*below, (0, 0)) else (0, 0)


def overlap(one: NDArray[Any], other: NDArray[Any], shift: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The parts (..., h, w) of two frames (..., H, W) that show the same under a shift of `shift_between`.

    A bright sky that enters a frame at its rim looks like a longer exposure; what both frames show does not.
    """
    down, right = shift
    return _cut(one, down, right), _cut(other, -down, -right)


def _ranks(frame: NDArray[Any]) -> NDArray[np.float32]:
    """Rank in [0, 1] of each pixel's brightest channel (H, W); equal pixels have equal ranks."""
    light = frame.max(axis=0)
    counts = np.bincount(light.ravel(), minlength=int(light.max()) + 1)
    return ((counts.cumsum() - 0.5 * counts) / light.size).astype(np.float32)[light]


def _white(frame: NDArray[Any]) -> float:
    """Fraction of the pixels of a frame whose brightest channel is white."""
    return float((frame.max(axis=0) > WHITE * np.iinfo(frame.dtype).max).mean())


def _nearest(one: NDArray[np.float32], other: NDArray[np.float32]) -> tuple[int, int]:
    """The shift between ranks (H, W) of two frames with the least difference."""
    cell = max(1, min(max(one.shape) // COARSE, *one.shape))
    coarse = _best(_cells(one, cell), _cells(other, cell), (0, 0), REACH)
    return _best(one, other, (coarse[0] * cell, coarse[1] * cell), max(1, cell // 2), max(1, cell // 4))


def _cells(ranks: NDArray[np.float32], cell: int) -> NDArray[np.float32]:
    height, width = (side // cell for side in ranks.shape)
    return ranks[: height * cell, : width * cell].reshape(height, cell, width, cell).mean((1, 3))


def _best(
    one: NDArray[np.float32], other: NDArray[np.float32], around: tuple[int, int], reach: int, step: int = 1
) -> tuple[int, int]:
    """The shift within `reach` with the least difference; it leaves at least half of each side."""
    offsets = range(-reach, reach + 1, step)
    tried = [(around[0] + down, around[1] + right) for down, right in product(offsets, offsets)]
    inside = [(d, r) for d, r in tried if 2 * abs(d) < one.shape[0] and 2 * abs(r) < one.shape[1]]
    return min(inside, key=lambda shift: _difference(one, other, shift))


def _difference(one: NDArray[np.float32], other: NDArray[np.float32], shift: tuple[int, int]) -> float:
    return float(np.abs(np.subtract(*overlap(one, other, shift))).mean())


def _cut(frame: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """A frame (..., H, W) without its first rows and columns; a negative number cuts the last ones."""
    rows, columns = (slice(max(lost, 0), min(lost, 0) or None) for lost in (down, right))
    return frame[..., rows, columns]
