"""Coding of the values of frames, as far as it shows only in all frames of a burst together."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.files.pictures.colour import SAME_COLOUR
from hdrpipe.imaging.saturation import BINS, clipping
from hdrpipe.quantities import GAMMA, Picture

TOP = 65535
"""Largest display-coded value of 16 bit."""

STORED_BITS = (10, 12, 14)
"""Depths of sensors and recorders whose values 16-bit files hold as they are."""

CLOSE = 0.98
"""Share of a range from which on a level is its end."""

COUNTED = 1_000_000
"""Pixels of a frame whose values are counted."""

SIDE = 8
"""Pixels a side of the blocks that are compared: their means have little noise, and small movements do not count."""

ACROSS = 32
"""Blocks along the shorter side of a picture, at least: those of small ones are smaller."""

LEAST = 16
"""Blocks of two frames that must be neither black nor clipped in both."""

LINEAR_RANGE = (0.004, 0.97)
"""Values of linear frames between noise and clipping."""

STEADY = 0.1
"""Stops, as a fraction of the step, around their median within which half of the blocks of linear frames lie, and of
frames that follow any power law; a camera's own tone curve spreads them."""

BETTER = 0.4
"""Fraction of the error under gamma 2.2 that linear light may leave, as where an exposure is half a stop off."""

OVERSHOOT = 1.05
"""Linear floats up to here clip at 1: resampling carries a few beyond it."""


def levels_of_floats(samples: NDArray[np.float32], ev: Sequence[float]) -> tuple[NDArray[np.uint16], list[str]]:
    """Display-coded floats (N, 3, H, W) >= 0 of a burst in ascending exposure as 16-bit levels, and remarks.

    They end where they clip, or else at 1, or at the largest value of the burst where that lies beyond 1: only ratios
    of radiance matter.
    """
    top = float(np.quantile(samples[-1], 0.999))
    white = float(samples.max()) if top > OVERSHOOT ** (1 / GAMMA) else 1.0
    levels = np.empty(samples.shape, np.uint16)
    for index, frame in enumerate(samples):
        levels[index] = np.rint((frame * np.float32(1.0 / white)).clip(0.0, 1.0) * np.float32(TOP))
    end = _end(levels, ev)
    what, linear = "floats are taken as linear light", white**GAMMA
    if end is not None and end < CLOSE * TOP:
        linear *= (end / TOP) ** GAMMA
        return _taken_over(levels, end), [f"{what} that ends at {linear:.3g}, where they clip"]
    return levels, [what if white == 1.0 else f"{what} that ends at {linear:g}, their largest value"]


def stretched(samples: NDArray[np.uint16], ev: Sequence[float]) -> tuple[NDArray[np.uint16], list[str]]:
    """16-bit frames (N, 3, H, W) of a burst in ascending exposure over their whole range, in place, and remarks.

    They end where they clip; where none does, the largest value of the burst shows how many bits are in use.
    """
    top = int(samples.max())
    end, bits = _end(samples, ev), top.bit_length()
    if end is None and bits in STORED_BITS:
        if top != 2**bits - 1:
            more = f"if these are {bits} bit in 16-bit files, multiply them by {2 ** (16 - bits)}"
            return samples, [f"no value is beyond {top}: {more}"]
        end = top
    if end is None or end >= CLOSE * TOP:
        return samples, []
    bits = end.bit_length()
    if end == 2**bits - 1:
        what = f"values end at {end}: they are {bits} bit in 16-bit files, and taken over that range"
    else:
        what = f"values clip at {end} of {TOP}: that is taken for white"
    return _taken_over(samples, end), [what]


def _end(samples: NDArray[np.uint16], ev: Sequence[float]) -> int | None:
    """Value at which frames (N, 3, H, W) clip, whether they are linear or coded by gamma 2.2; None where none does."""
    top = int(samples.max())
    stride = max(1, int(np.sqrt(samples[0, 0].size / COUNTED)))
    bins = np.arange(TOP + 1) * BINS // (top + 1)
    tones = [
        np.array([np.bincount(bins[plane], minlength=BINS)[:BINS] for plane in frame.reshape(3, -1)])
        for frame in samples[:, :, ::stride, ::stride]
    ]
    level = clipping(tones, [value / GAMMA for value in ev])
    if level is None:
        return None
    end = top if level > CLOSE else round(level * top)
    return end if any(frame.min() < end / 2 < end <= frame.max() for frame in samples) else None  # no flat frames


