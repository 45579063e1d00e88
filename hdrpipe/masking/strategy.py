"""Interface of masking strategies, and functions that they share.

A strategy is a file with a class `Options` (`hdrpipe.config.mask_options.MaskOptions`) and two functions:

`fit(maps: RoundMaps, options) -> dict[str, float]`
    Statistics over the maps of all unlabelled and labelled scenes of a round.
`apply(scene: SceneMaps, statistics, options, level) -> Masks`
    The masks of one scene. `level` is none, patch, pixel or bilevel.

`SceneMaps.error` of unlabelled scenes is set only for a strategy whose options have `needs_truth`: the only way for
the truth of unlabelled scenes to reach a mask, visible to the workflow. Likewise `SceneMaps.evidence`, of labelled
scenes too, is set only for a strategy whose options have `needs_frames`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdrpipe.quantities import PATCH, Picture, Plane

LEVELS = ("none", "patch", "pixel", "bilevel")

SAMPLE = 65_536
"""Approximate number of pixels of a scene, on an even grid, that enter statistics over all pixels; bounds memory."""


class Evidence(NamedTuple):
    """Pseudo label, radiance (3, H, W); reference frame, ldr (3, H, W); relative exposure time of the reference."""

    pseudo_label: Picture
    reference: Picture
    time: float


class MeasuredPatches(NamedTuple):
    """Risk measured without truth, mu-law domain, squared, of each patch, (h, w); 0 where nothing is measured.

    fraction (h, w): part of the patch that is measured. ratio (h, w): mean over those pixels of risk / sigma^2; None
    where no sigma is at hand, and in products before version 4. Risk and ratio are means over few pixels and may be
    negative.
    """

    risk: Plane
    fraction: Plane
    ratio: Plane | None = None


class SceneMaps(NamedTuple):
    """Maps of one scene that a strategy may use.

    sigma (H, W): mu-law domain. error (H, W): true error, root mean square over channels, mu-law domain; None if the
    strategy may not see the truth. evidence: None unless the strategy has `needs_frames`. measured: None where the
    teacher did not measure (`teacher.risk`).
    """

    name: str
    sigma: Plane
    error: Plane | None = None
    evidence: Evidence | None = None
    measured: MeasuredPatches | None = None


def measured_patches(risk: Picture, measured: NDArray[np.bool_]) -> MeasuredPatches:
    """Patches of a measured risk (3, H, W) that is 0 where `measured` (H, W) is False."""
    fraction = patch_means(measured.astype(np.float32))
    means = patch_means(risk.mean(axis=0))
    return MeasuredPatches(np.divide(means, fraction, out=np.zeros_like(means), where=fraction > 0), fraction)


def patches_of(product: Any, scene: str) -> MeasuredPatches | None:
    """The measured risk of a scene of an uncertainty product; None where the teacher did not measure."""
    if not product.has(scene, "patch_risk"):
        return None
    ratio = product.read(scene, "patch_ratio") if product.has(scene, "patch_ratio") else None
    return MeasuredPatches(product.read(scene, "patch_risk"), product.read(scene, "patch_measured"), ratio)


def temperature(scenes: Iterable[MeasuredPatches | None]) -> float | None:
    """Factor on sigma by which it fits the risk measured without truth; None if nothing is measured.

    Its square is the mean of risk / sigma^2 over the measured pixels, which is the likeliest one under a Gaussian. The
    ratio of the two means would be that of the few pixels of largest sigma.
    """
    total = weight = 0.0
    for measured in scenes:
        if measured is not None and measured.ratio is not None:
            total += float((measured.fraction * measured.ratio).sum(dtype=np.float64))
            weight += float(measured.fraction.sum(dtype=np.float64))
    return float(np.sqrt(max(total / weight, 0.0))) if weight > 0 else None


@dataclass(frozen=True)
class RoundMaps:
    """Maps of a round; each iteration reads them from disk again, so that they need not fit into memory."""

    unlabelled: Iterable[SceneMaps]
    labelled: Iterable[SceneMaps]
    """With their error; unless cross-fitted the teacher was trained on them, so errors are smaller than elsewhere."""
    round: int = 1
    """Number of the round, from 1."""


class Masks(NamedTuple):
    """Masks of one scene at both levels, with the scores that they come from.

    patch_score (h, w) float, patch_mask (h, w) bool: one value a patch of 64x64 pixels; the last row and column may be
    cut. pixel_score (H, W) float, pixel_mask (H, W) bool. weight (H, W) float in [0, 1]: factor of the pixel's loss.
    True or 1 = trusted. Scores are in [0, 1]; a lower score is never trusted less than a higher one.
    """

    patch_score: Plane
    patch_mask: NDArray[np.bool_]
    pixel_score: Plane
    pixel_mask: NDArray[np.bool_]
    weight: Plane


def patch_means(sigma: Plane) -> Plane:
    """Mean of sigma (H, W) in each 64x64 patch: (ceil(H/64), ceil(W/64)); cut patches average their own pixels."""
    rows, columns = (np.arange(0, side, PATCH) for side in sigma.shape)
    sums = np.add.reduceat(np.add.reduceat(sigma.astype(np.float64), rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff([*rows, sigma.shape[0]]), np.diff([*columns, sigma.shape[1]]))
    return (sums / counts).astype(np.float32)


def spread(patches: NDArray, shape: tuple[int, int]) -> NDArray:
    """Expand values of patches (h, w) to their pixels (H, W)."""
    return np.repeat(np.repeat(patches, PATCH, axis=0), PATCH, axis=1)[: shape[0], : shape[1]]


def sampled(plane: NDArray) -> NDArray:
    """About `SAMPLE` pixels (K,) of a plane (H, W) on an even grid; all pixels of a smaller plane."""
    step = max(1, int(np.ceil(np.sqrt(plane.size / SAMPLE))))
    return plane[::step, ::step].ravel()


def keeping(values: NDArray, fraction: float) -> float:
    """Smallest of the values that at least `fraction` of them do not exceed; `value <= keeping(...)` keeps those."""
    return float(np.quantile(values, fraction, method="inverted_cdf"))


def relative(values: Plane, limit: NDArray | float) -> Plane:
    """Scores in [0, 1] from values >= 0: `v / (v + limit)`, 0.5 at the limit."""
    total = np.asarray(values, np.float64) + limit
    return (values / np.where(total > 0, total, 1.0)).astype(np.float32)


def below(pixels: Plane, patches: Plane, limits: tuple[NDArray | float, NDArray | float], level: str) -> Masks:
    """Hard masks that trust a patch, and a pixel, up to a limit.

    Args:
        pixels: values that rank the pixels, (H, W).
        patches: values that rank the patches, (h, w).
        limits: largest trusted value of a patch and of a pixel; numbers, or arrays of those shapes.
        level: one of `LEVELS`.
    """
    patch_mask, pixel_mask = patches <= limits[0], pixels <= limits[1]
    scores = relative(patches, limits[0]), relative(pixels, limits[1])
    return Masks(scores[0], patch_mask, scores[1], pixel_mask, combine(patch_mask, pixel_mask, level))


def combine(patch: NDArray, pixel: NDArray, level: str) -> Plane:
    """Weight (H, W): product of the masks or weights of the levels in use.

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
