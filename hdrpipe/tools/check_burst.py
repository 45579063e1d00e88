"""Measures of one burst for `check`: clipping, black, displacement, equal frames, depth, colour, truth."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.datasets.bursts import BurstFiles
from hdrpipe.datasets.reading import ReadBurst, excess, read_truth, scales
from hdrpipe.errors import HdrpipeError
from hdrpipe.files.pictures.decoder import Decoder
from hdrpipe.imaging.align import align_in_place
from hdrpipe.imaging.burst import unit_floats
from hdrpipe.imaging.noise_level import crops_of, level_alone, noise_level, with_shared

CLIPPED, BLACK = 0.99, 0.01
"""Display-coded values from which a channel counts as clipped, and up to which it counts as black."""

MOST_CLIPPED, MOST_BLACK = 0.05, 0.2
"""Fractions of a frame that may be clipped in the shortest, or black in the longest exposure, without a warning."""

MOVED = 0.01
"""Displacement of the frames, as a fraction of the shorter side, above which there is a warning."""

PROXY = 1_000_000
"""Number of pixels of the reduced frames on which displacement is measured."""


@dataclass(frozen=True)
class Facts:
    """Measures of one burst.

    Attributes:
        clipped: fraction of pixels with a clipped channel in the shortest frame.
        black: fraction of pixels black in all channels in the longest frame.
        shift: largest displacement to the reference in pixels, None where it cannot be measured.
        noise: factor on the noise variance of the standard camera; None where it cannot be measured.
        errors, warnings: one sentence each.
        digests: sha256 of the samples of each frame, by file name.
    """

    clipped: float
    black: float
    shift: float | None
    noise: float | None
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    digests: dict[str, str]


def facts(read: ReadBurst) -> Facts:
    """Measure a burst."""
    top = np.iinfo(read.samples.dtype).max
    clipped = float((read.samples[0] >= CLIPPED * top).any(axis=0).mean())
    black = float((read.samples[-1] <= BLACK * top).all(axis=0).mean())
    names = [path.name for path in read.files]
    digests = {name: _digest(frame) for name, frame in zip(names, read.samples, strict=True)}
    shift = displacement(read)
    side = min(read.samples.shape[2:])
    warnings = [*_depth(read), *_colour(read)]
    if clipped > MOST_CLIPPED:
        warnings.append(f"{clipped:.0%} of the shortest frame are clipped: a shorter exposure is missing")
    if black > MOST_BLACK:
        warnings.append(f"{black:.0%} of the longest frame are black: a longer exposure is missing")
    if shift is not None and shift > MOVED * side:
        warnings.append(f"frames are displaced by up to {shift:.0f} pixels: align them (data.align)")
    return Facts(clipped, black, shift, noise(read), tuple(_errors(read, names, digests)), tuple(warnings), digests)


def displacement(read: ReadBurst) -> float | None:
    """Largest displacement of a frame to the reference, by MTB on shrunken frames, in pixels of the full size."""
    height, width = read.samples.shape[2:]
    factor = min(1.0, float(np.sqrt(PROXY / (height * width))))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = np.stack([_resized(frame, size) for frame in read.samples])
    times = np.exp2(np.asarray(read.ev) - read.ev[0])
    reports = align_in_place(small, times, read.reference, "mtb")
    shifts = [
        max(abs(value) for value in report["shift"]) for report in reports if report["residual_before"] is not None
    ]
    return max(shifts) / factor if shifts else None


def noise(read: ReadBurst) -> float | None:
    """Noise level of the frames as taken (`imaging.noise_level`), on parts of large ones, or that of the burst as in
    `fuse` where neighbours share their noise; what the files state, or None, where no frame shows any."""
    windows = [read.samples[(..., *crop)].copy() for crop in crops_of(*read.samples.shape[2:])]
    alone = level_alone([unit_floats(window) for window in windows])
    if alone is None:
        return read.coding.noise_level
    times = np.exp2(np.asarray(read.ev) - read.ev[0])
    for window in windows:
        align_in_place(window, times, read.reference, "dis")
    crops = (unit_floats(window) for window in windows)
    return with_shared(alone, noise_level(crops, times, read.reference, read.coding.noise_level, correlated=True))


def truth_facts(burst: BurstFiles, read: ReadBurst, decoder: Decoder) -> tuple[str, list[str], list[str]]:
    """Scale of the truth (`none`, `unusable`, or as in `scales`), with errors and warnings about it."""
    if burst.truth is None:
        return "none", [], []
    frames = read.burst()
    try:
        truth, scale = read_truth(burst.truth, frames, "auto", decoder, read.matrix)
    except HdrpipeError as error:
        return "unusable", [str(error)], []
    factor = scales(frames)[scale]
    word = scale if factor == 1.0 else f"{scale} (x{factor:g})"
    top, ceiling = float((truth >= 1.0).any(axis=0).mean()), excess(truth)
    if ceiling:
        return word, [], [ceiling]
    clipped = [f"{top:.0%} of the truth are at or beyond the clipping of the shortest frame"]
    return word, [], clipped if top > MOST_CLIPPED else []


def _resized(frame: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    small = cv2.resize(np.ascontiguousarray(frame.transpose(1, 2, 0)), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small).transpose(2, 0, 1)


def _digest(frame: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(frame).data).hexdigest()


def _errors(read: ReadBurst, names: list[str], digests: dict[str, str]) -> list[str]:
    errors = []
    for one, other in pairwise(names):
        if digests[one] == digests[other]:
            errors.append(f"{one!a} and {other!a} are the same picture")
    top = np.iinfo(read.samples.dtype).max
    for name, frame in zip(names, read.samples, strict=True):
        low, high = int(frame.min()), int(frame.max())
        if high <= BLACK * top or low >= CLIPPED * top:
            errors.append(f"{name!a} is all {'black' if high <= BLACK * top else 'white'}")
    return errors


def _depth(read: ReadBurst) -> list[str]:
    """Warning about 8-bit values in a 16-bit file: repeated in both bytes, or in the upper one only."""
    if read.samples.dtype != np.uint16 or any("8 and of 16 bit" in note for note in read.notes):
        return []
    low = read.samples & np.uint16(255)
    repeated = np.array_equal(low, read.samples >> np.uint16(8))
    return ["8-bit data in 16-bit files: steps show in the shadows"] if repeated or not low.any() else []


def _colour(read: ReadBurst) -> list[str]:
    grey = np.array_equal(read.samples[:, 0], read.samples[:, 1]) and np.array_equal(
        read.samples[:, 1], read.samples[:, 2]
    )
    return ["pictures are grey: all channels are equal"] if grey else []
