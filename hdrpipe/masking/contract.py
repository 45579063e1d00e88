"""What a masking strategy is, and the tools that strategies share.

A strategy is a file with a pydantic class `Options` and two functions:

`fit(sigmas, options) -> dict[str, float]`
    Statistics over the sigma maps of all unlabelled scenes of a round, which come one by one.
`apply(sigma, statistics, options, level) -> Masks`
    The masks of one scene. `level` is none, patch, pixel or bilevel.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import PATCH, Plane

LEVELS = ("none", "patch", "pixel", "bilevel")


class Masks(NamedTuple):
    """Both levels of one scene, with the scores that they come from.

    patch_score (h, w) float, patch_mask (h, w) bool: one value a patch of 64x64 pixels, the last row and column may be
    cut. pixel_score (H, W) float, pixel_mask (H, W) bool. weight (H, W) float in [0, 1]: what the loss multiplies with.
    True or 1 = trusted.
    """

    patch_score: Plane
    patch_mask: NDArray[np.bool_]
    pixel_score: Plane
    pixel_mask: NDArray[np.bool_]
    weight: Plane


def patch_means(sigma: Plane) -> Plane:
    """Mean of sigma (H, W) in each 64x64 patch: (ceil(H/64), ceil(W/64)); cut patches average what they have."""
    rows, columns = (np.arange(0, side, PATCH) for side in sigma.shape)
    sums = np.add.reduceat(np.add.reduceat(sigma.astype(np.float64), rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff([*rows, sigma.shape[0]]), np.diff([*columns, sigma.shape[1]]))
    return (sums / counts).astype(np.float32)


def spread(patches: NDArray, shape: tuple[int, int]) -> NDArray:
    """One value a patch (h, w) to one value a pixel (H, W)."""
    return np.repeat(np.repeat(patches, PATCH, axis=0), PATCH, axis=1)[: shape[0], : shape[1]]


def combine(patch_mask: NDArray[np.bool_], pixel_mask: NDArray[np.bool_], level: str) -> Plane:
    """The weight (H, W) that a level leaves: 1 where every level in use trusts the pixel."""
    weight = np.ones(pixel_mask.shape, np.float32)
    if level in ("patch", "bilevel"):
        weight *= spread(patch_mask, pixel_mask.shape)
    if level in ("pixel", "bilevel"):
        weight *= pixel_mask
    return weight
