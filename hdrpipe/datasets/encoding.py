"""How the frames of a burst hold their values, as far as only all of them together tell it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.files.pictures.colour import SAME_COLOUR
from hdrpipe.quantities import GAMMA, Picture

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


def one_matrix(matrices: Sequence[tuple[float, ...] | None], name: str) -> NDArray[np.float32] | None:
    """The matrix from linear values to linear sRGB (3, 3) that all frames of a burst share; None for sRGB.

    Raises:
        InputError: the frames are of several colour spaces.
    """
    known = np.array([np.eye(3).flatten() if matrix is None else matrix for matrix in matrices])
    if np.abs(known - known[0]).max() > SAME_COLOUR:
        raise InputError("has frames of several colour spaces", name, "save all of them with one profile")
    return None if matrices[0] is None else known[0].reshape(3, 3).astype(np.float32)


def in_srgb(radiance: Picture, matrix: NDArray[np.float32] | None) -> Picture:
    """Linear values (3, H, W) in sRGB primaries, none below 0; `matrix` as in `one_matrix`."""
    if matrix is None:
        return radiance
    rows = (np.tensordot(matrix, radiance[:, row], 1) for row in range(radiance.shape[1]))
    return np.stack([row.clip(0.0, None) for row in rows], axis=1)
