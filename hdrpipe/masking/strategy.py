"""What a masking strategy is, and the tools that strategies share.

A strategy is a file with a pydantic class `Options` and two functions:

`fit(maps: RoundMaps, options) -> dict[str, float]`
    Statistics over a whole round: the maps of all unlabelled scenes, and those of the labelled ones.
`apply(scene: SceneMaps, statistics, options, level) -> Masks`
    The masks of one scene. `level` is none, patch, pixel or bilevel.

`SceneMaps.error` of an unlabelled scene is there only for a strategy whose file says `NEEDS_TRUTH = True`: the one way
in which the truth of unlabelled scenes can reach a mask, and visible to the workflow. In the same way
`SceneMaps.evidence`, of labelled scenes too, is there only for a strategy whose file says `NEEDS_FRAMES = True`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import PATCH, Picture, Plane

LEVELS = ("none", "patch", "pixel", "bilevel")

SAMPLE = 65_536
"""About as many pixels of a scene enter a statistic over all pixels: an even grid keeps memory bounded."""


class Evidence(NamedTuple):
    """A pseudo label, radiance (3, H, W), beside the reference frame, ldr (3, H, W), and its relative exposure time."""

    pseudo_label: Picture
    reference: Picture
    time: float


class SceneMaps(NamedTuple):
    """What is known of one scene's pseudo label.

    sigma (H, W), mu-law domain. error (H, W): root mean square over channels of the true error, mu-law domain; None
    where the truth is kept from masking. evidence: None for a strategy that does not ask for frames.
    """

    name: str
    sigma: Plane
    error: Plane | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class RoundMaps:
    """The maps of a round, read anew on each pass: what does not fit into memory need not."""

    unlabelled: Iterable[SceneMaps]
    labelled: Iterable[SceneMaps]
    """With their error. Unless cross-fitted, the teacher has trained on them: errors are smaller than elsewhere."""
    round: int = 1
    """Number of the round, from 1."""


class Masks(NamedTuple):
    """Both levels of one scene, with the scores that they come from.

    patch_score (h, w) float, patch_mask (h, w) bool: one value a patch of 64x64 pixels, the last row and column may be
    cut. pixel_score (H, W) float, pixel_mask (H, W) bool. weight (H, W) float in [0, 1]: what the loss multiplies with.
    True or 1 = trusted; a score is in [0, 1], and one that is lower is never trusted less.
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


def sampled(plane: NDArray) -> NDArray:
    """Pixels (K,) of a plane (H, W) on an even grid, at most about `SAMPLE`; all of a small one."""
    step = max(1, int(np.ceil(np.sqrt(plane.size / SAMPLE))))
    return plane[::step, ::step].ravel()


def keeping(values: NDArray, share: float) -> float:
    """The smallest of the values that at least `share` of them do not exceed; `value <= keeping(...)` keeps them."""
    return float(np.quantile(values, share, method="inverted_cdf"))


def relative(values: Plane, limit: NDArray | float) -> Plane:
    """Values >= 0 as scores in [0, 1]: `v / (v + limit)`, so that 0.5 stands for the limit itself."""
    total = np.asarray(values, np.float64) + limit
    return (values / np.where(total > 0, total, 1.0)).astype(np.float32)


def below(scene: Plane, ranked: Plane, limits: tuple[NDArray | float, NDArray | float], level: str) -> Masks:
    """Hard masks that trust a patch, and a pixel, up to a limit.

    Args:
        scene: what the pixels are ranked by, (H, W).
        ranked: what the patches are ranked by, (h, w).
        limits: largest trusted value of a patch and of a pixel; numbers, or arrays of one value each.
        level: levels in use.
    """
    patch_mask, pixel_mask = ranked <= limits[0], scene <= limits[1]
    scores = relative(ranked, limits[0]), relative(scene, limits[1])
    return Masks(scores[0], patch_mask, scores[1], pixel_mask, combine(patch_mask, pixel_mask, level))


def combine(patch: NDArray, pixel: NDArray, level: str) -> Plane:
    """The weight (H, W) that a level leaves: the product of what the levels in use say.

    Args:
        patch: masks or weights of patches, (h, w).
        pixel: masks or weights of pixels, (H, W).
        level: one of `LEVELS`.
    """
    weight = np.ones(pixel.shape, np.float32)
    if level in ("patch", "bilevel"):
        weight *= spread(patch, pixel.shape)
    if level in ("pixel", "bilevel"):
        weight *= pixel
    return weight