def _taken_over(samples: NDArray[np.uint16], end: int) -> NDArray[np.uint16]:
    """Samples over the range up to `end`, in place."""
    table = np.rint(np.minimum(np.arange(TOP + 1) / end, 1.0) * TOP).astype(np.uint16)
    for frame in samples:
        frame[:] = table[frame]
    return samples


def coded_if_linear(samples: NDArray[np.uint16], ev: Sequence[float]) -> tuple[NDArray[np.uint16], list[str]]:
    """Frames (N, 3, H, W) in ascending exposure, in place display-coded where they hold linear light, and remarks.

    Brightness of linear frames rises by all stops of the exposure, that of frames with gamma 2.2 by less than half.
    """
    pairs = zip(pairwise(map(blocks, samples)), pairwise(ev), strict=True)
    compared = [(_stops(*frames), after - before) for frames, (before, after) in pairs]
    measured = [(stops, step) for stops, step in compared if len(stops) >= LEAST]
    steady = [np.median(np.abs(stops - np.median(stops))) < STEADY * step for stops, step in measured]
    seen, steps = np.array([np.median(stops) for stops, _ in measured]), np.array([step for _, step in measured])
    linear, coded = (np.abs(factor * seen - steps).sum() for factor in (1.0, GAMMA))
    if not steady or not all(steady) or linear > BETTER * coded:
        return samples, []
    table = np.rint((np.arange(TOP + 1) / TOP) ** (1 / GAMMA) * TOP).astype(np.uint16)
    for frame in samples:
        frame[:] = table[frame]
    return samples, ["values are linear light, by the exposures that the pictures show; they are read so"]


def blocks(frame: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Mean and largest value in [0, 1] of every block of a frame (3, H, W): (2, K)."""
    height, width = frame.shape[1:]
    side = max(1, min(SIDE, min(height, width) // ACROSS))
    rows, columns = height // side, width // side
    lines = frame[:, : rows * side, : columns * side].reshape(3, rows, side, columns * side)
    # along whole rows first, which is eight times as fast as by blocks at once
    sums, most = lines.sum(axis=(0, 2), dtype=np.uint32), lines.max(axis=(0, 2))
    means = sums.reshape(-1, side).sum(axis=1, dtype=np.float64) / (3 * side * side)
    return np.stack([means, most.reshape(-1, side).max(axis=1)]) / TOP


def _stops(darker: NDArray[np.float64], brighter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stops between the blocks of two frames (see `blocks`) that are neither black nor clipped."""
    low, high = LINEAR_RANGE
    usable = (np.minimum(darker[0], brighter[0]) > low) & (np.maximum(darker[1], brighter[1]) < high)
    return np.log2(brighter[0, usable] / darker[0, usable])


def is_float(samples: NDArray[Any]) -> bool:
    """True for frames of floats, which come from a TIFF."""
    return samples.dtype.kind == "f"


def one_matrix(matrices: Sequence[tuple[float, ...] | None], files: Sequence[Path]) -> NDArray[np.float32] | None:
    """The matrix from linear values to linear sRGB (3, 3) that all frames of a burst share; None for sRGB.

    Args:
        matrices: that of each frame, row by row, None for sRGB.
        files: the frames' files.

    Raises:
        InputError: the frames are of several colour spaces.
    """
    stacked = np.array([np.eye(3).flatten() if matrix is None else matrix for matrix in matrices])
    away = np.abs(stacked - stacked[0]).max(axis=1)
    if away.max() > SAME_COLOUR:
        what = f"is of another colour space than {files[0].name!a}"
        raise InputError(what, files[int(away.argmax())], "save all frames of the burst with one profile")
    return None if matrices[0] is None else stacked[0].reshape(3, 3).astype(np.float32)


def in_srgb(radiance: Picture, matrix: NDArray[np.float32] | None) -> Picture:
    """Linear values (3, H, W) in sRGB primaries, none below 0; `matrix` as in `one_matrix`."""
    if matrix is None:
        return radiance
    rows = (np.tensordot(matrix, radiance[:, row], 1) for row in range(radiance.shape[1]))
    return np.stack([row.clip(0.0, None) for row in rows], axis=1)
